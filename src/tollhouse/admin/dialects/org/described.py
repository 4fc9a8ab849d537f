"""The JSON of this dialect's answers, for the document of the plane."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ....catalogue.documents.fields import Time
from ....catalogue.documents.prompt import Particle

Row = TypeVar("Row")


class Shown(BaseModel):
    """An answer; nothing else is in it."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, defer_build=True)


class OrgModelShown(Shown):
    """A model as an org sees it."""

    id: str
    api_id: Annotated[str, Field(alias="modelId")]
    display_name: str
    description: str | None
    provider: str | None
    upstream_name: Annotated[str | None, Field(alias="modelName")]
    context_window: int
    max_tokens_per_request: int | None
    supports_streaming: bool
    supports_tools: bool
    supports_vision: bool
    supports_reasoning: bool
    enabled: bool
    is_system_model: bool
    is_recommended: bool
    credit_multiplier: int | None
    tier: Annotated[str, Field(alias="modelTier")]
    lifecycle_state: Literal["active", "disabled", "deprecated", "end_of_life"]
    end_of_life_at: Time | None
    deprecation_message: str | None
    replacement_model_id: str | None
    metadata: Any
    system_prompt_id: str | None
    system_prompt: str | None
    parent_model_id: str | None
    created_at: Time
    updated_at: Time


class OrgPromptShown(Shown):
    """A system prompt as an org sees it."""

    id: str
    name: str
    description: str | None
    is_system_prompt: bool
    particles: list[Particle]
    composed_text: str
    created_at: Time
    updated_at: Time


class OrgListed(Shown, Generic[Row]):
    """One page of a list; the rows are there twice, under both names that clients look for."""

    data: list[Row]
    items: list[Row]
    has_more: bool
    next_cursor: str | None
