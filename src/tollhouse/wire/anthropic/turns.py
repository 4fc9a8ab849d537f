"""The turns of a conversation as Anthropic takes them.

API reference: docs.claude.com/en/api/messages. Neighbours of one role are one turn; in a user's
turn what tools gave comes first; texts without words are left out, for Anthropic refuses them.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from ...core.dialect import Dialect, Vendor
from ..json_object import NOT_JSON
from ..neutral.conversation import Conversation, Message, Role
from ..neutral.losses import Losses
from ..neutral.parts import (
    Audio,
    Document,
    Image,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

INVALID_JSON = "INVALID_JSON"
"""The member that holds arguments which are no object, as Anthropic's reference wants it."""

_IMAGE_TYPES = {"image/jpg": "image/jpeg"}
"""What is not the name of a type, but often taken for it."""
_PDF = "application/pdf"
_FOREIGN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_WEB = ("https://", "http://")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOTHING = msgspec.Raw(b"{}")


def write_turns(conversation: Conversation, losses: Losses) -> list[dict[str, Any]]:
    """The value of ``messages``."""
    turns: list[dict[str, Any]] = []
    # Anthropic's uploads are Anthropic's: only its own dialect can have named one.
    uploads = conversation.dialect is Dialect.MESSAGES
    for message in conversation.turns():
        blocks = _blocks(message, losses, uploads=uploads)
        if not blocks:
            continue
        if turns and turns[-1]["role"] is message.role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": message.role, "content": blocks})
    return turns


def write_system(conversation: Conversation, losses: Losses) -> list[dict[str, Any]]:
    """The value of ``system``: all instructions, wherever they stood."""
    blocks = []
    for message in conversation.messages:
        if message.role is not Role.SYSTEM:
            continue
        for part in message.parts:
            if not isinstance(part, Text):
                at = getattr(part, "at", "") or message.at
                raise losses.essential(at, "anything but text as an instruction")
            if part.text.strip():
                blocks.append(_text(part))
    return blocks


def with_cache(block: dict[str, Any], cache: str | None) -> dict[str, Any]:
    """The block with its mark; five minutes are what a mark means that says nothing."""
    if cache is not None:
        block["cache_control"] = {"type": "ephemeral"} | ({"ttl": cache} if cache == "1h" else {})
    return block


def _blocks(message: Message, losses: Losses, *, uploads: bool) -> list[dict[str, Any]]:
    parts: Sequence[Part] = message.parts
    if len(parts) > 1 and message.role is Role.USER:
        # Sorting keeps the order of equals.
        parts = sorted(parts, key=lambda part: not isinstance(part, ToolResult))
    blocks = []
    for part in parts:
        if message.role is Role.ASSISTANT and isinstance(part, Image):
            raise losses.essential(part.at, "a picture of the assistant's")
        block = _block(part, losses, uploads=uploads)
        if block is not None:
            blocks.append(block)
    return blocks


def _block(part: Part, losses: Losses, *, uploads: bool) -> dict[str, Any] | None:
    """One part, or None where it says nothing here."""
    if isinstance(part, Text | Refusal):
        return _text(part) if part.text.strip() else None
    if isinstance(part, Reasoning):
        return _thinking(part)
    if isinstance(part, ToolCall):
        return _call(part)
    if isinstance(part, ToolResult):
        return _result(part, losses, uploads=uploads)
    if isinstance(part, Image):
        return _image(part, losses, uploads=uploads)
    if isinstance(part, Document):
        return _document(part, losses, uploads=uploads)
    if isinstance(part, Audio):
        raise losses.essential(part.at, "audio")
    if isinstance(part, Video):
        raise losses.essential(part.at, "video")
    raise _opaque(part, losses)


def _opaque(part: Opaque, losses: Losses) -> Exception:
    return losses.essential(part.at, f"a part of the kind {part.kind}")


def _text(part: Text | Refusal) -> dict[str, Any]:
    cache = part.cache if isinstance(part, Text) else None
    return with_cache({"type": "text", "text": part.text}, cache)


def _thinking(part: Reasoning) -> dict[str, Any] | None:
    """A thought that Anthropic will believe; one of another vendor, or unsigned, is left out."""
    if part.vendor is not Vendor.ANTHROPIC:
        return None
    if part.hidden is not None:
        return {"type": "redacted_thinking", "data": part.hidden}
    if part.signature is None:
        return None
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _call(part: ToolCall) -> dict[str, Any]:
    block = {
        "type": "tool_use",
        "id": call_id(part.id),
        "name": part.name,
        "input": arguments_object(part.arguments),
    }
    return with_cache(block, part.cache)


def arguments_object(arguments: str) -> msgspec.Raw | dict[str, str]:
    """Arguments as they were generated; what is no object is put into one."""
    if not arguments.strip():
        return _NOTHING
    try:
        _object.decode(arguments)
    except NOT_JSON:
        return {INVALID_JSON: arguments}
    return msgspec.Raw(arguments.encode())


def call_id(told: str) -> str:
    """A call's id as Anthropic takes it: letters, digits, dashes and underscores.

    An id that has others in it is made one that no other id becomes.
    """
    if told and _FOREIGN_ID.search(told) is None:
        return told
    digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{_FOREIGN_ID.sub('_', told)}_{digest}"


def _result(part: ToolResult, losses: Losses, *, uploads: bool) -> dict[str, Any]:
    content = []
    for one in part.content:
        inner = None if isinstance(one, Reasoning) else _block(one, losses, uploads=uploads)
        if inner is not None:
            content.append(inner)
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id(part.call_id)}
    if content:
        block["content"] = content
    if part.is_error:
        block["is_error"] = True
    return with_cache(block, part.cache)


# --- Media ---


def _image(part: Image, losses: Losses, *, uploads: bool) -> dict[str, Any]:
    media = part.media
    source = _elsewhere(media, part.at, "an image", losses, uploads=uploads)
    if source is None:
        if media.media_type is None:
            raise losses.essential(part.at, "an image that does not say of what type it is")
        kind = _IMAGE_TYPES.get(media.media_type, media.media_type)
        source = {"type": "base64", "media_type": kind, "data": media.data}
    return with_cache({"type": "image", "source": source}, part.cache)


def _document(part: Document, losses: Losses, *, uploads: bool) -> dict[str, Any]:
    if part.text is not None:
        source = _words(part.text)
    else:
        source = _elsewhere(part.media, part.at, "a file", losses, uploads=uploads) or _file(
            part, losses
        )
    block: dict[str, Any] = {"type": "document", "source": source}
    if part.name is not None:
        block["title"] = part.name
    if part.context is not None:
        block["context"] = part.context
    if part.cited:
        block["citations"] = {"enabled": True}
    return with_cache(block, part.cache)


def _file(part: Document, losses: Losses) -> dict[str, Any]:
    """A file by its data: a PDF, or what is plain text."""
    kind = (part.media.media_type or "").partition(";")[0].strip().lower()
    if kind == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": part.media.data}
    if kind.startswith("text/"):
        try:
            return _words(base64.b64decode(part.media.data or "", validate=True).decode())
        except (binascii.Error, ValueError):
            raise losses.essential(part.at, "a text that is not in UTF-8 and base64") from None
    raise losses.essential(part.at, f"a file of the type {kind or 'that is not told'}")


def _words(text: str) -> dict[str, Any]:
    return {"type": "text", "media_type": "text/plain", "data": text}


def _elsewhere(
    media: Media, at: str, what: str, losses: Losses, *, uploads: bool
) -> dict[str, Any] | None:
    """The source of what is not given by its data."""
    if media.file_id is not None:
        if not uploads:
            raise losses.essential(at, f"{what} that was uploaded elsewhere")
        return {"type": "file", "file_id": media.file_id}
    if media.url is not None:
        if not media.url.lower().startswith(_WEB):
            raise losses.essential(at, f"{what} that lies in a cloud's storage")
        return {"type": "url", "url": media.url}
    return None
