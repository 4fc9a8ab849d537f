"""The JSON of the native dialect's answers, and of model documents as clients send them.

Only for the document of the plane: nothing is checked with these at run time, and the tests hold
real answers against them.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from ..catalogue.documents.fields import BaseUrl, Time
from ..catalogue.documents.model import ModelDocument
from ..catalogue.documents.prompt import PromptDocument
from ..catalogue.prompt_writing import READ_ONLY as PROMPT_READ_ONLY
from ..catalogue.writing import READ_ONLY
from ..core.schedule import ScheduleState

Row = TypeVar("Row")
Lifecycle = Literal["active", "disabled", "deprecated", "end_of_life"]
Anything = dict[str, Any]


class Shown(BaseModel):
    """An answer; nothing else is in it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Listed(Shown, Generic[Row]):
    """One page of a list."""

    data: list[Row]
    next_cursor: str | None


# --- Models ---


class ConnectionShown(Shown):
    """A connection of a model's own, without its key."""

    protocol: Literal["openai", "azure", "anthropic", "gemini", "cohere"]
    base_url: str
    api_key_set: bool


class ConnectionSent(Shown):
    """The same as it is sent; a patch may leave out what stays."""

    protocol: Literal["openai", "azure", "anthropic", "gemini", "cohere"] | None = None
    base_url: BaseUrl | None = None
    api_key: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    api_key_set: bool | None = None


def _without(*names: str) -> dict[str, Any]:
    fields = ModelDocument.model_fields
    return {
        name: (one.rebuild_annotation(), one) for name, one in fields.items() if name not in names
    }


_OPEN = {"created_by": (str | None, None), "updated_by": (str | None, None)}
"""Not for everybody to see, and so not in every answer."""
ModelShown = create_model(
    "ModelShown",
    __config__=ConfigDict(extra="forbid", defer_build=True),
    **{
        **_without("connection"),
        **_OPEN,
        "connection": (ConnectionShown | None, None),
        "enabled": (bool, ...),
        "lifecycle_state": (Lifecycle, ...),
    },
)
_SENT = {**_without(*READ_ONLY), "connection": (ConnectionSent | None, None)}
ModelSent = create_model(
    "ModelSent", __config__=ConfigDict(extra="forbid", defer_build=True), **_SENT
)
_READ = dict.fromkeys(READ_ONLY, (Any, None))
"""What a patch may repeat as it is."""
ModelPatchSent = create_model(
    "ModelPatchSent",
    __config__=ConfigDict(extra="forbid", defer_build=True),
    **{**_SENT, **_READ, "model_id": (str | None, None)},
)


class ReplacedShown(Shown):
    """What a replacement of the set does."""

    created: list[str]
    updated: list[str]
    deleted: list[str]


class VersionShown(Shown):
    """One version of a model; ``document`` is null where it was deleted."""

    version: int
    at: Time
    actor: str
    deleted: bool
    document: ModelShown | None  # type: ignore[valid-type] # made above


class ScheduledShown(Shown):
    """A change to come."""

    id: str
    model_id: str
    effective_at: Time
    state: Literal[tuple(one.value for one in ScheduleState)]  # type: ignore[valid-type]
    patch: Anything
    created_at: Time
    created_by: str
    settled_at: Time | None
    code: str | None
    fields: list[dict[str, str]]


class PromptShown(PromptDocument):
    """A system prompt with its text."""

    model_config = ConfigDict(defer_build=True)

    composed_text: str


_PROMPT: dict[str, Any] = {
    name: (one.rebuild_annotation(), one)
    for name, one in PromptDocument.model_fields.items()
    if name not in PROMPT_READ_ONLY
}
_NEW: dict[str, Any] = {
    **_PROMPT,
    **dict.fromkeys(PROMPT_READ_ONLY, (None, None)),
    "owner": (_PROMPT["owner"][0], None),
}
PromptSent = create_model(
    "PromptSent", __config__=ConfigDict(extra="forbid", defer_build=True), **_NEW
)
_PATCHED: dict[str, Any] = {
    **{name: (one, None) for name, (one, _) in _PROMPT.items()},
    **dict.fromkeys(PROMPT_READ_ONLY, (Any, None)),
}
PromptPatchSent = create_model(
    "PromptPatchSent", __config__=ConfigDict(extra="forbid", defer_build=True), **_PATCHED
)


# --- Callers ---


class OrgShown(Shown):
    """An org."""

    slug: str
    plan: str
    name: str | None
    created_at: Time
    updated_at: Time


class KeyShown(Shown):
    """A key without its secret."""

    id: str
    org: str
    name: str | None
    enabled: bool
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    old_secret_good_until: Time | None


class KeyMade(KeyShown):
    """A key with its secret, which is shown this once."""

    key: str


class TokenShown(KeyShown):
    """A token without its secret."""

    user: str
    role: str


class TokenMade(TokenShown):
    """A token with its secret, which is shown this once."""

    token: str


# --- Reading ---


class ProviderShown(Shown):
    """A connection, its limits, and the models called through it."""

    name: str
    protocol: str
    base_url: str
    api_key_set: bool
    api_version: str | None
    headers: list[str]
    timeouts: dict[str, float]
    max_connections: int
    models: list[dict[str, str]]


class EventShown(Shown):
    """One write, done or refused."""

    id: str
    at: Time
    actor: str
    action: str
    target: str
    org: str | None
    request_id: str
    outcome: str
    before: Anything | None
    after: Anything | None
    changed: list[str]


class Counts(Shown):
    """Sums of requests and tokens; ``cost`` is null where nothing had a price."""

    requests: int
    failed: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    unpriced: int
    cost: float | None


class UsageRow(Counts):
    """The sums of one group; what was not grouped by is null."""

    org: str | None
    model: str | None
    key: str | None
    bucket: Time | None


class UsageShown(Shown):
    """Sums by group and in total."""

    data: list[UsageRow]
    totals: Counts
