"""Gemini's streams: server-sent events, each of them a piece of an answer.

API reference: ai.google.dev/api/generate-content#method:-models.streamgeneratecontent (with
``alt=sse``). A stream has no last event of its own: it is complete when a finish reason came and
the body ended. What the vendor's own tools were cannot be told in a stream.
"""

from ..json_object import NOT_JSON
from ..neutral.events import Event
from ..sse import FrameSplitter, FrameTooLarge, data_of
from .chunk import NOTHING, Chunk, decode, error_in, usage_of
from .parts import PartReader, Standing

_DONE = b"[DONE]"


class EventReader:
    """A provider's stream: bytes in, events out."""

    __slots__ = (
        "_counted",
        "_parts",
        "_splitter",
        "content_bytes",
        "ended",
        "error",
        "malformed",
        "service_tier",
        "usage",
    )

    def __init__(self) -> None:
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.ended = False
        self.content_bytes = 0
        """Roughly how much content there was."""
        self._counted = False
        self._parts = PartReader()
        self._splitter = FrameSplitter()

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._is_over():
            return []
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return []
        out: list[Event] = []
        for frame in frames:
            self._frame(frame, out)
        return out

    def end(self) -> list[Event]:
        """The body ended: what is left, and the end of the answer where it is complete."""
        if self._is_over():
            return []
        out: list[Event] = []
        rest = self._splitter.rest()
        whole = self._last(rest, out) if rest else True
        if self._is_over() or not whole:
            return out
        events = self._parts.end()
        if self._parts.stop is None:
            return out
        out += [event for event in events if not isinstance(event, Standing)]
        self.ended = True
        return out

    def _is_over(self) -> bool:
        return self.ended or self.malformed or self.error is not None

    def _frame(self, frame: bytes, out: list[Event]) -> None:
        if self._is_over():
            return
        data = data_of(frame)
        if data is None:
            # An error may come as plain JSON in place of a stream.
            self.error = error_in(frame)
            return
        data = data.strip()
        if not data or data == _DONE:
            return
        try:
            chunk = decode(data)
        except NOT_JSON:
            self.error = error_in(data)
            self.malformed = self.error is None
            return
        self._chunk(chunk, out)

    def _last(self, rest: bytes, out: list[Event]) -> bool:
        """What came without a blank line; whether it was a whole event."""
        data = data_of(rest)
        if data is None:
            self.error = error_in(rest)
            return not rest.lstrip().startswith((b"{", b"[", b"data"))
        try:
            decode(data)
        except NOT_JSON:
            self.error = error_in(data)
            return data.strip() in {b"", _DONE}
        self._frame(rest, out)
        return True

    def _chunk(self, chunk: Chunk, out: list[Event]) -> None:
        if bytes(chunk.error) not in NOTHING:
            self.error = bytes(chunk.error)
            return
        self._listen(chunk)
        try:
            events = self._parts.take(chunk)
        except NOT_JSON:
            self.malformed = True
            return
        self.content_bytes = self._parts.content_bytes
        out.extend(event for event in events if not isinstance(event, Standing))

    def _listen(self, chunk: Chunk) -> None:
        """Each usage is of all so far; Vertex's first ones tell no more than the tier."""
        told = usage_of(chunk.usage_metadata)
        if told is None:
            return
        self.service_tier = told.tier or self.service_tier
        if told.counts or not self._counted:
            self.usage = told.written
            self._counted = told.counts
