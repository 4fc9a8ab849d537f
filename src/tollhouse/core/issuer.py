"""Who else may say who calls: an issuer of session tokens, and what its claims mean here."""

from collections.abc import Mapping
from dataclasses import dataclass

from .caller import Role

ClaimPath = tuple[str, ...]
"""Names of claims, from the outermost object inwards."""


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What the claims of one kind of token mean. What no rule maps is refused."""

    org: ClaimPath
    role: ClaimPath
    role_map: Mapping[str, Role]
    """The issuer's names of roles and scopes; the strongest of those that a token has counts."""
    user: ClaimPath = ("sub",)
    user_prefix: str = ""
    """Put before the user's id, so that two issuers cannot mean the same user by one id."""
    org_map: Mapping[str, str] | None = None
    """The issuer's names of orgs and their slugs; None: the claim holds the slug itself."""
    plan: ClaimPath | None = None
    """None: the plan is that of the org in the store."""
    plan_map: Mapping[str, str] | None = None
    """None: the claim holds the plan itself."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are believed, for whom, and for how long."""

    name: str
    """What ``iss`` must be, to the letter."""
    audience: frozenset[str]
    """A token must be meant for one of them."""
    claims: tuple[ClaimRules, ...]
    """Tried in order; the first that maps a token counts."""
    jwks_url: str | None = None
    """Where the keys are; None: where the issuer's OpenID discovery document says."""
    algorithms: frozenset[str] = frozenset({"RS256", "ES256"})
    authorized_parties: frozenset[str] | None = None
    """Clients (``azp``) that a token may have been made for; None: any."""
    leeway: float = 30.0
    """Seconds by which the issuer's clock and ours may differ."""
    max_lifetime: float = 86_400.0
    """Seconds; a token that would be good for longer than that from now is refused."""
    jwks_refresh: float = 300.0
    """Seconds after which keys are fetched again; until then a removed key is still believed."""
    jwks_max_stale: float = 3600.0
    """Seconds for which keys are used while the issuer cannot be reached."""
    ca_file: str | None = None
    """Path of the authorities, in PEM, that vouch for the issuer's server; None: the usual ones."""
