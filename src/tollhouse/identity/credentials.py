"""Reads, mints and compares credentials; only their digests are ever kept (contract section 4).

Missing, malformed and contradictory credentials are all None here, so that nobody downstream can
answer them differently.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.caller import CredentialKind
from ..core.request_head import visible
from ..core.tenants import Credential

LONGEST = 16_384
"""Characters; a session token with a few hundred groups in it stays below."""

_KEY_HEADERS = frozenset({b"x-api-key", b"api-key", b"x-prismeai-api-key"})
"""Headers that hold a credential and nothing else, besides ``authorization``."""
_ORG_KEY = re.compile(r"iak_([A-Za-z0-9-]{1,64})_[A-Za-z0-9_-]{16,512}")
_USER_TOKEN = re.compile(r"at:([A-Za-z0-9_-]{1,64}):[A-Za-z0-9_-]{16,512}")
_SESSION = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential in one of our forms, without its secret."""

    kind: CredentialKind
    id: str
    """The public id; empty for a session, whose id is among its claims."""
    digest: str


def from_headers(headers: Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]]) -> str | None:
    """The one credential that a request's headers hold, names being in lower case.

    None when there is none, when it could not be one, and when two headers hold different ones.
    """
    if isinstance(headers, dict) and _KEY_HEADERS.isdisjoint(headers):
        found = _bearer(headers.get(b"authorization", b""))
    else:
        found = _only_one(headers.items() if isinstance(headers, Mapping) else headers)
    return visible(found, LONGEST)


def _only_one(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The credential that stands in one header or in several; nothing where they differ."""
    found = b""
    for name, value in headers:
        if name in _KEY_HEADERS:
            credential = value.strip(b" \t")
        elif name == b"authorization":
            credential = _bearer(value)
        else:
            continue
        if credential and credential != found:
            if found:
                return b""
            found = credential
    return found


def _bearer(authorization: bytes) -> bytes:
    """What follows the scheme; nothing after another scheme."""
    scheme, _, credential = authorization.strip(b" \t").partition(b" ")
    return credential.lstrip(b" ") if scheme.lower() == b"bearer" else b""


def parse(credential: str) -> Presented | None:
    """What a credential claims to be; None when it has none of our forms."""
    if match := _ORG_KEY.fullmatch(credential):
        return Presented(CredentialKind.ORG_KEY, match[1], digest(credential))
    if match := _USER_TOKEN.fullmatch(credential):
        return Presented(CredentialKind.USER_TOKEN, match[1], digest(credential))
    if len(credential) <= LONGEST and _SESSION.fullmatch(credential):
        return Presented(CredentialKind.SESSION, "", digest(credential))
    return None


def digest(credential: str) -> str:
    """SHA-256 of the whole credential in hexadecimal: what is kept, and no credential itself.

    Secrets are long and random, so a slow hash would only slow every request down.
    """
    return hashlib.sha256(credential.encode()).hexdigest()


def matches(presented_digest: str, stored: Credential, now: float) -> bool:
    """Whether a digest is good for a stored credential at ``now`` (Unix seconds).

    Everything is worked out before anything is decided, so that the time taken tells nothing.
    """
    current = hmac.compare_digest(presented_digest, stored.digest)
    previous = hmac.compare_digest(presented_digest, stored.previous_digest or stored.digest)
    overlapping = stored.previous_until is not None and now < stored.previous_until
    # Whatever its time says: another machine's clock may be ahead of ours.
    revoked = stored.revoked_at is not None
    expired = stored.expires_at is not None and now >= stored.expires_at
    return (current or (previous and overlapping)) and stored.enabled and not (revoked or expired)


def is_secret(presented: str, expected: str) -> bool:
    """Whether two secrets are the same, in a time that tells neither their length nor a prefix."""
    return hmac.compare_digest(digest(presented), digest(expected))


def mint_org_key(public_id: str, secret: str) -> str:
    """The text of an org's key; ``ValueError`` if its parts would not be read back."""
    return _minted(f"iak_{public_id}_{secret}", public_id)


def mint_user_token(public_id: str, secret: str) -> str:
    """The text of a user's token; ``ValueError`` if its parts would not be read back."""
    return _minted(f"at:{public_id}:{secret}", public_id)


def _minted(credential: str, public_id: str) -> str:
    presented = parse(credential)
    if presented is None or presented.id != public_id:
        raise ValueError("the id or the secret is too short, too long or of other characters")
    return credential
