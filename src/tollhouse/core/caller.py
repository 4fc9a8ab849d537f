"""Who a credential stands for."""

from dataclasses import dataclass

from .label import Label


class Role(Label):
    """What a user may do on the admin plane, strongest first."""

    SYSTEM_ADMIN = "system_admin"
    ORG_ADMIN = "org_admin"
    MEMBER = "member"
    VIEWER = "viewer"


class CredentialKind(Label):
    """The forms of credential (contract section 4)."""

    ORG_KEY = "org_key"
    USER_TOKEN = "user_token"  # noqa: S105 - the name of a kind
    SESSION = "session"
    BOOTSTRAP = "bootstrap"
    LOCAL = "local"
    """The command line, acting on the store as the operator of the machine."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One resolved credential. Identity comes from it alone."""

    kind: CredentialKind
    credential_id: str
    """The public id of the key or token; never the secret."""
    org: str | None = None
    plan: str | None = None
    user: str | None = None
    role: Role | None = None
    expires_at: float | None = None
    """Unix seconds; checked on every use, since a cached caller outlives the look-up."""

    @property
    def actor(self) -> str:
        """How the audit trail names it."""
        return f"{self.kind.value}:{self.user or self.credential_id}"
