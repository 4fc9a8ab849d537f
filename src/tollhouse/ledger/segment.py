"""One file of the journal: what its lines mean, who owns it, and how it is read.

A segment is text, a line per event, the first byte saying which:

- ``O`` and a record: a request was admitted. It may never get a second line.
- ``C`` and a record: it ended, and this is all there is to know of it.
- ``E``: the segment was left in good order. What is still open in it was written again, as open, at
  the head of the next segment, so nothing here is to be taken for interrupted.

The owner holds an exclusive ``flock`` for as long as it lives, and the kernel lets go of it however
it dies. A segment whose lock is free belongs to whoever takes the lock. A line that cannot be read
was torn by a full disk or a sudden end; its record was never promised to anybody, so it is passed
over, and whoever writes after a torn line begins with a line feed.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..core.record import Outcome, Record
from ..ports import Ids

SUFFIX = ".journal"
END = b"E\n"
_CHUNK = 256 * 1024
_log = logging.getLogger("tollhouse.ledger")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def open_line(record: Record) -> bytes:
    """The line that says a request was admitted."""
    return _line(b"O", record)


def closed_line(record: Record) -> bytes:
    """The line that says how it ended."""
    return _line(b"C", record)


def _line(kind: bytes, record: Record) -> bytes:
    try:
        return kind + _encode(record) + b"\n"
    except UnicodeEncodeError:
        # Half a surrogate pair, sent by a client. In place, for the store cannot take it either.
        for name in record.__struct_fields__:
            if isinstance(value := getattr(record, name), str):
                setattr(record, name, value.encode("utf-8", "replace").decode())
        return kind + _encode(record) + b"\n"


class Segment:
    """A segment that this process owns, and how far it has been read."""

    def __init__(self, path: Path, fd: int, *, adopted: bool) -> None:
        self.path = path
        self.fd = fd
        self.waiting = _closed_lines(fd) if adopted else 0
        """Closed lines that have not been advanced over; its writer counts what it adds."""
        self._adopted = adopted
        self._offset = 0
        self._next_offset = 0
        self._last_read = 0
        self._open: dict[str, Record] = {}

    @classmethod
    def create(cls, directory: Path, ids: Ids) -> "Segment":
        """A new, empty segment; ``OSError`` when the disk has no room for it."""
        while True:
            path = directory / f"{ids.uuid()}{SUFFIX}"
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            # Between these two lines somebody may take it for abandoned: then it is theirs.
            if _locked(fd):
                return cls(path, fd, adopted=False)
            os.close(fd)

    @classmethod
    def adopt(cls, path: Path) -> "Segment | None":
        """Take over a segment whose owner is gone; None while it lives."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return None
        if _locked(fd):
            return cls(path, fd, adopted=True)
        os.close(fd)
        return None

    def read(self) -> list[Record]:
        """The closed records of the next piece; empty when there is no whole line left.

        The same again until ``advance`` says that they are safe elsewhere.
        """
        while lines := self._piece():
            self._next_offset = self._offset + len(lines)
            records = self._records(lines.split(b"\n"))
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
        tail = os.pread(self.fd, _CHUNK, self._offset)
        closed = self._records([tail])
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
        os.close(self.fd)

    def _piece(self) -> bytes:
        size = _CHUNK
        while True:
            piece = os.pread(self.fd, size, self._offset)
            end = piece.rfind(b"\n") + 1
            if end or len(piece) < size:
                return piece[:end]
            size *= 2

    def _records(self, lines: Sequence[bytes]) -> list[Record]:
        closed = []
        for line in lines:
            kind = line[:1]
            if line == END[:-1]:
                self._open.clear()
            if kind != b"C" and not (kind == b"O" and self._adopted):
                continue  # our own open ones are still known to the journal
            try:
                record = _decode(line[1:])
            except msgspec.DecodeError:
                _log.warning("passed over a torn line", extra={"segment": self.path.name})
                continue
            if kind == b"C":
                self._open.pop(record.id, None)
                closed.append(record)
            else:
                self._open[record.id] = record
        return closed


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
