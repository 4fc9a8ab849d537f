"""System prompts in the compiled catalogue: who may name which, and what a change builds again."""

from dataclasses import replace
from typing import Any

import pytest

from catalogue.samples import (
    NOW,
    body,
    broken,
    child,
    compiled,
    environment,
    made,
    prompt,
    stored,
)
from tollhouse.catalogue.compile import CatalogueInvalid, Compiler, ModelFault
from tollhouse.catalogue.prompt_writing import apply_prompt_patch
from tollhouse.core.history import StoredPrompt
from tollhouse.core.model import SystemPrompt

SYSTEM = prompt("Of the system.", number=1)
OURS = prompt("Of acme.", number=2, owner={"kind": "org", "slug": "acme"})
THEIRS = prompt("Of globex.", number=3, owner={"kind": "org", "slug": "globex"})
EVERY = [SYSTEM, OURS, THEIRS]
ADAS: dict[str, Any] = {"owner": {"kind": "user", "id": "ada", "slug": "acme"}}
NOBODYS: dict[str, Any] = {"owner": {"kind": "user", "id": "ada"}}


def changed(one: StoredPrompt, **fields: Any) -> StoredPrompt:
    """The prompt under a patch."""
    document = apply_prompt_patch(one.document, fields, now=NOW, actor="x")
    return StoredPrompt(one.prompt_id, document["version"], document)


ALLOWED = [
    ("system model, system prompt", {}, SYSTEM, True),
    ("system model, an org's prompt", {}, OURS, False),
    ("org model, system prompt", {"owner": {"kind": "org", "slug": "acme"}}, SYSTEM, True),
    ("org model, its own prompt", {"owner": {"kind": "org", "slug": "acme"}}, OURS, True),
    ("org model, another's prompt", {"owner": {"kind": "org", "slug": "acme"}}, THEIRS, False),
    ("user model, system prompt", ADAS, SYSTEM, True),
    ("user model, its org's prompt", ADAS, OURS, True),
    ("user model, another org's prompt", ADAS, THEIRS, False),
    ("user model without an org, an org's prompt", NOBODYS, OURS, False),
]


@pytest.mark.parametrize(("fields", "named", "allowed"), [row[1:] for row in ALLOWED])
def test_model_names_prompts_of_its_org_and_of_the_system(
    fields: dict[str, Any], named: StoredPrompt, *, allowed: bool
) -> None:
    """Any other prompt is told in the words for one that is not there."""
    model = body("m", system_prompt_id=named.prompt_id, **fields)
    if allowed:
        found = compiled(model, prompts=EVERY).models["m"].system_prompt
        text: str = named.document["particles"][0]["text"]
        assert found == SystemPrompt.of(text)
        return
    foreign = broken(model, prompts=EVERY)
    absent = broken(model)
    assert list(foreign) == [("m", "system_prompt_id")]
    assert foreign == absent


def test_child_names_its_own_prompt_and_not_its_parents() -> None:
    """A prompt is not inherited: what an org puts in front of its model is its own affair."""
    models = compiled(
        body("base", system_prompt_id=SYSTEM.prompt_id),
        child("plain", "base"),
        child("own", "base", system_prompt_id=OURS.prompt_id),
        prompts=EVERY,
    ).models
    assert models["plain"].system_prompt is None
    assert models["own"].system_prompt == SystemPrompt.of("Of acme.")


def test_fault_of_a_prompt_is_told_with_the_models_other_faults() -> None:
    """Naming no prompt does not hide what else is wrong, and the other way round."""
    found = broken(body("m", provider="nobody", system_prompt_id="x" * 64, limits={}))
    assert found.keys() == {("m", "provider"), ("m", "system_prompt_id")}


def test_prompt_of_disabled_particles_puts_nothing_in_front() -> None:
    """The model is there, without a system prompt."""
    off = changed(SYSTEM, particles=[{"kind": "role", "text": "Off.", "enabled": False}])
    model = body("m", system_prompt_id=off.prompt_id)
    assert compiled(model, prompts=[off]).models["m"].system_prompt is None


@pytest.mark.parametrize("document", [None, [], {}, {"particles": "canary"}])
def test_prompt_that_no_longer_parses_is_a_fault_not_a_crash(document: Any) -> None:
    """Whatever the store holds, the compiler names the prompt and quotes nothing of it."""
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(
            stored(made(body("m")), prompts=[replace(SYSTEM, document=document)])
        )
    assert {one.model_id for one in caught.value.faults} == {f"system prompt {SYSTEM.prompt_id}"}
    assert "canary" not in str(caught.value)


def test_prompt_kept_under_another_id_is_a_fault() -> None:
    """The store's key and the document agree."""
    with pytest.raises(CatalogueInvalid) as caught:
        Compiler(environment()).compile(stored(prompts=[replace(SYSTEM, prompt_id="else")]))
    (fault,) = caught.value.faults
    assert fault == ModelFault("system prompt else", "prompt_id", "is kept as else")


def test_change_of_a_prompt_builds_only_the_models_that_use_it() -> None:
    """All others are the same objects, and so is the text that several models share."""
    compiler = Compiler(environment())
    documents = [
        made(body("user-1", system_prompt_id=SYSTEM.prompt_id)),
        made(body("user-2", system_prompt_id=SYSTEM.prompt_id)),
        made(body("other", owner={"kind": "org", "slug": "acme"}, system_prompt_id=OURS.prompt_id)),
        made(body("none")),
    ]
    first = compiler.compile(stored(*documents, prompts=EVERY)).models
    moved = changed(SYSTEM, particles=[{"kind": "role", "text": "New."}])
    second = compiler.compile(stored(*documents, version=2, prompts=[moved, OURS, THEIRS])).models
    assert {name for name in first if first[name] is not second[name]} == {"user-1", "user-2"}
    assert second["user-1"].system_prompt == SystemPrompt.of("New.")
    assert second["user-1"].system_prompt is second["user-2"].system_prompt


def test_prompt_that_was_given_up_is_not_remembered_under_its_version() -> None:
    """The memory goes by content, as it does for models."""
    compiler = Compiler(environment())
    document = made(body("m", system_prompt_id=SYSTEM.prompt_id))
    tried = changed(SYSTEM, particles=[{"kind": "role", "text": "Tried."}])
    kept = changed(SYSTEM, particles=[{"kind": "role", "text": "Kept."}])
    compiler.compile(stored(document, prompts=[tried]))
    models = compiler.compile(stored(document, prompts=[kept])).models
    assert models["m"].system_prompt == SystemPrompt.of("Kept.")


def test_prompt_taken_away_under_its_model_is_a_fault() -> None:
    """Deleting it, or giving it to another org, is told before it happens."""
    compiler = Compiler(environment())
    document = made(body("m", system_prompt_id=SYSTEM.prompt_id))
    compiler.compile(stored(document, prompts=[SYSTEM]))
    given_away = changed(SYSTEM, owner={"kind": "org", "slug": "acme"})
    for prompts in ([], [given_away]):
        with pytest.raises(CatalogueInvalid) as caught:
            compiler.compile(stored(document, prompts=prompts))
        assert [(one.model_id, one.path) for one in caught.value.faults] == [
            ("m", "system_prompt_id")
        ]
    assert compiler.compile(stored(document, prompts=[SYSTEM])).models.keys() == {"m"}
