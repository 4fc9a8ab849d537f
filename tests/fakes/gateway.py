"""A gateway on a real socket in the test's own loop, with the store, the ledger and everything on.

In a test::

    async with FakeUpstream() as up, RunningGateway(tmp_path, providers={"up": up.url},
                                                    models=[model("a", provider="up")]) as gw:
        answer = await gw.client.post("/v1/chat/completions", json=chat("a"))
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from fakes.chosen_transport import chosen_transport
from fakes.gateway_callers import GatewayCallers
from tollhouse.api.server import DrainingServer, server_config
from tollhouse.app import Application, build
from tollhouse.core.record import Record
from tollhouse.ports import Clock, Ids
from tollhouse.settings import load

ADMIN_TOKEN = "4f1c9e7ab2d85c306e9a7d14b8f2c6a1e5d39b70"
PROVIDER_KEY = "sk-provider-canary-0123456789abcdef"
PRICING = {"input_per_1m_tokens": "3", "output_per_1m_tokens": "15"}


def model(model_id: str, provider: str = "up", **fields: Any) -> dict[str, Any]:
    """A model document with usual prices; ``fields`` replace or add."""
    document = {
        "model_id": model_id,
        "type": "completion",
        "provider": provider,
        "upstream_model": f"{model_id.rpartition('/')[2]}-upstream",
        "pricing": PRICING,
    }
    return {name: value for name, value in (document | fields).items() if value is not None}


def chat(model_id: str, text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": model_id, "messages": [{"role": "user", "content": text}], **fields}


def write_config(
    folder: Path,
    providers: Mapping[str, str | Mapping[str, Any]],
    models: Sequence[Mapping[str, Any]],
    orgs: Sequence[Mapping[str, Any]],
    sections: Mapping[str, Mapping[str, Any]],
) -> Path:
    """Settings and seeds in a folder that holds the store and the ledger too; returns the file.

    A provider is told by its base URL alone or by its settings; what they leave out is usual.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {"models": list(models), "orgs": list(orgs)}
    (folder / "catalogue.yaml").write_text(yaml.safe_dump(seeds))
    usual = {"protocol": "openai", "api_key": PROVIDER_KEY, "transport": chosen_transport()}
    settings: dict[str, Any] = {
        "store": {"url": "sqlite:///tollhouse.db"},
        "auth": {"admin_token": ADMIN_TOKEN},
        "catalogue": {"files": ["catalogue.yaml"]},
        "ledger": {"dir": "ledger"},
        "providers": {
            name: {**usual, **({"base_url": told} if isinstance(told, str) else told)}
            for name, told in providers.items()
        },
    }
    for section, values in sections.items():
        settings[section] = {**settings.get(section, {}), **values}
    config = folder / "tollhouse.yaml"
    config.write_text(yaml.safe_dump(settings))
    return config


class RunningGateway(GatewayCallers):
    """A running gateway and what a test needs of it."""

    def __init__(
        self,
        folder: Path,
        *,
        providers: Mapping[str, str | Mapping[str, Any]],
        models: Sequence[Mapping[str, Any]],
        orgs: Sequence[Mapping[str, Any]] = ({"slug": "acme", "plan": "pro"},),
        clock: Clock | None = None,
        ids: Ids | None = None,
        **sections: Any,
    ) -> None:
        super().__init__()
        self.folder = folder
        self._clock, self._ids = clock, ids
        self.config = write_config(folder, providers, models, orgs, sections)
        self.app: Application
        self.server: DrainingServer
        self._serving: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        settings = load(self.config, {})
        self.app = build(settings, clock=self._clock, ids=self._ids)
        await self.app.start()
        # With its protocol named, or accepted sockets would keep Nagle's delay.
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.server = DrainingServer(
            server_config(self.app, self.app.ids, "127.0.0.1", port),
            self.app.state,
            settings.server.drain_seconds,
            self.app.clock.monotonic,
        )
        self._serving = asyncio.create_task(self.server._serve([listener]))
        while not self.server.started:
            await asyncio.sleep(0.005)
        self.admin = self.as_caller(ADMIN_TOKEN)
        self.key = await self.new_key("acme")
        self.client = self.as_caller(self.key)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close_clients()
        self.server.should_exit = True
        await self._serving
        await self.app.stop()

    async def patch(self, model_id: str, **fields: Any) -> httpx.Response:
        """Change a model."""
        answer = await self.admin.patch(f"/v1/models/{model_id}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer

    async def records(self) -> list[Record]:
        """Every record of the ledger, oldest first, once the journal has been shipped."""
        deadline = asyncio.get_running_loop().time() + 5
        while self.app.state.flights or self.app.journal.backlog:
            assert asyncio.get_running_loop().time() < deadline, "the journal is not shipped"
            await asyncio.sleep(0.02)
        rows: list[Record] = []
        cursor = None
        while True:
            page = await self.app.store.records(filters={}, limit=500, cursor=cursor)
            rows += page.rows
            cursor = page.next_cursor
            if cursor is None:
                return rows[::-1]

    async def record(self) -> Record:
        """The only record."""
        (record,) = await self.records()
        return record
