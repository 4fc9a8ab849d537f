"""Every dialect as one value: how it is read and written, for whoever translates between two.

A dialect's modules are loaded when a request first needs them: a gateway whose clients and
providers speak one dialect pays for no other.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import msgspec

from ..core.dialect import Dialect
from .json_object import Fields
from .neutral.answer import Answer, NotAnAnswer
from .neutral.conversation import Conversation
from .neutral.events import Event
from .neutral.heading import Heading

_FOLDERS = {Dialect.MESSAGES: "anthropic"}
"""Where a dialect's modules are, if not in a folder of its own name."""


class EventReader(Protocol):
    """A provider's stream: bytes in, events out. Nothing is given after an error."""

    error: bytes | None
    malformed: bool
    usage: bytes | None
    service_tier: str | None
    content_bytes: int
    ended: bool

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes."""
        ...

    def end(self) -> list[Event]:
        """The last events, once the body has properly ended."""
        ...


class EventWriter(Protocol):
    """A client's stream: events in, bytes out."""

    @property
    def sequence(self) -> int:
        """The number of the next event, where the dialect numbers them; else 0."""
        ...

    def write(self, events: list[Event]) -> bytes:
        """Bytes for the client; what needs the usage is held back."""
        ...

    def finish(self, usage: bytes, service_tier: str | None = None) -> bytes:
        """The last bytes, with the usage as the client is to see it, and the provider's tier."""
        ...


class Target(msgspec.Struct, frozen=True):
    """How a provider's dialect is spoken to and understood."""

    write_request: Callable[..., dict[str, Any]]
    """Of a conversation, the model's name, and the losses; and by keyword what it alone takes."""
    read_answer: Callable[..., Answer | NotAnAnswer]
    """Of a body; and of the model's name, at a host of several vendors' models."""
    events: Callable[..., EventReader]
    """A reader for one stream; and again."""


class Client(msgspec.Struct, frozen=True):
    """How a client's dialect is understood and answered."""

    read_conversation: Callable[[Fields], Conversation]
    write_answer: Callable[[Answer, Heading, bytes], bytes]
    writer: Callable[[Heading], EventWriter]


@cache
def target(dialect: Dialect) -> Target:
    """A provider's side of a dialect."""
    request, answer, events = _modules(dialect, "request", "answer", "events")
    return Target(request.write_request, answer.read_answer, events.EventReader)


@cache
def client(dialect: Dialect) -> Client:
    """A client's side of a dialect: one of the first three."""
    conversation, reply, stream = _modules(dialect, "conversation", "reply", "stream")
    return Client(conversation.read_conversation, reply.write_answer, stream.EventWriter)


def _modules(dialect: Dialect, *names: str) -> Iterator[ModuleType]:
    folder = _FOLDERS.get(dialect, dialect.value)
    return (import_module(f".{folder}.{name}", __package__) for name in names)
