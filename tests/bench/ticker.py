"""A clock that ticks at a constant rate, finer than an event loop's milliseconds: Linux's timerfd.

A tick that comes late does not shift those after it, and ticks that were missed are counted: the
schedule is kept whatever happens, which is what open-loop load and evenly paced streams need.
"""

import ctypes
import os
import time

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_SECOND = 1_000_000_000


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Schedule(ctypes.Structure):
    _fields_ = (("interval", _Time), ("first", _Time))


class Ticker:
    """Ticks ``rate`` times a second, from ``start_ns`` of the monotonic clock on."""

    def __init__(self, rate: float, start_ns: int | None = None) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self.start_ns = time.monotonic_ns() + _SECOND // 100 if start_ns is None else start_ns
        self.interval_ns = max(1, round(_SECOND / rate))
        schedule = _Schedule(_time(self.interval_ns), _time(self.start_ns))
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(schedule), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")

    def fileno(self) -> int:
        """Readable when a tick is due."""
        return int(self._fd)

    def due(self) -> int:
        """Ticks since the last look."""
        try:
            return int.from_bytes(os.read(self._fd, 8), "little")
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Stop."""
        os.close(self._fd)


def _time(nanoseconds: int) -> _Time:
    return _Time(*divmod(nanoseconds, _SECOND))
