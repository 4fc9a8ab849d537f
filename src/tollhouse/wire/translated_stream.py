"""A stream that is read in one dialect and written in another.

Theory of operation. The provider's reader gives events, the client's writer takes them. The answer
has ``started`` with its first delta, tool call or end: what comes before only announces. It is
``finished`` when the reader has seen the provider's own end *and* everything that may come behind
it, for some tell their usage last; the usage is priced then and goes out with the client's last
frames. Whatever comes after that is not passed on.
"""

from .neutral.events import Began, Ended, Event, PartBegan, PartEnded
from .neutral.parts import Image, Reasoning, ToolCall
from .openai.stream import Complete
from .tongues import EventReader, EventWriter

_ANNOUNCEMENTS = (Began, PartEnded)


class TranslatedStream:
    """A ``StreamReader`` between two dialects."""

    def __init__(self, reader: EventReader, writer: EventWriter, *, complete: Complete) -> None:
        self.started = False
        self.finished = False
        self.events = True
        self.error: bytes | None = None
        """The provider's error, as raw JSON."""
        self.malformed = False
        """Something that is no event of the provider's dialect."""
        self._reader = reader
        self._writer = writer
        self._complete = complete

    @property
    def usage(self) -> bytes | None:
        """What the provider has told so far, in its own spelling."""
        return self._reader.usage

    @property
    def service_tier(self) -> str | None:
        """The processing tier that the provider says it used."""
        return self._reader.service_tier

    @property
    def sequence(self) -> int:
        """The number of the client's next event, where its dialect numbers them."""
        return self._writer.sequence

    @property
    def content_bytes(self) -> int:
        """Roughly how much content was read."""
        return self._reader.content_bytes

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        if self.finished:
            return b""
        return self._written(self._reader.feed(data))

    def end(self) -> bytes:
        """Last bytes for the client; without the provider's own end there is none for it either."""
        if self.finished:
            return b""
        return self._written(self._reader.end())

    def _written(self, events: list[Event]) -> bytes:
        reader = self._reader
        self.error, self.malformed = reader.error, reader.malformed
        if events and not self.started:
            self.started = any(_is_content(event) for event in events)
        out = self._writer.write(events) if events else b""
        if reader.ended and self.error is None and not self.malformed:
            self.finished = True
            usage = self._complete(
                reader.usage, reader.service_tier, content_bytes=reader.content_bytes
            )
            out += self._writer.finish(usage, reader.service_tier)
        return out


def _is_content(event: Event) -> bool:
    """Whether an event is of the answer itself, so that another hop can no longer be tried."""
    if isinstance(event, PartBegan):
        part = event.part
        return isinstance(part, ToolCall | Image) or (
            isinstance(part, Reasoning) and bool(part.hidden)
        )
    return isinstance(event, Ended) or not isinstance(event, _ANNOUNCEMENTS)
