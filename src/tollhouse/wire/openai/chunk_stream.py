"""Streams of chunks: chat and legacy completions (``data:`` events ended by ``[DONE]``).

Theory of operation. Each frame takes the fast way or the slow way. The fast way, for nearly all of
them: no usage, no finish reason, no error, so only the model's name is replaced, in place and only
where it certainly is the top level's. What stands in front of the text is then the same in event
after event, so it is kept with the name replaced, and the next event that begins with it needs only
its rest looked at. The slow way decodes the chunk.

The client gets usage once, whatever the provider does: on chunks with choices its own ``usage`` is
set to ``null``, for it would be counted twice and has no price.

- A client that asked for usage gets it on one extra chunk right before ``[DONE]``: the provider's
  last chunk without choices, completed, or one of ours when the provider sent none.
- For a client that did not ask, the chunk with the last finish reason is held until the end and
  carries it. The provider's extra chunk is swallowed; other chunks without content queue up behind
  the held one. If content comes after all (another choice is still to finish), the held chunk goes
  out as it is, and a later one will carry the usage.

The end is clean when ``[DONE]`` came or every choice seen has finished; ``[DONE]`` is then sent
exactly once, whatever the provider did. Usage that comes behind ``[DONE]`` counts if it arrives
along with it: waiting for it would keep an answer back that is complete.
"""

import re

import msgspec

from ..json_object import NOT_JSON, Fields, read_object, write_object
from ..sse import FrameTooLarge, data_of, event, name_of, with_data
from .answer import error_in, string_field, usage_in
from .framed_stream import FramedStream
from .stream import DONE, ENDINGS, SHORT_TEXT, Complete

_MAX_BEHIND = 256
_MAX_BYTES_BEHIND = 1024 * 1024
"""Chunks without content that may wait behind a held one; no provider sends more than a few."""
_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})
_NULL = msgspec.Raw(b"null")
_BEGINNING = b"data: {"
_TEXT = b'"delta":{"content":"'
_EMPTY_DELTA = len(_TEXT + b'"')
# What our own usage chunk takes over from the chunks before it.
_COMMON = ("id", "object", "created", "model", "system_fingerprint", "service_tier")


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: dict[str, msgspec.Raw] | None = None
    text: str | None = None
    finish_reason: str | None = None

    def size(self) -> int:
        """Roughly how much content is in it; 0 if nothing but a role is."""
        if self.text:
            return len(self.text)
        if not self.delta:
            return 0
        return sum(
            len(value)
            for name, value in self.delta.items()
            if name != "role" and bytes(value) not in _NOTHING
        )


# What sends a frame the slow way: one of these, unless it is null wherever it stands.
_TELLING = re.compile(rb'"(?:usage|finish_reason|error)"(?!: ?null)')
_choices = msgspec.json.Decoder(list[_Choice] | None)


class ChunkStream(FramedStream):
    """A ``StreamReader`` for chunks."""

    def __init__(
        self, model: str, *, asked_usage: bool, complete: Complete, choices: int = 1
    ) -> None:
        super().__init__(model, complete)
        self._single = choices == 1
        self._asked_usage = asked_usage
        self._name = b""
        """The model's name and key as the provider spells them …"""
        self._name_to_send = b""
        """… and what goes in their place."""
        self._beginning = b""
        """How the last event of the fast way began, up to its text …"""
        self._beginning_to_send = b""
        """… and the same for the client."""
        self._open: set[int] = set()
        self._closed: set[int] = set()
        """Choices that have begun, and those that have finished."""
        self._held: tuple[bytes, Fields] | None = None
        self._behind: list[bytes] = []
        self._extra: tuple[bytes, Fields] | None = None
        self._last: Fields = {}
        self._fast = False
        """Whether frames may take the fast way at all just now."""
        self._done = False

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client: the end is written when all that came along with it is read.

        The base's is not called for this: that would be one more call for every event.
        """
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self._break_off()
            return b""
        if len(frames) == 1:
            out = self._frame(frames[0])
        else:
            out = b"".join([self._frame(frame) for frame in frames])
        return out + self._close() if self._done and not self.finished else out

    def end(self) -> bytes:
        """Finish the stream if the answer was whole, else say so by ``finished`` being False."""
        out = super().end()
        if self._is_over():
            return out
        whole = self._done or (self._closed and not self._open)
        return out + (self._close() if whole else self._release())

    def _fail(self, error: bytes) -> None:
        super()._fail(error)
        self._fast = False

    def _break_off(self) -> None:
        super()._break_off()
        self._fast = False

    # --- one frame ---

    def _frame(self, frame: bytes) -> bytes:
        if self._fast and (edited := self._edited(frame)) is not None:
            return edited
        if self._is_over():
            return b""
        if self._done:
            self._listen(read_object(data_of(frame) or b"") or {})
            return b""
        return self._read(frame)

    def _on_done(self, frame: bytes) -> bytes:
        """The end is written by ``feed`` or ``end``."""
        del frame
        self._done = True
        self._fast = False
        return b""

    def _event(self, frame: bytes, fields: Fields) -> bytes:
        if name_of(frame) == b"error":
            self._fail(error_in(fields) or write_object(fields))
            return b""
        return self._chunk(frame, fields)

    # --- the fast way ---

    def _edited(self, frame: bytes) -> bytes | None:
        """The frame for the client, or None where it has to take the slow way."""
        beginning = self._beginning
        if beginning and frame.startswith(beginning):
            text = len(beginning)
            # The quote before the text belongs to what may be telling.
            if not frame.endswith(ENDINGS) or _TELLING.search(frame, text - 1) is not None:
                return None
            self.content_bytes += max(1, frame.find(b"}", text) - text - 1)
            return self._beginning_to_send + frame[text:]
        if not frame.startswith(_BEGINNING) or not frame.endswith(ENDINGS):
            return None
        if _TELLING.search(frame) is not None:
            return None
        edited = self._replace_name(frame)
        if edited is not None:
            self.content_bytes += _size_of_delta(frame)
        return edited

    def _replace_name(self, frame: bytes) -> bytes | None:
        """The frame with the served id, or None where the name cannot be found for certain.

        A quote inside a JSON string is always escaped, so the name as the provider writes it can
        only stand for a field. That field is the top level's if one bracket is open before it, or
        if one is still to be closed behind it. (Brackets in strings only make this look deeper.)
        """
        head, name, tail = frame.partition(self._name)
        if not name:
            return None
        if head.count(b"{") == 1 and b"[" not in head:
            between, text, _ = tail.partition(_TEXT)
            if text:
                self._beginning = head + name + between + text
                self._beginning_to_send = head + self._name_to_send + between + text
            return head + self._name_to_send + tail
        if tail.count(b"}") == 1 and b"]" not in tail:
            return head + self._name_to_send + tail
        return None

    # --- one chunk, decoded ---

    def _chunk(self, frame: bytes, fields: Fields) -> bytes:
        self._listen(fields)
        error = error_in(fields)
        if error is not None:
            self._fail(error)
            return b""
        self._set_name(frame, fields)
        choices, has_content = self._read_choices(fields)
        if bytes(fields.get("usage", _NULL)) != b"null":
            fields["usage"] = _NULL
            if not choices and not has_content:
                self._extra = (frame, fields)
                return b""
        self._last = fields
        return self._in_turn(frame, fields, choices, has_content=has_content)

    def _in_turn(
        self, frame: bytes, fields: Fields, choices: list[_Choice], *, has_content: bool
    ) -> bytes:
        """What goes out now that this chunk has come."""
        before = b""
        if self._held is not None:
            if not has_content and self._can_wait(frame):
                self._behind.append(with_data(frame, write_object(fields)))
                return b""
            before = self._release()
        ends = any(choice.finish_reason for choice in choices)
        if ends and not self._asked_usage and not self._open:
            self._held = (frame, fields)
            self._fast = False
            return before
        self._fast = self.started and self._single and bool(self._name)
        return before + with_data(frame, write_object(fields))

    def _can_wait(self, frame: bytes) -> bool:
        waiting = len(frame) + sum(map(len, self._behind))
        return len(self._behind) < _MAX_BEHIND and waiting <= _MAX_BYTES_BEHIND

    def _listen(self, fields: Fields) -> None:
        self.usage = usage_in(fields) or self.usage
        self.service_tier = string_field(fields, "service_tier") or self.service_tier

    def _read_choices(self, fields: Fields) -> tuple[list[_Choice], bool]:
        """The choices, and whether they hold content or a finish reason."""
        try:
            choices = _choices.decode(fields.get("choices", _NULL)) or []
        except NOT_JSON:
            # A shape we do not know: it is content, and not ours to judge.
            self.started = True
            return [], True
        has_content = False
        for choice in choices:
            size = choice.size()
            index = choice.index or 0
            self.content_bytes += size
            self._single = self._single and index == 0
            has_content = has_content or bool(size or choice.finish_reason)
            if choice.finish_reason:
                self._closed.add(index)
                self._open.discard(index)
            elif index not in self._closed:
                self._open.add(index)
        self.started = self.started or has_content
        return choices, has_content

    def _set_name(self, frame: bytes, fields: Fields) -> None:
        """Put the served id into a chunk, and learn how the provider spells its name."""
        name = fields.get("model")
        if name is None and "choices" not in fields:
            return
        fields["model"] = self._model
        if name is None or (self._name and self._name in frame):
            return
        for key in (b'"model":', b'"model": '):
            if key + bytes(name) in frame:
                self._name = key + bytes(name)
                self._name_to_send = key + bytes(self._model)
                self._beginning = b""

    # --- usage and the end ---

    def _release(self, usage: bytes | None = None) -> bytes:
        """Let the held chunk go, and what queued up behind it."""
        if self._held is None:
            return b""
        frame, fields = self._held
        if usage is not None:
            fields["usage"] = msgspec.Raw(usage)
        out = b"".join([with_data(frame, write_object(fields)), *self._behind])
        self._held = None
        self._behind.clear()
        return out

    def _close(self) -> bytes:
        """The proper end: the usage that is owed, and one ``[DONE]``."""
        if self._is_over():
            return b""
        if not (self.started or self._open or self._closed):
            # The provider says it is done, and never said anything.
            self._break_off()
            return b""
        self.finished = True
        self._fast = False
        usage = self._price()
        out = self._usage_chunk(usage) if self._asked_usage else self._release(usage)
        return out + event(DONE)

    def _usage_chunk(self, usage: bytes) -> bytes:
        if self._extra is not None:
            frame, fields = self._extra
        else:
            frame = event(b"")
            fields = {name: self._last[name] for name in _COMMON if name in self._last}
        fields["choices"] = msgspec.Raw(b"[]")
        fields["usage"] = msgspec.Raw(usage)
        return with_data(frame, write_object(fields))


def _size_of_delta(frame: bytes) -> int:
    """Roughly how much content a chunk brings, for the estimate of what was relayed."""
    start = frame.find(b'"delta":')
    if start < 0:
        return SHORT_TEXT
    return max(1, frame.find(b"}", start) - start - _EMPTY_DELTA)
