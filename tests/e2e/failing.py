"""A stage whose providers fail in every way that contract section 7 names, without waiting long.

The jitter between two tries is none, so that a retry costs no time; everything else is as served.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from e2e.stage import Stage
from fakes.answers import error
from fakes.certificates import authority
from fakes.gateway import RunningGateway
from fakes.http_server import Behaviour
from fakes.upstream import FakeUpstream, refused_url
from tollhouse.core.record import Record
from tollhouse.routing.breaker import BreakerState
from tollhouse.system import SystemIds

PROVIDER_TEXT = "the provider's own words sk-canary-0123456789"
"""In every scripted error; only a refusal of the client's own request repeats any of it."""


class EagerIds(SystemIds):
    """Real ids; the random part of every wait is known, and nothing unless a test says so."""

    part = 0.0

    def fraction(self) -> float:
        """The jitter."""
        return self.part


@asynccontextmanager
async def failing(folder: Path, **sections: Any) -> AsyncIterator[Stage]:
    """A stage with one sound provider and three that cannot be reached."""
    certificate = authority().serving("127.0.0.1", folder)
    async with FakeUpstream() as up, FakeUpstream(tls=certificate) as strange:
        providers = {
            "up": up.url,
            "closed": refused_url(),
            "nowhere": "http://provider.invalid/v1",
            # Its certificate is signed by nobody we know.
            "strange": strange.url,
        }
        given: dict[str, Any] = {"ids": EagerIds(), **sections}
        async with RunningGateway(folder, providers=providers, models=[], **given) as gw:
            yield Stage(up, gw)


def fails(status: int, *, code: str | None = None, **headers: str) -> Behaviour:
    """An error with text that must not get out."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return error(status, PROVIDER_TEXT, code=code, headers=named)


def tried(record: Record) -> list[tuple[str, str]]:
    """The attempts of a record: which model, and what came of it."""
    return [(attempt.model, attempt.result) for attempt in record.attempts]


def told(answer: httpx.Response) -> list[tuple[str, str]]:
    """The attempts that an error lists."""
    listed = answer.json()["error"]["attempts"]
    assert all(
        set(one) == {"model", "provider", "status", "fault", "milliseconds"} for one in listed
    )
    return [(one["model"], one["fault"]) for one in listed]


def breaker(stage: Stage, model_id: str, provider: str = "up") -> BreakerState:
    """The state of a target's breaker as operators see it."""
    return stage.gw.app.targets.states().get((model_id, provider), BreakerState.CLOSED)
