"""The request's headers, read in one pass, and those of our answers.

Only the headers named here are looked at; none is forwarded to a provider.
"""

from collections.abc import Iterable, Mapping

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
        b"x-tollhouse-dry-run",
        b"x-tollhouse-failover",
    }
)
Headers = Mapping[bytes, bytes]


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


def encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them; values are ours, so anything but Latin-1 is a bug."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
