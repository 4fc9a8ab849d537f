"""The real clock and the real randomness: the only place that asks the machine for either."""

import random
import secrets
import time

_MARKS = 0x7 << 76 | 0b10 << 62
"""The version and the variant of a UUID, in their places …"""
_CHANCE = (1 << 76) - 1 & ~(0b11 << 62)
"""… and the bits below the time that are left to chance."""


class SystemClock:
    """Implements ``ports.Clock``."""

    now = staticmethod(time.time)  # noqa: TID251 - this is the clock that others are passed
    monotonic = staticmethod(time.monotonic)


class SystemIds:
    """Implements ``ports.Ids``."""

    def uuid(self) -> str:
        """A version 7 UUID (RFC 9562, 5.7): milliseconds in front, so ids sort by their time.

        It names things and guards nothing, so its randomness need not be a secret's.
        """
        milliseconds = time.time_ns() // 1_000_000
        number = milliseconds << 80 | _MARKS | random.getrandbits(76) & _CHANCE
        written = number.to_bytes(16, "big").hex()
        return "-".join((written[:8], written[8:12], written[12:16], written[16:20], written[20:]))

    def secret(self, nbytes: int) -> str:
        """Randomness in URL-safe base64."""
        return secrets.token_urlsafe(nbytes)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter, not a secret
