"""A child has what its parent says, and less of its own where that is stricter."""

from typing import Any

import pytest

from catalogue.samples import (
    AZURE,
    KEYED,
    body,
    child,
    compiled,
    environment,
    made,
    stored,
)
from tollhouse.catalogue.compile import CatalogueInvalid, Compiler
from tollhouse.core.model import Limits, Owner, OwnerKind, Timeouts


def test_child_takes_what_the_contract_says_from_its_parent() -> None:
    """An org's model has its parent's route, capabilities, price, tier, multiplier and type."""
    snapshot = compiled(
        body(
            "base",
            provider="azure",
            upstream_model="up",
            capabilities={"vision": False},
            pricing={"input_per_1m_tokens": 3},
            tier="premium",
            credit_multiplier=2,
            limits={"context_window": 10, "max_tokens": 5},
            provider_config={
                "deployment": "d",
                "params": {"a": 1, "b": 1},
                "timeouts": {"idle": 9},
            },
        ),
        child(
            "mine",
            "base",
            limits={"max_tokens": 4},
            provider_config={"params": {"b": 2}, "timeouts": {"total": 8}},
        ),
    )
    base, mine = snapshot.models["base"], snapshot.models["mine"]
    assert mine.type is base.type
    assert mine.target.provider is AZURE
    assert (mine.target.upstream_model, mine.target.deployment) == ("up", "d")
    assert mine.target.params == {"a": b"1", "b": b"2"}
    assert (mine.target.timeouts.idle, mine.target.timeouts.total) == (9, 8)
    assert mine.capabilities == base.capabilities
    assert mine.pricing == base.pricing
    assert (mine.tier, mine.credit_multiplier) == ("premium", 2)
    assert mine.limits == Limits(10, 4)
    assert mine.owner == Owner(OwnerKind.ORG, slug="acme")
    assert mine.public["pricing"] == base.public["pricing"]


def test_child_config_is_laid_over_the_parents_block_by_block() -> None:
    """Blocks that only one of the two has are taken whole."""
    config = {"params": {"a": 1}, "timeouts": {"idle": 9}, "retries": 2}
    snapshot = compiled(
        body("full", provider_config=config),
        body("bare"),
        body("retries", provider_config={"retries": 5}),
        child("over-full", "full", provider_config={"retries": 1}),
        child("over-bare", "bare", provider_config=config),
        child("over-retries", "retries", provider_config=config),
    )
    targets = {name: one.target for name, one in snapshot.models.items()}
    for name, retries in (("over-full", 1), ("over-bare", 2), ("over-retries", 2)):
        assert targets[name].params == {"a": b"1"}
        assert targets[name].timeouts == Timeouts(idle=9)
        assert targets[name].retries == retries


def test_child_without_upstream_name_of_the_parent_is_sent_to_the_parents_id() -> None:
    """The default upstream name of a child is its parent's id, not its own."""
    snapshot = compiled(body("base"), child("mine", "base"))
    assert snapshot.models["mine"].target.upstream_model == "base"


def test_child_of_a_model_with_a_connection_uses_that_connection() -> None:
    """The parent's connection and key serve its children."""
    snapshot = compiled(body("base", provider=None, connection=KEYED), child("mine", "base"))
    mine, base = (snapshot.models[name].target.provider for name in ("mine", "base"))
    assert mine == base


@pytest.mark.parametrize(
    ("parent", "own", "enabled"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_child_is_enabled_only_with_its_parent(parent: bool, own: bool, enabled: bool) -> None:  # noqa: FBT001 - a table of booleans
    """Both switches must be on."""
    snapshot = compiled(body("base", enabled=parent), child("mine", "base", enabled=own))
    assert snapshot.models["mine"].enabled is enabled


@pytest.mark.parametrize(
    ("parent", "own", "expected"),
    [
        (None, None, None),
        ("2030-01-01T00:00:00Z", None, 1_893_456_000),
        (None, "2030-01-01T00:00:00Z", 1_893_456_000),
        ("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z", 1_893_456_000),
        ("2031-01-01T00:00:00Z", "2030-01-01T00:00:00Z", 1_893_456_000),
    ],
)
def test_F10_child_lives_no_longer_than_its_parent(
    parent: str | None, own: str | None, expected: float | None
) -> None:
    """The earlier end of life holds, and with it the replacement of the model that ends."""
    snapshot = compiled(
        body("next"),
        body("base", end_of_life_at=parent, replacement_model_id="next"),
        {**child("mine", "base"), **({"end_of_life_at": own} if own else {})},
    )
    mine = snapshot.models["mine"]
    assert mine.end_of_life_at == expected
    from_parent = parent is not None and parent.startswith("2030")
    assert mine.replacement_model_id == ("next" if from_parent else None)


@pytest.mark.parametrize(
    ("parent", "own", "expected"),
    [
        ([], [], set()),
        (["a", "b"], [], {"a", "b"}),
        ([], ["a"], {"a"}),
        (["a", "b"], ["b", "c"], {"b"}),
    ],
)
def test_child_is_open_to_no_more_orgs_than_its_parent(
    parent: list[str], own: list[str], expected: set[str]
) -> None:
    """A child cannot widen its parent's allow-list."""
    snapshot = compiled(body("base", org_slugs=parent), child("mine", "base", org_slugs=own))
    assert snapshot.models["mine"].org_slugs == expected


def test_child_can_do_without_what_its_parent_can() -> None:
    """A capability is switched off for the child alone, and its parent's no stays one."""
    snapshot = compiled(
        body("base", capabilities={"streaming": True, "vision": False}),
        body("unknown"),
        child("mine", "base", capabilities={"streaming": False}),
        child("other", "unknown", capabilities={"tools": False}),
        child("plain", "base", capabilities={}),
    )
    models = snapshot.models
    assert models["mine"].capabilities == {"streaming": False, "vision": False}
    assert models["mine"].public["capabilities"] == models["mine"].capabilities
    assert models["base"].capabilities == {"streaming": True, "vision": False}
    assert models["plain"].capabilities == models["base"].capabilities
    assert models["other"].capabilities == {"tools": False}


OVERRIDES: list[tuple[str, Any]] = [
    ("provider", "openai"),
    ("upstream_model", "x"),
    ("connection", {"protocol": "openai", "base_url": "https://h.example"}),
    ("capabilities", {"vision": True}),
    ("capabilities", {"streaming": False, "vision": True}),
    ("pricing", {"per_request": "1"}),
    ("tier", "standard"),
    ("credit_multiplier", 1),
]


@pytest.mark.parametrize(("field", "value"), OVERRIDES)
def test_child_cannot_override_what_it_inherits(field: str, value: Any) -> None:
    """A stored child with a field of its parent's is a fault, however it got there."""
    faulty = dict(made(child("mine", "base")), **{field: value})
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(made(body("base")), faulty))
    assert {(one.model_id, one.path) for one in caught.value.faults} == {("mine", field)}


@pytest.mark.parametrize("field", ["deployment", "api_version", "region", "headers"])
def test_child_cannot_change_what_is_called(field: str) -> None:
    """Deployment, API version, region and headers are the parent's."""
    value = {"x-a": "1"} if field == "headers" else "x"
    faulty = dict(made(child("mine", "base")), provider_config={field: value})
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(made(body("base")), faulty))
    assert [one.path for one in caught.value.faults] == [f"provider_config.{field}"]


def test_only_system_models_have_credits_and_children() -> None:
    """A multiplier on an org's model, a system model with a parent: faults."""
    org = dict(made(body("a")), owner={"kind": "org", "slug": "x"}, credit_multiplier=1)
    system = dict(made(child("b", "c")), owner={"kind": "system"})
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(org, system, made(body("c"))))
    assert {(one.model_id, one.path) for one in caught.value.faults} == {
        ("a", "credit_multiplier"),
        ("b", "parent_model_id"),
    }
