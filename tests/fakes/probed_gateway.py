"""A gateway process that tells what is alive in it, for tests that look for what stays behind."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fakes.process import GatewayProcess

PROBE = Path(__file__).with_name("probe.py")
TOLD_WITHIN = 20.0
SETTLED_WITHIN = 40.0
"""Seconds: a transport may keep what its provider has closed until it would have expired."""
_BETWEEN = 0.07
"""Seconds, which no background task that comes and goes has for its period."""
_SAME = 5
"""Looks in a row that must see the same before it is taken for what stays."""


@dataclass(frozen=True, slots=True)
class Alive:
    """What is alive in a process."""

    tasks: Mapping[str, int]
    """asyncio's tasks by the name of their coroutine."""
    blocks: int
    """Pieces of memory that the interpreter holds for its objects."""
    kinds: Mapping[str, int]
    """Objects that the garbage collector knows, by their type."""
    memory: int
    """Resident bytes, with nothing kept for later."""

    def grown(self, before: "Alive", most: int = 12) -> list[tuple[str, int]]:
        """The types of which there are more than before, the most numerous first."""
        return (Counter(self.kinds) - Counter(before.kinds)).most_common(most)


class ProbedGateway(GatewayProcess):
    """``tollhouse serve`` with a probe in it."""

    def __init__(self, folder: Path, **given: Any) -> None:
        self._report = folder / "alive.json"
        super().__init__(folder, prefix=(sys.executable, str(PROBE), str(self._report)), **given)

    async def alive(self, looks: int = 3) -> Alive:
        """What is alive in it, tasks only if they are at every look; it stands still to tell."""
        found = await self._look()
        for _ in range(looks - 1):
            await asyncio.sleep(_BETWEEN)
            again = await self._look()
            found = replace(again, tasks=Counter(found.tasks) & Counter(again.tasks))
        return found

    async def _look(self) -> Alive:
        self._report.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        async with asyncio.timeout(TOLD_WITHIN):
            while not self._report.exists():
                await asyncio.sleep(0.01)
        told = json.loads(self._report.read_text())
        return Alive(**told)

    def descriptors(self) -> int:
        """Its open files but for those of the store, whose pool opens connections as it needs."""
        found = 0
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(OSError):
                found += not entry.readlink().name.startswith("tollhouse.db")
        return found

    async def settled_descriptors(self, most: int | None = None) -> int:
        """Open files once their number stays, and is at most ``most`` where that is said."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLED_WITHIN
        found, same = self.descriptors(), 0
        while same < _SAME or (most is not None and found > most):
            if loop.time() > deadline:
                break
            await asyncio.sleep(0.02)
            now = self.descriptors()
            found, same = now, same + 1 if now == found else 0
        return found
