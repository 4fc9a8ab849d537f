"""One gateway before every kind of provider, all of them one fake, and what each of them says.

A test names a place (who is asked, in which dialect) and what the model does there; the fake says
it as that provider would, whole or streamed as it is asked.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from fakes import anthropic_answers, bedrock_answers, gemini_answers
from fakes.answers import error as openai_error
from fakes.anthropic_answers import Message
from fakes.bedrock_answers import chunks, converse, converse_stream
from fakes.gateway import PRICING, RunningGateway
from fakes.gemini_answers import FunctionCall, Gemini
from fakes.http_server import Behaviour, Call, Step
from fakes.openai_answers import Chat, ToolCall
from fakes.responses_items import CIPHER, Items
from fakes.upstream import FakeUpstream, played

HELLO = "Hello there, how can I help?"
SIGNATURES = {
    "anthropic": anthropic_answers.SIGNATURE,
    "invoke": anthropic_answers.SIGNATURE,
    "converse": anthropic_answers.SIGNATURE,
    "vertex-claude": anthropic_answers.SIGNATURE,
    "gemini": gemini_answers.SIGNATURE,
    "vertex": gemini_answers.SIGNATURE,
    "responses": CIPHER,
}
"""With what each place signs its thoughts; chat signs nothing."""
_SONNET = "claude-sonnet-4-5"
_ON_BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PLACES: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "anthropic": ("anthropic", _SONNET, {}),
    "openai": ("openai", "gpt-5", {"api": "chat"}),
    "responses": ("openai", "gpt-5", {"api": "responses"}),
    "converse": ("bedrock", _ON_BEDROCK, {"api": "converse"}),
    "invoke": ("bedrock", _ON_BEDROCK, {"api": "invoke"}),
    "gemini": ("gemini", "gemini-2.5-flash", {}),
    "vertex": ("vertex", "gemini-3-flash-preview", {}),
    "vertex-claude": ("vertex", f"{_SONNET}@20250929", {}),
    "cohere": ("cohere", "embed-v4.0", {}),
}
"""The provider, the model's name there, and which of its interfaces is used."""
CLAUDES = ("anthropic", "invoke", "converse", "vertex-claude")
TALKING = tuple(place for place in PLACES if place != "cohere")


@dataclass(frozen=True, slots=True)
class Said:
    """What a model does in one turn."""

    text: str | None = HELLO
    calls: Sequence[ToolCall] = ()
    thought: str | None = None
    signed: bool = True


@dataclass(slots=True)
class Vendors:
    """The gateway, the fake, and short ways to say what a test does with them."""

    up: FakeUpstream
    gw: RunningGateway
    _numbers: Iterator[int]

    async def model(self, place: str, *said: Said | Behaviour, **fields: Any) -> str:
        """A new model at a place whose next turns are these; returns its id."""
        provider, name, config = PLACES[place]
        model_id = f"{place}-{next(self._numbers)}"
        config = {**config, **fields.pop("provider_config", {})}
        document = {
            "model_id": model_id,
            "type": "completion",
            "provider": provider,
            "upstream_model": name,
            "pricing": PRICING,
            "provider_config": config,
            **fields,
        }
        made = await self.gw.admin.post("/v1/models", json=document)
        assert made.status_code == 201, made.text
        self.plays(place, *said)
        return model_id

    def plays(self, place: str, *said: Said | Behaviour) -> None:
        """From now on, the provider says this; what it was asked before is forgotten."""
        turns = [speaking(place, one) if isinstance(one, Said) else one for one in said]
        self.up.script(*turns)
        self.up.calls.clear()

    @property
    def asked(self) -> list[Call]:
        """What the provider was asked since it was told what to say."""
        return self.up.calls

    @property
    def sent(self) -> Any:
        """The body of the last request."""
        return self.up.calls[-1].json


@asynccontextmanager
async def every_vendor(folder: Path) -> AsyncIterator[Vendors]:
    """A gateway with a provider of every protocol."""
    async with FakeUpstream() as up:
        cloud = {"base_url": up.origin, "api_key": "k" * 24}
        providers = {
            "openai": {"protocol": "openai", "base_url": up.url},
            "anthropic": {"protocol": "anthropic", "base_url": up.origin},
            "bedrock": {"protocol": "bedrock", "region": "eu-central-1", **cloud},
            "gemini": {"protocol": "gemini", **cloud},
            "vertex": {"protocol": "vertex", "project": "p", "location": "global", **cloud},
            "cohere": {"protocol": "cohere", **cloud},
        }
        quick = {"retries": 0}
        async with RunningGateway(folder, providers=providers, models=[], failover=quick) as gw:
            yield Vendors(up, gw, count(1))


# --- What providers say ---


def speaking(place: str, said: Said) -> Behaviour:
    """A turn of a model, as the provider of a place says it."""
    if place in {"anthropic", "vertex-claude", "invoke"}:
        message = Message(said.text, tools=said.calls, thinking=said.thought)
        return _invoked(message) if place == "invoke" else message
    if place == "converse":
        return _conversing(said)
    if place == "responses":
        return Items(said.text, said.thought, said.calls)
    if place in {"gemini", "vertex"}:
        return _generating(said)
    return Chat(said.text, tools=said.calls, reasoning=said.thought)


def _invoked(message: Message) -> Behaviour:
    def answer(call: Call) -> Iterator[Step]:
        streams = call.path.endswith("-stream")
        made = played(chunks(message.events("claude"))) if streams else message
        return iter(made(call))

    return answer


def _conversing(said: Said) -> Behaviour:
    content: list[dict[str, Any]] = []
    if said.thought is not None:
        thought = {"text": said.thought, "signature": SIGNATURES["converse"]}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if said.text is not None:
        content.append({"text": said.text})
    for call in said.calls:
        told = {"toolUseId": call.id, "name": call.name, "input": json.loads(call.arguments)}
        content.append({"toolUse": told})
    stop = "tool_use" if said.calls else "end_turn"

    def answer(call: Call) -> Iterator[Step]:
        made = converse_stream if call.path.endswith("-stream") else converse
        return iter(played(made(*content, stop=stop))(call))

    return answer


def _generating(said: Said) -> Gemini:
    """Google signs the first call, or else the text."""
    signature = SIGNATURES["gemini"] if said.thought is not None else None
    calls = [
        FunctionCall(one.name, json.loads(one.arguments), one.id, None if index else signature)
        for index, one in enumerate(said.calls)
    ]
    thoughts = said.thought or ""
    text_signature = None if calls else signature
    return Gemini(said.text or "", thoughts=thoughts, calls=calls, signature=text_signature)


_KINDS = {
    400: ("invalid_request_error", "ValidationException", "INVALID_ARGUMENT"),
    401: ("authentication_error", "UnrecognizedClientException", "UNAUTHENTICATED"),
    404: ("not_found_error", "ResourceNotFoundException", "NOT_FOUND"),
    429: ("rate_limit_error", "ThrottlingException", "RESOURCE_EXHAUSTED"),
    500: ("api_error", "InternalServerException", "INTERNAL"),
    503: ("overloaded_error", "ServiceUnavailableException", "UNAVAILABLE"),
}


def failing(place: str, status: int, message: str = "the provider says no") -> Behaviour:
    """An error in the shape of a place's provider."""
    anthropic, amazon, google = _KINDS[status]
    if place in {"anthropic", "vertex-claude"}:
        return anthropic_answers.error(status, anthropic, message)
    if place in {"converse", "invoke"}:
        return played(bedrock_answers.error(status, amazon, message))
    if place in {"gemini", "vertex"}:
        return gemini_answers.google_error(status, google, message)
    return openai_error(status, message)
