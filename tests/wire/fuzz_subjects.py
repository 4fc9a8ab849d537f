"""Every reader of the house with what may be given to it, and what must come of it.

A subject takes bytes and dice, reads the one as the other says, and fails by an exception. Only
what a reader declares may be raised: of a client's body a 400, of a provider's bytes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeVar

import msgspec

from tollhouse.core.dialect import Dialect
from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire import tongues
from tollhouse.wire.anthropic.asked import read_asked
from tollhouse.wire.anthropic.body import body_for_hop
from tollhouse.wire.chat.foreign import without_foreign
from tollhouse.wire.converse.count import write_count
from tollhouse.wire.gemini.count import write_count_request
from tollhouse.wire.json_object import Fields, read_request, write_value
from tollhouse.wire.neutral.answer import Answer, NotAnAnswer, Stop
from tollhouse.wire.neutral.conversation import Conversation
from tollhouse.wire.neutral.events import Event
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.openai.at_once import read_at_once
from tollhouse.wire.openai.request import body_for_hop as openai_body
from tollhouse.wire.openai.request import read_json
from tollhouse.wire.translated_stream import TranslatedStream
from tollhouse.wire.unwrapped_stream import UnwrappedStream
from tollhouse.wire.usage.table import Kind, read_usage
from wire.fuzz_rules import Rules, said, sound_json, sound_stream
from wire.fuzzing import cut

CLIENTS = (Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES)
ENDPOINTS = {
    Dialect.CHAT: Endpoint.CHAT,
    Dialect.RESPONSES: Endpoint.RESPONSES,
    Dialect.MESSAGES: Endpoint.MESSAGES,
}
USAGE = b'{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.5}'
_ROOM = 20
"""Calls; what is written for a client stands a few levels deeper than what was read."""
_Result = TypeVar("_Result")
_HEADING = Heading("0b1f", "acme/large", 1760000000)
_MODELS: dict[Dialect, tuple[str, ...]] = {
    Dialect.CHAT: (
        "llama-4",
        "gpt-5.1",
        "o3-mini",
        "gpt-4o",
        "deepseek-chat",
        *("google/gemini-2.5-pro", "anthropic/claude-sonnet-4.5", "openai/gpt-5.2", "kimi-k2"),
        *("mistral-large-latest",),
        "gemini-2.5-pro",
    ),
    Dialect.RESPONSES: ("gpt-5.1", "o3", "gpt-4o"),
    Dialect.MESSAGES: (
        *("claude-2.1", "claude-opus-4-5", "claude-fable-6"),
        "claude-3-haiku",
        "claude-3-7-sonnet",
        "claude-opus-4-1",
        "claude-sonnet-4-6",
    ),
    Dialect.CONVERSE: (
        *("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.amazon.nova-pro-v1:0"),
        *("us.meta.llama4-maverick-17b-instruct-v1:0", "openai.gpt-oss-120b-1:0"),
        *("us.deepseek.r1-v1:0", "mistral.mistral-large-2407-v1:0", "qwen.qwen3-32b-v1:0"),
        *("anthropic.claude-opus-4-6-v1", "us.amazon.nova-2-lite-v1:0", "arn:aws:bedrock:x:1:p/y"),
    ),
    Dialect.GEMINI: (
        "gemini-2.5-flash",
        "gemini-3-pro-preview",
        "gemini-2.0-flash",
        "gemma-3",
        "gemini-2.5-pro",
        "gemini-2.5-flash-lite",
        "gemini-2.5-flash-image",
    ),
}


# --- What clients ask ---


def conversation(client: Dialect, body: bytes, dice: Random) -> None:
    """A body is read, or refused; what is read can be written for every target, or is refused."""
    try:
        fields = read_request(body)
        _facts(client, body, fields, dice)
        asked = tongues.client(client).read_conversation(fields)
    except CallerError as refused:
        said(refused)
        return
    assert isinstance(asked, Conversation)
    for target in Dialect:
        _asked_of(target, asked, dice)


def _asked_of(target: Dialect, asked: Conversation, dice: Random) -> None:
    model = dice.choice(_MODELS[target])
    more: dict[str, Any] = {}
    if target is Dialect.GEMINI:
        more["vertex"] = dice.random() < 0.3
    elif target is Dialect.MESSAGES:
        more["default_max_tokens"] = dice.choice((None, 4096))
    elif target is Dialect.CHAT:
        more["stream_usage"] = dice.random() < 0.8
    losses = Losses(allowed=dice.random() < 0.9)
    try:
        body = tongues.target(target).write_request(asked, model, losses, **more)
        if target is Dialect.CONVERSE:
            write_count(asked, model, Losses(allowed=True))
        elif target is Dialect.GEMINI:
            write_count_request(asked, model, Losses(allowed=True), **more)
        written = write_value(body)
    except CallerError as refused:
        said(refused, by_writer=True)
    else:
        sound_json(written)
    assert all(param.isprintable() or param for param in losses.dropped)


def _facts(client: Dialect, body: bytes, fields: Fields, dice: Random) -> None:
    """What the gate asks of a body, and the body as a provider of the same dialect gets it."""
    params = {"temperature": b"1"}
    if client is Dialect.MESSAGES:
        read_asked(fields, Endpoint.MESSAGES, counting=dice.random() < 0.3)
        cloud = dice.random() < 0.5
        sent = body_for_hop(
            fields,
            upstream_model="x",
            params=params,
            system_prompt=dice.choice((None, "Be kind.")),
            model_in_body=cloud,
            anthropic_version=None if cloud else "v",
        )
    else:
        if client is Dialect.CHAT and "messages" in fields:
            sound_json(bytes(without_foreign(fields["messages"])))
        endpoint = ENDPOINTS[client]
        asked = read_json(fields, endpoint)
        at_once = read_at_once(body, fields, endpoint)
        assert at_once is None or at_once == asked, "two readers of one body disagree"
        sent = openai_body(
            fields,
            asked,
            upstream_model="x",
            params=params,
            system_prompt=dice.choice((None, "Be kind.")),
            stream_usage=dice.random() < 0.5,
        )
    sound_json(sent)


# --- What providers answer ---


def answer(provider: Dialect, body: bytes, dice: Random) -> None:
    """A whole answer is one or is none; what is one can be written for every client."""
    called = (dice.choice(_MODELS[provider]),) if provider is Dialect.CONVERSE else ()
    read: Callable[..., Answer | NotAnAnswer] = tongues.target(provider).read_answer
    told = _below(_ROOM, lambda: read(body, *called))
    if isinstance(told, NotAnAnswer):
        assert told.reason
        assert told.error is None or type(told.error) is bytes
        return
    assert isinstance(told, Answer)
    believed(provider, told.usage, told.service_tier)
    for client in CLIENTS:
        written = tongues.client(client).write_answer(told, _HEADING, USAGE)
        sound_json(written)
        again = tongues.target(client).read_answer(written)
        assert isinstance(again, Answer) or _is_none(client, told.stop), (
            f"{client} cannot read what was written for it"
        )


def _below(frames: int, work: Callable[[], _Result]) -> _Result:
    """Do it so many calls down: what may be nested how deeply depends on the stack that is left."""
    return work() if frames == 0 else _below(frames - 1, work)


def _is_none(client: Dialect, stop: Stop) -> bool:
    """Whether an answer is none in a dialect: in responses one can have failed."""
    return client is Dialect.RESPONSES and stop is Stop.FAILED


def believed(spelling: Dialect | Kind, told: bytes | None, tier: str | None = None) -> None:
    """A usage is believed or not, and adds up."""
    if told is None:
        return
    assert type(told) is bytes
    usage = read_usage(spelling, told, Endpoint.CHAT, service_tier=tier)
    if isinstance(usage, Unusable):
        msgspec.json.encode(usage.reason)
        return
    assert isinstance(usage, Usage)
    assert 0 <= usage.cached_input_tokens <= usage.input_tokens
    assert 0 <= usage.reasoning_tokens <= usage.output_tokens
    msgspec.json.encode(usage)


@dataclass
class _Heard:
    """What a reader made of a stream."""

    events: list[Event]
    error: bytes | None
    malformed: bool
    ended: bool
    content_bytes: int
    rules: Rules


def _hear(make: Callable[[], Any], pieces: Iterable[bytes], spelling: Dialect) -> _Heard:
    reader, rules = make(), Rules()
    events: list[Event] = []
    over = False
    for piece in [*pieces, None]:
        told = reader.end() if piece is None else reader.feed(piece)
        assert not (over and told), "something was given after the stream was over"
        rules.see(told)
        events += told
        over = reader.ended or reader.malformed or reader.error is not None
        assert reader.ended is (rules.ended is not None), "ended is not what the events say"
    assert reader.error is None or type(reader.error) is bytes
    assert reader.service_tier is None or type(reader.service_tier) is str
    assert not (reader.ended and (reader.malformed or reader.error is not None))
    assert reader.content_bytes >= 0
    believed(spelling, reader.usage, reader.service_tier)
    return _Heard(events, reader.error, reader.malformed, reader.ended, reader.content_bytes, rules)


def events(provider: Dialect, data: bytes, dice: Random) -> None:
    """A stream obeys the rules however it arrives, and can be written for every client."""
    called = (dice.choice(_MODELS[provider]),) if provider is Dialect.CONVERSE else ()
    make = partial(tongues.target(provider).events, *called)
    pieces = cut(dice, data)
    heard = _hear(make, pieces, provider)
    at_once = _hear(make, [data], provider)
    assert heard.events == at_once.events, "it matters how the bytes arrive"
    assert (heard.error, heard.malformed) == (at_once.error, at_once.malformed)
    for client in CLIENTS:
        _translated(make(), client, pieces, heard, dice)


def heard(provider: Dialect, data: bytes, dice: Random) -> None:
    """A stream obeys the rules."""
    _hear(tongues.target(provider).events, cut(dice, data), provider)


def _translated(
    reader: Any, client: Dialect, pieces: Sequence[bytes], heard: _Heard, dice: Random
) -> None:
    heading = msgspec.structs.replace(_HEADING, asked_usage=dice.random() < 0.5)
    priced: list[bytes | None] = []

    def complete(told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
        del tier, content_bytes
        priced.append(told)
        return USAGE

    stream = TranslatedStream(reader, tongues.client(client).writer(heading), complete=complete)
    written = b"".join([*map(stream.feed, pieces), stream.end()])
    assert stream.finished is heard.ended
    assert len(priced) == int(heard.ended), "an answer is priced once"
    sound_stream(client, written, whole=heard.ended)
    if heard.ended:
        if heard.rules.ended is None or _is_none(client, heard.rules.ended.stop):
            return
        again = _hear(tongues.target(client).events, [written], client)
        assert again.ended, f"{client} cannot read what was written for it"
        words = "".join(heard.rules.words)
        assert "".join(again.rules.words) == words, "words were lost on the way"
        assert again.rules.calls == heard.rules.calls, "calls were lost on the way"


def unwrapped(data: bytes, dice: Random) -> None:
    """Anthropic's events out of Bedrock's frames, written for another dialect's client."""
    priced: list[bytes | None] = []

    def complete(told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
        del tier, content_bytes
        priced.append(told)
        return USAGE

    client = dice.choice(CLIENTS)
    reader = tongues.target(Dialect.MESSAGES).events()
    inner = TranslatedStream(reader, tongues.client(client).writer(_HEADING), complete=complete)
    stream = UnwrappedStream(inner)
    written = b"".join([*map(stream.feed, cut(dice, data)), stream.end()])
    assert len(priced) == int(stream.finished), "an answer is priced once"
    sound_stream(client, written, whole=stream.finished)
