"""A chat host's stream: server-sent events in, neutral events out.

API reference: platform.openai.com/docs/api-reference/chat/streaming. Only the choice with index 0
is read. Theory of operation:

- A part begins with its first words and ends when those of another kind come. Tool calls have their
  own order (``calls``).
- The end is told when ``[DONE]`` comes, or when the bytes end and a finish reason was seen: some
  hosts send content behind a finish reason, and many lack ``[DONE]``. ``[DONE]`` behind content but
  without a reason is an end too. So the answer is over for pass-through (``wire.openai``) and here
  at the same bytes.
- Usage may be on any chunk, also behind the finish reason; the last one wins.
- The same thoughts often stand in two fields of one piece; details count before the others.
"""

import typing

import msgspec

from ...core.dialect import Vendor
from ..json_object import NOT_JSON, owned, raw, read_object
from ..neutral.answer import Nameless, Stop
from ..neutral.events import (
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
from ..neutral.parts import Citation, Reasoning, Refusal, Text
from ..openai.answer import error_in
from ..openai.stream import DONE, last_frame
from ..sse import FrameSplitter, FrameTooLarge, data_of, name_of
from .answer import cited, something, usage_of
from .calls import Calls
from .shapes import NULL, Detail, Groq, Piece, Said, ThinkingBlock
from .stops import read_stop
from .thoughts import VENDORS, Thought, begun, from_block, words


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: Said | None = None
    finish_reason: str | None = None
    logprobs: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class _Chunk(msgspec.Struct):
    id: typing.Any = None
    object: typing.Any = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    service_tier: typing.Any = None
    citations: typing.Any = None
    """Perplexity's and xAI's: addresses, all so far on every chunk."""
    x_groq: Groq | None = None


_chunk = msgspec.json.Decoder(_Chunk)


class EventReader:
    """A provider's stream: bytes in, events out."""

    def __init__(self) -> None:
        self.error: bytes | None = None
        self.malformed = False
        self.usage: bytes | None = None
        self.service_tier: str | None = None
        self.content_bytes = 0
        self.ended = False
        self._splitter = FrameSplitter()
        self._out: list[Event] = []
        self._began = False
        self._id: str | None = None
        self._index = 0
        """The number of the open part, or of the next one."""
        self._open: type[Text | Refusal | Reasoning] | None = None
        self._thought: Thought | None = None
        """The open one, where details tell it."""
        self._calls = Calls()
        self._refused = False
        self._citations: list[Citation] = []
        """Sources that came before any text."""
        self._addresses: list[str] = []
        self._reason: str | None = None
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._is_over():
            return []
        try:
            frames = self._splitter.feed(data)
        except FrameTooLarge:
            self.malformed = True
            return []
        for frame in frames:
            self._frame(frame)
        if self._done:
            self._end()
        return self._take()

    def end(self) -> list[Event]:
        """The body ended: what is left, and the end of the answer where it is complete."""
        if self._is_over():
            return []
        rest = self._splitter.rest()
        frame = last_frame(rest)
        if frame is not None:
            self._frame(frame)
        if self._done or self._reason:
            self._end()
        return self._take()

    def _is_over(self) -> bool:
        return self.ended or self.malformed or self.error is not None

    def _take(self) -> list[Event]:
        out, self._out = self._out, []
        return out

    # --- frames ---

    def _frame(self, frame: bytes) -> None:
        if self.malformed or self.error is not None:
            return
        data = data_of(frame)
        if self._done:
            self._listen(data)
            return
        if data is None:
            # An error may come as plain JSON in place of a stream.
            fields = read_object(frame.strip()) if frame.lstrip()[:1] == b"{" else None
            self.error = error_in(fields) if fields else None
            return
        data = data.strip()
        if data == DONE:
            self._done = True
        elif data:
            self._data(frame, data)

    def _data(self, frame: bytes, data: bytes) -> None:
        if not frame.startswith(b"data:") and name_of(frame) == b"error":
            fields = read_object(data)
            bare = raw(data.decode(errors="replace")) if fields is None else data
            self.error = (error_in(fields) if fields else None) or bytes(bare)
            return
        try:
            chunk = _chunk.decode(data)
        except NOT_JSON:
            # An error may have any shape, and takes others' fields along.
            fields = read_object(data)
            self.error = error_in(fields) if fields else None
            self.malformed = self.error is None
            return
        self.usage = usage_of(chunk.usage, chunk.x_groq) or self.usage
        if chunk.service_tier and isinstance(chunk.service_tier, str):
            self.service_tier = chunk.service_tier
        if something(chunk.error) or chunk.object == "error":
            self.error = error_in(read_object(data) or {}) or bytes(chunk.error)
        else:
            self._read(chunk)

    def _listen(self, data: bytes | None) -> None:
        """Usage that arrives along with ``[DONE]``; all else behind it is nothing to the answer."""
        try:
            chunk = _chunk.decode(data or b"")
        except NOT_JSON:
            return
        self.usage = usage_of(chunk.usage, chunk.x_groq) or self.usage

    def _read(self, chunk: _Chunk) -> None:
        if self._id is None and chunk.id and isinstance(chunk.id, str):
            self._id = chunk.id
        if chunk.citations and isinstance(chunk.citations, list):
            self._addresses = [url for url in chunk.citations if isinstance(url, str)]
        for choice in chunk.choices or ():
            if choice.index:
                continue
            if something(choice.error):
                self.error = bytes(choice.error)
                return
            if not self._began:
                self._began = True
                self._out.append(Began(self._id))
            if choice.delta is not None:
                try:
                    self._delta(choice.delta, choice.logprobs)
                except NOT_JSON:
                    self.malformed = True
                    return
            if choice.finish_reason:
                self._reason = choice.finish_reason

    # --- what is in a piece ---

    def _delta(self, delta: Said, logprobs: msgspec.Raw) -> None:
        if delta.reasoning_details or delta.thinking_blocks:
            self._think(delta)
        elif thought := delta.reasoning_content or delta.reasoning:
            self._plain_thought(thought)
        content = delta.content
        if content:
            if isinstance(content, str):
                self._say(Text, content, logprobs)
            else:
                self._pieces(content)
        if delta.refusal:
            self._say(Refusal, delta.refusal, logprobs)
        if delta.annotations:
            for annotation in delta.annotations:
                self._cite(cited(annotation))
        legacy = delta.function_call
        if delta.tool_calls or (legacy is not None and legacy.says_something):
            self._call(delta)

    def _say(self, kind: type[Text | Refusal], text: str, logprobs: msgspec.Raw = NULL) -> None:
        if self._open is not kind:
            self._begin(kind(""))
        self.content_bytes += len(text)
        # A slice of the chunk; what is kept must not keep the chunk alive.
        kept = owned(logprobs) if len(logprobs) > len(NULL) else None
        self._out.append(TextDelta(text, kept))

    def _pieces(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            thought = piece.thought()
            if thought:
                self._plain_thought(thought)
            if piece.text:
                self._say(Text, piece.text)

    def _cite(self, citation: Citation | None) -> None:
        if citation is None:
            return
        if self._open is Text:
            self._out.append(Cited(citation))
        else:
            self._citations.append(citation)

    def _call(self, delta: Said) -> None:
        self._close_words()
        for call in delta.tool_calls or ():
            self.content_bytes += self._calls.add(call)
        if delta.function_call is not None and delta.function_call.says_something:
            self.content_bytes += self._calls.add_function_call(delta.function_call)
        self._index = self._calls.events(self._out, self._index, self._id)

    # --- thoughts ---

    def _plain_thought(self, text: str) -> None:
        """Words without a detail; they join what is open, unless that is in cipher."""
        if self._open is not Reasoning or (self._thought and self._thought.hidden):
            self._begin(Reasoning())
        self.content_bytes += len(text)
        self._out.append(ReasoningDelta(text))

    def _think(self, delta: Said) -> None:
        said = False
        if delta.reasoning_details:
            for detail in delta.reasoning_details:
                said = self._detail(detail) or said
        else:
            for block in delta.thinking_blocks or ():
                said = self._block(block) or said
        thought = delta.reasoning_content or delta.reasoning
        if thought and not said:
            self._plain_thought(thought)

    def _detail(self, detail: Detail) -> bool:
        """Tell a detail; whether it had words."""
        vendor = VENDORS.get(detail.format)
        if detail.data:
            if vendor is Vendor.GOOGLE and detail.id and self._calls.sign(detail.id, detail.data):
                return False
            thought = self._thought if self._open is Reasoning else None
            if vendor is not None and thought is not None and thought.is_sealed_by(detail):
                thought.signature = detail.data
                self._out.append(Signed(detail.data, vendor))
            elif vendor is not None:
                self._begin(Reasoning(vendor=vendor, hidden=detail.data, id=detail.id))
                self._thought = begun(detail)
                self._thought.hidden = detail.data
            return False
        text = words(detail)
        if not text and not detail.signature:
            return False
        open_thought = self._thought if self._open is Reasoning else None
        if self._open is not Reasoning or (open_thought and not open_thought.goes_on_in(detail)):
            open_thought = begun(detail)
            self._begin(Reasoning(vendor=vendor, id=detail.id, summary=open_thought.summary))
            self._thought = open_thought
        if text:
            self.content_bytes += len(text)
            self._out.append(ReasoningDelta(text))
        vendor = vendor or (open_thought.vendor if open_thought else None)
        if detail.signature and vendor is not None:
            if open_thought is not None:
                open_thought.signature = detail.signature
            self._out.append(Signed(detail.signature, vendor))
        return bool(text)

    def _block(self, block: ThinkingBlock) -> bool:
        """Tell a thinking block; whether it had words."""
        thought = from_block(block)
        if thought.hidden:
            self._begin(Reasoning(vendor=Vendor.ANTHROPIC, hidden=thought.hidden))
            self._thought = thought
        elif thought.text:
            self._plain_thought(thought.text)
        if thought.signature:
            if self._open is not Reasoning:
                self._begin(Reasoning(vendor=Vendor.ANTHROPIC))
            self._out.append(Signed(thought.signature, Vendor.ANTHROPIC))
            # More words belong to another block.
            self._close_words()
        return bool(thought.text)

    # --- parts ---

    def _begin(self, part: Text | Refusal | Reasoning) -> None:
        if self._open is None:
            self._index = self._calls.events(self._out, self._index, self._id, all_of_them=True)
        else:
            self._close_words()
        self._open = type(part)
        self._thought = None
        self._out.append(PartBegan(self._index, part))
        if self._open is Text:
            self._out += [Cited(citation) for citation in self._citations]
            self._citations.clear()
        elif self._open is Refusal:
            self._refused = True

    def _close_words(self) -> None:
        if self._open is not None:
            self._out.append(PartEnded(self._index))
            self._index += 1
            self._open = None

    def _end(self) -> None:
        """The proper end; without a single choice it is none."""
        if self._is_over():
            return
        if not self._began:
            self.malformed = True
            return
        if self._open is Text:
            self._out += [Cited(Citation(url=url)) for url in self._addresses]
        try:
            self._index = self._calls.events(self._out, self._index, self._id, all_of_them=True)
        except Nameless:
            self.malformed = True
            return
        for call_id, data in self._calls.unsigned().items():
            self._begin(Reasoning(vendor=Vendor.GOOGLE, hidden=data, id=call_id))
        self._close_words()
        stop: Stop = read_stop(self._reason, calls=self._calls.any, refused=self._refused)
        self.ended = True
        self._out.append(Ended(stop))
