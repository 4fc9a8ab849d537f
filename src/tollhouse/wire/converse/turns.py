"""The conversation itself, as Converse wants it.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html. What
Bedrock demands beyond it, each learned from its refusals:

- Turns alternate and the first is the user's. Blank text is refused, empty turns are too.
- Results of tools stand first in the turn behind the call.
- The ids of calls are short and plain; those of other vendors may be neither.
- A turn with documents has a text too, and a cache mark does not follow upon a document.
"""

import hashlib
import re
from typing import Any

import msgspec

from ...core.dialect import Vendor
from ..json_object import raw, read_object
from ..neutral.conversation import Conversation, Role
from ..neutral.losses import Losses
from ..neutral.parts import (
    Audio,
    Document,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from .blocks import wrapped
from .families import Family, vendor_of
from .media import Names, audio_block, document_block, image_block, video_block

Block = dict[str, Any]

_CACHING = frozenset({Family.ANTHROPIC, Family.UNTOLD, Family.NOVA, Family.NOVA_2})
_LONG_CACHING = frozenset({Family.ANTHROPIC, Family.UNTOLD})
_LONG = "1h"
_NO_OUTPUT = "(no output)"
_NO_OPENING = "(no message)"
"""Stand where Bedrock wants words and the client has none."""
_BETWEEN = "\n"
"""Keeps a document and a cache mark apart."""
_PLAIN_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")
"""All that Mistral takes, though Bedrock gives it others."""


def cache_point(ttl: str | None, family: Family) -> list[Block]:
    """The mark behind a block; nothing for models that have no cache to be told of."""
    if ttl is None or family not in _CACHING:
        return []
    point = {"type": "default"}
    if ttl == _LONG and family in _LONG_CACHING:
        point["ttl"] = _LONG
    return [{"cachePoint": point}]


def system_blocks(conversation: Conversation, family: Family, losses: Losses) -> list[Block]:
    """All instructions, wherever they stood."""
    blocks: list[Block] = []
    for message in conversation.messages:
        if message.role is not Role.SYSTEM:
            continue
        for part in message.parts:
            if not isinstance(part, Text):
                at = getattr(part, "at", "") or message.at
                raise losses.essential(at, "instructions that are not text")
            if part.text.strip():
                blocks += [{"text": part.text}, *cache_point(part.cache, family)]
    return blocks


def messages(conversation: Conversation, family: Family, losses: Losses) -> list[Block]:
    """All turns."""
    for message in conversation.messages:
        if message.name is not None:
            losses.knob(f"{message.at}.name")
    writer = _Writer(family, losses)
    written: list[Block] = []
    for turn in conversation.turns():
        for part in turn.parts:
            if turn.role is Role.ASSISTANT and isinstance(part, Image):
                raise losses.essential(part.at, "a picture of the assistant's")
        content = writer.turn(turn.parts)
        if not content:
            continue
        if written and written[-1]["role"] == turn.role:
            written[-1]["content"] += content
        else:
            written.append({"role": str(turn.role), "content": content})
    if written and written[0]["role"] == Role.ASSISTANT:
        written.insert(0, {"role": str(Role.USER), "content": [{"text": _NO_OPENING}]})
    if written and written[-1]["role"] == Role.ASSISTANT:
        _trim(written[-1]["content"])
    return written


def call_id(given: str, family: Family) -> str:
    """An id as the model takes it; the same one for the call and its result."""
    is_short = family is Family.MISTRAL
    if (_SHORT_ID if is_short else _PLAIN_ID).fullmatch(given):
        return given
    digest = hashlib.sha256(given.encode()).hexdigest()
    return digest[:9] if is_short else f"call_{digest[:32]}"


class _Writer:
    """Parts to blocks; documents are named as they come."""

    def __init__(self, family: Family, losses: Losses) -> None:
        self._family = family
        self._losses = losses
        self._names = Names()

    def turn(self, parts: tuple[Part, ...]) -> list[Block]:
        """One turn's content."""
        results = [part for part in parts if isinstance(part, ToolResult)]
        others = [part for part in parts if not isinstance(part, ToolResult)]
        blocks: list[Block] = []
        for part in (*results, *others):
            block = self._block(part)
            if block is not None:
                blocks.append(block)
            mark = cache_point(getattr(part, "cache", None), self._family)
            if not (mark and blocks) or "cachePoint" in blocks[-1]:
                continue
            if "document" in blocks[-1]:
                blocks.append({"text": _BETWEEN})
            blocks += mark
        names = [block["document"]["name"] for block in blocks if "document" in block]
        if names and not any("text" in block and block["text"] != _BETWEEN for block in blocks):
            blocks.append({"text": names[0]})
        return blocks

    def _block(self, part: Part) -> Block | None:
        """A part's block; None for what is nothing, or is another vendor's secret."""
        match part:
            case Text(text) | Refusal(text):
                return {"text": text} if text.strip() else None
            case ToolCall():
                name = call_id(part.id, self._family)
                return {"toolUse": {"toolUseId": name, "name": part.name, "input": _input(part)}}
            case ToolResult():
                return {"toolResult": self._result(part)}
            case Reasoning():
                return self._reasoning(part)
            case Video():
                return video_block(part, self._losses)
            case Audio():
                return audio_block(part, self._losses)
            case _:
                return self._shown(part)

    def _shown(self, part: Image | Document | Opaque) -> Block:
        """What may stand in a turn as in a result."""
        match part:
            case Image():
                return image_block(part, self._losses)
            case Document():
                return document_block(part, self._names, self._losses)
            case Opaque(kind, at):
                raise self._losses.essential(at, f"content of the kind {kind}")

    def _result(self, result: ToolResult) -> Block:
        content: list[Block] = []
        for part in result.content:
            if isinstance(part, Text):
                if part.text.strip():
                    content.append({"text": part.text})
            elif not isinstance(part, Reasoning):
                content.append(self._shown(part))
        block: Block = {
            "toolUseId": call_id(result.call_id, self._family),
            "content": content or [{"text": _NO_OUTPUT}],
        }
        if result.is_error:
            block["status"] = "error"
        return block

    def _reasoning(self, part: Reasoning) -> Block | None:
        """Thoughts that this model's vendor made; all others are worth nothing to it."""
        vendor = vendor_of(self._family)
        if part.vendor is None or part.vendor is not vendor:
            return None
        if part.hidden:
            return {"reasoningContent": {"redactedContent": wrapped(part.hidden, vendor)}}
        if part.signature is None and vendor is Vendor.ANTHROPIC:
            return None
        thought = {"text": part.text}
        if part.signature is not None:
            thought["signature"] = part.signature
        return {"reasoningContent": {"reasoningText": thought}}


def _input(call: ToolCall) -> msgspec.Raw:
    """The call's input, which has to be an object; anything else becomes a field of one."""
    text = call.arguments
    if call.custom:
        return raw({"input": text})
    if not text.strip():
        return msgspec.Raw(b"{}")
    if read_object(text.encode()) is not None:
        return msgspec.Raw(text.encode())
    return raw({"arguments": text})


def _trim(content: list[Block]) -> None:
    """A beginning of the answer may not end in white space."""
    if "text" in content[-1]:
        content[-1]["text"] = content[-1]["text"].rstrip()
