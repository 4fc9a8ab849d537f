"""The bodies of admin requests other than model documents: their fields, checked all at once.

A merge patch (RFC 7396) is a form of which only what was ``sent`` counts, null included: the
defaults of its fields are never read.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError

from ..catalogue.documents.faults import faults_of
from ..catalogue.documents.fields import Shape, Time
from ..core.errors import invalid_fields

MAX_OVERLAP = 30 * 86_400
MAX_MODELS = 500


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must hold no control characters")
    return text


Plan = Literal["free", "pro", "enterprise"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
EndpointName = Literal[
    "chat",
    "completions",
    "responses",
    "embeddings",
    "images_generations",
    "images_edits",
    "images_variations",
    "speech",
    "transcriptions",
    "translations",
    "rerank",
    "moderations",
]


class Form(Shape):
    """A body; unknown fields are refused."""

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """The form of a body; 422 with every fault, none of them quoting a value."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise invalid_fields(faults_of(error)) from None

    def sent(self) -> dict[str, Any]:
        """What the body named, with its values."""
        return self.model_dump(exclude_unset=True)


class NewOrg(Form):
    """POST /admin/v1/orgs."""

    slug: Slug
    plan: Plan
    name: Text | None = None


class OrgPatch(Form):
    """PATCH /admin/v1/orgs/{slug}."""

    slug: str = ""
    plan: Plan = "free"
    name: Text | None = None


class NewKey(Form):
    """POST /admin/v1/keys."""

    org: str | None = None
    """The caller's own org where it has one."""
    name: Text | None = None
    expires_at: Time | None = None


class KeyPatch(Form):
    """PATCH /admin/v1/keys/{id}."""

    enabled: bool = True
    name: Text | None = None
    expires_at: Time | None = None


class Rotation(Form):
    """POST /admin/v1/keys/{id}/rotate."""

    overlap: Annotated[int, Field(ge=0, le=MAX_OVERLAP)] = 0
    """Seconds for which the old secret stays good."""


class NewToken(Form):
    """POST /admin/v1/tokens."""

    user: Text
    org: str | None = None
    role: Literal["system_admin", "org_admin", "member", "viewer"]
    name: Text | None = None
    expires_at: Time | None = None


class Rollback(Form):
    """POST /admin/v1/models/{model_id}/rollback."""

    version: Annotated[int, Field(ge=1, lt=2**63)]


class LaterPatch(Form):
    """POST /admin/v1/models/{model_id}/schedule."""

    effective_at: Time
    patch: dict[str, Any]


class ModelSet(Form):
    """PUT /v1/models."""

    models: Annotated[list[dict[str, Any]], Field(max_length=MAX_MODELS)]


class Explanation(Form):
    """POST /admin/v1/explain."""

    model: Annotated[str, Field(min_length=1, max_length=128)]
    org: str | None = None
    key: str | None = None
    endpoint: EndpointName = "chat"
    needs: Annotated[list[Text], Field(max_length=32)] = Field(default_factory=list)
    max_tokens: Annotated[int, Field(ge=1, lt=2**63)] | None = None
