"""How a row is run: who takes part in which round, and what becomes of those that fail."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.figures import Figure
from bench.gateway import Tollhouse
from bench.peers import Envoy, Litellm
from bench.process import Cores, Failed
from bench.rounds import Bench, Scale
from bench.subjects import Subject


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Bench:
    """A gateway and two peers, one of them slow; nothing of it runs."""
    peers: list[Subject] = [Envoy(tmp_path), Litellm(tmp_path)]
    scale = Scale(rounds=2, more_rounds=3)
    told: list[str] = []
    gateway = Tollhouse(tmp_path, "key")
    return Bench(scale, Cores(), tmp_path, gateway, peers, told.append, tmp_path)


@pytest.mark.parametrize(
    ("more", "turns"),
    [
        (False, ["tollhouse", "envoy", "litellm"] * 2),
        (True, ["tollhouse", "envoy", "litellm"] * 2 + ["tollhouse", "envoy"]),
    ],
)
def test_subjects_take_turns(bench: Bench, more: bool, turns: list[str]) -> None:  # noqa: FBT001
    """Round after round; in the rows with more of them the slow ones leave early."""
    figure = Figure("size", "size", "MB")
    seen: list[str] = []

    def measure(subject: Subject) -> Mapping[str, float]:
        seen.append(subject.name)
        return {"size": float(len(seen))}

    bench.interleave("size", [figure], measure, more=more)
    assert seen == turns
    assert figure.of("tollhouse").samples[:2] == [1.0, 4.0]


@pytest.mark.parametrize("error", [Failed("it ended by itself"), ConnectionResetError("reset")])
def test_who_cannot_be_measured_is_told_and_left_out(bench: Bench, error: Exception) -> None:
    """The others go on; the row does not try it again after its first round."""
    figure = Figure("size", "size", "MB")
    seen: list[str] = []

    def measure(subject: Subject) -> Mapping[str, float]:
        seen.append(subject.name)
        if subject.name == "envoy":
            raise error
        return {"size": 1.0}

    bench.interleave("size", [figure], measure)
    assert seen.count("envoy") == 1
    assert figure.of("envoy").notes == [f"not measured: {error}"]
    assert figure.of("litellm").samples == [1.0, 1.0]


def test_who_fails_later_keeps_what_it_has(bench: Bench) -> None:
    """And is tried again: a busy moment is over sooner or later."""
    figure = Figure("size", "size", "MB")
    seen: list[str] = []

    def measure(subject: Subject) -> Mapping[str, float]:
        seen.append(subject.name)
        if seen.count("envoy") == 2 and subject.name == "envoy":
            raise Failed("too busy")
        return {"size": 1.0}

    bench.interleave("size", [figure], measure, subjects=bench.peers[:1], more=True)
    assert seen == ["envoy"] * 3
    assert figure.of("envoy").samples == [1.0, 1.0]
    assert figure.of("envoy").failed
