"""Streams of chunks: chat and legacy completions (``data:`` events ended by ``[DONE]``).

Theory of operation. Each frame takes the fast way or the slow way. The fast way, for nearly all of
them: no usage, no finish reason, no error, so only the model's name is replaced, in place and only
where the top level can hold it. The slow way decodes the chunk.

A client that asked for usage gets the provider's extra chunk completed, or one of ours when the
provider sent none. For a client that did not ask, a chunk with a finish reason is held: the
provider's extra usage chunk is swallowed and its usage goes on the held one; what else comes without
content (an empty delta, a filter's verdict) waits behind it; content or another finish lets it go as
it is, since another choice is still to finish. At ``[DONE]`` or at the end of the bytes a held chunk
goes out with whatever usage is known. A stream that never finished a choice is priced all the same,
for the record.

The end is clean when ``[DONE]`` came or every choice seen has finished; ``[DONE]`` is then sent
exactly once, whatever the provider did.
"""

import msgspec

from ..json_object import Fields, raw, read_object, write_object
from ..sse import FrameSplitter, FrameTooLarge, data_of, event, with_data
from .answer import error_in, string_field
from .stream import Complete

DONE = b"data: [DONE]\n\n"

_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})
# What a content-free frame adds around its content, for the estimate of what was relayed.
_ENVELOPE_GUESS = 180
_MOST_BEHIND = 64 * 1024
"""Bytes that may wait behind a held chunk."""


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: dict[str, msgspec.Raw] | None = None
    text: str | None = None
    finish_reason: str | None = None

    def has_content(self) -> bool:
        """Whether anything but a role is in it."""
        if self.text:
            return True
        return any(
            name != "role" and bytes(value) not in _NOTHING
            for name, value in (self.delta or {}).items()
        )


_choices = msgspec.json.Decoder(list[_Choice] | None)


class ChunkStream:
    """A ``StreamReader`` for chunks."""

    def __init__(
        self, model: str, *, asked_usage: bool, complete: Complete, choices: int = 1
    ) -> None:
        self.started = False
        self.finished = False
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.events = True
        self._single = choices == 1
        self._model = raw(model)
        self._asked_usage = asked_usage
        self._complete = complete
        self._splitter = FrameSplitter()
        self._name_as_sent: bytes | None = None
        self._name_to_send = b""
        self._held: tuple[bytes, Fields] | None = None
        self._behind = b""
        self._usage_sent = False
        self._open: set[int] = set()
        self._last: Fields = {}

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return b""
        if len(frames) == 1:
            return self._frame(frames[0])
        self._look_past_done(frames)
        return b"".join([self._frame(frame) for frame in frames])

    def end(self) -> bytes:
        """Finish the stream if the answer was whole, else say so by ``finished`` being False."""
        rest = self._splitter.rest()
        out = self._frame(rest + b"\n\n") if rest else b""
        if self.error or self.malformed or self.finished:
            return out
        if self.started and not self._open:
            return out + self._close()
        return out + self._release(complete=False)

    # --- one frame ---

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.error is not None or self.malformed:
            return b""
        if self.started and self._held is None and self._is_plain(frame):
            edited = self._replace_name(frame)
            if edited is not None:
                self.content_bytes += max(1, len(frame) - _ENVELOPE_GUESS)
                return edited
        data = data_of(frame)
        if data is None:
            return frame
        if data.strip() == b"[DONE]":
            return self._close()
        if not data.strip():
            return b""
        fields = read_object(data)
        if fields is None:
            self.malformed = True
            return b""
        return self._chunk(frame, fields)

    def _is_plain(self, frame: bytes) -> bool:
        """Whether a frame can have neither usage nor a finish nor an error in it."""
        return (
            self._single
            and frame.startswith(b"data: {")
            and b'"error"' not in frame
            and _only_null(frame, b'"usage"')
            and _only_null(frame, b'"finish_reason"')
        )

    def _replace_name(self, frame: bytes) -> bytes | None:
        """The frame with the served id, or None where the name cannot be found for certain.

        A quote inside a JSON string is always escaped, so the name as the provider writes it can
        only stand for a field; before ``choices`` and only once, that is the top level's.
        """
        sent = self._name_as_sent
        if sent is None:
            return None
        position = frame.find(sent)
        if position < 0 or position > frame.find(b'"choices"') or frame.count(sent) != 1:
            return None
        return frame[:position] + self._name_to_send + frame[position + len(sent) :]

    # --- one chunk, decoded ---

    def _chunk(self, frame: bytes, fields: Fields) -> bytes:
        error = error_in(fields)
        if error is not None or b"event: error" in frame[:64]:
            self.error = error or write_object(fields)
            return b""
        choices = self._read_choices(fields)
        told = bytes(fields.get("usage", b"null"))
        has_usage = told != b"null"
        if has_usage:
            self.usage = told
        tier = string_field(fields, "service_tier")
        self.service_tier = tier or self.service_tier
        self._learn_name(frame, fields)
        fields["model"] = self._model
        self._last = fields
        if not choices and has_usage:
            return self._usage_chunk(frame, fields)
        ends = any(choice.finish_reason for choice in choices)
        quiet = not ends and not any(choice.has_content() for choice in choices)
        if quiet and self._held is not None and len(self._behind) < _MOST_BEHIND:
            if has_usage:
                del fields["usage"]
            self._behind += with_data(frame, write_object(fields))
            return b""
        before = self._release(complete=False)
        if ends and not self._asked_usage:
            self._held = (frame, fields)
            return before
        return before + with_data(frame, write_object(fields))

    def _read_choices(self, fields: Fields) -> list[_Choice]:
        try:
            choices = _choices.decode(fields.get("choices", b"null")) or []
        except (msgspec.DecodeError, RecursionError):
            # A shape we do not know: it is content, and not ours to judge.
            self.started = True
            return []
        for choice in choices:
            if choice.has_content():
                self.started = True
                self.content_bytes += self._size_of(choice)
            self._open.add(choice.index or 0)
            if choice.finish_reason:
                self.started = True
                self._open.discard(choice.index or 0)
        return choices

    @staticmethod
    def _size_of(choice: _Choice) -> int:
        if choice.text:
            return len(choice.text)
        return sum(
            len(bytes(value)) - 2
            for name, value in (choice.delta or {}).items()
            if name != "role" and bytes(value) not in _NOTHING
        )

    def _learn_name(self, frame: bytes, fields: Fields) -> None:
        name = fields.get("model")
        if self._name_as_sent is not None or name is None:
            return
        for spacing in (b"", b" "):
            sent = b'"model":' + spacing + bytes(name)
            if sent in frame:
                self._name_as_sent = sent
                self._name_to_send = b'"model":' + spacing + bytes(self._model)
                return

    # --- usage and the end ---

    def _usage_chunk(self, frame: bytes, fields: Fields) -> bytes:
        """The provider's extra chunk: for the client that asked, or swallowed."""
        if not self._asked_usage:
            return b""
        self._usage_sent = True
        fields["usage"] = msgspec.Raw(self._priced())
        return with_data(frame, write_object(fields))

    def _release(self, *, complete: bool) -> bytes:
        if self._held is None:
            return b""
        frame, fields = self._held
        behind, self._held, self._behind = self._behind, None, b""
        if complete:
            self._usage_sent = True
            fields["usage"] = msgspec.Raw(self._priced())
        return with_data(frame, write_object(fields)) + behind

    def _priced(self) -> bytes:
        return self._complete(self.usage, self.service_tier, content_bytes=self.content_bytes)

    def _close(self) -> bytes:
        """The proper end: usage, if it is still owed, and one ``[DONE]``."""
        self.finished = True
        out = self._release(complete=True)
        if self._asked_usage and not self._usage_sent:
            self._usage_sent = True
            fields = {name: value for name, value in self._last.items() if name != "service_tier"}
            fields["choices"] = msgspec.Raw(b"[]")
            fields["usage"] = msgspec.Raw(self._priced())
            out += event(write_object(fields))
        elif not self._usage_sent:
            self._priced()
        return out + DONE

    def _look_past_done(self, frames: list[bytes]) -> None:
        """Usage that a host sends behind the terminator still counts, if it comes along with it."""
        if self.usage is None and DONE in frames[:-1]:
            for frame in frames[frames.index(DONE) + 1 :]:
                usage = bytes((read_object(data_of(frame) or b"") or {}).get("usage", b"null"))
                if usage != b"null":
                    self.usage = usage


def _only_null(frame: bytes, name: bytes) -> bool:
    """Whether a field is absent or ``null`` wherever it stands in the frame."""
    count = frame.count(name)
    return not count or count == frame.count(name + b":null") + frame.count(name + b": null")
