"""Records to observe, metrics to read, and a log that is put back afterwards."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tollhouse.core.record import Attempt, CostStatus, Outcome, Record
from tollhouse.core.usage import Usage
from tollhouse.telemetry.logs import _QUIET, configure

START = 1_800_000_000_000_000
Log = Callable[[], list[dict[str, Any]]]


def record(**changes: Any) -> Record:
    """A streamed chat that went well, with changes."""
    fields: dict[str, Any] = {
        "id": "0193a7c2-0000-7000-8000-000000000001",
        "request_id": "req-1",
        "started_at": START,
        "ended_at": START + 1_200_000,
        "org": "acme",
        "key_id": "k1",
        "endpoint": "chat",
        "stream": True,
        "requested_model": "gpt-4o",
        "model": "openai/gpt-4o",
        "served_model": "azure/gpt-4o",
        "upstream_model": "gpt-4o-eu",
        "provider": "azure",
        "attempts": [
            Attempt("openai/gpt-4o", "openai", "status_500", 12, 500),
            Attempt("azure/gpt-4o", "azure", "ok", 1100, 200),
        ],
        "status": Outcome.OK,
        "http_status": 200,
        "usage": Usage(input_tokens=100, cached_input_tokens=20, output_tokens=51),
        "cost": 12_345_000_000,
        "cost_status": CostStatus.EXACT,
        "price_version": 3,
        "catalogue_version": 7,
        "overhead_us": 300,
        "first_byte_us": 200_000,
    }
    return Record(**fields | changes)


@pytest.fixture(name="stream")
def _stream() -> Iterator[io.StringIO]:
    """Where log lines go; logging is as it was before when the test is over."""
    root = logging.getLogger()
    names = [*_QUIET, "tollhouse", "uvicorn.error"]
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in names}
    access = logging.getLogger("uvicorn.access")
    propagates, access.propagate = access.propagate, True  # a server in this process may mute it
    switches = {
        name: getattr(logging, name)
        for name in ("logThreads", "logProcesses", "logMultiprocessing")
    }
    yield io.StringIO()
    access.propagate = propagates
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    for name, switch in switches.items():
        setattr(logging, name, switch)


@pytest.fixture(name="log")
def _log(stream: io.StringIO) -> Log:
    """JSON logging at debug level; calling it gives the lines so far."""
    configure("debug", "json", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
