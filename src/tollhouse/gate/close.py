"""Names close to a mistyped one, at a cost that does not grow with the catalogue.

The snapshot keeps every name in lower case, whole and by its last segment, sorted. A name that was
mistyped stands near the right one in there (other case, a missing or wrong provider in front, a
missing or wrong end), so only the nearest neighbours of two places are compared: at most
``4 * REACH`` cheap comparisons, whatever the size of the catalogue and of a flood of unknown ids.
What is given up for that: a typo in the first letters of a name may find nothing.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from ..core.snapshot import Spelling

REACH = 12
"""Neighbours looked at on each side of a place."""
OFFERED = 3
LIKENESS = 0.6
_MAX_LENGTH = 128


def close_names(
    spellings: Sequence[Spelling], requested: str, may_offer: Callable[[str], bool]
) -> tuple[str, ...]:
    """The closest names, best first; at most three, each one that ``may_offer`` agrees to."""
    if len(requested) > _MAX_LENGTH:
        return ()
    lower = requested.lower()
    best: dict[str, float] = {}
    for sought in {lower, lower.rpartition("/")[2]}:
        place = bisect_left(spellings, (sought, ""))
        for spelled, name in spellings[max(0, place - REACH) : place + REACH]:
            best[name] = max(likeness(sought, spelled), best.get(name, 0.0))
    offered: list[str] = []
    for name in sorted(best, key=lambda one: (-best[one], one)):
        if best[name] < LIKENESS or len(offered) == OFFERED:
            break
        if may_offer(name):
            offered.append(name)
    return tuple(offered)


def likeness(one: str, other: str) -> float:
    """How much of two words is a shared beginning and a shared end, from 0 to 1."""
    short = min(len(one), len(other))
    start = 0
    while start < short and one[start] == other[start]:
        start += 1
    end = 0
    while end < short - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return 2 * (start + end) / (len(one) + len(other) or 1)
