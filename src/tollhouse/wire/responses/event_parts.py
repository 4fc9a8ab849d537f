"""The parts of a streamed response: what its provider's events say of them, as neutral events.

Reference: platform.openai.com/docs/api-reference/responses-streaming.

Theory of operation. An item is what a provider adds, one after another; parts are in it. A part
begins with its first delta, for only then is it known to hold a word, and ends with the event that
says so, with its item, or with the next part. Hosts that stream little are made whole from
``response.output_item.done``, which repeats an item in full.
"""

import msgspec

from ...core.dialect import Vendor
from ..neutral.answer import named
from ..neutral.events import (
    ArgumentsDelta,
    Began,
    Cited,
    Event,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from ..neutral.parts import Image, Reasoning, Refusal, Text, ToolCall
from .items import (
    BETWEEN_PARTS,
    PICTURE,
    OutputPart,
    call_item,
    call_of,
    citation_of,
    custom_call_item,
    custom_call_of,
    drawn,
    kind_of,
    message_item,
    picture_item,
    reasoning_item,
    said,
    thoughts,
)
from .logprobs import NONE, to_chat

_NULL = msgspec.Raw(b"null")
_NO_INDEX = -1


class StreamedEvent(msgspec.Struct, gc=False):
    """An event of any type that is known here."""

    type: str = ""
    output_index: int = _NO_INDEX
    content_index: int = 0
    summary_index: int = 0
    delta: str = ""
    logprobs: msgspec.Raw = _NULL
    item: msgspec.Raw = _NULL
    part: msgspec.Raw = _NULL
    annotation: msgspec.Raw = _NULL
    response: msgspec.Raw = _NULL
    arguments: str | None = None
    input: str | None = None


_part = msgspec.json.Decoder(OutputPart)


class Broken(ValueError):
    """A sequence of events that no answer has."""


class _Open:
    """The part that is open, and which one it is of the provider's."""

    __slots__ = ("cited", "given", "index", "kind", "number", "output_index")

    def __init__(self, kind: str, index: int, output_index: int, number: int) -> None:
        self.kind = kind
        self.index = index
        self.output_index = output_index
        self.number = number
        """Of the part within its item."""
        self.given = 0
        """Characters of arguments."""
        self.cited = 0


class PartReader:
    """Collects in ``out`` what the events say; ``NOT_JSON`` when one cannot be."""

    __slots__ = (
        "_given",
        "_open",
        "_thinking",
        "began",
        "calls",
        "content_bytes",
        "index",
        "out",
        "refused",
    )

    def __init__(self) -> None:
        self.out: list[Event] = []
        self.began = False
        self.index = 0
        """Of the next part."""
        self.calls = False
        """Whether the model asked for a tool."""
        self.refused = False
        """Whether it declined in words."""
        self.content_bytes = 0
        """Roughly how much content there was."""
        self._open: _Open | None = None
        self._given: set[int] = set()
        """The items of which something was given."""
        self._thinking: str | None = None
        """The id of the reasoning item at hand."""

    def begin(self, answer_id: str | None = None) -> None:
        """The answer begins, if it has not."""
        if not self.began:
            self.began = True
            self.out.append(Began(answer_id))

    def close(self) -> None:
        """The open part, if there is one, ends."""
        opened = self._open
        if opened is not None:
            self._open = None
            self.out.append(PartEnded(opened.index))

    def _start(
        self,
        kind: str,
        event: StreamedEvent,
        part: Text | Refusal | Reasoning | ToolCall | Image,
        number: int = 0,
    ) -> _Open:
        self.begin()
        self.close()
        opened = self._open = _Open(kind, self.index, event.output_index, number)
        self.index += 1
        self._given.add(event.output_index)
        self.out.append(PartBegan(opened.index, part))
        return opened

    def _at(self, kind: str, event: StreamedEvent) -> _Open | None:
        """The open part, if the event is of it."""
        opened = self._open
        if opened is None or opened.kind != kind or opened.output_index != event.output_index:
            return None
        return opened

    def on_text(self, event: StreamedEvent) -> None:
        """More words."""
        if not event.delta:
            return
        opened = self._at("text", event)
        if opened is None or opened.number != event.content_index:
            self._start("text", event, Text(""), event.content_index)
        logprobs = None
        if bytes(event.logprobs) not in {NONE, b"null"}:
            logprobs = to_chat([event.logprobs])
        self.out.append(TextDelta(event.delta, logprobs))
        self.content_bytes += len(event.delta)

    def on_refusal(self, event: StreamedEvent) -> None:
        """More words of a refusal."""
        if not event.delta:
            return
        opened = self._at("refusal", event)
        if opened is None or opened.number != event.content_index:
            self._start("refusal", event, Refusal(""), event.content_index)
        self.refused = True
        self.out.append(TextDelta(event.delta))
        self.content_bytes += len(event.delta)

    def on_annotation(self, event: StreamedEvent) -> None:
        """A source of the words."""
        opened = self._at("text", event)
        if opened is not None and opened.number == event.content_index:
            self._cite(opened, event.annotation)

    def _cite(self, opened: _Open, annotation: msgspec.Raw) -> None:
        opened.cited += 1
        citation = citation_of(annotation)
        if citation is not None:
            self.out.append(Cited(citation))

    def on_part_done(self, event: StreamedEvent) -> None:
        """A text is complete; some hosts tell its citations only here."""
        opened = self._at("text", event) or self._at("refusal", event)
        if opened is None or opened.number != event.content_index:
            return
        for annotation in (_part.decode(event.part).annotations or [])[opened.cited :]:
            self._cite(opened, annotation)
        self.close()

    def on_summary(self, event: StreamedEvent) -> None:
        """More of a summary of thoughts."""
        self._think("summary", event, event.summary_index)

    def on_thought(self, event: StreamedEvent) -> None:
        """More of the thoughts themselves."""
        self._think("thought", event, event.content_index)

    def _think(self, kind: str, event: StreamedEvent, number: int) -> None:
        if not event.delta:
            return
        opened = self._at(kind, event)
        if opened is None:
            part = Reasoning("", Vendor.OPENAI, id=self._thinking, summary=kind == "summary")
            opened = self._start(kind, event, part, number)
        elif opened.number != number:
            opened.number = number
            self.out.append(ReasoningDelta(BETWEEN_PARTS))
        self.out.append(ReasoningDelta(event.delta))
        self.content_bytes += len(event.delta)

    def _call(self, event: StreamedEvent, call: ToolCall) -> None:
        self.calls = True
        self._start("call", event, msgspec.structs.replace(named(call), arguments=""))

    def on_arguments(self, event: StreamedEvent) -> None:
        """More of a call."""
        opened = self._at("call", event)
        if opened is None:
            raise Broken
        self._argue(opened, event.delta)

    def on_arguments_done(self, event: StreamedEvent) -> None:
        """All of a call: what was not streamed of it follows."""
        opened = self._at("call", event)
        whole = event.arguments if event.arguments is not None else event.input
        if opened is not None and whole is not None:
            self._argue(opened, whole[opened.given :])

    def _argue(self, opened: _Open, arguments: str) -> None:
        if arguments:
            opened.given += len(arguments)
            self.out.append(ArgumentsDelta(arguments))
            self.content_bytes += len(arguments)

    # --- Items ---

    def on_item_added(self, event: StreamedEvent) -> None:
        """An item begins."""
        kind = kind_of(event.item)
        self._given.discard(event.output_index)
        if kind == "function_call":
            self._call(event, call_of(call_item.decode(event.item)))
        elif kind == "custom_tool_call":
            self._call(event, custom_call_of(custom_call_item.decode(event.item)))
        elif kind == "reasoning":
            self._thinking = reasoning_item.decode(event.item).id

    def on_item_done(self, event: StreamedEvent) -> None:
        """An item is complete: what was not streamed of it follows."""
        kind = kind_of(event.item)
        if kind == "function_call":
            self._call_done(event, call_of(call_item.decode(event.item)))
        elif kind == "custom_tool_call":
            self._call_done(event, custom_call_of(custom_call_item.decode(event.item)))
        elif kind == "reasoning":
            self._thoughts_done(event)
        elif kind == "message":
            self._message_done(event)
        elif kind == PICTURE and (picture := drawn(picture_item.decode(event.item))) is not None:
            self._start("picture", event, picture)
        if self._open is not None and self._open.output_index == event.output_index:
            self.close()
        self._given.discard(event.output_index)

    def _call_done(self, event: StreamedEvent, call: ToolCall) -> None:
        opened = self._at("call", event)
        if opened is None:
            if event.output_index in self._given:
                return
            self._call(event, call)
            opened = self._at("call", event)
        if opened is not None:
            self._argue(opened, call.arguments[opened.given :])

    def _message_done(self, event: StreamedEvent) -> None:
        item = message_item.decode(event.item)
        opened = self._at("text", event)
        if opened is not None and 0 <= opened.number < len(item.content):
            for annotation in (item.content[opened.number].annotations or [])[opened.cited :]:
                self._cite(opened, annotation)
        if event.output_index in self._given:
            return
        for part in said(item):
            refused = isinstance(part, Refusal)
            self.refused |= refused
            self._start("text", event, Refusal("") if refused else Text(""))
            self.out.append(TextDelta(part.text))
            self.content_bytes += len(part.text)
            if isinstance(part, Text):
                self.out.extend(Cited(citation) for citation in part.citations)

    def _thoughts_done(self, event: StreamedEvent) -> None:
        """The cipher comes here: it signs what was told, or it is all there is."""
        item = reasoning_item.decode(event.item)
        cipher = item.encrypted_content
        opened = self._at("thought", event) or self._at("summary", event)
        if opened is not None:
            if cipher:
                self.out.append(Signed(cipher, Vendor.OPENAI))
            return
        if event.output_index in self._given:
            item = msgspec.structs.replace(item, summary=None, content=None)
        for part in thoughts(item):
            unsigned = msgspec.structs.replace(part, text="", signature=None)
            self._start("thoughts", event, unsigned)
            if part.text:
                self.out.append(ReasoningDelta(part.text))
                self.content_bytes += len(part.text)
            if part.signature:
                self.out.append(Signed(part.signature, Vendor.OPENAI))
