"""What one attempt used and cost: told, counted, guessed, or cut short."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pipeline.rig import CALLER, NOW, call, metered, model, prices
from tollhouse.core.model import Model, SystemPrompt
from tollhouse.core.money import RATE_UNIT
from tollhouse.core.needs import Endpoint, Needs
from tollhouse.core.prices import PriceClass, PriceTable
from tollhouse.core.record import CostStatus
from tollhouse.pipeline.call import Call
from tollhouse.pipeline.meter import Meter, Metered
from tollhouse.wire.openai.request import Asked

TOLD = b'{"prompt_tokens": 12, "completion_tokens": 5}'


def by_unit(**rates: str) -> PriceTable:
    """Prices for single things."""
    return PriceTable(
        rates={PriceClass(name): int(Decimal(value) * RATE_UNIT) for name, value in rates.items()}
    )


def meter(endpoint: Endpoint = Endpoint.CHAT, one: Model | None = None, **asked: Any) -> Meter:
    """A meter for a request to an endpoint."""
    told = Asked(model="m", needs=Needs(endpoint=endpoint, input_bytes=10), **asked)
    made = Call(endpoint, caller=CALLER, asked=told, request_id="r", started=NOW)
    return Meter(made, one or model())


def cut(one: Meter, told: bytes | None = None, content: int = 0) -> Metered | None:
    """What is known of an answer that broke off."""
    one.cut_short(told, None, content)
    return one.metered


def test_A02_what_is_told_is_priced_and_written_back() -> None:
    """The client's usage has the provider's numbers, the cost and its parts."""
    one = meter()
    shown = msgspec.json.decode(one.complete(TOLD, None))
    assert shown["prompt_tokens"] == 12
    assert shown["cost"] == 0.000111
    assert one.metered is not None
    assert one.metered.charge.status is CostStatus.EXACT


def test_A20_a_models_system_prompt_is_guessed_with_the_input() -> None:
    """It was sent in front of it, so it is input as well."""
    one = meter(one=model(system_prompt=SystemPrompt.of("x" * 30)))
    one.complete(None, None, content_bytes=40)
    assert one.metered is not None
    assert one.metered.usage is not None
    assert one.metered.usage.input_tokens == 10


def test_A20_without_a_usage_the_answer_is_guessed_from_its_size() -> None:
    """And says so; a token is taken for four bytes."""
    one = meter()
    one.complete(None, None, content_bytes=40)
    assert one.metered is not None
    assert one.metered.usage is not None
    assert (one.metered.usage.input_tokens, one.metered.usage.output_tokens) == (3, 10)
    assert one.metered.charge.status is CostStatus.ESTIMATED


@pytest.mark.parametrize(
    ("endpoint", "pricing", "asked", "more", "cost"),
    [
        (Endpoint.SPEECH, {"character": "0.000015"}, {"characters": 200}, {}, "0.003"),
        (Endpoint.TRANSCRIPTIONS, {"second": "0.0001"}, {}, {"seconds": b"3.5"}, "0.00035"),
        (Endpoint.IMAGES_GENERATIONS, {"image": "0.04"}, {}, {"images": 3}, "0.12"),
        (Endpoint.RERANK, {"request": "0.002"}, {}, {}, "0.002"),
    ],
    ids=["characters", "seconds", "images", "request"],
)
def test_A21_what_is_sold_by_the_piece_is_counted_and_exact(
    endpoint: Endpoint, pricing: dict[str, str], asked: Any, more: Any, cost: str
) -> None:
    """No tokens have to be guessed where none are priced."""
    one = meter(endpoint, model(pricing=by_unit(**pricing)), **asked)
    one.complete(None, None, **more)
    assert one.metered is not None
    assert one.metered.charge.cost == Decimal(cost).scaleb(10)
    assert one.metered.charge.status is CostStatus.EXACT


def test_A21_audio_of_unknown_length_has_no_cost() -> None:
    """Null and not nothing."""
    one = meter(Endpoint.TRANSCRIPTIONS, model(pricing=by_unit(second="0.0001")))
    one.complete(None, None)
    assert one.metered is not None
    assert one.metered.charge.cost is None


def test_A04_an_answer_cut_short_is_paid_by_what_was_told_or_relayed() -> None:
    """A usage counts before an estimate; both are partial."""
    told = cut(meter(), TOLD, 4000)
    assert told is not None
    assert told.charge.cost == 1_110_000
    guessed = cut(meter(), None, 40)
    assert guessed is not None
    assert guessed.usage is not None
    assert guessed.usage.output_tokens == 10
    assert {told.charge.status, guessed.charge.status} == {CostStatus.PARTIAL}


def test_A11_an_answer_of_which_nothing_came_is_not_priced() -> None:
    """No usage, no byte: nothing is known, and nothing is made up."""
    assert cut(meter()) is None


def test_A10_a_usage_of_nothing_is_no_missing_usage() -> None:
    """Explicit zeros cost 0 and are not replaced by a guess."""
    found = cut(meter(), b'{"prompt_tokens": 0, "completion_tokens": 0}', 4000)
    assert found is not None
    assert (found.charge.cost, found.usage is not None) == (0, True)


def test_what_was_priced_already_stays_as_it_was() -> None:
    """Cutting short after the usage was written changes nothing."""
    one = metered(TOLD)
    before = one.metered
    assert cut(one, b'{"prompt_tokens": 999}', 9) is before


def test_A06_the_price_is_that_of_the_model_that_is_tried() -> None:
    """Each attempt has a meter of its own."""
    dear = Meter(call("m"), model("dear", pricing=prices("30", "150")))
    dear.complete(TOLD, None)
    assert dear.metered is not None
    assert dear.metered.charge.cost == 11_100_000


def test_credits_come_with_models_that_have_a_multiplier() -> None:
    """Total tokens by the thousand, times the multiplier."""
    one = Meter(call(), model(credit_multiplier=2))
    assert msgspec.json.decode(one.complete(TOLD, None))["credits"] == 0.034
    assert "credits" not in msgspec.json.decode(meter().complete(TOLD, None))
