"""What names a model, an org or a system prompt, so that none is taken away under its users."""

from collections.abc import Iterable

from ..core.errors import FieldFault
from ..core.history import Document, StoredCatalogue, StoredModel


def references_to(stored: StoredCatalogue, model_id: str) -> list[FieldFault]:
    """Every place where another model names this one; the path is the other model's id."""
    return [
        FieldFault(other.model_id, f"names it as its {use}")
        for other in stored.models
        if other.model_id != model_id
        for use in _uses_of_model(other.document, model_id)
    ]


def references_to_org(stored: StoredCatalogue, slug: str) -> list[FieldFault]:
    """Every model and prompt that is kept for this org or is its own; the path is its id."""
    models = ((model.model_id, model.document) for model in stored.models)
    prompts = ((prompt.prompt_id, prompt.document) for prompt in stored.prompts)
    return [
        FieldFault(name, message)
        for name, document in (*models, *prompts)
        for message in _uses_of_org(document, slug)
    ]


def models_with_prompt(stored: StoredCatalogue, prompt_id: str) -> list[StoredModel]:
    """Every model that names this system prompt, those with an override of their own too."""
    return [one for one in stored.models if one.document.get("system_prompt_id") == prompt_id]


def _uses_of_model(document: Document, model_id: str) -> Iterable[str]:
    failover = document.get("failover") or ()
    if model_id in ([failover] if isinstance(failover, str) else failover):
        yield "failover"
    if document.get("parent_model_id") == model_id:
        yield "parent_model_id"
    if document.get("replacement_model_id") == model_id:
        yield "replacement_model_id"


def _uses_of_org(document: Document, slug: str) -> Iterable[str]:
    if slug in (document.get("org_slugs") or ()):
        yield "names it in org_slugs"
    if (document.get("owner") or {}).get("slug") == slug:
        yield "belongs to it"
