"""The order in which a request may try models.

The model itself, then its failovers in their order, then theirs: breadth first, each id once, so
that a circle is harmless. A hop that the gate refuses is left out; its own failovers are still
looked at, each behind the same gate.
"""

from collections import deque
from collections.abc import Callable

import msgspec

from ..core.errors import Refusal
from ..core.model import Model
from ..core.snapshot import Snapshot


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """A hop that the gate refused, and why."""

    model_id: str
    refusals: tuple[Refusal, ...]


class Route(msgspec.Struct, frozen=True, gc=False):
    """The hops in order, and what was left out on the way."""

    hops: tuple[Model, ...]
    skipped: tuple[Skipped, ...] = ()


def walk(
    snapshot: Snapshot,
    first: Model,
    allowed: Callable[[Model], tuple[Refusal, ...]],
    max_hops: int,
) -> Route:
    """At most ``max_hops`` hops from ``first``, which has passed the gate already."""
    if not first.failover:
        return Route((first,))
    hops = [first]
    skipped = []
    seen = {first.model_id}
    queue = deque(first.failover)
    while queue and len(hops) < max_hops:
        model = snapshot.models.get(queue.popleft())
        if model is None or model.model_id in seen:
            continue
        seen.add(model.model_id)
        queue.extend(model.failover)
        refusals = allowed(model)
        if refusals:
            skipped.append(Skipped(model.model_id, refusals))
        else:
            hops.append(model)
    return Route(tuple(hops), tuple(skipped))
