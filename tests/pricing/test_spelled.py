"""Usage in the clients' spelling, where the provider's was another."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import CompletionUsage
from openai.types.responses import ResponseUsage

from tollhouse.core.charge import Charge
from tollhouse.core.dialect import Dialect
from tollhouse.core.needs import Endpoint, ModelType
from tollhouse.core.usage import Usage
from tollhouse.pricing.spelled import spelled
from tollhouse.pricing.written import write_usage
from tollhouse.wire.usage.table import read_usage

FULL = Usage(
    input_tokens=1000,
    cached_input_tokens=500,
    cache_write_tokens=100,
    cache_write_1h_tokens=40,
    audio_input_tokens=30,
    image_input_tokens=20,
    output_tokens=200,
    reasoning_tokens=80,
    audio_output_tokens=10,
    image_output_tokens=5,
    searches=2,
    service_tier="priority",
)


@pytest.mark.parametrize("endpoint", [Endpoint.CHAT, Endpoint.COMPLETIONS])
def test_a_chats_clients_find_every_part(endpoint: Endpoint) -> None:
    """OpenAI's names, and those that others have for what OpenAI has not."""
    assert spelled(FULL, endpoint) == {
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "total_tokens": 1200,
        "prompt_tokens_details": {
            "cached_tokens": 500,
            "cache_write_tokens": 140,
            "audio_tokens": 30,
            "image_tokens": 20,
        },
        "completion_tokens_details": {
            "reasoning_tokens": 80,
            "audio_tokens": 10,
            "image_tokens": 5,
        },
    }


@pytest.mark.parametrize("endpoint", [Endpoint.CHAT, Endpoint.COMPLETIONS])
def test_a_chats_clients_find_both_details_of_nothing(endpoint: Endpoint) -> None:
    """OpenAI always tells them, so clients read what is in them without a guard."""
    told = spelled(Usage(input_tokens=3, output_tokens=4), endpoint)
    assert told == {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    read = CompletionUsage.model_validate(told)
    assert read.prompt_tokens_details is not None
    assert read.prompt_tokens_details.cached_tokens == 0


def test_a_responses_clients_find_both_details() -> None:
    """The SDK's types want them and what is in them, be it nought."""
    assert spelled(FULL, Endpoint.RESPONSES) == {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 500, "cache_write_tokens": 140},
        "output_tokens": 200,
        "output_tokens_details": {"reasoning_tokens": 80},
        "total_tokens": 1200,
    }


def test_A01_anthropics_clients_find_the_input_without_its_caches() -> None:
    """What caches had a part in is told apart, by how long it is kept."""
    assert spelled(FULL, Endpoint.MESSAGES) == {
        "input_tokens": 360,
        "cache_creation_input_tokens": 140,
        "cache_read_input_tokens": 500,
        "output_tokens": 200,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 40},
        "output_tokens_details": {"thinking_tokens": 80},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
        "service_tier": "priority",
    }


@pytest.mark.parametrize(
    ("tier", "told"),
    [("default", "standard"), ("standard", "standard"), ("batch", "batch"), ("flex", None)],
)
def test_a_tier_that_anthropics_clients_do_not_know_is_not_told(
    tier: str, told: str | None
) -> None:
    """Their types name three."""
    found = spelled(Usage(input_tokens=1, service_tier=tier), Endpoint.MESSAGES)
    assert found.get("service_tier") == told


def test_A01_caches_that_overlap_leave_no_input_below_nought() -> None:
    """Gemini's implicit cache is told as read and as written by who passes it on."""
    usage = Usage(input_tokens=10, cached_input_tokens=9, cache_write_tokens=9)
    assert spelled(usage, Endpoint.MESSAGES)["input_tokens"] == 0


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (Usage(searches=2), {"search_units": 2}),
        (Usage(), {}),
        (Usage(input_tokens=26), {"prompt_tokens": 26, "total_tokens": 26}),
        (
            Usage(input_tokens=26, searches=1),
            {"search_units": 1, "prompt_tokens": 26, "total_tokens": 26},
        ),
    ],
)
def test_rerankings_tell_what_they_were_billed_by(usage: Usage, told: dict[str, int]) -> None:
    """Search units, tokens, or nothing where it was neither."""
    assert spelled(usage, Endpoint.RERANK) == told


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_A07_what_is_not_believed_is_not_told_unless_clients_must_have_it(
    endpoint: Endpoint,
) -> None:
    """SDKs refuse an answer that has no counts at two endpoints; its cost is null there too."""
    found = json.loads(write_usage(None, None, Charge(), endpoint))
    assert found.pop("cost") is None
    assert found.pop("cost_details") == {"status": "unpriced"}
    assert bool(found) == (endpoint in {Endpoint.MESSAGES, Endpoint.RESPONSES})
    assert found.get("input_tokens", 0) == found.get("output_tokens", 0) == 0


@pytest.mark.parametrize(
    ("endpoint", "type_", "usage"),
    [
        (Endpoint.CHAT, CompletionUsage, FULL),
        (Endpoint.CHAT, CompletionUsage, Usage()),
        (Endpoint.RESPONSES, ResponseUsage, FULL),
        (Endpoint.RESPONSES, ResponseUsage, Usage()),
        (Endpoint.RESPONSES, ResponseUsage, None),
    ],
)
def test_the_sdks_own_types_take_it(endpoint: Endpoint, type_: Any, usage: Usage | None) -> None:
    """Strictly, so that clients that check what they get do not refuse the answer."""
    type_.model_validate(json.loads(write_usage(None, usage, Charge(), endpoint)), strict=True)


COUNT = st.integers(0, 10**6)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Usages whose parts do not overlap."""
    ins = [draw(COUNT) for _ in range(5)]
    outs = [draw(COUNT) for _ in range(4)]
    return Usage(
        input_tokens=sum(ins),
        cached_input_tokens=ins[0],
        cache_write_tokens=ins[1],
        audio_input_tokens=ins[2],
        image_input_tokens=ins[3],
        output_tokens=sum(outs),
        reasoning_tokens=outs[0],
        audio_output_tokens=outs[1],
        image_output_tokens=outs[2],
    )


@settings(max_examples=60)
@given(usages())
def test_a_chats_usage_is_read_back_as_it_was(usage: Usage) -> None:
    """Two gateways in a row agree."""
    assert read_usage(Dialect.CHAT, spelled(usage, Endpoint.CHAT), Endpoint.CHAT) == usage


@settings(max_examples=60)
@given(usages(), COUNT)
def test_anthropics_and_responses_usage_is_read_back_but_for_what_they_cannot_say(
    usage: Usage, hour: int
) -> None:
    """They have no classes of audio and images, and a response has one time of keeping."""
    plain = Usage(
        input_tokens=usage.input_tokens + hour,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=hour,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
    told = spelled(plain, Endpoint.MESSAGES)
    assert read_usage(Dialect.MESSAGES, told, Endpoint.MESSAGES) == plain
    found = read_usage(Dialect.RESPONSES, spelled(plain, Endpoint.RESPONSES), Endpoint.RESPONSES)
    assert isinstance(found, Usage)
    assert found.total_tokens == plain.total_tokens
    assert found.cache_write_tokens == usage.cache_write_tokens + hour


def test_other_endpoints_tell_the_wholes() -> None:
    """Where there are tokens, or always would be."""
    usage = Usage(input_tokens=3, output_tokens=4)
    for endpoint in Endpoint:
        found = spelled(usage, endpoint)
        if endpoint.model_type not in {ModelType.COMPLETION, ModelType.EMBEDDINGS}:
            assert found["total_tokens"] == 7
            assert not spelled(Usage(images=1), endpoint)
