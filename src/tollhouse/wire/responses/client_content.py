"""Parts of content in a client's message, and in what a tool of its gave.

References: platform.openai.com/docs/api-reference/responses/create (``input``),
platform.openai.com/docs/guides/function-calling (lists of parts as a tool's output).
"""

import msgspec

from ...core.errors import invalid
from ..client_values import read_value
from ..neutral.losses import Unsupported
from ..neutral.parts import Audio, Document, Image, Media, Opaque, Refusal, Text
from .media import media_of_file, media_of_url
from .shapes import string, string_or_list


class _Sound(msgspec.Struct, frozen=True, gc=False):
    data: str
    format: str


class _Breakpoint(msgspec.Struct, frozen=True, gc=False):
    ttl: str | None = None


class _Part(msgspec.Struct, frozen=True, gc=False):
    """Any part; which fields count is told by its type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    input_audio: _Sound | None = None
    prompt_cache_breakpoint: _Breakpoint | None = None


_parts = msgspec.json.Decoder(list[_Part])
_TEXTS = frozenset({"input_text", "output_text", "text", "summary_text"})
_LONG_CACHE = frozenset({"12h"})

Content = Text | Image | Document | Audio | Refusal | Opaque
ResultContent = Text | Image | Document | Opaque


def read_content(raw: msgspec.Raw, at: str) -> tuple[Content, ...]:
    """The parts of a message: of a string one, of a list as many."""
    if string_or_list(raw, at):
        return (Text(read_value(string, raw, at) or ""),)
    parts = read_value(_parts, raw, at)
    return tuple(_read(part, f"{at}[{index}]") for index, part in enumerate(parts))


def read_instructions(raw: msgspec.Raw, at: str) -> tuple[Text, ...]:
    """A system's or a developer's words; instructions are nothing else anywhere."""
    texts = []
    for index, part in enumerate(read_content(raw, at)):
        if not isinstance(part, Text):
            param = f"{at}[{index}]"
            message = f"{param}: instructions can be given to this model as text only."
            raise Unsupported(param, message)
        texts.append(part)
    return tuple(texts)


def read_result(raw: msgspec.Raw, at: str) -> tuple[ResultContent, ...]:
    """What a tool gave: a string, or parts; sound is not among what results can be."""
    return tuple(
        _as_result(part, f"{at}[{index}]") for index, part in enumerate(read_content(raw, at))
    )


def _as_result(part: Content, at: str) -> ResultContent:
    if isinstance(part, Refusal):
        return Text(part.text)
    return Opaque("input_audio", at) if isinstance(part, Audio) else part


def _read(part: _Part, at: str) -> Content:
    cache = _cache(part)
    if part.type in _TEXTS:
        return Text(_given(part.text, f"{at}.text"), cache=cache)
    if part.type == "refusal":
        return Refusal(_given(part.refusal, f"{at}.refusal"))
    if part.type == "input_image":
        return Image(_picture(part, at), detail=part.detail, cache=cache, at=at)
    if part.type == "input_file":
        return Document(_file(part, at), name=part.filename, cache=cache, at=at)
    if part.type == "input_audio":
        if part.input_audio is None:
            raise invalid(f"{at}.input_audio is required.", f"{at}.input_audio")
        return Audio(part.input_audio.data, part.input_audio.format, at=at)
    return Opaque(part.type, at)


def _given(text: str | None, at: str) -> str:
    if text is None:
        raise invalid(f"{at} is required.", at)
    return text


def _cache(part: _Part) -> str | None:
    """Half a day is the longer mark; half an hour, which is the default, the shorter."""
    mark = part.prompt_cache_breakpoint
    if mark is None:
        return None
    return "1h" if mark.ttl in _LONG_CACHE else "5m"


def _picture(part: _Part, at: str) -> Media:
    if part.image_url is not None:
        return media_of_url(part.image_url, f"{at}.image_url")
    if part.file_id is not None:
        return Media(file_id=part.file_id)
    raise invalid(f"{at}.image_url is required.", f"{at}.image_url")


def _file(part: _Part, at: str) -> Media:
    if part.file_data is not None:
        return media_of_file(part.file_data, part.filename, f"{at}.file_data")
    if part.file_url is not None:
        return media_of_url(part.file_url, f"{at}.file_url")
    if part.file_id is not None:
        return Media(file_id=part.file_id)
    raise invalid(f"{at}.file_data, file_url or file_id is required.", f"{at}.file_data")
