"""What every streamed answer has in common: bytes in, edited bytes out, facts on the side.

Theory of operation. A reader is made for one attempt and fed what the upstream sends. It cuts
frames, sets the served model's id, listens for usage, and hands back bytes for the client. It never
decides: the relay looks at ``started`` (content or a finish reason was seen, so the hop is
committed), ``error`` (the provider said it failed) and ``finished`` (the terminal event was seen)
and acts.

- Frames that come before the first content are returned like any other; the relay holds them.
- Usage may come on any event, cumulative or not: the last one wins and nothing is summed.
- The frame that carries usage to the client is completed by ``complete``, which prices it. Every
  answer that is finished has been priced, whether or not a frame could carry the price.
- At the end of the bytes ``end`` says whether the answer was whole. An event that breaks off there
  is not passed on.
- Once an answer is over, well or not, nothing more is passed on.
"""

from typing import Protocol

from ..json_object import read_object
from ..sse import data_of

ENDINGS = (b"}\n\n", b"}\r\n\r\n")
"""How the frame of an object on one line ends."""
DONE = b"[DONE]"
"""The data of the event that ends a stream of chunks."""
SHORT_TEXT = 4
"""Bytes that an event is taken to bring where its content cannot be told at a glance."""


class Complete(Protocol):
    """Turns what the provider told into the ``usage`` that the client gets."""

    def __call__(self, told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
        """``told`` is None when it never came; ``tier`` is the provider's processing tier."""
        ...


class StreamReader(Protocol):
    """One attempt's stream."""

    @property
    def started(self) -> bool:
        """Whether content or a finish reason was seen."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the terminal event was seen."""
        ...

    @property
    def error(self) -> bytes | None:
        """The provider's error, as raw JSON; nothing after it is relayed."""
        ...

    @property
    def malformed(self) -> bool:
        """An event that is not JSON, or larger than any may be, or an answer without content."""
        ...

    @property
    def usage(self) -> bytes | None:
        """What was told last of what was used."""
        ...

    @property
    def service_tier(self) -> str | None:
        """The provider's processing tier."""
        ...

    @property
    def events(self) -> bool:
        """Whether the client reads events, so that comments and errors can be put in."""
        ...

    @property
    def content_bytes(self) -> int:
        """Roughly how much content was relayed, for estimates when usage never came."""
        ...

    @property
    def sequence(self) -> int:
        """The number of the next event, where the client's events are numbered."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        ...

    def end(self) -> bytes:
        """Last bytes for the client, once the upstream's body has properly ended."""
        ...


class StreamFacts:
    """What a ``StreamReader`` tells, as it is before the first byte."""

    def __init__(self) -> None:
        self.started = False
        self.finished = False
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.events = True
        self.content_bytes = 0
        self.sequence = 0


def last_frame(rest: bytes) -> bytes | None:
    """What follows the last blank line, as a frame; None if it breaks off in the middle."""
    frame = rest.rstrip(b"\r\n") + b"\n\n"
    data = data_of(frame)
    whole = data is None or data.strip() == DONE or read_object(data) is not None
    return frame if rest and whole else None
