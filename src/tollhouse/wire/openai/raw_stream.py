"""Answers without a structure we could read: spoken audio, relayed as it comes."""


class RawStream:
    """A ``StreamReader`` for bytes that are nobody's business but the client's."""

    def __init__(self) -> None:
        self.started = False
        self.finished = False
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.sequence = 0
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
