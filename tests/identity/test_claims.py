"""Claims and who they stand for: three examples of Stytch, others, and all that is refused."""

from dataclasses import replace
from typing import Any

import pytest

from tollhouse.core.caller import Role
from tollhouse.core.issuer import ClaimRules
from tollhouse.identity.claims import Identity, Unmapped, identify

RULES = ClaimRules(
    org=("org",),
    role=("roles",),
    role_map={"boss": Role.ORG_ADMIN, "staff": Role.MEMBER, "guest": Role.VIEWER},
)
CLAIMS = {"sub": "ada", "org": "acme", "roles": ["staff"]}


def missing(claims: dict[str, Any], *rules: ClaimRules) -> str | None:
    """What claims fail to name; None when they stand for somebody."""
    try:
        identify(claims, rules or (RULES,))
    except Unmapped as problem:
        return str(problem)
    return None


def test_claims_stand_for_a_user() -> None:
    """With an org and a role; the plan is for the store to say."""
    assert identify(CLAIMS, (RULES,)) == Identity("ada", "acme", Role.MEMBER, None)


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ("staff", Role.MEMBER),
        (["guest", "staff", "boss"], Role.ORG_ADMIN),
        (["unheard-of", "guest"], Role.VIEWER),
        (["staff", "staff", 7, None, ["boss"]], Role.MEMBER),
    ],
    ids=repr,
)
def test_strongest_of_the_mapped_roles_counts(roles: object, role: Role) -> None:
    """What is not mapped among them adds nothing and takes nothing away."""
    assert identify({**CLAIMS, "roles": roles}, (RULES,)).role is role


@pytest.mark.parametrize("name", ["scope", "scp"])
def test_scope_is_a_list_in_a_text(name: str) -> None:
    """With spaces between its parts, and no other claim is."""
    rules = replace(RULES, role=(name,))
    claims = {**CLAIMS, name: "read:models guest"}
    assert identify(claims, (rules,)).role is Role.VIEWER
    assert identify({**CLAIMS, name: ["staff"]}, (rules,)).role is Role.MEMBER
    assert missing({**CLAIMS, name: "guestbook"}, rules) == "role"
    assert missing({**CLAIMS, "roles": "read:models guest"}) == "role"


def test_claims_are_found_at_any_depth() -> None:
    """Through objects, name by name, whatever the names are made of."""
    rules = replace(
        RULES,
        user=("https://login.example/user", "id"),
        org=("a.b", "c"),
        role=("realm_access", "gateway", "roles"),
    )
    claims = {
        "https://login.example/user": {"id": "grace"},
        "a.b": {"c": "acme"},
        "realm_access": {"gateway": {"roles": ["boss"]}},
    }
    assert identify(claims, (rules,)) == Identity("grace", "acme", Role.ORG_ADMIN, None)
    for wrong in ({"a": {"b": {"c": "acme"}}}, {"a.b": ["c"]}, {"a.b": "acme"}, {"a.b.c": "acme"}):
        assert missing({**claims, "a.b": None, **wrong}, rules) == "org"


def test_orgs_are_mapped_where_there_is_a_map() -> None:
    """Then the issuer's name of an org counts and the slug itself does not."""
    rules = replace(RULES, org_map={"organization-1": "acme"})
    assert identify({**CLAIMS, "org": "organization-1"}, (rules,)).org == "acme"
    assert missing({**CLAIMS, "org": "acme"}, rules) == "org"
    assert missing({**CLAIMS, "org": "organization-2"}, rules) == "org"


@pytest.mark.parametrize(("value", "plan"), [("pro", "pro"), ("enterprise", "enterprise")])
def test_plan_is_the_claims_where_one_is_named(value: str, plan: str) -> None:
    """By our own names, or by a map of theirs."""
    own = replace(RULES, plan=("plan",))
    assert identify({**CLAIMS, "plan": value}, (own,)).plan == plan
    mapped = replace(own, plan_map={"tier-2": plan})
    assert identify({**CLAIMS, "plan": "tier-2"}, (mapped,)).plan == plan
    assert missing({**CLAIMS, "plan": value}, mapped) == "plan"


@pytest.mark.parametrize("value", [None, "gold", "Pro", 7, ["pro"], True])
def test_plan_that_is_not_told_is_not_the_orgs(value: object) -> None:
    """Once a claim decides on the plan, a token without it stands for nobody."""
    rules = replace(RULES, plan=("plan",))
    assert missing({**CLAIMS, "plan": value}, rules) == "plan"
    assert missing(CLAIMS, rules) == "plan"


def test_prefix_keeps_users_of_two_issuers_apart() -> None:
    """And counts towards the length of an id."""
    rules = replace(RULES, user_prefix="okta:")
    assert identify(CLAIMS, (rules,)).user == "okta:ada"
    assert identify({**CLAIMS, "sub": "a" * 195}, (rules,)).user == f"okta:{'a' * 195}"
    assert missing({**CLAIMS, "sub": "a" * 196}, rules) == "user"


def test_first_mapping_that_fits_counts() -> None:
    """Each kind of token has its own; what one leaves open another does not fill in."""
    machines = ClaimRules(
        org=("sub",),
        org_map={"client-1": "acme"},
        role=("scope",),
        role_map={"use": Role.MEMBER},
    )
    both = (RULES, machines)
    assert identify(CLAIMS, both).role is Role.MEMBER
    machine = {"sub": "client-1", "scope": "use"}
    assert identify(machine, both) == Identity("client-1", "acme", Role.MEMBER, None)
    assert missing({"sub": "ada", "org": "acme", "scope": "use"}, *both) == "role or org"
    assert missing({"sub": "client-2", "scope": "use"}, *both) == "org"


@pytest.mark.parametrize("role", ["system_admin", "org_admin", "ORG_ADMIN", "Boss", "boss "])
def test_G13_our_own_names_of_roles_are_no_roles(role: str) -> None:
    """An issuer's customer who may name roles names none of ours."""
    assert missing({**CLAIMS, "roles": [role]}) == "role"


# --- Stytch, as its public documentation shows the claims of its tokens ---

STYTCH = (
    ClaimRules(
        org=("https://stytch.com/organization", "slug"),
        role=("https://stytch.com/session", "roles"),
        role_map={"stytch_admin": Role.ORG_ADMIN, "stytch_member": Role.MEMBER},
    ),
    ClaimRules(
        org=("sub",),
        org_map={"m2m-client-test-d731954d-dab3-4a2b-bdee-07f3ad1be885": "acme"},
        role=("scope",),
        role_map={"write:models": Role.ORG_ADMIN, "use:models": Role.MEMBER},
    ),
)
"""Member sessions by their organisation and roles, machines by their client and scopes."""


def session(factor: dict[str, Any], *roles: str) -> dict[str, Any]:
    """The claims of a member's session."""
    return {
        "aud": ["project-test-1"],
        "iss": "stytch.com/project-test-1",
        "sub": "member-test-32fc5024-9c09-4da3-bd2e-c9ce4da9375f",
        "exp": 1_800_000_300,
        "iat": 1_800_000_000,
        "nbf": 1_800_000_000,
        "https://stytch.com/organization": {
            "organization_id": "organization-test-07971b06-ac8b-4cdb-9c15-63b17e653931",
            "slug": "acme",
        },
        "https://stytch.com/session": {
            "id": "session-test-fe6c042b-6286-479f-8a4f-b046a6c46509",
            "started_at": "2027-01-15T07:41:52Z",
            "last_accessed_at": "2027-01-15T07:41:52Z",
            "expires_at": "2027-01-15T08:41:52Z",
            "attributes": {"ip_address": "", "user_agent": ""},
            "authentication_factors": [factor],
            "roles": list(roles),
        },
    }


MAGIC_LINK = {
    "type": "magic_link",
    "delivery_method": "email",
    "email_factor": {"email_id": "email-test-1", "email_address": "ada@example.com"},
    "last_authenticated_at": "2027-01-15T07:41:52Z",
}
SSO = {
    "type": "sso",
    "delivery_method": "sso_saml",
    "saml_sso_factor": {
        "id": "saml-user-test-1",
        "provider_id": "saml-connection-test-1",
        "external_id": "ada",
    },
    "last_authenticated_at": "2027-01-15T07:41:52Z",
}
M2M = {
    "sub": "m2m-client-test-d731954d-dab3-4a2b-bdee-07f3ad1be885",
    "iss": "stytch.com/project-test-1",
    "aud": ["project-test-1"],
    "scope": "use:models read:users",
    "iat": 1_800_000_000,
    "nbf": 1_800_000_000,
    "exp": 1_800_003_600,
}


def test_seed_000_a_stytch_member_by_magic_link() -> None:
    """A member is known by id, the organisation by its slug, the role by Stytch's own name."""
    known = identify(session(MAGIC_LINK, "stytch_member"), STYTCH)
    assert known.user == "member-test-32fc5024-9c09-4da3-bd2e-c9ce4da9375f"
    assert (known.org, known.role) == ("acme", Role.MEMBER)


def test_seed_000_a_stytch_member_by_single_sign_on() -> None:
    """How somebody signed in changes nothing but the roles that Stytch gives for it."""
    known = identify(session(SSO, "stytch_member", "stytch_admin"), STYTCH)
    assert (known.org, known.role) == ("acme", Role.ORG_ADMIN)


def test_seed_000_a_stytch_machine() -> None:
    """Its token names no organisation: its client does, by the map, and its scopes its role."""
    known = identify(M2M, STYTCH)
    assert (known.user, known.org, known.role) == (M2M["sub"], "acme", Role.MEMBER)


def test_stytch_tokens_of_nobody_here() -> None:
    """A custom role, another client, a scope that is not mapped."""
    assert missing(session(MAGIC_LINK, "editor"), *STYTCH) == "role or org"
    assert missing({**M2M, "sub": "m2m-client-test-2"}, *STYTCH) == "org"
    assert missing({**M2M, "scope": "read:users"}, *STYTCH) == "org or role"
