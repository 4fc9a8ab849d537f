"""How bytes get behind the others in a segment's file, for its only writer.

Two ways that keep the same promise: when ``append`` returns, the kernel has the bytes, and they are
in the file whatever becomes of this process (a power cut is another matter for both).

- ``Written`` calls ``write(2)`` each time. It works everywhere.
- ``Mapped`` copies into a window of the file that is mapped into memory, and asks the kernel only
  when the window is full. The room is allocated and its pages are made ready before anything is
  copied, so a full disk is an ``OSError`` from the system call that makes the window.

A mapping must only be used where the kernel cannot change its mind about room that it has given:
the page fault that found none would be a SIGBUS, and the end of the worker. On Btrfs a page once
written back wants new room, on XFS it fails after the file system was shut down, over a network
anything may happen. It was found sound on ext4 and tmpfs, so there it is used, and nowhere else.
What is left is a file that somebody truncates while it is in use: that kills the worker, too.
"""

import errno
import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

WINDOW = 256 * 1024
"""Bytes of a file that are mapped at once, unless a single line is larger or the disk too full."""
_SHARE = 16
"""A window takes at most this part of the free room: others are to find out late, too."""
_SOUND = frozenset({"ext4", "tmpfs"})
_POPULATE_WRITE = 23
"""``MADV_POPULATE_WRITE`` of Linux 5.14; Python has no name for it."""
_MOUNTS = Path("/proc/self/mountinfo")


class Appender(Protocol):
    """Writes to the end of one file."""

    end: int
    """Bytes appended so far, in an unbroken row from the beginning of the file."""

    def append(self, data: bytes) -> None:
        """Append all of it; after an ``OSError`` it is not in the file, or torn."""
        ...

    def read(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes of what was appended; may be called from another thread."""
        ...

    def finish(self) -> None:
        """Nothing more will be appended: the file ends at ``end``."""
        ...


class Written:
    """Appends by ``write(2)`` to a descriptor opened with ``O_APPEND``."""

    def __init__(self, fd: int) -> None:
        self.end = 0
        self._fd = fd
        self._torn = False

    def append(self, data: bytes) -> None:
        """Append all of it, behind a line feed if what was there before is torn."""
        if self._torn:
            data = b"\n" + data
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:] if written else data)
        except OSError:
            self._torn = self._torn or written > 0
            raise
        finally:
            self.end += written
        self._torn = False

    def read(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``, from the file."""
        return os.pread(self._fd, min(size, self.end - offset), offset)

    def finish(self) -> None:
        """It ends there already."""


class Mapped:
    """Appends by copying; behind ``end`` the file may go on in zero bytes."""

    def __init__(self, fd: int) -> None:
        self.end = 0
        self._fd = fd
        self._room = 0
        """Where in the file the window ends."""
        self._window: tuple[mmap.mmap, int] | None = None
        """The memory, and where in the file it begins: always of the same window."""

    def append(self, data: bytes) -> None:
        """Append all of it, or none."""
        end = self.end + len(data)
        window = self._window
        if window is None or end > self._room:
            window = self._next_window(len(data))
        memory, begin = window
        memory[self.end - begin : end - begin] = data
        self.end = end

    def read(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``, from memory if they are in the window.

        A disk that is gone takes lines until the window is full; from it they can still be read.
        """
        end = min(self.end, offset + size)
        window = self._window  # in this order: what was appended by then is in no earlier window
        if window is not None and offset >= window[1]:
            memory, begin = window
            with suppress(ValueError):  # unmapped just now
                return memory[offset - begin : end - begin]
        return os.pread(self._fd, end - offset, offset)

    def finish(self) -> None:
        """Give back the room that was not needed; harmless where that fails."""
        self._unmap()
        with suppress(OSError):
            os.ftruncate(self._fd, self.end)

    def _unmap(self) -> None:
        if self._window is not None:
            self._window[0].close()
            self._window = None

    def _next_window(self, needed: int) -> tuple[mmap.mmap, int]:
        begin = self.end - self.end % mmap.ALLOCATIONGRANULARITY
        size = _allocated(self._fd, begin, self.end - begin + needed)
        memory = mmap.mmap(self._fd, size, offset=begin)
        try:
            memory.madvise(_POPULATE_WRITE)
        except OSError as error:
            if error.errno != errno.EINVAL:  # an older kernel makes them ready one by one
                memory.close()
                raise
        self._unmap()
        self._room = begin + size
        self._window = memory, begin
        return self._window


def sound(folder: Path) -> bool:
    """Whether ``Mapped`` keeps its promise for files in this folder."""
    device = folder.stat().st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):
        for line in _MOUNTS.read_text(errors="replace").splitlines():
            fields, _, kind = line.partition(" - ")
            if fields.split()[2] == name:
                return kind.split()[0] in _SOUND
    return False


def _allocated(fd: int, begin: int, least: int) -> int:
    """Allocate a window's room, ``least`` bytes or more; its size in whole pages."""
    disk = os.fstatvfs(fd)
    least = _whole_pages(least)
    size = max(least, _whole_pages(min(WINDOW, disk.f_bavail * disk.f_frsize // _SHARE)))
    try:
        os.posix_fallocate(fd, begin, size)
    except OSError:
        # What is free need not be ours to take: a quota, a limit on the size of files.
        os.posix_fallocate(fd, begin, least)
        return least
    return size


def _whole_pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
