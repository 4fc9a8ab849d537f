"""The sections of the settings, their defaults and their bounds (contract section 3).

Every section is frozen and refuses unknown keys. Relative paths are taken from the folder that the
validation context names: the one that holds the settings file.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from ..core.hosts import DEFAULT_PORTS, Reach
from ..core.issuer import Issuer
from ..core.model import Provider, Secret, Timeouts
from ..core.policy import FailoverPolicy
from ..core.webhook import Webhook
from . import certificates, strength
from .addresses import Address, base_url, listen_address, store_url
from .issuers import IssuerSection, consistent
from .section import AnchoredPath, Limit, Seconds, Section, number, text
from .webhooks import WebhookSection, once

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[!-~]([ \t!-~]*[!-~])?")
_PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_API_VERSION = re.compile(r"[A-Za-z0-9.-]{1,40}")
_FRAMING = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "content-type", "expect", "host"),
        *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


def _secret(fault_of: Callable[[str], str | None]) -> PlainValidator:
    def check(value: object) -> Secret:
        secret = text(value)
        if fault := fault_of(secret):
            raise ValueError(fault)
        return Secret(secret)

    return PlainValidator(check)


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


def _header_name(name: str) -> str:
    lower = name.lower()
    if not _HEADER_NAME.fullmatch(lower):
        raise ValueError("is not a header's name")
    if lower in _FRAMING:
        raise ValueError("is a header that the gateway sets itself")
    return lower


def _header_value(value: str) -> str:
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError("is not a header's value: visible ASCII characters, spaces between them")
    return value


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


def _version_fits(version: str | None, info: ValidationInfo) -> str | None:
    protocol = info.data.get("protocol")
    if protocol == "azure" and version is None:
        raise ValueError("is required when protocol is azure")
    if protocol == "openai" and version is not None:
        raise ValueError("is of use only when protocol is azure")
    if version is not None and not _API_VERSION.fullmatch(version):
        raise ValueError("is not a version, as in 2024-10-21")
    return version


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
_HeaderName = Annotated[str, AfterValidator(_header_name)]
_HeaderValue = Annotated[str, AfterValidator(_header_value)]
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

    admin_token: Annotated[Secret, _secret(strength.admin_token_fault)] | None = None
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


class TimeoutSection(Section):
    """Time limits of an upstream call, in seconds."""

    connect: Limit = 5.0
    first_byte: Limit = 60.0
    idle: Limit = 60.0
    total: Limit = 600.0


class TimeoutOverrides(Section):
    """Time limits of one provider; an absent one is the general one."""

    connect: Limit | None = None
    first_byte: Limit | None = None
    idle: Limit | None = None
    total: Limit | None = None


class ProviderSection(Section):
    """One connection to a provider."""

    protocol: Literal["openai", "azure"]
    base_url: Annotated[str, AfterValidator(base_url)]
    api_key: Annotated[Secret, _secret(strength.header_fault)] | None = None
    api_version: Annotated[str | None, AfterValidator(_version_fits)] = None
    headers: dict[_HeaderName, _HeaderValue] = Field(default_factory=dict, repr=False)
    timeouts: TimeoutOverrides = TimeoutOverrides()
    transport: Literal["auto", "httpx"] = "auto"
    max_connections: Annotated[_Whole, Field(ge=1, le=100_000)] = 1000
    ca_file: Annotated[AnchoredPath, AfterValidator(certificates.authorities)] | None = None
    """Authorities in place of the usual ones."""
    client_cert: Annotated[AnchoredPath, AfterValidator(certificates.client_certificate)] | None = (
        None
    )
    """What is shown to a provider that wants to know who calls."""

    def noun(self, name: str, general: TimeoutSection) -> Provider:
        """The provider as the rest of the house knows it."""
        return Provider(
            name=name,
            protocol=self.protocol,
            base_url=self.base_url,
            api_key=self.api_key,
            timeouts=Timeouts(
                **(general.model_dump() | self.timeouts.model_dump(exclude_none=True))
            ),
            headers=tuple(self.headers.items()),
            api_version=self.api_version,
            transport=self.transport,
            max_connections=self.max_connections,
            ca_file=None if self.ca_file is None else str(self.ca_file),
            client_cert=None if self.client_cert is None else str(self.client_cert),
        )


class Failover(Section):
    """How far a request may go to be answered."""

    max_attempts: Annotated[_Whole, Field(ge=1, le=100)] = 4
    retries: Annotated[_Whole, Field(ge=0, le=100)] = 1
    retry_after_cap: Seconds = 10.0
    commit_after: Seconds = 5.0


class Telemetry(Section):
    """Metrics and logs."""

    metrics_token: Annotated[Secret, _secret(strength.metrics_token_fault)] | None = None
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
