"""What holds of events and of what is written for clients, whatever the bytes were."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from tollhouse.core.dialect import Dialect
from tollhouse.core.errors import CallerError
from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import (
    ArgumentsDelta,
    Began,
    Cited,
    Ended,
    Event,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.neutral.parts import Image, Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.sse import FrameSplitter, data_of, name_of

_SOUND_ENDS = frozenset({Stop.END, Stop.STOP_SEQUENCE, Stop.TOOLS})
_DONE = b"[DONE]"


class Rules:
    """Sees a stream's events, and fails where they break a rule of ``wire.neutral.events``."""

    def __init__(self) -> None:
        self.words: list[str] = []
        """Text and refusals, without thoughts."""
        self.calls = 0
        self.ended: Ended | None = None
        self._began = False
        self._parts = 0
        self._open: Any = None

    def see(self, events: Iterable[Event]) -> None:
        """The next ones."""
        for event in events:
            assert self.ended is None, "something follows the end"
            assert isinstance(event, Began) is not self._began, "Began comes first and once"
            self._see(event)

    def _see(self, event: Event) -> None:
        match event:
            case Began():
                self._began = True
            case PartBegan():
                self._begin(event)
            case PartEnded():
                assert self._open is not None, "no part is open"
                assert event.index == self._parts - 1, "another part is open"
                self._open = None
            case Ended():
                assert self._open is None, "the end of a part is missing"
                tools = event.stop is Stop.TOOLS
                assert not self.calls or event.stop not in _SOUND_ENDS or tools, "a call is an end"
                self.ended = event
            case _:
                self._inside(event)

    def _begin(self, event: PartBegan) -> None:
        part = event.part
        assert self._open is None, "a part begins before another has ended"
        assert event.index == self._parts, "parts are numbered without gaps"
        assert isinstance(part, Text | Refusal | Reasoning | ToolCall | Image)
        told = getattr(part, "arguments", "") or getattr(part, "text", "")
        assert not told, "a part begins empty"
        assert not isinstance(part, ToolCall) or part.name, "a call without a name"
        assert not isinstance(part, ToolCall) or part.signature != "", "a signature is empty"
        self._parts += 1
        self.calls += isinstance(part, ToolCall)
        self._open = part

    def _inside(self, event: Event) -> None:
        match event:
            case TextDelta():
                assert isinstance(self._open, Text | Refusal), "words outside of a text"
                assert event.text, "a delta is empty"
                self.words.append(event.text)
            case ReasoningDelta():
                assert isinstance(self._open, Reasoning), "thoughts outside of a thought"
                assert event.text, "a delta is empty"
            case ArgumentsDelta():
                assert isinstance(self._open, ToolCall), "arguments outside of a call"
                assert event.json, "a delta is empty"
            case Signed():
                assert isinstance(self._open, Reasoning | ToolCall), "nothing to be signed"
                assert not self._open.signature, "a call that began with its signature"
                assert event.signature, "a signature is empty"
            case Cited():
                assert isinstance(self._open, Text), "no text to be cited for"


def said(refused: CallerError, *, by_writer: bool = False) -> None:
    """A refusal can be told; a writer refuses only what its target cannot say, and what is deep."""
    assert refused.message
    msgspec.json.encode([refused.message, refused.param])
    assert not by_writer or isinstance(refused, Unsupported) or "deep" in refused.message


def sound_json(written: bytes) -> Any:
    """What was written, which has to be strict JSON in UTF-8."""
    try:
        return json.loads(written.decode(), parse_constant=_no_number, parse_int=float)
    except RecursionError:
        return None  # as deep as it came


def _no_number(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def sound_stream(client: Dialect, written: bytes, *, whole: bool) -> list[Any]:
    """The events that a client gets, which have to be framed, named and numbered well."""
    splitter = FrameSplitter()
    frames = splitter.feed(written)
    assert not splitter.rest(), "an event has no end"
    told = [(name_of(frame), data_of(frame) or b"") for frame in frames]
    if client is Dialect.CHAT and whole:
        assert told.pop()[1] == _DONE, "a whole stream says that it is done"
    events = [sound_json(data) for _, data in told]
    if client is not Dialect.CHAT:
        assert [event["type"].encode() for event in events] == [name for name, _ in told]
    if client is Dialect.RESPONSES:
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
    if client is Dialect.MESSAGES:
        _blocks(events, whole=whole)
    return events


def _blocks(events: list[Any], *, whole: bool) -> None:
    """One block is open at a time, and its deltas are of it."""
    opened, number = None, 0
    for event in events:
        match event["type"]:
            case "content_block_start":
                assert opened is None, "two blocks are open"
                assert event["index"] == number, "blocks are numbered without gaps"
                opened, number = event["index"], number + 1
            case "content_block_delta":
                assert event["index"] == opened, "a delta outside of its block"
            case "content_block_stop":
                assert event["index"] == opened, "another block is open"
                opened = None
    if whole:
        assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"]
        assert opened is None, "the end of a block is missing"
