"""Entity tags of documents, and what ``If-Match`` asks of them (RFC 9110, 8.8.3 and 13.1.1).

A document's tag is its version. The comparison is the strong one: a tag that a proxy has weakened
(``W/"7"``) matches nothing.
"""

import re

from ..core.errors import CallerError, Code, FieldFault

_TAGS = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*(?:,|$)')
_ANY = "*"


def etag(version: int) -> str:
    """The entity tag of a document's version."""
    return f'"{version}"'


def check_match(if_match: str | None, version: int) -> None:
    """Raise a 412 unless a document at this version is one that the header accepts."""
    if if_match is None or if_match.strip() == _ANY:
        return
    if etag(version) not in _read(if_match):
        raise CallerError(
            Code.VERSION_CONFLICT,
            "It has changed since it was read: read it again and repeat the change."
            f" Its ETag is now {etag(version)}.",
            headers={"etag": etag(version)},
        )


def _read(value: str) -> set[str]:
    """The tags that the header accepts; 400 when it is malformed."""
    tags: set[str] = set()
    place = 0
    while place < len(value):
        found = _TAGS.match(value, place)
        if found is None:
            raise _malformed()
        if not found[1]:
            tags.add(f'"{found[2]}"')
        place = found.end()
    return tags


def _malformed() -> CallerError:
    message = 'must be * or entity tags in double quotes, as "7"'
    return CallerError(
        Code.INVALID_REQUEST_ERROR,
        f"If-Match {message}.",
        fields=[FieldFault("If-Match", message)],
    )
