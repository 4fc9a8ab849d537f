"""The model document as stored, and reading one with every fault named."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError

from ...core.errors import FieldFault
from .faults import faults_of
from .fields import Key, Name, Once, Shape, Share, Slug, Time
from .pricing import Pricing
from .provider_config import Connection, ProviderConfig

MAX_PROMPT = 50_000
"""Characters of a system prompt, composed or given in full."""
Dimension = Annotated[int, Field(ge=1, le=1_000_000)]
TypeName = Literal[
    "completion",
    "embeddings",
    "image_generation",
    "speech",
    "transcription",
    "rerank",
    "moderation",
]
Text = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=4000)]


class Display(Shape):
    """How people see a model."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    label: Text | None = None
    brand: Text | None = None
    description: LongText | None = None
    hidden: bool = False


class Limits(Shape):
    """Bounds the provider sets, in tokens."""

    context_window: Annotated[int, Field(ge=1, le=2_000_000)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=200_000)] | None = None


class SystemOwner(Shape):
    """Nobody's in particular: the gateway's."""

    kind: Literal["system"] = "system"


class OrgOwner(Shape):
    """An org's."""

    kind: Literal["org"]
    slug: Slug


class UserOwner(Shape):
    """A user's; ``slug`` is the org it may be shared with."""

    kind: Literal["user"]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    slug: Slug | None = None
    shared: bool = False


class Brownout(Shape):
    """A window before the end of life in which a share of the requests is refused."""

    start: Time
    end: Time
    share: Share


Owner = Annotated[SystemOwner | OrgOwner | UserOwner, Field(discriminator="kind")]


def _one_or_many(value: Any) -> str:
    return "<many>" if isinstance(value, list) else "<one>"


Failover = Annotated[
    Annotated[Name, Tag("<one>")]
    | Annotated[list[Name], Field(max_length=32), Once, Tag("<many>")],
    Discriminator(_one_or_many),
]


class ModelDocument(Shape):
    """One document of the catalogue (contract section 5), in its stored form."""

    model_id: Name
    uid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    type: TypeName | None = None
    aliases: Annotated[list[Name], Field(max_length=100), Once] | None = None
    owner: Owner | None = None
    parent_model_id: Name | None = None
    enabled: bool | None = None
    """The default is true."""
    display: Display | None = None
    provider: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    upstream_model: Name | None = None
    connection: Connection | None = None
    provider_config: ProviderConfig | None = None
    capabilities: dict[Key, bool] | None = None
    limits: Limits | None = None
    dimensions: Dimension | None = None
    supported_dimensions: Annotated[list[Dimension], Field(max_length=64), Once] | None = None
    failover: Failover | None = None
    org_slugs: Annotated[list[Slug], Field(max_length=10_000), Once] | None = None
    tier: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    pricing: Pricing | None = None
    credit_multiplier: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    end_of_life_at: Time | None = None
    brownouts: Annotated[list[Brownout], Field(max_length=100)] | None = None
    """In their order, the last one over by the end of life."""
    deprecation_message: LongText | None = None
    replacement_model_id: Name | None = None
    deprecated_at: Time | None = None
    is_recommended: bool | None = None
    system_prompt_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    system_prompt: Annotated[str, Field(max_length=MAX_PROMPT)] | None = None
    region: Annotated[str, Field(max_length=64)] | None = None
    tags: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=100), Once
        ]
        | None
    ) = None
    metrics: dict[str, Any] | None = None
    metadata: Any = None
    """Whatever its owner keeps with it."""
    version: Annotated[int, Field(ge=1)]
    created_at: Time
    updated_at: Time
    created_by: str
    updated_by: str
    source: Literal["seed", "api", "import"]

    @property
    def failovers(self) -> tuple[str, ...]:
        """``failover`` as a list, whichever way it is written."""
        if self.failover is None:
            return ()
        return (self.failover,) if isinstance(self.failover, str) else tuple(self.failover)


def read_document(raw: Any) -> tuple[ModelDocument | None, tuple[FieldFault, ...]]:
    """A document with its types and bounds checked, or everything that is wrong with them."""
    try:
        return ModelDocument.model_validate(raw), ()
    except ValidationError as error:
        return None, faults_of(error)
