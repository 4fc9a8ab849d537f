"""The system prompt's document: its fields and bounds, its text, and what writes make of it."""

from decimal import Decimal
from typing import Any

import pytest

from catalogue.samples import NOW, UID, faults_of, prompt
from tollhouse.catalogue.documents.prompt import compose, read_prompt
from tollhouse.catalogue.prompt_writing import (
    READ_ONLY,
    apply_prompt_patch,
    new_prompt,
    public_prompt,
)
from tollhouse.core.errors import CallerError
from tollhouse.core.history import Document

LATER = NOW + 60
PARTICLE = {"kind": "role", "text": "You help."}
SOUND = {"name": "Support", "particles": [PARTICLE]}


def created(**fields: Any) -> Document:
    """The document of a sound body with these fields."""
    return new_prompt({**SOUND, **fields}, prompt_id=UID, now=NOW, actor="user:ada")


def patched(current: Document, **fields: Any) -> Document:
    """The document under a patch."""
    return apply_prompt_patch(current, fields, now=LATER, actor="user:bob")


def refused(**fields: Any) -> dict[str, str]:
    """What is wrong with a sound body when it has these fields."""
    with pytest.raises(CallerError) as caught:
        created(**fields)
    assert caught.value.status == 422
    return faults_of(caught.value)


# --- The text ---


def test_enabled_particles_are_joined_in_their_order_by_blank_lines() -> None:
    """What is switched off leaves no trace, not even a blank line; texts are taken as they are."""
    particles = [
        {"kind": "role", "text": "You help."},
        {"kind": "tone", "text": "Shout.", "enabled": False},
        {"kind": "guardrails", "text": "Never\nlie. ", "enabled": True},
        {"kind": "role", "text": "Really."},
    ]
    read, faults = read_prompt(created(particles=particles))
    assert read is not None
    assert not faults
    assert read.text == compose(read.particles) == "You help.\n\nNever\nlie. \n\nReally."


def test_without_an_enabled_particle_there_is_no_text() -> None:
    """A prompt can be switched off part by part and be kept."""
    off = created(particles=[{**PARTICLE, "enabled": False}])
    assert public_prompt(off)["composed_text"] == ""


# --- Fields and bounds ---


ACCEPTED: list[dict[str, Any]] = [
    {"name": "x"},
    {"name": "Ж" * 200},
    {"description": "d" * 4000},
    {"description": None},
    {"owner": {"kind": "system"}},
    {"owner": {"kind": "org", "slug": "acme"}},
    {"particles": [{"kind": "k" * 64, "text": "t"}]},
    {"particles": [{"kind": "few-shot_2", "text": "t", "enabled": True}]},
    {"particles": [{"kind": "role", "text": "t" * 50_000}]},
    {"particles": [PARTICLE] * 100},
    {"particles": [{**PARTICLE, "text": "t" * 24_999}] * 2},
    {"particles": [{**PARTICLE, "text": "t" * 50_000, "enabled": False}] * 4},
]


@pytest.mark.parametrize("fields", ACCEPTED)
def test_values_within_bounds_are_accepted(fields: dict[str, Any]) -> None:
    """Every field at its bound."""
    document = created(**fields)
    assert read_prompt(document)[1] == ()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "  "}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": None}, "name"),
    ({"name": 5}, "name"),
    ({"description": "d" * 4001}, "description"),
    ({"owner": {"kind": "user", "id": "ada"}}, "owner"),
    ({"owner": {"kind": "org"}}, "owner.slug"),
    ({"owner": {"kind": "system", "slug": "acme"}}, "owner.slug"),
    ({"owner": "acme"}, "owner"),
    ({"particles": None}, "particles"),
    ({"particles": []}, "particles"),
    ({"particles": "role"}, "particles"),
    ({"particles": [PARTICLE] * 101}, "particles"),
    ({"particles": [{**PARTICLE, "text": "t" * 25_000}] * 2}, "particles"),
    ({"particles": [{**PARTICLE, "text": "t" * 40_001, "enabled": False}] * 5}, "particles"),
    ({"particles": [{**PARTICLE, "text": ""}]}, "particles[0].text"),
    ({"particles": [{**PARTICLE, "text": "t" * 50_001}]}, "particles[0].text"),
    ({"particles": [{"text": "t"}]}, "particles[0].kind"),
    ({"particles": [PARTICLE, {**PARTICLE, "kind": "Role"}]}, "particles[1].kind"),
    ({"particles": [{**PARTICLE, "kind": "k" * 65}]}, "particles[0].kind"),
    ({"particles": [{**PARTICLE, "kind": "2nd"}]}, "particles[0].kind"),
    ({"particles": [{**PARTICLE, "enabled": "yes"}]}, "particles[0].enabled"),
    ({"particles": [{**PARTICLE, "weight": Decimal(1)}]}, "particles[0].weight"),
    ({"particles": [{**PARTICLE, "text": "a\0b"}]}, "particles[0].text"),
    ({"text": "all of it"}, "text"),
]


@pytest.mark.parametrize(("fields", "path"), REFUSED)
def test_values_out_of_bounds_are_refused_by_their_path(fields: dict[str, Any], path: str) -> None:
    """Every field beyond its bound, of another type, or unknown."""
    assert path in refused(**fields)


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_the_gateway_sets_cannot_be_sent_with_a_new_prompt(name: str) -> None:
    """A prompt's id, text, version and stamps are not the writer's."""
    assert name in refused(**{name: "x"})


def test_all_faults_are_told_at_once() -> None:
    """One answer for the whole body."""
    found = refused(name="", particles=[{"kind": "", "text": ""}], version=3, extra=1)
    assert found.keys() == {
        "version",
        "name",
        "particles[0].kind",
        "particles[0].text",
        "extra",
    }


def test_faults_quote_no_text() -> None:
    """A prompt's words are not in an error."""
    found = refused(particles=[{"kind": "Canary", "text": "canary" * 10_000}], owner="canary")
    assert "canary" not in str(found).lower()


# --- Writes ---


def test_new_prompt_has_its_defaults_and_stamps() -> None:
    """What is not said is the system's, switched on, and at its first version."""
    assert created() == {
        "prompt_id": UID,
        "name": "Support",
        "owner": {"kind": "system"},
        "particles": [{"kind": "role", "text": "You help.", "enabled": True}],
        "version": 1,
        "created_at": "2025-10-09T08:53:20Z",
        "created_by": "user:ada",
        "updated_at": "2025-10-09T08:53:20Z",
        "updated_by": "user:ada",
    }


def test_usual_owner_is_that_of_the_writer() -> None:
    """An owner that is sent counts before it."""
    mine = {"kind": "org", "slug": "acme"}
    usual = new_prompt(SOUND, prompt_id=UID, now=NOW, actor="a", owner=mine)
    assert usual["owner"] == mine
    given = new_prompt(
        {**SOUND, "owner": {"kind": "system"}}, prompt_id=UID, now=NOW, actor="a", owner=mine
    )
    assert given["owner"] == {"kind": "system"}


def test_patch_keeps_what_it_does_not_name() -> None:
    """Absent keeps, null clears, lists are replaced; the version and the stamps move on."""
    before = created(description="What for")
    after = patched(before, description=None, particles=[{"kind": "tone", "text": "Be brief."}])
    assert after == {
        **{name: value for name, value in before.items() if name != "description"},
        "particles": [{"kind": "tone", "text": "Be brief.", "enabled": True}],
        "version": 2,
        "updated_at": "2025-10-09T08:54:20Z",
        "updated_by": "user:bob",
    }


@pytest.mark.parametrize("name", ["name", "particles", "owner"])
def test_patch_cannot_clear_what_is_required(name: str) -> None:
    """Null for a required field is a fault of that field."""
    with pytest.raises(CallerError) as caught:
        patched(created(), **{name: None})
    assert faults_of(caught.value) == {name: "is required"}


def test_what_was_read_can_be_sent_back() -> None:
    """Read-only fields may be repeated as they are; with another value they are refused."""
    before = created()
    shown = public_prompt(before)
    assert patched(before, **shown)["particles"] == before["particles"]
    for name in READ_ONLY:
        with pytest.raises(CallerError) as caught:
            patched(before, **{**shown, name: "another"})
        assert list(faults_of(caught.value)) == [name]


def test_readers_see_the_composed_text_and_the_store_does_not_keep_it() -> None:
    """It follows from the particles; a document that cannot be read is shown as it is."""
    kept = prompt("One.", "Two.").document
    assert "composed_text" not in kept
    assert public_prompt(kept) == {**kept, "composed_text": "One.\n\nTwo."}
    assert public_prompt({"name": 5}) == {"name": 5}
