"""What a message and an answer are made of.

A part that not every dialect can say knows where it stood in the client's body (``at``, as in
``messages[2].content[0]``), so that a refusal can name it. What came from an answer has no place.
"""

import msgspec

from ...core.dialect import Vendor


class Citation(msgspec.Struct, frozen=True, gc=False):
    """A source that a text names; positions count characters of the text."""

    url: str | None = None
    title: str | None = None
    cited: str | None = None
    """The words of the source."""
    start: int | None = None
    end: int | None = None


class Text(msgspec.Struct, frozen=True):
    """Words."""

    text: str
    cache: str | None = None
    """A mark behind this part: how long the prompt up to it is to be cached, ``5m`` or ``1h``."""
    citations: tuple[Citation, ...] = ()


class Media(msgspec.Struct, frozen=True, gc=False):
    """A thing given by data or by URL, exactly one of them. The gateway never fetches a URL."""

    media_type: str | None = None
    """As in ``image/png``; None where the client did not say."""
    data: str | None = None
    """In base64, as the client wrote it."""
    url: str | None = None
    """As the client wrote it: ``https:``, ``gs:``, ``s3:``."""
    file_id: str | None = None
    """The name of an upload that only its own vendor knows."""


class Image(msgspec.Struct, frozen=True):
    """A picture."""

    media: Media
    detail: str | None = None
    cache: str | None = None
    at: str = ""
    signature: str | None = None
    """Google's, of one that its model made."""


class Document(msgspec.Struct, frozen=True):
    """A file to be read: a PDF, or plain text in ``text``."""

    media: Media
    text: str | None = None
    name: str | None = None
    context: str | None = None
    cited: bool = False
    """Whether citations of it are asked for."""
    cache: str | None = None
    at: str = ""


class Audio(msgspec.Struct, frozen=True):
    """Sound; ``format`` as in ``wav`` or ``mp3``."""

    data: str
    format: str
    at: str = ""


class Video(msgspec.Struct, frozen=True):
    """A film."""

    media: Media
    at: str = ""


class Reasoning(msgspec.Struct, frozen=True):
    """Thoughts, and what their vendor needs to believe them when they come back.

    ``signature`` and ``hidden`` are opaque: they go back byte for byte to the vendor that made them
    and to nobody else. A thought without either is worth nothing to a vendor that signs.
    """

    text: str = ""
    vendor: Vendor | None = None
    signature: str | None = None
    hidden: str | None = None
    """Thoughts in cipher (Anthropic's redacted thinking, OpenAI's encrypted content)."""
    id: str | None = None
    """OpenAI's item id."""
    summary: bool = False
    """Whether the text is a summary of the thoughts rather than they themselves."""
    at: str = ""


class ToolCall(msgspec.Struct, frozen=True):
    """The model asks for a tool. ``arguments`` is JSON text, as it was generated."""

    id: str
    name: str
    arguments: str
    signature: str | None = None
    """Google's, without which its newer models refuse the call when it comes back."""
    custom: bool = False
    """A tool with free text in place of JSON (OpenAI's custom tools)."""
    cache: str | None = None
    at: str = ""


class ToolResult(msgspec.Struct, frozen=True):
    """What a tool gave. ``name`` is known where the call is in the same conversation."""

    call_id: str
    content: "tuple[Text | Image | Document | Reasoning | Opaque, ...]"
    name: str | None = None
    is_error: bool = False
    cache: str | None = None
    at: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """The model declined, in words."""

    text: str


class Opaque(msgspec.Struct, frozen=True):
    """Something that only its own dialect can say: a vendor's own tool at work, a new kind."""

    kind: str
    at: str = ""


Part = (
    Text | Image | Document | Audio | Video | Reasoning | ToolCall | ToolResult | Refusal | Opaque
)
