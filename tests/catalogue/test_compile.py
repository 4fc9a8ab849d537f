"""Compiling a catalogue: every fault of every model at once, and the memory of the last one."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from catalogue.samples import (
    KEYED,
    NOW,
    body,
    child,
    environment,
    made,
    seal,
    stored,
)
from tollhouse.catalogue.compile import CatalogueInvalid, Compiler, ModelFault
from tollhouse.catalogue.writing import apply_patch
from tollhouse.core.history import StoredCatalogue, StoredModel


def test_all_faults_of_all_models_are_told_at_once() -> None:
    """Shape, rules, references, cycles and configuration: one compile names them all."""
    broken = [
        dict(made(body("a")), limits={"max_tokens": 0}, failover="b"),
        dict(made(body("b")), failover=["a", "nobody"], nonsense=1),
        dict(made(body("c")), pricing={"per_second": "1"}, aliases=["d"]),
        dict(made(body("d")), provider="nobody", tier="gold"),
        dict(made(body("e", type="embeddings")), model_id="f"),
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
