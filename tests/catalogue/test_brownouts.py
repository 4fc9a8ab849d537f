"""The ``brownouts`` of a model document: what is accepted, what is refused, what takes effect."""

from decimal import Decimal
from typing import Any

import pytest

from catalogue.samples import NOW, body, child, compiled, faults_of, made
from tollhouse.catalogue.writing import apply_patch
from tollhouse.core.errors import CallerError

END = "2026-03-01T00:00:00Z"


def window(start: str, end: str, share: Any = "0.1") -> dict[str, Any]:
    """A window between two days of February."""
    return {
        "start": f"2026-02-{start}T00:00:00Z",
        "end": f"2026-02-{end}T00:00:00Z",
        "share": share,
    }


def refused(*windows: Any, **fields: Any) -> dict[str, str]:
    """What is wrong with a model that has these windows."""
    with pytest.raises(CallerError) as caught:
        made(body(**{"end_of_life_at": END, "brownouts": list(windows), **fields}))
    return faults_of(caught.value)


def test_windows_are_kept_and_compiled_exactly() -> None:
    """Shares stay decimals; what is compared with a draw is a whole number."""
    sent = [window("01", "02", Decimal("0.10")), window("02", "03", 1), window("05", "06", 0)]
    document = made(body(end_of_life_at=END, brownouts=sent))
    assert [one["share"] for one in document["brownouts"]] == ["0.1", "1", "0"]
    model = compiled(body(end_of_life_at=END, brownouts=sent)).models["a/model"]
    assert [one.bound for one in model.brownouts] == [2**64 // 10, 2**64, 0]
    assert model.brownouts[0].end == model.brownouts[1].start == 1_769_990_400.0


def test_the_longest_share_loses_no_digit() -> None:
    """Twelve decimals times two to the sixty-fourth are more digits than a usual decimal has."""
    sent = [window("01", "02", "0.123456789012")]
    model = compiled(body(end_of_life_at=END, brownouts=sent)).models["a/model"]
    assert model.brownouts[0].bound == 123456789012 * 2**64 // 10**12


@pytest.mark.parametrize(
    "share", ["1.000000000001", "-0.1", 2, True, "half", None, "0." + "1" * 13]
)
def test_a_share_is_a_decimal_from_0_to_1(share: Any) -> None:
    """Named by its place in the list."""
    assert set(refused(window("01", "02", share))) == {"brownouts[0].share"}


FAULTY: list[tuple[str, list[Any], dict[str, Any], dict[str, str]]] = [
    (
        "no end of life",
        [window("01", "02")],
        {"end_of_life_at": None},
        {"brownouts": "needs an end_of_life_at that they come before"},
    ),
    (
        "ends before it starts",
        [window("02", "01")],
        {},
        {"brownouts[0].end": "must be after its start"},
    ),
    (
        "empty",
        [window("02", "02")],
        {},
        {"brownouts[0].end": "must be after its start"},
    ),
    (
        "out of order",
        [window("03", "04"), window("01", "02")],
        {},
        {"brownouts[1].start": "must not be before the last one's end"},
    ),
    (
        "overlapping",
        [window("01", "03"), window("02", "04")],
        {},
        {"brownouts[1].start": "must not be before the last one's end"},
    ),
    (
        "beyond the end",
        [window("01", "02")],
        {"end_of_life_at": "2026-02-01T12:00:00Z"},
        {"brownouts[0].end": "must not be after end_of_life_at"},
    ),
    (
        "unknown field",
        [{**window("01", "02"), "every": "day"}],
        {},
        {"brownouts[0].every": "is not a known field"},
    ),
]


@pytest.mark.parametrize(
    ("windows", "fields", "faults"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY]
)
def test_faulty_windows_are_refused_when_written(
    windows: list[Any], fields: dict[str, Any], faults: dict[str, str]
) -> None:
    """Each with its path."""
    assert refused(*windows, **fields) == faults


def test_windows_may_touch_each_other_and_the_end() -> None:
    """To the end of life there is no gap."""
    sent = [window("01", "27"), window("27", "28")]
    assert made(body(end_of_life_at="2026-02-28T00:00:00Z", brownouts=sent))["brownouts"] == sent


def test_clearing_the_end_of_life_under_windows_is_refused() -> None:
    """Both can be cleared together."""
    document = made(body(end_of_life_at=END, brownouts=[window("01", "02")]))
    with pytest.raises(CallerError) as caught:
        apply_patch(document, {"end_of_life_at": None}, now=NOW, actor="user:ada")
    assert set(faults_of(caught.value)) == {"brownouts"}
    both = {"end_of_life_at": None, "brownouts": None}
    assert "brownouts" not in apply_patch(document, both, now=NOW, actor="user:ada")


def test_a_child_cannot_escape_its_parents_brownouts() -> None:
    """Its own come on top."""
    models = compiled(
        body("base", end_of_life_at=END, brownouts=[window("01", "02")]),
        child("mine", "base", end_of_life_at=END, brownouts=[window("05", "06", "0.5")]),
        child("plain", "base"),
    ).models
    assert [one.share for one in models["mine"].brownouts] == ["0.1", "0.5"]
    assert models["plain"].brownouts == models["base"].brownouts
