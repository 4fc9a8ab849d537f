"""The pricing block: which prices are accepted, and the exact rates that they become."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.samples import body, compiled, faults_of, made
from tollhouse.catalogue.documents.pricing import PRICE_FIELDS, USABLE
from tollhouse.core.errors import CallerError
from tollhouse.core.money import RATE_UNIT
from tollhouse.core.needs import ModelType
from tollhouse.core.prices import PriceClass, PriceTable


def _table(pricing: dict[str, Any], kind: str = "completion") -> PriceTable:
    table = compiled(body(type=kind, pricing=pricing)).models["a/model"].pricing
    assert table is not None
    return table


@pytest.mark.parametrize(
    ("given_price", "kept"),
    [
        ("3", "3"),
        ("3.00", "3.00"),
        (3, "3"),
        (3.0, "3.0"),
        (0.1, "0.1"),
        (1e-07, "0.0000001"),
        ("1e-12", "0.000000000001"),
        ("1E+3", "1000"),
        (Decimal("0.30"), "0.30"),
        (0, "0"),
        ("0", "0"),
        ("-0", "0"),
        (-0.0, "0.0"),
        ("0.0000000000000", "0.0000000000000"),
        ("10000000", "10000000"),
        ("9999999.999999999999", "9999999.999999999999"),
    ],
)
def test_A22_price_is_kept_as_a_decimal_string(given_price: object, kept: str) -> None:
    """A price given as text, number or decimal is stored as the decimal that it spells."""
    document = made(body(pricing={"input_per_1m_tokens": given_price}))
    assert document["pricing"] == {"input_per_1m_tokens": kept}


@pytest.mark.parametrize(
    "price",
    [
        -1,
        "-0.0000001",
        -1e-9,
        10_000_001,
        "10000000.000000000001",
        "0.0000000000001",
        1e-13,
        "1e999999999",
        "1_000",
        "\u0661",
        "0x10",
        " 3",
        "3 ",
        "",
        "three",
        "nan",
        "inf",
        float("nan"),
        float("inf"),
        True,
        [],
        {"amount": "3"},
    ],
)
@pytest.mark.parametrize("field", ["input_per_1m_tokens", "per_image"])
def test_A07_impossible_price_is_refused(field: str, price: object) -> None:
    """A price that is negative, absurd, too fine or no number never enters the catalogue."""
    with pytest.raises(CallerError) as caught:
        made(body(pricing={field: price}))
    assert list(faults_of(caught.value)) == [f"pricing.{field}"]


def test_A13_unordered_tiers_are_refused() -> None:
    """Tiers ascend by their bound, and no bound is there twice."""
    for bounds in ([200, 100], [100, 100], [100, 300, 200]):
        tiers = [{"above_input_tokens": bound, "input_per_1m_tokens": "6"} for bound in bounds]
        with pytest.raises(CallerError) as caught:
            made(body(pricing={"tiers": tiers}))
        assert list(faults_of(caught.value)) == ["pricing.tiers"]


@pytest.mark.parametrize(
    ("tier", "path"),
    [
        ({"input_per_1m_tokens": "6"}, "above_input_tokens"),
        ({"above_input_tokens": 0}, "above_input_tokens"),
        ({"above_input_tokens": -5}, "above_input_tokens"),
        ({"above_input_tokens": "5"}, "above_input_tokens"),
        ({"above_input_tokens": 5, "input": "6"}, "input"),
        ({"above_input_tokens": 5, "input_per_1m_tokens": "-6"}, "input_per_1m_tokens"),
        ({"above_input_tokens": 5, "per_second": "1"}, "per_second"),
        ({"above_input_tokens": 5, "tiers": []}, "tiers"),
    ],
)
def test_A13_faulty_tier_is_refused(tier: dict[str, Any], path: str) -> None:
    """A tier has a bound above zero and prices that the model can use."""
    with pytest.raises(CallerError) as caught:
        made(body(pricing={"tiers": [{"above_input_tokens": 1}, tier]}))
    assert f"pricing.tiers[1].{path}" in faults_of(caught.value)


@pytest.mark.parametrize(
    ("pricing", "path"),
    [
        ({"currency": "usd"}, "pricing.currency"),
        ({"currency": "EURO"}, "pricing.currency"),
        ({"source": "guess"}, "pricing.source"),
        ({"source": "upstream", "currency": "EUR"}, "pricing.currency"),
        ({"service_tiers": {"flex": {"output": "1"}}}, "pricing.service_tiers.flex.output"),
        ({"service_tiers": {"": {}}}, "pricing.service_tiers."),
        ({"service_tiers": {"flex": {"tiers": []}}}, "pricing.service_tiers.flex.tiers"),
        ({"output_per_token": "1"}, "pricing.output_per_token"),
        ([], "pricing"),
    ],
)
def test_faulty_pricing_is_refused(pricing: object, path: str) -> None:
    """Unknown units, currencies and sources are refused where they stand."""
    with pytest.raises(CallerError) as caught:
        made(body(pricing=pricing))
    assert list(faults_of(caught.value)) == [path]


@pytest.mark.parametrize("kind", list(ModelType))
@pytest.mark.parametrize("unit", PRICE_FIELDS)
def test_unit_that_a_type_cannot_use_is_refused(unit: str, kind: ModelType) -> None:
    """A price is accepted exactly where the table of units says the type can be charged for it."""
    sent = body(type=kind.value, pricing={unit: "1"})
    if kind in USABLE[unit]:
        assert made(sent)["pricing"] == {unit: "1"}
        return
    with pytest.raises(CallerError) as caught:
        made(sent)
    assert list(faults_of(caught.value)) == [f"pricing.{unit}"]


def test_null_price_is_no_price() -> None:
    """A unit that is null is absent, whatever the type."""
    document = made(body(pricing={"input_per_1m_tokens": "1", "per_second": None}))
    assert document["pricing"] == {"input_per_1m_tokens": "1"}


def test_every_unit_becomes_its_rate() -> None:
    """Per-million prices become rates per token, the others rates per unit, both exact."""
    tokens = [name for name in PRICE_FIELDS if name.endswith("_per_1m_tokens")]
    table = _table(dict.fromkeys(tokens, "3.000000000001") | {"per_image": "0.04"})
    per_token = 3_000_000_000_001  # 3.000000000001 / 10**6, in 10**-18
    images = {PriceClass.IMAGE: 4 * RATE_UNIT // 100}
    classes = [PriceClass(name.removesuffix("_per_1m_tokens")) for name in tokens]
    assert table.rates == dict.fromkeys(classes, per_token) | images


def test_units_other_than_tokens_are_bound() -> None:
    """Requests, seconds, characters and searches have their own classes."""
    speech = _table({"per_request": 1, "per_second": 2, "per_character": "0.000015"}, "speech")
    assert speech.rates == {
        PriceClass.REQUEST: RATE_UNIT,
        PriceClass.SECOND: 2 * RATE_UNIT,
        PriceClass.CHARACTER: 15 * 10**12,
    }
    assert _table({"per_search": "0.5"}, "rerank").rates == {PriceClass.SEARCH: RATE_UNIT // 2}


def test_tiers_and_service_tiers_are_bound() -> None:
    """Each tier holds the prices that it names and no others."""
    table = _table(
        {
            "input_per_1m_tokens": 3,
            "currency": "EUR",
            "tiers": [{"above_input_tokens": 200_000, "input_per_1m_tokens": 6}],
            "service_tiers": {"flex": {"output_per_1m_tokens": "7.5"}},
        }
    )
    assert table.currency == "EUR"
    assert [tier.above_input_tokens for tier in table.tiers] == [200_000]
    assert table.tiers[0].rates == {PriceClass.INPUT: 6 * 10**12}
    assert table.service_tiers == {"flex": {PriceClass.OUTPUT: 75 * 10**11}}
    assert (table.from_upstream, table.version) == (False, 1)


def test_A14_no_pricing_and_zero_pricing_are_two_things() -> None:
    """A model without a block has no table; a price of zero is a rate of zero."""
    snapshot = compiled(body("none"), body("free", pricing={"input_per_1m_tokens": 0}))
    assert snapshot.models["none"].pricing is None
    free = snapshot.models["free"].pricing
    assert free is not None
    assert free.rates == {PriceClass.INPUT: 0}


def test_price_reported_by_the_provider_is_marked() -> None:
    """``source: upstream`` is carried to the table."""
    assert _table({"source": "upstream"}).from_upstream


def test_A23_price_of_a_document_shows_in_the_list_as_it_is_kept() -> None:
    """Clients see the unit in the name and the decimal string."""
    pricing = {"input_per_1m_tokens": 0.15, "tiers": [{"above_input_tokens": 9, "per_image": 1}]}
    shown = compiled(body(pricing=pricing)).models["a/model"].public["pricing"]
    assert shown == {
        "input_per_1m_tokens": "0.15",
        "currency": "USD",
        "source": "table",
        "tiers": [{"above_input_tokens": 9, "per_image": "1"}],
    }


@given(st.decimals(min_value=0, max_value=10_000_000, places=12))
def test_A22_rate_is_exact_for_every_price(price: Decimal) -> None:
    """No price of up to twelve decimals loses a digit on its way to a rate."""
    document = made(body(pricing={"input_per_1m_tokens": str(price)}))
    assert Decimal(document["pricing"]["input_per_1m_tokens"]) == price
    assert _table(document["pricing"]).rates[PriceClass.INPUT] == int(price * 10**12)
