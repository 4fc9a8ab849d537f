"""A document becomes a model: its defaults, its fields, its connection, its entry in the list."""

import pytest

from catalogue.samples import (
    KEYED,
    NOW,
    OPENAI,
    body,
    broken,
    compiled,
    environment,
    made,
    prompt,
    stored,
)
from tollhouse.catalogue.compile import CatalogueInvalid, Compiler
from tollhouse.core.model import Limits, Owner, OwnerKind, SystemPrompt, Timeouts
from tollhouse.core.needs import ModelType


def test_minimal_document_compiles_with_the_stated_defaults() -> None:
    """What a document leaves out has the default that the contract states."""
    model = compiled(body("a/b:c@d+e")).models["a/b:c@d+e"]
    assert model.type is ModelType.COMPLETION
    assert model.enabled
    assert model.tier == "standard"
    assert model.owner == Owner()
    assert model.org_slugs == frozenset()
    assert model.pricing is None
    assert model.failover == ()
    assert model.created_at == NOW
    assert model.target.provider is OPENAI
    assert model.target.upstream_model == "a/b:c@d+e"
    assert model.target.timeouts == Timeouts()
    assert model.target.stream_usage


def test_full_document_compiles_field_by_field() -> None:
    """Every field of a document arrives in the model."""
    snapshot = compiled(
        body("other"),
        body(
            aliases=["fast"],
            owner={"kind": "user", "id": "u1", "slug": "acme", "shared": True},
            enabled=False,
            display={"name": "N", "brand": "B", "hidden": True},
            upstream_model="up",
            capabilities={"vision": False},
            limits={"context_window": 10, "max_tokens": 5},
            failover=["other"],
            region="eu",
            tags=["t"],
            org_slugs=["acme"],
            tier="premium",
            end_of_life_at="2030-01-01T00:00:00Z",
            deprecation_message="m",
            replacement_model_id="other",
            is_recommended=True,
            system_prompt="p",
            provider_config={
                "timeouts": {"connect": 1, "idle": None},
                "retries": 3,
                "max_parallel": 7,
                "headers": {"X-A": "1"},
                "params": {"temperature": 0.7, "stop": ["é"]},
                "stream_usage": False,
                "on_end_of_life": "redirect",
            },
        ),
    )
    model = snapshot.models["a/model"]
    assert model.aliases == ("fast",)
    assert model.owner == Owner(OwnerKind.USER, slug="acme", id="u1", shared=True)
    assert (model.enabled, model.tier, model.region, model.tags) == (False, "premium", "eu", ("t",))
    assert (model.display.name, model.display.hidden) == ("N", True)
    assert model.capabilities == {"vision": False}
    assert model.limits == Limits(10, 5)
    assert model.org_slugs == {"acme"}
    assert model.end_of_life_at == 1_893_456_000
    assert model.deprecated_at == NOW
    assert (model.deprecation_message, model.replacement_model_id) == ("m", "other")
    assert (model.redirect_on_end_of_life, model.is_recommended) == (True, True)
    assert model.system_prompt == SystemPrompt.of("p")
    target = model.target
    assert target.timeouts == Timeouts(connect=1)
    assert (target.retries, target.max_parallel, target.stream_usage) == (3, 7, False)
    assert target.headers == (("X-A", "1"),)
    assert target.params == {"temperature": b"0.7", "stop": '["é"]'.encode()}
    assert snapshot.find("fast") is model


def test_listing_entry_has_openai_shape_and_no_secret() -> None:
    """The entry of ``GET /v1/models`` names the model, its owner and its price, no credential."""
    own = compiled(body("b", provider=None, connection=KEYED, upstream_model="hidden-name"))
    entry = own.models["b"].public
    assert entry == {
        "id": "b",
        "object": "model",
        "created": int(NOW),
        "owned_by": "tollhouse",
        "type": "completion",
        "capabilities": {},
        "limits": {},
        "pricing": None,
        "tier": "standard",
        "display": {},
    }
    assert compiled(body("b")).models["b"].public["owned_by"] == "openai"
    branded = compiled(body("b", display={"brand": "Acme"})).models["b"].public
    assert branded["owned_by"] == "Acme"


def test_connection_of_its_own_becomes_a_provider() -> None:
    """A model with a connection is called there, with its key opened and kept out of sight."""
    model = compiled(body(provider=None, connection=KEYED), transport="fast").models["a/model"]
    provider = model.target.provider
    assert (provider.name, provider.protocol) == ("connection:a/model", "openai")
    assert (provider.base_url, provider.transport) == ("https://host.example/v1", "fast")
    assert provider.api_key is not None
    assert provider.api_key.reveal() == "sk-1"
    assert "sk-1" not in repr(model)


def test_connection_without_a_key_is_called_without_one() -> None:
    """A host that asks for no credential gets none."""
    keyless = {"protocol": "openai", "base_url": "http://127.0.0.1:8000/v1"}
    model = compiled(body(provider=None, connection=keyless)).models["a/model"]
    assert model.target.provider.api_key is None


def test_key_sealed_with_another_secret_is_a_fault() -> None:
    """A key that cannot be opened is told, without a crash and without the key."""
    document = made(body(provider=None, connection=KEYED))
    document["connection"]["api_key_sealed"] = "elsewhere:canary"
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(document))
    assert [one.path for one in caught.value.faults] == ["connection.api_key"]
    assert "canary" not in str(caught.value)


def test_system_prompt_of_a_composition_is_resolved_and_overridden() -> None:
    """A composition's text is used, unless the model has a full override; empty is none."""
    support = prompt("be kind")
    shared = {"system_prompt_id": support.prompt_id}
    bodies = [
        body("by-id", **shared),
        body("both", **shared, system_prompt="be brief"),
        body("blank", **shared, system_prompt=""),
        body("none", system_prompt=""),
    ]
    models = compiled(*bodies, prompts=[support]).models
    assert {name: model.system_prompt for name, model in models.items()} == {
        "by-id": SystemPrompt.of("be kind"),
        "both": SystemPrompt.of("be brief"),
        "blank": SystemPrompt.of("be kind"),
        "none": None,
    }
    assert ("by-id", "system_prompt_id") in broken(bodies[0])


def test_system_prompt_is_counted_once_and_does_not_show_itself() -> None:
    """Words and bytes are known beforehand; neither model nor prompt shows the text in a log."""
    model = compiled(body("a", system_prompt="Sei höflich, wie canary.")).models["a"]
    counted = model.system_prompt
    assert counted is not None
    assert (counted.words, counted.size) == (4, 25)
    assert "canary" not in repr(model)
