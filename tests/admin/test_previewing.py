"""Previews over a store: how far back, how many, and what an answer says of what it left out."""

import httpx
import pytest

from admin.house import NOON, House
from store.samples import record
from tollhouse.admin import previewing
from tollhouse.core.record import Record
from tollhouse.core.times import write_time
from tollhouse.gate.brownouts import DRAWS, draw

PATH = "/admin/v1/models/m/impact"
OFF = {"enabled": False}


def call(number: int, seconds_ago: float = 60, model: str = "m") -> Record:
    """A call of a model; later numbers are another key's."""
    started = int((NOON - seconds_ago) * 1_000_000)
    return record(
        number,
        started_at=started,
        ended_at=started + 1,
        requested_model=model,
        model=model,
        served_model=model,
        key_id=f"key-{number}",
        attempts=[],
    )


@pytest.fixture
async def used(house: House) -> House:
    """An org, a model and a few calls."""
    await house.org("acme")
    await house.model("m")
    await house.model("n")
    return house


async def test_only_the_last_day_counts(used: House) -> None:
    """To the microsecond; calls of other models are not even looked at."""
    await used.store.add_records([call(1, 86_400), call(2, 86_400.000001), call(3, 60, "n")])
    told = (await used.client().post(PATH, json=OFF)).json()["requests"]
    assert (told["requests"], told["refused"], told["cut"]) == (1, 1, False)
    assert told["since"] == write_time(NOON - 86_400)
    assert told["until"] == write_time(NOON)


@pytest.mark.parametrize(("calls", "cut"), [(5, False), (6, False), (7, True)])
async def test_the_newest_are_looked_at_and_a_cut_is_said(
    used: House, monkeypatch: pytest.MonkeyPatch, calls: int, *, cut: bool
) -> None:
    """What is left out are the oldest ones."""
    monkeypatch.setattr(previewing, "_PAGE", 2)
    monkeypatch.setattr(previewing, "MOST_RECORDS", 6)
    await used.store.add_records([call(number, 100 - number) for number in range(calls)])
    told = (await used.client().post(PATH, json=OFF)).json()["requests"]
    assert (told["requests"], told["cut"]) == (min(calls, 6), cut)
    keys = {row["key"] for row in told["by_key"]}
    assert ("key-0" in keys) is not cut
    assert f"key-{calls - 1}" in keys


async def test_lists_are_bounded_and_their_counts_are_not(
    used: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst come first."""
    monkeypatch.setattr(previewing, "MOST_ROWS", 1)
    await used.org("globex")
    await used.store.add_records([call(1), call(2)])
    told = (await used.client().post(PATH, json=OFF)).json()
    assert told["access"]["lost"]["count"] == 2
    assert len(told["access"]["lost"]["data"]) == len(told["requests"]["by_key"]) == 1
    assert told["requests"]["refused"] == 2


async def test_a_patch_that_changes_nothing_looks_at_nothing(used: House) -> None:
    """No field, no model, no request."""
    await used.store.add_records([call(1)])
    told = (await used.client().post(PATH, json={})).json()
    assert told["changes"] == told["affected_models"] == told["not_judged"] == []
    assert told["requests"]["requests"] == 0


async def test_a_brownout_refuses_those_whose_draw_says_so(used: House) -> None:
    """The very requests that would have been refused, by their ids."""
    calls = [call(number) for number in range(40)]
    await used.store.add_records(calls)
    window = {"start": write_time(NOON - 9), "end": write_time(NOON + 9), "share": "0.5"}
    patch = {"end_of_life_at": write_time(NOON + 99), "brownouts": [window]}
    told = (await used.client().post(PATH, json=patch)).json()["requests"]
    victims = [one for one in calls if draw("m", one.request_id) < DRAWS // 2]
    assert told["refusals"] == {"model_retired": len(victims)}
    assert 0 < len(victims) < 40


async def test_children_are_among_what_is_affected(used: House) -> None:
    """A change of the parent's price is theirs too; what the ledger cannot tell is named."""
    await used.model("c", provider=None, **_child())
    patch = {"pricing": {"per_request": "1"}, "limits": {"max_tokens": 5}}
    told = (await used.client().post(PATH, json=patch)).json()
    assert told["affected_models"] == ["c", "m"]
    assert told["not_judged"] == ["limits"]


def _child() -> dict[str, object]:
    return {"type": None, "parent_model_id": "m", "owner": {"kind": "org", "slug": "acme"}}


async def test_a_preview_is_of_the_stores_catalogue_not_of_what_this_worker_has_seen(
    used: House, sibling: House, admin: httpx.AsyncClient
) -> None:
    """Another worker has written meanwhile; the diff is against that."""
    await sibling.live.load()
    await sibling.client().patch("/v1/models/m", json={"region": "eu"})
    told = (await admin.post(PATH, json={"region": "us"})).json()
    assert told["changes"] == [{"field": "region", "before": "eu", "after": "us"}]
