"""AWS Signature Version 4: the header that proves who sends a request.

Reference: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
Signed are the method, the path, the query, the body, ``host``, ``content-type`` and what begins
with ``x-amz-``: nothing that the transport adds or rewrites. botocore signs the same requests with
the same result at several times the cost; the tests compare.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}
_SIGNED = "content-type"
_SIGNED_PREFIX = "x-amz-"


class Keys(msgspec.Struct, frozen=True, gc=False):
    """Credentials as they are at one moment; they do not show themselves."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return "Keys('***')"


class Signer:
    """Signs for one region and service. The key of a day is worked out once."""

    def __init__(self, region: str, service: str) -> None:
        self._region = region
        self._service = service
        self._made_for: tuple[str, str] | None = None
        self._key = b""

    def sign(
        self,
        keys: Keys,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        now: float,
    ) -> dict[str, str]:
        """The headers to add to ``headers``; ``now`` in Unix seconds."""
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        host, path, query = _place(url)
        added = {"x-amz-date": stamp}
        if keys.token is not None:
            added["x-amz-security-token"] = keys.token
        covered = {"host": host, **added}
        for name, value in headers.items():
            lower = name.lower()
            if lower == _SIGNED or (lower.startswith(_SIGNED_PREFIX) and lower not in added):
                covered[lower] = " ".join(value.split())
        names = sorted(covered)
        signed = ";".join(names)
        request = "\n".join(
            (
                method.upper(),
                path,
                query,
                *(f"{name}:{covered[name]}" for name in names),
                "",
                signed,
                hashlib.sha256(body).hexdigest(),
            )
        )
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        told = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
        signature = hmac.digest(self._key_of(keys, stamp[:8]), told.encode(), "sha256").hex()
        added["authorization"] = (
            f"{_ALGORITHM} Credential={keys.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        return added

    def _key_of(self, keys: Keys, day: str) -> bytes:
        wanted = (keys.secret_key, day)
        if self._made_for != wanted:
            key = f"AWS4{keys.secret_key}".encode()
            for step in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, step.encode(), "sha256")
            self._key, self._made_for = key, wanted
        return self._key


@lru_cache(maxsize=1024)
def _place(url: str) -> tuple[str, str, str]:
    """Host as the transport writes it, path and query as they are signed; of few URLs, often."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    if parts.port is not None and parts.port != _PORTS.get(parts.scheme):
        name = f"{name}:{parts.port}"
    path = quote(parts.path or "/", safe="/~")  # a second time, as all services but S3 want it
    return name, path, "&".join(sorted(parts.query.split("&")))
