"""The bodies of this dialect: fields in camelCase, with the documented bounds.

What the documents of the API leave open is settled so. To create a model takes ``parentModelId``
and ``displayName``; everything else has a default, and the parent's value is the default where
there is one, the context window too: a fixed one would cut what the parent offers without anybody
having asked. A null stands for the default, in a create as in a patch, so a patch takes back with
it what was set before. There is no default for the parent: a patch with a null for it is refused.
The parent is named by its ``id`` or, where that is short enough, by the id it is called by.
"""

import unicodedata
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ....catalogue.documents.model import MAX_PROMPT
from ...forms import Form

MAX_METADATA = 16 * 1024
"""Bytes of ``metadata`` as JSON."""


def _plain_text(name: str) -> str:
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise ValueError("must hold no control characters")
    return name


def _small(metadata: Any) -> Any:
    if len(msgspec.json.encode(metadata)) > MAX_METADATA:
        raise ValueError(f"must have at most {MAX_METADATA} bytes as JSON")
    return metadata


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain_text)]
Window = Annotated[int, Field(ge=1, le=2_000_000)]
Output = Annotated[int, Field(ge=1, le=200_000)]
Parent = Annotated[str, Field(min_length=1, max_length=36)]
Metadata = Annotated[Any, AfterValidator(_small)]
Prompt = Annotated[str, Field(max_length=MAX_PROMPT)]


class _Settings(Form):
    """What can be given when a model is created, and changed later."""

    model_config = ConfigDict(alias_generator=to_camel)

    context_window: Window | None = None
    max_tokens_per_request: Output | None = None
    supports_streaming: bool | None = None
    enabled: bool | None = None
    metadata: Metadata = None
    system_prompt_id: str | None = None
    system_prompt: Prompt | None = None


class NewModel(_Settings):
    """``POST /v1/models``."""

    parent_model_id: Parent
    display_name: Name


class ModelPatch(_Settings):
    """``PATCH /v1/models/{model_id}``."""

    parent_model_id: Parent = ""
    """A default stands here for what is not sent, and is never read."""
    display_name: Name | None = None
