"""Documents as the store keeps them, their versions, and the trail of who changed what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .schedule import Scheduled

Document = dict[str, Any]
"""A document in its native JSON form: a model's (contract section 5) or a system prompt's."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model document as kept, with its place in history."""

    model_id: str
    version: int
    document: Document


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """A system prompt's document as kept."""

    prompt_id: str
    version: int
    document: Document


@dataclass(frozen=True, slots=True)
class StoredCatalogue:
    """All documents at one catalogue version."""

    version: int
    models: Sequence[StoredModel]
    prompts: Sequence[StoredPrompt] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One entry of a model's history; ``document`` is None for a deletion."""

    model_id: str
    version: int
    document: Document | None
    at: float
    actor: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One write, done or refused. ``before`` and ``after`` never hold a secret."""

    id: str
    at: float
    actor: str
    action: str
    target: str
    org: str | None
    """Whose affair it is: the org that the target belongs to. Where a write is refused before that
    is known, the org of who tried; None: the system's."""
    request_id: str
    outcome: str = "ok"
    """``ok`` or the code of the refusal."""
    before: Document | None = None
    after: Document | None = None
    changed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """What is known of a request that may be sent again: by its ``Idempotency-Key``, in an org."""

    key: str
    fingerprint: str
    """Of what was asked: another one under the same key is another request."""
    at: float
    """When its turn began, in Unix seconds; names the turn too, since two never begin at once."""
    answer: str | None = None
    """None: it is still under way, or was given up."""


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """One committed write: documents to put (by id), ids to delete, and the events that say so."""

    expected_version: int
    """The catalogue version it was computed from; another one raises ``StaleVersion``."""
    put: Sequence[StoredModel] = ()
    delete: Sequence[str] = ()
    put_prompts: Sequence[StoredPrompt] = ()
    delete_prompts: Sequence[str] = ()
    events: Sequence[AuditEvent] = ()
    at: float = 0.0
    actor: str = ""
    answered: Repeat | None = None
    """The turn of a repeatable request with its answer, kept together with what it did."""
    settles: Scheduled | None = None
    """The scheduled change that it is, as it stands from then on."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What other workers watch: each number grows with every write of its kind."""

    catalogue: int = 0
    callers: int = 0
