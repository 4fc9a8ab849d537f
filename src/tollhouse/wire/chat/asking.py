"""The messages of a conversation as a chat host is given them.

API reference: platform.openai.com/docs/api-reference/chat/create. What holds here:

- All instructions become one ``system`` message in front: templates of open models refuse a second.
- Neighbours of one role become one message; content that is only text is a string, its pieces
  joined, for many hosts take no lists there.
- Results of tools come right behind the calls, as messages of their own. They can only be text, so
  pictures and files in them follow in the user's message, with the call's id.
- A turn of the assistant's at the end, by which Anthropic's clients begin the answer themselves,
  cannot be said: hosts answer behind it with something new.
- That a result is an error is said in its text. Citations of earlier answers are not repeated.
- What is marked to be cached is a piece of its own, where the model knows marks (``cache_marks``).
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...core.dialect import Dialect, Vendor
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
from .cache_marks import is_marked, marked
from .quirks import Echo, Quirks
from .thoughts import ENCRYPTED, FORMATS, written_details

_MOST_ID = 40
"""OpenAI takes no longer ids of tool calls."""
_SHORT_ID = re.compile(r"[A-Za-z0-9]{9}")
_BREAK = "\n\n"
_DEFAULT_NAMES = {"application/pdf": "document.pdf", "text/plain": "document.txt"}
_WEB = ("https://", "http://")
_FILE_IDS = frozenset({Dialect.CHAT, Dialect.RESPONSES})
"""Dialects whose uploads are OpenAI's."""


class MessageWriter:
    """Writes the messages of one body."""

    def __init__(self, conversation: Conversation, losses: Losses, quirks: Quirks) -> None:
        self._conversation = conversation
        self._losses = losses
        self._quirks = quirks

    def write(self) -> list[dict[str, Any]]:
        """The value of ``messages``."""
        for last in self._conversation.messages[-1:]:
            if self._conversation.dialect is Dialect.MESSAGES and last.role is Role.ASSISTANT:
                raise self._losses.essential(last.at or "messages", "the beginning of its answer")
        systems = [
            piece
            for text in self._conversation.systems()
            if text.text
            for piece in self._parts(text)
        ]
        messages: list[dict[str, Any]] = []
        if systems:
            messages.append({"role": "system", "content": _simplest(systems)})
        for turn in _turns(self._conversation.messages):
            if turn.role is Role.ASSISTANT:
                messages += self._assistant(turn)
            else:
                messages += self._user(turn)
        return messages

    # --- the user's side ---

    def _user(self, turn: Message) -> Iterator[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        for part in turn.parts:
            if isinstance(part, ToolResult):
                text, moved = self._result(part)
                yield {"role": "tool", "tool_call_id": self._id(part.call_id), "content": text}
                content += moved
        for part in turn.parts:
            if not isinstance(part, ToolResult):
                content += self._parts(part)
        if not content:
            return
        message: dict[str, Any] = {"role": "user", "content": _simplest(content)}
        if turn.name:
            message["name"] = turn.name
        yield message

    def _result(
        self, result: ToolResult
    ) -> tuple[str | list[dict[str, Any]], list[dict[str, Any]]]:
        """The text of a tool's result, and what has to follow in the user's message."""
        pieces = [part for inner in result.content for part in self._parts(inner)]
        texts = [piece["text"] for piece in pieces if piece["type"] == "text"]
        moved = [piece for piece in pieces if piece["type"] != "text"]
        text = _BREAK.join(texts)
        if result.is_error and not text.lower().startswith("error"):
            text = f"Error: {text}" if text else "Error"
        if moved:
            text = text or "The result is in the next message."
            moved.insert(0, {"type": "text", "text": f"Result of {self._id(result.call_id)}:"})
        marks = [part.cache for part in result.content if isinstance(part, Text)]
        mark = next(filter(None, [result.cache, *marks]), None) if text else None
        return _simplest([marked({"type": "text", "text": text}, mark, self._quirks)]), moved

    def _parts(self, part: Part) -> list[dict[str, Any]]:
        """The pieces that a part is; its mark stands behind the last of them."""
        pieces = self._pieces(part)
        cache = part.cache if isinstance(part, Text | Image | Document) else None
        if cache is None or not pieces:
            return pieces
        return [*pieces[:-1], marked(pieces[-1], cache, self._quirks)]

    def _pieces(self, part: Part) -> list[dict[str, Any]]:
        if isinstance(part, Text):
            return [{"type": "text", "text": part.text}]
        if isinstance(part, Image):
            return [self._image(part)]
        if isinstance(part, Document):
            return self._document(part)
        if isinstance(part, Audio):
            sound = {"data": part.data, "format": part.format}
            return [{"type": "input_audio", "input_audio": sound}]
        if isinstance(part, Video):
            return [{"type": "video_url", "video_url": {"url": self._url(part.media, part.at)}}]
        if isinstance(part, Opaque):
            raise self._losses.essential(part.at, f"a part of the type {part.kind}")
        # Thoughts and refusals are the assistant's; there is nothing to say of them here.
        return [{"type": "text", "text": part.text}] if isinstance(part, Refusal) else []

    def _image(self, image: Image) -> dict[str, Any]:
        if image.media.file_id is not None:
            raise self._losses.essential(image.at, "an image by the id of an upload")
        shown = {"url": self._url(image.media, image.at)}
        if image.detail is not None:
            shown["detail"] = image.detail
        return {"type": "image_url", "image_url": shown}

    def _url(self, media: Media, at: str) -> str:
        if media.data is not None:
            return _data_url(media, "application/octet-stream")
        url = media.url or ""
        if not url.startswith(_WEB):
            raise self._losses.essential(at, "something by a URL that is not of the web")
        return url

    def _document(self, document: Document) -> list[dict[str, Any]]:
        if document.cited:
            self._losses.knob(f"{document.at}.citations")
        about = [text for text in (document.name, document.context) if text]
        if document.text is not None:
            return [{"type": "text", "text": _BREAK.join([*about, document.text])}]
        context = [{"type": "text", "text": document.context}] if document.context else []
        return [*context, {"type": "file", "file": self._file(document)}]

    def _file(self, document: Document) -> dict[str, Any]:
        media = document.media
        if media.url is not None:
            raise self._losses.essential(document.at, "a document by URL")
        if media.file_id is not None:
            if self._conversation.dialect not in _FILE_IDS:
                raise self._losses.essential(document.at, "a document by the id of an upload")
            return {"file_id": media.file_id}
        kind = media.media_type or "application/pdf"
        name = document.name or _DEFAULT_NAMES.get(kind, "document")
        return {"filename": name, "file_data": _data_url(media, kind)}

    # --- the assistant's side ---

    def _assistant(self, turn: Message) -> Iterator[dict[str, Any]]:
        texts: list[str] = []
        calls: list[ToolCall] = []
        thoughts: list[Reasoning] = []
        for part in turn.parts:
            if isinstance(part, Text | Refusal):
                texts.append(part.text)
            elif isinstance(part, ToolCall):
                calls.append(part)
            elif isinstance(part, Reasoning):
                thoughts.append(part)
            elif isinstance(part, Opaque):
                raise self._losses.essential(part.at, f"a part of the type {part.kind}")
            else:
                at = getattr(part, "at", "")
                raise self._losses.essential(at, "a picture or a file of the assistant's")
        if not texts and not calls:
            return
        message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) or None}
        if calls:
            message["tool_calls"] = [self._call(call) for call in calls]
        self._think(message, thoughts, calls)
        yield message

    def _call(self, call: ToolCall) -> dict[str, Any]:
        written: dict[str, Any] = {"id": self._id(call.id)}
        if call.custom:
            written["type"] = "custom"
            written["custom"] = {"name": call.name, "input": call.arguments}
        else:
            written["type"] = "function"
            written["function"] = {"name": call.name, "arguments": call.arguments or "{}"}
        if call.signature and self._quirks.echo is Echo.GOOGLE:
            written["extra_content"] = {"google": {"thought_signature": call.signature}}
        return written

    def _think(
        self, message: dict[str, Any], thoughts: list[Reasoning], calls: list[ToolCall]
    ) -> None:
        """What the host is told of earlier thoughts: its own vendor's, or words alone."""
        echo = self._quirks.echo
        if echo is Echo.CONTENT:
            # Thoughts that somebody signed are another vendor's.
            own = [one.text for one in thoughts if one.vendor is None and one.text]
            if own:
                message["reasoning_content"] = _BREAK.join(own)
        elif echo is Echo.DETAILS:
            details: list[dict[str, Any]] = []
            for thought in thoughts:
                signed = thought.signature or thought.hidden
                if thought.vendor is self._quirks.vendor and signed:
                    details += written_details(thought, len(details))
            details += [
                {
                    "type": ENCRYPTED,
                    "data": call.signature,
                    "format": FORMATS[Vendor.GOOGLE],
                    "id": self._id(call.id),
                    "index": len(details),
                }
                for call in calls
                if call.signature and self._quirks.vendor is Vendor.GOOGLE
            ]
            if details:
                message["reasoning_details"] = details

    def _id(self, given: str) -> str:
        """A tool call's id as the host can take it; the same each time it is asked for."""
        if self._quirks.short_ids:
            return given if _SHORT_ID.fullmatch(given) else _digest(given, 9)
        return given if len(given) <= _MOST_ID else f"call_{_digest(given, 32)}"


def _turns(messages: Iterable[Message]) -> Iterator[Message]:
    """Turns without instructions, neighbours of one role and one name joined."""
    role, name, parts = None, None, list[Part]()
    for message in messages:
        if message.role is Role.SYSTEM:
            continue
        if message.role is not role or message.name != name:
            if role is not None:
                yield Message(role, tuple(parts), name)
            role, name, parts = message.role, message.name, []
        parts += message.parts
    if role is not None:
        yield Message(role, tuple(parts), name)


def _simplest(content: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Text alone, and unmarked, as a string; else the list, less words that are none."""
    if all(piece["type"] == "text" and not is_marked(piece) for piece in content):
        return _BREAK.join(piece["text"] for piece in content)
    return [piece for piece in content if piece.get("text", "-")]


def _data_url(media: Media, kind: str) -> str:
    return f"data:{media.media_type or kind};base64,{media.data}"


def _digest(given: str, length: int) -> str:
    """A name made of another, with letters and digits only."""
    made = base64.b32encode(hashlib.sha256(given.encode()).digest()).decode()
    return made.lower()[:length]
