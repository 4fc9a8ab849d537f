"""Anthropic's streams for its own clients: passed on as they come, with named edits.

API reference: docs.claude.com/en/build-with-claude/streaming. ``message_start`` gets the served
model's id, ``message_delta`` the completed usage: all that the stream told of it, a field that came
later in place of an earlier one. ``message_stop`` ends the answer.

Theory of operation. An event that can have no model, usage, error or end in it is passed on as it
came, once the answer has started; the others are decoded (``openai.framed_stream``).
"""

import re

import msgspec

from ..json_object import Fields, raw, read_object, write_object
from ..openai.answer import error_in, string_field
from ..openai.framed_stream import PassedOnStream, kind_of
from ..openai.stream import SHORT_TEXT, Complete
from ..sse import with_data
from .answer import tier_in
from .events import UsageMerged

_CONTENT = re.compile(rb'"(?:text|thinking|partial_json|signature)": ?"')
# Blocks that only announce what their deltas bring; a failure may still move to another hop.
_ANNOUNCED = frozenset({"text", "thinking"})


class MessageStream(PassedOnStream):
    """A ``StreamReader`` for Anthropic's events, which have no numbers."""

    _beginnings = (b"event: content_block_", b"data: {")
    _telling = re.compile(rb'"(?:message(?:_start|_delta|_stop)?|model|usage|error)"')

    def __init__(self, model: str, *, complete: Complete) -> None:
        super().__init__(model, complete)
        self._priced = False
        self._begun = False
        self._id: str | None = None
        self._merged = UsageMerged()

    def _size_of(self, frame: bytes) -> int:
        found = _CONTENT.search(frame)
        if found is None:
            return SHORT_TEXT
        return max(1, frame.rfind(b'"') - found.end())

    def _event(self, frame: bytes, fields: Fields) -> bytes:
        kind = kind_of(frame, fields)
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
            self._fail(error or write_object(fields))
            return b""
        if kind == "content_block_delta" or (kind == "content_block_start" and _holds(fields)):
            self.started = True
            self.content_bytes += self._size_of(frame)
        return frame

    def _start(self, frame: bytes, fields: Fields) -> bytes:
        message = read_object(fields["message"]) if "message" in fields else None
        if message is None:
            self._break_off()
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
        return super()._price()


def _holds(fields: Fields) -> bool:
    """Whether the start of a block brings content of its own."""
    block = read_object(fields.get("content_block", msgspec.Raw(b"null")))
    if block is None or string_field(block, "type") not in _ANNOUNCED:
        return True
    return bool(string_field(block, "text") or string_field(block, "thinking"))
