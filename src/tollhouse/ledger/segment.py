"""One file of the journal: what its lines mean, who owns it, and how it is read.

A segment is text, a line per event, the first byte saying which:

- ``O`` and a record: a request was admitted. It may never get a second line.
- ``C`` and a record: it ended, and this is all there is to know of it.
- ``E``: the segment was left in good order. What is still open in it was written again, as open, at
  the head of the next segment, so nothing here is to be taken for interrupted.

The owner holds an exclusive ``flock`` for as long as it lives, and the kernel lets go of it however
it dies. A segment whose lock is free belongs to whoever takes the lock. A line that cannot be read
was torn by a full disk or a sudden end; its record was never promised to anybody, so it is passed
over, and whoever writes after a torn line begins with a line feed. Zero bytes behind the last line
are room that its owner had not come to; its owner never reads beyond what it has appended.
"""

import contextlib
import fcntl
import logging
import os
from pathlib import Path

import msgspec

from ..core.record import Outcome, Record
from ..ports import Ids
from .appender import Appender, Mapped, Written

SUFFIX = ".journal"
END = b"E\n"
_CHUNK = 512 * 1024
"""Bytes read at once: a batch of ordinary lines."""
_log = logging.getLogger("tollhouse.ledger")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def open_line(record: Record) -> bytes:
    """The line that says a request was admitted."""
    try:
        return b"O" + _encode(record) + b"\n"
    except UnicodeEncodeError:
        return b"O" + _encode(_mended(record)) + b"\n"


def closed_line(record: Record) -> bytes:
    """The line that says how it ended."""
    try:
        return b"C" + _encode(record) + b"\n"
    except UnicodeEncodeError:
        return b"C" + _encode(_mended(record)) + b"\n"


def _mended(record: Record) -> Record:
    """Replace half surrogate pairs, sent by a client; in place, for the store takes none either."""
    for name in record.__struct_fields__:
        if isinstance(value := getattr(record, name), str):
            setattr(record, name, value.encode("utf-8", "replace").decode())
    return record


class Segment:
    """A segment that this process owns, and how far it has been read."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd
        self.waiting = 0
        """Closed lines that have not been advanced over."""
        self._offset = 0
        self._next_offset = 0
        self._last_read = 0
        self._open: dict[str, Record] = {}

    @staticmethod
    def adopt(path: Path) -> "Segment | None":
        """Take over a segment whose owner is gone; None while it lives."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return None
        if _locked(fd):
            adopted = Segment(path, fd)
            adopted.waiting = _closed_lines(fd)
            return adopted
        os.close(fd)
        return None

    def read(self, most: int) -> list[Record]:
        """The next closed records, ``most`` of them; empty when there is no whole line left.

        The same again until ``advance`` says that they are safe elsewhere.
        """
        while piece := self._piece():
            records: list[Record] = []
            begin = 0
            while len(records) < most and (end := piece.find(b"\n", begin)) >= 0:
                self._take(piece[begin:end], records)
                begin = end + 1
            self._next_offset = self._offset + begin
            if records:
                self._last_read = len(records)
                return records
            self._offset = self._next_offset
        return []

    def advance(self) -> None:
        """Go on behind what ``read`` gave."""
        self._offset = self._next_offset
        # A line torn just before its line feed is whole after all, and was not counted.
        self.waiting = max(0, self.waiting - self._last_read)

    def interrupted(self, ended_at: int) -> list[Record]:
        """What a dead owner had open; to be asked when ``read`` has come to the end.

        ``ended_at`` is in Unix microseconds. Its last line counts even without a line feed.
        """
        closed: list[Record] = []
        self._take(self._bytes(_CHUNK).rstrip(b"\0"), closed)
        left = [
            msgspec.structs.replace(record, status=Outcome.INTERRUPTED, ended_at=ended_at)
            for record in self._open.values()
        ]
        return closed + left

    def close(self) -> None:
        """Let go of it and leave it on disk for the next start."""
        os.close(self.fd)

    def remove(self) -> None:
        """Delete it: all that it holds is safe elsewhere."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.close()

    def _bytes(self, size: int) -> bytes:
        return os.pread(self.fd, size, self._offset)

    def _piece(self) -> bytes:
        """Whole lines, or nothing."""
        size = _CHUNK
        while True:
            piece = self._bytes(size)
            end = piece.rfind(b"\n") + 1
            if end or len(piece) < size:
                return piece[:end]
            size *= 2

    def _take(self, line: bytes, closed: list[Record]) -> None:
        kind = line[:1]
        if kind == b"C":
            record = self._decoded(line)
            if record is not None:
                self._open.pop(record.id, None)
                closed.append(record)
        elif kind == b"O":
            self._opened(line)
        elif line == END[:-1]:
            self._open.clear()

    def _opened(self, line: bytes) -> None:
        record = self._decoded(line)
        if record is not None:
            self._open[record.id] = record

    def _decoded(self, line: bytes) -> Record | None:
        try:
            return _decode(line[1:])
        except msgspec.DecodeError:
            _log.warning("passed over a torn line", extra={"segment": self.path.name})
            return None


class OwnSegment(Segment):
    """One that this process writes as well."""

    def __init__(self, path: Path, fd: int, appender: Appender) -> None:
        super().__init__(path, fd)
        self._appender = appender
        self.append = appender.append
        """Add lines; after an ``OSError`` they are not there, or torn."""

    @staticmethod
    def create(directory: Path, ids: Ids, *, mapped: bool) -> "OwnSegment":
        """A new, empty segment; ``OSError`` when the disk has no room for it."""
        while True:
            path = directory / f"{ids.uuid()}{SUFFIX}"
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            # Between these two lines somebody may take it for abandoned: then it is theirs.
            if _locked(fd):
                return OwnSegment(path, fd, Mapped(fd) if mapped else Written(fd))
            os.close(fd)

    @property
    def size(self) -> int:
        """Bytes that were added."""
        return self._appender.end

    def finish(self) -> None:
        """Nothing more will be added."""
        self._appender.finish()

    def close(self) -> None:
        """Let go of it and leave it on disk for the next start."""
        self.finish()
        super().close()

    def _bytes(self, size: int) -> bytes:
        # Not from the file: behind the end there may be a line that is only half copied.
        return self._appender.read(size, self._offset)

    def _opened(self, line: bytes) -> None:
        """What is open here is known to the journal."""


def abandoned(directory: Path) -> list[Segment]:
    """Every segment whose owner is gone, oldest first, now owned by the caller."""
    found = []
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            segment = Segment.adopt(path)
        except OSError:
            _log.exception("a journal segment cannot be opened", extra={"segment": path.name})
            continue
        if segment is not None:
            found.append(segment)
    return found


def _closed_lines(fd: int) -> int:
    count, offset, before = 0, 0, b"\n"
    while piece := os.pread(fd, _CHUNK, offset):
        count += (before + piece).count(b"\nC")
        offset += len(piece)
        before = piece[-1:]
    return count


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # A file without a name was taken over and done with by somebody else.
    return os.fstat(fd).st_nlink > 0
