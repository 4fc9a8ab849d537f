"""The document of a system prompt: a composition of ordered particles, and the text they make."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from ...core.errors import FieldFault
from .faults import faults_of
from .fields import Shape, Time
from .model import MAX_PROMPT, LongText, OrgOwner, SystemOwner

MAX_PARTICLES = 100
MAX_KEPT = 200_000
"""Characters of all particles together, those that are switched off too."""
_BETWEEN = "\n\n"


class Particle(Shape):
    """One part of a system prompt, which can be switched off without being lost."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
    """What it is for, as role, tone or guardrails; free, and for people only."""
    text: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT)]
    enabled: bool = True


def compose(particles: Iterable[Particle]) -> str:
    """The text of the enabled particles, in their order, with a blank line between two."""
    return _BETWEEN.join(particle.text for particle in particles if particle.enabled)


def _within_bounds(particles: list[Particle]) -> list[Particle]:
    if len(compose(particles)) > MAX_PROMPT:
        raise ValueError(f"must make a text of at most {MAX_PROMPT} characters")
    if sum(len(particle.text) for particle in particles) > MAX_KEPT:
        raise ValueError(f"must have at most {MAX_KEPT} characters in all")
    return particles


def _printable(name: str) -> str:
    if not name.isprintable() or not name.strip():
        raise ValueError("must be readable text without control characters")
    return name


Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Particles = Annotated[
    list[Particle],
    Field(min_length=1, max_length=MAX_PARTICLES),
    AfterValidator(_within_bounds),
]


class PromptDocument(Shape):
    """A system prompt as stored."""

    prompt_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    name: Title
    description: LongText | None = None
    owner: Annotated[SystemOwner | OrgOwner, Field(discriminator="kind")]
    particles: Particles
    version: Annotated[int, Field(ge=1)]
    created_at: Time
    updated_at: Time
    created_by: str
    updated_by: str

    @property
    def text(self) -> str:
        """The composed text; empty when every particle is switched off."""
        return compose(self.particles)

    @property
    def org(self) -> str | None:
        """The slug of the org that it belongs to; None: it is the system's."""
        return self.owner.slug if isinstance(self.owner, OrgOwner) else None


def read_prompt(raw: Any) -> tuple[PromptDocument | None, tuple[FieldFault, ...]]:
    """A document with its types and bounds checked, or everything that is wrong with them."""
    try:
        return PromptDocument.model_validate(raw), ()
    except ValidationError as error:
        return None, faults_of(error)
