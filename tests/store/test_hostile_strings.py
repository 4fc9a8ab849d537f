"""Strings are values, never statements, in every argument of every method."""

import dataclasses

import pytest

from store.samples import ACME, change, credential, event, record
from tollhouse.core.errors import CallerError
from tollhouse.core.history import ModelVersion
from tollhouse.ports import Store, UsageQuery

HOSTILE = [
    "' OR 1=1 --",
    "'; DROP TABLE tollhouse_orgs; --",
    '" OR ""="',
    "\\'; SELECT pg_sleep(10); --",
    "%s %(id)s :id $1 ?",
    "{0} {{7*7}}",
    "%_",
    "acme\x00",
    "\ud800",
    "naïve 🚧 \u202e",
    "x" * 100_000,
]


@pytest.fixture
async def furnished(store: Store) -> Store:
    """A store with something of everything in it."""
    await store.commit(change(0, "model"))
    await store.put_org(ACME, event(1))
    await store.put_credential(credential(), event(2))
    await store.add_records([record()])
    return store


async def test_G03_a_hostile_string_finds_nothing(furnished: Store) -> None:
    """No look-up, list or filter answers with anything for a string that is nobody's name."""
    for text in HOSTILE:
        await finds_nothing(furnished, text)


async def finds_nothing(store: Store, text: str) -> None:
    """Use ``text`` as every value that a caller may choose."""
    assert await store.credential(text) is None
    assert await store.org(text) is None
    assert await store.model_version(text, 1) is None
    assert not (await store.history(text, limit=5, cursor=None)).rows
    assert not (await store.credentials(kind=text, org=None, limit=5, cursor=None)).rows
    assert not (await store.credentials(kind="org_key", org=text, limit=5, cursor=None)).rows
    assert not await store.delete_org(text, event(9))
    names = ("target", "actor", "action", "org")
    for name in names:
        filters = {**dict.fromkeys(names), name: text}
        assert not (await store.events(since=None, limit=5, cursor=None, **filters)).rows
    for name in ("request_id", "org", "model", "status"):
        assert not (await store.records(filters={name: text}, limit=5, cursor=None)).rows
    assert (await store.usage(UsageQuery(org=text)))[0]["requests"] == 0


async def test_G03_a_hostile_name_of_a_parameter_is_refused(furnished: Store) -> None:
    """Cursors, groups, intervals and filters are of a known form or a 400."""
    for text in HOSTILE:
        for attempt in (
            furnished.orgs(limit=5, cursor=text),
            furnished.history("model", limit=5, cursor=text),
            furnished.records(filters={}, limit=5, cursor=text),
            furnished.records(filters={text: "x"}, limit=5, cursor=None),
            furnished.usage(UsageQuery(group_by=(text,))),
            furnished.usage(UsageQuery(interval=text)),
        ):
            with pytest.raises(CallerError):
                await attempt


@pytest.mark.parametrize("text", HOSTILE[:8], ids=range(8))
async def test_G03_a_hostile_string_is_kept_as_a_value(furnished: Store, text: str) -> None:
    """Stored in every field, it comes back as text and touches nothing else.

    U+0000, which PostgreSQL cannot hold, comes back as U+FFFD from columns; documents keep it.
    """
    store = furnished
    kept = text.replace("\0", "\ufffd")
    org = dataclasses.replace(ACME, slug=text, plan=text, name=text)
    await store.put_org(org, event(3, actor=text, target=text, org=text))
    assert await store.org(text) == dataclasses.replace(ACME, slug=kept, plan=kept, name=kept)
    await store.put_credential(credential(2, id=text, org=text, digest=text), event(4))
    found = await store.credential(text)
    assert found is not None
    assert found[0].digest == kept
    await store.commit(change(1, text, description=text))
    assert await store.model_version(text, 1) == ModelVersion(
        kept, 1, {"model_id": text, "description": text}, at=1_732_093_201.0, actor="user_token:ada"
    )
    odd = record(2, request_id=text, org=text, served_model=text, key_id=text)
    assert await store.add_records([odd]) == 1
    page = await store.records(filters={"org": text, "model": text}, limit=5, cursor=None)
    assert page.rows == [odd]

    assert len((await store.orgs(limit=5, cursor=None)).rows) == 2
    assert len((await store.load()).models) == 2
    assert (await store.usage(UsageQuery()))[0]["requests"] == 2
