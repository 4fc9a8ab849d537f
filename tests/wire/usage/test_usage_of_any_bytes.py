"""Whatever a provider tells, it is a usage that adds up or it is not believed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire.usage.table import Kind, read_usage

SPELLINGS: list[Dialect | Kind] = [*Dialect, *Kind]
NAMES = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "prompt_tokens_details",
    "output_tokens_details",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "ephemeral_1h_input_tokens",
    "ephemeral_5m_input_tokens",
    "thinking_tokens",
    "iterations",
    "type",
    "inputTokens",
    "outputTokens",
    "totalTokens",
    "cacheReadInputTokens",
    "cacheWriteInputTokens",
    "cacheDetails",
    "ttl",
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "totalTokenCount",
    "cachedContentTokenCount",
    "promptTokensDetails",
    "candidatesTokensDetails",
    "modality",
    "tokenCount",
    "billed_units",
    "search_units",
    "image_tokens",
    "inputTextTokenCount",
    "cost",
]
LEAVES = (
    st.integers(-2, 30)
    | st.sampled_from([None, True, 1.0, 1.5, -0.0, 10**12, 10**13, 10**30, 1e308])
    | st.sampled_from(["7", "", "1h", "5m", "AUDIO", "IMAGE", "message", "compaction"])
)
TOLD = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        ),
        max_leaves=6,
    ),
    max_size=9,
)


def _holds(usage: Usage | Unusable) -> None:
    if isinstance(usage, Unusable):
        assert usage.reason
        return
    counts = [value for value in (getattr(usage, f) for f in Usage.__struct_fields__) if value]
    assert all(count >= 0 for count in counts if isinstance(count, int))
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    assert max(usage.cached_input_tokens, written) <= usage.input_tokens
    assert max(usage.audio_input_tokens, usage.image_input_tokens) <= usage.input_tokens
    parts = usage.reasoning_tokens, usage.audio_output_tokens, usage.image_output_tokens
    assert max(parts) <= usage.output_tokens


@settings(max_examples=150)
@given(TOLD, st.sampled_from(SPELLINGS))
def test_A07_what_is_believed_adds_up(told: dict[str, Any], spelling: Dialect | Kind) -> None:
    """No count is negative, no part larger than its whole; JSON and objects are read alike."""
    usage = read_usage(spelling, told, Endpoint.CHAT)
    _holds(usage)
    again = read_usage(spelling, json.dumps(told).encode(), Endpoint.CHAT)
    assert isinstance(again, Unusable) if isinstance(usage, Unusable) else again == usage


@settings(max_examples=100)
@given(st.binary(max_size=40), st.sampled_from(SPELLINGS))
def test_A07_no_bytes_make_a_reader_fail(told: bytes, spelling: Dialect | Kind) -> None:
    """What is not JSON is not believed."""
    _holds(read_usage(spelling, told, Endpoint.CHAT))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "told", [b"[" * 100_000, b'{"a":' * 100_000, b'{"iterations":[[[', b"1e999"]
)
def test_A07_depth_and_size_do_no_harm(spelling: Dialect | Kind, told: bytes) -> None:
    """Nothing is walked without an end."""
    assert isinstance(read_usage(spelling, told, Endpoint.CHAT), Unusable)
