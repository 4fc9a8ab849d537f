"""The head of a request: its bounds, and which ids of clients are taken over."""

import pytest

from tollhouse.core.errors import CallerError, Code
from tollhouse.core.request_head import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_REQUEST_ID,
    check_size,
    sound_id,
    visible,
)


@pytest.mark.parametrize("given", ["a", "!", "~", "a/b:c@d", "~" * MAX_REQUEST_ID])
def test_visible_ascii_is_a_sound_id(given: str) -> None:
    """One to 128 characters of it."""
    assert sound_id(given.encode()) == given


@pytest.mark.parametrize(
    "given", [b"", b" ", b"a b", b"a\tb", b"a\x7f", b"a\0", b"\xc3\xa9", b"~" * 129, b"a, b"]
)
def test_anything_else_is_no_id(given: bytes) -> None:
    """Nothing is trimmed, cut or decoded to make one of it."""
    assert sound_id(given) is None


def test_the_visible_characters_are_those_of_ascii_but_the_space() -> None:
    """From the exclamation mark to the tilde, and no other byte."""
    seen = [byte for byte in range(256) if visible(bytes([byte]), 1) is not None]
    assert seen == list(range(ord("!"), ord("~") + 1))


def test_a_head_at_its_bounds_is_accepted() -> None:
    """100 headers of 64 KiB together."""
    check_size(MAX_HEADERS, MAX_HEADER_BYTES)


@pytest.mark.parametrize(
    ("count", "size"), [(MAX_HEADERS + 1, 0), (1, MAX_HEADER_BYTES + 1), (10**6, 10**9)]
)
def test_a_head_beyond_its_bounds_is_a_431(count: int, size: int) -> None:
    """By count or by size."""
    with pytest.raises(CallerError) as caught:
        check_size(count, size)
    assert caught.value.code is Code.HEADERS_TOO_LARGE
    assert caught.value.status == 431
