"""A neutral answer as Anthropic's clients expect it, whole.

API reference: docs.claude.com/en/api/messages. Signatures of other vendors are packed into the
fields that clients send back (``wire.neutral.signatures``).
"""

from typing import Any

import msgspec

from ...core.dialect import Vendor
from ..neutral.answer import Answer
from ..neutral.heading import Heading
from ..neutral.parts import Citation, Part, Reasoning, Refusal, Text, ToolCall
from ..neutral.signatures import Kind, carry, pack
from .blocks import UNSIGNED
from .stops import WRITTEN
from .turns import arguments_object

FOREIGN_INDEX = "tollhouse:foreign"
"""The place in a search of Anthropic's that a source has which is from no search of Anthropic's."""

_encoder = msgspec.json.Encoder()


def write_answer(answer: Answer, heading: Heading, usage: bytes) -> bytes:
    """The client's body, with the finished ``usage`` put in as it is."""
    body = {
        "id": answer.id or answer_id(heading),
        "type": "message",
        "role": "assistant",
        "model": heading.model,
        "content": [block for part in answer.parts for block in _blocks(part, heading)],
        "stop_reason": WRITTEN[answer.stop],
        "stop_sequence": answer.stop_sequence,
        "usage": msgspec.Raw(usage),
    }
    return _encoder.encode(body)


def answer_id(heading: Heading) -> str:
    """The answer's id where its provider gave it none."""
    return f"msg_{heading.id}"


def web_citation(citation: Citation) -> dict[str, Any] | None:
    """A source as Anthropic's web search tells it; None for one without an address."""
    if citation.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.cited or "",
        "encrypted_index": FOREIGN_INDEX,
    }


def thinking_signature(vendor: Vendor | None, signature: str | None) -> str:
    """A signature in the field for Anthropic's; one that says so where there is none."""
    if not signature:
        return UNSIGNED
    return carry(vendor, Kind.SIGNATURE, signature, native=Vendor.ANTHROPIC)


def of_use(vendor: Vendor | None, heading: Heading) -> bool:
    """Whether a block of thinking without a word is told, for its signature's sake."""
    return heading.asked_thoughts or vendor is Vendor.ANTHROPIC


def hidden_data(vendor: Vendor | None, hidden: str) -> str:
    """Thoughts in cipher, in the field for Anthropic's."""
    return carry(vendor, Kind.HIDDEN, hidden, native=Vendor.ANTHROPIC)


def call_signature(call_id: str, signature: str) -> dict[str, Any]:
    """The block that carries a tool call's signature, which is Google's."""
    data = pack(Vendor.GOOGLE, Kind.CALL, signature, call_id=call_id)
    return {"type": "redacted_thinking", "data": data}


def _blocks(part: Part, heading: Heading) -> list[dict[str, Any]]:
    if isinstance(part, Text):
        return [_text(part)] if part.text else []
    if isinstance(part, Refusal):
        return [{"type": "text", "text": part.text}] if part.text else []
    if isinstance(part, Reasoning):
        told = part.text or part.hidden is not None or of_use(part.vendor, heading)
        return [_reasoning(part)] if told else []
    if isinstance(part, ToolCall):
        call: dict[str, Any] = {
            "type": "tool_use",
            "id": part.id,
            "name": part.name,
            "input": arguments_object(part.arguments),
        }
        return [call_signature(part.id, part.signature), call] if part.signature else [call]
    return []


def _text(part: Text) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": part.text}
    sources = [told for one in part.citations if (told := web_citation(one)) is not None]
    return block | {"citations": sources} if sources else block


def _reasoning(part: Reasoning) -> dict[str, Any]:
    if part.hidden is None:
        signature = thinking_signature(part.vendor, part.signature)
    elif part.text:
        signature = pack(part.vendor or Vendor.ANTHROPIC, Kind.HIDDEN, part.hidden)
    else:
        return {"type": "redacted_thinking", "data": hidden_data(part.vendor, part.hidden)}
    return {"type": "thinking", "thinking": part.text, "signature": signature}
