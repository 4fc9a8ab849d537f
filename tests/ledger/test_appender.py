"""Both ways to append to a segment: what is in the file when, and what a full disk does."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.surroundings import PlainIds, Shelf, Worker, segment_files
from store.samples import record
from tollhouse.ledger.appender import WINDOW, Appender, Mapped, Written, sound
from tollhouse.ledger.segment import OwnSegment, Segment, closed_line

Way = type[Mapped] | type[Written]


@pytest.fixture(params=[Mapped, Written])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way in turn."""
    found: Way = request.param
    return found


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "file"


@pytest.fixture(name="appender")
def _appender(file: Path, way: Way) -> Iterator[Appender]:
    """An appender to it."""
    fd = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    made = way(fd)
    yield made
    made.finish()
    os.close(fd)


def test_what_was_appended_is_in_the_file_for_everybody(file: Path, appender: Appender) -> None:
    """Another descriptor reads it at once, and behind it nothing but zero bytes."""
    appender.append(b"one\n")
    appender.append(b"two\n")
    assert appender.end == 8
    assert file.read_bytes().rstrip(b"\0") == b"one\ntwo\n"


def test_many_windows_are_one_unbroken_row(file: Path, appender: Appender) -> None:
    """Lines of every size, some larger than a window, stand one behind the other."""
    lines = [bytes([97 + number % 26]) * (number * 7_919 % 5_000) for number in range(400)]
    lines += [b"X" * (WINDOW + 1), b"Y", b"Z" * 3 * WINDOW, b"last"]
    for line in lines:
        appender.append(line)
    assert appender.end == sum(map(len, lines)) > 6 * WINDOW
    assert file.read_bytes()[: appender.end] == b"".join(lines)


def test_a_finished_file_ends_with_what_was_appended(file: Path, appender: Appender) -> None:
    """Room that was taken in advance is given back."""
    appender.append(b"line\n")
    appender.finish()
    assert file.read_bytes() == b"line\n"


def test_room_is_taken_before_it_is_written_to(file: Path) -> None:
    """A window's blocks are on the disk when it is opened, so that copying cannot fail."""
    fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    appender = Mapped(fd)
    appender.append(b"line\n")
    assert file.stat().st_size == WINDOW
    assert file.stat().st_blocks * 512 >= WINDOW
    appender.finish()
    os.close(fd)


def test_an_append_that_found_no_room_can_be_made_again(file: Path, appender: Appender) -> None:
    """It is an ``OSError``; afterwards the row goes on, and a torn line is ended first."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    appender.append(b"first\n")
    size = file.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        for _ in range(3):
            with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
                appender.append(b"C" * WINDOW + b"\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    appender.append(b"second\n")
    lines = file.read_bytes().rstrip(b"\0").split(b"\n")
    assert [line for line in lines if line[:1] != b"C"] == [b"first", b"second", b""]
    assert sum(map(len, lines)) < 30


def test_mapping_is_for_file_systems_that_keep_their_word() -> None:
    """It is used in memory's own file system, and not where nobody knows."""
    assert sound(Path("/dev/shm"))  # noqa: S108 - tmpfs by its nature
    assert not sound(Path("/proc"))


KILLED = """
import os, sys
from tollhouse.ledger.appender import Mapped, Written
fd = os.open(sys.argv[2], os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
appender = {"Mapped": Mapped, "Written": Written}[sys.argv[1]](fd)
number = 0
while True:
    number += 1
    appender.append(b"%d %b\\n" % (number, b"x" * (number * 13 % 900)))
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("folder", ["/dev/shm", ""])  # noqa: S108 - tmpfs by its nature
def test_kill_9_leaves_all_that_was_appended(tmp_path: Path, way: Way, folder: str) -> None:
    """Whatever a process has said to have appended is there when it is gone, line by line."""
    file = Path(folder or tmp_path) / f"{tmp_path.name}-{os.getpid()}-{way.__name__}.journal"
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", KILLED, way.__name__, str(file)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(3_000)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    told = (b"".join(said) + rest).count(b"\n")
    lines = file.read_bytes().split(b"\n")
    file.unlink()
    assert told >= 3_000
    for number in range(1, told + 1):
        assert lines[number - 1] == b"%d %b" % (number, b"x" * (number * 13 % 900))
    assert len(lines) <= told + 2  # one that it had no time to tell of, and what is behind it


LINE = closed_line(record(3))
COPIED = {
    "nothing": bytes(len(LINE)),
    "its first byte": LINE[:1] + bytes(len(LINE) - 1),
    "its first half": LINE[:200] + bytes(len(LINE) - 200),
    "its last half": bytes(200) + LINE[200:],
    "both ends": LINE[:100] + bytes(len(LINE) - 132) + LINE[-32:],
    "all but its first byte": bytes(1) + LINE[1:],
    "all but its line feed": LINE[:-1] + bytes(1),
    "all": LINE,
}


@pytest.mark.parametrize("copied", COPIED)
async def test_a_copy_cut_short_by_death_costs_only_its_own_line(
    tmp_path: Path, copied: str
) -> None:
    """However much of it is there, the lines before are read, and it is whole or not there."""
    shelf = Shelf()
    worker = Worker(tmp_path, shelf, mapped=True)
    worker.serve(record(1), record(2))
    half_copied(worker, COPIED[copied])
    worker.die()

    successor = Worker(tmp_path, shelf)
    assert await successor.ship()
    successor.stop()

    there = 3 if copied in {"all", "all but its line feed"} else 2
    assert sorted(shelf.kept) == [record(number).id for number in range(1, there + 1)]
    assert segment_files(tmp_path) == []


async def test_an_owner_does_not_read_what_it_is_just_copying(tmp_path: Path) -> None:
    """Whatever stands behind the end of its segment, it ships what was appended, all of it."""
    shelf = Shelf()
    worker = Worker(tmp_path, shelf, mapped=True)
    worker.serve(record(1))
    half_copied(worker, b"C{torn}\n" + LINE)
    assert await worker.ship()
    assert list(shelf.kept) == [record(1).id]
    worker.serve(record(2))
    assert await worker.ship()
    assert list(shelf.kept) == [record(1).id, record(2).id]
    worker.stop()


def half_copied(worker: Worker, data: bytes) -> None:
    """Put bytes behind the end of a worker's segment, as in the middle of an append."""
    (segment,) = worker.journal.segments
    with segment.path.open("r+b") as file:
        file.seek(segment.size)
        file.write(data)


def test_a_segment_in_use_is_locked_until_it_is_let_go_of(tmp_path: Path, way: Way) -> None:
    """A mapping holds its file as the descriptor does, and lets go of it at the same time."""
    segment = OwnSegment.create(tmp_path, PlainIds(), mapped=way is Mapped)
    segment.append(LINE)
    assert Segment.adopt(segment.path) is None
    segment.close()
    adopted = Segment.adopt(segment.path)
    assert adopted is not None
    assert adopted.read(1) == [record(3)]
    adopted.remove()
