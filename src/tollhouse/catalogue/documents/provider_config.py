"""The ``provider_config`` and ``connection`` blocks: how a model's provider is called."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from .fields import BaseUrl, Headers, Segment, Shape

MAX_SECONDS = 86_400

APIS = {
    "openai": frozenset({"auto", "chat", "responses"}),
    "azure": frozenset({"auto", "chat", "responses"}),
    "bedrock": frozenset({"auto", "converse", "invoke"}),
}
"""The interfaces that can be chosen between, where a protocol has several."""
TYPES = {
    "anthropic": frozenset({"completion"}),
    "bedrock": frozenset({"completion", "embeddings"}),
    "gemini": frozenset({"completion", "embeddings"}),
    "vertex": frozenset({"completion", "embeddings"}),
    "cohere": frozenset({"embeddings", "rerank"}),
}
"""The types of model that can be called by a protocol; those of OpenAI's can be of any."""
AZURE_ONLY = ("deployment", "api_version")
"""Fields that only an ``azure`` provider has a place for."""
INHERITED_ONLY = ("deployment", "api_version", "region", "headers", "api")
"""Fields that say what is called: those of a system model hold for the models that hang off it."""
_OWN_PARAMS = ("model", "stream", "stream_options")


def _seconds(value: float) -> float:
    if not 0 < value <= MAX_SECONDS:
        raise ValueError(f"must be above 0 and at most {MAX_SECONDS} seconds; null inherits")
    return int(value) if value.is_integer() else value


Seconds = Annotated[float, AfterValidator(_seconds)]


class TimeLimits(Shape):
    """Seconds; null inherits the provider's."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    idle: Seconds | None = None
    total: Seconds | None = None


def _params(params: dict[str, Any]) -> dict[str, Any]:
    taken = [name for name in _OWN_PARAMS if name in params]
    if taken:
        raise ValueError(f"must not hold {', '.join(taken)}: the gateway sets it")
    return params


class ProviderConfig(Shape):
    """What one model changes about the calls to its provider."""

    timeouts: TimeLimits | None = None
    retries: Annotated[int, Field(ge=0, le=10)] | None = None
    max_parallel: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    headers: Headers | None = None
    params: Annotated[dict[str, Any], AfterValidator(_params)] | None = None
    """Defaults merged under a request's own fields."""
    deployment: Segment | None = None
    api_version: Segment | None = None
    region: Segment | None = None
    api: Literal["auto", "chat", "responses", "converse", "invoke"] | None = None
    """Which of a provider's interfaces is used; null is the provider's own setting."""
    unsupported_params: Literal["refuse", "drop"] | None = None
    """What becomes of tuning knobs that the provider lacks; the default is refuse."""
    stream_usage: bool | None = None
    """Ask for usage on streams; the default is true."""
    on_end_of_life: Literal["refuse", "redirect"] | None = None


class Connection(Shape):
    """A connection of the model's own, in place of a configured provider, as stored."""

    protocol: Literal["openai", "azure", "anthropic", "gemini", "cohere"]
    base_url: BaseUrl
    api_key_sealed: str | None = None
    """The key, encrypted; no client sees it or sends it."""
