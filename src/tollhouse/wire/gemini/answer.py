"""Whole answers in Gemini's dialect, told from things that only look like one.

API reference: ai.google.dev/api/generate-content#GenerateContentResponse.
"""

from collections.abc import Iterable

import msgspec

from ..json_object import NOT_JSON
from ..neutral.answer import Answer, Nameless, NotAnAnswer, Stop
from ..neutral.events import (
    ArgumentsDelta,
    Cited,
    Event,
    PartBegan,
    PartEnded,
    ReasoningDelta,
    Signed,
    TextDelta,
)
from ..neutral.parts import Citation, Part, Reasoning, Text, ToolCall
from .chunk import NOTHING, Chunk, decode, error_in, usage_of
from .parts import PartReader, Standing
from .sources import logprobs


def read_answer(body: bytes) -> Answer | NotAnAnswer:
    """An answer, an error in a 200, or nothing of the kind."""
    try:
        chunk = decode(body)
    except NOT_JSON:
        error = error_in(body)
        reason = "the body is not an answer" if error is None else "the body is an error"
        return NotAnAnswer(error, reason)
    if bytes(chunk.error) not in NOTHING:
        return NotAnAnswer(bytes(chunk.error), "the body is an error")
    return _answer(chunk)


def _answer(chunk: Chunk) -> Answer | NotAnAnswer:
    reader = PartReader()
    try:
        events = reader.take(chunk) + reader.end()
    except Nameless as fault:
        return NotAnAnswer(None, str(fault))
    except NOT_JSON:
        return NotAnAnswer(None, "the arguments of a tool call are not UTF-8")
    parts, stop = _carried(_parts(events)), reader.stop
    if stop is None:
        if not parts:
            return NotAnAnswer(None, "the body has neither content nor a finish reason")
        called = any(isinstance(part, ToolCall) for part in parts)
        stop = Stop.TOOLS if called else Stop.END
    usage = usage_of(chunk.usage_metadata)
    first = chunk.first()
    return Answer(
        parts,
        stop,
        id=chunk.response_id,
        usage=None if usage is None else usage.written,
        service_tier=None if usage is None else usage.tier,
        logprobs=None if first is None else logprobs(first.logprobs_result),
        content_bytes=reader.content_bytes,
    )


def _parts(events: Iterable[Event | Standing]) -> Iterable[Part]:
    """The events put together again."""
    part: Part = Text("")
    words: list[str] = []
    sources: list[Citation] = []
    signature: str | None = None
    for event in events:
        match event:
            case Standing():
                yield event.part
            case PartBegan():
                part, words, sources, signature = event.part, [], [], None
            case TextDelta() | ReasoningDelta():
                words.append(event.text)
            case ArgumentsDelta():
                words.append(event.json)
            case Cited():
                sources.append(event.citation)
            case Signed():
                signature = event.signature
            case PartEnded():
                yield _whole(part, "".join(words), tuple(sources), signature)


def _whole(part: Part, words: str, sources: tuple[Citation, ...], signature: str | None) -> Part:
    replace = msgspec.structs.replace
    match part:
        case ToolCall():
            return replace(part, arguments=words)
        case Reasoning():
            return replace(part, text=words, signature=signature)
        case Text():
            return replace(part, text=words, citations=sources)
    return part


def _carried(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts, with the signature of a text on the thought before it, where there is one.

    In a stream that thought is over when the signature comes. Here an answer need not end on a
    thought that says nothing; on the way back the signature is given to the text all the same.
    """
    told: list[Part] = []
    for part in parts:
        signs = isinstance(part, Reasoning) and not part.text
        place = _bearer(told) if signs else None
        if place is None:
            told.append(part)
        elif isinstance(part, Reasoning):
            told[place] = msgspec.structs.replace(told[place], signature=part.signature)
    return tuple(told)


def _bearer(told: list[Part]) -> int | None:
    """Where the unsigned thought is that the latest text, or the end of all this, follows."""
    place = len(told) - 1
    if place >= 0 and isinstance(told[place], Text):
        place -= 1
    thought = told[place] if place >= 0 else None
    unsigned = isinstance(thought, Reasoning) and thought.text and not thought.signature
    return place if unsigned else None
