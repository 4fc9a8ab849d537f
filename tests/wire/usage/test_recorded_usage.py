"""Recorded answers of every provider: their usage by an arithmetic of our own, and their cost."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from fakes.recorded import Recording, each
from fakes.replay import Cut, pieces
from tollhouse.catalogue.documents.pricing import Pricing
from tollhouse.catalogue.effective import price_table
from tollhouse.catalogue.price_sources import litellm
from tollhouse.core.dialect import Dialect
from tollhouse.core.money import from_decimal, to_decimal
from tollhouse.core.needs import Endpoint
from tollhouse.core.prices import PriceTable
from tollhouse.core.usage import Unusable, Usage
from tollhouse.pricing.charge import charge
from tollhouse.wire.event_stream import FrameReader
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.tongues import target
from tollhouse.wire.usage.table import Kind, read_usage

Told = dict[str, Any]
Wholes = tuple[int, int]

ANOTHER_SPELLING = {
    "rec_66640ddd78": "the usage listed is Google's, which Vercel passed on beside its own",
    "rec_d11281a682": "the usage listed is Google's, which Vercel passed on beside its own",
    "rec_c21757a7cc": "tells more reasoning than output, which no total explains",
}
SPLICED = {
    "rec_a1adc98987": "two messages in one stream: the reader breaks off at the second",
}
BY_ANOTHER_CONVENTION = {
    "rec_d1a4591d9c": "served as flex traffic; both public tables priced it by the model alone",
}
CACHED = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
SEARCHES = ("web_search_requests", "web_search_calls", "x_search_calls")


def _of(told: Told, name: str) -> int:
    return int(told.get(name) or 0)


def _tokens(details: list[Told] | None, modality: str) -> int:
    return sum(int(part["tokenCount"]) for part in details or [] if part["modality"] == modality)


def anthropic(told: Told) -> Usage:
    """What was cached comes on top; the hour is told apart and the rest is for five minutes."""
    hour = _of(told.get("cache_creation") or {}, "ephemeral_1h_input_tokens")
    written, cached = _of(told, "cache_creation_input_tokens"), _of(told, "cache_read_input_tokens")
    return Usage(
        input_tokens=_of(told, "input_tokens") + cached + written,
        cached_input_tokens=cached,
        cache_write_tokens=written - hour,
        cache_write_1h_tokens=hour,
        output_tokens=_of(told, "output_tokens"),
        reasoning_tokens=_of(told.get("output_tokens_details") or {}, "thinking_tokens"),
        searches=_of(told.get("server_tool_use") or {}, "web_search_requests"),
        service_tier=told.get("service_tier"),
    )


def converse(told: Told) -> Usage:
    """The total is what is left when nothing is counted twice."""
    cached, written = _of(told, "cacheReadInputTokens"), _of(told, "cacheWriteInputTokens")
    assert told["totalTokens"] == told["inputTokens"] + cached + written + told["outputTokens"]
    return Usage(
        input_tokens=told["totalTokens"] - told["outputTokens"],
        cached_input_tokens=cached,
        cache_write_tokens=written,
        output_tokens=told["outputTokens"],
    )


def gemini(told: Told) -> Usage:
    """The total is what is left when nothing is counted twice."""
    left = _of(told, "candidatesTokenCount") + _of(told, "thoughtsTokenCount")
    entered = _of(told, "promptTokenCount") + _of(told, "toolUsePromptTokenCount")
    assert told.get("totalTokenCount", entered) == entered + left
    ins, outs = told.get("promptTokensDetails"), told.get("candidatesTokensDetails")
    tier = told.get("serviceTier")
    if "trafficType" in told:
        tier = {"ON_DEMAND": "standard", "ON_DEMAND_FLEX": "flex"}[told["trafficType"]]
    return Usage(
        input_tokens=entered,
        cached_input_tokens=_of(told, "cachedContentTokenCount"),
        audio_input_tokens=_tokens(ins, "AUDIO"),
        image_input_tokens=_tokens(ins, "IMAGE"),
        output_tokens=left,
        reasoning_tokens=_of(told, "thoughtsTokenCount"),
        audio_output_tokens=_tokens(outs, "AUDIO"),
        image_output_tokens=_tokens(outs, "IMAGE"),
        service_tier=tier,
    )


def openai(told: Told) -> Usage:
    """The total is the sum; where it is more, the thoughts are beside the completion."""
    ins = told.get("prompt_tokens_details") or told.get("input_tokens_details") or {}
    outs = told.get("completion_tokens_details") or told.get("output_tokens_details") or {}
    total = told["total_tokens"]
    entered = int(told.get("prompt_tokens") or told.get("input_tokens") or total)
    tools = told.get("server_tool_use_details") or told.get("server_side_tool_usage_details") or {}
    bill = told.get("cost")
    ticks = told.get("cost_in_usd_ticks")
    cached = max(
        _of(ins, "cached_tokens"),
        *(_of(told, name) for name in CACHED),
    )
    return Usage(
        input_tokens=entered,
        cached_input_tokens=cached,
        cache_write_tokens=_of(ins, "cache_write_tokens"),
        audio_input_tokens=_of(ins, "audio_tokens"),
        image_input_tokens=_of(ins, "image_tokens"),
        output_tokens=total - entered,
        reasoning_tokens=_of(outs, "reasoning_tokens"),
        audio_output_tokens=_of(outs, "audio_tokens"),
        image_output_tokens=_of(outs, "image_tokens"),
        searches=sum(_of(tools, name) for name in SEARCHES),
        upstream_cost=ticks if bill is None else from_decimal(bill),
    )


CONVENTIONS: dict[str, tuple[Dialect | Kind, Callable[[Told], Usage]]] = {
    "anthropic-messages": (Dialect.MESSAGES, anthropic),
    "bedrock-converse": (Dialect.CONVERSE, converse),
    "bedrock-converse-stream": (Dialect.CONVERSE, converse),
    "bedrock-invoke": (Dialect.MESSAGES, anthropic),
    "embeddings": (Dialect.CHAT, openai),
    "gemini-embed": (Kind.GEMINI_EMBED, gemini),
    "gemini-generate": (Dialect.GEMINI, gemini),
    "gemini-stream": (Dialect.GEMINI, gemini),
    "openai-chat": (Dialect.CHAT, openai),
    "openai-responses": (Dialect.RESPONSES, openai),
    "vertex-anthropic": (Dialect.MESSAGES, anthropic),
}
EMBEDDED = {"embeddings", "gemini-embed"}


def _only(keep: Callable[[Recording], bool], *dialects: str) -> list[Any]:
    """Those recordings; the one that stands for none where there are none."""
    found = each(*(dialects or CONVENTIONS))
    return [one for one in found if one.values[0] is None or keep(one.values[0])]


def _endpoint(one: Recording) -> Endpoint:
    return Endpoint.EMBEDDINGS if one.dialect in EMBEDDED else Endpoint.CHAT


def _read(one: Recording, raw: Any) -> Usage | Unusable:
    return read_usage(CONVENTIONS[one.dialect][0], raw, _endpoint(one))


def _prices(one: Recording) -> PriceTable:
    """Its rates in the public list, brought in as any price list is."""
    book = litellm.read({"it": {"litellm_provider": "any", "mode": "chat", **(one.rates or {})}})
    (entry,) = book.entries
    assert not entry.faults
    return price_table(Pricing.model_validate(entry.pricing), 1)


@pytest.mark.parametrize(
    "one", _only(lambda one: one.usage is not None and one.name not in ANOTHER_SPELLING)
)
def test_A01_recorded_usage_is_what_its_convention_adds_up_to(one: Recording) -> None:
    """Every field, for every provider."""
    assert _read(one, one.usage) == CONVENTIONS[one.dialect][1](one.usage)


@pytest.mark.parametrize("one", _only(lambda one: one.cost is not None))
def test_A02_recorded_answers_cost_what_public_tables_say(one: Recording) -> None:
    """To the digit, at the recording's own rates: tiers, caches, audio and all."""
    usage = _read(one, one.usage)
    assert isinstance(usage, Usage)
    if one.name in BY_ANOTHER_CONVENTION:
        assert usage.service_tier == "flex"
        usage = Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        )
    found = charge(_prices(one), usage)
    assert found.cost is not None
    assert to_decimal(found.cost) == one.cost


def _told_in_stream(one: Recording, dialect: Dialect, cut: Cut) -> bytes | None:
    reader = target(dialect).events()
    for piece in pieces(one, cut):
        reader.feed(piece)
    reader.end()
    return reader.usage


def _conversation(one: Recording) -> bool:
    return (
        one.usage is not None
        and one.is_answer
        and one.dialect not in EMBEDDED
        and one.name not in ANOTHER_SPELLING
    )


@pytest.mark.parametrize("one", _only(lambda one: one.kind == "json" and _conversation(one)))
def test_A02_the_readers_of_whole_answers_hand_the_usage_on(one: Recording) -> None:
    """What is read from the body is what the recording lists."""
    dialect = CONVENTIONS[one.dialect][0]
    assert isinstance(dialect, Dialect)
    answer = target(dialect).read_answer(one.body)
    assert isinstance(answer, Answer)
    assert _read(one, answer.usage) == _read(one, one.usage)


@pytest.mark.parametrize("cut", [Cut.WHOLE, Cut.EVENT])
@pytest.mark.parametrize(
    "one",
    _only(
        lambda one: (
            one.kind in {"sse", "eventstream"}
            and _conversation(one)
            and one.dialect != "bedrock-converse"
            and one.name not in SPLICED
        )
    ),
)
def test_B15_the_readers_of_streams_put_the_usage_together(one: Recording, cut: Cut) -> None:
    """Spread over events or repeated, it is in the end what the recording lists."""
    dialect = CONVENTIONS[one.dialect][0]
    assert isinstance(dialect, Dialect)
    assert _read(one, _told_in_stream(one, dialect, cut)) == _read(one, one.usage)


@pytest.mark.parametrize("one", each("bedrock-invoke-with-response-stream"))
def test_B15_bedrocks_native_streams_are_anthropics_in_another_frame(one: Recording) -> None:
    """The input is told first and the output last; Bedrock's own count of both agrees."""
    told: Told = {}
    counted: Told = {}
    for frame in FrameReader().feed(one.body):
        event = json.loads(base64.b64decode(json.loads(frame.payload)["bytes"]))
        told |= (event.get("message") or {}).get("usage") or {}
        told |= event.get("usage") or {}
        counted |= event.get("amazon-bedrock-invocationMetrics") or {}
    usage = read_usage(Dialect.MESSAGES, told, Endpoint.MESSAGES)
    assert usage == anthropic(told)
    assert isinstance(usage, Usage)
    assert usage.output_tokens == one.usage["output_tokens"] == counted["outputTokenCount"]
    assert usage.input_tokens == counted["inputTokenCount"]
