"""What only our answers hold, taken out of a conversation that goes to OpenAI itself.

A client that was answered by another vendor's model sends back the reasoning items and pictures
that we wrote for it: with ids that OpenAI never gave, and ciphers that it cannot read. OpenAI would
refuse them.
Whatever else stands in the conversation stays byte for byte.
"""

import msgspec

from ...core.dialect import Vendor
from ..json_object import NOT_JSON, raw
from ..neutral.signatures import Kind, unpack
from .items import OUR_PICTURES, OURS, PICTURE

_MARK = b"tollhouse"
_LOOKED_UP = frozenset({"reasoning", PICTURE, "item_reference"})
"""Items that OpenAI looks up, or reads, by what only it can have made."""


class _Item(msgspec.Struct, frozen=True, gc=False):
    type: str | None = None
    id: str | None = None
    encrypted_content: str | None = None


_items = msgspec.json.Decoder(list[msgspec.Raw])
_item = msgspec.json.Decoder(_Item)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def without_foreign(given: msgspec.Raw) -> msgspec.Raw:
    """The value of ``input`` less what is another vendor's."""
    try:
        items = _items.decode(given)
    except NOT_JSON:
        return given  # a text, or of no shape that the provider will take
    kept = [_own(item) if _MARK in bytes(item) else item for item in items]
    if all(new is old for new, old in zip(kept, items, strict=True)):
        return given
    return raw([item for item in kept if item is not None])


def _own(item: msgspec.Raw) -> msgspec.Raw | None:
    """The item; None if it is not OpenAI's."""
    try:
        told = _item.decode(item)
    except NOT_JSON:
        return item
    # A reference has no need to say what it is.
    if told.type not in _LOOKED_UP and not (told.type is None and told.id):
        return item
    if (told.id or "").startswith((OURS, OUR_PICTURES)):
        return None
    cipher = told.encrypted_content
    if cipher is None:
        return item
    packed = unpack(cipher, Vendor.OPENAI, Kind.HIDDEN)
    if packed.vendor is not Vendor.OPENAI or packed.kind is Kind.CALL:
        return None
    if packed.value == cipher:
        return item
    return raw(_fields.decode(item) | {"encrypted_content": raw(packed.value)})
