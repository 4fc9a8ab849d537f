"""What documents say of each other: aliases, failovers and parents, and every fault in them."""

import pytest

from catalogue.samples import (
    body,
    broken,
    child,
    compiled,
)
from tollhouse.core.history import Document


def test_F09_alias_leads_to_its_model_and_only_exactly() -> None:
    """An alias resolves to one model; no other spelling of it does."""
    snapshot = compiled(body("a/model", aliases=["fast", "x/fast"]))
    assert snapshot.find("fast") is snapshot.find("x/fast") is snapshot.models["a/model"]
    for name in ("Fast", "fast ", " fast", "x/fas", "x%2Ffast", "x//fast"):
        assert snapshot.find(name) is None


LINKS: list[tuple[list[Document], set[tuple[str, str]]]] = [
    ([body("a", failover="b")], {("a", "failover")}),
    ([body("a", failover=["c", "b"]), body("c")], {("a", "failover[1]")}),
    ([body("a", failover="a")], {("a", "failover")}),
    ([body("a", failover="x"), body("b", aliases=["x"])], {("a", "failover")}),
    ([body("a", replacement_model_id="b")], {("a", "replacement_model_id")}),
    ([child("a", "b")], {("a", "parent_model_id")}),
    ([body("a", aliases=["b"]), body("b")], {("a", "aliases[0]")}),
    ([body("a", aliases=["a"])], {("a", "aliases[0]")}),
    (
        [body("a", aliases=["x", "y"]), body("b", aliases=["y"])],
        {("a", "aliases[1]"), ("b", "aliases[0]")},
    ),
    ([body("a", provider="nobody")], {("a", "provider")}),
    ([body("a", tier="gold")], {("a", "tier")}),
    ([body("a", provider="nobody"), child("b", "a")], {("a", "provider")}),
    ([body("a", tier="gold"), child("b", "a")], {("a", "tier")}),
    ([body("a"), child("b", "a"), child("c", "b")], {("c", "parent_model_id")}),
    ([child("a", "a")], {("a", "parent_model_id")}),
    ([body("a"), child("b", "a", type="embeddings")], {("b", "type")}),
    ([body("a"), child("b", "a", dimensions=5)], {("b", "dimensions")}),
    (
        [body("a", type="embeddings"), child("b", "a", system_prompt="x")],
        {("b", "system_prompt")},
    ),
    (
        [
            body("a", limits={"context_window": 9, "max_tokens": 5}),
            child("b", "a", limits={"context_window": 10, "max_tokens": 6}),
        ],
        {("b", "limits.context_window"), ("b", "limits.max_tokens")},
    ),
    (
        [body("a", org_slugs=["x"]), child("b", "a", org_slugs=["y"])],
        {("b", "org_slugs")},
    ),
    ([body("a", provider_config={"deployment": "d"})], {("a", "provider_config.deployment")}),
    ([body("a", provider_config={"api_version": "1"})], {("a", "provider_config.api_version")}),
    ([body("a/b", provider="azure")], {("a/b", "upstream_model")}),
    (
        [
            body(
                "a",
                provider=None,
                connection={"protocol": "azure", "base_url": "https://h.example"},
            )
        ],
        {("a", "provider_config.api_version")},
    ),
    (
        [body("a", type="embeddings"), child("b", "a", dimensions=5, supported_dimensions=[6])],
        {("b", "dimensions")},
    ),
]


@pytest.mark.parametrize(("bodies", "expected"), LINKS)
def test_fault_between_documents_is_told_at_its_path(
    bodies: list[Document], expected: set[tuple[str, str]]
) -> None:
    """Unknown names, double names and broken inheritance are refused where they stand."""
    assert set(broken(*bodies)) == expected


@pytest.mark.parametrize(
    ("edges", "members"),
    [
        ({"a": ["b"], "b": ["a"]}, "ab"),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, "abc"),
        ({"a": ["a"], "b": ["c"], "c": ["b"], "d": []}, "abc"),
        ({"a": ["d", "b"], "b": ["c"], "c": ["d", "a"], "d": []}, "abc"),
    ],
)
def test_C02_failover_cycle_is_refused_on_every_model_in_it(
    edges: dict[str, list[str]], members: str
) -> None:
    """A chain that comes back is a fault of each model on it, and of no model beside it."""
    faults = broken(*(body(name, failover=hops) for name, hops in edges.items()))
    assert set(faults) == {(name, "failover") for name in members}


def test_C02_cycle_is_spelled_out() -> None:
    """The message shows the way round, from the model that it is about."""
    faults = broken(body("a", failover="b"), body("b", failover="c"), body("c", failover="a"))
    assert faults["b", "failover"] == "makes a cycle: b → c → a → b"


def test_C02_long_cycle_and_deep_chain_are_handled() -> None:
    """Thousands of hops neither exhaust the stack nor flood the message."""
    size = 5000
    chain = [body(f"m{i}", failover=f"m{i + 1}") for i in range(size)]
    assert len(compiled(*chain, body(f"m{size}")).models) == size + 1
    faults = broken(*chain, body(f"m{size}", failover="m0"))
    assert len(faults) == size + 1
    assert len(faults["m0", "failover"]) < 200


def test_C02_flood_of_cycles_is_cut_off() -> None:
    """A catalogue full of cycles is refused with some of them, in bounded time."""
    faults = broken(*(body(f"m{i}", failover=f"m{i}") for i in range(50)))
    assert 0 < len(faults) <= 50


def test_diamond_of_failovers_is_no_cycle() -> None:
    """Two ways to one model are fine."""
    models = compiled(
        body("a", failover=["b", "c"]), body("b", failover="d"), body("c", failover="d"), body("d")
    ).models
    assert models["a"].failover == ("b", "c")
