"""The real clock and the real randomness: the only place that asks the machine for either."""

import random
import secrets
import time

_VARIANT = 0b10 << 62


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
        high = random.getrandbits(12)
        low = random.getrandbits(62) | _VARIANT
        return (
            f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{high:03x}"
            f"-{low >> 48:04x}-{low & 0xFFFFFFFFFFFF:012x}"
        )

    def secret(self, nbytes: int) -> str:
        """Randomness in URL-safe base64."""
        return secrets.token_urlsafe(nbytes)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter, not a secret
