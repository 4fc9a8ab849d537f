"""A model as this dialect shows it: every documented field, in every answer.

What is inherited is shown as it is in force now. Of an org's model ``provider`` and ``modelName``
are null, as documented; of a system model nothing is shown that is for those who run the gateway:
its metadata, its prompts.
"""

from typing import Any, Literal, TypedDict

from ....core.history import Document
from ....core.model import Lifecycle, Model, OwnerKind
from ...times import write_time_or_none
from .directory import Directory, Entry

WIDEST = 2_000_000
"""Tokens. What a model without a known window is shown with: nothing is refused for its size, and
this is the most that a model under it can be given."""
_ENDING = frozenset({Lifecycle.DEPRECATED, Lifecycle.END_OF_LIFE})


class OrgModel(TypedDict):
    """The answer for one model."""

    id: str
    modelId: str
    """The id by which applications call it."""
    displayName: str
    description: str | None
    provider: str | None
    modelName: str | None
    contextWindow: int
    maxTokensPerRequest: int | None
    supportsStreaming: bool
    supportsTools: bool
    supportsVision: bool
    supportsReasoning: bool
    enabled: bool
    """Its own switch; ``lifecycleState`` tells of its parent's too."""
    isSystemModel: bool
    isRecommended: bool
    creditMultiplier: int | None
    modelTier: str
    lifecycleState: Literal["active", "disabled", "deprecated", "end_of_life"]
    endOfLifeAt: str | None
    deprecationMessage: str | None
    replacementModelId: str | None
    metadata: Any
    parentModelId: str | None
    systemPromptId: str | None
    systemPrompt: str | None
    createdAt: str
    updatedAt: str


class OrgModelList(TypedDict):
    """The answer for a page of models; ``items`` are the same as ``data``."""

    data: list[OrgModel]
    items: list[OrgModel]
    hasMore: bool
    nextCursor: str | None


def show(entry: Entry, directory: Directory, org: str, now: float) -> OrgModel:
    """The answer for one model, at ``now`` (Unix seconds), to a caller of ``org``."""
    model, document = entry.model, entry.document
    is_system = model.owner.kind is OwnerKind.SYSTEM
    own: Document = {} if is_system else document
    above: Document = document if is_system else {}
    parent = directory.parent_of(entry)
    replacement = directory.named(model.replacement_model_id, org)
    state = model.lifecycle(now)
    metadata = own.get("metadata")
    return OrgModel(
        id=entry.uid,
        modelId=model.model_id,
        displayName=display_name(entry, parent),
        description=description(entry, parent),
        provider=above.get("provider"),
        modelName=model.target.upstream_model if is_system else None,
        contextWindow=model.limits.context_window or WIDEST,
        maxTokensPerRequest=model.limits.max_tokens,
        supportsStreaming=streams(model),
        supportsTools=can(model, "tools"),
        supportsVision=can(model, "vision"),
        supportsReasoning=can(model, "reasoning"),
        enabled=document.get("enabled") is not False,
        isSystemModel=is_system,
        isRecommended=model.is_recommended,
        creditMultiplier=model.credit_multiplier,
        modelTier=model.tier,
        lifecycleState=state.value,
        endOfLifeAt=write_time_or_none(model.end_of_life_at),
        deprecationMessage=model.deprecation_message if state in _ENDING else None,
        replacementModelId=None if replacement is None else replacement.uid,
        metadata={} if metadata is None else metadata,
        parentModelId=None if parent is None else parent.uid,
        systemPromptId=own.get("system_prompt_id"),
        systemPrompt=own.get("system_prompt"),
        createdAt=document["created_at"],
        updatedAt=document["updated_at"],
    )


def display_name(entry: Entry, parent: Entry | None) -> str:
    """The model's name, its parent's where it has none, or the id it is called by."""
    above = parent.model.display.name if parent is not None else None
    return entry.model.display.name or above or entry.model.model_id


def description(entry: Entry, parent: Entry | None) -> str | None:
    """What is said of the model, or else of its parent."""
    above = parent.model.display.description if parent is not None else None
    return entry.model.display.description or above


def streams(model: Model) -> bool:
    """Whether a stream is let through: what is not known is allowed, as at the gate."""
    return model.capabilities.get("streaming") is not False


def can(model: Model, capability: str) -> bool:
    """Whether the model is known to have a capability."""
    return model.capabilities.get(capability, False)
