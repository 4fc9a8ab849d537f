"""Items of a response, as its provider wrote them and as a client gives them back.

Reference: platform.openai.com/docs/api-reference/responses/object (``output``).
"""

import msgspec

from ...core.dialect import Vendor
from ..json_object import NOT_JSON
from ..neutral.answer import named
from ..neutral.parts import Citation, Image, Media, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from ..neutral.signatures import Kind, unpack

BETWEEN_PARTS = "\n\n"
"""Between the parts of a summary, which become one text."""
PICTURE = "image_generation_call"
"""The type of an item that is a picture."""
OURS = "rs_tollhouse_"
"""How the ids of reasoning items that we made begin: no provider can look them up."""
OUR_PICTURES = "ig_tollhouse_"
"""The same of pictures."""


class Words(msgspec.Struct, frozen=True, gc=False):
    """A part of a summary or of the thoughts themselves."""

    text: str = ""


class ReasoningItem(msgspec.Struct, frozen=True):
    """Thoughts: a summary, their words, or a cipher."""

    id: str | None = None
    summary: list[Words] | None = None
    content: list[Words] | None = None
    encrypted_content: str | None = None


class CallItem(msgspec.Struct, frozen=True, gc=False):
    """A call of a function."""

    name: str
    arguments: str = ""
    call_id: str | None = None
    id: str | None = None


class CustomCallItem(msgspec.Struct, frozen=True, gc=False):
    """A call of a tool that takes free text."""

    name: str
    input: str = ""
    call_id: str | None = None
    id: str | None = None


class PictureItem(msgspec.Struct, frozen=True, gc=False):
    """A picture that the model made: base64, in a format that is PNG where none is told."""

    result: str | None = None
    output_format: str | None = None


class OutputPart(msgspec.Struct, frozen=True):
    """A part of what the model says."""

    type: str = ""
    text: str = ""
    refusal: str = ""
    annotations: list[msgspec.Raw] | None = None
    logprobs: msgspec.Raw = msgspec.Raw(b"null")


class MessageItem(msgspec.Struct, frozen=True):
    """What the model says."""

    content: list[OutputPart] = []


class _Kind(msgspec.Struct, frozen=True, gc=False):
    type: str = ""


class _Annotation(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    url: str | None = None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


_kind = msgspec.json.Decoder(_Kind)
_annotation = msgspec.json.Decoder(_Annotation)
reasoning_item = msgspec.json.Decoder(ReasoningItem)
call_item = msgspec.json.Decoder(CallItem)
custom_call_item = msgspec.json.Decoder(CustomCallItem)
picture_item = msgspec.json.Decoder(PictureItem)
message_item = msgspec.json.Decoder(MessageItem)


def kind_of(item: msgspec.Raw) -> str:
    """An item's type."""
    return _kind.decode(item).type


def parts_of(item: msgspec.Raw) -> list[Part]:
    """What an item of a provider's answer is; ``NOT_JSON`` if it is misshapen."""
    kind = kind_of(item)
    if kind == "message":
        return list(said(message_item.decode(item)))
    if kind == "function_call":
        return [named(call_of(call_item.decode(item)))]
    if kind == "custom_tool_call":
        return [named(custom_call_of(custom_call_item.decode(item)))]
    if kind == "reasoning":
        return list(thoughts(reasoning_item.decode(item)))
    if kind == PICTURE and (picture := drawn(picture_item.decode(item))) is not None:
        return [picture]
    return [Opaque(kind)]


def drawn(item: PictureItem, *, at: str = "") -> Image | None:
    """The picture, if it is there."""
    if not item.result:
        return None
    return Image(Media(f"image/{item.output_format or 'png'}", item.result), at=at)


def said(item: MessageItem) -> list[Text | Refusal]:
    """The texts and refusals of a message that hold a word."""
    parts: list[Text | Refusal] = []
    for part in item.content:
        if part.type == "refusal":
            if part.refusal:
                parts.append(Refusal(part.refusal))
        elif part.text:
            parts.append(Text(part.text, citations=citations_of(part.annotations)))
    return parts


def call_of(item: CallItem, *, at: str = "", signature: str | None = None) -> ToolCall:
    """A function's call; its results go by ``call_id``, which some hosts leave empty."""
    called = item.call_id or item.id or ""
    return ToolCall(called, item.name, item.arguments, signature=signature, at=at)


def custom_call_of(item: CustomCallItem, *, at: str = "") -> ToolCall:
    """A custom tool's call."""
    called = item.call_id or item.id or ""
    return ToolCall(called, item.name, item.input, custom=True, at=at)


def thoughts(item: ReasoningItem, *, packed: bool = False, at: str = "") -> list[Reasoning]:
    """A reasoning item: its summary, then its words; what authenticates them is on the last.

    With words, ``encrypted_content`` is their signature; alone, it is a thought in cipher. In a
    client's item it may be ``packed``: another vendor's. An item with nothing in it is none.
    """
    found = [
        (BETWEEN_PARTS.join(part.text for part in parts or () if part.text), summary)
        for parts, summary in ((item.summary, True), (item.content, False))
    ]
    texts = [one for one in found if one[0]]
    cipher = item.encrypted_content
    if not texts and not cipher:
        return []
    ours = packed and (item.id or "").startswith(OURS)
    vendor, kind = (None if ours else Vendor.OPENAI), Kind.SIGNATURE
    if cipher:
        told = unpack(cipher, Vendor.OPENAI) if packed else None
        if told is not None and told.value != cipher:
            vendor, kind, cipher = told.vendor, told.kind, told.value
        else:
            vendor, kind = Vendor.OPENAI, Kind.SIGNATURE if texts else Kind.HIDDEN
    own_id = None if ours else item.id
    *before, (text, summary) = texts or [("", False)]
    return [
        *(Reasoning(text, vendor, id=own_id, summary=summary, at=at) for text, summary in before),
        Reasoning(
            text,
            vendor,
            signature=cipher if cipher and kind is not Kind.HIDDEN else None,
            hidden=cipher if cipher and kind is Kind.HIDDEN else None,
            id=own_id,
            summary=summary,
            at=at,
        ),
    ]


def citations_of(annotations: list[msgspec.Raw] | None) -> tuple[Citation, ...]:
    """The pages that a text cites; places in a vendor's own files are nobody else's."""
    found = (citation_of(annotation) for annotation in annotations or ())
    return tuple(citation for citation in found if citation is not None)


def citation_of(annotation: msgspec.Raw) -> Citation | None:
    """A page that a text cites, or None if it cites anything else."""
    try:
        told = _annotation.decode(annotation)
    except NOT_JSON:
        return None
    if told.type != "url_citation":
        return None
    return Citation(told.url, told.title, start=told.start_index, end=told.end_index)
