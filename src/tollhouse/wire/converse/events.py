"""Streams of ConverseStream.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.

- A block of text or of thoughts begins with its first delta; only calls are announced.
- Usage comes in ``metadata``, behind ``messageStop``. The answer has ended when both have come:
  Bedrock never leaves one out, so a body that ends before was cut off.
- Every event is padded (``p``) against those who listen to lengths; that, what Bedrock's own tools
  do, pictures and unknown events are passed over.
- An exception ends the stream. It is kept as an error object whose ``code`` is its type, or the
  status that the model's own host gave where that is told.
"""

from typing import Any

import msgspec

from ..event_stream import Frame, FrameReader, Kind
from ..json_object import NOT_JSON
from ..neutral.answer import Stop, named
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
from ..neutral.parts import Reasoning, Text, ToolCall
from .blocks import NULL, OWN_TOOL, CitationTold, ModelFields, ServiceTier, hidden_of
from .errors import error_object
from .families import Family, family_of, signer_of, vendor_of
from .stops import stop_of


class _CallStart(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    tool_use_id: str
    name: str
    type: str | None = None


class _Start(msgspec.Struct, frozen=True, rename="camel"):
    tool_use: _CallStart | None = None


class _BlockStart(msgspec.Struct, frozen=True, rename="camel"):
    content_block_index: int
    start: _Start


class _CallDelta(msgspec.Struct, frozen=True, gc=False):
    input: str = ""


class _ReasoningDelta(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _Delta(msgspec.Struct, frozen=True, rename="camel"):
    text: str | None = None
    tool_use: _CallDelta | None = None
    reasoning_content: _ReasoningDelta | None = None
    citation: CitationTold | None = None


class _BlockDelta(msgspec.Struct, frozen=True, rename="camel"):
    content_block_index: int
    delta: _Delta


class _BlockStop(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    content_block_index: int


class _MessageStop(msgspec.Struct, frozen=True, rename="camel"):
    stop_reason: str
    additional_model_response_fields: ModelFields | None = None


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    usage: msgspec.Raw = NULL
    service_tier: ServiceTier | None = None


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "contentBlockStart": msgspec.json.Decoder(_BlockStart),
    "contentBlockStop": msgspec.json.Decoder(_BlockStop),
    "messageStop": msgspec.json.Decoder(_MessageStop),
    "metadata": msgspec.json.Decoder(_Metadata),
}
_delta_decoder = msgspec.json.Decoder(_BlockDelta)


class EventReader:
    """A stream of ConverseStream; ``model`` is what was called."""

    def __init__(self, model: str = "") -> None:
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.ended = False
        self._family = family_of(model) if model else Family.UNTOLD
        self._vendor = vendor_of(self._family)
        self._frames = FrameReader()
        self._began = False
        self._parts = 0
        """How many have begun."""
        self._open: type[Text | Reasoning | ToolCall] | None = None
        self._block = -1
        """The provider's number of the open part's block."""
        self._passed_over: set[int] = set()
        """Blocks that are not the client's: calls of Bedrock's own tools."""
        self._calls: set[int] = set()
        self._signature: list[str] = []
        self._stop: tuple[Stop, str | None] | None = None
        self._measured = False
        """Whether ``metadata`` has come."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes."""
        events: list[Event] = []
        if self._is_over:
            return events
        for frame in self._frames.feed(data):
            self._frame(frame, events)
            if self._is_over:
                return events
        self.malformed = self._frames.broken is not None
        return events

    def end(self) -> list[Event]:
        """The body ended, which completes nothing: an answer is ended by its events."""
        return []

    @property
    def _is_over(self) -> bool:
        return self.ended or self.malformed or self.error is not None

    def _frame(self, frame: Frame, events: list[Event]) -> None:
        if frame.kind is not Kind.EVENT:
            self.error = error_object(frame.name, frame.payload)
            return
        if self._stop is not None and frame.name != "metadata":
            return
        try:
            if frame.name == "contentBlockDelta":
                self._delta(_delta_decoder.decode(frame.payload), events)
            elif frame.name in _DECODERS:
                self._event(_DECODERS[frame.name].decode(frame.payload), events)
            elif frame.name == "messageStart":
                self._begin(events)
        except NOT_JSON:
            self.malformed = True

    def _event(
        self, told: _BlockStart | _BlockStop | _MessageStop | _Metadata, events: list[Event]
    ) -> None:
        match told:
            case _BlockStart(index, start):
                self._start(index, start.tool_use, events)
            case _BlockStop(index) if index == self._block:
                self._close(events)
            case _MessageStop(reason, fields):
                self._close(events)
                sequence = fields.sequence if fields else None
                self._stop = stop_of(reason, calls=bool(self._calls)), sequence
                self._end_if_complete(events)
            case _Metadata(usage, tier):
                self.usage = self.usage if usage == NULL else bytes(usage)
                self.service_tier = tier.type if tier else self.service_tier
                self._measured = True
                self._end_if_complete(events)
            case _:
                pass  # the end of a block that was passed over, or has ended

    def _begin(self, events: list[Event]) -> None:
        if not self._began:
            self._began = True
            events.append(Began())

    def _end_if_complete(self, events: list[Event]) -> None:
        if self._stop is not None and self._measured:
            self._begin(events)
            self.ended = True
            events.append(Ended(*self._stop))

    # --- Blocks ---

    def _start(self, block: int, call: _CallStart | None, events: list[Event]) -> None:
        if call is None or call.type == OWN_TOOL:
            self._passed_over.add(block)
            return
        if block in self._calls:
            self.malformed = True
            return
        self._calls.add(block)
        self._open_part(block, named(ToolCall(call.tool_use_id, call.name, "")), events)

    def _delta(self, told: _BlockDelta, events: list[Event]) -> None:
        block, delta = told.content_block_index, told.delta
        if delta.text:
            self._inside(block, Text, events)
            self.content_bytes += len(delta.text)
            events.append(TextDelta(delta.text))
        elif delta.reasoning_content is not None:
            self._thought(block, delta.reasoning_content, events)
        elif delta.tool_use is not None:
            self._arguments(block, delta.tool_use.input, events)
        elif delta.citation is not None:
            self._inside(block, Text, events)
            events.append(Cited(delta.citation.read()))

    def _arguments(self, block: int, text: str, events: list[Event]) -> None:
        if block in self._passed_over:
            return
        if block != self._block or self._open is not ToolCall:
            self.malformed = True  # it was never announced, or has been left
        elif text:
            self.content_bytes += len(text)
            events.append(ArgumentsDelta(text))

    def _thought(self, block: int, told: _ReasoningDelta, events: list[Event]) -> None:
        if told.redacted_content:
            self._open_part(block, hidden_of(told.redacted_content, self._vendor), events)
            return
        if told.text or told.signature:
            self._inside(block, Reasoning, events)
        if told.text:
            self.content_bytes += len(told.text)
            events.append(ReasoningDelta(told.text))
        if told.signature:
            self._signature.append(told.signature)

    def _inside(self, block: int, kind: type[Text | Reasoning], events: list[Event]) -> None:
        """See to it that a part of this kind is open for this block."""
        if block == self._block and self._open is kind:
            return
        told = None if self._family is Family.UNTOLD else self._vendor
        self._open_part(block, Text("") if kind is Text else Reasoning(vendor=told), events)

    def _open_part(
        self, block: int, part: Text | Reasoning | ToolCall, events: list[Event]
    ) -> None:
        self._begin(events)
        self._close(events)
        self._open, self._block = type(part), block
        events.append(PartBegan(self._parts, part))
        self._parts += 1

    def _close(self, events: list[Event]) -> None:
        if self._open is None:
            return
        if self._signature:
            events.append(Signed("".join(self._signature), signer_of(self._family)))
            self._signature.clear()
        self._open, self._block = None, -1
        events.append(PartEnded(self._parts - 1))
