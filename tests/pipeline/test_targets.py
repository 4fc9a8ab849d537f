"""The health of targets in one process: who is passed over, who may enter, who is told."""

from collections.abc import Iterable

import pytest

from pipeline.rig import Ears, SetClock, model
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.model import Model, Provider
from tollhouse.pipeline.targets import Targets
from tollhouse.routing.breaker import COOL_DOWN, FAULTS_TO_OPEN

BROKEN = Fault(FaultKind.STATUS, status=500)
ELSEWHERE = Provider("q", "openai", "https://elsewhere.example/v1")


class Field:
    """Targets with a clock and an ear."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.ears = Ears()
        self.targets = Targets(self.clock, self.ears)

    def open(self, one: Model) -> None:
        """Let a model fail until its breaker opens."""
        for _ in range(FAULTS_TO_OPEN):
            self.targets.failed(one, BROKEN)

    def order(self, *hops: Model) -> list[str]:
        """The ids that a request would try."""
        return ids(self.targets.order(hops))


def ids(hops: Iterable[Model]) -> list[str]:
    """Names of hops."""
    return [hop.model_id for hop in hops]


@pytest.fixture(name="ground")
def _ground() -> Field:
    return Field()


A, B = model("a"), model("b")


def test_sound_targets_are_left_as_they_are(ground: Field) -> None:
    """The very same hops: nothing is copied where nothing has failed."""
    hops = (A, B)
    assert ground.targets.order(hops) is hops
    assert ground.targets.states() == {}


def test_an_open_target_is_passed_over_and_all_open_are_tried(ground: Field) -> None:
    """Order is kept; when nobody is left all are there again."""
    ground.open(A)
    assert ground.order(A, B) == ["b"]
    assert ground.order(A) == ["a"]
    ground.open(B)
    assert ground.order(A, B) == ["a", "b"]


def test_health_belongs_to_a_model_at_a_provider(ground: Field) -> None:
    """The same id at another provider is another target."""
    moved = model("a", ELSEWHERE)
    ground.open(A)
    assert ground.order(moved, B) == ["a", "b"]
    assert ground.targets.states() == {("a", "p"): "open"}


def test_operators_are_told_of_changes_only(ground: Field) -> None:
    """Opening once, closing once, and nothing for every fault and answer between."""
    for _ in range(FAULTS_TO_OPEN * 2):
        ground.targets.failed(A, BROKEN)
    assert ground.ears.breakers == [("a", "p", True)]
    ground.clock.time += COOL_DOWN
    assert ground.targets.take(A)
    ground.targets.succeeded(A)
    ground.targets.give_back(A)
    ground.targets.succeeded(A)
    assert ground.ears.breakers == [("a", "p", True), ("a", "p", False)]
    assert ground.targets.states() == {("a", "p"): "closed"}


def test_C11_a_probe_keeps_others_away_until_it_is_back(ground: Field) -> None:
    """One request enters after the cool-down; its failure opens the breaker anew."""
    ground.open(A)
    ground.clock.time += COOL_DOWN
    assert ground.order(A, B) == ["a", "b"]
    assert ground.targets.take(A)
    assert ground.order(A, B) == ["b"]
    ground.targets.failed(A, BROKEN)
    assert ground.targets.states()["a", "p"] == "open"


def test_a_success_without_a_fault_before_it_leaves_no_trace(ground: Field) -> None:
    """Targets that never failed cost nothing to remember."""
    ground.targets.take(A)
    ground.targets.succeeded(A)
    ground.targets.give_back(A)
    assert ground.targets.states() == {}


@pytest.mark.parametrize("kind", [FaultKind.REJECTED, FaultKind.POOL, FaultKind.TOTAL_TIMEOUT])
def test_C07_what_is_not_the_providers_fault_counts_for_nothing(
    ground: Field, kind: FaultKind
) -> None:
    """However often it happens."""
    for _ in range(FAULTS_TO_OPEN * 2):
        ground.targets.failed(A, Fault(kind))
    assert ground.order(A, B) == ["a", "b"]
    assert ground.ears.breakers == []


def test_E04_max_parallel_is_counted_by_entering_and_leaving(ground: Field) -> None:
    """The third of two is turned away; a place that is given back can be taken."""
    narrow = model("n", max_parallel=2)
    assert [ground.targets.take(narrow) for _ in range(3)] == [True, True, False]
    assert ground.targets.take(A)
    ground.targets.give_back(narrow)
    assert ground.targets.take(narrow)
    assert not ground.targets.take(narrow)


def test_E04_a_bound_that_is_lowered_meanwhile_holds_for_the_next(ground: Field) -> None:
    """The count is the target's; the bound is the catalogue's of the moment."""
    wide, narrow = model("n", max_parallel=9), model("n", max_parallel=2)
    assert all(ground.targets.take(wide) for _ in range(3))
    assert not ground.targets.take(narrow)
    for _ in range(2):
        ground.targets.give_back(wide)
    assert ground.targets.take(narrow)
