"""A model of the catalogue, compiled: inheritance filled in, prices bound, provider resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from .label import Label
from .needs import Endpoint, ModelType
from .prices import PriceTable


class Secret:
    """A string that does not show itself: not in ``repr``, ``str``, a log line or a traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret, for the one place that puts it on a wire."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Timeouts(msgspec.Struct, frozen=True, gc=False):
    """The four time limits of an upstream call, in seconds."""

    connect: float = 5.0
    first_byte: float = 60.0
    """From the request being sent to the first byte of the answer."""
    idle: float = 60.0
    """Between two pieces of an answer."""
    total: float = 600.0
    """The whole request, all attempts and waits included."""


class IdentityKind(Label):
    """Where a credential comes from that is not a key of the configuration."""

    AWS = "aws"
    GOOGLE = "google"
    ENTRA = "entra"


class CloudIdentity(msgspec.Struct, frozen=True, gc=False):
    """Who we are to a cloud that wants signatures or tokens; what is absent it finds its own way.

    That is botocore's chain of credentials for AWS, and application default credentials for Google.
    """

    kind: IdentityKind
    region: str | None = None
    """AWS: what signatures are made for."""
    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    credentials_file: str | None = None
    """Google: the path of a service account's key, or of a federated identity."""
    tenant_id: str | None = None
    """Entra, as are the next three."""
    client_id: str | None = None
    client_secret: Secret | None = None
    authority: str = "https://login.microsoftonline.com"


class Api(Label):
    """Which of a provider's interfaces is used, where it has several."""

    AUTO = "auto"
    """The one that is closest to what the client speaks."""
    CHAT = "chat"
    """OpenAI's hosts: chat completions, for every client."""
    RESPONSES = "responses"
    """OpenAI's hosts: responses, for every client."""
    CONVERSE = "converse"
    """Bedrock: Converse."""
    INVOKE = "invoke"
    """Bedrock: the model's native form; for Anthropic's models."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A connection: who is called, how, and with which credential."""

    name: str
    protocol: str
    """``openai``, ``azure``, ``anthropic``, ``bedrock``, ``gemini``, ``vertex`` or ``cohere``."""
    base_url: str
    api_key: Secret | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    headers: tuple[tuple[str, str], ...] = ()
    api_version: str | None = None
    transport: str = "auto"
    """``auto`` or ``httpx``."""
    max_connections: int = 1000
    ca_file: str | None = None
    """Path of the authorities, in PEM, that vouch for it; None: the usual ones."""
    client_cert: str | None = None
    """Path of the certificate and key, in PEM, that we show to it."""
    guarded: bool = False
    """Only called by https at public addresses: its URL is not the operator's."""
    api: Api = Api.AUTO
    project: str | None = None
    """Vertex, as is the next."""
    location: str | None = None
    identity: CloudIdentity | None = None
    """Signs requests, or tells the token to send; None: the key, if any, is all."""


class Lifecycle(Label):
    """Worked out from ``enabled``, ``end_of_life_at`` and the clock."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DEPRECATED = "deprecated"
    END_OF_LIFE = "end_of_life"


class OwnerKind(Label):
    """Whose model it is."""

    SYSTEM = "system"
    ORG = "org"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a model; ``slug`` for an org's, ``id`` and ``org`` for a user's."""

    kind: OwnerKind = OwnerKind.SYSTEM
    slug: str | None = None
    id: str | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """A URL and the headers that go with it, the credential among them."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    asking: dict[str, tuple[tuple[str, str], ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """For requests in JSON, all headers by what they accept: put together at the first of them."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one attempt is sent to. Everything that becomes a URL or a header is in here."""

    provider: Provider
    upstream_model: str
    timeouts: Timeouts
    headers: tuple[tuple[str, str], ...] = ()
    params: Mapping[str, bytes] = field(default_factory=dict)
    """Defaults merged under the request's own fields; values are JSON."""
    deployment: str | None = None
    """Azure: the deployment in the URL; ``upstream_model`` when None."""
    api_version: str | None = None
    retries: int | None = None
    """Tries more on this target when no hop is left; None takes ``failover.retries``."""
    max_parallel: int | None = None
    stream_usage: bool = True
    """Ask for usage on streams (``stream_options.include_usage``); off for hosts that refuse it."""
    api: Api | None = None
    """In place of the provider's."""
    drops_unsupported: bool = False
    """Whether knobs that the target lacks are left out, and told, rather than refused."""
    most_output: int | None = None
    """What is asked for where a protocol wants a bound and the client gave none."""
    lanes: dict[Endpoint | None, Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Kept by ``pipeline.lanes``: a lane follows from the fields above, and every attempt asks."""


@dataclass(frozen=True, slots=True)
class Display:
    """How people see a model; ``hidden`` keeps it out of lists."""

    name: str | None = None
    label: str | None = None
    brand: str | None = None
    description: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds the provider sets, in tokens."""

    context_window: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """What is put in front of every conversation with a model; its text does not show itself."""

    text: str = field(repr=False)
    words: int
    """How many there are: it cannot be fewer tokens."""
    size: int
    """Bytes in UTF-8."""

    @classmethod
    def of(cls, text: str) -> Self:
        """The prompt of a text, counted once."""
        return cls(text, len(text.split()), len(text.encode()))


@dataclass(frozen=True, slots=True)
class Brownout:
    """A window before the end of life in which a share of the requests is refused as after it."""

    start: float
    """Unix seconds; from here …"""
    end: float
    """… to just before here."""
    share: str
    """A decimal from 0 to 1."""
    bound: int
    """The same in ``2**-64``: requests whose draw is below it are refused."""


@dataclass(frozen=True, slots=True)
class Model:
    """One effective model. Built by ``catalogue.compile``, read by everything else."""

    model_id: str
    type: ModelType
    target: Target
    version: int = 1
    aliases: tuple[str, ...] = ()
    owner: Owner = field(default_factory=Owner)
    enabled: bool = True
    """Its own switch and its parent's."""
    display: Display = field(default_factory=Display)
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    dimensions: int | None = None
    supported_dimensions: tuple[int, ...] = ()
    org_slugs: frozenset[str] = frozenset()
    """Empty: every org."""
    tier: str = "standard"
    pricing: PriceTable | None = None
    credit_multiplier: int | None = None
    failover: tuple[str, ...] = ()
    end_of_life_at: float | None = None
    """Unix seconds."""
    brownouts: tuple[Brownout, ...] = ()
    deprecated_at: float | None = None
    """Unix seconds at which the end of life was announced."""
    deprecation_message: str | None = None
    replacement_model_id: str | None = None
    redirect_on_end_of_life: bool = False
    is_recommended: bool = False
    system_prompt: SystemPrompt | None = None
    """None where nothing is put in front."""
    tags: tuple[str, ...] = ()
    region: str | None = None
    created_at: float = 0.0
    public: Mapping[str, object] = field(default_factory=dict)
    """The part of ``GET /v1/models`` that does not depend on the clock, ready to encode."""

    def lifecycle(self, now: float) -> Lifecycle:
        """The state at ``now`` (Unix seconds)."""
        if not self.enabled:
            return Lifecycle.DISABLED
        if self.end_of_life_at is None:
            return Lifecycle.ACTIVE
        return Lifecycle.END_OF_LIFE if now >= self.end_of_life_at else Lifecycle.DEPRECATED
