"""Messages as the items of a responses provider's ``input``.

References: platform.openai.com/docs/api-reference/responses/create (``input``),
platform.openai.com/docs/guides/reasoning (thoughts that are given back in cipher).
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from ...core.dialect import Dialect, Vendor
from ..chat.cache_marks import is_marked, marked
from ..chat.quirks import Quirks
from ..neutral.conversation import Message, Role
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
from .items import BETWEEN_PARTS
from .media import url_of

Item = dict[str, Any]

_OPENAI = frozenset({Dialect.CHAT, Dialect.RESPONSES})
"""Whose clients may name uploads that a responses provider knows."""
_LONGEST_ID = 64
_PLAIN_TEXT = "text/plain"
_FAILED = "Error"


class ItemWriter:
    """Writes messages in their order."""

    def __init__(self, dialect: Dialect, losses: Losses, quirks: Quirks) -> None:
        """``dialect`` is the client's, ``quirks`` are the model's."""
        self.items: list[Item] = []
        self._dialect = dialect
        self._losses = losses
        self._quirks = quirks
        self._custom: set[str] = set()
        """The calls whose tools take free text; their results have another name."""

    def instructions(self, message: Message) -> None:
        """A system message as an item, where it stands."""
        texts = [part for part in message.parts if isinstance(part, Text)]
        pieces = [self._content(part, "input_text", Role.USER) for part in texts if part.text]
        plain = BETWEEN_PARTS.join(part.text for part in texts)
        content = pieces if any(map(is_marked, pieces)) else plain
        self.items.append({"role": "developer", "content": content})

    def message(self, message: Message) -> None:
        """A turn: what is said in one item, calls, results and thoughts in items of their own."""
        if message.name is not None:
            self._losses.knob(f"{message.at}.name")
        said: list[Part] = []
        for part in message.parts:
            item = self._own_item(part)
            if item is None:
                said.append(part)
            else:
                self._say(message.role, said)
                said = []
                self._append(item)
        self._say(message.role, said)

    def _own_item(self, part: Part) -> Item | None:
        """The item that a part is by itself; an empty one where nothing of it can go on."""
        if isinstance(part, ToolCall):
            return self._call(part)
        if isinstance(part, ToolResult):
            return self._result(part)
        if isinstance(part, Reasoning):
            return _thought(part)
        return None

    def _append(self, item: Item) -> None:
        if not item:
            return
        last = self.items[-1] if self.items else {}
        same = item["type"] == "reasoning" == last.get("type") and "id" in item
        if same and item["id"] == last.get("id"):
            # One item of the provider's that became two parts: a summary and the words.
            last.update({name: value for name, value in item.items() if value})
        else:
            self.items.append(item)

    def _say(self, role: Role, parts: Sequence[Part]) -> None:
        if not parts:
            return
        kind = "output_text" if role is Role.ASSISTANT else "input_text"
        content = [self._content(part, kind, role) for part in parts]
        alone = len(parts) == 1 and isinstance(parts[0], Text) and not is_marked(content[0])
        self.items.append({"role": role, "content": content[0]["text"] if alone else content})

    def _content(self, part: Part, text_kind: str, role: Role) -> Item:
        if role is Role.ASSISTANT:
            if isinstance(part, Text):
                return {"type": text_kind, "text": part.text}
            if isinstance(part, Refusal):
                return {"type": "refusal", "refusal": part.text}
            raise self._cannot(part, "anything but text as the model's own words")
        if isinstance(part, Text | Refusal):
            told: Item = {"type": text_kind, "text": part.text}
        else:
            told = self._given(part)
        cache = part.cache if isinstance(part, Text | Image | Document) else None
        return marked(told, cache, self._quirks)

    def _given(self, part: Part) -> Item:
        """A picture or a file, from a user or from a tool."""
        if isinstance(part, Image):
            # The reference wants a detail; a client that named none gets what it says of none.
            return {"type": "input_image", **self._image(part), "detail": part.detail or "auto"}
        if isinstance(part, Document):
            return self._document(part)
        if isinstance(part, Audio):
            raise self._cannot(part, "sound")
        if isinstance(part, Video):
            raise self._cannot(part, "a film")
        raise self._cannot(part, f"a {part.kind}" if isinstance(part, Opaque) else "this")

    def _image(self, image: Image) -> Item:
        if image.media.file_id is not None:
            return {"file_id": self._upload(image.media, image.at)}
        self._fetchable(image.media, image.at)
        return {"image_url": url_of(image.media, "image/png")}

    def _document(self, document: Document) -> Item:
        media = document.media
        if document.cited:
            self._losses.knob(f"{document.at}.citations")
        if document.text is not None:
            words = [document.name, document.context, document.text]
            return {"type": "input_text", "text": BETWEEN_PARTS.join(one for one in words if one)}
        if document.context:
            self._losses.knob(f"{document.at}.context")
        item: Item = {"type": "input_file"}
        if media.file_id is not None:
            return item | {"file_id": self._upload(media, document.at)}
        if media.data is not None:
            name = document.name or f"document.{_ending(media)}"
            return item | {"filename": name, "file_data": url_of(media, "application/pdf")}
        self._fetchable(media, document.at)
        return item | {"file_url": media.url}

    def _upload(self, media: Media, at: str) -> str | None:
        if self._dialect not in _OPENAI:
            raise self._losses.essential(at, "a file that was uploaded elsewhere")
        return media.file_id

    def _fetchable(self, media: Media, at: str) -> None:
        url = media.url
        if url is not None and not url.lower().startswith(("https:", "http:")):
            raise self._losses.essential(at, "a URL that is not https")

    def _call(self, call: ToolCall) -> Item:
        called = {"call_id": _short(call.id), "name": call.name}
        if call.custom:
            self._custom.add(call.id)
            return {"type": "custom_tool_call", **called, "input": call.arguments}
        return {"type": "function_call", **called, "arguments": call.arguments or "{}"}

    def _result(self, result: ToolResult) -> Item:
        """What a tool gave. That it failed has no word of its own, so its text says so."""
        content = [part for part in result.content if not isinstance(part, Reasoning)]
        pieces = [self._content(part, "input_text", Role.USER) for part in content]
        pieces[-1:] = [marked(piece, result.cache, self._quirks) for piece in pieces[-1:]]
        output: str | list[Item] = pieces
        if len(content) > 1 or (content and not isinstance(content[0], Text)):
            if result.is_error:
                pieces.insert(0, {"type": "input_text", "text": _FAILED})
        else:
            text = pieces[0]["text"] if pieces else ""
            if result.is_error and not text.lower().startswith(_FAILED.lower()):
                text = f"{_FAILED}: {text}" if text else _FAILED
            kept = bool(text and pieces) and is_marked(pieces[0])
            output = [pieces[0] | {"text": text}] if kept else text
        custom = result.call_id in self._custom
        kind = "custom_tool_call_output" if custom else "function_call_output"
        return {"type": kind, "call_id": _short(result.call_id), "output": output}

    def _cannot(self, part: Part, what: str) -> Exception:
        return self._losses.essential(getattr(part, "at", "") or "input", what)


def _thought(part: Reasoning) -> Item:
    """A reasoning item of OpenAI's; of other vendors' thoughts nothing can go on."""
    cipher = part.hidden or part.signature
    if part.vendor is not Vendor.OPENAI or not (cipher or part.id):
        return {}
    words = part.text and not (part.summary or cipher)
    item: Item = {"type": "reasoning"}
    if part.id is not None:
        item["id"] = part.id
    summary = part.text and not words
    item["summary"] = [{"type": "summary_text", "text": part.text}] if summary else []
    if words:
        item["content"] = [{"type": "reasoning_text", "text": part.text}]
    if cipher:
        item["encrypted_content"] = cipher
    return item


def _ending(media: Media) -> str:
    """What a file's name ends in: the provider judges a file by it."""
    kind = (media.media_type or "application/pdf").rpartition("/")[2]
    return "txt" if media.media_type == _PLAIN_TEXT else kind


def _short(call_id: str) -> str:
    """A call's id; one that is too long for OpenAI becomes a digest of itself."""
    if len(call_id) <= _LONGEST_ID:
        return call_id
    return f"call_{hashlib.sha256(call_id.encode()).hexdigest()[:40]}"
