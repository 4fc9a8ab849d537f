"""What the machine is, and what its processes have used: read from ``/proc``, for Linux.

CPU time is the scheduler's own count of nanoseconds, of which the ticks in ``/proc/<pid>/stat`` are
the rounded sum; where a kernel does not tell it, the ticks are taken.
"""

import os
import platform
import resource
import socket
from contextlib import suppress
from pathlib import Path

from fakes.process import children

OPEN_FILES = 65_536
_NANOSECONDS = 1e9


def cpu_model() -> str:
    """The processor's name."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def described() -> dict[str, str]:
    """What a reader must know of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "busy before": f"{os.getloadavg()[0]:.1f} (load average of a minute)",
    }


def raise_file_limit() -> None:
    """Let this process and those it starts open as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and all that it has started, itself first."""
    found = [pid]
    for one in found:
        found += children(one)
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and all that it has started have used, in seconds."""
    return sum(_cpu_seconds(one) for one in family(pid))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and all that it has started."""
    total = 0
    for one in family(pid):
        with suppress(OSError):
            status = Path(f"/proc/{one}/status").read_text()
            total += int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return total


def _cpu_seconds(pid: int) -> float:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        counted = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    except OSError:
        counted = 0
    if counted:
        return counted / _NANOSECONDS
    try:
        # The name before it may hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
