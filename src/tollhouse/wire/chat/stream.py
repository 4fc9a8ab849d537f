"""A streamed answer as chat's clients expect it: chunks, then ``[DONE]``.

API reference: platform.openai.com/docs/api-reference/chat/streaming. Every chunk has the same
beginning, written once. What else holds:

- Usage goes, for a client that asked for it, on a last chunk without choices (``usage`` is null on
  all others); for one that did not, on the chunk with the finish reason.
- Thoughts stand in ``reasoning_content`` and in ``reasoning_details`` at once, as at OpenRouter.
  A detail's ``format`` is told once: the official SDK appends strings of one index to each other.
  OpenAI's cipher is a detail of its own, behind the words that it authenticates.
- That SDK wants an ``index`` in every list of a second delta, which annotations have not. So they
  all go out together, right before the finish reason.
"""

from typing import Any

import msgspec

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
from ..neutral.parts import Citation, Image, Reasoning, Refusal, Text, ToolCall
from ..openai.stream import DONE
from ..sse import event
from .reply import THOUGHT_BREAK, TIERS, annotation, answer_id, signed, written_call, written_image
from .stops import written_stop
from .thoughts import FORMATS, SUMMARY, TEXT, is_cipher, written_details

_encode = msgspec.json.Encoder().encode


class EventWriter:
    """Events in, frames for the client out."""

    sequence = 0
    """Events are not numbered here."""

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        self._head = b""
        """What stands in front of every delta …"""
        self._tail = b',"usage":null}\n\n' if heading.asked_usage else b"}\n\n"
        self._close = b',"logprobs":null,"finish_reason":null}]' + self._tail
        """… and behind it."""
        self._before = b""
        self._between = b""
        self._after = b""
        """What stands around a delta of the open part, but for its words."""
        self._part: Text | Refusal | Reasoning | ToolCall | Image | None = None
        self._images = 0
        self._calls = -1
        """The index of the latest call."""
        self._details = 0
        """The index of the open detail, or of the next one."""
        self._formatted = False
        self._cipher: Signed | None = None
        """What the open thought ends with."""
        self._silent = False
        """Whether the open part has had no delta."""
        self._worded = False
        """Whether the open part is a thought that has had words; a signature may precede them."""
        self._thoughts = False
        self._length = 0
        """Characters of the content so far."""
        self._start = 0
        self._citations: list[Citation] = []
        """Sources of the open text."""
        self._annotations: list[dict[str, Any]] = []
        self._refused = False
        self._ended: Ended | None = None

    def write(self, events: list[Event]) -> bytes:
        """Frames; the end of the answer is kept for ``finish``."""
        if len(events) == 1:
            return self._write(events[0])
        return b"".join([self._write(one) for one in events])

    def finish(self, usage: bytes, service_tier: str | None = None) -> bytes:
        """The last frames, with the usage object put in as it is, and the tier."""
        if self._ended is None:
            return b""
        out = []
        if self._annotations:
            out.append(self._chunk(_encode({"annotations": self._annotations})))
        reason = written_stop(self._ended.stop, refusal=self._refused).encode()
        last = self._head + b'{},"logprobs":null,"finish_reason":"' + reason + b'"}]'
        told = TIERS.get(service_tier or "")
        tier = b"" if told is None else b',"service_tier":"' + told.encode() + b'"'
        if self._heading.asked_usage:
            out += [last, tier, self._tail]
            head = self._head.removesuffix(_CHOICE)
            out += [head, b'"choices":[]', tier, b',"usage":', usage, b"}\n\n"]
        else:
            out += [last, tier, b',"usage":', usage, b"}\n\n"]
        out.append(event(DONE))
        return b"".join(out)

    def _write(self, one: Event) -> bytes:
        if isinstance(one, TextDelta):
            return self._text(one)
        if isinstance(one, ReasoningDelta):
            return self._thought(one)
        if isinstance(one, ArgumentsDelta):
            self._silent = False
            return self._before + _encode(one.json) + self._after
        if isinstance(one, PartBegan):
            return self._begin(one.part)
        if isinstance(one, PartEnded):
            return self._end_part()
        if isinstance(one, Signed):
            return self._sign(one)
        if isinstance(one, Began):
            return self._open(one)
        if isinstance(one, Cited):
            if one.citation.url:
                self._citations.append(one.citation)
        else:
            self._ended = one
        return b""

    def _chunk(self, delta: bytes) -> bytes:
        return self._head + delta + self._close

    # --- the answer ---

    def _open(self, began: Began) -> bytes:
        heading = self._heading
        common = {
            "id": answer_id(began.id, heading),
            "object": "chat.completion.chunk",
            "created": heading.created,
            "model": heading.model,
        }
        self._head = b"data: " + _encode(common)[:-1] + b"," + _CHOICE
        return self._chunk(b'{"role":"assistant","content":"","refusal":null}')

    # --- parts ---

    def _begin(self, part: Text | Refusal | Reasoning | ToolCall | Image) -> bytes:
        self._part = part
        self._silent = True
        self._after = b"}" + self._close
        if isinstance(part, Text):
            self._start = self._length
            self._before = self._head + b'{"content":'
        elif isinstance(part, Refusal):
            self._refused = True
            self._before = self._head + b'{"refusal":'
        elif isinstance(part, ToolCall):
            return self._begin_call(part)
        elif isinstance(part, Image):
            return self._show(part)
        else:
            return self._begin_thought(part)
        return b""

    def _begin_call(self, call: ToolCall) -> bytes:
        self._calls += 1
        index = str(self._calls).encode()
        field = b'"custom":{"input":' if call.custom else b'"function":{"arguments":'
        self._before = self._head + b'{"tool_calls":[{"index":' + index + b"," + field
        self._after = b"}}]}" + self._close
        opener: dict[str, Any] = {"index": self._calls, **written_call(call)}
        if call.custom:
            opener["custom"]["input"] = ""
        else:
            opener["function"]["arguments"] = ""
        return self._chunk(_encode({"tool_calls": [opener]}))

    def _show(self, image: Image) -> bytes:
        told = {"index": self._images, **written_image(image)}
        self._images += 1
        return self._chunk(_encode({"images": [told]}))

    def _begin_thought(self, thought: Reasoning) -> bytes:
        self._formatted = self._worded = False
        self._cipher = None
        return self._encrypted(thought) if thought.hidden else b""

    def _encrypted(self, thought: Reasoning) -> bytes:
        """A thought without words, in cipher: a detail with an index of its own."""
        details = written_details(thought, self._details)
        self._details += len(details)
        return self._chunk(_encode({"reasoning_details": details}))

    def _marks(self, vendor: str | None = None) -> dict[str, Any]:
        """What a detail is told once, and its index."""
        part = self._part
        marks: dict[str, Any] = {}
        if isinstance(part, Reasoning) and not self._formatted:
            written = FORMATS[part.vendor] if part.vendor is not None else vendor
            if written is not None:
                marks["format"] = written
                self._formatted = True
            if part.id and self._silent:
                marks["id"] = part.id
        return {**marks, "index": self._details}

    def _end_part(self) -> bytes:
        part, self._part = self._part, None
        if isinstance(part, ToolCall) and self._silent and not part.custom:
            # Clients decode the arguments, so none is an empty object.
            return self._before + b'"{}"' + self._after
        if isinstance(part, Reasoning):
            return self._end_thought(part)
        if self._citations:
            self._annotations += [
                annotation(citation, self._start, self._length) for citation in self._citations
            ]
            self._citations.clear()
        return b""

    def _end_thought(self, part: Reasoning) -> bytes:
        if not self._silent:
            self._details += 1
        sealed = self._cipher
        if sealed is None:
            return b""
        return self._encrypted(Reasoning(vendor=sealed.vendor, hidden=sealed.signature, id=part.id))

    # --- deltas ---

    def _text(self, delta: TextDelta) -> bytes:
        if not isinstance(self._part, Refusal):
            self._length += len(delta.text)
        written = self._before + _encode(delta.text)
        if delta.logprobs is None:
            return written + self._after
        close = b'},"logprobs":' + bytes(delta.logprobs) + b',"finish_reason":null}]'
        return written + close + self._tail

    def _thought(self, delta: ReasoningDelta) -> bytes:
        words = _encode(delta.text)
        if not self._worded:
            return self._first_thought(delta, words)
        return b"".join((self._before, words, self._between, words, self._after))

    def _first_thought(self, delta: ReasoningDelta, words: bytes) -> bytes:
        """The first words of a thought tell whose it is; what is around the others follows."""
        part = self._part
        summary = isinstance(part, Reasoning) and part.summary
        kind, field = (SUMMARY, "summary") if summary else (TEXT, "text")
        plain = THOUGHT_BREAK + delta.text if self._thoughts else delta.text
        detail = {"type": kind, **self._marks(), field: msgspec.Raw(words)}
        self._silent = False
        self._worded = self._thoughts = True
        self._before = self._head + b'{"reasoning_content":'
        fixed = _encode({"type": kind, "index": self._details})[:-1]
        self._between = b',"reasoning_details":[' + fixed + b',"' + field.encode() + b'":'
        self._after = b"}]}" + self._close
        return self._chunk(_encode({"reasoning_content": plain, "reasoning_details": [detail]}))

    def _sign(self, one: Signed) -> bytes:
        part = self._part
        if isinstance(part, ToolCall):
            # The official SDK takes no piece of a call without a function.
            call = {
                "index": self._calls,
                **({} if part.custom else {"function": {"arguments": ""}}),
                "extra_content": signed(one.signature),
            }
            return self._chunk(_encode({"tool_calls": [call]}))
        if is_cipher(one.vendor):
            self._cipher = one
            return b""
        kind = SUMMARY if isinstance(part, Reasoning) and part.summary else TEXT
        detail = {"type": kind, **self._marks(FORMATS[one.vendor]), "signature": one.signature}
        self._silent = False
        return self._chunk(_encode({"reasoning_details": [detail]}))


_CHOICE = b'"choices":[{"index":0,"delta":'
