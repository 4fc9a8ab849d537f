"""Usage objects that cannot be believed."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable
from tollhouse.wire.usage.counts import MOST
from tollhouse.wire.usage.openai import read_usage

CHAT = Endpoint.CHAT

UNUSABLE = [
    pytest.param(b'{"prompt_tokens":-1000000,"completion_tokens":1}', id="A07 negative"),
    pytest.param(b'{"prompt_tokens":10,"completion_tokens":-1}', id="A07 negative output"),
    pytest.param(b'{"prompt_tokens":"12","completion_tokens":1}', id="A07 a string"),
    pytest.param(b'{"prompt_tokens":true,"completion_tokens":1}', id="A07 a boolean"),
    pytest.param(b'{"prompt_tokens":1.5,"completion_tokens":1}', id="A07 a fraction"),
    pytest.param(b'{"prompt_tokens":1e308,"completion_tokens":1}', id="A07 1e308"),
    pytest.param(b'{"prompt_tokens":1e999999999,"completion_tokens":1}', id="A07 a vast exponent"),
    pytest.param(b'{"prompt_tokens":1e99999999999999999999}', id="A07 beyond all exponents"),
    pytest.param(b'{"prompt_tokens":18446744073686646784}', id="A07 64 bits"),
    pytest.param(b'{"prompt_tokens":' + b"9" * 400 + b"}", id="A07 400 digits"),
    pytest.param(b'{"prompt_tokens":1000000000001}', id="A07 one more than the most"),
    pytest.param(b'{"prompt_tokens":[1]}', id="A07 a list"),
    pytest.param(b'{"prompt_tokens":null}', id="A07 null"),
    pytest.param(b"{}", id="A07 nothing at all"),
    pytest.param(b'{"completion_tokens":5}', id="B15 no input"),
    pytest.param(b'{"completion_tokens":5,"total_tokens":4}', id="a total below the output"),
    pytest.param(b'{"cost":0.5}', id="only a cost"),
    pytest.param(b"[]", id="A07 an array"),
    pytest.param(b"null", id="A07 null itself"),
    pytest.param(b"7", id="A07 a number"),
    pytest.param(b"", id="no JSON"),
    pytest.param(b'{"prompt_tokens":1', id="cut JSON"),
    pytest.param(b'{"prompt_tokens":"\xff"}', id="no UTF-8"),
    pytest.param(b"[" * 100_000, id="a deep nest"),
    pytest.param(b'{"prompt_tokens":' + b'{"a":' * 900 + b"1" + b"}" * 901, id="a nest in a count"),
    pytest.param(b'{"prompt_tokens":1,"prompt_tokens_details":"none"}', id="details as a string"),
    pytest.param(
        b'{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,'
        b'"prompt_tokens_details":{"cached_tokens":500}}',
        id="A07 cached more than the prompt",
    ),
    pytest.param(
        b'{"prompt_tokens":100,"completion_tokens":5,"cache_read_input_tokens":0,'
        b'"cache_creation_input_tokens":0,"prompt_tokens_details":{"cached_tokens":500}}',
        id="A07 cached more than the prompt beside empty Anthropic fields",
    ),
    pytest.param(
        b'{"prompt_tokens":100,"prompt_tokens_details":{"cache_write_tokens":101}}',
        id="A07 written more than the prompt",
    ),
    pytest.param(
        b'{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":-1}}',
        id="A07 negative cached",
    ),
    pytest.param(
        b'{"prompt_tokens":100,"prompt_tokens_details":{"audio_tokens":101}}',
        id="A07 audio more than the prompt",
    ),
    pytest.param(
        b'{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,'
        b'"completion_tokens_details":{"reasoning_tokens":25}}',
        id="A07 reasoning more than the completion",
    ),
    pytest.param(
        b'{"prompt_tokens":9,"completion_tokens":2,"completion_tokens_details":{"audio_tokens":3}}',
        id="A07 audio more than the completion",
    ),
    pytest.param(
        b'{"input_tokens":9,"output_tokens":2,"cache_creation_input_tokens":4,'
        b'"cache_creation":{"ephemeral_1h_input_tokens":5}}',
        id="A07 written for an hour more than written",
    ),
]


@pytest.mark.parametrize("told", UNUSABLE)
def test_A07_what_cannot_be_believed_is_unusable(told: bytes) -> None:
    """It is a value with a reason, never an exception and never a guess."""
    found = read_usage(told, CHAT)
    assert isinstance(found, Unusable)
    assert found.reason


@pytest.mark.parametrize(
    ("told", "endpoint"),
    [
        ({"type": "duration", "seconds": -1}, Endpoint.TRANSCRIPTIONS),
        ({"type": "duration", "seconds": "12"}, Endpoint.TRANSCRIPTIONS),
        ({"type": "tokens"}, Endpoint.TRANSCRIPTIONS),
        (
            {"input_tokens": 4, "output_tokens": 3, "output_tokens_details": {"text_tokens": 4}},
            Endpoint.IMAGES_EDITS,
        ),
        ({"prompt_tokens": float("nan"), "completion_tokens": 1}, CHAT),
        ({"prompt_tokens": float("inf"), "completion_tokens": 1}, CHAT),
        ({"prompt_tokens": 10**400, "completion_tokens": 1}, CHAT),
        (object(), CHAT),
        (None, CHAT),
    ],
)
def test_A07_decoded_objects_are_judged_the_same(told: Any, endpoint: Endpoint) -> None:
    """Whatever an object holds, reading it raises nothing."""
    assert isinstance(read_usage(told, endpoint), Unusable)


def test_a_reason_names_the_field_and_not_its_value() -> None:
    """A log line may hold it."""
    found = read_usage(b'{"prompt_tokens":"my secret"}', CHAT)
    assert found == Unusable("Expected `int | null`, got `str` - at `$.prompt_tokens`")


def test_what_was_billed_is_read_even_where_the_counts_are_unusable() -> None:
    """The amount does not hang on the counts."""
    told = {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "total_tokens": 11,
        "completion_tokens_details": {"reasoning_tokens": 25},
        "cost": 0.0000702,
    }
    assert read_usage(told, CHAT) == Unusable(
        "reasoning tokens are more than the output", upstream_cost=702_000
    )
    found = read_usage(b'{"prompt_tokens":-1,"cost_in_usd_ticks":758000}', CHAT)
    assert found.upstream_cost == 758_000


_NUMBERS = (
    st.integers()
    | st.integers(0, 2000)
    | st.floats()
    | st.decimals(allow_nan=True)
    | st.booleans()
    | st.none()
    | st.text(max_size=3)
    | st.lists(st.integers(), max_size=1)
)
_FIELDS = st.sampled_from(
    """prompt_tokens completion_tokens total_tokens input_tokens output_tokens cached_tokens
    reasoning_tokens citation_tokens num_search_queries cache_read_input_tokens seconds cost
    cache_creation_input_tokens prompt_cache_hit_tokens cost_in_usd_ticks search_units""".split()  # noqa: SIM905 - a list of words
)
_DETAILS = st.dictionaries(
    st.sampled_from(["cached_tokens", "audio_tokens", "image_tokens", "reasoning_tokens"]), _NUMBERS
)
_TOLD = st.dictionaries(_FIELDS, _NUMBERS).flatmap(
    lambda told: st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens_details": _DETAILS | _NUMBERS,
            "completion_tokens_details": _DETAILS | _NUMBERS,
        },
    ).map(lambda details: told | details)
)


@settings(max_examples=300)
@given(_TOLD, st.sampled_from(Endpoint))
def test_A07_no_usage_raises_and_no_part_is_larger_than_its_whole(
    told: dict[str, Any], endpoint: Endpoint
) -> None:
    """Every object of any content is either sound or unusable."""
    found = read_usage(told, endpoint)
    assert found.upstream_cost is None or found.upstream_cost >= 0
    if isinstance(found, Unusable):
        return
    counts = [value for value in msgspec.structs.astuple(found) if isinstance(value, int)]
    assert all(0 <= count <= 20 * MOST**2 for count in counts)
    assert found.cached_input_tokens <= found.input_tokens
    assert found.cache_write_tokens + found.cache_write_1h_tokens <= found.input_tokens
    assert max(found.audio_input_tokens, found.image_input_tokens) <= found.input_tokens
    assert found.reasoning_tokens <= found.output_tokens
    assert max(found.audio_output_tokens, found.image_output_tokens) <= found.output_tokens


@given(st.binary())
def test_A07_no_bytes_raise(told: bytes) -> None:
    """Neither does anything that is not JSON."""
    assert isinstance(read_usage(told, CHAT), Unusable)
