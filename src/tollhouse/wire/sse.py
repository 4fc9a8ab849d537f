"""Server-sent events as bytes (WHATWG HTML, section 9.2): frames cut without decoding anything.

A frame is the raw bytes of one event with its blank line. Lines end in LF, CRLF or CR and in
nothing else: U+2028, U+0085 and their like are content. Text is never decoded here, so a character
split over two reads stays whole. However the bytes are cut, the frames are the same; a CR that is
the last byte so far is therefore not yet a line end, for it may be half of a CRLF.
"""

import re
from collections.abc import Iterator

MAX_FRAME = 32 * 1024 * 1024
"""Bytes; a streamed image in base64 is some megabytes, and nothing honest is larger than this."""
COMMENT = b": keep-alive\n\n"
"""Keeps intermediaries from timing out; clients ignore it."""

# As numbers, for one byte is found ten times as fast as a ``bytes`` of one.
_CR = ord("\r")
_LF = ord("\n")
_LF_OF_A_FRAME = 2
"""Of one with a single line: that line's end and the blank line's."""
_LINE_END = rb"(?:\r\n|\n|\r(?=[^\n]))"
_BLANK_LINE = re.compile(_LINE_END + _LINE_END)
_LINES = re.compile(rb"\r\n|\n|\r")
_USUAL_FRAME = re.compile(rb"(?:event: (.*)\n)?data: (.*)\n\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class FrameTooLarge(ValueError):
    """An event grew past ``MAX_FRAME``."""


class FrameSplitter:
    """Bytes in, frames out; the sum of the frames is the sum of the bytes."""

    __slots__ = ("_buffer", "_scanned")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ``data`` completes; ``FrameTooLarge`` when one does not end.

        Of that one nothing is kept.
        """
        buffer = self._buffer
        if not buffer and data.endswith(b"\n\n") and _CR not in data:
            if data.count(_LF) == _LF_OF_A_FRAME or data.find(b"\n\n") == len(data) - 2:
                return [data]
            *pieces, rest = data.split(b"\n\n")
            self._keep(rest)
            return [piece + b"\n\n" for piece in pieces]
        buffer += data
        frames = []
        start = 0
        # A blank line may have begun in what was scanned before: at most 3 bytes of it.
        position = max(0, self._scanned - 3)
        while found := _BLANK_LINE.search(buffer, position):
            position = found.end()
            frames.append(bytes(buffer[start:position]))
            start = position
        del buffer[:start]
        self._keep(b"")
        return frames

    def rest(self) -> bytes:
        """What is left at the end of the stream: an event without its blank line, or nothing."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._scanned = 0
        return rest if rest.strip() else b""

    def _keep(self, rest: bytes) -> None:
        self._buffer += rest
        self._scanned = len(self._buffer)
        if self._scanned > MAX_FRAME:
            self._buffer.clear()
            self._scanned = 0
            raise FrameTooLarge


def data_of(frame: bytes) -> bytes | None:
    """The data of a frame, its lines joined by LF; None for a comment or a field without data."""
    usual = None if _CR in frame else _USUAL_FRAME.fullmatch(frame)
    if usual is not None:
        return usual[2]
    lines = [value for name, value, _ in _lines(frame) if name == b"data"]
    return b"\n".join(lines) if lines else None


def name_of(frame: bytes) -> bytes | None:
    """The event's name (its last ``event`` field), where it has one."""
    usual = _usual(frame)
    if usual is not None:
        return usual[1]
    names = [value for name, value, _ in _lines(frame) if name == b"event"]
    return names[-1] if names else None


def with_data(frame: bytes, data: bytes) -> bytes:
    """The frame with other data; comments and other fields stay."""
    data = _in_lines(data)
    usual = _usual(frame)
    if usual is not None:
        return frame[: usual.start(2)] + data + b"\n\n"
    kept = [line for name, _, line in _lines(frame) if line and name != b"data"]
    return b"\n".join([*kept, b"data: " + data, b"", b""])


def without_fields(frame: bytes) -> bytes:
    """A frame that has no data, less what would make it an event: its comments, or nothing.

    The standard dispatches nothing for such a frame. SDKs that do dispatch it fail on it.
    """
    lines = [(name, line) for name, _, line in _lines(frame) if line]
    comments = [line for name, line in lines if not name]
    if len(comments) == len(lines):
        return frame
    return b"\n".join([*comments, b"", b""]) if comments else b""


def event(data: bytes, name: bytes | None = None) -> bytes:
    """A new frame."""
    head = b"event: " + name + b"\n" if name else b""
    return head + b"data: " + _in_lines(data) + b"\n\n"


def _in_lines(data: bytes) -> bytes:
    """Data as it stands behind its field's name: each further line has a field of its own."""
    return data.replace(b"\n", b"\ndata: ") if _LF in data else data


def _usual(frame: bytes) -> re.Match[bytes] | None:
    """The name and the data of a frame as nearly all hosts write them."""
    return None if _CR in frame else _USUAL_FRAME.fullmatch(frame)


def _lines(frame: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each line's field name (empty for a comment), its value, and the line as it stands."""
    for line in _LINES.split(frame.removeprefix(_BYTE_ORDER_MARK)):
        name, _, value = line.partition(b":")
        yield name, value.removeprefix(b" "), line
