"""What every implementation of ``ports.Store`` does, on every engine."""

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from store.samples import ACME, NINE, change, credential, event
from tollhouse.core.errors import CallerError, Code
from tollhouse.core.history import CatalogueChange, StoredModel, Versions
from tollhouse.core.tenants import Org
from tollhouse.ports import Page, StaleVersion, Store

HOUR = 3_600


async def every_row(fetch: Callable[[str | None], Awaitable[Page]]) -> list[object]:
    """All rows of a list, page by page."""
    rows: list[object] = []
    cursor = None
    while True:
        page = await fetch(cursor)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


async def test_a_migrated_store_is_empty_and_right(store: Store) -> None:
    """A fresh store has the schema, both counters at nothing, and no models."""
    assert await store.schema_ok()
    assert await store.versions() == Versions(catalogue=0, callers=0)
    assert not (await store.load()).models


# --- The catalogue ---


async def test_a_committed_document_is_loaded_as_it_was(store: Store) -> None:
    """A document comes back equal, with its version, at the new catalogue version."""
    document = {"model_id": "openai/gpt-4o", "pricing": {"input": "0.15"}, "tags": ["ä", "\x00"]}
    put = StoredModel("openai/gpt-4o", 1, document)

    version = await store.commit(CatalogueChange(expected_version=0, put=[put]))

    assert version == 1
    assert await store.versions() == Versions(catalogue=1, callers=0)
    loaded = await store.load()
    assert loaded.version == 1
    assert loaded.models == [put]


async def test_a_stale_change_is_refused_and_leaves_nothing(store: Store) -> None:
    """A change computed from another version raises, and neither model nor event is kept."""
    await store.commit(change(0, "a"))

    for version in (0, 2, -1, 10**30):
        stale = replace(change(version, "b"), events=[event()])
        with pytest.raises(StaleVersion):
            await store.commit(stale)

    assert [stored.model_id for stored in (await store.load()).models] == ["a"]
    assert not (await trail(store)).rows


async def test_a_change_is_whole_or_not_there(store: Store) -> None:
    """An event that cannot be kept takes the models and the version back with it."""
    await store.append(event(1))

    with pytest.raises(Exception, match="store"):
        await store.commit(replace(change(0, "a"), events=[event(1)]))

    assert await store.versions() == Versions()
    assert not (await store.load()).models


async def test_models_are_loaded_in_the_order_of_their_ids(store: Store) -> None:
    """Order is by code point, whatever the database's language."""
    names = ["b", "A", "a/2", "a", "Ä", "a.1", "_"]
    await store.commit(change(0, *names))
    assert [stored.model_id for stored in (await store.load()).models] == sorted(names)


async def test_a_hundred_concurrent_commits_all_survive(store: Store) -> None:
    """Writers that compute again on a stale version lose no change, and versions do not repeat."""

    async def add(number: int) -> int:
        while True:
            current = await store.versions()
            try:
                return await store.commit(change(current.catalogue, f"model-{number:03}"))
            except StaleVersion:
                await asyncio.sleep(random.random() * 0.5)

    versions = await asyncio.gather(*(add(number) for number in range(100)))

    assert sorted(versions) == list(range(1, 101))
    assert len((await store.load()).models) == 100


async def test_history_holds_every_version_newest_first(store: Store) -> None:
    """Puts and deletions are all there, with who and when, and can be had one by one."""
    await store.commit(change(0, "a", enabled=True))
    second = StoredModel("a", 2, {"model_id": "a", "enabled": False})
    await store.commit(
        CatalogueChange(expected_version=1, put=[second], at=NINE + 1.5, actor="org_key:k")
    )
    await store.commit(change(2, delete=("a", "unknown")))

    page = await store.history("a", limit=10, cursor=None)

    assert [(entry.version, entry.document) for entry in page.rows] == [
        (3, None),
        (2, second.document),
        (1, {"model_id": "a", "enabled": True}),
    ]
    assert (page.rows[1].at, page.rows[1].actor) == (NINE + 1.5, "org_key:k")
    assert await store.model_version("a", 2) == page.rows[1]
    assert await store.model_version("a", 4) is None
    assert await store.model_version("a", 10**30) is None
    assert not (await store.history("unknown", limit=10, cursor=None)).rows


async def test_a_deleted_id_never_gets_an_old_version_again(store: Store) -> None:
    """A model created anew goes on counting, so that a price version names one document."""
    await store.commit(change(0, "a"))
    await store.commit(change(1, delete=("a",)))
    await store.commit(change(2, "a"))
    assert [(stored.model_id, stored.version) for stored in (await store.load()).models] == [
        ("a", 3)
    ]


async def test_a_change_of_two_thousand_models_is_one_commit(store: Store) -> None:
    """Large imports fit in one transaction."""
    names = [f"vendor/model-{number:05}" for number in range(2_000)]
    await store.commit(change(0, *names))
    await store.commit(change(1, *names[:1_000], delete=tuple(names[1_000:])))
    assert len((await store.load()).models) == 1_000


# --- Callers ---


async def test_an_org_is_created_once_and_then_replaced(store: Store) -> None:
    """Creating what is there and replacing what is not are both stale and leave no trace."""
    better = replace(ACME, plan="enterprise", name=None)
    with pytest.raises(StaleVersion):
        await store.put_org(better, event(1), replacing=ACME)
    await store.put_org(ACME, event(2))
    for replacing in (None, better):
        with pytest.raises(StaleVersion):
            await store.put_org(replace(ACME, plan="free"), event(3), replacing=replacing)
    assert await store.org("acme") == ACME

    await store.put_org(better, event(4), replacing=ACME)

    assert await store.org("acme") == better
    assert await store.org("ACME") is None
    assert (await store.versions()).callers == 2
    assert [row.id for row in (await trail(store)).rows] == ["event-000004", "event-000002"]


async def test_a_credential_is_found_with_its_org(store: Store) -> None:
    """Every field of a credential survives, and replacing it replaces all of them."""
    await store.put_org(ACME, event(1))
    key = credential(
        kind="user_token",
        user="ada",
        role="org_admin",
        expires_at=NINE + 1.25,
        revoked_at=NINE + 2.5,
        previous_digest="old",
        previous_until=NINE + 3.75,
        enabled=False,
    )
    await store.put_credential(key, event(2))
    assert await store.credential(key.id) == (key, ACME)

    await store.put_credential(credential(), event(3), replacing=key)

    assert await store.credential(key.id) == (credential(), ACME)
    assert await store.credential("nobody") is None
    assert (await store.versions()).callers == 3


async def test_a_credential_that_moved_on_is_not_replaced(store: Store) -> None:
    """Creating what is there and replacing what is not, or no longer, leave no trace."""
    await store.put_org(ACME, event(1))
    key = credential()
    with pytest.raises(StaleVersion):
        await store.put_credential(replace(key, name="late"), event(2), replacing=key)
    await store.put_credential(key, event(3))
    revoked = replace(key, enabled=False, revoked_at=NINE + 1.25)
    await store.put_credential(revoked, event(4), replacing=key)

    for replacing in (None, key, replace(revoked, revoked_at=NINE + 1.5)):
        with pytest.raises(StaleVersion):
            await store.put_credential(replace(key, name="late"), event(5), replacing=replacing)

    assert await store.credential(key.id) == (revoked, ACME)
    assert (await store.versions()).callers == 3
    assert [row.id[-1] for row in (await trail(store)).rows] == list("431")


async def test_a_credential_is_replaced_as_it_was_read_whatever_its_times(store: Store) -> None:
    """What a column cannot hold to the last digit is compared as the store gave it back."""
    await store.put_org(ACME, event(1))
    for number in range(50):
        times = {"created_at": NINE + number / 7, "expires_at": 253_402_300_799 - number / 7}
        await store.put_credential(credential(number, **times), event(100 + number))
        found = await store.credential(f"key-{number:04}")
        assert found is not None
        revoked = replace(found[0], revoked_at=NINE + 1.0)
        await store.put_credential(revoked, event(200 + number), replacing=found[0])


async def test_a_credential_needs_its_org(store: Store) -> None:
    """A key for an org that is not there is refused with a 404, and nothing is kept."""
    with pytest.raises(CallerError) as refusal:
        await store.put_credential(credential(), event(1))
    assert refusal.value.code is Code.NOT_FOUND
    assert await store.versions() == Versions()
    assert not (await trail(store)).rows


async def test_deleting_an_org_deletes_its_credentials(store: Store) -> None:
    """An org made again under the same slug does not bring old keys back to life."""
    await store.put_org(ACME, event(1))
    await store.put_org(replace(ACME, slug="other"), event(2))
    await store.put_credential(credential(1), event(3))
    await store.put_credential(credential(2, org="other"), event(4))

    assert await store.delete_org("acme", event(5))
    assert not await store.delete_org("acme", event(6))
    await store.put_org(ACME, event(7))

    assert await store.credential("key-0001") is None
    assert await store.credential("key-0002") is not None
    assert [row.id for row in (await trail(store, action="model.updated")).rows][0:2] == [
        "event-000007",
        "event-000005",
    ]


async def test_of_two_writes_computed_from_one_reading_one_is_kept(store: Store) -> None:
    """At the same time or one after the other, the second is stale, for credentials and orgs."""
    await store.put_org(ACME, event(0))
    org, key = ACME, credential()
    await store.put_credential(key, event(1))
    for number in range(10, 40, 2):
        keys = [replace(key, name=f"{number + one}") for one in range(2)]
        orgs = [replace(org, name=f"{number + one}") for one in range(2)]
        results = await asyncio.gather(
            *(
                store.put_credential(it, event(100 + int(it.name or 0)), replacing=key)
                for it in keys
            ),
            *(store.put_org(it, event(200 + int(it.name or 0)), replacing=org) for it in orgs),
            return_exceptions=True,
        )
        for pair in (results[:2], results[2:]):
            assert {type(result) for result in pair} == {type(None), StaleVersion}
        found = await store.credential(key.id)
        assert found == (keys[results.index(None)], orgs[results[2:].index(None)])
        key, org = found


async def test_a_credential_does_not_outlive_its_org_through_a_change(store: Store) -> None:
    """A key read before its org was deleted cannot be put back."""
    await store.put_org(ACME, event(1))
    await store.put_credential(credential(), event(2))
    await store.delete_org("acme", event(3))
    with pytest.raises(StaleVersion):
        await store.put_credential(
            replace(credential(), name="late"), event(4), replacing=credential()
        )
    assert await store.credential("key-0001") is None


async def test_keys_made_while_their_org_goes_are_not_left_behind(store: Store) -> None:
    """Whichever of a deletion and a new key comes first, no key of a gone org remains."""
    await store.put_org(ACME, event(0))

    async def make(number: int) -> None:
        with suppress(CallerError):
            await store.put_credential(credential(number), event(number))

    await asyncio.gather(
        *(make(number) for number in range(1, 11)),
        store.delete_org("acme", event(99)),
        *(make(number) for number in range(11, 21)),
    )

    page = await store.credentials(kind="org_key", org=None, limit=100, cursor=None)
    assert not page.rows


async def test_orgs_and_credentials_are_listed_page_by_page(store: Store) -> None:
    """Every row comes once, in order, and filters hold on every page."""
    slugs = ["a", "acme", "b-2", "b_1", "c"]
    for number, slug in enumerate(slugs):
        await store.put_org(Org(slug, "free"), event(number))
    for number in range(7):
        kind = "org_key" if number % 3 else "user_token"
        key = credential(number, kind=kind, org="acme" if number < 5 else "c")
        await store.put_credential(key, event(100 + number))

    orgs = await every_row(lambda cursor: store.orgs(limit=2, cursor=cursor))
    keys = await every_row(
        lambda cursor: store.credentials(kind="org_key", org="acme", limit=1, cursor=cursor)
    )

    assert orgs == [Org(slug, "free") for slug in sorted(slugs)]
    assert keys == [credential(1), credential(2), credential(4)]


# --- The audit trail ---


async def trail(store: Store, **filters: str | float) -> Page:
    """Up to a hundred events that pass the filters."""
    known: dict[str, object] = dict.fromkeys(
        ("target", "actor", "action", "org", "since", "cursor")
    )
    return await store.events(**{**known, "limit": 100, **filters})  # type: ignore[arg-type]


async def test_an_event_is_kept_as_it_was(store: Store) -> None:
    """Every field survives, absent documents too."""
    plain = event(1, org="acme", before=None, after=None, changed=(), outcome="version_conflict")
    await store.append(plain)
    await store.commit(replace(change(0, "a"), events=[event(2)]))
    assert (await trail(store)).rows == [event(2), plain]


async def test_events_are_filtered(store: Store) -> None:
    """Each filter holds alone and with the others, exactly."""
    for number in range(8):
        await store.append(
            event(
                number,
                target=f"t{number & 1}",
                actor=f"a{number >> 1 & 1}",
                action=f"x{number >> 2}",
                org=("acme", "other", None)[number % 3],
            )
        )
    assert [row.id[-1] for row in (await trail(store, target="t1")).rows] == list("7531")
    assert [row.id[-1] for row in (await trail(store, target="t1", actor="a0")).rows] == ["5", "1"]
    assert [row.id[-1] for row in (await trail(store, action="x1", actor="a1")).rows] == ["7", "6"]
    assert [row.id[-1] for row in (await trail(store, since=NINE + 1.5)).rows] == ["7", "6"]
    assert [row.id[-1] for row in (await trail(store, org="acme")).rows] == list("630")
    assert [row.id[-1] for row in (await trail(store, org="other", target="t1")).rows] == ["7", "1"]
    assert not (await trail(store, target="t")).rows
    assert not (await trail(store, org="")).rows


async def test_events_of_one_moment_are_paged_without_a_gap(store: Store) -> None:
    """Rows with the same time neither repeat nor vanish between pages."""
    for number in range(25):
        await store.append(event(number, at=float(NINE)))
    rows = await every_row(
        lambda cursor: store.events(
            target=None, actor=None, action=None, org=None, since=None, limit=4, cursor=cursor
        )
    )
    assert [row.id for row in rows] == [  # type: ignore[attr-defined]
        f"event-{number:06}" for number in reversed(range(25))
    ]


FOREIGN_KEYS = [
    *("[]", "{}", "null", "[1]", '["1", "x"]', "[1, 2]", '[1, "x", 3]', '[true, "x"]'),
    *('[1e30, "x"]', f'[{10**30}, "x"]', "[" * 100_000),
]


async def test_a_cursor_of_somebody_else_is_a_400(store: Store) -> None:
    """Anything but a cursor of this list is refused, naming the parameter."""
    written = [base64.urlsafe_b64encode(key.encode()).decode() for key in FOREIGN_KEYS]
    for cursor in ["", "!", "AAAA", "ü", "x" * 5_000, *written]:
        with pytest.raises(CallerError) as refusal:
            await trail(store, cursor=cursor)
        assert (refusal.value.status, refusal.value.param) == (400, "cursor")
