"""The catalogue at one version: immutable, and held by a request from its start to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .model import Model

Spelling = tuple[str, str]
"""A name as it might be meant (lower case; whole, or its last segment), and the name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All models by id, with what resolves to them. Swapped whole, never edited."""

    version: int
    models: Mapping[str, Model]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Alias to ``model_id``."""
    tiers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Tier to the plans that have it."""
    hide_denied: bool = False
    spellings: tuple[Spelling, ...] = ()
    """Sorted; ids and aliases close to a mistyped one are neighbours in here."""

    def find(self, name: str) -> Model | None:
        """The model that an id or alias names, compared exactly."""
        model = self.models.get(name)
        if model is None:
            target = self.aliases.get(name)
            model = self.models.get(target) if target is not None else None
        return model
