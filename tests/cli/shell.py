"""Ways to run commands in tests: in this process, as a process of its own, as a running server."""

import base64
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import pytest
import yaml

from tollhouse.cli.program import run as run_program

ADMIN_TOKEN = "k3Jd82hXnq0PzLw7VbT5mRc1YsFe9GuAoi4"
METRICS_TOKEN = "q8Zx02LmVbn4Ty7R"
SECRET_KEY = base64.b64encode(bytes(range(32))).decode()
COMMAND = (sys.executable, "-m", "tollhouse")
CATALOGUE: dict[str, Any] = {
    "orgs": [
        {"slug": "acme", "plan": "pro", "name": "Acme"},
        {"slug": "hobby", "plan": "free"},
    ],
    "models": [
        {
            "model_id": "lab/small",
            "aliases": ["small"],
            "type": "completion",
            "provider": "lab",
            "capabilities": {"tools": True, "vision": False},
            "limits": {"context_window": 8000, "max_tokens": 1000},
            "pricing": {"input_per_1m_tokens": "1", "output_per_1m_tokens": "2"},
        },
        {
            "model_id": "lab/large",
            "type": "completion",
            "provider": "lab",
            "tier": "premium",
            "failover": ["lab/small"],
        },
        {"model_id": "lab/embed", "type": "embeddings", "provider": "lab"},
    ],
}


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be JSON and nothing else."""
        return json.loads(self.out)

    @property
    def sentences(self) -> list[str]:
        """The lines on stderr, which must all be ours."""
        lines = self.err.splitlines()
        assert all(line.startswith("tollhouse: ") for line in lines), self.err
        return [line.removeprefix("tollhouse: ") for line in lines]


@dataclass(frozen=True)
class Shell:
    """Runs commands in this process, whose working directory is the site's folder."""

    site: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        """Run one command line to its end."""
        self.capsys.readouterr()
        code = run_program(arguments)
        said = self.capsys.readouterr()
        return Ran(code, said.out, said.err)


def write_settings(site: Path, **sections: object) -> Path:
    """Write the site's settings, with sections put in place of the usual ones."""
    settings = {
        "server": {"listen": "127.0.0.1:0", "drain_seconds": 2},
        "store": {"url": "sqlite:///../store.db"},
        "auth": {"admin_token": ADMIN_TOKEN, "secret_key": SECRET_KEY},
        "catalogue": {"files": ["catalogue.yaml"]},
        "providers": {"lab": {"protocol": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "telemetry": {"metrics_token": METRICS_TOKEN},
        "ledger": {"dir": "../ledger"},
    }
    file = site / "config" / "tollhouse.yaml"
    file.write_text(yaml.safe_dump(settings | sections), encoding="utf-8")
    return file


def write_catalogue(site: Path, content: object = None) -> Path:
    """Write the site's seed file."""
    file = site / "config" / "catalogue.yaml"
    file.write_text(yaml.safe_dump(content or CATALOGUE, sort_keys=False), encoding="utf-8")
    return file


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of ours."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TOLLHOUSE_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


@dataclass
class Running:
    """A command that runs until it is told to stop; ``ready`` is what it prints when it is up."""

    arguments: Sequence[str]
    cwd: Path
    ready: str = r"on (http://\S+),"
    ignores_interrupts: bool = False
    """As a shell starts what it puts in the background."""
    environ: Mapping[str, str] = field(default_factory=dict)
    printed: str = ""
    url: str = ""

    def __enter__(self) -> Self:
        """Start it and wait until it has said that it is up."""
        command = (*COMMAND, *self.arguments)
        if self.ignores_interrupts:
            command = ("bash", "-c", "trap '' INT; exec \"$@\"", "bash", *command)
        with (self.cwd / "stderr.log").open("ab") as errors:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=self.cwd,
                env=clean_environment(**self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self.url = self._wait_for(self.ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Make sure that it is gone."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self, with_signal: int = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Signal it and wait for its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(seconds)

    def get(self, path: str, key: str = "") -> httpx.Response:
        """One GET request, on a connection of its own."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.get(self.url + path, headers=headers, timeout=10, verify=False)  # noqa: S501 - no TLS

    def chat(self, model: str, key: str) -> httpx.Response:
        """One chat request, on a connection of its own."""
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            json={"model": model, "messages": [{"role": "user", "content": "Hello"}]},
            headers={"authorization": f"Bearer {key}"},
            timeout=10,
            verify=False,  # noqa: S501 - no TLS
        )

    def wait_until_ready(self, seconds: float = 15.0) -> None:
        """Wait for ``/readyz`` to say yes."""
        assert until(lambda: self.process.poll() is not None or self._is_ready(), seconds)
        assert self.process.poll() is None, self.errors()

    def errors(self) -> str:
        """What it wrote on stderr."""
        return (self.cwd / "stderr.log").read_text(encoding="utf-8")

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def _wait_for(self, pattern: str, seconds: float = 20.0) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536)
                if not piece:
                    break
                self.printed += piece.decode()
            if match := re.search(pattern, self.printed):
                return match[1]
        self.process.kill()
        raise AssertionError(f"it did not come up: {self.printed}{self.errors()}")


def until(holds: Any, seconds: float) -> bool:
    """Whether something comes to hold within a time; asked twenty times a second."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
