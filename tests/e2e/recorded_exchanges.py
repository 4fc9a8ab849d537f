"""Every recorded exchange once more, through a running gateway, to a provider that replays it.

The client is one of the recording's own dialect where the gateway speaks it, and sends what was
sent then; Bedrock's and Google's recordings are met by clients of another dialect, with a question
of our own.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from fakes.gateway import RunningGateway, model
from fakes.recorded import FOLDER, Recording, recordings
from fakes.replay import ReplayUpstream
from tollhouse.core.record import Record

Body = dict[str, Any]

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
COUNT, EMBEDDINGS = "/v1/messages/count_tokens", "/v1/embeddings"
CONVERSED = (
    *("openai-chat", "openai-responses", "anthropic-messages", "vertex-anthropic"),
    *("bedrock-invoke", "bedrock-invoke-with-response-stream"),
    *("bedrock-converse", "bedrock-converse-stream", "gemini-generate", "gemini-stream"),
)
COUNTED, EMBEDDED = ("count-tokens", "bedrock-count-tokens"), ("embeddings", "gemini-embed")
_KEY = "sk-of-the-provider-0123456789"
_HELLO = [{"role": "user", "content": "Hello"}]
_CLAUDE = "anthropic_version"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Way(NamedTuple):
    """How a recording is asked for."""

    path: str
    provider: str
    named: str = "{}"
    """What the provider calls it: the name of the recording, in words that say whose it is."""
    own: bool = False
    """Whether client and provider speak one dialect, so that bytes go through."""


_WAYS: Mapping[str, Way] = {
    "openai-chat": Way(CHAT, "openai", own=True),
    "openai-responses": Way(RESPONSES, "openai", own=True),
    "anthropic-messages": Way(MESSAGES, "anthropic", own=True),
    "vertex-anthropic": Way(MESSAGES, "vertex", "claude-{}", own=True),
    "bedrock-invoke": Way(MESSAGES, "invoke", "anthropic.claude-{}", own=True),
    "bedrock-invoke-with-response-stream": Way(MESSAGES, "invoke", "anthropic.claude-{}", own=True),
    "bedrock-converse": Way(CHAT, "converse"),
    "bedrock-converse-stream": Way(CHAT, "converse"),
    "gemini-generate": Way(CHAT, "gemini"),
    "gemini-stream": Way(CHAT, "gemini"),
    "bedrock-count-tokens": Way(COUNT, "converse"),
    "embeddings": Way(EMBEDDINGS, "openai", own=True),
    "gemini-embed": Way(EMBEDDINGS, "gemini"),
}


class Exchange(NamedTuple):
    """What one recording came to."""

    recording: Recording
    way: Way
    asked: bytes
    sent: bytes | None
    """What reached the provider, if anything did."""
    answer: httpx.Response
    record: Record | None


def way_of(one: Recording) -> Way:
    """How a recording is asked for."""
    if one.dialect == "count-tokens":
        return Way(COUNT, "anthropic", own=True) if _is_anthropics(one) else Way(COUNT, "gemini")
    if one.dialect == "bedrock-invoke" and _CLAUDE not in one.request:
        family = one.path.split("/")[2].partition("/")[0]
        return Way(EMBEDDINGS, "invoke", f"{family}-{{}}")
    if one.host == "api.cohere.com":
        return Way(EMBEDDINGS, "cohere")
    return _WAYS[one.dialect]


def _is_anthropics(one: Recording) -> bool:
    return one.host == "api.anthropic.com"


def asked_for(one: Recording, way: Way) -> Body:
    """What the client sends."""
    if way.own:
        asked = {name: value for name, value in one.request.items() if name != _CLAUDE}
        if one.kind == "eventstream" or (one.kind == "sse" and _CLAUDE in one.request):
            asked["stream"] = True
        return asked | {"model": one.name}
    asked = {"model": one.name}
    if way.path == EMBEDDINGS:
        parts = one.request.get("requests") or one.request.get("texts") or ["Hello"]
        return asked | {"input": [f"text {number}" for number, _ in enumerate(parts)]}
    asked |= {"messages": _HELLO}
    return asked if one.kind == "json" else asked | {"stream": True}


def asked_again() -> list[Recording]:
    """The recordings whose request was kept."""
    folders = (*CONVERSED, *COUNTED, *EMBEDDED)
    return [one for folder in folders for one in recordings(folder) if one.status is not None]


def have_recordings() -> bool:
    """Whether they lie beside this checkout."""
    return FOLDER.is_dir()


@asynccontextmanager
async def exchanged(folder: Path) -> AsyncIterator[Mapping[str, Exchange]]:
    """All of them by name, each asked for once."""
    ones = asked_again()
    ways = {one.name: way_of(one) for one in ones}
    async with ReplayUpstream() as up:
        models = [_model(one, ways[one.name]) for one in ones]
        async with RunningGateway(
            folder,
            providers=_providers(up),
            models=models,
            failover={"retries": 0, "max_attempts": 1},
        ) as gw:
            made = [await _exchange(gw, up, one, ways[one.name]) for one in ones]
            records = {record.request_id: record for record in await gw.records()}
            yield {
                one.recording.name: one._replace(record=records.get(one.recording.name))
                for one in made
            }


async def _exchange(gw: RunningGateway, up: ReplayUpstream, one: Recording, way: Way) -> Exchange:
    before = len(up.calls)
    body = _encode(asked_for(one, way))
    headers = {"content-type": "application/json", "x-request-id": one.name}
    answer = await gw.client.post(way.path, content=body, headers=headers)
    sent = up.calls[-1].body if len(up.calls) > before else None
    return Exchange(one, way, body, sent, answer, None)


def _model(one: Recording, way: Way) -> Body:
    upstream = way.named.format(one.name)
    kind = "embeddings" if way.path == EMBEDDINGS else "completion"
    prices = {"pricing": None} if kind == "embeddings" else {}
    return model(one.name, way.provider, upstream_model=upstream, type=kind, **prices)


def _providers(up: ReplayUpstream) -> Mapping[str, Mapping[str, str]]:
    bedrock = {"protocol": "bedrock", "region": "eu-central-1"}
    told = {
        "openai": {"protocol": "openai", "base_url": up.url},
        "anthropic": {"protocol": "anthropic"},
        "vertex": {"protocol": "vertex", "project": "p", "location": "global"},
        "invoke": {**bedrock, "api": "invoke"},
        "converse": {**bedrock, "api": "converse"},
        "gemini": {"protocol": "gemini"},
        "cohere": {"protocol": "cohere"},
    }
    usual = {"base_url": up.origin, "api_key": _KEY}
    return {name: {**usual, **settings} for name, settings in told.items()}
