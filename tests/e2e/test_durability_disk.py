"""A full disk: requests are served and accounted for as long as there is any place for records."""

import asyncio
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.gateway import RunningGateway, chat, model
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream
from tollhouse.pipeline.watch import LOOK_SECONDS

PATH = "/v1/chat/completions"
FULL = 64


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 64 kB."""
    folder = tmp_path / "gateway" / "ledger"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={FULL}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:  # noqa: S603 - fixed
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - fixed


async def test_full_disk_under_the_journal_loses_no_record(
    small_disk: Path, tmp_path: Path
) -> None:
    """Requests are answered when the journal's disk is full, and the store has them all."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path / "gateway", providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        for _ in range(200):
            answer = await gw.client.post(PATH, json=chat("a"))
            assert answer.status_code == 200, answer.text
        assert free_bytes(small_disk) == 0
        records = await gw.records()
        assert len(records) == len({record.id for record in records}) == 200


async def test_full_disk_and_lost_store_refuse_what_cannot_be_recorded(
    small_disk: Path, tmp_path: Path
) -> None:
    """With no place left for records requests get 503 before they cost anything, then go on."""
    filler = small_disk / "filler"
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path / "gateway", providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        await asyncio.sleep(2 * LOOK_SECONDS)  # the key that was just made is no news any more
        await gw.client.post(PATH, json=chat("a"))
        filler.write_bytes(b"x" * free_bytes(small_disk))
        gw.app.journal._memory_limit = 20
        database = gw.folder / "tollhouse.db"
        database.rename(gw.folder / "away.db")
        answers = [await gw.client.post(PATH, json=chat("a")) for _ in range(30)]
        statuses = [answer.status_code for answer in answers]
        served = statuses.count(200)
        assert statuses == [200] * served + [503] * (30 - served)
        assert served >= 20
        assert answers[-1].json()["error"]["code"] == "ledger_unavailable"
        assert answers[-1].headers["retry-after"] == "1"
        assert up.count == 1 + served
        (gw.folder / "away.db").rename(database)
        filler.unlink()
        assert len(await gw.records()) == 1 + served
        assert (await gw.client.post(PATH, json=chat("a"))).status_code == 200


async def test_disk_without_a_free_byte_holds_up_no_request_and_loses_none(tmp_path: Path) -> None:
    """With journal, store and log on the same full disk, requests go on; all is stored later."""
    async with (
        FakeUpstream() as up,
        GatewayProcess(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        first = await gw.client.post(PATH, json=chat("a"))
        _, hard = resource.prlimit(gw.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(gw.pid, resource.RLIMIT_FSIZE, (1, hard))
        for _ in range(20):
            answer = await gw.client.post(PATH, json=chat("a"))
            assert answer.status_code == 200, answer.text
        refused = await gw.admin.patch("/v1/models/a", json={"tags": ["new"]})
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "store_unavailable"
        assert first.status_code == 200
        resource.prlimit(gw.pid, resource.RLIMIT_FSIZE, (hard, hard))
        async with asyncio.timeout(10):
            while len(await gw.records()) < 21:
                await asyncio.sleep(0.1)
        patched = await gw.admin.patch("/v1/models/a", json={"tags": ["new"]})
        assert patched.status_code == 200, patched.text
        assert len({record["id"] for record in await gw.records()}) == 21


def free_bytes(folder: Path) -> int:
    """What still fits on a disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
