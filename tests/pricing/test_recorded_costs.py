"""Recorded answers of real providers cost what independent price tables and invoices say."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pricing.tables import Prices, table
from tollhouse.core.money import from_decimal, to_decimal, to_rate
from tollhouse.core.needs import Endpoint
from tollhouse.core.prices import PriceClass, PriceTable, PriceTier
from tollhouse.core.usage import Unusable, Usage
from tollhouse.pricing.charge import charge
from tollhouse.pricing.written import write_usage
from tollhouse.wire.usage.openai import read_usage

RECORDED = Path(__file__).parents[3] / "shared" / "recorded"
ENDPOINTS = {
    "openai-chat": Endpoint.CHAT,
    "openai-responses": Endpoint.RESPONSES,
    "embeddings": Endpoint.EMBEDDINGS,
}
# USD per million tokens as xAI's price list had them when these were recorded.
XAI: dict[str, Prices] = {
    "grok-4-fast": {"input": "0.2", "cached_input": "0.05", "output": "0.5"},
    "grok-code-fast-1": {"input": "0.2", "cached_input": "0.02", "output": "1.5"},
}
# More reasoning than output by the provider's own figures, which no total explains.
CONTRADICTORY = {"rec_c21757a7cc": 0, "rec_66640ddd78": 1_409_000, "rec_d11281a682": 702_000}
_CLASSES = {
    "input_cost_per_token": PriceClass.INPUT,
    "output_cost_per_token": PriceClass.OUTPUT,
    "cache_read_input_token_cost": PriceClass.CACHED_INPUT,
    "cache_creation_input_token_cost": PriceClass.CACHE_WRITE,
}
_ABOVE = re.compile(r"(?P<name>.+)_above_(?P<thousands>\d+)k_tokens")

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="recorded provider traffic is not beside this checkout"
)

Recording = dict[str, Any]


def recordings() -> list[Recording]:
    """Every recording of OpenAI's dialects, numbers exact."""
    if not RECORDED.is_dir():
        return []
    return [
        json.loads(path.read_text(), parse_float=Decimal)
        for dialect in ENDPOINTS
        for path in sorted((RECORDED / dialect).glob("*.json"))
    ]


ALL = recordings()
WITH_USAGE = [
    found
    for found in ALL
    if "total_tokens" in (found["usage"] or {}) and found["id"] not in CONTRADICTORY
]
PRICED = [found for found in ALL if found["cost_usd"] is not None]
BILLED = [found for found in ALL if found["billed_usd"] is not None]


def each(found: list[Recording]) -> pytest.MarkDecorator:
    """One test per recording."""
    return pytest.mark.parametrize("recording", found, ids=lambda recording: recording["id"])


def told_in(recording: Recording) -> bytes | None:
    """The usage that the answer ends with, as the provider wrote it."""
    told = None
    for event in _events(recording):
        holder = event
        if isinstance(nested := event.get("response"), msgspec.Raw) and nested != b"null":
            holder = msgspec.json.decode(nested, type=dict[str, msgspec.Raw])
        if bytes(holder.get("usage", b"null")) != b"null":
            told = bytes(holder["usage"])
    return told


def _events(recording: Recording) -> Iterator[dict[str, msgspec.Raw]]:
    text = recording["response"]["text"].encode()
    pieces = [text]
    if recording["kind"] == "sse":
        pieces = [line[5:].strip() for line in text.split(b"\n") if line.startswith(b"data:")]
    for piece in pieces:
        with suppress(msgspec.DecodeError):  # plain text, [DONE], and one fixture's broken frames
            yield msgspec.json.decode(piece, type=dict[str, msgspec.Raw])


def usage_of(recording: Recording) -> Usage:
    """What we read from the answer's bytes, streamed or not."""
    told = told_in(recording)
    assert told is not None
    usage = read_usage(told, ENDPOINTS[recording["dialect"]])
    assert isinstance(usage, Usage)
    return usage


def price_table(recording: Recording) -> PriceTable:
    """The recording's rates per token, with those above a bound as a tier."""
    rates: dict[PriceClass, int] = {}
    tiers: dict[int, dict[PriceClass, int]] = {}
    for name, price in recording["prices_per_token"].items():
        above = _ABOVE.fullmatch(name)
        kind = _CLASSES.get(above["name"] if above else name)
        if kind is not None:
            into = tiers.setdefault(int(above["thousands"]) * 1000, {}) if above else rates
            into[kind] = to_rate(Decimal(price))
    return PriceTable(
        rates=rates, tiers=tuple(PriceTier(bound, tiers[bound]) for bound in sorted(tiers))
    )


@each(WITH_USAGE)
def test_recorded_usage_is_read_as_reported(recording: Recording) -> None:
    """Input, output, cached and reasoning counts are those that the recording lists."""
    told = recording["usage"]
    usage = usage_of(recording)
    entered = told.get("prompt_tokens", told.get("input_tokens", told["total_tokens"]))
    left = told.get("completion_tokens", told.get("output_tokens", 0))
    ins = told.get("prompt_tokens_details") or told.get("input_tokens_details") or {}
    outs = told.get("completion_tokens_details") or told.get("output_tokens_details") or {}
    assert usage.input_tokens == entered
    assert usage.total_tokens == told["total_tokens"]
    assert usage.output_tokens in {left, left + outs.get("reasoning_tokens", 0)}
    assert usage.reasoning_tokens == outs.get("reasoning_tokens", 0)
    cached = ins.get("cached_tokens") or told.get("cached_tokens") or told.get("num_cached_tokens")
    assert usage.cached_input_tokens == (cached or 0)


@each(PRICED)
def test_A02_recorded_answers_cost_the_same_to_the_digit(recording: Recording) -> None:
    """Streamed or not, the cost is the one that two independent price tables agree on."""
    found = charge(price_table(recording), usage_of(recording))
    assert found.cost is not None
    assert to_decimal(found.cost) == Decimal(recording["cost_usd"])


@each(BILLED)
def test_A19_recorded_bills_are_taken_exactly(recording: Recording) -> None:
    """What the provider billed is read to ten decimals, and is the cost where we ask for that."""
    found = charge(table({}, from_upstream=True), usage_of(recording))
    assert found.cost == from_decimal(Decimal(recording["billed_usd"]))


@each([found for found in BILLED if found["model"] in XAI and found["host"] == "api.x.ai"])
def test_A05_reasoning_told_outside_is_priced_as_it_was_billed(recording: Recording) -> None:
    """XAI's usage at xAI's prices costs what xAI billed, reasoning included once."""
    usage = usage_of(recording)
    assert charge(table(XAI[recording["model"]]), usage).cost == usage.upstream_cost


@each([found for found in ALL if found["id"] in CONTRADICTORY])
def test_A07_recorded_contradictions_have_no_cost_of_ours(recording: Recording) -> None:
    """Real hosts tell more reasoning than output; only what they billed can be taken then."""
    told = told_in(recording)
    usage = read_usage(told, Endpoint.CHAT)
    assert usage == Unusable(
        "reasoning tokens are more than the output", CONTRADICTORY[recording["id"]]
    )
    assert charge(table({"input": "1", "output": "2"}), usage).cost is None
    assert charge(table({}, from_upstream=True), usage).cost == CONTRADICTORY[recording["id"]]


@each(ALL)
def test_every_recorded_answer_is_read_priced_and_completed(recording: Recording) -> None:
    """Whatever an answer holds, it comes out as an object with a cost."""
    endpoint = ENDPOINTS[recording["dialect"]]
    told = told_in(recording)
    usage = None if told is None else read_usage(told, endpoint)
    found = charge(table({"input": "1", "output": "2"}), usage)
    sound = None if isinstance(usage, Unusable) else usage
    written = json.loads(write_usage(told, sound, found, endpoint))
    assert (written["cost"] is None) == (found.cost is None)
    assert isinstance(written["cost_details"], dict)
