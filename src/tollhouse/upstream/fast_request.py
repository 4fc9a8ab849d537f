"""How the fast transport writes the head of a request, and where it sends it.

What is written comes from the compiled catalogue, and still nothing of it may end a line or speak
of the framing: a request that another reader could read otherwise is not written at all.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from .. import __version__

_OWN = (("accept-encoding", "identity"), ("user-agent", f"tollhouse/{__version__}"))
_TARGET_CHARACTERS = "!$%&'()*+,/:;=?@[\\]^_|~"
"""What stands for itself in a target besides letters and digits: ``%`` too, as in ``a%2Fb``."""
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HOST = re.compile(r"[!-~]+")
_FRAMING = frozenset({"content-length", "host", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port."""

    host: str
    port: int
    secure: bool


def prepared(method: str, url: str, headers: tuple[tuple[str, str], ...]) -> tuple[Origin, bytes]:
    """Where a request goes and its head but for the length.

    ``ValueError`` for what cannot be a request.
    """
    parts = urlsplit(url)
    origin = _origin(parts)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    if origin.port != _PORTS[parts.scheme]:
        host = f"{host}:{origin.port}"
    target = quote(parts.path or "/", safe=_TARGET_CHARACTERS)
    if parts.query:
        target += f"?{quote(parts.query, safe=_TARGET_CHARACTERS)}"
    given = {name.lower() for name, _ in headers}
    if given & _FRAMING or not _NAME.fullmatch(method):
        raise ValueError("the framing is not the caller's")
    own = [header for header in _OWN if header[0] not in given]
    lines = [f"{method} {target} HTTP/1.1", f"host: {host}"]
    for name, value in (*headers, *own):
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError("not a header")
        lines.append(f"{name}: {value}")
    return origin, "\r\n".join([*lines, ""]).encode("latin-1")


def _origin(parts: SplitResult) -> Origin:
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode()
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise ValueError("not an HTTP URL")
    return Origin(host, parts.port or _PORTS[parts.scheme], parts.scheme == "https")
