"""A provider's stream of a response, as neutral events.

Reference: platform.openai.com/docs/api-reference/responses-streaming. Every event names its
``type``; what is not known here, and the work of a vendor's own tools, is skipped. A response ends
with ``response.completed`` or ``response.incomplete``, which carry its usage.
"""

from collections.abc import Callable

import msgspec

from ..json_object import NOT_JSON, Fields, raw, read_object, write_object
from ..neutral.events import Ended, Event
from ..openai.answer import error_in, string_field, usage_in
from ..openai.stream import DONE, last_frame
from ..sse import FrameSplitter, FrameTooLarge, data_of, name_of
from .answer import incomplete_reason, items_of
from .event_parts import PartReader, StreamedEvent
from .stops import INCOMPLETE, read_stop


class _Typed(msgspec.Struct, gc=False):
    type: str = ""


_event = msgspec.json.Decoder(StreamedEvent)
_typed = msgspec.json.Decoder(_Typed)
_FAILURES = frozenset({"error", "response.failed"})


class EventReader:
    """Bytes in, events out, for one attempt."""

    __slots__ = (
        "_kinds",
        "_parts",
        "_splitter",
        "ended",
        "error",
        "malformed",
        "service_tier",
        "usage",
    )

    def __init__(self) -> None:
        self.error: bytes | None = None
        """The provider's error object, in JSON."""
        self.malformed = False
        self.usage: bytes | None = None
        """The provider's usage object, in JSON."""
        self.service_tier: str | None = None
        self.ended = False
        """Whether the answer is complete."""
        self._splitter = FrameSplitter()
        parts = self._parts = PartReader()
        self._kinds: dict[str, Callable[[StreamedEvent], None]] = {
            "response.created": self._on_created,
            "response.in_progress": self._on_created,
            "response.queued": self._on_created,
            "response.output_item.added": parts.on_item_added,
            "response.output_item.done": parts.on_item_done,
            "response.output_text.delta": parts.on_text,
            "response.refusal.delta": parts.on_refusal,
            "response.content_part.done": parts.on_part_done,
            "response.output_text.annotation.added": parts.on_annotation,
            "response.function_call_arguments.delta": parts.on_arguments,
            "response.function_call_arguments.done": parts.on_arguments_done,
            "response.custom_tool_call_input.delta": parts.on_arguments,
            "response.custom_tool_call_input.done": parts.on_arguments_done,
            "response.reasoning_summary_text.delta": parts.on_summary,
            "response.reasoning_text.delta": parts.on_thought,
            "response.completed": self._on_end,
            "response.incomplete": self._on_end,
        }

    @property
    def content_bytes(self) -> int:
        """Roughly how much content there was."""
        return self._parts.content_bytes

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._is_over():
            return []
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return []
        for frame in frames:
            self._frame(frame)
        return self._taken()

    def end(self) -> list[Event]:
        """What an event without its blank line still gives; ``ended`` says if all is there."""
        if self._is_over():
            return []
        frame = last_frame(self._splitter.rest())
        if frame is not None:
            self._frame(frame)
        return self._taken()

    def _taken(self) -> list[Event]:
        parts = self._parts
        out, parts.out = parts.out, []
        return out

    def _is_over(self) -> bool:
        return self.ended or self.malformed or self.error is not None

    def _frame(self, frame: bytes) -> None:
        if self._is_over():
            return
        data = data_of(frame)
        if data is None:
            self._no_event(frame)
            return
        try:
            event = _event.decode(data)
        except NOT_JSON:
            self._odd(frame, data)
            return
        handle = self._kinds.get(event.type)
        if handle is None:
            self._unknown(frame, event.type, data)
            return
        try:
            handle(event)
        except NOT_JSON:
            self.malformed = True

    def _no_event(self, frame: bytes) -> None:
        """A comment, or a whole JSON body in place of a stream."""
        body = read_object(frame)
        if body is not None:
            self.error = error_in(body)
            self.malformed = self.error is None

    def _odd(self, frame: bytes, data: bytes) -> None:
        """An event whose fields are not as they are in known ones, or something else."""
        data = data.strip()
        if not data or data == DONE:
            return
        try:
            kind = _typed.decode(data).type
        except NOT_JSON:
            if name_of(frame) == b"error":
                self.error = bytes(raw(data.decode(errors="replace")))
            else:
                self.malformed = True
            return
        if kind in self._kinds:
            self.malformed = True
        else:
            self._unknown(frame, kind, data)

    def _unknown(self, frame: bytes, kind: str, data: bytes) -> None:
        """Failures, of which there are several shapes; anything else is skipped."""
        named = kind or (name_of(frame) or b"").decode(errors="replace")
        fields = read_object(data) or {}
        holder = (read_object(fields["response"]) if "response" in fields else None) or fields
        error = error_in(holder) or error_in(fields)
        if named in _FAILURES or (not kind and error is not None):
            self._listen(holder)
            self.error = error or write_object(fields)

    def _listen(self, response: Fields) -> None:
        self.usage = usage_in(response) or self.usage
        self.service_tier = string_field(response, "service_tier") or self.service_tier

    def _on_created(self, event: StreamedEvent) -> None:
        response = read_object(event.response) or {}
        self._listen(response)
        self._parts.begin(string_field(response, "id"))

    def _on_end(self, event: StreamedEvent) -> None:
        response = read_object(event.response) or {}
        self._listen(response)
        self.error = error_in(response)
        if self.error is not None:
            return
        parts = self._parts
        parts.begin(string_field(response, "id"))
        parts.close()
        if parts.index == 0:
            # A host that streams nothing but the end.
            for index, item in enumerate(items_of(response)):
                parts.on_item_done(StreamedEvent(item=item, output_index=index))
        incomplete = event.type == "response.incomplete"
        status = INCOMPLETE if incomplete else string_field(response, "status")
        reason = incomplete_reason(response)
        stop = read_stop(status, reason, calls=parts.calls, refused=parts.refused)
        parts.out.append(Ended(stop))
        self.ended = True
