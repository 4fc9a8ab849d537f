"""The issuers of session tokens: ``auth.jwt``, a list of them.

What a token must be to count is stated here and never learnt from a token: its issuer, for whom it
is meant, its algorithms, where the keys are. Symmetric algorithms and ``none`` are no choice.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from ..core.caller import Role
from ..core.issuer import ClaimRules, Issuer
from . import certificates
from .addresses import is_loopback, keys_url
from .section import AnchoredPath, Section, number

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


def _printable(name: str) -> str:
    if not name.isprintable() or name.strip() != name:
        raise ValueError("must hold no control characters, nor spaces around it")
    return name


def _algorithm(name: str) -> str:
    if name not in ALGORITHMS:
        raise ValueError(
            f"must be one of {', '.join(ALGORITHMS)}: with a symmetric algorithm, or none, anybody"
            " who can verify a token could make one"
        )
    return name


def _claim_path(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "://" in value:
        raise ValueError(
            "must be a list of names where a name holds dots, as in [https://example.com/org, slug]"
        )
    return value.split(".")


def _not_below_refresh(seconds: float, info: ValidationInfo) -> float:
    if seconds < info.data.get("jwks_refresh", 0):
        raise ValueError("must not be below jwks_refresh")
    return seconds


def _of_use(names: object, info: ValidationInfo) -> object:
    if names is not None and info.data.get("plan") is None:
        raise ValueError("is of use only with plan")
    return names


Name = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
_Names = Annotated[frozenset[Name], BeforeValidator(_listed), Field(min_length=1)]
_Path = Annotated[tuple[Name, ...], BeforeValidator(_claim_path), Field(min_length=1, max_length=8)]
_Role = Literal["system_admin", "org_admin", "member", "viewer"]
_Plan = Literal["free", "pro", "enterprise"]
_Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class ClaimsSection(Section):
    """What the claims of one kind of token mean; what is not mapped is refused."""

    user: _Path = ("sub",)
    user_prefix: Annotated[str, Field(max_length=50), AfterValidator(_printable)] = ""
    """Put before the user's id."""
    org: _Path
    org_map: Annotated[dict[Name, _Slug], Field(min_length=1)] | None = None
    """None: the claim holds the slug itself."""
    role: _Path
    role_map: Annotated[dict[Name, _Role], Field(min_length=1)]
    plan: _Path | None = None
    """None: the plan is the org's."""
    plan_map: Annotated[
        Annotated[dict[Name, _Plan], Field(min_length=1)] | None, AfterValidator(_of_use)
    ] = None
    """None: the claim holds the plan itself."""

    def noun(self) -> ClaimRules:
        """The rules as the rest of the house knows them."""
        return ClaimRules(
            user=self.user,
            user_prefix=self.user_prefix,
            org=self.org,
            org_map=self.org_map,
            role=self.role,
            role_map={name: Role(role) for name, role in self.role_map.items()},
            plan=self.plan,
            plan_map=None if self.plan_map is None else dict(self.plan_map),
        )


class IssuerSection(Section):
    """One issuer of session tokens."""

    issuer: Name
    """What ``iss`` must be, to the letter."""
    audience: _Names
    """One or several; a token must be meant for one of them."""
    jwks_url: Annotated[str, AfterValidator(keys_url)] | None = None
    """None: what the issuer's discovery document says."""
    algorithms: Annotated[
        frozenset[Annotated[str, AfterValidator(_algorithm)]],
        BeforeValidator(_listed),
        Field(min_length=1),
    ] = frozenset({"RS256", "ES256"})
    authorized_parties: _Names | None = None
    """What ``azp`` must be one of; None: it is not looked at."""
    leeway: Annotated[float, BeforeValidator(number), Field(ge=0, le=300, allow_inf_nan=False)] = (
        30.0
    )
    max_lifetime: Annotated[
        float, BeforeValidator(number), Field(ge=60, le=2_678_400, allow_inf_nan=False)
    ] = 86_400.0
    jwks_refresh: Annotated[
        float, BeforeValidator(number), Field(ge=10, le=86_400, allow_inf_nan=False)
    ] = 300.0
    jwks_max_stale: Annotated[
        float,
        BeforeValidator(number),
        Field(ge=10, le=86_400, allow_inf_nan=False),
        AfterValidator(_not_below_refresh),
    ] = 3600.0
    ca_file: Annotated[AnchoredPath, AfterValidator(certificates.authorities)] | None = None
    """Authorities in place of the usual ones."""
    claims: Annotated[
        tuple[ClaimsSection, ...], BeforeValidator(_listed), Field(min_length=1, max_length=20)
    ]
    """One mapping or several; the first that maps a token counts."""

    def noun(self) -> Issuer:
        """The issuer as the rest of the house knows it."""
        return Issuer(
            name=self.issuer,
            audience=self.audience,
            claims=tuple(rules.noun() for rules in self.claims),
            jwks_url=self.jwks_url,
            algorithms=self.algorithms,
            authorized_parties=self.authorized_parties,
            leeway=self.leeway,
            max_lifetime=self.max_lifetime,
            jwks_refresh=self.jwks_refresh,
            jwks_max_stale=self.jwks_max_stale,
            ca_file=None if self.ca_file is None else str(self.ca_file),
        )


def consistent(issuers: Sequence[IssuerSection], info: ValidationInfo) -> Sequence[IssuerSection]:
    """Check what an issuer alone cannot know: that it is there once, and where it may be asked."""
    named: set[str] = set()
    for index, section in enumerate(issuers):
        if section.issuer in named:
            raise ValueError(
                f"has an issuer twice ([{index}]): one entry may have several audiences and claims"
            )
        named.add(section.issuer)
        _check_url(section, f"[{index}]", plain=bool(info.data.get("allow_private_upstreams")))
    return issuers


def _check_url(section: IssuerSection, where: str, *, plain: bool) -> None:
    url = section.jwks_url
    if url is None:
        try:
            url = keys_url(section.issuer)
        except ValueError:
            raise ValueError(f"needs a jwks_url for an issuer that is no URL ({where})") from None
    if urlsplit(url).scheme != "https" and not (plain and is_loopback(url)):
        raise ValueError(
            f"has keys at a URL that is not https ({where}); http is for loopback, and only with"
            " auth.allow_private_upstreams"
        )
