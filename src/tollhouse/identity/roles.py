"""What each role may do on the admin plane, as one table.

A permission reaches as far as its scope: a caller's own org, that and what belongs to no org (the
system's models), or everything. What is not in the table is not allowed, and a caller without a
role (an org's key) is allowed nothing.
"""

from collections.abc import Mapping
from enum import StrEnum

from ..core.caller import Caller, Role


class Permission(StrEnum):
    """What the admin plane can be asked for."""

    MODELS_READ = "models.read"
    MODELS_WRITE = "models.write"
    ORG_MODELS_WRITE = "org_models.write"
    """Models that hang off the system's, in the organisation dialect."""
    PERSONAL_READ = "personal.read"
    PERSONAL_WRITE = "personal.write"
    PROMPTS_READ = "prompts.read"
    PROMPTS_WRITE = "prompts.write"
    PROVIDERS_READ = "providers.read"
    ORGS_READ = "orgs.read"
    ORGS_WRITE = "orgs.write"
    KEYS_READ = "keys.read"
    KEYS_WRITE = "keys.write"
    TOKENS_READ = "tokens.read"
    TOKENS_WRITE = "tokens.write"
    AUDIT_READ = "audit.read"
    USAGE_READ = "usage.read"
    RECORDS_READ = "records.read"
    METRICS_READ = "metrics.read"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_WRITE = "webhooks.write"


class Scope(StrEnum):
    """How far a permission reaches."""

    OWN = "own"
    SHARED = "shared"
    """The caller's own org and what belongs to none."""
    ALL = "all"


_P, _S = Permission, Scope

GRANTS: Mapping[Role, Mapping[Permission, Scope]] = {
    Role.SYSTEM_ADMIN: dict.fromkeys(Permission, _S.ALL),
    Role.ORG_ADMIN: {
        _P.MODELS_READ: _S.SHARED,
        _P.ORG_MODELS_WRITE: _S.OWN,
        _P.PERSONAL_READ: _S.OWN,
        _P.PERSONAL_WRITE: _S.OWN,
        _P.PROMPTS_READ: _S.SHARED,
        _P.PROMPTS_WRITE: _S.OWN,
        _P.ORGS_READ: _S.OWN,
        _P.KEYS_READ: _S.OWN,
        _P.KEYS_WRITE: _S.OWN,
        _P.TOKENS_READ: _S.OWN,
        _P.TOKENS_WRITE: _S.OWN,
        _P.AUDIT_READ: _S.OWN,
        _P.USAGE_READ: _S.OWN,
        _P.RECORDS_READ: _S.OWN,
    },
    Role.MEMBER: {
        _P.MODELS_READ: _S.SHARED,
        _P.PERSONAL_READ: _S.OWN,
        _P.PERSONAL_WRITE: _S.OWN,
        _P.ORGS_READ: _S.OWN,
        _P.USAGE_READ: _S.OWN,
    },
    Role.VIEWER: {
        _P.MODELS_READ: _S.SHARED,
        _P.PERSONAL_READ: _S.OWN,
        _P.PROMPTS_READ: _S.OWN,
        _P.ORGS_READ: _S.OWN,
        _P.KEYS_READ: _S.OWN,
        _P.AUDIT_READ: _S.OWN,
        _P.USAGE_READ: _S.OWN,
        _P.RECORDS_READ: _S.OWN,
        # Metrics know no org: whoever may see them sees all of them.
        _P.METRICS_READ: _S.ALL,
    },
}
"""The whole of it; the console and the documentation read it too."""

_GRANTABLE = frozenset({Role.ORG_ADMIN, Role.MEMBER, Role.VIEWER})


def allows(caller: Caller, permission: Permission, org: str | None = None) -> bool:
    """Whether a caller may do this to what belongs to ``org``; None: to no org, or to them all."""
    scope = scope_of(caller, permission)
    if scope is None or scope is Scope.ALL:
        return scope is Scope.ALL
    if org is None:
        return scope is Scope.SHARED
    return caller.org == org


def scope_of(caller: Caller, permission: Permission) -> Scope | None:
    """How far a caller's permission reaches, for filtering lists; None: it has none."""
    return None if caller.role is None else GRANTS[caller.role].get(permission)


def may_grant(caller: Caller, role: Role, org: str) -> bool:
    """Whether a caller may make a token with this role in this org: never one above its own."""
    if not allows(caller, Permission.TOKENS_WRITE, org):
        return False
    return caller.role is Role.SYSTEM_ADMIN or role in _GRANTABLE
