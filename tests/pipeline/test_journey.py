"""A plan being worked off: the decisions are routing's, the bookkeeping is checked here."""

from pipeline.rig import FixedIds, model
from tollhouse.core.errors import Code, UpstreamError
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.policy import FailoverPolicy
from tollhouse.core.record import Attempt
from tollhouse.pipeline.journey import Journey
from tollhouse.routing.decide import BACKOFF_BASE

BROKEN = Fault(FaultKind.STATUS, status=500)
REFUSED = Fault(FaultKind.REJECTED, status=400, message="no such tool", code="bad", param="tools")


def attempt(name: str, fault: Fault = BROKEN) -> Attempt:
    """How a failed try of a model is told."""
    return Attempt(name, "p", fault.label, 5, status=fault.status)


def journey(*names: str, **limits: int) -> Journey:
    """A journey with a hundred seconds left at time 0."""
    hops = [model(name) for name in names]
    return Journey(FailoverPolicy(**limits), hops, deadline=100.0)


def fail(one: Journey, fault: Fault = BROKEN, now: float = 0.0) -> float | None:
    """The hop that is on met a fault."""
    name = one.model.model_id
    return one.after(fault, attempt(name, fault), now, FixedIds())


def test_C12_hops_are_taken_in_their_order() -> None:
    """One after the other without a wait, then the last again after one."""
    one = journey("a", "b", "c")
    assert one.model.model_id == "a"
    assert fail(one) == 0.0
    assert one.model.model_id == "b"
    assert fail(one) == 0.0
    assert one.model.model_id == "c"
    assert fail(one) == 0.5 * BACKOFF_BASE
    assert one.model.model_id == "c"
    assert fail(one) is None


def test_C13_the_last_models_own_retries_count() -> None:
    """A model that says how often it may be tried again is believed."""
    patient = Journey(FailoverPolicy(), [model("a", retries=2)], deadline=100.0)
    assert [fail(patient), fail(patient), fail(patient)] == [0.25, 0.5, None]
    never = Journey(FailoverPolicy(), [model("a", retries=0)], deadline=100.0)
    assert fail(never) is None


def test_C02_the_bound_on_attempts_ends_it() -> None:
    """However many hops are left."""
    one = journey("a", "b", "c", "d", max_attempts=2)
    assert fail(one) == 0.0
    assert fail(one) is None
    assert one.model.model_id == "b"


def test_C04_the_deadline_ends_it() -> None:
    """Neither another hop nor a wait that would not be over in time."""
    assert fail(journey("a", "b"), now=100.0) is None
    limited = Fault(FaultKind.RATE_LIMITED, status=429, retry_after=5.0)
    assert fail(journey("a"), limited, now=94.9) == 5.0
    assert fail(journey("a"), limited, now=95.0) is None


def test_C07_a_refused_request_goes_nowhere_else() -> None:
    """What the provider said of the request is the client's to know."""
    one = journey("a", "b")
    assert fail(one, REFUSED) is None
    error = one.surrender()
    assert isinstance(error, UpstreamError)
    assert (error.status, error.message, error.param) == (400, "no such tool", "tools")
    assert error.provider_code == "bad"


def test_C15_surrender_tells_every_attempt_in_order() -> None:
    """With the status of the last fault."""
    one = journey("a", "b")
    fail(one)
    fail(one, Fault(FaultKind.AUTH, status=401))
    error = one.surrender()
    assert isinstance(error, UpstreamError)
    assert error.code is Code.UPSTREAM_AUTH_ERROR
    assert [(each.model, each.result) for each in error.attempts] == [
        ("a", "status_500"),
        ("b", "auth"),
    ]
