"""AWS event stream framing: binary messages cut out of a body, checked and told apart.

Reference: smithy.io/2.0/aws/amazon-eventstream.html. A message is a prelude (total length, length
of the headers, CRC32 of these eight bytes), headers, a payload, and the CRC32 of all before it;
numbers are big-endian. However the bytes are cut, the frames are the same; what was sound before a
break is given, and nothing after it.
"""

import struct
from enum import StrEnum
from zlib import crc32

import msgspec

MAX_MESSAGE = 24 * 1024 * 1024
"""Bytes of one message; AWS's own SDKs take no larger payload."""
_MAX_HEADERS = 128 * 1024
_MAX_KNOWN = 64
"""Headers remembered: those of a kind of event are the same bytes every time."""

_prelude = struct.Struct(">III")
_number = struct.Struct(">I")
_short = struct.Struct(">H")
_PRELUDE = _prelude.size
_CRC = _number.size
_LEAST = _PRELUDE + _CRC

_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Sizes of the types of values: true, false, byte, short, integer, long, timestamp, UUID."""
_BYTES = 6
_STRING = 7


class Kind(StrEnum):
    """What a message is, by its header ``:message-type``."""

    EVENT = "event"
    EXCEPTION = "exception"
    """An error that the service's model knows; its payload is the error object."""
    ERROR = "error"
    """An error that no model knows; its payload here is an object with the message."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message. ``name`` is the type of event or exception, or the code of an error."""

    kind: Kind
    name: str
    payload: bytes


class _Broken(ValueError):
    """The bytes are no event stream."""


_NAMED_BY = {
    "event": (Kind.EVENT, ":event-type"),
    "exception": (Kind.EXCEPTION, ":exception-type"),
    "error": (Kind.ERROR, ":error-code"),
}


class FrameReader:
    """Bytes in, frames out. ``broken`` says why no more can come, for good."""

    __slots__ = ("_heads", "_pending", "_wanted", "broken")

    def __init__(self) -> None:
        self.broken: str | None = None
        self._pending = bytearray()
        """The beginning of a message; it is not looked at before ``_wanted`` bytes are there."""
        self._wanted = 0
        self._heads: dict[bytes, tuple[Kind, str, bytes | None]] = {}

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes, none once the framing is ``broken``. Never raises."""
        if self.broken is not None:
            return []
        if self._pending:
            self._pending += data
            if len(self._pending) < self._wanted:
                return []
            data = bytes(self._pending)
            self._pending.clear()
        frames: list[Frame] = []
        start = 0
        try:
            while (end := _end_of(data, start)) <= len(data):
                frames.append(self._frame(data, start, end))
                start = end
        except _Broken as broken:
            self.broken = str(broken)
            return frames
        self._pending += data[start:]
        self._wanted = end - start
        return frames

    @property
    def is_inside(self) -> bool:
        """Whether a message has begun that has not ended."""
        return bool(self._pending)

    def _frame(self, buffer: bytes, start: int, end: int) -> Frame:
        body_end = end - _CRC
        if crc32(buffer[start:body_end]) != _number.unpack_from(buffer, body_end)[0]:
            raise _Broken("the checksum of a message is wrong")
        payload = start + _PRELUDE + _number.unpack_from(buffer, start + 4)[0]
        written = buffer[start + _PRELUDE : payload]
        head = self._heads.get(written)
        if head is None:
            head = _head(written)
            if len(self._heads) < _MAX_KNOWN:
                self._heads[written] = head
        kind, name, told = head
        return Frame(kind, name, buffer[payload:body_end] or told or b"")


def _end_of(buffer: bytes, start: int) -> int:
    """Where the message at ``start`` ends, or its prelude if not all of that is there."""
    if len(buffer) - start < _PRELUDE:
        return start + _PRELUDE
    total, headers, check = _prelude.unpack_from(buffer, start)
    if crc32(buffer[start : start + _PRELUDE - _CRC]) != check:
        raise _Broken("the checksum of a prelude is wrong")
    if total > MAX_MESSAGE or headers > _MAX_HEADERS:
        raise _Broken("a message is too large")
    if total < _LEAST + headers:
        raise _Broken("a message is shorter than its headers")
    return start + int(total)


def _head(written: bytes) -> tuple[Kind, str, bytes | None]:
    """Kind and name of a message, and what an error without a payload says."""
    headers = _strings(written)
    found = _NAMED_BY.get(headers.get(":message-type", ""))
    if found is None:
        raise _Broken("a message does not say what it is")
    kind, named_by = found
    told = None
    if kind is Kind.ERROR:
        told = msgspec.json.encode({"message": headers.get(":error-message", "")})
    return kind, headers.get(named_by, ""), told


def _strings(written: bytes) -> dict[str, str]:
    """The headers that are strings; the others are passed over."""
    found: dict[str, str] = {}
    place = 0
    try:
        while place < len(written):
            value = place + 1 + written[place]
            name = written[place + 1 : value].decode()
            kind = written[value]
            value += 1
            if kind in _FIXED:
                place = value + _FIXED[kind]
            elif kind in {_BYTES, _STRING}:
                place = value + _short.size + _short.unpack_from(written, value)[0]
            else:
                raise _Broken("a header is of no known type")
            if place > len(written):
                raise _Broken("a header is longer than all of them")
            if kind == _STRING:
                found[name] = written[value + _short.size : place].decode()
    except (IndexError, struct.error, UnicodeDecodeError):
        raise _Broken("a header cannot be read") from None
    return found
