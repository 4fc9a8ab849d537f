"""The usage object that clients get."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.tables import table
from tollhouse.core.charge import Charge, Unpriced
from tollhouse.core.needs import Endpoint
from tollhouse.core.record import CostStatus
from tollhouse.core.usage import Usage
from tollhouse.pricing.charge import charge, in_credits
from tollhouse.pricing.written import write_usage

PRICES = table({"input": "3", "cached_input": "0.3", "output": "15"})
TOLD = b'{"prompt_tokens": 10,"completion_tokens":2,  "total_tokens":12,"x":[1.50,1e-5],"y":null}'
USAGE = Usage(input_tokens=10, output_tokens=2)
CHARGE = charge(PRICES, USAGE)


def _read(written: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written, parse_float=Decimal)
    return found


def test_what_the_provider_wrote_stays_byte_for_byte() -> None:
    """Order, spacing and number spellings are kept; ours follows."""
    written = write_usage(TOLD, USAGE, CHARGE, Endpoint.CHAT)
    assert written == (
        TOLD[:-1] + b',"cost":0.00006,"cost_details":'
        b'{"input":0.00003,"output":0.00003,"currency":"USD","price_version":7}}'
    )


def test_cost_details_add_up_to_the_cost() -> None:
    """Every class has its item."""
    usage = Usage(input_tokens=10, cached_input_tokens=4, output_tokens=2)
    found = _read(write_usage(TOLD, usage, charge(PRICES, usage), Endpoint.CHAT))
    details = found["cost_details"]
    assert found["cost"] == Decimal("0.0000492")
    assert details["input"] + details["cached_input"] + details["output"] == found["cost"]


def test_A19_the_providers_own_cost_is_replaced_and_kept() -> None:
    """Ours is the cost; what they billed is upstream_cost; the rest of theirs stays."""
    told = (
        b'{"prompt_tokens":10,"cost":9.99,"is_byok":false,"cost_details":'
        b'{"upstream_inference_cost":19},"completion_tokens":2}'
    )
    usage = Usage(input_tokens=10, output_tokens=2, upstream_cost=99_900_000_000)
    written = write_usage(told, usage, charge(PRICES, usage), Endpoint.CHAT)
    assert written == (
        b'{"prompt_tokens":10,"is_byok":false,"completion_tokens":2,"cost":0.00006,"cost_details":'
        b'{"input":0.00003,"output":0.00003,"currency":"USD","price_version":7,"upstream_cost":9.99}}'
    )


@pytest.mark.parametrize(
    "told",
    [
        b'{"cost":{"total_cost":9},"prompt_tokens":10}',
        b'{"\\u0063ost":9,"prompt_tokens":10}',
        b'{"prompt_tokens":10,"cost_details":null}',
        b'{"cost":1,"prompt_tokens":10,"cost":2}',
    ],
)
def test_A19_there_is_one_cost_however_theirs_is_spelled(told: bytes) -> None:
    """No reader of the answer can come upon the provider's cost under our name."""
    written = write_usage(told, USAGE, CHARGE, Endpoint.CHAT)
    assert written.startswith(b'{"prompt_tokens":10,"cost":0.00006,"cost_details":{"input"')


def test_A14_no_price_is_null_and_not_zero() -> None:
    """A model without pricing says that it does not know."""
    written = write_usage(TOLD, USAGE, charge(None, USAGE), Endpoint.CHAT)
    assert written == TOLD[:-1] + b',"cost":null,"cost_details":{"status":"unpriced"}}'


def test_A14_free_is_zero() -> None:
    """A model priced at 0 says 0."""
    free = charge(table({"input": "0", "output": "0"}), USAGE)
    assert _read(write_usage(TOLD, USAGE, free, Endpoint.CHAT))["cost"] == 0


def test_A22_small_costs_are_plain_numbers() -> None:
    """No exponent, no trailing zeros, no noise."""
    for cost, expected in [
        (1, b"0.0000000001"),
        (46_500, b"0.00000465"),
        (0, b"0"),
        (16_150_000, b"0.001615"),
        (30_000_000_000, b"3"),
    ]:
        written = write_usage(
            b"{}", USAGE, Charge(cost=cost, status=CostStatus.EXACT), Endpoint.CHAT
        )
        assert written == b'{"cost":' + expected + b',"cost_details":{}}'


def test_A20_an_estimate_is_labelled() -> None:
    """A stream has no header for it, so the details say it too."""
    found = charge(PRICES, USAGE, status=CostStatus.ESTIMATED)
    details = _read(write_usage(None, USAGE, found, Endpoint.CHAT))["cost_details"]
    assert details["status"] == "estimated"


CHAT_NAMES = {
    "prompt_tokens": 10,
    "completion_tokens": 2,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


@pytest.mark.parametrize(
    ("endpoint", "names"),
    [
        (Endpoint.CHAT, CHAT_NAMES),
        (Endpoint.COMPLETIONS, CHAT_NAMES),
        (
            Endpoint.RESPONSES,
            {
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 2,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 12,
            },
        ),
        (
            Endpoint.MESSAGES,
            {
                "input_tokens": 10,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 2,
            },
        ),
        (Endpoint.EMBEDDINGS, {"prompt_tokens": 10, "total_tokens": 12}),
        (Endpoint.IMAGES_EDITS, {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}),
    ],
)
def test_usage_that_was_not_told_is_written_out(endpoint: Endpoint, names: dict[str, Any]) -> None:
    """Clients find the counts under the names of their endpoint."""
    found = _read(write_usage(None, USAGE, CHARGE, endpoint))
    del found["cost"], found["cost_details"]
    assert found == names


def test_A21_images_without_tokens_have_a_cost_and_no_tokens() -> None:
    """Counts that nobody told are not written as zeros."""
    usage = Usage(images=3)
    written = write_usage(
        None, usage, charge(table({"image": "0.04"}), usage), Endpoint.IMAGES_GENERATIONS
    )
    assert written == (
        b'{"cost":0.12,"cost_details":{"image":0.12,"currency":"USD","price_version":7}}'
    )


def test_A07_an_unusable_usage_is_passed_on_with_a_null_cost() -> None:
    """The client sees what the provider said, and that nobody will charge for it."""
    told = b'{"prompt_tokens":-1000000}'
    unpriced = Charge(unpriced_reason=Unpriced.UNUSABLE_USAGE)
    written = write_usage(told, None, unpriced, Endpoint.CHAT)
    assert written == (
        b'{"prompt_tokens":-1000000,"cost":null,"cost_details":{"status":"unpriced"}}'
    )


@pytest.mark.parametrize("told", [b"5", b"[]", b'"many"', b"null", b"", b"{", b'{"a":"\xff"}]'])
def test_A07_what_is_no_object_is_replaced(told: bytes) -> None:
    """A usage of another type gives way to one that holds the cost."""
    found = _read(write_usage(told, None, Charge(), Endpoint.CHAT))
    assert found == {"cost": None, "cost_details": {"status": "unpriced"}}


def test_credits_are_written_where_the_model_has_them() -> None:
    """Credits follow the cost; without a multiplier the provider's own stay."""
    written = write_usage(
        b'{"credits":5}', USAGE, CHARGE, Endpoint.CHAT, in_credits=in_credits(USAGE, 20)
    )
    assert written.startswith(b'{"cost":0.00006,')
    assert written.endswith(b',"credits":0.24}')
    assert write_usage(b'{"credits":5}', USAGE, CHARGE, Endpoint.CHAT).startswith(b'{"credits":5,')


@pytest.mark.parametrize(("value", "written"), [("0", b"0"), ("1E+3", b"1000"), ("2.50", b"2.5")])
def test_credits_are_plain_numbers(value: str, written: bytes) -> None:
    """No exponent and no trailing zeros here either."""
    found = write_usage(b"{}", USAGE, CHARGE, Endpoint.CHAT, in_credits=Decimal(value))
    assert found.endswith(b',"credits":' + written + b"}")


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text() | st.sampled_from(["cost", "credits", "cost_details"]), _JSON))
def test_every_field_but_ours_survives(told: dict[str, Any]) -> None:
    """Whatever a provider puts into usage comes out as it went in."""
    for escaped in (True, False):
        raw = json.dumps(told, ensure_ascii=escaped).encode(errors="replace")
        found = json.loads(write_usage(raw, USAGE, CHARGE, Endpoint.CHAT))
        expected = json.loads(raw)
        assert found.pop("cost") == 0.00006
        assert found.pop("cost_details")["currency"] == "USD"
        expected.pop("cost", None)
        expected.pop("cost_details", None)
        assert found == expected
