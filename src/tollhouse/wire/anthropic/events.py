"""Anthropic's streams in neutral form.

API reference: docs.claude.com/en/build-with-claude/streaming. Events of kinds that are new to us
are skipped; blocks of Anthropic's own tools too, as in whole answers.
"""

import msgspec

from ...core.dialect import Vendor
from ..json_object import NOT_JSON, raw
from ..neutral.answer import named
from ..neutral.events import (
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
from ..neutral.parts import Reasoning, Refusal, Text, ToolCall
from ..sse import FrameSplitter, FrameTooLarge, data_of, name_of
from .answer import (
    Block,
    explained,
    input_of,
    read_block,
    read_citation,
    tier_in,
)
from .blocks import read_citations
from .shapes import NOTHING
from .stops import read_stop

_KNOWN = frozenset(
    {
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop", "error"),
    }
)
_NOT_TOLD = frozenset({b"null", b""})
_DONE = b"[DONE]"
_MOST_FIELDS = 64
"""Of a usage; it is written anew with each event that tells some, and nobody tells as many."""


class _Delta(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: msgspec.Raw = NOTHING
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = NOTHING


class _MessageStart(msgspec.Struct, gc=False):
    id: str | None = None
    usage: msgspec.Raw = NOTHING


class _Told(msgspec.Struct, gc=False):
    type: str | None = None
    index: int | None = None
    delta: _Delta | None = None
    content_block: msgspec.Raw = NOTHING
    message: _MessageStart | None = None
    usage: msgspec.Raw = NOTHING
    error: msgspec.Raw = NOTHING


class _Kind(msgspec.Struct, gc=False):
    type: str | None = None


_told = msgspec.json.Decoder(_Told)
_kind = msgspec.json.Decoder(_Kind)
_counts = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)


class UsageMerged:
    """The usage of a stream, told in several events: a field that comes later wins (B15)."""

    __slots__ = ("_fields", "told")

    def __init__(self) -> None:
        self._fields: dict[str, msgspec.Raw] = {}
        self.told: bytes | None = None

    def add(self, usage: msgspec.Raw) -> None:
        """Take over the fields that are told; one that is null is not."""
        try:
            fields = _counts.decode(usage)
        except NOT_JSON:
            return
        for name, value in (fields or {}).items():
            known = name in self._fields or len(self._fields) < _MOST_FIELDS
            if known and bytes(value) not in _NOT_TOLD:
                self._fields[name] = value
        if self._fields:
            self.told = msgspec.json.encode(self._fields)


class EventReader:
    """Reads one provider's stream; see ``wire.neutral.events`` for what holds of the events."""

    def __init__(self) -> None:
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.ended = False
        self._splitter = FrameSplitter()
        self._merged = UsageMerged()
        self._began = False
        self._id: str | None = None
        """The message's; another message in the same stream is a second try of some host's."""
        self._next = 0
        self._open: int | None = None
        """The provider's index of the open block."""
        self._part: str | None = None
        """The kind of the open block; None if it is one that is skipped."""
        self._signature: list[str] = []
        self._input: str | None = None
        """A call's input told with its start, until arguments follow."""
        self._called = False
        self._stop: str | None = None
        self._stop_sequence: str | None = None
        self._explanation: str | None = None

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes."""
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return []
        events: list[Event] = []
        for frame in frames:
            self._frame(frame, events)
        return events

    def end(self) -> list[Event]:
        """What is left when the provider's body has properly ended."""
        events: list[Event] = []
        rest = self._splitter.rest()
        if rest:
            self._frame(rest.rstrip(b"\r\n") + b"\n\n", events, last=True)
        return events

    def event(self, data: bytes, events: list[Event]) -> None:
        """Read one event's JSON, wherever it was framed, and add what it says to ``events``."""
        if self.ended or self.malformed or self.error is not None:
            return
        try:
            told = _told.decode(data)
        except msgspec.ValidationError:
            self.malformed = self._is_known(data)
            return
        except NOT_JSON:
            self.malformed = True
            return
        if told.type == "content_block_delta" and told.delta is not None:
            self._delta(told, told.delta, events)
        else:
            self._turn(told, events)

    def _frame(self, frame: bytes, events: list[Event], *, last: bool = False) -> None:
        data = data_of(frame)
        if data is None or self.ended or self.malformed or self.error is not None:
            return
        self.event(data, events)
        if not self.malformed:
            return
        stripped = data.strip()
        if not stripped or stripped == _DONE:
            self.malformed = False
        elif name_of(frame) == b"error":
            self.malformed = False
            self.error = bytes(raw(data.decode(errors="replace")))
        elif last:
            # What breaks off where the stream does is no event; the answer is not whole anyhow.
            self.malformed = False

    def _is_known(self, data: bytes) -> bool:
        """Whether an event of an unknown shape should have had a known one."""
        try:
            return _kind.decode(data).type in _KNOWN
        except NOT_JSON:
            return True

    # --- The open block ---

    def _delta(self, told: _Told, delta: _Delta, events: list[Event]) -> None:
        if told.index != self._open or self._open is None:
            self.malformed = True
            return
        kind = self._part
        if kind == "text":
            if delta.text:
                self.content_bytes += len(delta.text)
                events.append(TextDelta(delta.text))
            elif len(delta.citation) and (source := read_citation(delta.citation)):
                events.append(Cited(source))
        elif kind == "tool_use":
            if delta.partial_json:
                self.content_bytes += len(delta.partial_json)
                self._input = None
                events.append(ArgumentsDelta(delta.partial_json))
        elif kind == "thinking":
            if delta.thinking:
                self.content_bytes += len(delta.thinking)
                events.append(ReasoningDelta(delta.thinking))
            if delta.signature:
                self._signature.append(delta.signature)

    def _start(self, told: _Told, events: list[Event]) -> None:
        self._close(events)
        self._begin(events)
        try:
            block = read_block(told.content_block)
        except NOT_JSON:
            self.malformed = True
            return
        if told.index is None:
            self.malformed = True
            return
        self._open = told.index
        if block is not None:
            self._part = block.type
            try:
                self._start_part(block, events)
            except NOT_JSON:
                self.malformed = True

    def _start_part(self, block: Block, events: list[Event]) -> None:
        if block.type == "text":
            events.append(PartBegan(self._next, Text("")))
            if block.text:
                self.content_bytes += len(block.text)
                events.append(TextDelta(block.text))
            events += [Cited(one) for one in read_citations(block.citations)]
        elif block.type == "thinking":
            events.append(PartBegan(self._next, Reasoning(vendor=Vendor.ANTHROPIC)))
            if block.thinking:
                self.content_bytes += len(block.thinking)
                events.append(ReasoningDelta(block.thinking))
            if block.signature:
                self._signature.append(block.signature)
        elif block.type == "redacted_thinking":
            hidden = Reasoning(vendor=Vendor.ANTHROPIC, hidden=block.data or "")
            self.content_bytes += len(block.data or "")
            events.append(PartBegan(self._next, hidden))
        else:
            call = named(ToolCall(block.id or "", block.name or "", ""))
            self._called = True
            self._input = input_of(block)
            self.content_bytes += len(call.name)
            events.append(PartBegan(self._next, call))

    def _close(self, events: list[Event]) -> None:
        """End the open block, as the next one's begin does where the end of it is not told."""
        if self._part is not None:
            if self._input:
                self.content_bytes += len(self._input)
                events.append(ArgumentsDelta(self._input))
            if self._signature:
                events.append(Signed("".join(self._signature), Vendor.ANTHROPIC))
            events.append(PartEnded(self._next))
            self._next += 1
        self._open = self._part = self._input = None
        self._signature = []

    # --- The answer ---

    def _turn(self, told: _Told, events: list[Event]) -> None:
        """Every event but a delta."""
        kind = told.type
        if kind == "content_block_start":
            self._start(told, events)
        elif kind == "content_block_stop":
            if told.index == self._open:
                self._close(events)
        elif kind == "message_start":
            message = told.message or _MessageStart()
            if self._began and message.id != self._id:
                self.malformed = True
                return
            self._id = message.id
            self._begin(events, message.id)
            self._use(message.usage)
        elif kind == "message_delta":
            self._use(told.usage)
            delta = told.delta or _Delta()
            self._stop = delta.stop_reason or self._stop
            self._stop_sequence = delta.stop_sequence or self._stop_sequence
            self._explanation = explained(delta.stop_details) or self._explanation
        elif kind == "message_stop":
            self._use(told.usage)
            self._end(events)
        elif kind == "error" or (kind is None and bytes(told.error) not in _NOT_TOLD):
            self.error = bytes(told.error) or b"{}"
        elif kind in _KNOWN:
            self.malformed = True

    def _begin(self, events: list[Event], answer_id: str | None = None) -> None:
        if not self._began:
            self._began = True
            events.append(Began(answer_id))

    def _end(self, events: list[Event]) -> None:
        self._begin(events)
        self._close(events)
        if self._explanation is not None:
            events += [
                PartBegan(self._next, Refusal("")),
                TextDelta(self._explanation),
                PartEnded(self._next),
            ]
        self.ended = True
        events.append(Ended(read_stop(self._stop, called=self._called), self._stop_sequence))

    def _use(self, usage: msgspec.Raw) -> None:
        if not len(usage):
            return
        self._merged.add(usage)
        self.usage = self._merged.told
        self.service_tier = tier_in(usage) or self.service_tier
