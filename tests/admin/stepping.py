"""Stopping a write at any of its steps, and telling what is in the store then.

A step is what a task does between two awaits. Every task that a write starts is counted, those in
which the store runs its transactions too.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin.house import NOON, OPERATOR, House, SetClock, body, build
from tollhouse.core.history import Repeat
from tollhouse.core.times import write_time
from tollhouse.ports import StoreUnavailable
from tollhouse.store.sql import open_store

DUE = NOON + 3600
KILLED = 9
"""What a process ends with that is stopped at a step."""


class Stopped(Exception):
    """Raised where a write was when it was stopped."""


@dataclass
class Steps:
    """Counts steps, and stops the write at the one asked for."""

    stop_at: int
    kill: bool = False
    """End the process there, rather than raise."""
    taken: int = 0

    def due(self) -> bool:
        """Whether the step that begins now is the one to stop at."""
        self.taken += 1
        if self.taken == self.stop_at and self.kill:
            os._exit(KILLED)
        return self.taken == self.stop_at


class Stepped(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are counted."""

    def __init__(self, inner: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def send(self, value: Any) -> Any:
        """One step."""
        if self._steps.due():
            return self._inner.throw(Stopped())
        return self._inner.send(value)

    def throw(self, *raised: Any) -> Any:
        """One step that begins with an exception; it is not stopped as well."""
        return self._inner.throw(*raised)

    def close(self) -> None:
        """Give up."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._inner.__await__())


async def stepped(work: Coroutine[Any, Any, Any], steps: Steps) -> None:
    """Do some work in steps, up to where it is stopped."""
    loop = asyncio.get_running_loop()

    def counted(loop: asyncio.AbstractEventLoop, inner: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(Stepped(inner, steps), loop=loop, **options)

    loop.set_task_factory(counted)
    try:
        with suppress(Stopped, StoreUnavailable):
            await loop.create_task(work)
    except AssertionError as error:
        # A driver that is stopped in the middle of a pipeline finds itself in a state it denies.
        if not isinstance(error.__context__, Stopped):
            raise
    finally:
        loop.set_task_factory(None)


# --- The writes ---


async def prepare(house: House) -> None:
    """Three models, one of them at its second version, and two changes to come."""
    for name in ("m", "n", "spare"):
        await house.model(name)
    await house.plane.models.patch(OPERATOR, "m", {"region": "eu", "failover": ["n"]})
    for patch in ({"tags": ["later"]}, {"failover": ["spare"]}):
        later = {"effective_at": write_time(DUE), "patch": patch}
        await house.plane.scheduling.create(OPERATOR, "m", later)
    await house.plane.models.delete(OPERATOR, "spare")


async def _cancel(house: House) -> None:
    page = await house.store.scheduled(state="pending", model_id=None, limit=1, cursor=None)
    await house.plane.scheduling.cancel(OPERATOR, page.rows[0].id)


async def _look(house: House) -> None:
    house.clock.time = DUE
    await house.plane.scheduler.look()


def _plan(house: House) -> Awaitable[object]:
    later = {"effective_at": write_time(DUE), "patch": {"tags": ["x"]}}
    return house.plane.scheduling.create(OPERATOR, "n", later)


def _replace(house: House) -> Awaitable[object]:
    bodies = [body("m", tags=["replaced"]), body("new", failover=["m"])]
    return house.plane.replacement.replace_all(OPERATOR, {"models": bodies})


def _patch(house: House) -> Awaitable[object]:
    return house.plane.models.patch(OPERATOR, "m", {"tags": ["patched"], "region": None})


WRITES: dict[str, Callable[[House], Awaitable[object]]] = {
    "create": lambda house: house.plane.models.create(OPERATOR, body("made", failover=["m"])),
    "patch": _patch,
    "delete": lambda house: house.plane.models.delete(OPERATOR, "m"),
    "replace": _replace,
    "rollback": lambda house: house.plane.models.rollback(OPERATOR, "m", {"version": 1}),
    "restore": lambda house: house.plane.models.rollback(OPERATOR, "spare", {"version": 1}),
    "schedule": _plan,
    "cancel": _cancel,
    "apply": _look,
}
"""Each as one operation; ``apply`` makes one scheduled change and fails another, in two commits."""


async def write(name: str, house: House, steps: Steps) -> None:
    """Make one of the writes in steps, over open connections."""
    await house.live.load()
    await house.store.give_up_repeat(Repeat("none", "", 0.0))

    async def work() -> None:
        await WRITES[name](house)

    await stepped(work(), steps)


# --- What is in the store ---


async def picture(url: str) -> dict[str, Any]:
    """All that a write can change, without what chance gives."""
    store = open_store(url)
    stored = await store.load()
    history = {
        name: [
            (one.version, _content(one.document))
            for one in (await store.history(name, limit=100, cursor=None)).rows
        ]
        for name in ("m", "n", "spare", "made", "new")
    }
    events = await store.events(
        target=None, actor=None, action=None, org=None, since=None, limit=100, cursor=None
    )
    later = await store.scheduled(state=None, model_id=None, limit=100, cursor=None)
    await store.aclose()
    return {
        "version": stored.version,
        "models": {one.model_id: (one.version, _content(one.document)) for one in stored.models},
        "history": history,
        "events": sorted(
            (one.action, one.target, one.outcome, one.actor, str(_content(one.after)))
            for one in events.rows
        ),
        "later": sorted((str(one.patch), one.state.value, one.code or "") for one in later.rows),
    }


def _content(document: dict[str, Any] | None) -> dict[str, Any] | None:
    return document and {
        name: value for name, value in document.items() if name not in {"uid", "id"}
    }


# --- A process of its own, that is killed ---


async def _killed(name: str, url: str, stop_at: int) -> None:
    house = build(url, SetClock())
    await write(name, house, Steps(stop_at, kill=True))


def kill_at_every_step(name: str, prepared: Path) -> None:
    """Make a write in a child killed at its first step, in another killed at its second, and so on.

    What each leaves is beside the prepared file, named by its step. The last one comes to its end.
    """
    original = prepared.read_bytes()
    for step in range(1, 1_000):
        file = prepared.with_name(f"{step:03}.db")
        file.write_bytes(original)
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                asyncio.run(_killed(name, f"sqlite:///{file}", step))
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != KILLED:
            sys.exit(code)


if __name__ == "__main__":
    kill_at_every_step(sys.argv[1], Path(sys.argv[2]))
