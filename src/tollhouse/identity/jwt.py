"""Verifies session tokens (RFC 7519) by the keys of a configured issuer, and by nothing else.

A token is refused in three steps, the cheapest first, so that what is worthless costs no look at
the issuer's keys: what it is (``read``), what it claims (``check``), who signed it (``signed_by``).
Of its header only ``alg``, ``kid``, ``typ``, ``crit`` and ``b64`` are looked at: a key or a URL in
it (``jwk``, ``jku``, ``x5c``, ``x5u``) means nothing here. The algorithm must be one of the
issuer's, all of which are asymmetric, and fit the key. The rules are those of RFC 8725.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from ..core.issuer import Issuer
from .credentials import LONGEST
from .issuer_documents import PublicKey
from .strict_json import read_object

_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_LONGEST_KEY_ID = 500
_PARTS = 3


class NotGood(Exception):
    """A token that counts for nothing; says why, for the log, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says of itself; nothing of it is known to be true."""

    text: str
    algorithm: str
    key_id: str | None
    claims: Mapping[str, Any]

    @property
    def issuer(self) -> str:
        """Who is said to have made it."""
        name = self.claims.get("iss")
        if not isinstance(name, str):
            raise NotGood("it names no issuer")
        return name


def read(text: str) -> Token:
    """A token in its compact form; ``NotGood`` for anything else."""
    parts = text.split(".")
    if len(text) > LONGEST or len(parts) != _PARTS or not parts[2]:
        raise NotGood("it is not a signed token")
    try:
        header, claims = read_object(_decoded(parts[0])), read_object(_decoded(parts[1]))
    except ValueError:
        raise NotGood("a part of it is not a JSON object in base64url") from None
    algorithm, key_id, kind = (header.get(name) for name in ("alg", "kid", "typ"))
    if "crit" in header or "b64" in header:
        raise NotGood("it has extensions that must be understood")
    if not isinstance(algorithm, str):
        raise NotGood("it names no algorithm")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= _LONGEST_KEY_ID):
        raise NotGood("it names its key in no usable way")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in _TYPES):
        raise NotGood("it is of another type")
    return Token(text, algorithm, key_id, claims)


def check(token: Token, issuer: Issuer, now: float) -> float:
    """Whether its claims are good at ``now`` (Unix seconds); until when they are, leeway included.

    ``NotGood`` names the first that is not.
    """
    claims = token.claims
    if token.issuer != issuer.name:
        raise NotGood("it is another issuer's")
    if token.algorithm not in issuer.algorithms:
        raise NotGood("its algorithm is not one of the issuer's")
    if issuer.audience.isdisjoint(_audience(claims.get("aud"))):
        raise NotGood("it is meant for somebody else")
    party = _text_or_none(claims, "azp")
    if issuer.authorized_parties is not None and party not in issuer.authorized_parties:
        raise NotGood("it was made for another client")
    _text_or_none(claims, "sub")
    return _check_times(claims, issuer, now)


def signed_by(token: Token, keys: Sequence[PublicKey]) -> bool:
    """Whether one of these keys signed it."""
    return any(_verifies(key, token) for key in keys)


def _decoded(part: str) -> bytes:
    """The bytes of a part; ``ValueError`` for any spelling but the one that encodes them."""
    data = base64.b64decode(f"{part}{'=' * (-len(part) % 4)}", b"-_", validate=True)
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != part:
        raise ValueError("is not base64url")
    return data


def _audience(told: object) -> Sequence[str]:
    if isinstance(told, str):
        return (told,)
    if isinstance(told, list) and all(isinstance(one, str) for one in told):
        return told
    raise NotGood("it is meant for nobody in particular")


def _check_times(claims: Mapping[str, Any], issuer: Issuer, now: float) -> float:
    expires = _time(claims, "exp")
    if expires is None:
        raise NotGood("it has no end")
    if now >= expires + issuer.leeway:
        raise NotGood("it has expired")
    if expires > now + issuer.max_lifetime + issuer.leeway:
        raise NotGood("it would be good for too long")
    for name in ("nbf", "iat"):
        begins = _time(claims, name)
        if begins is not None and begins > now + issuer.leeway:
            raise NotGood("it is not good yet")
    return expires + issuer.leeway


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotGood("a time of it is not a number")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise NotGood("a time of it is out of all bounds")
    return seconds


def _text_or_none(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise NotGood(f"its {name} is not text")
    return value


def _verifies(key: PublicKey, token: Token) -> bool:
    if token.algorithm not in key.algorithms:
        return False
    try:
        jws.deserialize_compact(token.text, key.key, registry=_registry(token.algorithm))
    except (JoseError, ValueError):
        return False
    return True


def _registry(algorithm: str) -> jws.JWSRegistry:
    """What is allowed in one verification: this algorithm, and a header of any length we read."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = registry.max_signature_length = LONGEST
    return registry
