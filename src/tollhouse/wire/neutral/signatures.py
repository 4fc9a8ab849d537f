"""Vendors' signatures in the fields of other vendors' dialects, and out of them again.

A client gives back what it was sent, byte for byte. So a signature that its dialect has no field
for travels in the field for that dialect's own vendor, marked with the vendor that made it:
``tollhouse:<vendor>:<kind>:<value>``, and ``tollhouse:<vendor>:call:<call id>:<value>`` for the
signature of a tool call (its id percent-encoded). What does not have this form is the dialect's
own.
"""

from enum import StrEnum
from urllib.parse import quote, unquote

import msgspec

from ...core.dialect import Vendor

_MARK = "tollhouse:"


class Kind(StrEnum):
    """What a packed value is."""

    SIGNATURE = "signature"
    """Of a thought whose words, if any, stand beside it."""
    HIDDEN = "hidden"
    """A thought in cipher."""
    CALL = "call"
    """The signature of a tool call."""


class Packed(msgspec.Struct, frozen=True, gc=False):
    """A value and whose it is; ``call_id`` is there for a tool call's signature only."""

    vendor: Vendor
    kind: Kind
    value: str
    call_id: str | None = None


def pack(vendor: Vendor, kind: Kind, value: str, *, call_id: str | None = None) -> str:
    """A value as it travels in another vendor's field."""
    if kind is Kind.CALL:
        value = f"{quote(call_id or '', safe='')}:{value}"
    return f"{_MARK}{vendor}:{kind}:{value}"


def carry(vendor: Vendor | None, kind: Kind, value: str, *, native: Vendor) -> str:
    """A value as it travels in the field of ``native``: its own stay as they are.

    Its own that look packed (another gateway of ours made them) are packed once more, so that they
    come back whole.
    """
    if vendor in {None, native} and not value.startswith(_MARK):
        return value
    return pack(vendor or native, kind, value)


def unpack(text: str, default: Vendor, kind: Kind = Kind.SIGNATURE) -> Packed:
    """What was packed; anything else is a value of ``default`` and of ``kind``, as it stands."""
    if text.startswith(_MARK):
        _, vendor, packed_as, value = ([*text.split(":", 3), "", "", ""])[:4]
        try:
            found, found_kind = Vendor(vendor), Kind(packed_as)
        except ValueError:
            return Packed(default, kind, text)
        if found_kind is not Kind.CALL:
            if value:
                return Packed(found, found_kind, value)
        else:
            call_id, _, value = value.partition(":")
            if call_id and value:
                return Packed(found, found_kind, value, unquote(call_id))
    return Packed(default, kind, text)
