"""Streams of typed events: responses, streamed images, transcripts and speech.

Every event names its ``type``; one of a few types ends the answer and carries the usage. Responses
keep model and usage inside ``response``; the others at the top level. There is no ``[DONE]``, but
hosts that stream transcripts as chunks send one; there it is the end.

Theory of operation. An event that can have no model, usage, error or end in it is passed on as it
came, once the answer has started; the others are decoded (``framed_stream``).

References: platform.openai.com/docs/api-reference/responses-streaming, …/images-streaming,
…/audio/transcript-text-delta-event, …/audio/speech-audio-delta-event.
"""

import re

import msgspec

from ...core.needs import Endpoint
from ..json_object import Fields, raw, read_object, write_object
from ..sse import with_data
from .answer import error_in, string_field, usage_in
from .framed_stream import PassedOnStream, kind_of
from .stream import SHORT_TEXT, Complete

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
_EMPTY_DELTA = len(b'"delta":"')
_CONTENT = ("delta", "audio", "b64_json", "choices")


class TypedStream(PassedOnStream):
    """A ``StreamReader`` for typed events."""

    _beginnings = (
        *(b"data: {", b"event: response.", b"event: image_"),
        *(b"event: transcript.", b"event: speech."),
    )
    _telling = re.compile(
        rb'"(?:response(?:\.completed|\.incomplete|\.failed)?|model|usage|error'
        rb"|image_generation\.completed|image_edit\.completed"
        rb'|transcript\.text\.done|speech\.audio\.done)"'
    )

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        *,
        complete: Complete,
        instructions: msgspec.Raw | None = None,
    ) -> None:
        super().__init__(model, complete)
        self._endpoint = endpoint
        self._ends = _ENDS.get(endpoint, frozenset())
        self._instructions = instructions
        """The client's own, where the provider repeats others."""

    def _size_of(self, frame: bytes) -> int:
        start = frame.find(b'"delta":')
        if start < 0:
            return SHORT_TEXT
        return max(1, frame.find(b'"', start + _EMPTY_DELTA) - start - _EMPTY_DELTA)

    def _event(self, frame: bytes, fields: Fields) -> bytes:
        kind = kind_of(frame, fields)
        response = read_object(fields["response"]) if "response" in fields else None
        holder = fields if response is None else response
        self.usage = usage_in(holder) or self.usage
        self.service_tier = string_field(holder, "service_tier") or self.service_tier
        error = error_in(holder) or error_in(fields)
        if kind in _FAILURES or (not kind and error is not None):
            self._fail(error or write_object(fields))
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
            holder["usage"] = msgspec.Raw(self._price())
        if response is not None:
            fields["response"] = raw(response)
        return with_data(frame, write_object(fields))

    def _on_done(self, frame: bytes) -> bytes:
        """The end of a transcript in chunks; elsewhere it comes after the end, or is none."""
        if self._endpoint is Endpoint.RESPONSES or not self.started:
            return b""
        self.finished = True
        self._price()
        return frame
