"""What answers cost, whoever gave them and whoever asked: what the field reports on usage.

Each provider counts in its own way; the client is told in its dialect's, and pays the same.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from e2e.speakers import DIALECTS, Heard, ask
from e2e.stage import Stage, exact, per_million, spent
from e2e.vendors import HELLO, Vendors
from fakes.answers import Shape, Stream, typed
from fakes.anthropic_answers import USAGE as CLAUDES
from fakes.anthropic_answers import Message
from fakes.bedrock_answers import chunks, converse, converse_stream
from fakes.gemini_answers import Gemini
from fakes.http_server import Behaviour, Call
from fakes.openai_answers import Chat
from fakes.responses_answers import Responses
from fakes.upstream import played

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = pytest.mark.parametrize("dialect", DIALECTS)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
PRICES: dict[str, Any] = {
    "input_per_1m_tokens": "3",
    "output_per_1m_tokens": "15",
    "cached_input_per_1m_tokens": "0.3",
    "cache_write_per_1m_tokens": "3.75",
}
HIGH = {
    "above_input_tokens": 200_000,
    "input_per_1m_tokens": "6",
    "cached_input_per_1m_tokens": "0.6",
    "output_per_1m_tokens": "22.5",
}


def answering(place: str, usage: Mapping[str, Any], stop: str | None = None) -> Behaviour:
    """A sound answer with this usage, in the provider's spelling."""
    if place == "openai":
        return Chat(usage=usage, finish_reason=stop)
    if place == "responses":
        return Responses(usage=usage, outcome=stop or "completed")
    if place == "gemini":
        return Gemini(usage=usage, finish_reason=stop or "STOP")
    if place == "converse":
        return _either(
            played(converse({"text": HELLO}, stop=stop or "end_turn", **usage)),
            played(converse_stream({"text": HELLO}, stop=stop or "end_turn", **usage)),
        )
    message = Message(usage={**CLAUDES, **usage}, stop_reason=stop)
    if place == "anthropic":
        return message
    return _either(message, played(chunks(message.events("claude"))))


def _either(whole: Behaviour, streamed: Behaviour) -> Behaviour:
    def answer(call: Call) -> Any:
        return (streamed if call.path.endswith("-stream") else whole)(call)

    return answer


async def costing(
    vendors: Vendors,
    dialect: str,
    heard: Heard,
    cost: Decimal,
    tokens: tuple[int, int],
    *,
    as_told: bool = False,
) -> Mapping[str, Any]:
    """Check that client and ledger agree on a cost and on input and output; returns the usage."""
    assert heard.ended
    usage = heard.usage or {}
    assert exact(usage["cost"]) == cost
    record = await Stage(vendors.up, vendors.gw).record(heard.answer)
    assert spent(record) == cost
    assert record.usage is not None
    assert (record.usage.input_tokens, record.usage.output_tokens) == tokens
    if as_told:
        return usage
    if dialect == "messages":
        parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        assert sum(usage[name] or 0 for name in parts) == tokens[0]
        assert usage["output_tokens"] == tokens[1]
        return usage
    names = ("prompt_tokens", "completion_tokens")
    if dialect == "responses":
        names = ("input_tokens", "output_tokens")
    assert tuple(usage[name] for name in names) == tokens
    assert usage["total_tokens"] == sum(tokens)
    return usage


CACHED: dict[str, tuple[str, dict[str, Any], tuple[int, int], str]] = {
    "written, Anthropic": (
        "anthropic",
        {"input_tokens": 3, "cache_creation_input_tokens": 12304, "output_tokens": 550},
        (12307, 550),
        "0.054399",
    ),
    "written, invoke": (
        "invoke",
        {"input_tokens": 3, "cache_creation_input_tokens": 12304, "output_tokens": 550},
        (12307, 550),
        "0.054399",
    ),
    "written, Converse": (
        "converse",
        {
            "inputTokens": 3,
            "cacheWriteInputTokens": 12304,
            "cacheReadInputTokens": 0,
            "outputTokens": 550,
            "totalTokens": 12857,
        },
        (12307, 550),
        "0.054399",
    ),
    "read, Anthropic": (
        "anthropic",
        {"input_tokens": 7, "cache_read_input_tokens": 1000, "output_tokens": 10},
        (1007, 10),
        "0.000471",
    ),
    "read, Converse": (
        "converse",
        {
            "inputTokens": 7,
            "cacheReadInputTokens": 1000,
            "outputTokens": 10,
            "totalTokens": 1017,
        },
        (1007, 10),
        "0.000471",
    ),
    "read, Gemini": (
        "gemini",
        {
            "promptTokenCount": 1007,
            "cachedContentTokenCount": 1000,
            "candidatesTokenCount": 10,
            "totalTokenCount": 1017,
        },
        (1007, 10),
        "0.000471",
    ),
    "read, chat": (
        "openai",
        {
            "prompt_tokens": 1007,
            "completion_tokens": 10,
            "total_tokens": 1017,
            "prompt_tokens_details": {"cached_tokens": 1000},
        },
        (1007, 10),
        "0.000471",
    ),
    "read, responses": (
        "responses",
        {
            "input_tokens": 1007,
            "output_tokens": 10,
            "total_tokens": 1017,
            "input_tokens_details": {"cached_tokens": 1000},
        },
        (1007, 10),
        "0.000471",
    ),
}


@BOTH_WAYS
@pytest.mark.parametrize("case", CACHED.values(), ids=CACHED)
async def test_A01_cached_tokens_are_paid_for_once(
    vendors: Vendors, case: tuple[Any, ...], *, stream: bool
) -> None:
    """Told beside the input or inside of it, each is priced as what it is."""
    place, usage, tokens, cost = case
    model_id = await vendors.model(place, answering(place, usage), pricing=PRICES)
    for dialect in DIALECTS:
        told = await ask(vendors.gw, dialect, model_id, stream=stream)
        shown = await costing(vendors, dialect, told, Decimal(cost), tokens)
        if dialect == "messages":
            assert shown["input_tokens"] in {3, 7}
        else:
            part = "prompt_tokens_details" if dialect == "chat" else "input_tokens_details"
            cached = 1000 if cost == "0.000471" else 0
            assert shown[part].get("cached_tokens", 0) == cached


def chat_usage(prompt: int, completion: int, reasoning: int, total: int) -> dict[str, Any]:
    """A chat host's."""
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    return counts | details


SAME = ("openai", "chat")
"""A host's own counts are not touched where its dialect is the client's."""
REASONED: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    "inside": ("openai", chat_usage(64, 135, 78, 199), (64, 135)),
    "beside": ("openai", chat_usage(10, 1, 375, 386), (10, 376)),
    "Gemini": (
        "gemini",
        {
            "promptTokenCount": 12,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 7,
            "totalTokenCount": 24,
        },
        (12, 12),
    ),
    "responses": (
        "responses",
        {
            "input_tokens": 64,
            "output_tokens": 135,
            "total_tokens": 199,
            "output_tokens_details": {"reasoning_tokens": 78},
        },
        (64, 135),
    ),
}


@BOTH_WAYS
@pytest.mark.parametrize("case", REASONED.values(), ids=REASONED)
async def test_A05_thoughts_are_paid_for_once(
    vendors: Vendors, case: tuple[Any, ...], *, stream: bool
) -> None:
    """Told inside the output they are part of it, told beside it they are added."""
    place, usage, tokens = case
    model_id = await vendors.model(place, answering(place, usage), pricing=PRICES)
    cost = per_million((tokens[0], "3"), (tokens[1], "15"))
    for dialect in DIALECTS:
        told = await ask(vendors.gw, dialect, model_id, stream=stream)
        await costing(vendors, dialect, told, cost, tokens, as_told=(place, dialect) == SAME)


LONG: dict[str, Callable[[int], dict[str, int]]] = {
    "anthropic": lambda prompt: {
        "input_tokens": prompt - 150_000,
        "cache_read_input_tokens": 150_000,
        "output_tokens": 100,
    },
    "converse": lambda prompt: {
        "inputTokens": prompt - 150_000,
        "cacheReadInputTokens": 150_000,
        "outputTokens": 100,
        "totalTokens": prompt + 100,
    },
    "gemini": lambda prompt: {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": 150_000,
        "candidatesTokenCount": 100,
        "totalTokenCount": prompt + 100,
    },
}


@EACH
@pytest.mark.parametrize("place", LONG)
@pytest.mark.parametrize("prompt", [200_000, 200_001])
async def test_A13_a_long_prompt_is_dearer_as_a_whole(
    vendors: Vendors, dialect: str, place: str, prompt: int
) -> None:
    """What was cached counts toward the bound, which itself is below it."""
    usage = LONG[place](prompt)
    pricing = {**PRICES, "tiers": [HIGH]}
    model_id = await vendors.model(place, answering(place, usage), pricing=pricing)
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    fresh = prompt - 150_000
    cost = per_million((fresh, "3"), (150_000, "0.3"), (100, "15"))
    if prompt > 200_000:
        cost = per_million((fresh, "6"), (150_000, "0.6"), (100, "22.5"))
    await costing(vendors, dialect, told, cost, (prompt, 100))


@EACH
@pytest.mark.parametrize("place", ["anthropic", "invoke"])
@pytest.mark.parametrize("again", [{}, {"input_tokens": 100}, {"input_tokens": None}])
async def test_B15_usage_told_in_two_events_is_put_together(
    vendors: Vendors, dialect: str, place: str, again: dict[str, Any]
) -> None:
    """Input at the start and output at the end; what is told twice is replaced, not added."""
    events = Message(usage={"input_tokens": 100, "output_tokens": 1}).events("claude")
    (last,) = [event for event in events if event["type"] == "message_delta"]
    last["usage"] = {"output_tokens": 20, **again}
    made: Behaviour = Stream([typed(one["type"], one) for one in events], Shape(done=0))
    if place == "invoke":
        made = played(chunks(events))
    model_id = await vendors.model(place, made, pricing=PRICES)
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    cost = per_million((100, "3"), (20, "15"))
    assert exact((told.usage or {})["cost"]) == cost
    record = await Stage(vendors.up, vendors.gw).record(told.answer)
    assert record.usage is not None
    assert (record.usage.input_tokens, record.usage.output_tokens) == (100, 20)
    if dialect != "messages":
        assert (told.usage or {})["total_tokens"] == 120


ENDED = [
    *(("openai", stop) for stop in ("length", "content_filter")),
    *(("anthropic", stop) for stop in ("max_tokens", "refusal", "stop_sequence", "pause_turn")),
    *(("converse", stop) for stop in ("max_tokens", "guardrail_intervened", "content_filtered")),
    *(("gemini", stop) for stop in ("MAX_TOKENS", "SAFETY", "RECITATION")),
    ("responses", "incomplete"),
]
PLAIN: dict[str, dict[str, Any]] = {
    "openai": chat_usage(12, 5, 0, 17),
    "anthropic": {"input_tokens": 12, "output_tokens": 5},
    "converse": {"inputTokens": 12, "outputTokens": 5, "totalTokens": 17},
    "gemini": {"promptTokenCount": 12, "candidatesTokenCount": 5, "totalTokenCount": 17},
    "responses": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17},
}


@BOTH_WAYS
@pytest.mark.parametrize(("place", "stop"), ENDED)
async def test_B16_usage_counts_whatever_the_answer_ended_for(
    vendors: Vendors, place: str, stop: str, *, stream: bool
) -> None:
    """An answer that was cut short by its model or by a filter is paid for too."""
    model_id = await vendors.model(place, answering(place, PLAIN[place], stop), pricing=PRICES)
    cost = per_million((12, "3"), (5, "15"))
    for dialect in DIALECTS:
        told = await ask(vendors.gw, dialect, model_id, stream=stream)
        assert (told.ended, told.error) == (True, None), dialect
        assert exact((told.usage or {})["cost"]) == cost
