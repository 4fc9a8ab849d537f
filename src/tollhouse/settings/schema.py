"""The sections of the settings, their defaults and their bounds (contract section 3).

Every section is frozen and refuses unknown keys. Relative paths are taken from the folder that the
validation context names: the one that holds the settings file.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from ..core.hosts import DEFAULT_PORTS, Reach
from ..core.issuer import Issuer
from ..core.model import Provider, Secret, Timeouts
from ..core.policy import FailoverPolicy
from ..core.webhook import Webhook
from . import strength
from .addresses import Address, listen_address, store_url
from .issuers import IssuerSection, consistent
from .providers import ProviderSection, TimeoutSection
from .section import AnchoredPath, Limit, Seconds, Section, number, secret, text
from .webhooks import WebhookSection, once

_PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _address(value: object) -> Address:
    return value if isinstance(value, Address) else listen_address(text(value))


def _sealing_key(value: object) -> bytes:
    return strength.sealing_key(text(value))


def _anchored_url(url: str, info: ValidationInfo) -> str:
    return store_url(url, info.context)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("is not a file")
    return path


def _provider_name(name: str) -> str:
    if not _PROVIDER_NAME.fullmatch(name):
        raise ValueError("is not a name: letters, digits, dots, dashes, underscores; at most 64")
    return name


def _unbuilt(what: str) -> AfterValidator:
    def check(value: object) -> object:
        if value:
            raise ValueError(f"{what} not built yet, so this must stay empty")
        return value

    return AfterValidator(check)


def _within_reach(
    webhooks: tuple[WebhookSection, ...], info: ValidationInfo
) -> tuple[WebhookSection, ...]:
    auth = info.data.get("auth")
    if isinstance(auth, Auth):
        reach = Reach(auth.allow_private_upstreams, auth.upstream_ports)
        for webhook in webhooks:
            if fault := reach.fault(webhook.url):
                raise ValueError(
                    f"the url of {webhook.name} {fault}, unless auth.allow_private_upstreams is on"
                )
    return webhooks


_Whole = Annotated[int, BeforeValidator(number)]
_ProviderName = Annotated[str, AfterValidator(_provider_name)]
_Plan = Literal["free", "pro", "enterprise"]


class Server(Section):
    """The listening side."""

    listen: Annotated[Address, PlainValidator(_address)] = Address("127.0.0.1", 8080)
    workers: Annotated[_Whole, Field(ge=1, le=256)] = 1
    max_body_bytes: Annotated[_Whole, Field(ge=1)] = 33_554_432
    """Counted after decompression."""
    max_inflight: Annotated[_Whole, Field(ge=1)] = 10_000
    drain_seconds: Seconds = 30.0
    keepalive_seconds: Limit = 10.0
    """A silent stream gets a comment this often."""


class Store(Section):
    """The database."""

    url: Annotated[str, AfterValidator(_anchored_url)] = Field(
        default="sqlite:///data/tollhouse.db", repr=False
    )


class Auth(Section):
    """Who may administer, and what seals secrets at rest."""

    admin_token: Annotated[Secret, secret(strength.admin_token_fault)] | None = None
    """The bootstrap token; None: there is none."""
    secret_key: Annotated[bytes, PlainValidator(_sealing_key)] | None = Field(
        default=None, repr=False
    )
    """32 bytes; None: the store can keep no provider credential."""
    previous_secret_keys: tuple[Annotated[bytes, PlainValidator(_sealing_key)], ...] = Field(
        default=(), repr=False
    )
    """Earlier ones, which open what they sealed until ``tollhouse secrets rotate`` is done."""
    allow_private_upstreams: bool = False
    """Whether connections that users and orgs bring may lead anywhere, and by http."""
    upstream_ports: frozenset[Annotated[_Whole, Field(ge=1, le=65_535)]] = DEFAULT_PORTS
    """The ports that such connections may name."""
    jwt: Annotated[tuple[IssuerSection, ...], AfterValidator(consistent)] = ()
    """Whose session tokens are believed."""


class Catalogue(Section):
    """Seeds, and how denials look."""

    files: tuple[Annotated[AnchoredPath, AfterValidator(_existing)], ...] = ()
    hide_denied: bool = False


class Tiers(Section):
    """The plans that have each tier."""

    standard: frozenset[_Plan] = frozenset({"free", "pro", "enterprise"})
    premium: frozenset[_Plan] = frozenset({"pro", "enterprise"})


class Failover(Section):
    """How far a request may go to be answered."""

    max_attempts: Annotated[_Whole, Field(ge=1, le=100)] = 4
    retries: Annotated[_Whole, Field(ge=0, le=100)] = 1
    retry_after_cap: Seconds = 10.0
    commit_after: Seconds = 5.0


class Telemetry(Section):
    """Metrics and logs."""

    metrics_token: Annotated[Secret, secret(strength.metrics_token_fault)] | None = None
    """What ``/metrics`` asks for; None: an admin credential only."""
    log: Literal["json", "text"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: Annotated[str | None, _unbuilt("export of traces is")] = None


class LedgerSection(Section):
    """The journal on disk."""

    dir: AnchoredPath = Path("data/ledger")


class Settings(Section):
    """Everything the process is told at its start."""

    server: Server = Server()
    store: Store = Store()
    auth: Auth = Auth()
    catalogue: Catalogue = Catalogue()
    tiers: Tiers = Tiers()
    providers: dict[_ProviderName, ProviderSection] = Field(default_factory=dict)
    timeouts: TimeoutSection = TimeoutSection()
    failover: Failover = Failover()
    telemetry: Telemetry = Telemetry()
    ledger: LedgerSection = LedgerSection()
    webhooks: Annotated[
        tuple[WebhookSection, ...], AfterValidator(once), AfterValidator(_within_reach)
    ] = ()
    """Who is told of audit events."""

    def provider_map(self) -> dict[str, Provider]:
        """The providers by name, each with its time limits filled in."""
        return {name: section.noun(name, self.timeouts) for name, section in self.providers.items()}

    def issuers(self) -> tuple[Issuer, ...]:
        """Whose session tokens are believed."""
        return tuple(section.noun() for section in self.auth.jwt)

    def reach(self) -> Reach:
        """How far the connections go that users and orgs bring."""
        return Reach(self.auth.allow_private_upstreams, self.auth.upstream_ports)

    def receivers(self) -> tuple[Webhook, ...]:
        """Who is told of audit events."""
        return tuple(section.noun(self.reach()) for section in self.webhooks)

    def tier_map(self) -> dict[str, frozenset[str]]:
        """Each tier's plans."""
        return {
            "standard": frozenset(self.tiers.standard),
            "premium": frozenset(self.tiers.premium),
        }

    def failover_policy(self) -> FailoverPolicy:
        """The bounds that hold for every request's attempts."""
        return FailoverPolicy(**self.failover.model_dump())

    def default_timeouts(self) -> Timeouts:
        """The time limits that no provider and no model overrides."""
        return Timeouts(**self.timeouts.model_dump())
