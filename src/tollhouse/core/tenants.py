"""Orgs and their credentials, as the store keeps them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Org:
    """A tenant."""

    slug: str
    plan: str
    name: str | None = None
    created_at: float = 0.0
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or a user token as kept: a digest, never the secret."""

    id: str
    kind: str
    """``org_key`` or ``user_token``."""
    org: str
    digest: str
    name: str | None = None
    user: str | None = None
    role: str | None = None
    enabled: bool = True
    created_at: float = 0.0
    expires_at: float | None = None
    revoked_at: float | None = None
    previous_digest: str | None = None
    """After a rotation with overlap, the old secret's digest …"""
    previous_until: float | None = None
    """… and until when it is still good (Unix seconds)."""
