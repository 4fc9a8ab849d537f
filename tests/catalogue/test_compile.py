"""Compiling: effective models, every fault of every model, and the memory of the last catalogue."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from catalogue.samples import (
    AZURE,
    NOW,
    OPENAI,
    body,
    child,
    compiled,
    environment,
    made,
    seal,
    stored,
)
from tollhouse.catalogue.compile import CatalogueInvalid, Compiler, ModelFault
from tollhouse.catalogue.writing import apply_patch
from tollhouse.core.history import Document, StoredCatalogue, StoredModel
from tollhouse.core.model import Limits, Owner, OwnerKind, Timeouts
from tollhouse.core.needs import ModelType

KEYED = {"protocol": "openai", "base_url": "https://host.example/v1", "api_key": "sk-1"}


def _faults(*bodies: Document, **changes: Any) -> dict[tuple[str, str], str]:
    with pytest.raises(CatalogueInvalid) as caught:
        compiled(*bodies, **changes)
    return {(one.model_id, one.path): one.message for one in caught.value.faults}


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
    assert model.system_prompt == "p"
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


def test_key_sealed_with_another_secret_is_a_fault() -> None:
    """A key that cannot be opened is told, without a crash and without the key."""
    document = made(body(provider=None, connection=KEYED))
    document["connection"]["api_key_sealed"] = "elsewhere:canary"
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(document))
    assert [one.path for one in caught.value.faults] == ["connection.api_key"]
    assert "canary" not in str(caught.value)


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


def test_connection_without_a_key_is_called_without_one() -> None:
    """A host that asks for no credential gets none."""
    keyless = {"protocol": "openai", "base_url": "http://127.0.0.1:8000/v1"}
    model = compiled(body(provider=None, connection=keyless)).models["a/model"]
    assert model.target.provider.api_key is None


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


def test_system_prompt_of_a_composition_is_resolved_and_overridden() -> None:
    """A composition's text is used, unless the model has a full override."""
    prompts = {"support": "be kind"}
    by_id = body("a", system_prompt_id="support")
    both = body("b", system_prompt_id="support", system_prompt="be brief")
    models = compiled(by_id, both, prompts=prompts).models
    assert (models["a"].system_prompt, models["b"].system_prompt) == ("be kind", "be brief")
    assert ("a", "system_prompt_id") in _faults(by_id)


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
    assert set(_faults(*bodies)) == expected


OVERRIDES: list[tuple[str, Any]] = [
    ("provider", "openai"),
    ("upstream_model", "x"),
    ("connection", {"protocol": "openai", "base_url": "https://h.example"}),
    ("capabilities", {"vision": True}),
    ("pricing", {"per_request": "1"}),
    ("tier", "standard"),
    ("credit_multiplier", 1),
]


def _stored_as(document: Document, **fields: Any) -> Document:
    return {**document, **fields}


@pytest.mark.parametrize(("field", "value"), OVERRIDES)
def test_child_cannot_override_what_it_inherits(field: str, value: Any) -> None:
    """A stored child with a field of its parent's is a fault, however it got there."""
    faulty = _stored_as(made(child("mine", "base")), **{field: value})
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(made(body("base")), faulty))
    assert {(one.model_id, one.path) for one in caught.value.faults} == {("mine", field)}


@pytest.mark.parametrize("field", ["deployment", "api_version", "region", "headers"])
def test_child_cannot_change_what_is_called(field: str) -> None:
    """Deployment, API version, region and headers are the parent's."""
    value = {"x-a": "1"} if field == "headers" else "x"
    faulty = _stored_as(made(child("mine", "base")), provider_config={field: value})
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(made(body("base")), faulty))
    assert [one.path for one in caught.value.faults] == [f"provider_config.{field}"]


def test_only_system_models_have_credits_and_children() -> None:
    """A multiplier on an org's model, a system model with a parent: faults."""
    org = _stored_as(made(body("a")), owner={"kind": "org", "slug": "x"}, credit_multiplier=1)
    system = _stored_as(made(child("b", "c")), owner={"kind": "system"})
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(org, system, made(body("c"))))
    assert {(one.model_id, one.path) for one in caught.value.faults} == {
        ("a", "credit_multiplier"),
        ("b", "parent_model_id"),
    }


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
    faults = _faults(*(body(name, failover=hops) for name, hops in edges.items()))
    assert set(faults) == {(name, "failover") for name in members}


def test_C02_cycle_is_spelled_out() -> None:
    """The message shows the way round, from the model that it is about."""
    faults = _faults(body("a", failover="b"), body("b", failover="c"), body("c", failover="a"))
    assert faults["b", "failover"] == "makes a cycle: b → c → a → b"


def test_C02_long_cycle_and_deep_chain_are_handled() -> None:
    """Thousands of hops neither exhaust the stack nor flood the message."""
    size = 5000
    chain = [body(f"m{i}", failover=f"m{i + 1}") for i in range(size)]
    assert len(compiled(*chain, body(f"m{size}")).models) == size + 1
    faults = _faults(*chain, body(f"m{size}", failover="m0"))
    assert len(faults) == size + 1
    assert len(faults["m0", "failover"]) < 200


def test_C02_flood_of_cycles_is_cut_off() -> None:
    """A catalogue full of cycles is refused with some of them, in bounded time."""
    faults = _faults(*(body(f"m{i}", failover=f"m{i}") for i in range(50)))
    assert 0 < len(faults) <= 50


def test_diamond_of_failovers_is_no_cycle() -> None:
    """Two ways to one model are fine."""
    models = compiled(
        body("a", failover=["b", "c"]), body("b", failover="d"), body("c", failover="d"), body("d")
    ).models
    assert models["a"].failover == ("b", "c")


def test_all_faults_of_all_models_are_told_at_once() -> None:
    """Shape, rules, references, cycles and configuration: one compile names them all."""
    broken = [
        _stored_as(made(body("a")), limits={"max_tokens": 0}, failover="b"),
        _stored_as(made(body("b")), failover=["a", "nobody"], nonsense=1),
        _stored_as(made(body("c")), pricing={"per_second": "1"}, aliases=["d"]),
        _stored_as(made(body("d")), provider="nobody", tier="gold"),
        _stored_as(made(body("e", type="embeddings")), model_id="f"),
        {key: value for key, value in made(body("g")).items() if key != "type"},
    ]
    models = [
        StoredModel(name, 1, document) for name, document in zip("abcdeg", broken, strict=True)
    ]
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(StoredCatalogue(1, models))
    assert [(one.model_id, one.path) for one in caught.value.faults] == [
        ("a", "failover"),
        ("a", "limits.max_tokens"),
        ("b", "failover"),
        ("b", "failover[1]"),
        ("b", "nonsense"),
        ("c", "aliases[0]"),
        ("c", "pricing.per_second"),
        ("d", "provider"),
        ("d", "tier"),
        ("e", "model_id"),
        ("g", "type"),
    ]


@pytest.mark.parametrize("document", [None, [], "x", {}, {"model_id": 5}])
def test_document_that_no_longer_parses_is_a_fault_not_a_crash(document: Any) -> None:
    """Whatever the store holds, the compiler answers with faults of that model."""
    catalogue = StoredCatalogue(1, [StoredModel("a", 1, document)])
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(catalogue)
    assert {one.model_id for one in caught.value.faults} == {"a"}


def test_model_that_is_there_twice_is_a_fault() -> None:
    """Ids are unique."""
    document = made(body("a"))
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(document, document))
    assert caught.value.faults == (ModelFault("a", "model_id", "is there twice"),)


def test_F12_catalogue_that_does_not_compile_leaves_the_last_one_whole() -> None:
    """A refused catalogue changes neither the snapshot in hand nor the next compile."""
    compiler = Compiler(environment())
    good = stored(made(body("a")), made(body("b", failover="a")))
    first = compiler.compile(good)
    bad = StoredCatalogue(2, [*good.models[:1], replace(good.models[1], document={}, version=2)])
    with pytest.raises(CatalogueInvalid):
        compiler.compile(bad)
    assert sorted(first.models) == ["a", "b"]
    assert compiler.compile(good).models == first.models


def test_unchanged_models_are_the_same_objects_after_a_change() -> None:
    """Only the changed model and those that hang off it are built again."""
    compiler = Compiler(environment())
    base, other, mine = made(body("base")), made(body("other")), made(child("mine", "base"))
    first = compiler.compile(stored(base, other, mine))
    moved = apply_patch(base, {"upstream_model": "new"}, now=NOW, actor="x")
    second = compiler.compile(stored(moved, copy.deepcopy(other), mine, version=2))
    assert second.version == 2
    assert second.models["other"] is first.models["other"]
    assert second.spellings is first.spellings
    for name in ("base", "mine"):
        assert second.models[name].target.upstream_model == "new"
        assert first.models[name].target.upstream_model == "base"


def test_write_that_was_given_up_is_not_remembered_under_its_version() -> None:
    """Two documents with one version are two documents: the memory goes by content."""
    compiler = Compiler(environment())
    base = made(body("a"))
    tried = apply_patch(base, {"region": "tried"}, now=NOW, actor="x")
    kept = apply_patch(base, {"region": "kept"}, now=NOW, actor="x")
    compiler.compile(stored(tried))
    assert compiler.compile(stored(kept)).models["a"].region == "kept"


def test_deleted_and_created_again_model_is_a_new_one() -> None:
    """The memory ends with the model."""
    compiler = Compiler(environment())
    compiler.compile(stored(made(body("a", region="old"))))
    compiler.compile(stored())
    again = compiler.compile(stored(made(body("a", region="new"))))
    assert again.models["a"].region == "new"


def test_F09_alias_leads_to_its_model_and_only_exactly() -> None:
    """An alias resolves to one model; no other spelling of it does."""
    snapshot = compiled(body("a/model", aliases=["fast", "x/fast"]))
    assert snapshot.find("fast") is snapshot.find("x/fast") is snapshot.models["a/model"]
    for name in ("Fast", "fast ", " fast", "x/fas", "x%2Ffast", "x//fast"):
        assert snapshot.find(name) is None


def test_change_does_not_build_the_other_models_again() -> None:
    """What a model needed done once (here: opening its key) is not done for another's change."""
    opened: list[str] = []

    def counting(sealed: str) -> str:
        opened.append(sealed)
        return sealed

    compiler = Compiler(environment(unseal=counting))
    keyed = made(body("keyed", provider=None, connection=KEYED))
    compiler.compile(stored(keyed, made(body("a"))))
    compiler.compile(stored(keyed, made(body("a", region="eu")), version=2))
    assert opened == [seal("sk-1")]
