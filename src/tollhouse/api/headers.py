"""The request's headers, read in one pass, and those of our answers.

Only the headers named here are looked at; none is forwarded to a provider.
"""

from collections.abc import Iterable, Mapping

from ..core.errors import CallerError, Code
from ..ports import Ids

MAX_HEADERS = 100
MAX_HEADER_BYTES = 64 * 1024
MAX_REQUEST_ID = 128

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
    """The headers we act on; 431 when there are too many or they are too large."""
    found = {}
    count = size = 0
    for name, value in pairs:
        count += 1
        size += len(name) + len(value)
        if name in _WANTED:
            found[name] = value
    if count > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise CallerError(
            Code.HEADERS_TOO_LARGE,
            f"At most {MAX_HEADERS} headers of together {MAX_HEADER_BYTES} bytes are accepted.",
        )
    return found


def request_id(headers: Headers, ids: Ids) -> str:
    """The client's id if it is 1 to 128 visible ASCII characters, else a new one."""
    given = headers.get(b"x-request-id", b"")
    if 0 < len(given) <= MAX_REQUEST_ID and all(0x21 <= byte <= 0x7E for byte in given):  # noqa: PLR2004
        return given.decode("ascii")
    return ids.uuid()


def flag(headers: Headers, name: bytes) -> bool:
    """Whether a header says ``true``."""
    return headers.get(name, b"").strip().lower() == b"true"


def encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them; values are ours, so anything but Latin-1 is a bug."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
