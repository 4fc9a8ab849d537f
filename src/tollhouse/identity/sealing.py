"""Seals secrets that the store keeps: AES-256-GCM, readable only with the key that sealed them.

A sealed text is ``v1.<key id>.<nonce>.<ciphertext>``, the last two in URL-safe base64. The version
and the key id are authenticated with the rest. The key id tells which of several keys to try while
keys are being changed; it is a digest and gives nothing of the key away.

The cipher is imported when it is first needed: it takes seven megabytes, and few stores keep keys.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_VERSION = "v1"
_PARTS = 4


class Unsealable(ValueError):
    """A sealed text that cannot be read; the message holds no part of it."""


class NotSealed(Unsealable):
    """The text is not in the form of a sealed one."""


class WrongKey(Unsealable):
    """It was sealed with another key; ``key_id`` says which."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"sealed with the key {key_id}")
        self.key_id = key_id


class Tampered(Unsealable):
    """It was changed after it was sealed."""


def key_id(key: bytes) -> str:
    """A short public name of a key."""
    return hashlib.sha256(b"tollhouse sealing key\0" + key).hexdigest()[:12]


def seal(key: bytes, text: str, nonce: bytes) -> str:
    """Seal a text; ``nonce`` is 12 random bytes, never used twice with one key."""
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes and a nonce {NONCE_BYTES}")
    head = f"{_VERSION}.{key_id(key)}"
    ciphertext = _cipher(key).encrypt(nonce, text.encode(), head.encode())
    return f"{head}.{_encode(nonce)}.{_encode(ciphertext)}"


def unseal(key: bytes, sealed: str) -> str:
    """The text that was sealed; ``Unsealable`` says why it cannot be had."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

    parts = sealed.split(".")
    if len(parts) != _PARTS or parts[0] != _VERSION:
        raise NotSealed("not a sealed text of a known version")
    if parts[1] != key_id(key):
        raise WrongKey(parts[1])
    try:
        nonce, ciphertext = _decode(parts[2]), _decode(parts[3])
        return _cipher(key).decrypt(nonce, ciphertext, f"{_VERSION}.{parts[1]}".encode()).decode()
    except (InvalidTag, ValueError):
        # ValueError: a nonce of another length, or characters that base64 has not.
        raise Tampered("changed after it was sealed") from None


def unseal_with(keys: Sequence[bytes], sealed: str) -> str:
    """The text, by whichever of several keys sealed it; ``Unsealable`` as the first key says it."""
    wrong: WrongKey | None = None
    for key in keys:
        try:
            return unseal(key, sealed)
        except WrongKey as error:
            wrong = wrong or error
    raise wrong or NotSealed("there is no key to open it with")


def _cipher(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

    return AESGCM(key)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
