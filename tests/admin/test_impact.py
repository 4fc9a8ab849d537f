"""What a change does to requests that were made, case by case, without a store."""

from dataclasses import replace
from typing import Any

import pytest

from admin.house import PROVIDERS
from gate.samples import NOW, model, snapshot
from store.samples import record
from tollhouse.admin.impact import (
    Access,
    Change,
    Effect,
    Tally,
    access,
    affected,
    concerned,
    untold,
)
from tollhouse.core.errors import Code
from tollhouse.core.model import Model, Owner, OwnerKind, Target, Timeouts
from tollhouse.core.money import COST_UNIT, RATE_UNIT
from tollhouse.core.needs import ModelType
from tollhouse.core.prices import PriceClass, PriceTable
from tollhouse.core.record import Attempt, Record
from tollhouse.core.tenants import Org
from tollhouse.core.usage import Usage

ORGS = {"acme": Org("acme", "pro"), "hobby": Org("hobby", "free")}
USED = Usage(input_tokens=10, output_tokens=1)


def priced(cents: int, currency: str = "USD", version: int = 1) -> PriceTable:
    """So many hundredths for every token of input, nothing for output."""
    rates = {PriceClass.INPUT: cents * RATE_UNIT // 100, PriceClass.OUTPUT: 0}
    return PriceTable(currency, rates, version=version)


def request(model_id: str = "m", **fields: Any) -> Record:
    """A request of acme that the model answered itself."""
    known: dict[str, Any] = {
        "requested_model": model_id,
        "model": model_id,
        "served_model": model_id,
        "attempts": [],
        "usage": USED,
    }
    return record(**{**known, **fields})


def tally(before: list[Model], after: list[Model], *records: Record) -> Tally:
    """What the change from one catalogue to another does to some requests."""
    change = Change(snapshot(*before), snapshot(*after), NOW, max_hops=4)
    counted = Tally(change, ORGS)
    counted.add(records)
    return counted


M = model("m", pricing=priced(1))
REFUSALS: list[tuple[str, dict[str, Any], Code, dict[str, Any]]] = [
    ("disabled", {"enabled": False}, Code.MODEL_DISABLED, {}),
    ("past its end of life", {"end_of_life_at": NOW}, Code.MODEL_RETIRED, {}),
    ("another org's only", {"org_slugs": frozenset({"x"})}, Code.MODEL_NOT_ALLOWED, {}),
    ("a tier above the plan", {"tier": "premium"}, Code.TIER_INSUFFICIENT, {"org": "hobby"}),
    ("of another type", {"type": ModelType.RERANK}, Code.ENDPOINT_NOT_SUPPORTED, {}),
    (
        "without streaming",
        {"capabilities": {"streaming": False}},
        Code.CAPABILITY_NOT_SUPPORTED,
        {"stream": True},
    ),
    ("an org's own", {"owner": Owner(OwnerKind.ORG, slug="x")}, Code.MODEL_NOT_FOUND, {}),
]


@pytest.mark.parametrize(
    ("fields", "code", "asked"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_request_that_the_gate_would_refuse_is_counted_with_its_code(
    fields: dict[str, Any], code: Code, asked: dict[str, Any]
) -> None:
    """In all, by org and by key; it is neither re-priced nor re-routed as well."""
    counted = tally([M], [replace(M, **fields)], request(**asked))
    expected = Effect(requests=1, refused={code: 1})
    assert counted.total == expected
    assert counted.by_org == {asked.get("org", "acme"): expected}
    assert counted.by_key == {(asked.get("org", "acme"), "key-0001"): expected}


UNTOUCHED: list[tuple[str, Model, Model, Record]] = [
    ("nothing changes", M, M, request()),
    ("a plan that has the tier", M, replace(M, tier="premium"), request()),
    ("not streamed", M, replace(M, capabilities={"streaming": False}), request()),
    ("an end ahead", M, replace(M, end_of_life_at=NOW + 1), request()),
    ("refused before too", replace(M, enabled=False), replace(M, tier="closed"), request()),
    ("an org that is gone", M, replace(M, enabled=False), request(org="gone")),
    (
        "prices without a use",
        M,
        replace(M, pricing=priced(9)),
        request(usage=None, served_model=None),
    ),
    ("the same price", M, replace(M, version=2, pricing=priced(1, version=2)), request()),
    ("unpriced before and after", replace(M, pricing=None), replace(M, pricing=None), request()),
]


@pytest.mark.parametrize(
    ("before", "after", "made"), [row[1:] for row in UNTOUCHED], ids=[row[0] for row in UNTOUCHED]
)
def test_a_request_that_nothing_happens_to_is_only_counted(
    before: Model, after: Model, made: Record
) -> None:
    """A request that is refused today already is no news; its plan may have changed since."""
    if made.org == "gone":
        # Without an org there is no plan, so that the gate refuses it before and after.
        assert tally([before], [after], made).total == Effect(requests=1)
    assert tally([before], [after], made).total == Effect(requests=1)


TEN = COST_UNIT // 10
"""Ten tokens of input at a hundredth."""
PRICES: list[tuple[str, PriceTable | None, PriceTable | None, dict[str, Any]]] = [
    ("dearer", priced(1), priced(3), {"cost_before": {"USD": TEN}, "cost_after": {"USD": 3 * TEN}}),
    ("free", priced(1), priced(0), {"cost_before": {"USD": TEN}, "cost_after": {"USD": 0}}),
    ("no price", priced(1), None, {"cost_before": {"USD": TEN}, "unpriced_after": 1}),
    ("a first price", None, priced(1), {"unpriced_before": 1, "cost_after": {"USD": TEN}}),
    (
        "other money",
        priced(1),
        priced(1, "EUR"),
        {"cost_before": {"USD": TEN}, "cost_after": {"EUR": TEN}},
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [row[1:] for row in PRICES], ids=[row[0] for row in PRICES]
)
def test_a_request_is_priced_anew_from_its_recorded_usage(
    before: PriceTable | None, after: PriceTable | None, expected: dict[str, Any]
) -> None:
    """Both costs are exact; what has no price is counted and not taken for nothing."""
    counted = tally([replace(M, pricing=before)], [replace(M, pricing=after)], request())
    assert counted.total == Effect(requests=1, repriced=1, **expected)


def test_costs_add_up_without_losing_a_digit() -> None:
    """A million requests of a ten-billionth each are exactly that."""
    tiny = PriceTable("USD", {PriceClass.INPUT: RATE_UNIT // COST_UNIT, PriceClass.OUTPUT: 0})
    made = [request(usage=Usage(input_tokens=3)) for _ in range(1000)]
    counted = tally([replace(M, pricing=tiny)], [replace(M, pricing=priced(0))], *made)
    assert counted.total.cost_before == {"USD": 3000}


def test_failed_attempts_that_were_billed_are_priced_at_their_own_model() -> None:
    """The hop that was changed need not be the one that answered."""
    first = replace(M, failover=("spare",))
    spare = model("spare", pricing=priced(1))
    made = request(
        served_model="spare",
        attempts=[
            Attempt("m", "p", "disconnected", 3, usage=USED),
            Attempt("spare", "p", "ok", 4, 200, usage=USED),
        ],
    )
    counted = tally([first, spare], [replace(first, pricing=priced(4)), spare], made)
    assert counted.total.cost_before == {"USD": 2 * TEN}
    assert counted.total.cost_after == {"USD": 5 * TEN}


def test_a_request_whose_hops_change_is_rerouted_and_priced_at_the_new_one() -> None:
    """Retired with a redirect, the replacement answers at its own price."""
    spare = model("spare", pricing=priced(2))
    retired = replace(
        M, end_of_life_at=NOW, replacement_model_id="spare", redirect_on_end_of_life=True
    )
    counted = tally([M, spare], [retired, spare], request())
    assert counted.total == Effect(
        requests=1,
        rerouted=1,
        repriced=1,
        cost_before={"USD": TEN},
        cost_after={"USD": 2 * TEN},
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [(("a", "b"), ("b", "a")), (("a",), ()), ((), ("a",)), (("a",), ("b",))],
)
def test_another_order_of_failovers_is_another_route(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """The first hop stays, and so does the cost."""
    others = [model("a"), model("b")]
    made = tally(
        [replace(M, failover=before), *others], [replace(M, failover=after), *others], request()
    )
    assert made.total == Effect(requests=1, rerouted=1)


def test_another_provider_is_another_route() -> None:
    """The hop has the same name and is sent elsewhere."""
    elsewhere = Target(PROVIDERS["spare"], "up", Timeouts())
    assert tally([M], [replace(M, target=elsewhere)], request()).total.rerouted == 1


def test_a_request_that_had_failed_over_stays_where_it_was_answered() -> None:
    """A change of the first hop's price does not price what the second one answered."""
    first = replace(M, failover=("spare",))
    spare = model("spare", pricing=priced(1))
    made = request(served_model="spare")
    assert tally([first, spare], [replace(first, pricing=priced(9)), spare], made).total == Effect(
        requests=1
    )


def test_an_alias_that_is_taken_away_refuses_who_used_it() -> None:
    """What counts is the name that the client sent."""
    named = replace(M, aliases=("smart",))
    counted = tally([named], [M], request(requested_model="smart"), request())
    assert counted.total.refused == {Code.MODEL_NOT_FOUND: 1}


def test_groups_are_counted_apart() -> None:
    """An org's keys add up to the org, the orgs to all."""
    made = [request(), request(key_id="k2"), request(org="hobby", key_id="k3")]
    counted = tally([M], [replace(M, tier="premium", pricing=priced(2))], *made)
    assert counted.total.requests == 3
    assert counted.by_org["acme"].repriced == 2
    assert counted.by_org["hobby"].refused == {Code.TIER_INSUFFICIENT: 1}
    assert counted.by_key["acme", "k2"].cost_after == {"USD": 2 * TEN}


# --- Which models, which orgs ---


def test_only_a_models_content_makes_it_another_one() -> None:
    """The numbers that every write moves on do not."""
    before = snapshot(M, model("n"), model("old"))
    written = replace(M, version=2, pricing=priced(1, version=2))
    after = snapshot(written, replace(model("n"), region="eu"), model("new"))
    assert affected(before, after) == {"n", "new", "old"}


def test_records_of_everything_on_the_way_are_concerned() -> None:
    """Whoever leads to a changed model, and all that those lead to."""
    models = [
        model("a", failover=("b",)),
        model("b", failover=("c",)),
        model("c"),
        model("redirect", replacement_model_id="b", redirect_on_end_of_life=True),
        model("refuses", replacement_model_id="b"),
        model("apart", failover=("c",)),
    ]
    whole = snapshot(*models)
    assert concerned(whole, whole, frozenset({"b"})) == {"a", "b", "c", "redirect"}
    assert concerned(whole, whole, frozenset()) == frozenset()


def test_orgs_that_lose_access_are_told_why_and_gains_are_the_reverse() -> None:
    """Only who may use it on one side and not on the other."""
    change = Change(snapshot(M), snapshot(replace(M, tier="premium")), NOW, 4)
    assert list(access(change, ["m"], ORGS.values())) == [
        Access("hobby", "m", Code.TIER_INSUFFICIENT)
    ]
    back = replace(change, before=change.after, after=change.before)
    assert list(access(back, ["m"], ORGS.values())) == []


def test_fields_whose_effect_the_ledger_cannot_tell_are_named() -> None:
    """Streaming is recorded, and what is not judged is said rather than left out."""
    changed = ["capabilities.streaming", "capabilities.tools", "limits.max_tokens", "tier"]
    assert untold(changed) == ["capabilities.tools", "limits.max_tokens"]
