"""The issuers of session tokens as settings: what they become, and all that is refused at start."""

import re
from pathlib import Path

import pytest
import yaml

from fakes.certificates import authority
from settings.conftest import Faults, Loader
from tollhouse.core.caller import Role
from tollhouse.core.issuer import ClaimRules, Issuer
from tollhouse.settings.issuers import ClaimsSection, IssuerSection

README = (Path(__file__).parents[2] / "README.md").read_text()

STYTCH = """
auth:
  jwt:
    - issuer: stytch.com/project-live-1
      audience: project-live-1
      jwks_url: https://api.stytch.com/v1/b2b/sessions/jwks/project-live-1
      claims:
        - org: ["https://stytch.com/organization", slug]
          role: ["https://stytch.com/session", roles]
          role_map: {stytch_admin: org_admin, stytch_member: member}
        - org: sub
          org_map: {m2m-client-live-1: acme}
          role: scope
          role_map: {"write:models": org_admin, "use:models": member}
"""
EVERYTHING = """
auth:
  jwt:
    - issuer: https://login.example/realms/acme
      audience: [tollhouse, tollhouse-eu]
      algorithms: [ES256, PS512]
      authorized_parties: [console, cli]
      leeway: 5
      max_lifetime: 3600
      jwks_refresh: 60
      jwks_max_stale: 7200
      ca_file: authority.pem
      claims:
        user: preferred_username
        user_prefix: "kc:"
        org: realm_access.org
        org_map: {Acme Ltd: acme}
        role: resource_access.gateway.roles
        role_map: {root: system_admin, boss: org_admin, staff: member, guest: viewer}
        plan: plan
        plan_map: {gold: enterprise}
"""
LEAN = {
    "issuer": "https://login.example",
    "audience": "tollhouse",
    "claims": {"org": "org", "role": "role", "role_map": {"staff": "member"}},
}


def with_(**changes: object) -> str:
    """A lean entry with something changed; None leaves a key out."""
    entry = {name: value for name, value in (LEAN | changes).items() if value is not None}
    return yaml.safe_dump({"auth": {"jwt": [entry]}})


def with_claims(**changes: object) -> str:
    """The same for its claims."""
    claims = {**LEAN["claims"], **changes}  # type: ignore[dict-item]
    return with_(claims={name: value for name, value in claims.items() if value is not None})


def test_stytch_is_an_issuer_with_two_kinds_of_tokens(load_text: Loader) -> None:
    """Names with dots in them stand in a list, names without are written with dots between."""
    (issuer,) = load_text(STYTCH).issuers()
    assert issuer == Issuer(
        name="stytch.com/project-live-1",
        audience=frozenset({"project-live-1"}),
        jwks_url="https://api.stytch.com/v1/b2b/sessions/jwks/project-live-1",
        claims=(
            ClaimRules(
                org=("https://stytch.com/organization", "slug"),
                role=("https://stytch.com/session", "roles"),
                role_map={"stytch_admin": Role.ORG_ADMIN, "stytch_member": Role.MEMBER},
            ),
            ClaimRules(
                org=("sub",),
                org_map={"m2m-client-live-1": "acme"},
                role=("scope",),
                role_map={"write:models": Role.ORG_ADMIN, "use:models": Role.MEMBER},
            ),
        ),
    )


def test_every_key_of_an_issuer_counts(load_text: Loader, tmp_path: Path) -> None:
    """Each becomes what the rest of the house knows; a path starts at the file's folder."""
    Path(authority().file(tmp_path)).rename(tmp_path / "authority.pem")
    (issuer,) = load_text(EVERYTHING).issuers()
    assert issuer == Issuer(
        name="https://login.example/realms/acme",
        audience=frozenset({"tollhouse", "tollhouse-eu"}),
        algorithms=frozenset({"ES256", "PS512"}),
        authorized_parties=frozenset({"console", "cli"}),
        leeway=5,
        max_lifetime=3600,
        jwks_refresh=60,
        jwks_max_stale=7200,
        ca_file=str(tmp_path / "authority.pem"),
        claims=(
            ClaimRules(
                user=("preferred_username",),
                user_prefix="kc:",
                org=("realm_access", "org"),
                org_map={"Acme Ltd": "acme"},
                role=("resource_access", "gateway", "roles"),
                role_map={
                    "root": Role.SYSTEM_ADMIN,
                    "boss": Role.ORG_ADMIN,
                    "staff": Role.MEMBER,
                    "guest": Role.VIEWER,
                },
                plan=("plan",),
                plan_map={"gold": "enterprise"},
            ),
        ),
    )


def test_defaults_of_an_issuer_are_those_of_core(load_text: Loader) -> None:
    """What an entry leaves out is what the noun has."""
    (issuer,) = load_text(with_()).issuers()
    rules = ClaimRules(org=("org",), role=("role",), role_map={"staff": Role.MEMBER})
    assert issuer == Issuer("https://login.example", frozenset({"tollhouse"}), (rules,))
    assert load_text("").issuers() == ()


@pytest.mark.parametrize(
    "algorithm", ["HS256", "HS384", "HS512", "none", "None", "rs256", "A128KW"]
)
def test_G13_algorithm_that_anybody_could_sign_with_is_refused(
    faults_of: Faults, algorithm: str
) -> None:
    """Symmetric ones, none at all, and what is no algorithm for signatures."""
    told = faults_of(with_(algorithms=["RS256", algorithm]))
    assert "must be one of RS256, RS384" in next(iter(told.values()))


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (with_(issuer=None), "issuer", "is required"),
        (with_(issuer=""), "issuer", "must have at least 1 character"),
        (with_(issuer=7), "issuer", "must be text"),
        (with_(issuer="a\nb"), "issuer", "must hold no control characters"),
        (with_(audience=None), "audience", "is required"),
        (with_(audience=[]), "audience", "at least 1 item"),
        (with_(audience=[""]), "audience[0]", "must have at least 1 character"),
        (with_(audience={"a": 1}), "audience[0]", "must be text"),
        (with_(jwks_url="keys"), "jwks_url", "must be an absolute http or https URL"),
        (with_(jwks_url="https://u:canary@h/keys"), "jwks_url", "must not hold a user"),
        (with_(jwks_url="https://h/keys#a"), "jwks_url", "must not have a fragment"),
        (with_(jwks_url="https://h:99999/keys"), "jwks_url", "has a port that is none"),
        (with_(algorithms=[]), "algorithms", "at least 1 item"),
        (with_(authorized_parties=[]), "authorized_parties", "at least 1 item"),
        (with_(leeway=-1), "leeway", "must be greater than or equal to 0"),
        (with_(leeway=301), "leeway", "must be less than or equal to 300"),
        (with_(leeway=True), "leeway", "must be a number"),
        (with_(leeway=float("inf")), "leeway", "must be"),
        (with_(max_lifetime=59), "max_lifetime", "must be greater than or equal to 60"),
        (with_(max_lifetime=10**9), "max_lifetime", "must be less than or equal to 2678400"),
        (with_(jwks_refresh=1), "jwks_refresh", "must be greater than or equal to 10"),
        (with_(jwks_max_stale=10**6), "jwks_max_stale", "must be less than or equal to 86400"),
        (with_(jwks_max_stale=299), "jwks_max_stale", "must not be below jwks_refresh"),
        (with_(ca_file="none.pem"), "ca_file", "is not a file"),
        (with_(claims=[]), "claims", "at least 1 item"),
        (with_(claims=None), "claims", "is required"),
        (with_(secret="canary"), "secret", "is not a known key"),
        (with_claims(org=None), "claims[0].org", "is required"),
        (with_claims(org=""), "claims[0].org[0]", "must have at least 1 character"),
        (with_claims(org="a..b"), "claims[0].org[1]", "must have at least 1 character"),
        (with_claims(org=[]), "claims[0].org", "at least 1 item"),
        (with_claims(org=["a"] * 9), "claims[0].org", "at most 8 items"),
        (with_claims(org="https://h.example/org.slug"), "claims[0].org", "must be a list of names"),
        (with_claims(org_map={}), "claims[0].org_map", "at least 1 item"),
        (with_claims(org_map={"a": "ACME"}), "claims[0].org_map.a", "must match pattern"),
        (with_claims(role=None), "claims[0].role", "is required"),
        (with_claims(role_map=None), "claims[0].role_map", "is required"),
        (with_claims(role_map={}), "claims[0].role_map", "at least 1 item"),
        (with_claims(role_map={"a": "root"}), "claims[0].role_map.a", "must be 'system_admin'"),
        (with_claims(plan_map={"a": "pro"}), "claims[0].plan_map", "is of use only with plan"),
        (
            with_claims(plan="plan", plan_map={"a": "gold"}),
            "claims[0].plan_map.a",
            "must be 'free', 'pro' or 'enterprise'",
        ),
        (with_claims(user_prefix="x" * 51), "claims[0].user_prefix", "must have at most 50"),
        (with_claims(default_role="member"), "claims[0].default_role", "is not a known key"),
    ],
)
def test_impossible_issuer_is_a_fault_with_its_path(
    faults_of: Faults, text: str, path: str, message: str
) -> None:
    """Everything that makes a token count must be said, and said in a form that can be checked."""
    told = faults_of(text)
    assert message in told[f"auth.jwt[0].{path}"]
    assert "canary" not in str(told)


def test_issuer_that_is_no_url_needs_to_say_where_its_keys_are(faults_of: Faults) -> None:
    """There is no discovery document to be found below a name."""
    assert "needs a jwks_url" in faults_of(with_(issuer="stytch.com/project-live-1"))["auth.jwt"]


def test_issuer_stands_there_once(faults_of: Faults) -> None:
    """Two entries of one name could not both decide."""
    told = faults_of(yaml.safe_dump({"auth": {"jwt": [LEAN, LEAN]}}))
    assert "has an issuer twice ([1])" in told["auth.jwt"]


@pytest.mark.parametrize(
    ("url", "private", "allowed"),
    [
        ("https://login.example/keys", False, True),
        ("https://10.0.0.1/keys?p=1", False, True),
        ("http://login.example/keys", False, False),
        ("http://login.example/keys", True, False),
        ("http://10.0.0.1/keys", True, False),
        ("http://127.0.0.1.example/keys", True, False),
        ("http://127.0.0.1:9000/keys", False, False),
        ("http://127.0.0.1:9000/keys", True, True),
        ("http://[::1]:9000/keys", True, True),
        ("http://localhost:9000/keys", True, True),
    ],
)
def test_keys_come_over_tls_or_from_this_machine(
    load_text: Loader, faults_of: Faults, url: str, *, private: bool, allowed: bool
) -> None:
    """Whoever could change them on their way could sign anybody in."""
    for changed in ({"jwks_url": url}, {"issuer": url}):
        entry = {**LEAN, **changed}
        text = yaml.safe_dump({"auth": {"allow_private_upstreams": private, "jwt": [entry]}})
        if allowed:
            assert len(load_text(text).issuers()) == 1
        else:
            assert "at a URL that is not https ([0])" in faults_of(text)["auth.jwt"]


def test_issuers_can_be_given_by_the_environment(load_text: Loader) -> None:
    """As a list in YAML, like every list."""
    environ = {"TOLLHOUSE_AUTH__JWT": yaml.safe_dump([LEAN], default_flow_style=True)}
    assert [issuer.name for issuer in load_text("", environ).issuers()] == [LEAN["issuer"]]


# --- README ---


def test_example_of_readme_is_understood(load_text: Loader) -> None:
    """What README shows can be pasted: Stytch as above, and an issuer that publishes its keys."""
    (example,) = re.findall(r"```yaml\n(auth:\n  jwt:\n.*?)```", README, re.DOTALL)
    stytch, other = load_text(example).issuers()
    assert (stytch,) == load_text(STYTCH).issuers()
    assert other.jwks_url is None


@pytest.mark.parametrize("key", [*IssuerSection.model_fields, *ClaimsSection.model_fields])
def test_every_key_of_an_issuer_is_explained(key: str) -> None:
    """An operator finds it in README's section on sessions."""
    section = README.partition("### Sessions (JWT)")[2].partition("\n## ")[0]
    assert f"`{key}`" in section
