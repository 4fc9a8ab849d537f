"""Objects that everybody reads in the same way, and nothing else."""

import pytest

from tollhouse.identity.strict_json import read_object


def test_an_object_is_read() -> None:
    """Names, nested ones and letters of any alphabet included."""
    text = '{"a": {"b": [1, 2.5, null, true]}, "ä": "😀"}'.encode()
    assert read_object(text) == {"a": {"b": [1, 2.5, None, True]}, "ä": "😀"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b'"a"',
        b"{",
        b"{} {}",
        b"{}\0",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'[{"a": 1, "a": 2}]',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"{'a': 1}",
        b'{"a": 1,}',
    ],
    ids=lambda text: repr(text[:20]),
)
def test_anything_else_is_refused_without_a_quote(text: bytes) -> None:
    """The error says nothing of the text, which may be half a token."""
    with pytest.raises(ValueError, match=r"^is not a JSON object$"):
        read_object(text)
