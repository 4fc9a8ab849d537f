"""The plan as it is being worked off: which hop is on, what was met, and what comes next."""

from collections.abc import Sequence

from ..core.errors import GatewayError, UpstreamError
from ..core.faults import Fault
from ..core.model import Model
from ..core.policy import FailoverPolicy
from ..core.record import Attempt
from ..ports import Ids
from ..routing.decide import GiveUp, Next, Tried, decide
from ..routing.surrender import error_for


class Journey:
    """One request's way through its hops. The decisions are ``routing``'s."""

    __slots__ = ("_ahead", "_deadline", "_met", "_policy", "model")

    def __init__(self, policy: FailoverPolicy, hops: Sequence[Model], deadline: float) -> None:
        self._policy = policy
        self._deadline = deadline
        self._ahead = list(hops[1:])
        self._met: list[tuple[Attempt, Fault]] = []
        self.model = hops[0]

    def after(self, fault: Fault, attempt: Attempt, now: float, ids: Ids) -> float | None:
        """Move on after a fault: seconds to wait before ``model`` is tried, None to give up."""
        self._met.append((attempt, fault))
        decision = decide(
            [Tried(met.model, why) for met, why in self._met],
            [model.model_id for model in self._ahead],
            self._policy,
            time_left=self._deadline - now,
            fraction=ids.fraction(),
            retries=self.model.target.retries,
        )
        if isinstance(decision, GiveUp):
            return None
        if isinstance(decision, Next):
            self.model = self._ahead.pop(0)
            return 0.0
        return decision.seconds

    def surrender(self) -> UpstreamError | GatewayError:
        """What the client is told when the plan is exhausted."""
        return error_for(self._met)
