"""Reads what an issuer publishes: its keys (RFC 7517) and where they are (OpenID discovery).

Of a key only the public part is ever held, and only keys that can verify a signature are: a secret
shared with the issuer, a key for encryption and a weak one are passed over, as are key types that
are not known here, which an issuer may well publish beside the usual ones.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from .strict_json import read_object

MOST_KEYS = 100
FEWEST_RSA_BITS = 2048
MOST_RSA_BITS = 8192
_LONGEST_URL = 2000
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
}


class Unusable(Exception):
    """A document of an issuer is not what it should be; says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that can tell whether the issuer signed."""

    id: str | None
    algorithms: frozenset[str]
    """Those that it may verify: by its type and curve, and by its own ``alg`` where it has one."""
    key: RSAKey | ECKey


def read_keys(document: bytes) -> tuple[PublicKey, ...]:
    """The keys of a JWK set; ``Unusable`` when it is none, or has no key that could verify."""
    try:
        listed = read_object(document).get("keys")
    except ValueError as error:
        raise Unusable(f"the key set {error}") from None
    if not isinstance(listed, list):
        raise Unusable("the key set has no list of keys")
    if len(listed) > MOST_KEYS:
        raise Unusable(f"the key set has more than {MOST_KEYS} keys")
    keys = tuple(_usable(listed))
    if not keys:
        raise Unusable("the key set has no key that could verify a signature")
    return keys


def matching(
    keys: Sequence[PublicKey], key_id: str | None, algorithm: str
) -> tuple[PublicKey, ...]:
    """The keys that a token with this ``kid`` and ``alg`` may have been signed by.

    A token that names no key is signed by the only one there is for its algorithm, or by none.
    """
    fit = tuple(key for key in keys if algorithm in key.algorithms)
    if key_id is None:
        return fit if len(fit) == 1 else ()
    return tuple(key for key in fit if key.id == key_id)


def discovery_url(issuer: str) -> str:
    """Where an issuer's discovery document is (OpenID Connect Discovery, section 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def read_jwks_url(document: bytes, issuer: str) -> str:
    """The URL of the keys, from a discovery document; ``Unusable`` when it is another issuer's.

    It must be https; one without TLS is asked only where the issuer itself is without it, and only
    on the issuer's own host.
    """
    try:
        told = read_object(document)
    except ValueError as error:
        raise Unusable(f"the discovery document {error}") from None
    if told.get("issuer") != issuer:
        raise Unusable("the discovery document is another issuer's")
    url = told.get("jwks_uri")
    if not isinstance(url, str) or not _may_be_asked(url, issuer):
        raise Unusable("the discovery document names no URL of keys that could be used")
    return url


def _may_be_asked(url: str, issuer: str) -> bool:
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        asked, own = urlsplit(url), urlsplit(issuer)
        _ = asked.port
    except ValueError:
        return False
    if not asked.hostname or "@" in asked.netloc:
        return False
    beside = (asked.scheme, asked.hostname) == (own.scheme, own.hostname)
    return asked.scheme == "https" or (asked.scheme == "http" and beside)


def _usable(listed: Sequence[object]) -> Iterator[PublicKey]:
    for entry in listed:
        if not isinstance(entry, dict) or not _is_for_signatures(entry):
            continue
        try:
            key = _imported(entry)
        except (JoseError, ValueError, LookupError):
            continue
        algorithms = _algorithms(key, entry.get("alg"))
        if algorithms:
            yield PublicKey(entry.get("kid"), algorithms, key)


def _is_for_signatures(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops")
    return (
        entry.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and isinstance(entry.get("kid"), str | None)
        and isinstance(entry.get("alg"), str | None)
    )


def _imported(entry: Mapping[str, Any]) -> RSAKey | ECKey:
    """The public part of a key; ``ValueError``, among others, for one that is not used here."""
    kind = entry["kty"]
    if kind == "RSA":
        modulus, exponent = _text(entry["n"]), _text(entry["e"])
        if not FEWEST_RSA_BITS <= _bits(modulus) <= MOST_RSA_BITS:
            raise ValueError("is too weak, or takes too long")
        return RSAKey.import_key({"kty": kind, "n": modulus, "e": exponent})
    if kind == "EC":
        curve, x, y = (_text(entry[name]) for name in ("crv", "x", "y"))
        return ECKey.import_key({"kty": kind, "crv": curve, "x": x, "y": y})
    raise ValueError("is of a type that is not used here")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - one kind of error for all of it
    return value


def _bits(number: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(f"{number}==")).bit_length()


def _algorithms(key: RSAKey | ECKey, only: str | None) -> frozenset[str]:
    able = _RSA if isinstance(key, RSAKey) else _CURVES.get(key.curve_name, frozenset())
    return able if only is None else able & {only}
