"""Streams of typed events: responses, streamed images, transcripts and speech.

Every event names its ``type``; one of a few types ends the answer and carries the usage. Responses
keep model and usage inside ``response``; the others at the top level. There is no ``[DONE]``, but
hosts that stream transcripts as chunks send one; there it is the end.

Theory of operation. An event that can have no model, usage, error or end in it is passed on as it
came, once the answer has started; the others are decoded.

References: platform.openai.com/docs/api-reference/responses-streaming, …/images-streaming,
…/audio/transcript-text-delta-event, …/audio/speech-audio-delta-event.
"""

import re

import msgspec

from ...core.needs import Endpoint
from ..json_object import Fields, raw, read_object, write_object
from ..sse import FrameSplitter, FrameTooLarge, data_of, name_of, with_data, without_fields
from .answer import error_in, string_field, usage_in
from .stream import DONE, Complete, is_plain, last_frame

_ENDS: dict[Endpoint, frozenset[str]] = {
    Endpoint.RESPONSES: frozenset({"response.completed", "response.incomplete"}),
    Endpoint.IMAGES_GENERATIONS: frozenset({"image_generation.completed"}),
    Endpoint.IMAGES_EDITS: frozenset({"image_edit.completed"}),
    Endpoint.TRANSCRIPTIONS: frozenset({"transcript.text.done"}),
    Endpoint.TRANSLATIONS: frozenset({"transcript.text.done"}),
    Endpoint.SPEECH: frozenset({"speech.audio.done"}),
}
_FAILURES = frozenset({"error", "response.failed"})
# Events that only announce: a failure after them can still move to another hop.
_ANNOUNCEMENTS = frozenset(
    {
        "keepalive",
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_summary_part.added",
    }
)
_TELLING = re.compile(
    rb'"(?:response(?:\.completed|\.incomplete|\.failed)?|model|usage|error'
    rb'|image_generation\.completed|image_edit\.completed|transcript\.text\.done|speech\.audio\.done)"'
)
_EMPTY_DELTA = len(b'"delta":"')
_SHORT_TEXT = 4
"""Bytes that an event is taken to bring where its content cannot be told at a glance."""
_CONTENT = ("delta", "audio", "b64_json", "choices")


class TypedStream:
    """A ``StreamReader`` for typed events."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        *,
        complete: Complete,
        instructions: msgspec.Raw | None = None,
    ) -> None:
        self.started = False
        self.finished = False
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.sequence = 0
        self.events = True
        self._endpoint = endpoint
        self._ends = _ENDS.get(endpoint, frozenset())
        self._model = raw(model)
        self._complete = complete
        self._instructions = instructions
        """The client's own, where the provider repeats others."""
        self._splitter = FrameSplitter()

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return b""
        self.sequence += len(frames)
        if len(frames) == 1:
            return self._frame(frames[0])
        return b"".join([self._frame(frame) for frame in frames])

    def end(self) -> bytes:
        """Whatever is left; ``finished`` says whether the terminal event was among it."""
        frame = last_frame(self._splitter.rest())
        return self._frame(frame) if frame is not None else b""

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.malformed or self.error is not None:
            return b""
        if self.started and is_plain(frame, _TELLING):
            self.content_bytes += _size_of_delta(frame)
            return frame
        data = data_of(frame)
        if data is None:
            return without_fields(frame)
        data = data.strip()
        if not data:
            return b""
        if data == DONE:
            return self._done(frame)
        fields = read_object(data)
        if fields is not None:
            return self._event(frame, fields)
        if name_of(frame) == b"error":
            self.error = bytes(raw(data.decode(errors="replace")))
        else:
            self.malformed = True
        return b""

    def _event(self, frame: bytes, fields: Fields) -> bytes:
        kind = string_field(fields, "type") or (name_of(frame) or b"").decode(errors="replace")
        response = read_object(fields["response"]) if "response" in fields else None
        holder = fields if response is None else response
        self.usage = usage_in(holder) or self.usage
        self.service_tier = string_field(holder, "service_tier") or self.service_tier
        error = error_in(holder) or error_in(fields)
        if kind in _FAILURES or (not kind and error is not None):
            self.error = error or write_object(fields)
            return b""
        self.finished = kind in self._ends
        if kind not in _ANNOUNCEMENTS:
            self.started = True
            self.content_bytes += sum(len(fields.get(name, b"")) for name in _CONTENT)
        if self._instructions is not None and "instructions" in holder:
            holder["instructions"] = self._instructions
        elif "model" not in holder and not self.finished:
            return frame
        if "model" in holder:
            holder["model"] = self._model
        if self.finished:
            holder["usage"] = msgspec.Raw(self._priced())
        if response is not None:
            fields["response"] = raw(response)
        return with_data(frame, write_object(fields))

    def _done(self, frame: bytes) -> bytes:
        """The end of a transcript in chunks; elsewhere it comes after the end, or is none."""
        if self._endpoint is Endpoint.RESPONSES or not self.started:
            return b""
        self.finished = True
        self._priced()
        return frame

    def _priced(self) -> bytes:
        return self._complete(self.usage, self.service_tier, content_bytes=self.content_bytes)


def _size_of_delta(frame: bytes) -> int:
    """Roughly how much content an event brings, for the estimate of what was relayed."""
    start = frame.find(b'"delta":')
    if start < 0:
        return _SHORT_TEXT
    return max(1, frame.find(b'"', start + _EMPTY_DELTA) - start - _EMPTY_DELTA)
