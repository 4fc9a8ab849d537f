"""What every lane does: a request for one target, and its answer for one client.

Theory of operation. A lane belongs to a target and an endpoint and holds no request. For each
attempt it makes the body from the client's original, names the address, and says how the answer is
read: as a stream, by a reader that the relay feeds, or whole. Which lane it is follows from the
dialects of both sides (``choose``): where they are one, bytes pass through with named edits; else
the request and its answer are translated.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from ...core.dialect import Dialect
from ...core.model import Address, Model
from ...wire.neutral.answer import NotAnAnswer
from ...wire.openai.stream import StreamReader
from ...wire.usage.table import Kind
from ..call import Call
from ..flight import Flight
from ..meter import Meter

Place = tuple[str, tuple[tuple[str, str], ...]]
"""A URL, and all headers of a request to it."""
JSON = "application/json"
EVENT_STREAM = "text/event-stream"
FRAMES = "application/vnd.amazon.eventstream"
"""Bedrock's streams, whatever the dialect of what is in them."""
VERSIONS = {"vertex": "vertex-2023-10-16", "bedrock": "bedrock-2023-05-31"}
"""What the clouds that host Anthropic's models want to read in the body."""


class Written(msgspec.Struct, frozen=True, gc=False):
    """What is sent to a target."""

    body: bytes
    content_type: str = JSON
    dropped: tuple[str, ...] = ()
    """Knobs of the client that the target lacks and the model may do without."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """A whole answer as the provider gave it."""

    body: bytes
    content_type: str
    headers: Mapping[str, str]


class Whole(msgspec.Struct, frozen=True, gc=False):
    """A complete answer for the client."""

    body: bytes
    content_type: str = JSON
    priced: bool = True
    """Whether it is of a kind that costs."""


class Lane(Protocol):
    """One way to one target."""

    @property
    def spelling(self) -> Dialect | Kind:
        """How the target tells its usage."""
        ...

    @property
    def translated(self) -> bool:
        """Whether the client is told of it in another spelling."""
        ...

    @property
    def stream_type(self) -> str | None:
        """The content type of a stream for the client, where it is not the provider's own."""
        ...

    def write(self, call: Call, model: Model) -> Written:
        """The body; raises ``Unsupported`` where the target cannot say what is asked."""
        ...

    def place(self, call: Call, content_type: str) -> Place:
        """Where to, and with which headers."""
        ...

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """What reads the answer if it is a stream of this content type; None if it is whole."""
        ...

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The client's answer of a whole body, priced; or why it is none."""
        ...


def place_of(where: Address, content_type: str, accept: str) -> Place:
    """An address with the headers of one body; put together once for ordinary JSON."""
    known = where.asking.get(accept) if content_type == JSON else None
    if known is None:
        known = (("content-type", content_type), ("accept", accept), *where.headers)
        if content_type == JSON:
            where.asking[accept] = known
    return where.url, known
