"""``Idempotency-Key``: one request, however often it is sent, to whichever worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NoReturn

import httpx
import pytest

from admin.dialects.org.org_desk import PATH, Desk, furnished, new, problem_of
from admin.house import House, SetClock, build, listening
from tollhouse.admin.dialects.org.repeats import KEPT_SECONDS, UNDER_WAY_SECONDS
from tollhouse.core.errors import CallerError, Code
from tollhouse.core.history import CatalogueChange
from tollhouse.ports import StaleVersion, StoreUnavailable

Workers = Callable[[], Awaitable[House]]


@asynccontextmanager
async def worker(url: str, clock: SetClock) -> AsyncIterator[House]:
    """One worker on a store, listening."""
    house = build(url, clock)
    await house.live.load()
    async with listening(house.application) as address:
        house.url = address
        yield house
        for client in house.clients:
            await client.aclose()
    await house.store.aclose()


@pytest.fixture(name="workers")
async def _workers(store_url: str, clock: SetClock) -> AsyncIterator[Workers]:
    """Starts workers on one store, on each engine in turn."""
    async with AsyncExitStack() as stack:

        async def start() -> House:
            return await stack.enter_async_context(worker(store_url, clock))

        yield start


def keyed(key: str) -> dict[str, str]:
    """The header."""
    return {"Idempotency-Key": key}


async def post(
    http: httpx.AsyncClient, key: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    """One try."""
    return await http.post(PATH, json=body or new(), headers=keyed(key))


def again(house: House, desk: Desk) -> httpx.AsyncClient:
    """The desk's admin, at another worker."""
    credential = desk.http.headers["authorization"].removeprefix("Bearer ")
    return house.client(credential)


async def test_a_request_that_is_sent_again_is_answered_again(desk: Desk) -> None:
    """The same status, headers and bytes, with a mark, and one model."""
    first = await post(desk.http, "create-model-001")
    second = await post(desk.http, "create-model-001")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    for name in ("location", "etag", "content-type", "cache-control"):
        assert first.headers[name] == second.headers[name]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert await desk.names(isSystemModel="false") == ["acme/mine"]
    assert len(await desk.house.events(action="model.created", actor="user_token:olga")) == 1


async def test_the_answer_stays_what_it_was(desk: Desk) -> None:
    """A later change or deletion of the model does not reach into it."""
    first = await post(desk.http, "k")
    await desk.patch(first.json()["id"], displayName="Renamed")
    await desk.http.delete(f"{PATH}/{first.json()['id']}")
    assert (await post(desk.http, "k")).content == first.content
    assert await desk.names(isSystemModel="false") == []


async def test_the_same_request_in_another_spelling_is_the_same(desk: Desk) -> None:
    """Order of names and white space say nothing."""
    body = b'{"displayName":"Mine","parentModelId":"large","contextWindow":8192}'
    other = b'{ "contextWindow": 8192,\n "parentModelId": "large", "displayName": "Mine" }'
    headers = {**keyed("k"), "content-type": "application/json"}
    first = await desk.http.post(PATH, content=body, headers=headers)
    second = await desk.http.post(PATH, content=other, headers=headers)
    assert first.content == second.content


async def test_another_request_under_the_same_key_is_refused(desk: Desk) -> None:
    """422 naming the header; the first one's answer stays."""
    first = await post(desk.http, "k")
    other = await post(desk.http, "k", new(displayName="Another"))
    problem = problem_of(other, 422, "idempotency_key_reused")
    assert [one["path"] for one in problem["errors"]] == ["Idempotency-Key"]
    assert (await post(desk.http, "k")).content == first.content
    (event,) = await desk.house.events(action="model.created", actor="user_token:olga", limit="1")
    assert event["outcome"] == "idempotency_key_reused"


async def test_a_refused_request_leaves_its_key_free(desk: Desk) -> None:
    """Nothing was done, so the body can be mended and sent under the same key."""
    for body in (new(contextWindow=0), new(parentModelId="nobody"), new(contextWindow="x")):
        assert (await post(desk.http, "k", body)).status_code == 422
    assert (await post(desk.http, "k")).status_code == 201


async def test_a_key_is_an_orgs_own(desk: Desk) -> None:
    """The same key in two orgs is two keys; in one org it is one, whoever sends it."""
    theirs = desk.house.client(await desk.house.token("org_admin", "globex", user="gil"))
    colleague = desk.house.client(await desk.house.token("org_admin", "acme", user="ole"))
    first = await post(desk.http, "k")
    assert (await post(theirs, "k")).json()["modelId"] == "globex/mine"
    assert (await post(colleague, "k")).content == first.content


async def test_an_answer_is_for_those_who_may_ask(desk: Desk) -> None:
    """A member of the org does not get by the key what it could not have asked for."""
    await post(desk.http, "k")
    member = desk.house.client(await desk.house.token("member", "acme", user="mia"))
    problem_of(await post(member, "k"), 403, "forbidden")


async def test_an_answer_is_kept_for_a_day(desk: Desk) -> None:
    """After that the key is new."""
    first = await post(desk.http, "k")
    desk.house.clock.time += KEPT_SECONDS
    assert (await post(desk.http, "k")).content == first.content
    desk.house.clock.time += 1
    assert (await post(desk.http, "k")).json()["modelId"] == "acme/mine-2"


FAULTY: list[list[tuple[str, str]]] = [
    [("idempotency-key", "")],
    [("idempotency-key", "x" * 256)],
    [("idempotency-key", "a"), ("idempotency-key", "b")],
    [("idempotency-key", "caf\u00e9")],
]


@pytest.mark.parametrize("headers", FAULTY, ids=["empty", "long", "twice", "not ASCII"])
async def test_a_key_that_cannot_be_used_is_refused(
    desk: Desk, headers: list[tuple[str, str]]
) -> None:
    """400 naming the header; nothing is made."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = await desk.http.post(PATH, json=new(), headers=raw)
    problem = problem_of(answer, 400, "invalid_request_error")
    assert [one["path"] for one in problem["errors"]] == ["Idempotency-Key"]
    assert await desk.names(isSystemModel="false") == []


async def test_the_longest_key_is_a_key(desk: Desk) -> None:
    """255 characters, in quotes or not, with spaces or not."""
    for key in ("x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "a key with spaces"):
        made = await post(desk.http, key)
        assert (await post(desk.http, key)).content == made.content


async def test_without_a_key_every_request_is_one_of_its_own(desk: Desk) -> None:
    """As is usual."""
    for name in ("acme/mine", "acme/mine-2"):
        assert (await desk.create())["modelId"] == name


async def test_it_holds_over_workers_and_restarts(workers: Workers) -> None:
    """Another worker gives the answer, and so does one that starts later."""
    one, two = await workers(), await workers()
    desk = await furnished(one)
    first = await post(desk.http, "k")
    for house in (two, await workers()):
        second = await post(again(house, desk), "k")
        assert second.content == first.content
        assert second.headers["idempotent-replayed"] == "true"
    assert len((await one.store.load()).models) == 2


async def test_many_at_once_over_two_workers_make_one_model(workers: Workers) -> None:
    """One of them does it; the others get its answer or are told that it is under way."""
    one, two = await workers(), await workers()
    desk = await furnished(one)
    clients = [desk.http, again(two, desk)]
    answers = await asyncio.gather(*(post(clients[number % 2], "k") for number in range(20)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in done) == 1
    for answer in answers:
        if answer.status_code != 201:
            problem_of(answer, 409, "idempotency_key_in_use")
            assert answer.headers["retry-after"] == "1"
    assert len((await one.store.load()).models) == 2


class Breaks(Exception):
    """The process dies here, as far as the store can see."""


async def test_a_request_that_died_before_its_change_can_be_sent_again(workers: Workers) -> None:
    """409 while it could still be under way, then the key is free; nothing was made by it."""
    house = await workers()
    desk = await furnished(house)
    commit, give_up = house.store.commit, house.store.give_up_repeat

    async def die(*_: object, **__: object) -> NoReturn:
        raise Breaks

    house.store.commit = die  # type: ignore[method-assign]
    house.store.give_up_repeat = die  # type: ignore[method-assign]
    assert (await post(desk.http, "k")).status_code == 500
    house.store.commit = commit  # type: ignore[method-assign]
    house.store.give_up_repeat = give_up  # type: ignore[method-assign]
    problem_of(await post(desk.http, "k"), 409, "idempotency_key_in_use")
    house.clock.time += UNDER_WAY_SECONDS + 1
    assert (await post(desk.http, "k")).json()["modelId"] == "acme/mine"


async def test_a_request_that_died_after_its_change_has_an_answer(workers: Workers) -> None:
    """Change and answer are one transaction: the next try gets what the first did not."""
    house = await workers()
    desk = await furnished(house)
    commit = house.store.commit

    async def commit_and_die(change: CatalogueChange) -> int:
        await commit(change)
        raise StoreUnavailable("the answer was lost")

    house.store.commit = commit_and_die  # type: ignore[method-assign]
    problem_of(await post(desk.http, "k"), 503, "store_unavailable")
    house.store.commit = commit  # type: ignore[method-assign]
    second = await post(desk.http, "k")
    assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "true")
    assert len((await house.store.load()).models) == 2


async def test_one_that_was_taken_for_dead_does_nothing_late(workers: Workers) -> None:
    """A try that took too long finds that another has its turn, and is refused whole."""
    house, other = await workers(), await workers()
    desk = await furnished(house)
    commit = house.store.commit
    overtaking: list[httpx.Response] = []

    async def slow(change: CatalogueChange) -> int:
        house.store.commit = commit  # type: ignore[method-assign]
        house.clock.time += UNDER_WAY_SECONDS + 1
        overtaking.append(await post(again(other, desk), "k"))
        return await commit(change)

    house.store.commit = slow  # type: ignore[method-assign]
    late = await post(desk.http, "k")
    assert overtaking[0].status_code == 201
    # Its turn to write is lost too; computed again, it finds that the key is not its own.
    problem_of(late, 409, "idempotency_key_in_use")
    assert len((await house.store.load()).models) == 2
    assert (await post(desk.http, "k")).content == overtaking[0].content


async def test_a_write_that_competes_keeps_its_turn(workers: Workers) -> None:
    """Computed again after another write came first, it is done once and answered once."""
    house = await workers()
    desk = await furnished(house)
    commit = house.store.commit
    tries: list[CatalogueChange] = []

    async def second(change: CatalogueChange) -> int:
        tries.append(change)
        if len(tries) == 1:
            raise StaleVersion
        return await commit(change)

    house.store.commit = second  # type: ignore[method-assign]
    first = await post(desk.http, "k")
    assert (first.status_code, len(tries)) == (201, 2)
    assert (await post(desk.http, "k")).content == first.content


def test_codes_have_the_statuses_of_the_draft() -> None:
    """Another request is 422, one under way is 409 (draft-ietf-httpapi-idempotency-key-header)."""
    assert CallerError(Code.IDEMPOTENCY_KEY_REUSED, "").status == 422
    assert CallerError(Code.IDEMPOTENCY_KEY_IN_USE, "").status == 409
