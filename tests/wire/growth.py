"""Whether work grows in step with what it is given, told so that a busy machine changes nothing."""

import gc
from collections.abc import Callable
from time import process_time
from typing import ClassVar

TIMES = 4
MOST = 8.0
"""Times as long, for four times as much: what is linear takes four times, what is not sixteen."""
TRIES = 5


def grows_in_step(work: Callable[[bytes], object], make: Callable[[int], bytes], size: int) -> bool:
    """Whether four times as much takes no more than twice its share of the processor's time.

    Counted is the least of some tries, and the first that is good enough is the last one.
    """
    given = make(size), make(TIMES * size)
    least = [float("inf"), float("inf")]
    gc.collect()
    gc.disable()
    try:
        for _ in range(TRIES):
            for which, data in enumerate(given):
                began = process_time()
                work(data)
                least[which] = min(least[which], process_time() - began)
            if least[1] < MOST * least[0]:
                return True
    finally:
        gc.enable()
    return False


class Compared(str):
    """A name that counts how often any of its kind is compared to something."""

    __slots__ = ()
    __hash__ = str.__hash__
    times: ClassVar[int] = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)
