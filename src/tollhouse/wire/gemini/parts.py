"""From Gemini's parts to the events of an answer, the same for a stream and for a whole answer.

API reference: ai.google.dev/api/caching#Part and ai.google.dev/gemini-api/docs/thought-signatures.
Gemini has no beginnings and ends of parts: text follows text, and a thought, a call or something
else in between is where one ends. A call comes whole, its signature with it, and both are told when
it begins; one on a text is told behind that text, as a thought of Google's without words.
"""

import re

import msgspec

from ...core.dialect import Vendor
from ..json_object import text_of
from ..neutral.answer import Stop, named
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
from ..neutral.parts import Citation, Image, Media, Opaque, Reasoning, Text, ToolCall
from .chunk import NOTHING, AnswerPart, Candidate, Chunk, FunctionCall
from .sources import Sources, logprobs
from .stops import stop_of

_TEXT = Text("")
_THOUGHTS = Reasoning(vendor=Vendor.GOOGLE, summary=True)
_SIGNATURE = Reasoning(vendor=Vendor.GOOGLE)
_NOT_OF_AN_ID = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_ID = 40


class Standing(msgspec.Struct, frozen=True):
    """A part that only a whole answer can hold; it stands between the other parts."""

    part: Opaque


class PartReader:
    """Chunks in, events out."""

    __slots__ = (
        "_began",
        "_blocked",
        "_calls",
        "_cited",
        "_id",
        "_index",
        "_open",
        "_reason",
        "_signatures",
        "_sources",
        "_texts",
        "content_bytes",
    )

    def __init__(self) -> None:
        self.content_bytes = 0
        self._began = False
        self._id: str | None = None
        self._open: Text | Reasoning | None = None
        self._index = 0
        self._calls = 0
        self._signatures: list[str] = []
        """Of the open part, to be told when it ends."""
        self._texts: list[str] = []
        """Of the open text, for a source says where in it it is needed."""
        self._sources = Sources()
        """Of the open text, to be told when it ends."""
        self._cited: set[Citation] = set()
        self._reason: str | None = None
        self._blocked = False

    @property
    def stop(self) -> Stop | None:
        """Why the answer is complete, if it is."""
        if self._reason is not None:
            return stop_of(self._reason, called=self._calls > 0)
        return Stop.FILTERED if self._blocked else None

    def take(self, chunk: Chunk) -> list[Event | Standing]:
        """What a chunk adds; ``NOT_JSON`` where a call of it is none that can be answered."""
        out: list[Event | Standing] = []
        if not self._began:
            self._began = True
            self._id = chunk.response_id
            out.append(Began(self._id))
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self._blocked = True
        candidate = chunk.first()
        if candidate is not None:
            self._candidate(candidate, out)
        return out

    def end(self) -> list[Event | Standing]:
        """The end of the open part, and of the answer where it is complete."""
        out: list[Event | Standing] = []
        self._close(out)
        stop = self.stop
        if stop is not None:
            out.append(Ended(stop))
        return out

    def _candidate(self, candidate: Candidate, out: list[Event | Standing]) -> None:
        content, probabilities = candidate.content, logprobs(candidate.logprobs_result)
        for part in (content and content.parts) or ():
            if part.function_call is not None:
                self._call(part.function_call, part.thought_signature, out)
            elif part.text is not None:
                self._text(part, part.text, probabilities, out)
                probabilities = None if part.text and not part.thought else probabilities
            else:
                self._other(part, out)
        if candidate.grounding_metadata is not None and isinstance(self._open, Text):
            self._sources.add(candidate.grounding_metadata)
        if candidate.finish_reason:
            self._reason = candidate.finish_reason

    def _text(
        self,
        part: AnswerPart,
        text: str,
        probabilities: msgspec.Raw | None,
        out: list[Event | Standing],
    ) -> None:
        if text:
            self.content_bytes += len(text)
            if part.thought:
                self._be_in(_THOUGHTS, out)
                out.append(ReasoningDelta(text))
            else:
                self._be_in(_TEXT, out)
                self._texts.append(text)
                out.append(TextDelta(text, probabilities))
        if part.thought_signature:
            self._signatures.append(part.thought_signature)

    def _call(self, call: FunctionCall, signature: str | None, out: list[Event | Standing]) -> None:
        self._close(out)
        arguments = "{}" if bytes(call.args) in NOTHING else text_of(call.args)
        self.content_bytes += len(arguments)
        begun = ToolCall(call.id or self._made_id(), call.name, "", signature or None)
        out.append(PartBegan(self._index, named(begun)))
        out.append(ArgumentsDelta(arguments))
        out.append(PartEnded(self._index))
        self._index += 1
        self._calls += 1

    def _made_id(self) -> str:
        """Older models name none; one has to be like no other of the whole conversation."""
        answer = _NOT_OF_AN_ID.sub("", self._id or "")[:_LONGEST_ID]
        return f"call_{answer}_{self._calls}" if answer else f"call_{self._calls}"

    def _other(self, part: AnswerPart, out: list[Event | Standing]) -> None:
        picture, standing = _picture(part), _standing(part)
        if picture is not None:
            self._close(out)
            out += [PartBegan(self._index, picture), PartEnded(self._index)]
            self._index += 1
        elif standing is not None:
            self._close(out)
            out.append(standing)
        elif part.thought_signature:
            self._signatures.append(part.thought_signature)

    def _be_in(self, kind: Text | Reasoning, out: list[Event | Standing]) -> None:
        if self._open is not kind:
            self._close(out)
            self._open = kind
            out.append(PartBegan(self._index, kind))

    def _close(self, out: list[Event | Standing]) -> None:
        if self._open is not None:
            self._cite(out)
            out.append(PartEnded(self._index))
            self._index += 1
            self._open = None
        for signature in self._signatures:
            out.append(PartBegan(self._index, _SIGNATURE))
            out.append(Signed(signature, Vendor.GOOGLE))
            out.append(PartEnded(self._index))
            self._index += 1
        self._signatures.clear()

    def _cite(self, out: list[Event | Standing]) -> None:
        """The sources of the text that ends here."""
        for citation in self._sources.citations("".join(self._texts)):
            if citation not in self._cited:
                self._cited.add(citation)
                out.append(Cited(citation))
        self._sources = Sources()
        self._texts.clear()


def _standing(part: AnswerPart) -> Standing | None:
    """A part that is neither text nor call; its signature is of use to no part that is kept."""
    for kind, value in (
        ("executableCode", part.executable_code),
        ("codeExecutionResult", part.code_execution_result),
        ("toolCall", part.tool_call),
        ("toolResponse", part.tool_response),
        ("fileData", part.file_data),
        ("inlineData", part.inline_data),
    ):
        if value is not None:
            return Standing(Opaque(kind))
    return None


def _picture(part: AnswerPart) -> Image | None:
    """What the model drew; sketches of its thoughts are none of the answer."""
    blob = part.inline_data
    if blob is None or part.thought or not blob.data:
        return None
    is_picture = (blob.mime_type or "").startswith("image/")
    if not is_picture:
        return None
    return Image(Media(blob.mime_type, blob.data), signature=part.thought_signature or None)
