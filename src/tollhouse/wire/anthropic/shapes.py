"""A client's values of the shapes that the API reference gives them, or a 400 that names the fault.

The typed decoders know where a value is wrong; what they say is put into words that a client's
author can act on.
"""

import re
from typing import TypeVar

import msgspec

from ...core.errors import CallerError, invalid
from ..json_object import NOT_JSON

_Shape = TypeVar("_Shape")

NOTHING = msgspec.Raw(b"")
"""In place of a value that is not there."""

_PLACE = re.compile(r" - at `\$(.*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_EXPECTED = re.compile(r"Expected `([^`]+)`")
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


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


def read_shape(decoder: msgspec.json.Decoder[_Shape], value: msgspec.Raw, at: str) -> _Shape:
    """The value that stands at ``at`` in the client's body; a 400 naming the place of a fault."""
    try:
        return decoder.decode(value)
    except msgspec.ValidationError as fault:
        raise _refused(str(fault), at) from None
    except NOT_JSON:
        raise invalid(f"{at} cannot be read.", at) from None


def _refused(said: str, at: str) -> CallerError:
    place = _PLACE.search(said)
    path = at + place[1] if place else at
    missing = _MISSING.search(said)
    if missing:
        path = f"{path}.{missing[1]}"
        return invalid(f"The field {path} is required.", path)
    expected = _EXPECTED.search(said)
    kinds = expected[1].split(" | ") if expected else []
    wanted = " or ".join(_WORDS[kind] for kind in kinds if kind in _WORDS)
    return invalid(f"{path} must be {wanted}." if wanted else f"{path} cannot be read.", path)
