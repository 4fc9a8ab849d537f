"""A neutral stream as Anthropic's clients expect it.

API reference: docs.claude.com/en/build-with-claude/streaming. What input was used is not known when
an answer begins: ``message_start`` holds zeros, and ``message_delta`` the whole usage, which SDKs
put in their place.

Theory of operation. A block's index runs by itself, for a signature may need a block of its own: a
tool call's stands before the call, or behind it where it is told no sooner, and bears the call's
id. A thought's block begins with its first words: without any, cipher makes it another kind of
block, and a signature of another vendor's text is of no use to who did not ask for thinking.
"""

from typing import Any

import msgspec

from ...core.dialect import Vendor
from ..neutral.events import (
    ArgumentsDelta,
    Began,
    Cited,
    Ended,
    Event,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from ..neutral.heading import Heading
from ..neutral.parts import Image, Reasoning, ToolCall
from ..neutral.signatures import Kind, pack
from ..sse import event as frame_of
from .reply import answer_id, call_signature, hidden_data, of_use, thinking_signature, web_citation
from .stops import WRITTEN

_encode = msgspec.json.Encoder().encode
_NO_USAGE = b'{"input_tokens":0,"output_tokens":0}'
_TAIL = b"}}\n\n"
_SIGNED = (
    b'{"type":"content_block_delta","index":%d,"delta":{"type":"signature_delta","signature":%b}}'
)
_CITED = (
    b'{"type":"content_block_delta","index":%d,"delta":{"type":"citations_delta","citation":%b}}'
)
_ENDED = b'{"type":"message_delta","delta":{"stop_reason":"%b","stop_sequence":%b},"usage":%b}'
_STOP = frame_of(b'{"type":"message_stop"}', b"message_stop")


class EventWriter:
    """Writes one client's stream."""

    __slots__ = (
        *("_call", "_delta", "_ended", "_heading", "_hidden", "_index", "_open", "_reasoning"),
        "_signature",
    )

    sequence = 0
    """Events are not numbered here."""

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        self._index = -1
        self._open = False
        self._delta = b""
        """The frame of a delta of the open block, up to what the delta says."""
        self._call: str | None = None
        """The id of the open part, where it is a call."""
        self._reasoning = False
        self._hidden: tuple[Vendor | None, str] | None = None
        """Cipher of the open part."""
        self._signature: tuple[Vendor, str] | None = None
        self._ended: Ended | None = None

    def write(self, events: list[Event]) -> bytes:
        """The frames of these events; the end is kept for ``finish``."""
        if len(events) == 1:
            return self._write(events[0])
        return b"".join([self._write(event) for event in events])

    def finish(self, usage: bytes, service_tier: str | None = None) -> bytes:
        """The last frames, with the finished usage; nothing for an answer that did not end."""
        del service_tier  # told in the usage
        if self._ended is None:
            return b""
        stop = WRITTEN[self._ended.stop].encode()
        # An event is one line, and a line end in JSON is but space between its values.
        usage = usage.replace(b"\n", b" ").replace(b"\r", b" ")
        data = _ENDED % (stop, _encode(self._ended.stop_sequence), usage)
        return frame_of(data, b"message_delta") + _STOP

    def _write(self, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            return self._delta + _encode(event.text) + _TAIL
        if isinstance(event, ArgumentsDelta):
            return self._delta + _encode(event.json) + _TAIL
        if isinstance(event, ReasoningDelta):
            start = b"" if self._open else self._start_thinking()
            return start + self._delta + _encode(event.text) + _TAIL
        if isinstance(event, PartBegan):
            return self._begin(event)
        if isinstance(event, PartEnded):
            return self._end()
        if isinstance(event, Cited):
            return self._cite(event)
        if isinstance(event, Signed):
            self._signature = event.vendor, event.signature
        elif isinstance(event, Began):
            return self._message(event.id or answer_id(self._heading))
        else:
            self._ended = event
        return b""

    def _message(self, answer: str) -> bytes:
        data = (
            b'{"type":"message_start","message":{"id":%b,"type":"message","role":"assistant",'
            b'"model":%b,"content":[],"stop_reason":null,"stop_sequence":null,"usage":%b}}'
        ) % (_encode(answer), _encode(self._heading.model), _NO_USAGE)
        return frame_of(data, b"message_start")

    # --- Blocks ---

    def _begin(self, event: PartBegan) -> bytes:
        part = event.part
        if isinstance(part, Reasoning):
            self._reasoning = True
            if part.hidden is not None:
                self._hidden = part.vendor, part.hidden
            return b""
        if isinstance(part, Image):
            return b""  # its clients know no pictures of the model's
        if not isinstance(part, ToolCall):
            return self._start({"type": "text", "text": ""}, b"text_delta", b"text")
        self._call = part.id
        signed = b""
        if part.signature:
            signed = self._start(call_signature(part.id, part.signature)) + self._stop()
        call = {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
        return signed + self._start(call, b"input_json_delta", b"partial_json")

    def _end(self) -> bytes:
        """The end of a part: its signature, where one was told, and the end of its block."""
        signature, hidden = self._signature, self._hidden
        reasoning, call = self._reasoning, self._call
        self._signature = self._hidden = self._call = None
        self._reasoning = False
        if reasoning:
            return self._end_thoughts(signature, hidden)
        if not self._open:
            return b""
        ended = self._stop()
        if signature is None:
            return ended
        if call is not None:
            return ended + self._start(call_signature(call, signature[1])) + self._stop()
        return ended + self._end_thoughts(signature, None)

    def _end_thoughts(
        self, signature: tuple[Vendor, str] | None, hidden: tuple[Vendor | None, str] | None
    ) -> bytes:
        if hidden is not None:
            vendor, cipher = hidden
            if self._open:
                return self._sign(pack(vendor or Vendor.ANTHROPIC, Kind.HIDDEN, cipher))
            block = {"type": "redacted_thinking", "data": hidden_data(vendor, cipher)}
            return self._start(block) + self._stop()
        vendor, text = signature or (None, None)
        if self._open:
            return self._sign(thinking_signature(vendor, text))
        if not of_use(vendor, self._heading):
            return b""
        return self._start_thinking() + self._sign(thinking_signature(vendor, text))

    def _start_thinking(self) -> bytes:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return self._start(block, b"thinking_delta", b"thinking")

    def _sign(self, signature: str) -> bytes:
        """The signature of the open block of thoughts, and its end."""
        data = _SIGNED % (self._index, _encode(signature))
        return frame_of(data, b"content_block_delta") + self._stop()

    def _start(self, block: dict[str, Any], delta: bytes = b"", member: bytes = b"") -> bytes:
        """The start of the next block, and what its deltas of this kind begin with."""
        self._index += 1
        self._open = True
        self._delta = (
            b"event: content_block_delta\ndata: "
            b'{"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
        ) % (self._index, delta, member)
        told = b'{"type":"content_block_start","index":%d,"content_block":%b}'
        return frame_of(told % (self._index, _encode(block)), b"content_block_start")

    def _stop(self) -> bytes:
        self._open = False
        told = b'{"type":"content_block_stop","index":%d}' % self._index
        return frame_of(told, b"content_block_stop")

    def _cite(self, event: Cited) -> bytes:
        citation = web_citation(event.citation)
        if citation is None:
            return b""
        return frame_of(_CITED % (self._index, _encode(citation)), b"content_block_delta")
