"""Where audit events are sent, and how far each of them has come."""

import base64
import binascii
from dataclasses import dataclass

from .label import Label
from .model import Secret

FORM = "whsec_"
"""What a signing secret begins with."""
SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes of a signing key (Standard Webhooks)."""


def signing_key(secret: str) -> bytes:
    """The key that a ``whsec_…`` secret holds; ``ValueError`` says why not, never what it is."""
    if not secret.startswith(FORM):
        raise ValueError(f"must be {FORM} and {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64")
    try:
        key = base64.b64decode(secret.removeprefix(FORM), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must have base64 behind its {FORM}") from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"must hold {SHORTEST_KEY} to {LONGEST_KEY} bytes, holds {len(key)}")
    return key


class DeliveryState(Label):
    """Where the delivery of one event to one webhook stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; it waits for somebody to look."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver of audit events."""

    name: str
    url: str
    secret: Secret
    """``whsec_`` and the signing key in base64."""
    events: tuple[str, ...] = ("*",)
    """The actions that it is sent, where ``*`` stands for any characters."""
    org: str | None = None
    """Only events that are this org's affair; None: all."""
    attempts: int = 10
    """Tries before an event is given up."""
    guarded: bool = True
    """Only called by https at public addresses."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook."""

    webhook: str
    event: str
    """The audit event's id."""
    state: DeliveryState
    due: float
    """When it is tried next, in Unix seconds; while it is tried, when it is given to another."""
    attempts: int = 0
    """Tries begun so far."""
    problem: str | None = None
    """What the last try met, in our words."""
