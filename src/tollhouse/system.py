"""The real clock and the real randomness: the only place that asks the machine for either."""

import os
import random
import secrets
import time
import uuid


class SystemClock:
    """Implements ``ports.Clock``."""

    now = staticmethod(time.time)  # noqa: TID251 - this is the clock that others are passed
    monotonic = staticmethod(time.monotonic)


class SystemIds:
    """Implements ``ports.Ids``."""

    def uuid(self) -> str:
        """A version 7 UUID (RFC 9562, 5.7): milliseconds in front, so ids sort by their time."""
        milliseconds = time.time_ns() // 1_000_000
        number = (milliseconds << 80) | int.from_bytes(os.urandom(10))
        number = (number & ~(0xF << 76)) | (0x7 << 76)
        number = (number & ~(0x3 << 62)) | (0x2 << 62)
        return str(uuid.UUID(int=number))

    def secret(self, nbytes: int) -> str:
        """Randomness in URL-safe base64."""
        return secrets.token_urlsafe(nbytes)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter, not a secret
