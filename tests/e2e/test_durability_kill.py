"""``kill -9`` under load: every answer that a client has in full is in the ledger, once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.answers import Shape
from fakes.gateway import chat, model
from fakes.line import Line
from fakes.openai_answers import Chat
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream
from store.databases import PostgresSchema, require_postgres

LINES = 8
LOAD_SECONDS = 0.8
PATH = "/v1/chat/completions"


class Load:
    """Clients that ask one thing after the other and note what they have in full."""

    def __init__(self, url: str, key: str, round_: int) -> None:
        self._url = url
        self._key = key
        self._round = round_
        self.answered: list[str] = []

    async def run(self) -> None:
        """Until the gateway is gone."""
        await asyncio.gather(*(self._client(number) for number in range(LINES)))

    async def _client(self, number: int) -> None:
        streams = number % 2 == 0
        turn = 0
        try:
            async with Line(self._url, self._key) as line:
                while True:
                    turn += 1
                    name = f"r{self._round}-{number}-{turn}"
                    answer = await line.post(PATH, chat("a", stream=streams), x_request_id=name)
                    assert answer.status == 200, answer.body
                    assert b"[DONE]" in answer.body or not streams
                    self.answered.append(name)
        except ConnectionError:
            return


@pytest.fixture(name="schema")
def _schema() -> Iterator[PostgresSchema]:
    require_postgres()
    schema = PostgresSchema()
    yield schema
    schema.drop()


@pytest.mark.slow
async def test_killed_gateway_has_every_answer_in_its_ledger_once(tmp_path: Path) -> None:
    """After two kills under load, what clients have in full has one row each; none has two."""
    await _kill_and_check(tmp_path, kills=2, workers=1)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_killed_workers_have_every_answer_in_their_journals_once(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """The same holds for two workers with a journal each and one store, on both engines."""
    sections: dict[str, Any] = {}
    if engine == "postgresql":
        schema: PostgresSchema = request.getfixturevalue("schema")
        sections = {"store": {"url": schema.url}}
    await _kill_and_check(tmp_path, kills=1, workers=2, **sections)


async def _kill_and_check(folder: Path, *, kills: int, workers: int, **sections: Any) -> None:
    answered: list[str] = []
    async with (
        FakeUpstream(remember=False) as up,
        GatewayProcess(
            folder, providers={"up": up.url}, models=[model("a")], workers=workers, **sections
        ) as gw,
    ):
        up.script(Chat(shape=Shape(delay=0.002)))
        for round_ in range(kills):
            load = Load(gw.url, gw.key, round_)
            running = asyncio.create_task(load.run())
            await asyncio.sleep(LOAD_SECONDS)
            gw.kill()
            await running
            assert len(load.answered) > LINES
            answered += load.answered
            await gw.start()
        records = await settled(gw)
        rows = Counter(record["request_id"] for record in records)
        assert [name for name in answered if rows[name] != 1] == []
        assert [name for name, count in rows.items() if count != 1] == []
        cut = {record["request_id"] for record in records if record["status"] != "ok"}
        assert cut.isdisjoint(answered)
        told = await gw.admin.get("/admin/v1/usage")
        assert told.json()["totals"]["requests"] == len(rows)


async def settled(gw: GatewayProcess) -> list[dict[str, object]]:
    """The records, once the journals of the dead have been adopted and nothing more comes."""
    before, rows = -1, await gw.records()
    while len(rows) != before:
        before = len(rows)
        await asyncio.sleep(0.6)
        rows = await gw.records()
    return rows
