"""The request's headers, read in one pass, and those of our answers.

Only the headers named here are looked at. None is forwarded to a provider but the two that belong
to Anthropic's protocol, and these only in the form that they have there.
"""

import re
from collections.abc import Iterable, Mapping

from ..core.errors import invalid
from ..core.request_head import check_size, sound_id
from ..ports import Ids

_WANTED = frozenset(
    {
        b"authorization",
        b"x-api-key",
        b"api-key",
        b"x-prismeai-api-key",
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"if-none-match",
        b"x-request-id",
        b"anthropic-beta",
        b"anthropic-version",
        b"x-tollhouse-dry-run",
        b"x-tollhouse-failover",
    }
)
Headers = Mapping[bytes, bytes]
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BETA = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}", re.ASCII)
_MOST_BETAS = 32


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers we act on; 431 when there are too many or they are too large.

    One that comes twice is the two with a comma between (RFC 9110, 5.2): no reader of it can take
    the first for the whole, and two credentials are none.
    """
    found: dict[bytes, bytes] = {}
    count = size = 0
    for name, value in pairs:
        count += 1
        size += len(name) + len(value)
        if name in _WANTED:
            found[name] = found[name] + b", " + value if name in found else value
    check_size(count, size)
    return found


def request_id(headers: Headers, ids: Ids) -> str:
    """The client's id if it is a sound one, else a new one."""
    return sound_id(headers.get(b"x-request-id", b"")) or ids.uuid()


def flag(headers: Headers, name: bytes) -> bool:
    """Whether a header says ``true``."""
    return headers.get(name, b"").strip().lower() == b"true"


def anthropic_version(headers: Headers) -> str | None:
    """The version of the protocol that a client names; a 400 if it is none."""
    given = headers.get(b"anthropic-version", b"").strip().decode("latin-1")
    if given and not _VERSION.fullmatch(given):
        raise invalid("anthropic-version is not a version, as in 2023-06-01.", "anthropic-version")
    return given or None


def anthropic_betas(headers: Headers) -> tuple[str, ...]:
    """The betas that a client asks for, each once; a 400 if one is no name."""
    given = headers.get(b"anthropic-beta", b"").decode("latin-1").split(",")
    names = tuple(dict.fromkeys(name.strip() for name in given if name.strip()))
    if len(names) > _MOST_BETAS or not all(map(_BETA.fullmatch, names)):
        raise invalid("anthropic-beta holds what is no name of a beta.", "anthropic-beta")
    return names


def encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them; values are ours, so anything but Latin-1 is a bug."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
