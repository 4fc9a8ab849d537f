"""The shapes of Anthropic's blocks, as clients and providers write them, for typed decoding."""

import msgspec

NOTHING = msgspec.Raw(b"")
"""In place of a value that is not there."""


class CacheControl(msgspec.Struct, frozen=True, gc=False):
    """A mark behind a block: the prompt up to it is to be cached."""

    ttl: str | None = None


class Citations(msgspec.Struct, frozen=True, gc=False):
    """Whether citations of a document are asked for."""

    enabled: bool = False


class Source(msgspec.Struct, frozen=True):
    """Where an image or a document is from."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    content: str | list[msgspec.Raw] | None = None


class TextBlock(msgspec.Struct, frozen=True):
    """Words; their citations are from an answer of long ago."""

    text: str
    citations: msgspec.Raw = NOTHING
    cache_control: CacheControl | None = None


class MediaBlock(msgspec.Struct, frozen=True):
    """A picture or a document."""

    source: Source
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None
    cache_control: CacheControl | None = None


class ThinkingBlock(msgspec.Struct, frozen=True, gc=False):
    """Thoughts and their signature."""

    thinking: str = ""
    signature: str | None = None


class RedactedBlock(msgspec.Struct, frozen=True, gc=False):
    """Thoughts in cipher."""

    data: str


class ToolUseBlock(msgspec.Struct, frozen=True):
    """A tool call; its input stays as it was written."""

    id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")
    cache_control: CacheControl | None = None


class ToolResultBlock(msgspec.Struct, frozen=True):
    """What a tool gave."""

    tool_use_id: str
    content: str | list[msgspec.Raw] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class Kind(msgspec.Struct, frozen=True, gc=False):
    """The kind of a block, of a source or of a tool."""

    type: str


class Cited(msgspec.Struct, frozen=True, gc=False):
    """A citation in a text: of a web page, of a search result or of a document."""

    url: str | None = None
    source: str | None = None
    title: str | None = None
    document_title: str | None = None
    cited_text: str | None = None
