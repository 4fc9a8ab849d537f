"""Answers without a structure we could read: spoken audio, relayed as it comes."""

from .stream import StreamFacts


class RawStream(StreamFacts):
    """A ``StreamReader`` for bytes that are nobody's business but the client's."""

    def __init__(self) -> None:
        super().__init__()
        self.events = False

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        self.started = True
        self.content_bytes += len(data)
        return data

    def end(self) -> bytes:
        """Nothing more; an answer without a single byte is none."""
        self.finished = self.started
        return b""
