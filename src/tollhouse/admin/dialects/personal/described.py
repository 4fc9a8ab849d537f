"""The JSON of this dialect's answers and bodies, for the document of the plane."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ....catalogue.documents.fields import Name, Time
from .documents import PersonalForm


class PersonalShown(BaseModel):
    """A personal model as the one who asks sees it; the key is in no field of it."""

    model_config = ConfigDict(extra="forbid", defer_build=True, protected_namespaces=())

    id: int
    model_id: str
    category: str
    model_provider: str
    model_name: str
    base_url: str | None
    temperature: float | None
    dimension: int | None
    abilities: list[str] | None
    description: str | None
    created_at: Time
    updated_at: Time
    is_active: bool
    is_owner: bool
    can_edit: bool
    can_delete: bool
    is_shared: bool


class PersonalNew(PersonalForm):
    """The body of POST."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    model_id: Name
    category: Annotated[str, Field(min_length=1, max_length=64)]
    model_provider: Annotated[str, Field(min_length=1, max_length=64)]
    model_name: Annotated[str, Field(min_length=1, max_length=128)]


class PersonalPut(PersonalForm):
    """The body of PUT, which may repeat what only the gateway sets."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    id: int | None = None
    model_id: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    is_owner: bool | None = None
    can_edit: bool | None = None
    can_delete: bool | None = None
    is_shared: bool | None = None
