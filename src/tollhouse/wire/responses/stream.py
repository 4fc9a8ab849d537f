"""A streamed answer for a client of responses.

Reference: platform.openai.com/docs/api-reference/responses-streaming. The last event repeats the
whole answer, so that what was streamed is kept until then.

Theory of operation. An item is added when its first part begins. A message stays open until a part
comes that is not words: texts and refusals in a row are one item.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ...core.dialect import Vendor
from ..json_object import raw
from ..neutral.answer import Stop
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
from ..neutral.heading import Heading
from ..neutral.parts import Citation, Image, Reasoning, Refusal, Text, ToolCall
from . import output
from .logprobs import NONE, from_chat
from .output import Item
from .response_object import ResponseObject
from .stops import COMPLETED, FAILED, INCOMPLETE, written_stop
from .stream_frames import Frames

_NO_USAGE = b"null"


class _Telling(NamedTuple):
    """How thoughts are told."""

    part: str
    """What the events of the part that they are in are named for …"""
    text: str
    """… and those of its words."""
    number: str
    """The field that numbers the part in its item."""
    told: Callable[[str], Item]


_SUMMARY = _Telling(
    "reasoning_summary_part", "reasoning_summary_text", "summary_index", output.summary_text
)
_RAW = _Telling("content_part", "reasoning_text", "content_index", output.reasoning_text)


class EventWriter:
    """Neutral events in, frames for the client out."""

    def __init__(self, heading: Heading) -> None:
        self._id = heading.id
        self._object = ResponseObject(heading)
        self._frames = Frames()
        self._answer_id: str | None = None
        self._began = False
        self._items: list[msgspec.Raw] = []
        """The items that are complete."""
        self._said: list[Item] | None = None
        """The parts of the message that is open."""
        self._part: Text | Refusal | Reasoning | ToolCall | Image | None = None
        self._place: dict[str, object] = {}
        """Where the open part stands, as its events tell it."""
        self._pieces: list[str] = []
        self._measured = (0, 0)
        """Pieces that were counted, and their characters."""
        self._logprobs: list[msgspec.Raw] = []
        self._annotations: list[Item] = []
        self._signed: Signed | None = None
        self._telling = _SUMMARY
        """How the open thoughts are told."""
        self._refused = False
        self._stop = Stop.END

    @property
    def sequence(self) -> int:
        """The number of the next event, for an error that is told in place of the rest."""
        return self._frames.sequence

    def write(self, events: list[Event]) -> bytes:
        """The frames of some events; the end is held until its usage is known."""
        frames = self._frames
        for event in events:
            if isinstance(event, TextDelta):
                self._pieces.append(event.text)
                if event.logprobs is None:
                    frames.delta(event.text)
                else:
                    self._logprobs.append(event.logprobs)
                    frames.probable_delta(event.text, from_chat([event.logprobs]))
            elif isinstance(event, ReasoningDelta):
                self._thought(event.text)
            elif isinstance(event, ArgumentsDelta):
                self._pieces.append(event.json)
                frames.delta(event.json)
            else:
                self._turn(event)
        return frames.taken()

    def finish(self, usage: bytes, service_tier: str | None = None) -> bytes:
        """The last frames: what is open is closed, and the whole answer follows."""
        self._begin(None)
        if self._part is not None:
            self._end_part()
        status = written_stop(self._stop, refusal=self._refused)
        whole = status == COMPLETED
        self._end_message(COMPLETED if whole else INCOMPLETE)
        name = status if whole or status == FAILED else INCOMPLETE
        self._response(name, status, usage, service_tier)
        return self._frames.taken()

    def _turn(self, event: Event) -> None:
        """Everything but a delta."""
        if isinstance(event, Began):
            self._begin(event.id)
        elif isinstance(event, PartBegan):
            self._begin_part(event.part)
        elif isinstance(event, PartEnded):
            self._end_part()
        elif isinstance(event, Cited):
            self._cite(event.citation)
        elif isinstance(event, Signed):
            self._signed = event
        elif isinstance(event, Ended):
            self._stop = event.stop

    def _begin(self, answer_id: str | None) -> None:
        if self._began:
            return
        self._began = True
        self._answer_id = answer_id
        for name in ("created", "in_progress"):
            self._response(name, output.IN_PROGRESS, _NO_USAGE)

    def _response(
        self, name: str, status: str, usage: bytes, service_tier: str | None = None
    ) -> None:
        told = self._object.write(
            status,
            raw(self._items),
            usage,
            answer_id=self._answer_id,
            service_tier=service_tier,
        )
        self._frames.emit(name, response=msgspec.Raw(told))

    def _begin_part(self, part: Text | Refusal | Reasoning | ToolCall | Image) -> None:
        self._part = part
        self._pieces, self._logprobs, self._annotations = [], [], []
        self._measured = (0, 0)
        self._signed = None
        if isinstance(part, Text | Refusal):
            self._begin_words(part)
            return
        self._end_message(COMPLETED)
        if isinstance(part, ToolCall):
            self._begin_call(part)
        elif isinstance(part, Image):
            self._show(part)
        else:
            self._begin_thoughts(part)

    def _end_part(self) -> None:
        part, self._part = self._part, None
        text = "".join(self._pieces)
        if isinstance(part, ToolCall):
            self._end_call(part, text)
        elif isinstance(part, Reasoning):
            self._end_thoughts(part, text)
        elif isinstance(part, Text | Refusal):
            self._end_words(part, text)

    def _add_item(self, item_id: str, item: Item) -> None:
        index = len(self._items)
        self._place = {"item_id": item_id, "output_index": index}
        self._frames.emit("output_item.added", output_index=index, item=item)

    def _end_item(self, item: Item) -> None:
        whole = raw(item)
        self._frames.emit("output_item.done", output_index=len(self._items), item=whole)
        self._items.append(whole)

    # --- Words ---

    def _begin_words(self, part: Text | Refusal) -> None:
        if self._said is None:
            self._said = []
            item_id = output.message_id(self._id, len(self._items))
            self._add_item(item_id, output.message(item_id, (), output.IN_PROGRESS))
        self._place["content_index"] = len(self._said)
        refused = isinstance(part, Refusal)
        self._refused |= refused
        empty = output.refusal("") if refused else output.output_text("", (), [])
        self._frames.emit("content_part.added", **self._place, part=empty)
        kind = "refusal.delta" if refused else "output_text.delta"
        self._frames.prepare(kind, self._place, probable=not refused)

    def _cite(self, citation: Citation) -> None:
        for told in output.annotations((citation,), self._length()):
            index = len(self._annotations)
            self._annotations.append(told)
            self._frames.emit(
                "output_text.annotation.added",
                **self._place,
                annotation_index=index,
                annotation=told,
            )

    def _length(self) -> int:
        """Characters of the open text so far; no piece is counted twice."""
        counted, length = self._measured
        length += sum(map(len, self._pieces[counted:]))
        self._measured = (len(self._pieces), length)
        return length

    def _end_words(self, part: Text | Refusal, text: str) -> None:
        if isinstance(part, Refusal):
            told = output.refusal(text)
            self._frames.emit("refusal.done", **self._place, refusal=text)
        else:
            logprobs = msgspec.Raw(from_chat(self._logprobs) if self._logprobs else NONE)
            told = output.output_text(text, self._annotations, logprobs)
            self._frames.emit("output_text.done", **self._place, text=text, logprobs=logprobs)
        self._frames.emit("content_part.done", **self._place, part=told)
        if self._said is not None:
            self._said.append(told)

    def _end_message(self, status: str) -> None:
        if self._said is None:
            return
        item_id = output.message_id(self._id, len(self._items))
        self._end_item(output.message(item_id, self._said, status))
        self._said = None

    # --- Calls ---

    def _begin_call(self, part: ToolCall) -> None:
        if part.signature is not None:
            self._sign_call(part, part.signature, Vendor.GOOGLE)
        item_id = output.call_item_id(self._id, len(self._items), custom=part.custom)
        self._add_item(item_id, output.call(item_id, part, "", output.IN_PROGRESS))
        self._frames.prepare(f"{_field_of(part)}.delta", self._place)

    def _end_call(self, part: ToolCall, arguments: str) -> None:
        if not arguments and not part.custom:
            arguments = output.NOTHING_GIVEN
            self._frames.delta(arguments)
        name = "input" if part.custom else "arguments"
        self._frames.emit(f"{_field_of(part)}.done", **self._place, **{name: arguments})
        item_id = output.call_item_id(self._id, len(self._items), custom=part.custom)
        self._end_item(output.call(item_id, part, arguments, COMPLETED))
        if self._signed is not None:
            self._sign_call(part, self._signed.signature, self._signed.vendor)

    def _sign_call(self, part: ToolCall, signature: str, vendor: Vendor) -> None:
        """The signature of a call stands before it, or behind it where it is told only then."""
        index = len(self._items)
        item = output.call_signature(self._id, index, part.id, vendor, signature)
        self._add_item(item["id"], item)
        self._end_item(item)

    def _show(self, part: Image) -> None:
        item = output.picture(self._id, len(self._items), part)
        if item is not None:
            begun = {**item, "status": output.IN_PROGRESS, "result": None}
            self._add_item(item["id"], begun)
            self._end_item(item)

    # --- Thoughts ---

    def _begin_thoughts(self, part: Reasoning) -> None:
        item_id = output.reasoning_id(self._id, len(self._items), part)
        encrypted = output.encrypted_content(part)
        item = output.reasoning(item_id, "", encrypted)
        self._telling = _RAW if output.are_raw(part) else _SUMMARY
        if self._telling is _RAW and encrypted is None:
            item["content"] = []
        self._add_item(item_id, item)
        self._place[self._telling.number] = 0

    def _thought(self, text: str) -> None:
        frames = self._frames
        if not self._pieces:
            telling = self._telling
            frames.emit(f"{telling.part}.added", **self._place, part=telling.told(""))
            frames.prepare(f"{telling.text}.delta", self._place)
        self._pieces.append(text)
        frames.delta(text)

    def _end_thoughts(self, part: Reasoning, text: str) -> None:
        telling = self._telling
        if text:
            self._frames.emit(f"{telling.text}.done", **self._place, text=text)
            self._frames.emit(f"{telling.part}.done", **self._place, part=telling.told(text))
        signed = self._signed
        if signed is not None:
            part = msgspec.structs.replace(part, signature=signed.signature, vendor=signed.vendor)
        item_id = str(self._place["item_id"])
        encrypted = output.encrypted_content(part)
        self._end_item(output.reasoning(item_id, text, encrypted, are_raw=telling is _RAW))


def _field_of(part: ToolCall) -> str:
    """What a call's events are named for."""
    return "custom_tool_call_input" if part.custom else "function_call_arguments"
