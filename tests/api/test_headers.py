"""Request headers in one pass, within bounds; ours as ASGI has them."""

import pytest

from tollhouse.api.headers import encode, flag, read_headers, request_id
from tollhouse.core.errors import CallerError, Code
from tollhouse.system import SystemIds

IDS = SystemIds()


def test_only_headers_that_are_acted_on_are_kept() -> None:
    """A cookie, a forwarding header and a stranger are not even looked at."""
    pairs = [(b"cookie", b"a=b"), (b"x-forwarded-for", b"1.2.3.4"), (b"authorization", b"Bearer k")]
    assert read_headers(pairs) == {b"authorization": b"Bearer k"}


def test_header_that_comes_twice_is_both() -> None:
    """Neither the first nor the last of two credentials can be taken for the only one."""
    pairs = [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]
    assert read_headers(pairs) == {b"authorization": b"Bearer a, Bearer b"}


@pytest.mark.parametrize(("count", "allowed"), [(100, True), (101, False)])
def test_hundred_headers_are_taken_and_no_more(count: int, allowed: bool) -> None:  # noqa: FBT001
    """The hundred-and-first is a 431."""
    pairs = [(b"x-%d" % number, b"") for number in range(count)]
    if allowed:
        assert read_headers(pairs) == {}
        return
    with pytest.raises(CallerError) as refused:
        read_headers(pairs)
    assert refused.value.code is Code.HEADERS_TOO_LARGE
    assert refused.value.status == 431


@pytest.mark.parametrize(("size", "allowed"), [(65536, True), (65537, False)])
def test_headers_of_64_kib_are_taken_and_no_more(size: int, allowed: bool) -> None:  # noqa: FBT001
    """Names and values count together."""
    pairs = [(b"x-a", b"v" * (size - 3))]
    if allowed:
        assert read_headers(pairs) == {}
        return
    with pytest.raises(CallerError):
        read_headers(pairs)


@pytest.mark.parametrize("given", [b"a", b"x" * 128, b"!~", b"trace-1/2:3"])
def test_clients_id_is_kept(given: bytes) -> None:
    """One to 128 visible ASCII characters name the request."""
    assert request_id({b"x-request-id": given}, IDS) == given.decode()


@pytest.mark.parametrize(
    "given",
    [b"", b"x" * 129, b"with space", b"tab\t", b"new\nline", b"\x7f", "é".encode(), b"\xff"],
)
def test_unusable_id_is_replaced(given: bytes) -> None:
    """Anything else gets a new id, a different one each time."""
    made = {request_id({b"x-request-id": given}, IDS) for _ in range(3)}
    assert len(made) == 3
    assert all(len(one) == 36 for one in made)


@pytest.mark.parametrize(
    ("value", "on"),
    [(b"true", True), (b" TRUE ", True), (b"1", False), (b"yes", False), (b"", False)],
)
def test_flag_is_the_word_true(value: bytes, on: bool) -> None:  # noqa: FBT001
    """Nothing else turns it on, and its absence does not."""
    assert flag({b"x-tollhouse-dry-run": value}, b"x-tollhouse-dry-run") is on
    assert not flag({}, b"x-tollhouse-dry-run")


def test_our_headers_are_latin_1() -> None:
    """A value that HTTP cannot carry is a bug, not a guess."""
    assert encode({"x-a": "é"}) == [(b"x-a", b"\xe9")]
    with pytest.raises(UnicodeEncodeError):
        encode({"x-a": "€"})
