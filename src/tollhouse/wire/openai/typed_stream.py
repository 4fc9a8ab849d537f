"""Streams of typed events: responses, streamed images, transcripts and speech.

Every event names its ``type``; one of a few types ends the answer and carries the usage. Responses
keep model and usage inside ``response``; the others at the top level. There is no ``[DONE]``, but
one that a host sends is passed on.

References: platform.openai.com/docs/api-reference/responses-streaming, …/images-streaming,
…/audio/transcript-text-delta-event, …/audio/speech-audio-delta-event.
"""

import msgspec

from ...core.needs import Endpoint
from ..json_object import Fields, raw, read_object, write_object
from ..sse import FrameSplitter, FrameTooLarge, data_of, with_data
from .answer import error_in, string_field
from .stream import Complete

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
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    }
)


class TypedStream:
    """A ``StreamReader`` for typed events."""

    def __init__(self, endpoint: Endpoint, model: str, *, complete: Complete) -> None:
        self.started = False
        self.finished = False
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.events = True
        self._ends = _ENDS[endpoint]
        self._model = raw(model)
        self._complete = complete
        self._splitter = FrameSplitter()

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return b""
        return b"".join([self._frame(frame) for frame in frames])

    def end(self) -> bytes:
        """Whatever is left; ``finished`` says whether the terminal event was among it."""
        rest = self._splitter.rest()
        return self._frame(rest + b"\n\n") if rest else b""

    def _frame(self, frame: bytes) -> bytes:
        if self.error is not None or self.malformed:
            return b""
        data = data_of(frame)
        if data is None or data.strip() in {b"", b"[DONE]"}:
            return frame
        fields = read_object(data)
        if fields is None:
            self.malformed = True
            return b""
        kind = string_field(fields, "type") or ""
        inner = read_object(bytes(fields["response"])) if "response" in fields else None
        self._listen(inner if inner is not None else fields)
        if kind in _FAILURES:
            self.error = error_in(inner or {}) or error_in(fields) or write_object(fields)
            return b""
        self.finished = self.finished or kind in self._ends
        if kind not in _ANNOUNCEMENTS:
            self.started = True
            self.content_bytes += len(bytes(fields.get("delta", b"")))
        if not (self.finished or inner is not None or "model" in fields):
            return frame
        return with_data(frame, self._edited(fields, inner, ends=kind in self._ends))

    def _listen(self, holder: Fields) -> None:
        usage = holder.get("usage")
        if usage is not None and bytes(usage) != b"null":
            self.usage = bytes(usage)
        self.service_tier = string_field(holder, "service_tier") or self.service_tier

    def _priced(self) -> bytes:
        return self._complete(self.usage, self.service_tier, content_bytes=self.content_bytes)

    def _edited(self, fields: Fields, inner: Fields | None, *, ends: bool) -> bytes:
        holder = fields if inner is None else inner
        if "model" in holder:
            holder["model"] = self._model
        if ends:
            holder["usage"] = msgspec.Raw(self._priced())
        if inner is not None:
            fields["response"] = raw(inner)
        return write_object(fields)
