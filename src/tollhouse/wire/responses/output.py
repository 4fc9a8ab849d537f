"""Items of the answer that a client of responses gets.

Reference: platform.openai.com/docs/api-reference/responses/object (``output``). What the official
SDK requires of an item is there even where it says nothing.
"""

from collections.abc import Sequence
from typing import Any

from ...core.dialect import Vendor
from ..neutral.parts import Citation, Image, Reasoning, ToolCall
from ..neutral.signatures import Kind, carry, pack
from .items import OUR_PICTURES, OURS, PICTURE

Item = dict[str, Any]

COMPLETED, INCOMPLETE, IN_PROGRESS = "completed", "incomplete", "in_progress"
_TOLD_RAW = frozenset({None, Vendor.OPENAI})
NOTHING_GIVEN = "{}"
"""The arguments of a call whose provider told none: they are JSON."""


def message_id(heading_id: str, index: int) -> str:
    """The id of what the model says; items are numbered as they stand in the output."""
    return f"msg_{heading_id}_{index}"


def call_item_id(heading_id: str, index: int, *, custom: bool) -> str:
    """The id of the item that a call is; the call's own is another."""
    return f"{'ctc' if custom else 'fc'}_{heading_id}_{index}"


def reasoning_id(heading_id: str, index: int, part: Reasoning | None = None) -> str:
    """OpenAI's own id, by which it knows its thoughts again, or one that is seen to be ours."""
    if part is not None and part.id is not None and part.vendor is Vendor.OPENAI:
        return part.id
    return f"{OURS}{heading_id}_{index}"


def message(item_id: str, content: Sequence[object], status: str) -> Item:
    """What the model says."""
    return {
        "id": item_id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": list(content),
    }


def output_text(text: str, annotations: Sequence[Item], logprobs: object) -> Item:
    """Words."""
    return {
        "type": "output_text",
        "annotations": list(annotations),
        "logprobs": logprobs,
        "text": text,
    }


def summary_text(text: str) -> Item:
    """Words about thoughts."""
    return {"type": "summary_text", "text": text}


def reasoning_text(text: str) -> Item:
    """Words of the thoughts themselves."""
    return {"type": "reasoning_text", "text": text}


def refusal(text: str) -> Item:
    """Words of refusal."""
    return {"type": "refusal", "refusal": text}


def annotations(citations: Sequence[Citation], length: int) -> list[Item]:
    """The pages that a text of this length cites; without positions, all of it cites them.

    A source without a URL is in another vendor's document and has no spelling here.
    """
    return [_annotation(one, length) for one in citations if one.url is not None]


def _annotation(citation: Citation, length: int) -> Item:
    return {
        "type": "url_citation",
        "start_index": citation.start or 0,
        "end_index": length if citation.end is None else citation.end,
        "url": citation.url,
        "title": citation.title or "",
    }


def call(item_id: str, part: ToolCall, arguments: str, status: str) -> Item:
    """A call of a tool."""
    return {
        "id": item_id,
        "type": "custom_tool_call" if part.custom else "function_call",
        "status": status,
        "call_id": part.id,
        "name": part.name,
        "input" if part.custom else "arguments": arguments,
    }


def picture(heading_id: str, index: int, image: Image) -> Item | None:
    """What the model drew, as OpenAI's tool for images tells it: by its data alone."""
    if image.media.data is None:
        return None
    return {
        "id": f"{OUR_PICTURES}{heading_id}_{index}",
        "type": PICTURE,
        "status": COMPLETED,
        "result": image.media.data,
        "output_format": (image.media.media_type or "image/png").removeprefix("image/"),
    }


def are_raw(part: Reasoning) -> bool:
    """Whether words are the thoughts themselves, as open models tell them.

    What Anthropic shows of its models' thoughts is a summary by its own account, and so is
    Google's. Clients show summaries; the thoughts themselves many show only when asked to.
    """
    return not part.summary and part.vendor in _TOLD_RAW


def reasoning(item_id: str, text: str, encrypted: str | None, *, are_raw: bool = False) -> Item:
    """Thoughts: a summary of them, or they themselves, or a cipher alone."""
    item: Item = {
        "id": item_id,
        "type": "reasoning",
        "summary": [summary_text(text)] if text and not are_raw else [],
    }
    if text and are_raw:
        item["content"] = [reasoning_text(text)]
    return item if encrypted is None else item | {"encrypted_content": encrypted}


def encrypted_content(part: Reasoning) -> str | None:
    """What authenticates thoughts, whosever they are."""
    if part.hidden is not None:
        return carry(part.vendor, Kind.HIDDEN, part.hidden, native=Vendor.OPENAI)
    if part.signature is not None:
        return carry(part.vendor, Kind.SIGNATURE, part.signature, native=Vendor.OPENAI)
    return None


def call_signature(heading_id: str, index: int, call_id: str, vendor: Vendor, told: str) -> Item:
    """The signature of a call, as an item beside it."""
    packed = pack(vendor, Kind.CALL, told, call_id=call_id)
    return reasoning(reasoning_id(heading_id, index), "", packed)
