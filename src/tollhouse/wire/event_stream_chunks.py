"""A model's own events out of Bedrock's binary frames, as server-sent events.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/
API_runtime_InvokeModelWithResponseStream.html. Each ``chunk`` holds an event of the model's own
protocol in base64; for Claude these are Anthropic's, so its readers can be fed with what this
gives. What Bedrock measured and adds to the last one is taken out: it is not the model's, and no
client of Anthropic's own interface expects it.
"""

import base64
import binascii

import msgspec

from .converse.errors import error_object
from .event_stream import Frame, FrameReader, Kind
from .json_object import NOT_JSON, read_object, write_object
from .sse import event


class _Chunk(msgspec.Struct, frozen=True, gc=False):
    bytes: str


class _Typed(msgspec.Struct, frozen=True, gc=False):
    type: str


_LAST = b"message_stop"
_MEASURED = "amazon-bedrock-invocationMetrics"
_chunk = msgspec.json.Decoder(_Chunk)
_typed = msgspec.json.Decoder(_Typed)


class ChunkUnwrapper:
    """Binary frames in, server-sent events out; nothing more after an error or a break."""

    __slots__ = ("_frames", "error", "malformed")

    def __init__(self) -> None:
        self.error: bytes | None = None
        """The exception that ended the stream, as an object with ``code`` and ``message``."""
        self.malformed = False
        self._frames = FrameReader()

    def feed(self, data: bytes) -> bytes:
        """The events that ``data`` completes. Never raises."""
        written: list[bytes] = []
        if self.error is None and not self.malformed:
            for frame in self._frames.feed(data):
                written.append(self._unwrapped(frame))
                if self.error is not None or self.malformed:
                    return b"".join(written)
            self.malformed = self._frames.broken is not None
        return b"".join(written)

    def _unwrapped(self, frame: Frame) -> bytes:
        if frame.kind is not Kind.EVENT:
            self.error = error_object(frame.name, frame.payload)
            return b""
        if frame.name != "chunk":
            return b""
        try:
            data = base64.b64decode(_chunk.decode(frame.payload).bytes, validate=True)
            kind = _typed.decode(data).type.encode()
            if b"\n" in data or b"\r" in data:  # JSON that is not on one line
                data = msgspec.json.format(data, indent=-1)
            if kind == _LAST:
                data = _without_measures(data)
        except (binascii.Error, *NOT_JSON):
            self.malformed = True
            return b""
        return event(data, None if b"\n" in kind or b"\r" in kind else kind)


def _without_measures(data: bytes) -> bytes:
    fields = read_object(data)
    if fields is None or fields.pop(_MEASURED, None) is None:
        return data
    return write_object(fields)
