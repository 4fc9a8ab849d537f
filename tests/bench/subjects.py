"""What is measured, seen from the rows: something that can be started in front of an upstream."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from bench.process import Chat, Cores, Launch, started, until_it_answers


class Subject(Protocol):
    """A gateway or a peer."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    @property
    def slow(self) -> bool:
        """Whether it is so far from the others that fewer rounds tell enough."""
        ...

    def version(self) -> str:
        """Which one it is."""
        ...

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """How it is started in front of an upstream; its files go to ``folder``."""
        ...


@runtime_checkable
class Translator(Protocol):
    """A subject that can be asked in OpenAI's words and ask its upstream in Anthropic's."""

    def translating(self) -> Subject:
        """The same, doing that."""
        ...


def translators(subjects: Sequence[Subject]) -> list[Subject]:
    """Those of the subjects that translate, doing it."""
    return [one.translating() for one in subjects if isinstance(one, Translator)]


@dataclass(frozen=True, slots=True)
class Running:
    """A subject that answers."""

    pid: int
    chat: Chat
    seconds_to_answer: float
    """From its start to its first chat answer."""


@contextmanager
def running(subject: Subject, upstream: Chat, cores: Cores, folder: Path) -> Iterator[Running]:
    """Start a subject, alone on its core, until the end of the block; ``Failed`` if it does not."""
    folder.mkdir(parents=True, exist_ok=True)
    launch = subject.launch(folder, upstream)
    body = json.dumps(launch.chat.body()).encode()
    began = time.monotonic()
    with started(launch.argv, cores.subject, folder, launch.env) as process:
        until_it_answers(process, launch.chat, body)
        yield Running(process.pid, launch.chat, time.monotonic() - began)
