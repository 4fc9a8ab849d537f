"""Documents, environments and catalogues that the tests of this room begin with."""

from collections.abc import Sequence
from typing import Any

import pytest

from tollhouse.catalogue.compile import CatalogueInvalid, Compiler, Environment
from tollhouse.catalogue.prompt_writing import new_prompt
from tollhouse.catalogue.writing import new_document
from tollhouse.core.errors import CallerError
from tollhouse.core.history import Document, StoredCatalogue, StoredModel, StoredPrompt
from tollhouse.core.model import Provider
from tollhouse.core.snapshot import Snapshot

NOW = 1_760_000_000.0
UID = "550e8400-e29b-41d4-a716-446655440000"
TIERS = {
    "standard": frozenset({"free", "pro", "enterprise"}),
    "premium": frozenset({"pro", "enterprise"}),
}
OPENAI = Provider("openai", "openai", "https://api.example.com/v1")
AZURE = Provider("azure", "azure", "https://res.example.com", api_version="2024-10-21")
KEYED = {"protocol": "openai", "base_url": "https://host.example/v1", "api_key": "sk-1"}
"""A connection of a model's own."""


def body(model_id: str = "a/model", **fields: Any) -> Document:
    """What a client sends to create a model; a field given as None is left out."""
    full = {"model_id": model_id, "type": "completion", "provider": "openai", **fields}
    return {name: value for name, value in full.items() if value is not None}


def child(model_id: str, parent: str, **fields: Any) -> Document:
    """What a client sends to create an org's model."""
    owner = {"kind": "org", "slug": "acme"}
    return {"model_id": model_id, "parent_model_id": parent, "owner": owner, **fields}


def seal(key: str) -> str:
    """A stand-in for encryption that shows whether it was undone."""
    return f"sealed:{key[::-1]}"


def unseal(sealed: str) -> str:
    """The inverse; ``ValueError`` for what another key has sealed."""
    if not sealed.startswith("sealed:"):
        raise ValueError("sealed with another key")
    return sealed.removeprefix("sealed:")[::-1]


def made(sent: Document) -> Document:
    """The stored document of a body."""
    return new_document(sent, uid=UID, now=NOW, actor="user:ada", source="api", seal=seal)


def prompt(*texts: str, number: int = 1, **fields: Any) -> StoredPrompt:
    """A stored system prompt of particles with these texts; its id ends in ``number``."""
    sent = {
        "name": f"Prompt {number}",
        "particles": [{"kind": "role", "text": text} for text in texts or ("Be kind.",)],
        **fields,
    }
    prompt_id = f"{UID[:-4]}{number:04}"
    document = new_prompt(sent, prompt_id=prompt_id, now=NOW, actor="user:ada")
    return StoredPrompt(prompt_id, 1, document)


def environment(**changes: Any) -> Environment:
    """Two providers and the two tiers."""
    fields: dict[str, Any] = {
        "providers": {"openai": OPENAI, "azure": AZURE},
        "tiers": TIERS,
        "unseal": unseal,
    }
    return Environment(**{**fields, **changes})


def stored(
    *documents: Document, version: int = 1, prompts: Sequence[StoredPrompt] = ()
) -> StoredCatalogue:
    """A catalogue of documents, each at the version it holds."""
    models = [StoredModel(one["model_id"], one["version"], one) for one in documents]
    return StoredCatalogue(version, models, prompts)


def compiled(*bodies: Document, prompts: Sequence[StoredPrompt] = (), **changes: Any) -> Snapshot:
    """The snapshot of models created from bodies."""
    return Compiler(environment(**changes)).compile(stored(*map(made, bodies), prompts=prompts))


def broken(*bodies: Document, **changes: Any) -> dict[tuple[str, str], str]:
    """What is wrong with models created from bodies: id and path to message."""
    with pytest.raises(CatalogueInvalid) as caught:
        compiled(*bodies, **changes)
    return {(one.model_id, one.path): one.message for one in caught.value.faults}


def faults_of(error: CallerError) -> dict[str, str]:
    """Path to message."""
    return {fault.path: fault.message for fault in error.fields}
