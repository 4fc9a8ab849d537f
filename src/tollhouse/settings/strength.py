"""Says why a secret that somebody chose is too weak to guard the admin plane; None if it is not.

No answer holds any part of the secret.
"""

import base64
import binascii
import re

_SHORTEST_ADMIN = 32
_SHORTEST_METRICS = 16
_LONGEST = 4096
_FEWEST_DISTINCT = 8
_KEY_BYTES = 32
_VISIBLE = re.compile(r"[!-~]+")
_NOT_LETTERS = re.compile(r"[^a-z0-9]")
# Parts of the defaults that products ship and people paste. None is likely in 32 random
# characters.
_PASTED = (
    "12345678",
    "abcdefgh",
    "changeme",
    "changethis",
    "default",
    "example",
    "insecure",
    "letmein",
    "password",
    "placeholder",
    "replaceme",
    "qwerty",
    "secretkey",
    "admintoken",
    "sk1234",
)


def header_fault(secret: str) -> str | None:
    """What keeps a secret from being sent in a header."""
    if not _VISIBLE.fullmatch(secret):
        return "must be visible ASCII characters without white space"
    return f"is longer than {_LONGEST} characters" if len(secret) > _LONGEST else None


def admin_token_fault(token: str) -> str | None:
    """What is wrong with a bootstrap admin token."""
    return _length_fault(token, _SHORTEST_ADMIN) or header_fault(token) or _guessable(token)


def metrics_token_fault(token: str) -> str | None:
    """What is wrong with a metrics token."""
    return _length_fault(token, _SHORTEST_METRICS) or header_fault(token)


def sealing_key(text: str) -> bytes:
    """The 32 bytes that a base64 text stands for, either alphabet; ``ValueError`` says why not."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"must be {_KEY_BYTES} bytes in base64, is {len(key)}")
    if len(set(key)) < _FEWEST_DISTINCT:
        raise ValueError("is too regular to be a random key")
    return key


def _length_fault(token: str, shortest: int) -> str | None:
    return f"must be at least {shortest} characters" if len(token) < shortest else None


def _guessable(token: str) -> str | None:
    letters = _NOT_LETTERS.sub("", token.lower())
    if any(part in letters for part in _PASTED):
        return "looks like a known default"
    repeats = token in (token + token)[1:-1]
    if repeats or len(set(token)) < _FEWEST_DISTINCT:
        return "is too regular to be a random token"
    return None
