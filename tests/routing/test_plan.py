"""The order of a request's hops."""

from collections.abc import Callable

from tollhouse.core.errors import Code, Refusal
from tollhouse.core.model import Model, Provider, Target, Timeouts
from tollhouse.core.needs import ModelType
from tollhouse.core.snapshot import Snapshot
from tollhouse.routing.plan import Route, Skipped, walk

NO = (Refusal(Code.MODEL_NOT_ALLOWED, "not yours"),)


def catalogue(**failovers: str) -> Snapshot:
    """Models by name, each with its failovers as letters: ``a="bc"``."""
    target = Target(Provider("p", "openai", "http://p"), "up", Timeouts())
    models = {
        name: Model(name, ModelType.COMPLETION, target, failover=tuple(ids))
        for name, ids in failovers.items()
    }
    return Snapshot(1, models)


def route(
    snapshot: Snapshot, first: str = "a", refused: str = "", max_hops: int = 99
) -> tuple[str, str]:
    """Hops and skipped ids, as letters."""
    made = walk(snapshot, snapshot.models[first], _gate(refused), max_hops)
    hops = "".join(model.model_id for model in made.hops)
    return hops, "".join(hop.model_id for hop in made.skipped)


def _gate(refused: str) -> Callable[[Model], tuple[Refusal, ...]]:
    return lambda model: NO if model.model_id in refused else ()


def test_failovers_come_in_order_and_theirs_after_them() -> None:
    """The model, its failovers in their order, then theirs: breadth first."""
    assert route(catalogue(a="bc", b="de", c="f", d="", e="", f="")) == ("abcdef", "")


def test_each_id_is_taken_once() -> None:
    """An id that is named twice keeps its first place."""
    assert route(catalogue(a="bcb", b="c", c="d", d="b")) == ("abcd", "")


def test_C02_circles_end() -> None:
    """Models that fail over to each other, or to themselves, are each tried once."""
    assert route(catalogue(a="b", b="a")) == ("ab", "")
    assert route(catalogue(a="a")) == ("a", "")
    assert route(catalogue(a="b", b="c", c="ab")) == ("abc", "")


def test_C01_refused_hops_are_left_out_but_looked_behind() -> None:
    """A hop the gate refuses is not tried; its own failovers are, if they pass the gate."""
    models = catalogue(a="b", b="cd", c="", d="")
    assert route(models, refused="b") == ("acd", "b")
    assert route(models, refused="bd") == ("ac", "bd")
    assert route(models, refused="bcd") == ("a", "bcd")


def test_C01_every_hop_is_asked_about_and_reasons_are_kept() -> None:
    """The gate is asked for each hop once, the first one excepted, and explains what is missing."""
    models = catalogue(a="bc", b="c", c="b")
    asked = []

    def gate(model: Model) -> tuple[Refusal, ...]:
        asked.append(model.model_id)
        return NO if model.model_id == "c" else ()

    made = walk(models, models.models["a"], gate, 9)
    assert asked == ["b", "c"]
    assert made == Route((models.models["a"], models.models["b"]), (Skipped("c", NO),))


def test_hops_are_bounded() -> None:
    """No more hops than asked for; one means the model alone."""
    models = catalogue(a="bcd", b="", c="", d="")
    assert route(models, max_hops=2) == ("ab", "")
    assert route(models, max_hops=1) == ("a", "")


def test_unknown_failover_is_passed_by() -> None:
    """An id that the snapshot does not have is no hop and no fault."""
    assert route(catalogue(a="xb", b="")) == ("ab", "")
