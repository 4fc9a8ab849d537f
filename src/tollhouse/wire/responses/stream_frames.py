"""Numbered events of a response, as frames.

Reference: platform.openai.com/docs/api-reference/responses-streaming. The frame of a delta is made
of pieces that are encoded once for each part.
"""

import msgspec

from .logprobs import NONE

_encode = msgspec.json.Encoder().encode
_LOGPROBS = b',"logprobs":'
_NUMBER = b',"sequence_number":'


class Frames:
    """Collects frames; events are numbered from 0."""

    __slots__ = ("_head", "_out", "_tail", "sequence")

    def __init__(self) -> None:
        self.sequence = 0
        """The number of the next event."""
        self._out: list[bytes] = []
        self._head = self._tail = b""

    def taken(self) -> bytes:
        """The frames since the last time."""
        taken = b"".join(self._out)
        self._out.clear()
        return taken

    def emit(self, name: str, **fields: object) -> None:
        """An event; ``name`` is its type behind ``response.``."""
        kind = f"response.{name}"
        data = _encode({"type": kind, "sequence_number": self.sequence, **fields})
        self.sequence += 1
        self._out += (b"event: ", kind.encode(), b"\ndata: ", data, b"\n\n")

    def prepare(self, name: str, place: dict[str, object], *, probable: bool = False) -> None:
        """What the deltas to come are; those of texts list the probabilities of their tokens."""
        kind = f"response.{name}"
        data = _encode({"type": kind, **place})[:-1]
        self._head = b"event: " + kind.encode() + b"\ndata: " + data + b',"delta":'
        self._tail = _LOGPROBS + NONE + _NUMBER if probable else _NUMBER

    def delta(self, text: str) -> None:
        """A delta of what was prepared."""
        number = self.sequence
        self.sequence = number + 1
        self._out += (self._head, _encode(text), self._tail, b"%d}\n\n" % number)

    def probable_delta(self, text: str, logprobs: bytes) -> None:
        """A delta of a text, with a list of probabilities."""
        tail, self._tail = self._tail, _LOGPROBS + logprobs + _NUMBER
        self.delta(text)
        self._tail = tail
