"""The bounds that hold for every request's attempts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailoverPolicy:
    """How far a request may go to be answered (contract sections 3 and 7)."""

    max_attempts: int = 4
    retries: int = 1
    """Tries more on the last target, when no hop is left."""
    retry_after_cap: float = 10.0
    """Seconds; a provider that asks for a longer wait is not waited for."""
    commit_after: float = 5.0
    """Seconds after the first byte at which a stream is sent on even without content."""
