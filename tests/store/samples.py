"""Small things to put into a store."""

from typing import Any

from tollhouse.core.history import AuditEvent, CatalogueChange, StoredModel
from tollhouse.core.record import Attempt, Outcome, Record
from tollhouse.core.tenants import Credential, Org
from tollhouse.core.usage import Usage

NINE = 1_732_093_200
"""Nine o'clock on a November morning, in Unix seconds."""


def event(number: int = 1, **fields: Any) -> AuditEvent:
    """An audit event; later numbers are later."""
    known: dict[str, Any] = {
        "id": f"event-{number:06}",
        "at": NINE + number * 0.25,
        "actor": "user_token:ada",
        "action": "model.updated",
        "target": "openai/gpt-4o",
        "org": None,
        "request_id": f"request-{number}",
        "before": {"enabled": True},
        "after": {"enabled": False},
        "changed": ("enabled",),
    }
    return AuditEvent(**{**known, **fields})


def change(
    version: int, *models: str, delete: tuple[str, ...] = (), **fields: Any
) -> CatalogueChange:
    """A change of a catalogue at ``version`` that puts ``models`` in their first version."""
    return CatalogueChange(
        expected_version=version,
        put=[StoredModel(name, 1, {"model_id": name, **fields}) for name in models],
        delete=delete,
        at=NINE + version,
        actor="user_token:ada",
    )


def credential(number: int = 1, **fields: Any) -> Credential:
    """An org key of ``acme``."""
    known: dict[str, Any] = {
        "id": f"key-{number:04}",
        "kind": "org_key",
        "org": "acme",
        "digest": f"digest-{number}",
        "name": "backend",
        "created_at": float(NINE),
    }
    return Credential(**{**known, **fields})


ACME = Org(slug="acme", plan="pro", name="Acme", created_at=NINE, updated_at=NINE + 0.5)


def record(number: int = 1, **fields: Any) -> Record:
    """A request that ended well; later numbers are a millisecond later."""
    started = NINE * 1_000_000 + number * 1_000
    known: dict[str, Any] = {
        "id": f"record-{number:08}",
        "request_id": f"request-{number}",
        "started_at": started,
        "ended_at": started + 250_000,
        "org": "acme",
        "key_id": "key-0001",
        "endpoint": "chat",
        "requested_model": "smart",
        "model": "openai/gpt-4o",
        "served_model": "openai/gpt-4o",
        "provider": "openai",
        "attempts": [Attempt("openai/gpt-4o", "openai", "ok", 240, status=200)],
        "status": Outcome.OK,
        "http_status": 200,
        "usage": Usage(
            input_tokens=100, cached_input_tokens=40, output_tokens=20, reasoning_tokens=5
        ),
        "cost": 123_456,
    }
    return Record(**{**known, **fields})
