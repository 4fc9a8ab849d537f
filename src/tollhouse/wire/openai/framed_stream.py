"""What readers of events have in common: frames cut, told apart, and passed on or broken off.

Theory of operation. Every frame takes the fast way or the slow way. The fast way, for nearly all of
them, looks at the bytes only, and takes what seems to be an object on one line with nothing in it
that tells anything but content. The slow way decodes the event:

- A frame without data is no event: its comments are passed on, nothing else of it.
- ``[DONE]`` means what the dialect says; where it says nothing, it is not passed on.
- An object is the dialect's to read.
- Anything else is an error if the event's name says so; if not, the stream is broken off.

An answer's first content goes the slow way, for it decides that the answer has ``started``.

``feed`` and ``_frame`` are run for every event. What could be a smaller function of its own is
written out there, for a call costs more than what it would do.
"""

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from ..json_object import Fields, raw, read_object
from ..sse import FrameSplitter, FrameTooLarge, data_of, name_of, without_fields
from .answer import string_field
from .stream import DONE, ENDINGS, Complete, StreamFacts, last_frame


class FramedStream(StreamFacts, ABC):
    """A ``StreamReader`` for events; a subclass knows their dialect."""

    def __init__(self, model: str, complete: Complete) -> None:
        super().__init__()
        self._model = raw(model)
        """The served model's id, as JSON."""
        self._complete = complete
        self._splitter = FrameSplitter()

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self._break_off()
            return b""
        if len(frames) == 1:
            self.sequence += 1
            return self._frame(frames[0])
        self.sequence += len(frames)
        return b"".join([self._frame(frame) for frame in frames])

    def end(self) -> bytes:
        """Whatever is left; ``finished`` says whether the terminal event was among it."""
        frame = last_frame(self._splitter.rest())
        return self._frame(frame) if frame is not None else b""

    @abstractmethod
    def _frame(self, frame: bytes) -> bytes:
        """What goes out for a frame: by the fast way, or by ``_read`` unless the answer is over."""

    @abstractmethod
    def _event(self, frame: bytes, fields: Fields) -> bytes:
        """What goes out for an event, decoded."""

    def _on_done(self, frame: bytes) -> bytes:
        """What goes out for ``[DONE]``."""
        del frame
        return b""

    def _read(self, frame: bytes) -> bytes:
        """The slow way."""
        data = data_of(frame)
        if data is None:
            return without_fields(frame)
        data = data.strip()
        if not data:
            return b""
        if data == DONE:
            return self._on_done(frame)
        fields = read_object(data)
        if fields is not None:
            return self._event(frame, fields)
        if name_of(frame) == b"error":
            self._fail(bytes(raw(data.decode(errors="replace"))))
        else:
            self._break_off()
        return b""

    def _is_over(self) -> bool:
        return self.finished or self.malformed or self.error is not None

    def _fail(self, error: bytes) -> None:
        self.error = error

    def _break_off(self) -> None:
        self.malformed = True

    def _price(self) -> bytes:
        """The ``usage`` that the client gets, priced."""
        return self._complete(self.usage, self.service_tier, content_bytes=self.content_bytes)


class PassedOnStream(FramedStream):
    """A reader whose plain events are passed on byte for byte."""

    _beginnings: ClassVar[tuple[bytes, ...]]
    """How a plain event's frame begins."""
    _telling: ClassVar[re.Pattern[bytes]]
    """What no plain event holds: names of fields and types that have to be looked into."""

    @abstractmethod
    def _size_of(self, frame: bytes) -> int:
        """Roughly how much content a plain event brings, for the estimate of what was relayed."""

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.malformed or self.error is not None:
            return b""
        if (
            self.started
            and frame.startswith(self._beginnings)
            and frame.endswith(ENDINGS)
            and self._telling.search(frame) is None
        ):
            self.content_bytes += self._size_of(frame)
            return frame
        return self._read(frame)


def kind_of(frame: bytes, fields: Fields) -> str:
    """The type of an event: as it says itself, else the frame's name; empty where neither does."""
    return string_field(fields, "type") or (name_of(frame) or b"").decode(errors="replace")
