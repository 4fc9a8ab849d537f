"""Makes session tokens from their parts, sound ones and every kind that is not.

Nothing here is shared with the gateway, nor with the library that it verifies tokens by: what is
signed, with which key and under which header, is up to the test.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

Signer = Callable[[bytes], bytes]
"""The signature over what is given."""
Part = Mapping[str, Any] | bytes
"""What a part of a token holds: an object, or the bytes themselves."""
_CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_HASHES: dict[int, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    256: hashes.SHA256(),
    384: hashes.SHA384(),
    512: hashes.SHA512(),
}


@cache
def rsa_key(name: str = "", bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of this process; the same one for the same name and size."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str = "", curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """A key of this process; the same one for the same name and curve."""
    del name
    return ec.generate_private_key(_CURVES[curve])


def rsa_signed(key: rsa.RSAPrivateKey, size: int = 256, *, pss: bool = False) -> Signer:
    """RS256 and its siblings, or PS256 and its."""
    chosen = _HASHES[size]

    def sign(data: bytes) -> bytes:
        if pss:
            return key.sign(data, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen)
        return key.sign(data, padding.PKCS1v15(), chosen)

    return sign


def ec_signed(key: ec.EllipticCurvePrivateKey) -> Signer:
    """ES256, ES384 or ES512, as the curve of the key is."""
    length = (key.curve.key_size + 7) // 8
    chosen = _HASHES[{32: 256, 48: 384, 66: 512}[length]]

    def sign(data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(chosen)))
        return r.to_bytes(length) + s.to_bytes(length)

    return sign


def shared_secret(secret: bytes) -> Signer:
    """HS256."""
    return lambda data: hmac.digest(secret, data, hashlib.sha256)


def unsigned(_data: bytes) -> bytes:
    """No signature at all."""
    return b""


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(part: Part) -> str:
    """A part as it stands in a token."""
    return base64url(part if isinstance(part, bytes) else json.dumps(part).encode())


def compact(header: Part, claims: Part, sign: Signer) -> str:
    """A token in its compact form."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{base64url(sign(signed.encode()))}"


def public_jwk(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str | None = None, **more: Any
) -> dict[str, Any]:
    """The public part of a key as an issuer publishes it; ``more`` replaces or adds."""
    made: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        made = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    else:
        point = key.public_key().public_numbers()
        length = (key.curve.key_size + 7) // 8
        curve = next(name for name, one in _CURVES.items() if one.name == key.curve.name)
        made = {"kty": "EC", "crv": curve}
        made |= {"x": base64url(point.x.to_bytes(length)), "y": base64url(point.y.to_bytes(length))}
    return {**made, **({} if kid is None else {"kid": kid}), **more}


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8))
