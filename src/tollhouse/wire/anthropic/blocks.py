"""The content blocks of a client's messages, as neutral parts.

API reference: docs.claude.com/en/api/messages (``messages[].content``). Blocks that only Anthropic
understands (its own tools at work, uploads for its containers, search results) are ``Opaque``.
"""

from collections.abc import Callable, Sequence

import msgspec

from ...core.dialect import Vendor
from ...core.errors import CallerError, invalid
from ..client_values import read_value
from ..json_object import NOT_JSON
from ..neutral.conversation import Role
from ..neutral.parts import (
    Citation,
    Document,
    Image,
    Media,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from ..neutral.signatures import Kind as Packing
from ..neutral.signatures import unpack
from .shapes import (
    CacheControl,
    Cited,
    Kind,
    MediaBlock,
    RedactedBlock,
    Source,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)

UNSIGNED = "tollhouse:unsigned"
"""The signature that thoughts have in our answers where their maker signs nothing."""
SHORT_CACHE = "5m"
"""How long is cached where a mark does not say."""

_SPOKEN_BY: dict[str, frozenset[Role]] = {
    "text": frozenset(Role),
    "image": frozenset({Role.USER}),
    "document": frozenset({Role.USER}),
    "tool_result": frozenset({Role.USER}),
    "thinking": frozenset({Role.ASSISTANT}),
    "redacted_thinking": frozenset({Role.ASSISTANT}),
    "tool_use": frozenset({Role.ASSISTANT}),
}
_kind = msgspec.json.Decoder(Kind)
_text = msgspec.json.Decoder(TextBlock)
_media = msgspec.json.Decoder(MediaBlock)
_thinking = msgspec.json.Decoder(ThinkingBlock)
_redacted = msgspec.json.Decoder(RedactedBlock)
_tool_use = msgspec.json.Decoder(ToolUseBlock)
_tool_result = msgspec.json.Decoder(ToolResultBlock)
_citations = msgspec.json.Decoder(list[Cited])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])

Content = str | Sequence[msgspec.Raw] | None
"""The content of a message or of a tool's result: words, or blocks."""


class BlockReader:
    """Reads the blocks of one body: a tool's results are told the names of the calls before."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._signatures: dict[str, str] = {}

    def read(self, content: Content, role: Role, at: str) -> tuple[Part, ...]:
        """The parts of one message; ``at`` is the place of its content."""
        if isinstance(content, str):
            return (Text(content),) if content else ()
        self._signatures = {}
        parts: list[Part] = []
        for number, block in enumerate(content or ()):
            part = self._part(block, role, f"{at}[{number}]")
            if part is not None:
                parts.append(part)
        if self._signatures:
            parts = [self._signed(part) for part in parts]
        return tuple(parts)

    def _part(self, block: msgspec.Raw, role: Role, at: str) -> Part | None:
        kind = read_value(_kind, block, at).type
        if kind not in _SPOKEN_BY:
            return Opaque(kind, at)
        if role not in _SPOKEN_BY[kind]:
            place = f"{at}.type"
            raise invalid(f"{place} cannot be {kind} in a message of role {role}.", place)
        if kind == "tool_result":
            return self._result(block, at)
        if kind == "tool_use":
            return self._call(block, at)
        if kind == "redacted_thinking":
            return self._redacted(block, at)
        return _READERS[kind](block, at)

    def _call(self, block: msgspec.Raw, at: str) -> ToolCall:
        told = read_value(_tool_use, block, at)
        read_value(_object, told.input, f"{at}.input")
        self._names[told.id] = told.name
        written = bytes(told.input).decode()
        return ToolCall(told.id, told.name, written, cache=cached(told.cache_control), at=at)

    def _result(self, block: msgspec.Raw, at: str) -> ToolResult:
        told = read_value(_tool_result, block, at)
        inner: list[Text | Image | Document | Reasoning | Opaque] = []
        if isinstance(told.content, str):
            if told.content:
                inner.append(Text(told.content))
        else:
            for number, one in enumerate(told.content or ()):
                inner.append(_inner(one, f"{at}.content[{number}]"))
        return ToolResult(
            told.tool_use_id,
            tuple(inner),
            name=self._names.get(told.tool_use_id),
            is_error=told.is_error is True,
            cache=cached(told.cache_control),
            at=at,
        )

    def _redacted(self, block: msgspec.Raw, at: str) -> Reasoning | None:
        data = read_value(_redacted, block, at).data
        packed = unpack(data, Vendor.ANTHROPIC, Packing.HIDDEN)
        if packed.kind is Packing.CALL:
            self._signatures[packed.call_id or ""] = packed.value
            return None
        if packed.kind is Packing.SIGNATURE:
            return Reasoning(vendor=packed.vendor, signature=packed.value, at=at)
        return Reasoning(vendor=packed.vendor, hidden=packed.value, at=at)

    def _signed(self, part: Part) -> Part:
        if isinstance(part, ToolCall) and part.id in self._signatures:
            return msgspec.structs.replace(part, signature=self._signatures[part.id])
        return part


def cached(mark: CacheControl | None) -> str | None:
    """How long is to be cached, where that is asked for."""
    return None if mark is None else mark.ttl or SHORT_CACHE


def read_citations(told: msgspec.Raw) -> tuple[Citation, ...]:
    """The sources of a text. What is not to be understood is none: nothing depends on it."""
    if not len(told):
        return ()
    try:
        found = _citations.decode(told)
    except NOT_JSON:
        return ()
    return tuple(to_citation(one) for one in found)


def to_citation(told: Cited) -> Citation:
    """A source; positions are not taken over, for Anthropic's are positions in the source."""
    url = told.url or told.source
    return Citation(url=url, title=told.title or told.document_title, cited=told.cited_text or None)


def _inner(block: msgspec.Raw, at: str) -> Text | Image | Document | Opaque:
    """A part of what a tool gave."""
    kind = read_value(_kind, block, at).type
    if kind == "text":
        return _read_text(block, at)
    if kind == "image":
        return _read_image(block, at)
    if kind == "document":
        return _read_document(block, at)
    return Opaque(kind, at)


def _read_text(block: msgspec.Raw, at: str) -> Text:
    told = read_value(_text, block, at)
    return Text(
        told.text, cache=cached(told.cache_control), citations=read_citations(told.citations)
    )


def _read_image(block: msgspec.Raw, at: str) -> Image:
    told = read_value(_media, block, at)
    media = _media_of(told.source, at)
    if media is None:
        raise _no_source(told.source, at)
    return Image(media, cache=cached(told.cache_control), at=at)


def _read_document(block: msgspec.Raw, at: str) -> Document | Opaque:
    told = read_value(_media, block, at)
    source = told.source
    text: str | None = None
    media: Media | None = None
    if source.type == "text":
        text, media = source.data, Media(media_type=source.media_type or "text/plain")
    elif source.type == "content":
        text = _text_of(source.content, f"{at}.source.content")
        if text is None:
            return Opaque("document of images", at)
        media = Media(media_type="text/plain")
    else:
        media = _media_of(source, at)
    if media is None or (source.type == "text" and text is None):
        raise _no_source(source, at)
    return Document(
        media,
        text=text,
        name=told.title,
        context=told.context,
        cited=told.citations is not None and told.citations.enabled,
        cache=cached(told.cache_control),
        at=at,
    )


def _media_of(source: Source, at: str) -> Media | None:
    """The thing a source gives; None where it lacks what its type says it has."""
    if source.type == "base64":
        if source.media_type is None:
            raise invalid(
                f"The field {at}.source.media_type is required.", f"{at}.source.media_type"
            )
        return None if source.data is None else Media(source.media_type, data=source.data)
    if source.type == "url":
        return None if source.url is None else Media(url=source.url)
    if source.type == "file":
        return None if source.file_id is None else Media(file_id=source.file_id)
    raise invalid(f"{at}.source.type is none that is known.", f"{at}.source.type")


def _no_source(source: Source, at: str) -> CallerError:
    field = {"url": "url", "file": "file_id"}.get(source.type, "data")
    return invalid(f"The field {at}.source.{field} is required.", f"{at}.source.{field}")


def _text_of(content: Content, at: str) -> str | None:
    """The words of a document that is given by its blocks; None if it holds more than words."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for number, block in enumerate(content or ()):
        place = f"{at}[{number}]"
        if read_value(_kind, block, place).type != "text":
            return None
        texts.append(read_value(_text, block, place).text)
    return "\n\n".join(texts)


def _read_thinking(block: msgspec.Raw, at: str) -> Reasoning | None:
    told = read_value(_thinking, block, at)
    if told.signature in {None, "", UNSIGNED}:
        return Reasoning(told.thinking, at=at) if told.thinking else None
    packed = unpack(told.signature or "", Vendor.ANTHROPIC)
    if packed.kind is Packing.HIDDEN:
        return Reasoning(
            told.thinking, packed.vendor, hidden=packed.value, summary=bool(told.thinking), at=at
        )
    return Reasoning(told.thinking, packed.vendor, packed.value, at=at)


_READERS: dict[str, Callable[[msgspec.Raw, str], Part | None]] = {
    "text": _read_text,
    "image": _read_image,
    "document": _read_document,
    "thinking": _read_thinking,
}
