"""The documents that writes make: created, patched, replaced, restored, shown."""

from typing import Any

import pytest

from catalogue.samples import NOW, UID, body, faults_of, made, seal
from tollhouse.catalogue.writing import (
    READ_ONLY,
    apply_patch,
    body_of,
    new_document,
    public_document,
    replace_document,
    restore_document,
)
from tollhouse.core.errors import CallerError
from tollhouse.core.history import Document

LATER = NOW + 3600
KEYED = {"protocol": "openai", "base_url": "https://host.example/v1", "api_key": "sk-1"}
STAMPS = ("version", "updated_at", "updated_by")


def _patched(current: Document, patch: Any) -> Document:
    return apply_patch(current, patch, now=LATER, actor="user:bob", seal=seal)


def _refused(current: Document, patch: Any) -> dict[str, str]:
    with pytest.raises(CallerError) as caught:
        _patched(current, patch)
    return faults_of(caught.value)


def _without(document: Document, *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def test_new_document_is_stamped() -> None:
    """A created model has its id, its version, its times and its author."""
    document = made(body())
    assert {name: document[name] for name in document if name != "type"} == {
        "model_id": "a/model",
        "provider": "openai",
        "uid": UID,
        "version": 1,
        "source": "api",
        "created_at": "2025-10-09T08:53:20Z",
        "updated_at": "2025-10-09T08:53:20Z",
        "created_by": "user:ada",
        "updated_by": "user:ada",
    }


@pytest.mark.parametrize("field", READ_ONLY)
def test_read_only_field_is_refused_on_create(field: str) -> None:
    """What the gateway sets, a client leaves out; null counts as left out."""
    with pytest.raises(CallerError) as caught:
        made(body(**{field: "x"}))
    assert faults_of(caught.value) == {field: "is set by the gateway: leave it out"}
    assert made({**body(), field: None})["version"] == 1


def test_F08_patch_of_one_field_keeps_every_other() -> None:
    """A patch changes what it names, the version and the stamps, and nothing else."""
    before = made(
        body(
            pricing={"input_per_1m_tokens": 0.1},
            metadata={"x": {"y": [1, {"z": None}]}},
            tags=["a"],
        )
    )
    after = _patched(before, {"region": "eu"})
    assert after["region"] == "eu"
    assert _without(after, "region", *STAMPS) == _without(before, *STAMPS)
    assert [after[name] for name in STAMPS] == [2, "2025-10-09T09:53:20Z", "user:bob"]


def test_F08_unknown_field_is_refused_not_swallowed() -> None:
    """A misspelt field is a fault at its own path."""
    assert _refused(made(body()), {"enabeld": True}) == {"enabeld": "is not a known field"}


def test_F02_null_clears_a_field() -> None:
    """A null removes what is there, at any depth; what is left out stays."""
    before = made(
        body(
            failover="b",
            limits={"context_window": 9, "max_tokens": 3},
            pricing={"input_per_1m_tokens": 3, "output_per_1m_tokens": 15},
        )
    )
    after = _patched(before, {"failover": None, "pricing": {"input_per_1m_tokens": 5}})
    assert "failover" not in after
    assert after["pricing"] == {"input_per_1m_tokens": "5", "output_per_1m_tokens": "15"}
    assert after["limits"] == before["limits"]
    cleared = _patched(after, {"pricing": None, "limits": {"max_tokens": None}})
    assert "pricing" not in cleared
    assert cleared["limits"] == {"context_window": 9}


def test_F02_lists_are_replaced() -> None:
    """A list in a patch takes the place of the one that was there."""
    assert _patched(made(body(tags=["a", "b"])), {"tags": ["c"]})["tags"] == ["c"]


@pytest.mark.parametrize("field", ["type", "model_id", "provider"])
def test_F02_null_where_a_value_is_required_is_refused(field: str) -> None:
    """What a model cannot be without cannot be cleared."""
    assert list(_refused(made(body()), {field: None})) == [field]


def test_model_id_in_a_patch_must_be_the_one_of_the_path() -> None:
    """A model is never renamed; saying its own id is fine."""
    document = made(body())
    assert _patched(document, {"model_id": "a/model"})["version"] == 2
    assert list(_refused(document, {"model_id": "b/model"})) == ["model_id"]


def test_whole_document_that_was_read_can_be_sent_back() -> None:
    """Get, edit, patch: all that a reader was shown is accepted, and only the edit counts."""
    before = made(
        body(provider=None, connection=KEYED, end_of_life_at="2030-01-01T00:00:00Z", tags=["a"])
    )
    shown = public_document(before, now=LATER)
    after = _patched(before, {**shown, "tags": ["b"]})
    assert _without(after, "tags", *STAMPS) == _without(before, "tags", *STAMPS)
    assert after["tags"] == ["b"]


@pytest.mark.parametrize("field", READ_ONLY)
def test_read_only_field_with_another_value_is_refused(field: str) -> None:
    """A patch cannot set what the gateway sets."""
    assert list(_refused(made(body()), {field: "2031-01-01T00:00:00Z"})) == [field]


def test_all_faults_of_a_patch_are_told() -> None:
    """Faults of the patch and of the document that it would make come together."""
    faults = _refused(made(body()), {"uid": "x", "model_id": "y", "tier": 5, "no": 1})
    assert list(faults) == ["uid", "model_id", "tier", "no"]


def test_announcement_of_the_end_of_life_is_kept() -> None:
    """``deprecated_at`` is when an end of life was first set; it goes when the end does."""
    document = made(body())
    assert "deprecated_at" not in document
    announced = _patched(document, {"end_of_life_at": "2030-01-01T00:00:00Z"})
    assert announced["deprecated_at"] == "2025-10-09T09:53:20Z"
    moved = apply_patch(
        announced, {"end_of_life_at": "2031-01-01T00:00:00Z"}, now=LATER + 9, actor="x"
    )
    assert moved["deprecated_at"] == announced["deprecated_at"]
    called_off = _patched(moved, {"end_of_life_at": None})
    assert "deprecated_at" not in called_off
    assert made(body(end_of_life_at="2030-01-01T00:00:00Z"))["deprecated_at"] == (
        "2025-10-09T08:53:20Z"
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "active"),
        ({"enabled": False}, "disabled"),
        ({"enabled": False, "end_of_life_at": "2020-01-01T00:00:00Z"}, "disabled"),
        ({"end_of_life_at": "2025-10-09T08:53:21Z"}, "deprecated"),
        ({"end_of_life_at": "2025-10-09T08:53:20Z"}, "end_of_life"),
    ],
)
def test_F10_lifecycle_state_is_worked_out_when_shown(fields: Document, state: str) -> None:
    """The state is never stored: the clock decides at read time."""
    document = made(body(**fields))
    assert "lifecycle_state" not in document
    assert public_document(document, now=NOW)["lifecycle_state"] == state


def test_defaults_are_shown() -> None:
    """A reader sees the defaults that stand for what was not given."""
    shown = public_document(made(body()), now=NOW)
    assert (shown["enabled"], shown["tier"], shown["owner"]) == (
        True,
        "standard",
        {"kind": "system"},
    )


def test_G01_provider_key_is_sealed_and_never_shown() -> None:
    """The stored form holds only the sealed key; nobody is shown even that."""
    document = made(body(provider=None, connection=KEYED))
    assert document["connection"] == {
        "protocol": "openai",
        "base_url": "https://host.example/v1",
        "api_key_sealed": seal("sk-1"),
    }
    shown = public_document(document, now=NOW)
    assert shown["connection"] == {
        "protocol": "openai",
        "base_url": "https://host.example/v1",
        "api_key_set": True,
    }
    keyless = public_document(_patched(document, {"connection": {"api_key": None}}), now=NOW)
    assert keyless["connection"]["api_key_set"] is False


def test_patch_keeps_replaces_and_clears_a_provider_key() -> None:
    """Absent keeps the key, a string replaces it, null clears it."""
    document = made(body(provider=None, connection=KEYED))
    moved = _patched(document, {"connection": {"base_url": "https://host.example:443/v2"}})
    assert moved["connection"]["api_key_sealed"] == seal("sk-1")
    replaced = _patched(document, {"connection": {"api_key": "sk-2"}})
    assert replaced["connection"]["api_key_sealed"] == seal("sk-2")
    assert "connection" not in _patched(document, {"connection": None, "provider": "openai"})


@pytest.mark.parametrize("key", ["sk-****", "***", "", " sk", "sk\n", "ключ", 5, ["sk"]])
def test_F08_masked_or_broken_key_is_never_written_back(key: object) -> None:
    """A mask that a console shows in place of a key is refused as a key."""
    document = made(body(provider=None, connection=KEYED))
    assert list(_refused(document, {"connection": {"api_key": key}})) == ["connection.api_key"]


@pytest.mark.parametrize(
    "url", ["https://evil.example/v1", "http://host.example/v1", "https://host.example:444/v1"]
)
def test_G02_stored_key_is_never_sent_to_another_host(url: str) -> None:
    """A new host needs the key again: whoever edits the address does not get the key."""
    document = made(body(provider=None, connection=KEYED))
    assert list(_refused(document, {"connection": {"base_url": url}})) == ["connection.api_key"]
    for key in ("sk-2", None):
        patch = {"connection": {"base_url": url, "api_key": key}}
        assert _patched(document, patch)["connection"]["base_url"] == url


@pytest.mark.parametrize("url", ["https://[broken", "https://host.example:x", 5, None])
def test_broken_base_url_does_not_pass_for_the_present_one(url: object) -> None:
    """An address that cannot be read is refused as itself."""
    document = made(body(provider=None, connection=KEYED))
    assert "connection.base_url" in _refused(document, {"connection": {"base_url": url}})


def test_sealed_key_cannot_be_sent() -> None:
    """Clients know no sealed form, and cannot say whether a key is set."""
    document = made(body(provider=None, connection=KEYED))
    sealed = {"connection": {"api_key_sealed": "sealed:x"}}
    assert _refused(document, sealed) == {"connection.api_key_sealed": "is not a known field"}
    assert list(_refused(document, {"connection": {"api_key_set": False}})) == [
        "connection.api_key_set"
    ]


def test_key_needs_something_to_seal_it_with() -> None:
    """Without the secret key of the configuration, a provider's key is refused, not kept open."""
    with pytest.raises(CallerError) as caught:
        new_document(
            body(provider=None, connection=KEYED), uid=UID, now=NOW, actor="x", source="api"
        )
    assert list(faults_of(caught.value)) == ["connection.api_key"]


def test_replaced_document_holds_only_what_was_sent() -> None:
    """A replacement keeps identity and key, and drops what the new body leaves out."""
    before = made(body(provider=None, connection=KEYED, tags=["a"]))
    sent = {**body_of(before), "region": "eu"}
    del sent["tags"]
    after = replace_document(before, sent, now=LATER, actor="user:bob", seal=seal)
    assert "tags" not in after
    assert after["region"] == "eu"
    assert after["connection"] == before["connection"]
    assert (after["uid"], after["version"]) == (before["uid"], 2)
    assert after["created_at"] == before["created_at"]


def test_replaced_document_can_leave_its_connection() -> None:
    """Sent anew with a configured provider, a model has no connection and no key left."""
    before = made(body(provider=None, connection=KEYED))
    after = replace_document(before, body(), now=LATER, actor="user:bob")
    assert "connection" not in after
    assert after["provider"] == "openai"


def test_restored_document_is_a_new_version_of_an_old_content() -> None:
    """A rollback goes forward: the old content under the next version, the key with it."""
    first = made(body(provider=None, connection=KEYED, tags=["a"]))
    second = _patched(first, {"tags": None, "region": "eu"})
    third = restore_document(second, first, now=LATER, actor="user:eve")
    assert (third["version"], third["updated_by"]) == (3, "user:eve")
    assert _without(third, *STAMPS) == _without(first, *STAMPS)


def test_body_of_a_document_makes_the_same_document() -> None:
    """Exported and imported again, a model is the same."""
    document = made(body(tags=["a"], pricing={"per_request": 1}, failover=["b"]))
    assert made(body_of(public_document(document, now=NOW)))["pricing"] == document["pricing"]
    assert made(body_of(document)) == document


def test_switch_to_a_parent_does_not_stumble_over_a_shown_default() -> None:
    """A default that was only shown and sent back does not become the model's own value."""
    document = made(body(owner={"kind": "org", "slug": "acme"}))
    shown = public_document(document, now=LATER)
    assert shown["tier"] == "standard"
    again = _patched(document, shown)
    assert "tier" not in again
    moved = _patched(again, {"parent_model_id": "base", "provider": None})
    assert moved["parent_model_id"] == "base"
