"""Streams of a model on Bedrock in its own protocol: events out of frames, for their reader."""

from .event_stream_chunks import ChunkUnwrapper
from .openai.stream import StreamReader


class UnwrappedStream:
    """A ``StreamReader`` around another one, whose events come in Bedrock's binary frames."""

    def __init__(self, inner: StreamReader) -> None:
        self.events = True
        self._inner = inner
        self._unwrapper = ChunkUnwrapper()

    @property
    def started(self) -> bool:
        """As the inner reader says, like most of the following."""
        return self._inner.started

    @property
    def finished(self) -> bool:
        """Whether the terminal event was seen."""
        return self._inner.finished

    @property
    def error(self) -> bytes | None:
        """What the model's host reported, or Bedrock itself."""
        return self._unwrapper.error or self._inner.error

    @property
    def malformed(self) -> bool:
        """A broken frame, or a broken event in one."""
        return self._unwrapper.malformed or self._inner.malformed

    @property
    def usage(self) -> bytes | None:
        """What was told so far."""
        return self._inner.usage

    @property
    def service_tier(self) -> str | None:
        """The processing tier."""
        return self._inner.service_tier

    @property
    def content_bytes(self) -> int:
        """Roughly how much content was relayed."""
        return self._inner.content_bytes

    @property
    def sequence(self) -> int:
        """The number of the client's next event."""
        return self._inner.sequence

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client."""
        return self._inner.feed(self._unwrapper.feed(data))

    def end(self) -> bytes:
        """Last bytes for the client."""
        return self._inner.end()
