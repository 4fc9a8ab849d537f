"""The health of every target in this process: breakers, and how many calls are under way."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from ..core.faults import Fault
from ..core.model import Model
from ..ports import Clock, Observer
from ..routing.breaker import Breaker, BreakerState, order

Key = tuple[str, str]
"""A model and its provider."""


class Targets:
    """What is known of each target. A model that left the catalogue leaves its row to no harm."""

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self._breakers: dict[Key, Breaker] = {}
        self._busy: defaultdict[Key, int] = defaultdict(int)

    def admits(self, model: Model) -> bool:
        """Whether a call may go to the target, by its breaker."""
        if not self._breakers:
            return True
        breaker = self._breakers.get(_key(model))
        return breaker is None or breaker.admits(self._clock.monotonic())

    def order(self, hops: Sequence[Model]) -> Sequence[Model]:
        """The hops with the open ones left out, or all of them when all are open."""
        if not self._breakers:
            return hops
        return order(hops, lambda hop: self._breakers.get(_key(hop)), self._clock.monotonic())

    def take(self, model: Model) -> bool:
        """Enter a call; False when the target has as many as it may."""
        most, key = model.target.max_parallel, _key(model)
        if most is not None and self._busy[key] >= most:
            return False
        self._busy[key] += 1
        breaker = self._breakers.get(key)
        if breaker is not None:
            breaker.enter(self._clock.monotonic())
        return True

    def give_back(self, model: Model) -> None:
        """Leave a call."""
        self._busy[_key(model)] -= 1

    def succeeded(self, model: Model) -> None:
        """The target answered."""
        if not self._breakers:
            return
        breaker = self._breakers.get(_key(model))
        if breaker is not None:
            self._tell(model, breaker, breaker.succeeded)

    def failed(self, model: Model, fault: Fault) -> None:
        """The target met with a fault; not every kind counts against it."""
        breaker = self._breakers.setdefault(_key(model), Breaker())
        self._tell(model, breaker, lambda now: breaker.failed(fault, now))

    def states(self) -> Mapping[Key, BreakerState]:
        """Breaker states for operators."""
        now = self._clock.monotonic()
        return {key: breaker.state(now) for key, breaker in self._breakers.items()}

    def _tell(self, model: Model, breaker: Breaker, change: Callable[[float], None]) -> None:
        now = self._clock.monotonic()
        was = breaker.state(now)
        change(now)
        state = breaker.state(now)
        if was is not state:
            is_open = state is not BreakerState.CLOSED
            self._observer.breaker(*_key(model), is_open=is_open)


def _key(model: Model) -> Key:
    return model.model_id, model.target.provider.name
