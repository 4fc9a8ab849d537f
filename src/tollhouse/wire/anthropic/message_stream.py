"""Anthropic's streams for its own clients: passed on as they come, with named edits.

API reference: docs.claude.com/en/build-with-claude/streaming. ``message_start`` gets the served
model's id, ``message_delta`` the completed usage: all that the stream told of it, a field that came
later in place of an earlier one. ``message_stop`` ends the answer.

Theory of operation. An event that can have no model, usage, error or end in it is passed on as it
came, once the answer has started; the others are decoded.
"""

import re

import msgspec

from ..json_object import Fields, raw, read_object, write_object
from ..openai.answer import error_in, string_field
from ..openai.stream import DONE, ENDINGS, Complete, last_frame
from ..sse import FrameSplitter, FrameTooLarge, data_of, name_of, with_data, without_fields
from .answer import tier_in
from .events import UsageMerged

_BEGINNINGS = (b"event: content_block_", b"data: {")
_TELLING = re.compile(rb'"(?:message(?:_start|_delta|_stop)?|model|usage|error)"')
_CONTENT = re.compile(rb'"(?:text|thinking|partial_json|signature)": ?"')
# Blocks that only announce what their deltas bring; a failure may still move to another hop.
_ANNOUNCED = frozenset({"text", "thinking"})
_SHORT_TEXT = 4
"""Bytes that an event is taken to bring where its content cannot be told at a glance."""


class MessageStream:
    """A ``StreamReader`` for Anthropic's events."""

    def __init__(self, model: str, *, complete: Complete) -> None:
        self.started = False
        self.finished = False
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.events = True
        self.sequence = 0
        """Anthropic's events have no numbers."""
        self._model = raw(model)
        self._complete = complete
        self._priced = False
        self._begun = False
        self._id: str | None = None
        self._merged = UsageMerged()
        self._splitter = FrameSplitter()

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return b""
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
        if (
            self.started
            and frame.startswith(_BEGINNINGS)
            and frame.endswith(ENDINGS)
            and _TELLING.search(frame) is None
        ):
            self.content_bytes += _size_of(frame)
            return frame
        data = data_of(frame)
        if data is None:
            return without_fields(frame)
        data = data.strip()
        if not data or data == DONE:
            return b""
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
        if kind == "message_start":
            return self._start(frame, fields)
        if kind == "message_delta":
            return self._delta(frame, fields)
        if kind == "message_stop":
            self._use(fields.get("usage"))
            self.finished = True
            if not self._priced:
                self._price()
            return frame
        error = error_in(fields)
        if kind == "error" or (not kind and error is not None):
            self.error = error or write_object(fields)
            return b""
        if kind == "content_block_delta" or (kind == "content_block_start" and _holds(fields)):
            self.started = True
            self.content_bytes += _size_of(frame)
        return frame

    def _start(self, frame: bytes, fields: Fields) -> bytes:
        message = read_object(fields["message"]) if "message" in fields else None
        if message is None:
            self.malformed = True
            return b""
        given = string_field(message, "id")
        if self._begun:
            # A host's second try, joined to the first: both would be taken for one answer.
            self.malformed = given != self._id
            return b""
        self._begun, self._id = True, given
        self._use(message.get("usage"))
        message["model"] = self._model
        fields["message"] = raw(message)
        return with_data(frame, write_object(fields))

    def _delta(self, frame: bytes, fields: Fields) -> bytes:
        self._use(fields.get("usage"))
        delta = read_object(fields["delta"]) if "delta" in fields else None
        if delta is None or string_field(delta, "stop_reason") is None:
            return frame
        self.started = True
        fields["usage"] = msgspec.Raw(self._price())
        return with_data(frame, write_object(fields))

    def _use(self, usage: msgspec.Raw | None) -> None:
        if usage is not None:
            self._merged.add(usage)
            self.usage = self._merged.told
            self.service_tier = tier_in(usage) or self.service_tier

    def _price(self) -> bytes:
        self._priced = True
        return self._complete(self.usage, self.service_tier, content_bytes=self.content_bytes)


def _holds(fields: Fields) -> bool:
    """Whether the start of a block brings content of its own."""
    block = read_object(fields.get("content_block", msgspec.Raw(b"null")))
    if block is None or string_field(block, "type") not in _ANNOUNCED:
        return True
    return bool(string_field(block, "text") or string_field(block, "thinking"))


def _size_of(frame: bytes) -> int:
    """Roughly how much content an event brings, for the estimate of what was relayed."""
    found = _CONTENT.search(frame)
    if found is None:
        return _SHORT_TEXT
    return max(1, frame.rfind(b'"') - found.end())
