"""Signatures of one vendor in the fields of another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.core.dialect import Vendor
from tollhouse.wire.neutral.signatures import Kind, Packed, carry, pack, unpack

VENDORS = st.sampled_from(list(Vendor))
VALUES = st.text(min_size=1)


@pytest.mark.parametrize(
    ("vendor", "kind", "call_id", "written"),
    [
        (Vendor.GOOGLE, Kind.SIGNATURE, None, "tollhouse:google:signature:a:b=="),
        (Vendor.OPENAI, Kind.HIDDEN, None, "tollhouse:openai:hidden:a:b=="),
        (Vendor.GOOGLE, Kind.CALL, "call:1/2", "tollhouse:google:call:call%3A1%2F2:a:b=="),
    ],
)
def test_a_packed_value_has_one_spelling(
    vendor: Vendor, kind: Kind, call_id: str | None, written: str
) -> None:
    """Clients keep these over upgrades of the gateway, so the spelling is fixed."""
    assert pack(vendor, kind, "a:b==", call_id=call_id) == written
    assert unpack(written, Vendor.ANTHROPIC) == Packed(vendor, kind, "a:b==", call_id)


@given(VENDORS, st.sampled_from([Kind.SIGNATURE, Kind.HIDDEN]), VALUES, VENDORS)
def test_what_is_carried_comes_back_whole(
    vendor: Vendor, kind: Kind, value: str, native: Vendor
) -> None:
    """Whatever the value and whosever the field, it comes back with its vendor."""
    assert unpack(carry(vendor, kind, value, native=native), native, kind) == Packed(
        vendor, kind, value
    )


@given(VENDORS, VALUES, VALUES)
def test_a_calls_signature_comes_back_with_the_calls_id(
    vendor: Vendor, call_id: str, value: str
) -> None:
    """Ids may hold any character, colons too."""
    packed = pack(vendor, Kind.CALL, value, call_id=call_id)
    assert unpack(packed, Vendor.ANTHROPIC) == Packed(vendor, Kind.CALL, value, call_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EqQBCkYIBRgCKkA",
        "tollhouse",
        "tollhouse:",
        "tollhouse:google",
        "tollhouse:google:",
        "tollhouse:google:signature",
        "tollhouse:google:signature:",
        "tollhouse:nobody:signature:abc",
        "tollhouse:google:nothing:abc",
        "tollhouse:google:call:abc",
        "tollhouse:google:call::abc",
        "tollhouse:google:call:abc:",
        "Tollhouse:google:signature:abc",
    ],
)
def test_what_is_not_packed_is_the_dialects_own(text: str) -> None:
    """Foreign and malformed values are left as they are, with the default vendor and kind."""
    assert unpack(text, Vendor.OPENAI, Kind.HIDDEN) == Packed(Vendor.OPENAI, Kind.HIDDEN, text)


def test_the_own_vendors_values_stay_as_they_are() -> None:
    """The usual case: nothing is packed between a vendor and its own dialect."""
    assert carry(Vendor.ANTHROPIC, Kind.SIGNATURE, "EqQB", native=Vendor.ANTHROPIC) == "EqQB"
    assert carry(None, Kind.SIGNATURE, "EqQB", native=Vendor.ANTHROPIC) == "EqQB"


def test_a_value_that_looks_packed_is_packed_again() -> None:
    """A gateway behind a gateway: what the inner one packed reaches the inner one unchanged."""
    inner = pack(Vendor.GOOGLE, Kind.SIGNATURE, "abc")
    outer = carry(Vendor.ANTHROPIC, Kind.SIGNATURE, inner, native=Vendor.ANTHROPIC)
    assert unpack(outer, Vendor.ANTHROPIC) == Packed(Vendor.ANTHROPIC, Kind.SIGNATURE, inner)
