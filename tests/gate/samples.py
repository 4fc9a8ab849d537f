"""Models, callers and snapshots that the tests of the gate begin with."""

from typing import Any

from tollhouse.catalogue.compile import spellings
from tollhouse.core.caller import Caller, CredentialKind
from tollhouse.core.model import Model, Owner, OwnerKind, Provider, Target, Timeouts
from tollhouse.core.needs import CapabilityNeed, Endpoint, ModelType, Needs
from tollhouse.core.snapshot import Snapshot

NOW = 1_760_000_000.0
TIERS = {
    "standard": frozenset({"free", "pro", "enterprise"}),
    "premium": frozenset({"pro", "enterprise"}),
    "closed": frozenset[str](),
}
TARGET = Target(Provider("p", "openai", "https://h.example"), "up", Timeouts())
ACME = Owner(OwnerKind.ORG, slug="acme")
ADA = Owner(OwnerKind.USER, id="ada", slug="acme")
ADA_SHARED = Owner(OwnerKind.USER, id="ada", slug="acme", shared=True)
OTHERS = frozenset({"other"})
"""Orgs that the caller is not of."""
CHAT = Needs(endpoint=Endpoint.CHAT)


def model(model_id: str = "a/model", **fields: Any) -> Model:
    """A completion model that everybody may use."""
    return Model(**{"model_id": model_id, "type": ModelType.COMPLETION, "target": TARGET, **fields})


def caller(org: str | None = "acme", plan: str | None = "pro", **fields: Any) -> Caller:
    """The key of an org."""
    return Caller(
        **{"kind": CredentialKind.ORG_KEY, "credential_id": "k", **fields}, org=org, plan=plan
    )


def snapshot(*models: Model, hide_denied: bool = False) -> Snapshot:
    """A catalogue of these models."""
    aliases = {alias: one.model_id for one in models for alias in one.aliases}
    ids = {one.model_id: one for one in models}
    return Snapshot(
        version=1,
        models=ids,
        aliases=aliases,
        tiers=TIERS,
        hide_denied=hide_denied,
        spellings=spellings([*ids, *aliases]),
    )


def needing(*pairs: tuple[str, str], **fields: Any) -> Needs:
    """A chat request that needs capabilities, each asked for by a field of the body."""
    return Needs(
        endpoint=Endpoint.CHAT,
        capabilities=tuple(CapabilityNeed(name, param) for name, param in pairs),
        **fields,
    )
