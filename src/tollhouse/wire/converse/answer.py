"""Whole answers of Converse.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, "Response
Syntax". What Bedrock's own tools did, and pictures, which no client's dialect has a place for, are
left out; unknown kinds of blocks are passed over.
"""

import msgspec

from ..json_object import NOT_JSON, read_object, text_of
from ..neutral.answer import Answer, Nameless, NotAnAnswer, named
from ..neutral.parts import Reasoning, Text, ToolCall
from .blocks import NULL, OWN_TOOL, CitationTold, ModelFields, ServiceTier, hidden_of
from .families import Family, family_of, signer_of, vendor_of
from .stops import stop_of


class _ToolUse(msgspec.Struct, frozen=True, rename="camel"):
    tool_use_id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")
    type: str | None = None


class _ReasoningText(msgspec.Struct, frozen=True, gc=False):
    text: str = ""
    signature: str | None = None


class _Reasoning(msgspec.Struct, frozen=True, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _Generated(msgspec.Struct, frozen=True, gc=False):
    text: str = ""


class _Cited(msgspec.Struct, frozen=True):
    content: tuple[_Generated, ...] = ()
    citations: tuple[CitationTold, ...] = ()


class _Block(msgspec.Struct, frozen=True, rename="camel"):
    text: str | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _Cited | None = None


class _Message(msgspec.Struct, frozen=True):
    content: tuple[_Block, ...] = ()


class _Output(msgspec.Struct, frozen=True):
    message: _Message


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    output: _Output
    stop_reason: str
    usage: msgspec.Raw = NULL
    service_tier: ServiceTier | None = None
    additional_model_response_fields: ModelFields | None = None


_decoder = msgspec.json.Decoder(_Body)


def read_answer(body: bytes, model: str = "") -> Answer | NotAnAnswer:
    """A 200 of Converse. ``model`` is what was called, which tells whose the signatures are."""
    family = family_of(model) if model else Family.UNTOLD
    try:
        told = _decoder.decode(body)
        blocks = told.output.message.content
        parts = [part for block in blocks if (part := _part(block, family)) is not None]
    except Nameless as fault:
        return NotAnAnswer(None, str(fault))
    except NOT_JSON:
        return _no_answer(body)
    fields = told.additional_model_response_fields
    return Answer(
        tuple(parts),
        stop_of(told.stop_reason, calls=any(isinstance(part, ToolCall) for part in parts)),
        stop_sequence=fields.sequence if fields else None,
        usage=None if told.usage == NULL else bytes(told.usage),
        service_tier=told.service_tier.type if told.service_tier else None,
        content_bytes=sum(map(_size, parts)),
    )


def _part(block: _Block, family: Family) -> Text | Reasoning | ToolCall | None:
    """A block's content; None where it has none for a client."""
    if block.text:
        return Text(block.text)
    if block.tool_use is not None:
        call = block.tool_use
        if call.type == OWN_TOOL:
            return None
        return named(ToolCall(call.tool_use_id, call.name, text_of(call.input)))
    if block.reasoning_content is not None:
        return _reasoning(block.reasoning_content, family)
    if block.citations_content is not None:
        text = "".join(one.text for one in block.citations_content.content)
        citations = tuple(one.read() for one in block.citations_content.citations)
        return Text(text, citations=citations) if text else None
    return None


def _reasoning(told: _Reasoning, family: Family) -> Reasoning | None:
    if told.redacted_content:
        return hidden_of(told.redacted_content, vendor_of(family))
    thought = told.reasoning_text
    if thought is None or not (thought.text or thought.signature):
        return None
    if thought.signature:
        return Reasoning(thought.text, vendor=signer_of(family), signature=thought.signature)
    return Reasoning(
        thought.text, vendor=vendor_of(family) if family is not Family.UNTOLD else None
    )


def _size(part: Text | Reasoning | ToolCall) -> int:
    return len((part.arguments if isinstance(part, ToolCall) else part.text).encode())


def _no_answer(body: bytes) -> NotAnAnswer:
    """What such a body is instead: Bedrock's errors are objects with a ``message``."""
    fields = read_object(body)
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    if "output" in fields:
        return NotAnAnswer(None, "the output is not a message")
    if fields.keys() & {"message", "Message", "__type"}:
        return NotAnAnswer(body, "the body is an error")
    return NotAnAnswer(None, "the body has no output")
