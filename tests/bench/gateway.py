"""Tollhouse as it is run: ``tollhouse serve`` with keys, gate, cost, ledger, metrics and logs.

The folder of a gateway is made once (schema, org, key, catalogue) and used by every start, so that
a start finds what a restart in production finds.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import canned
from bench.machine import free_port
from bench.process import Chat, Failed, Launch
from fakes.gateway import model, write_config
from tollhouse import __version__
from tollhouse.catalogue.writing import new_document
from tollhouse.core.history import CatalogueChange, StoredModel
from tollhouse.store.sql import open_store

PREPARED_WITHIN = 60.0
_CONNECTIONS = 20_000
_COMMAND = (sys.executable, "-m", "tollhouse")
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Tollhouse:
    """The gateway, with everything on, in a folder that ``prepare`` has made."""

    home: Path
    key: str
    name: str = "tollhouse"
    slow: bool = False
    translates: bool = False
    """Whether its provider speaks Anthropic's dialect."""

    def version(self) -> str:
        """The package's."""
        return __version__

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """``tollhouse serve``, its one provider being the upstream."""
        del folder
        port = free_port()
        config = _configure(self.home, port, upstream.port, translates=self.translates)
        chat = Chat(port, {"authorization": f"Bearer {self.key}"})
        return Launch([*_COMMAND, "serve", "--config", str(config)], chat, _environment(self.home))


def prepare(
    home: Path, *, name: str = "tollhouse", models: int = 1, translates: bool = False
) -> Tollhouse:
    """Make a gateway's folder with an org, a key and so many models in its catalogue."""
    config = _configure(home, free_port(), free_port(), translates=translates)
    _run(home, "migrate", "--config", str(config))
    _run(home, "orgs", "create", "bench", "--plan", "pro", "--config", str(config))
    told = _run(home, "keys", "create", "--org", "bench", "--json", "--config", str(config))
    if models > 1:
        asyncio.run(_fill(f"sqlite:///{home}/tollhouse.db", models))
    return Tollhouse(home, json.loads(told)["key"], name, translates=translates)


def model_ids(count: int, of: int) -> list[str]:
    """So many ids, spread evenly over a catalogue of ``of`` filled models."""
    return [_filler(index * of // count) for index in range(count)]


def _filler(index: int) -> str:
    return f"maker-{index % 50}/model-{index:06d}"


async def _fill(url: str, models: int) -> None:
    """Put models into the store directly: as many as this no admin call takes at once."""
    store = open_store(url, seconds=600)
    try:
        for begin in range(0, models, _BATCH):
            documents = [_document(index) for index in range(begin, min(models, begin + _BATCH))]
            version = (await store.versions()).catalogue
            put = [StoredModel(one["model_id"], one["version"], one) for one in documents]
            await store.commit(CatalogueChange(version, put=put, at=1.0, actor="bench"))
    finally:
        await store.aclose()


def _document(index: int) -> dict[str, Any]:
    body = model(
        _filler(index),
        upstream_model=canned.MODEL,
        aliases=[f"m-{index}"],
        tags=["bench"],
        limits={"context_window": 128_000, "max_tokens": 4_096},
        capabilities={"streaming": True, "tools": True},
    )
    uid = f"00000000-0000-4000-8000-{index:012d}"
    return new_document(body, uid=uid, now=1.0, actor="bench", source="import")


def _configure(home: Path, port: int, upstream_port: int, *, translates: bool) -> Path:
    url = f"http://127.0.0.1:{upstream_port}"
    provider: dict[str, Any] = {
        "base_url": f"{url}/v1",
        "max_connections": _CONNECTIONS,
        "transport": "auto",  # whatever other tests of the run are over
    }
    if translates:
        provider |= {"protocol": "anthropic", "base_url": url}
    chat = model("bench/chat", upstream_model=canned.CLAUDE if translates else canned.MODEL)
    server = {"listen": f"127.0.0.1:{port}", "max_inflight": _CONNECTIONS, "drain_seconds": 1}
    sections: dict[str, dict[str, Any]] = {
        "server": server,
        "telemetry": {"log": "json", "log_level": "info"},
    }
    return write_config(home, {"up": provider}, [chat], (), sections)


def _environment(home: Path) -> Mapping[str, str]:
    """Compiled modules go to a folder of ours, and are found there by the next start."""
    return {"PYTHONPYCACHEPREFIX": str(home / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}


def _run(home: Path, *arguments: str) -> str:
    ran = subprocess.run(  # noqa: S603 - our own command
        [*_COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=PREPARED_WITHIN,
        check=False,
        env={**os.environ, **_environment(home)},
    )
    if ran.returncode:
        raise Failed(f"tollhouse {arguments[0]}: {ran.stderr.strip()[-500:]}")
    return ran.stdout
