"""The journal: what is on disk when, and what a sudden end leaves behind."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fakes.slowness import in_time
from ledger.surroundings import Shelf, Worker, segment_files
from store.samples import record
from tollhouse.core.record import Outcome
from tollhouse.ledger.segment import Segment


@pytest.fixture(params=["mapped", "written"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds for one way of writing holds for the other."""
    monkeypatch.setattr(Worker, "mapped", request.param == "mapped")


@pytest.fixture
async def shelf() -> Shelf:
    """A store for records."""
    return Shelf()


@pytest.fixture
async def worker(tmp_path: Path, shelf: Shelf) -> AsyncIterator[Worker]:
    """A worker's ledger."""
    made = Worker(tmp_path, shelf)
    yield made
    made.stop()


def lines(directory: Path) -> list[bytes]:
    """All lines of all segments."""
    return [line for file in segment_files(directory) for line in file.read_bytes().split(b"\n")][
        :-1
    ]


async def restarted(directory: Path, shelf: Shelf) -> None:
    """A new worker starts where others died, ships what they left, and stops."""
    successor = Worker(directory, shelf)
    assert await successor.ship()
    successor.stop()


async def test_a_closed_record_is_on_disk_when_close_returns(
    tmp_path: Path, worker: Worker
) -> None:
    """One line, holding all of the record."""
    worker.serve(record())
    (line,) = lines(tmp_path)
    assert msgspec.json.decode(line[1:], type=type(record())) == record()


async def test_only_a_request_that_lasts_gets_an_open_line(tmp_path: Path, worker: Worker) -> None:
    """Within 100 ms it is on disk that a request was admitted, unless it is over by then."""
    worker.serve(record(1))
    worker.journal.open(record(2))
    assert len(lines(tmp_path)) == 1
    await asyncio.sleep(0.1)
    assert [line[:1] for line in lines(tmp_path)] == [b"C", b"O"]
    worker.journal.close(record(2))
    assert [line[:1] for line in lines(tmp_path)] == [b"C", b"O", b"C"]


async def test_the_first_close_counts(worker: Worker, shelf: Shelf) -> None:
    """A second close, or one of a request that was never opened, changes nothing."""
    worker.serve(record(1))
    worker.journal.close(record(1, status=Outcome.GATEWAY_ERROR))
    worker.journal.close(record(2))
    await worker.ship()
    assert shelf.statuses() == {record(1).id: "ok"}


async def test_A18_a_request_open_at_a_sudden_end_is_interrupted(
    tmp_path: Path, shelf: Shelf
) -> None:
    """The next start finds it, says so, and when."""
    worker = Worker(tmp_path, shelf)
    worker.journal.open(record(1, status=Outcome.INTERRUPTED, ended_at=None, cost=None))
    await asyncio.sleep(0.1)
    worker.die()

    await restarted(tmp_path, shelf)

    (found,) = shelf.kept.values()
    assert found.status is Outcome.INTERRUPTED
    assert found.ended_at == pytest.approx(time.time() * 1e6, abs=5e6)
    assert segment_files(tmp_path) == []


async def test_A04_a_client_that_left_is_one_row_whatever_follows(
    tmp_path: Path, shelf: Shelf
) -> None:
    """Closed as disconnected, it is neither closed again nor taken for interrupted."""
    worker = Worker(tmp_path, shelf)
    worker.journal.open(record(1))
    await asyncio.sleep(0.1)
    worker.journal.close(record(1, status=Outcome.CLIENT_DISCONNECTED))
    worker.journal.close(record(1, status=Outcome.OK))
    worker.die()
    await restarted(tmp_path, shelf)
    assert shelf.statuses() == {record(1).id: "client_disconnected"}


async def test_a_living_owner_keeps_its_segments(
    tmp_path: Path, worker: Worker, shelf: Shelf
) -> None:
    """A sibling adopts nothing while the owner lives, and all of it afterwards."""
    dying = Worker(tmp_path, shelf)
    dying.serve(record(1))
    assert await worker.shipper.adopt() == 0
    dying.die()
    assert await worker.shipper.adopt() == 1
    assert worker.shipper.backlog == 1
    assert await worker.ship()
    assert list(shelf.kept) == [record(1).id]


async def test_two_heirs_share_what_is_left(tmp_path: Path, shelf: Shelf) -> None:
    """Workers starting together adopt each segment once."""
    for number in range(6):
        dying = Worker(tmp_path, shelf)
        dying.serve(record(number))
        dying.die()
    heirs = [Worker(tmp_path, shelf) for _ in range(3)]
    adopted = await asyncio.gather(*(heir.shipper.adopt() for heir in heirs))
    assert sum(adopted) == 6
    for heir in heirs:
        assert await heir.ship()
        heir.stop()
    assert len(shelf.kept) == 6
    assert segment_files(tmp_path) == []


async def test_a_full_segment_is_retired_shipped_and_deleted(tmp_path: Path, shelf: Shelf) -> None:
    """The disk holds what is not in the store yet, and little more."""
    worker = Worker(tmp_path, shelf, segment_bytes=2_000)
    for number in range(50):
        worker.serve(record(number))
        worker.journal.retire_when_due()
    assert len(segment_files(tmp_path)) > 5
    assert await worker.ship()
    assert len(shelf.kept) == 50
    assert len(segment_files(tmp_path)) == 1
    worker.stop()
    assert segment_files(tmp_path) == []


async def test_an_old_segment_is_retired_only_if_it_holds_something(
    tmp_path: Path, worker: Worker
) -> None:
    """Age alone makes no files."""
    (first,) = segment_files(tmp_path)
    worker.clock.skipped += 3_600
    worker.journal.retire_when_due()
    assert segment_files(tmp_path) == [first]
    worker.serve(record())
    worker.journal.retire_when_due()
    await worker.ship()
    assert segment_files(tmp_path) != [first]


async def test_a_request_open_over_many_segments_is_one_row(tmp_path: Path, shelf: Shelf) -> None:
    """Carried from segment to segment, it is interrupted once, and closed once if it is closed."""
    worker = Worker(tmp_path, shelf, segment_bytes=1_000)
    worker.journal.open(record(900))
    worker.journal.open(record(901))
    for number in range(30):
        worker.serve(record(number))
        worker.journal.retire_when_due()
    worker.journal.close(record(901))
    worker.die()
    files = segment_files(tmp_path)
    assert len(files) > 5

    # Whichever is shipped first: the order of adoption does not matter.
    for file in reversed(files):
        segment = Segment.adopt(file)
        assert segment is not None
        while found := segment.read(500):
            await shelf.add_records(found)
            segment.advance()
        await shelf.add_records(segment.interrupted(1))
        segment.remove()

    statuses = shelf.statuses()
    assert len(statuses) == 32
    assert [key for key, status in statuses.items() if status == "interrupted"] == [record(900).id]


async def test_more_open_requests_than_a_segment_holds_do_not_retire_it_forever(
    tmp_path: Path, shelf: Shelf
) -> None:
    """What is carried does not count towards the size of the new segment."""
    worker = Worker(tmp_path, shelf, segment_bytes=1_000)
    for number in range(100):
        worker.journal.open(record(number))
    await asyncio.sleep(0.1)
    for _ in range(5):
        worker.journal.retire_when_due()
    assert len(segment_files(tmp_path)) == 2
    worker.die()


@pytest.mark.parametrize("room", [0, 5_000, 700_000])
@pytest.mark.parametrize("cut", [1, 2, 40, -1])
async def test_a_torn_tail_costs_only_its_own_line(
    tmp_path: Path, shelf: Shelf, cut: int, room: int
) -> None:
    """A last line cut anywhere is passed over, or counted if only its line feed is missing."""
    worker = Worker(tmp_path, shelf)
    worker.serve(record(1), record(2), record(3))
    worker.die()
    (file,) = segment_files(tmp_path)
    whole = file.read_bytes().rstrip(b"\0")
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    file.write_bytes((whole[: last + cut] if cut > 0 else whole[:cut]) + bytes(room))

    await restarted(tmp_path, shelf)

    assert len(shelf.kept) == (3 if cut < 0 else 2)


async def test_a_torn_line_in_the_middle_hides_nothing_behind_it(
    tmp_path: Path, shelf: Shelf
) -> None:
    """Garbage between lines, NULs and binary included, is passed over."""
    worker = Worker(tmp_path, shelf)
    worker.serve(record(1), record(2))
    worker.die()
    (file,) = segment_files(tmp_path)
    first, second, _ = file.read_bytes().split(b"\n")
    garbage = b'C{"id":"x\n\nO\nX\x00\xff\nC\x00\x00\nE\nC[]\nC{"id":1}\n'
    file.write_bytes(first + b"\n" + garbage + second + b"\n")
    await restarted(tmp_path, shelf)
    assert len(shelf.kept) == 2


async def test_a_segment_of_an_earlier_version_is_read_at_start(
    tmp_path: Path, shelf: Shelf
) -> None:
    """Lines alone, the last of them torn, as they were written before files were mapped."""
    named = (
        b'"request_id":"r","started_at":1732093200001000,"endpoint":"chat","requested_model":"m"'
    )
    begun = b'{"id":"%b",' + named + b',"model":"m"'
    lines = [
        b"O" + begun % b"ended" + b"}",
        b"O" + begun % b"lasting" + b"}",
        b"C" + begun % b"ended" + b',"ended_at":1732093200251000,"status":"ok","cost":123}',
        b'C{"id":"to',
    ]
    (tmp_path / "01932d5e-0000-7000-8000-000000000000.journal").write_bytes(b"\n".join(lines))
    await restarted(tmp_path, shelf)
    assert shelf.statuses() == {"ended": "ok", "lasting": "interrupted"}
    assert shelf.kept["ended"].cost == 123
    assert segment_files(tmp_path) == []


async def test_retired_and_released_segments_end_with_their_last_line(
    tmp_path: Path, shelf: Shelf
) -> None:
    """Room that was not needed is given back; only a sudden end leaves some."""
    worker = Worker(tmp_path, shelf, segment_bytes=2_000)
    shelf.down = True
    for number in range(20):
        worker.serve(record(number))
        worker.journal.retire_when_due()
    worker.stop()
    files = segment_files(tmp_path)
    assert len(files) > 2
    assert sum(file.stat().st_size for file in files) == sum(
        segment.size for segment in worker.journal.segments
    )
    assert not any(b"\0" in file.read_bytes() for file in files)


async def test_long_lines_and_large_segments_are_read_in_pieces(
    tmp_path: Path, shelf: Shelf
) -> None:
    """A line longer than a piece and a segment of many pieces come through whole."""
    worker = Worker(tmp_path, shelf)
    worker.serve(record(0, requested_model="x" * 700_000))
    worker.serve(*(record(number) for number in range(1, 2_001)))
    worker.die()
    await restarted(tmp_path, shelf)
    assert len(shelf.kept) == 2_001
    assert len(shelf.kept[record(0).id].requested_model) == 700_000
    assert shelf.largest <= 500


async def test_half_a_surrogate_pair_does_not_cost_a_record(worker: Worker, shelf: Shelf) -> None:
    """A string that is no Unicode is recorded with the offending part replaced."""
    worker.serve(record(1, requested_model="gpt\ud800-4"))
    assert await worker.ship()
    assert shelf.kept[record(1).id].requested_model == "gpt?-4"


async def test_recording_a_request_takes_microseconds(worker: Worker) -> None:
    """Opening and closing together stay far below a tenth of a millisecond."""
    records = [record(number) for number in range(5_000)]
    start = time.perf_counter()
    worker.serve(*records)
    in_time((time.perf_counter() - start) / len(records), 100e-6)
