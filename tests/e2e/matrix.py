"""Every client dialect at every kind of provider: how a cell is run, and how it is kept.

A golden holds what reached the provider and what the client got. Where the dialects are one it
holds only what differs from the client's bytes; of a stream's later chunks and responses, what
differs from the first. Numbers with a point are kept as they were spelled, in strings. Ids that no
two runs have in common are numbered in a cell, so that the same one is seen to be the same.

``TOLLHOUSE_TEST_GOLDEN=write`` writes the goldens anew; read the difference before it is kept.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import time as now
from typing import Any, NamedTuple

import httpx
import msgspec

from e2e.matrix_answers import answer_of
from e2e.matrix_asks import FEATURES, LONG, PATHS, PIXEL, body_of
from fakes.gateway import PRICING, RunningGateway, model
from fakes.upstream import FakeUpstream
from tollhouse.core.dialect import Dialect
from tollhouse.wire.sse import FrameSplitter, data_of, name_of

FOLDER = Path(__file__).parents[1] / "golden" / "matrix"
WRITES = os.environ.get("TOLLHOUSE_TEST_GOLDEN") == "write"
EDITED = frozenset({"model", "stream_options"})
"""What the contract lets the gateway change in a body that need not be translated."""
ID = "01234567-cafe"
PRICES = {
    **PRICING,
    "cached_input_per_1m_tokens": "0.3",
    "cache_write_per_1m_tokens": "3.75",
    "cache_write_1h_per_1m_tokens": "6",
}
_KEY = "sk-of-the-provider-0123456789"
_ID = re.compile(r"(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})|(?<=-fake)\d+")
"""Those that the gateway makes, and those that say which connection a call came on."""
_HOUR = 3600
_WIDTH = 100


class Kind(NamedTuple):
    """A kind of provider."""

    settings: Mapping[str, str]
    model: str
    dialects: Mapping[Dialect, Dialect]
    """What it is spoken to in, by the client's dialect."""
    deployment: str | None = None
    """The model's name there, where it is not the model's own."""
    marked: bool = False
    """Whether it caches only what a client marks, so that clients do."""

    @property
    def named(self) -> str:
        """What a body calls the model."""
        return self.deployment or self.model


def _always(dialect: Dialect) -> dict[Dialect, Dialect]:
    return dict.fromkeys(PATHS, dialect)


_AT_AZURE = _always(Dialect.CHAT) | {Dialect.RESPONSES: Dialect.RESPONSES}
_SONNET = "claude-sonnet-4-5"
KINDS: Mapping[str, Kind] = {
    "openai chat": Kind({"protocol": "openai", "api": "chat"}, "gpt-5.1", _always(Dialect.CHAT)),
    "openai responses": Kind(
        {"protocol": "openai", "api": "responses"}, "gpt-5.1", _always(Dialect.RESPONSES)
    ),
    "azure": Kind(
        {"protocol": "azure", "api_version": "v1"}, "gpt-5.1", _AT_AZURE, deployment="gpt-deployed"
    ),
    "anthropic": Kind({"protocol": "anthropic"}, _SONNET, _always(Dialect.MESSAGES), marked=True),
    "bedrock converse": Kind(
        {"protocol": "bedrock", "region": "eu-central-1", "api": "converse"},
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        _always(Dialect.CONVERSE),
        marked=True,
    ),
    "gemini": Kind({"protocol": "gemini"}, "gemini-2.5-flash", _always(Dialect.GEMINI)),
    "vertex": Kind(
        {"protocol": "vertex", "project": "p", "location": "global"},
        "gemini-3.1-pro-preview",
        _always(Dialect.GEMINI),
    ),
}
CLAUDES: Mapping[str, Kind] = {
    "vertex claude": Kind(
        {"protocol": "vertex", "project": "p", "location": "global"},
        f"{_SONNET}@20250929",
        _always(Dialect.MESSAGES),
        marked=True,
    ),
    "bedrock invoke": Kind(
        {"protocol": "bedrock", "region": "eu-central-1", "api": "invoke"},
        f"eu.anthropic.{_SONNET}-20250929-v1:0",
        _always(Dialect.MESSAGES),
        marked=True,
    ),
}
"""Anthropic's models in the clouds: their cells are those of ``anthropic``."""
EVERY = {**KINDS, **CLAUDES}


def slug(name: str) -> str:
    """A name without spaces."""
    return name.replace(" ", "_")


class Cell(NamedTuple):
    """One request of one client to one kind of provider."""

    client: Dialect
    kind: str
    feature: str

    @property
    def file(self) -> Path:
        """Where it is kept, beside the other features."""
        return FOLDER / f"{self.client}-{slug(self.kind)}.json"

    def __str__(self) -> str:
        return slug(f"{self.client}-{self.kind}-{self.feature}")


CELLS = [Cell(client, kind, feature) for client in PATHS for kind in KINDS for feature in FEATURES]


class Matrix:
    """A gateway with a provider of every kind."""

    def __init__(self, gw: RunningGateway, up: FakeUpstream) -> None:
        self._gw = gw
        self._up = up

    async def run(self, cell: Cell) -> dict[str, Any]:
        """What a cell does, as its golden has it."""
        kind = EVERY[cell.kind]
        dialect, invoked = kind.dialects[cell.client], kind.settings.get("api") == "invoke"
        self._up.script(answer_of(cell.kind, dialect, cell.feature, invoked=invoked))
        self._up.calls.clear()
        body = body_of(cell.client, cell.feature, slug(cell.kind), marked=kind.marked)
        headers = {"content-type": "application/json", "x-request-id": ID}
        answer = await self._gw.client.post(PATHS[cell.client], content=body, headers=headers)
        told: dict[str, Any] = {}
        for call in self._up.calls:
            told |= {"path": call.path, "sent": sent(body, call.body)}
        if "x-tollhouse-dropped-params" in answer.headers:
            told["dropped"] = answer.headers["x-tollhouse-dropped-params"]
        told |= {"status": answer.status_code, "answered": answered(answer, cell.client)}
        made: dict[str, Any] = plain(told)
        return made


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Matrix]:
    """The gateway."""
    async with FakeUpstream() as up:
        providers = {slug(name): _provider(kind, up) for name, kind in EVERY.items()}
        models = [_model(name, kind) for name, kind in EVERY.items()]
        async with RunningGateway(folder, providers=providers, models=models) as gw:
            yield Matrix(gw, up)


def _provider(kind: Kind, up: FakeUpstream) -> dict[str, str]:
    base = up.url if kind.settings["protocol"] == "openai" else up.origin
    return {"base_url": base, "api_key": _KEY, **kind.settings}


def _model(name: str, kind: Kind) -> dict[str, Any]:
    config = None if kind.deployment is None else {"deployment": kind.deployment}
    fields = {"upstream_model": kind.model, "pricing": PRICES, "provider_config": config}
    return model(slug(name), slug(name), **fields)


# --- what is kept ---


def sent(asked: bytes, body: bytes) -> Any:
    """A provider's body; of one that is the client's own, only the edits."""
    given, found = values(asked), values(body)
    edits = {name: raw for name, raw in found.items() if given.get(name) != raw}
    kept = [name for name in found if name in given]
    if kept == list(given) and edits.keys() <= EDITED:
        return {"same bytes but for": {name: read(raw) for name, raw in edits.items()}}
    return read(body)


def values(body: bytes) -> dict[str, bytes]:
    """The fields of a body as they are written."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return {name: bytes(raw) for name, raw in fields.items()}


def answered(answer: httpx.Response, client: Dialect) -> Any:
    """The client's answer: of a stream, the data of its events."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return read(answer.content)
    splitter = FrameSplitter()
    frames = splitter.feed(answer.content)
    assert not splitter.rest()
    events = [_event(frame, client) for frame in frames if data_of(frame) is not None]
    begins = next(at for at, event in enumerate(events) if event.get("choices") != [])
    for event in events[begins + 1 :]:
        _leave_out_repeated(event, events[begins])
    return events


def _leave_out_repeated(event: Any, first: Mapping[str, Any]) -> None:
    """Of a chunk, or of the response in an event, only what differs from the first one's stays."""
    if not isinstance(event, dict) or "error" in event:
        return
    if "response" in event:
        event["response"] = _differing(event["response"], first["response"])
    elif "choices" in event:
        told = _differing(event, first)
        event.clear()
        event.update(told)


def _differing(told: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, Any]:
    gone = {name: "<absent>" for name in first if name not in told}
    return {
        name: value for name, value in told.items() if name not in first or first[name] != value
    } | gone


def _event(frame: bytes, client: Dialect) -> Any:
    """The data of an event; outside chat it is named, for clients pass over what has no name."""
    data = data_of(frame)
    assert data is not None
    event: Any = "[DONE]" if data == b"[DONE]" else read(data)
    name = None if client is Dialect.CHAT else event["type"].encode()
    assert name_of(frame) == name
    return event


def plain(value: Any, ids: dict[str, int] | None = None) -> Any:
    """A value without what no two runs have in common, and without what is long.

    ``ids`` are the numbers of those that were met before.
    """
    met: dict[str, int] = {} if ids is None else ids
    if isinstance(value, dict):
        return {
            name: "<some>" if name == "milliseconds" else plain(inner, met)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [plain(inner, met) for inner in value]
    if isinstance(value, str):
        short = value.replace(LONG, "<long>").replace(PIXEL, "<pixel>")
        return _ID.sub(lambda found: f"<id{met.setdefault(found[0], len(met) + 1)}>", short)
    if isinstance(value, int) and abs(now() - value) < _HOUR:
        return "<now>"
    return value


def read(body: bytes | str) -> Any:
    """JSON, its numbers with a point as they were spelled."""
    return json.loads(body, parse_float=str)


def golden(cell: Cell) -> Any:
    """What is kept of a cell."""
    kept: dict[str, Any] = json.loads(cell.file.read_text()) if cell.file.exists() else {}
    return kept.get(cell.feature)


def keep(cell: Cell, told: Mapping[str, Any]) -> None:
    """Write a cell's golden."""
    kept = json.loads(cell.file.read_text()) if cell.file.exists() else {}
    kept[cell.feature] = told
    ordered = {feature: kept[feature] for feature in FEATURES if feature in kept}
    FOLDER.mkdir(parents=True, exist_ok=True)
    cell.file.write_text(_written(ordered, 0) + "\n")


def _written(value: Any, depth: int) -> str:
    """JSON with what fits on one line on one line."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + depth <= _WIDTH or not isinstance(value, dict | list) or not value:
        return short
    pad, end = " " * (depth + 1), " " * depth
    if isinstance(value, list):
        inner = [f"{pad}{_written(one, depth + 1)}" for one in value]
        return "[\n" + ",\n".join(inner) + f"\n{end}]"
    inner = [f"{pad}{json.dumps(name)}: {_written(one, depth + 1)}" for name, one in value.items()]
    return "{\n" + ",\n".join(inner) + f"\n{end}}}"


# --- the table ---


def table() -> str:
    """The matrix for people, made of the goldens; a star is for what a header tells as left out."""
    head = ["client", "provider", *FEATURES]
    rows = [
        [f"`{PATHS[client]}`", kind, *(_word(Cell(client, kind, name)) for name in FEATURES)]
        for client in PATHS
        for kind in KINDS
    ]
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _word(cell: Cell) -> str:
    kept = golden(cell)
    if "sent" not in kept:
        return f"`{kept['answered']['error']['code']}`"
    same = isinstance(kept["sent"], dict) and "same bytes but for" in kept["sent"]
    word = "same bytes" if same else "translated"
    return f"{word}*" if "dropped" in kept else word
