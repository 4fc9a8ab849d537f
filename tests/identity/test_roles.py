"""The table of roles, written out a second time and compared cell by cell."""

import pytest

from tollhouse.core.caller import Caller, CredentialKind, Role
from tollhouse.identity.roles import Permission, Scope, allows, may_grant, scope_of

OWN, SHARED, ALL, NO = Scope.OWN, Scope.SHARED, Scope.ALL, None

TABLE: list[tuple[str, Scope | None, Scope | None, Scope | None, Scope | None]] = [
    # permission       system  org     member  viewer
    ("models.read", ALL, SHARED, SHARED, SHARED),
    ("models.write", ALL, NO, NO, NO),
    ("org_models.write", ALL, OWN, NO, NO),
    ("personal.read", ALL, OWN, OWN, OWN),
    ("personal.write", ALL, OWN, OWN, NO),
    ("prompts.read", ALL, SHARED, NO, OWN),
    ("prompts.write", ALL, OWN, NO, NO),
    ("providers.read", ALL, NO, NO, NO),
    ("orgs.read", ALL, OWN, OWN, OWN),
    ("orgs.write", ALL, NO, NO, NO),
    ("keys.read", ALL, OWN, NO, OWN),
    ("keys.write", ALL, OWN, NO, NO),
    ("tokens.read", ALL, OWN, NO, NO),
    ("tokens.write", ALL, OWN, NO, NO),
    ("audit.read", ALL, OWN, NO, OWN),
    ("usage.read", ALL, OWN, OWN, OWN),
    ("records.read", ALL, OWN, NO, OWN),
    ("metrics.read", ALL, NO, NO, ALL),
    ("webhooks.read", ALL, NO, NO, NO),
    ("webhooks.write", ALL, NO, NO, NO),
]
ROLES = (Role.SYSTEM_ADMIN, Role.ORG_ADMIN, Role.MEMBER, Role.VIEWER)
CELLS = [
    (Permission(name), role, scope)
    for name, *scopes in TABLE
    for role, scope in zip(ROLES, scopes, strict=True)
]


def caller(role: Role | None, org: str | None = "acme") -> Caller:
    """A caller of a role."""
    kind = CredentialKind.USER_TOKEN if role else CredentialKind.ORG_KEY
    return Caller(kind, "id", org=org, plan="pro", user="u" if role else None, role=role)


@pytest.mark.parametrize(("permission", "role", "scope"), CELLS)
def test_role_reaches_as_far_as_the_table_says(
    permission: Permission, role: Role, scope: Scope | None
) -> None:
    """Every permission of every role, on its own org, another's, and what belongs to none."""
    who = caller(role)
    assert scope_of(who, permission) is scope
    assert allows(who, permission, "acme") is (scope is not None)
    assert allows(who, permission, "bigco") is (scope is ALL)
    assert allows(who, permission, None) is (scope in {SHARED, ALL})


def test_table_names_every_permission() -> None:
    """No permission is left out of the table above."""
    assert [name for name, *_ in TABLE] == [permission.value for permission in Permission]


@pytest.mark.parametrize("permission", list(Permission))
def test_caller_without_a_role_may_nothing(permission: Permission) -> None:
    """An org's key has no user behind it and no say on the admin plane."""
    assert not any(allows(caller(None), permission, org) for org in ("acme", "bigco", None))


@pytest.mark.parametrize("permission", list(Permission))
def test_caller_without_an_org_owns_nothing(permission: Permission) -> None:
    """A role that reaches its own org reaches none when it has none."""
    who = caller(Role.ORG_ADMIN, org=None)
    assert not allows(who, permission, "acme")


GRANTS = [
    (Role.SYSTEM_ADMIN, "bigco", set(ROLES)),
    (Role.ORG_ADMIN, "acme", {Role.ORG_ADMIN, Role.MEMBER, Role.VIEWER}),
    (Role.ORG_ADMIN, "bigco", set()),
    (Role.MEMBER, "acme", set()),
    (Role.VIEWER, "acme", set()),
    (None, "acme", set()),
]


@pytest.mark.parametrize(("role", "org", "grantable"), GRANTS)
def test_nobody_grants_more_than_they_have(
    role: Role | None, org: str, grantable: set[Role]
) -> None:
    """Tokens are made for one's own org and never with a stronger role."""
    assert {one for one in ROLES if may_grant(caller(role), one, org)} == grantable
