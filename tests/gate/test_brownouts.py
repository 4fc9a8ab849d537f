"""Brown-outs: which requests fall victim, when, and what the gate makes of it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gate.samples import ACME, CHAT, NOW, caller, model, snapshot
from tollhouse.core.errors import Code
from tollhouse.core.model import Brownout, Model
from tollhouse.gate.brownouts import DRAWS, brownout_at, draw
from tollhouse.gate.gate import decide, judge, listing

IDS = [f"request-{number}" for number in range(20_000)]


def window(share: str, start: float = NOW, end: float = NOW + 60) -> Brownout:
    """A window, by default one that has just begun."""
    return Brownout(start, end, share, int(Fraction(share) * DRAWS))


def browned(*windows: Brownout, **fields: object) -> Model:
    """A model that ends in an hour."""
    return model("old", end_of_life_at=NOW + 3600, brownouts=windows, **fields)


def victims(subject: Model, ids: list[str] = IDS, now: float = NOW) -> set[str]:
    """Who is refused."""
    return {one for one in ids if brownout_at(subject, one, now) is not None}


@pytest.mark.parametrize("share", ["0.0001", "0.01", "0.1", "0.25", "0.5", "0.75", "0.99"])
def test_the_share_is_refused_over_many_ids(share: str) -> None:
    """Within five standard deviations of what a fair draw of so many gives."""
    expected = Fraction(share) * len(IDS)
    spread = 5 * float(expected * (1 - Fraction(share))) ** 0.5
    assert abs(len(victims(browned(window(share)))) - expected) <= spread


def test_none_and_all_are_exactly_that() -> None:
    """A share of 0 refuses nobody, one of 1 everybody."""
    assert victims(browned(window("0"))) == set()
    assert victims(browned(window("1.0"))) == set(IDS)


def test_exactly_the_draws_below_the_bound_are_refused() -> None:
    """One less would let the request through: the bound is no approximation."""
    number = draw("old", "request-1")
    assert victims(browned(Brownout(NOW, NOW + 1, "x", number)), ["request-1"]) == set()
    assert victims(browned(Brownout(NOW, NOW + 1, "x", number + 1)), ["request-1"]) == {"request-1"}


def test_draws_are_the_same_everywhere_and_for_ever() -> None:
    """Workers of several versions agree: these numbers are fixed."""
    assert draw("old", "request-1") == 0xA1FA8A54D90059DD
    assert draw("old", "\ud800") == draw("old", "?")


def test_a_larger_share_holds_all_of_a_smaller_one() -> None:
    """A client that was refused at a tenth is refused at a half."""
    tenth, half = victims(browned(window("0.1"))), victims(browned(window("0.5")))
    assert tenth < half


def test_models_draw_independently() -> None:
    """Half of one and half of the other share a quarter, so that failovers help."""
    one, other = (
        victims(browned(window("0.5"))),
        victims(replace(browned(window("0.5")), model_id="other")),
    )
    assert abs(len(one & other) - len(IDS) / 4) < 400


@pytest.mark.parametrize(
    ("now", "refused"),
    [(NOW - 0.001, False), (NOW, True), (NOW + 59.999, True), (NOW + 60, False)],
)
def test_a_window_holds_from_its_start_to_just_before_its_end(now: float, *, refused: bool) -> None:
    """By the clock, without a restart."""
    assert bool(victims(browned(window("1")), ["any"], now)) is refused


def test_each_window_has_its_share() -> None:
    """The second one is in force where the first is over."""
    subject = browned(window("0"), window("1", NOW + 60, NOW + 120))
    assert victims(subject, ["any"]) == set()
    assert victims(subject, ["any"], NOW + 60) == {"any"}


# --- At the gate ---


def test_a_victim_is_refused_as_after_the_end_naming_window_and_replacement() -> None:
    """410, the code of a retired model; the message says which model to use, and until when."""
    subject = browned(window("1"), replacement_model_id="new", deprecation_message="Old is slow.")
    both = snapshot(subject, model("new"))
    verdict = decide(both, "old", caller(), CHAT, NOW, "request-1")
    (refusal,) = verdict.refusals
    assert (refusal.code, refusal.code.status) == (Code.MODEL_RETIRED, 410)
    assert (refusal.param, refusal.replacement) == ("model", "new")
    assert refusal.message == (
        "The model 'old' reaches its end of life on 2025-10-09T09:53:20Z. Ahead of that, a share of"
        " its requests (1) is refused from 2025-10-09T08:53:20Z to 2025-10-09T08:54:20Z."
        " Old is slow. Use 'new' instead."
    )


def test_a_replacement_that_the_caller_may_not_know_is_not_named() -> None:
    """As after the end."""
    subject = browned(window("1"), replacement_model_id="new")
    both = snapshot(subject, model("new", owner=ACME))
    (refusal,) = decide(both, "old", caller("other"), CHAT, NOW, "request-1").refusals
    assert refusal.replacement is None
    assert "'new'" not in refusal.message


def test_a_victim_is_redirected_where_the_end_would_redirect() -> None:
    """What happens at the end happens to the share."""
    subject = browned(window("1"), replacement_model_id="new", redirect_on_end_of_life=True)
    both = snapshot(subject, model("new"))
    verdict = decide(both, "old", caller(), CHAT, NOW, "request-1")
    assert verdict.allowed
    assert verdict.model is both.models["new"]
    assert verdict.redirected_from == "old"


def test_hops_have_brownouts_and_look_ups_have_none() -> None:
    """A list shows the model, since its other requests go through."""
    subject = browned(window("1"))
    alone = snapshot(subject)
    assert judge(subject, caller(), CHAT, NOW, alone, "request-1")
    assert not judge(subject, caller(), CHAT, NOW, alone)
    assert decide(alone, "old", caller(), CHAT, NOW).allowed
    assert listing(alone, caller(), NOW) == [subject]


def test_after_the_end_the_model_is_simply_retired() -> None:
    """The message no longer speaks of windows."""
    subject = browned(window("0", NOW, NOW + 9999))
    (refusal,) = decide(snapshot(subject), "old", caller(), CHAT, NOW + 3600, "r").refusals
    assert "has reached its end of life" in refusal.message
