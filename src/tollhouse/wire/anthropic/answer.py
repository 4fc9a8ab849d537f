"""Anthropic's whole answers in neutral form.

API reference: docs.claude.com/en/api/messages. Blocks of Anthropic's own tools are skipped: only a
client of its own dialect can ask for those, and its answers are passed on as they are.
"""

import msgspec

from ...core.dialect import Vendor
from ..json_object import NOT_JSON, Fields, read_object, text_of
from ..neutral.answer import Answer, Nameless, NotAnAnswer, named
from ..neutral.parts import Citation, Part, Reasoning, Refusal, Text, ToolCall
from ..openai.answer import error_in, string_field, usage_in
from .blocks import read_citations, to_citation
from .shapes import NOTHING, Cited
from .stops import read_stop


class Block(msgspec.Struct, frozen=True):
    """What is read of a block, whole or at its start."""

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NOTHING
    citations: msgspec.Raw = NOTHING


class _Kind(msgspec.Struct, frozen=True, gc=False):
    type: str


class _StopDetails(msgspec.Struct, frozen=True, gc=False):
    explanation: str | None = None


class _Usage(msgspec.Struct, frozen=True, gc=False):
    service_tier: str | None = None


KINDS = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
"""Blocks that have a neutral form."""
_ERROR = msgspec.Raw(b'"error"')
_NO_INPUT = frozenset({b"", b"{}", b"null"})
_content = msgspec.json.Decoder(list[msgspec.Raw])
_kind = msgspec.json.Decoder(_Kind)
_block = msgspec.json.Decoder(Block)
_details = msgspec.json.Decoder(_StopDetails | None)
_usage = msgspec.json.Decoder(_Usage)
_cited = msgspec.json.Decoder(Cited)


def read_answer(body: bytes) -> Answer | NotAnAnswer:
    """Tell an answer from an error in a 200, and read it."""
    fields = fields_of(body)
    if isinstance(fields, NotAnAnswer):
        return fields
    if "content" not in fields:
        return NotAnAnswer(None, "the body has no content")
    try:
        blocks = [read_block(one) for one in _content.decode(fields["content"])]
        parts = [part for block in blocks if block is not None for part in _parts(block)]
    except Nameless as fault:
        return NotAnAnswer(None, str(fault))
    except NOT_JSON:
        return NotAnAnswer(None, "the content is not a list of blocks")
    explanation = explained(fields.get("stop_details"))
    if explanation is not None:
        parts.append(Refusal(explanation))
    usage = usage_in(fields)
    return Answer(
        tuple(parts),
        read_stop(
            string_field(fields, "stop_reason"),
            called=any(isinstance(part, ToolCall) for part in parts),
        ),
        id=string_field(fields, "id"),
        stop_sequence=string_field(fields, "stop_sequence"),
        usage=usage,
        service_tier=tier_in(usage),
        content_bytes=len(fields["content"]),
    )


def fields_of(body: bytes) -> Fields | NotAnAnswer:
    """The fields of a 200, unless it is an error, ``null``, HTML or cut-off JSON."""
    fields = read_object(body)
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    error = error_of(fields)
    return fields if error is None else NotAnAnswer(error, "the body is an error")


def read_block(written: msgspec.Raw) -> Block | None:
    """A block; None if it is of a kind that has no neutral form. Raises ``NOT_JSON``."""
    try:
        block = _block.decode(written)
    except msgspec.ValidationError:
        if _kind.decode(written).type in KINDS:
            raise
        return None
    return block if block.type in KINDS else None


def read_citation(written: msgspec.Raw) -> Citation | None:
    """One source of a text; None if it cannot be understood."""
    try:
        return to_citation(_cited.decode(written))
    except NOT_JSON:
        return None


def tier_in(usage: bytes | msgspec.Raw | None) -> str | None:
    """The processing tier, which Anthropic tells in the usage."""
    if usage is None:
        return None
    try:
        return _usage.decode(usage).service_tier
    except NOT_JSON:
        return None


def explained(details: msgspec.Raw | None) -> str | None:
    """Why the model declined, where it says so."""
    if details is None or not len(details):
        return None
    try:
        told = _details.decode(details)
    except NOT_JSON:
        return None
    return None if told is None else told.explanation or None


def error_of(fields: Fields) -> bytes | None:
    """The error that an object carries or is, as raw JSON, or None."""
    error = error_in(fields)
    if error is None and fields.get("type") == _ERROR:
        return b"{}"
    return error


def _parts(block: Block) -> list[Part]:
    if block.type == "text":
        citations = read_citations(block.citations)
        return [Text(block.text, citations=citations)] if block.text else []
    if block.type == "thinking":
        if not block.thinking and not block.signature:
            return []
        return [Reasoning(block.thinking or "", Vendor.ANTHROPIC, block.signature or None)]
    if block.type == "redacted_thinking":
        return [Reasoning(vendor=Vendor.ANTHROPIC, hidden=block.data)] if block.data else []
    return [named(ToolCall(block.id or "", block.name or "", input_of(block) or "{}"))]


def input_of(block: Block) -> str:
    """The input that a call's block holds; "" for none. Raises ``NOT_JSON``."""
    return "" if bytes(block.input) in _NO_INPUT else text_of(block.input)
