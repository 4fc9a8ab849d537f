"""What whole answers and streams of Converse have in common."""

import base64
import binascii

import msgspec

from ...core.dialect import Vendor
from ..neutral.parts import Citation, Reasoning

NULL = msgspec.Raw(b"null")
OWN_TOOL = "server_tool_use"
"""The type of a call that Bedrock answers itself; it is not the client's to see."""


class ServiceTier(msgspec.Struct, frozen=True, gc=False):
    """How an answer was served."""

    type: str | None = None


class _Sequence(msgspec.Struct, frozen=True, gc=False):
    stop_sequence: str | None = None


class ModelFields(msgspec.Struct, frozen=True, gc=False):
    """Fields of the model's own that were asked for: Claude's stop sequence, whole or streamed."""

    stop_sequence: str | None = None
    delta: _Sequence | None = None

    @property
    def sequence(self) -> str | None:
        """The sequence that ended the answer."""
        return self.stop_sequence or (self.delta.stop_sequence if self.delta else None)


class _Web(msgspec.Struct, frozen=True, gc=False):
    url: str | None = None


class _Location(msgspec.Struct, frozen=True, gc=False):
    web: _Web | None = None


class _Source(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None


class CitationTold(msgspec.Struct, frozen=True, rename="camel"):
    """A source as Converse tells it; positions count the source's characters, not the text's."""

    title: str | None = None
    source: str | None = None
    source_content: tuple[_Source, ...] = ()
    location: _Location | None = None

    def read(self) -> Citation:
        """The same in neutral form."""
        web = self.location.web if self.location else None
        cited = "".join(source.text or "" for source in self.source_content)
        named = self.source if self.source and "://" in self.source else None
        return Citation(
            url=(web.url if web else None) or named,
            title=self.title or (self.source if named is None else None),
            cited=cited or None,
        )


def hidden_of(redacted: str, vendor: Vendor | None) -> Reasoning:
    """Thoughts in cipher.

    Bedrock wraps a vendor's text in base64. Anthropic's is unwrapped, so that Claude can read it
    wherever it is reached; a text that would not come back the same stays wrapped, as Bedrock's.
    """
    if vendor is Vendor.ANTHROPIC:
        unwrapped = _unwrapped(redacted)
        if unwrapped is not None:
            return Reasoning(vendor=vendor, hidden=unwrapped)
    return Reasoning(vendor=Vendor.AMAZON, hidden=redacted)


def wrapped(hidden: str, vendor: Vendor) -> str:
    """The value of ``redactedContent`` that stands for thoughts in cipher."""
    return base64.b64encode(hidden.encode()).decode() if vendor is Vendor.ANTHROPIC else hidden


def _unwrapped(redacted: str) -> str | None:
    try:
        data = base64.b64decode(redacted, validate=True)
        return data.decode() if base64.b64encode(data).decode() == redacted else None
    except (binascii.Error, ValueError):
        return None
