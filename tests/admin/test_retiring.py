"""Who still calls models whose end of life is near."""

from typing import Any

import httpx
import pytest

from admin.house import NOON, House, code_of, fields_of
from store.samples import record
from tollhouse.core.money import COST_UNIT
from tollhouse.core.record import Outcome, Record
from tollhouse.core.times import write_time

DAY = 86_400
PATH = "/admin/v1/models/retiring"


def call(number: int, days_ago: float, **fields: Any) -> Record:
    """A call of the model ``soon``."""
    started = int((NOON - days_ago * DAY) * 1_000_000)
    known = {"served_model": "soon", "model": "soon", "cost": COST_UNIT // 4, "key_id": "k1"}
    return record(number, **{**known, "started_at": started, "ended_at": started + 1, **fields})


@pytest.fixture
async def used(house: House) -> House:
    """Two orgs, models that end sooner and later, and a week of calls."""
    for slug in ("acme", "globex"):
        await house.org(slug)

    def ends(days: float) -> dict[str, str]:
        return {"end_of_life_at": write_time(NOON + days * DAY)}

    await house.model("later", **ends(60))
    await house.model("quiet", **ends(20))
    await house.model("past", **ends(-1))
    await house.model("for-ever")
    await house.model("theirs", owner={"kind": "org", "slug": "globex"}, **ends(2))
    await house.model(
        "soon", replacement_model_id="for-ever", deprecation_message="Move.", **ends(10)
    )
    await house.store.add_records(
        [
            call(1, 0.1),
            call(2, 0.5, key_id="k2", cost=None),
            call(3, 3, status=Outcome.UPSTREAM_ERROR),
            call(4, 3, org="globex", key_id="k3", cost=1),
            call(5, 8),
            call(6, 0.1, served_model="for-ever", model="for-ever"),
            call(7, 0.1, served_model="past", model="past"),
        ]
    )
    return house


async def test_the_report_tells_models_callers_counts_and_cost(used: House) -> None:
    """The next end first, the busiest caller first, amounts exact; a model without calls too."""
    response = await used.client().get(PATH)
    assert response.status_code == 200
    rows = response.json()["data"]
    assert [row["model_id"] for row in rows] == ["theirs", "soon", "quiet"]
    assert rows[1] == {
        "model_id": "soon",
        "end_of_life_at": write_time(NOON + 10 * DAY),
        "seconds_left": 10 * DAY,
        "replacement_model_id": "for-ever",
        "deprecation_message": "Move.",
        "last_24h": {"requests": 2, "failed": 0, "cost": 0.25, "unpriced": 1},
        "last_7d": {"requests": 4, "failed": 1, "cost": 0.5000000001, "unpriced": 1},
        "callers": [
            {
                "org": "acme",
                "key": "k1",
                "last_24h": {"requests": 1, "failed": 0, "cost": 0.25, "unpriced": 0},
                "last_7d": {"requests": 2, "failed": 1, "cost": 0.5, "unpriced": 0},
            },
            {
                "org": "acme",
                "key": "k2",
                "last_24h": {"requests": 1, "failed": 0, "cost": None, "unpriced": 1},
                "last_7d": {"requests": 1, "failed": 0, "cost": None, "unpriced": 1},
            },
            {
                "org": "globex",
                "key": "k3",
                "last_24h": {"requests": 0, "failed": 0, "cost": 0, "unpriced": 0},
                "last_7d": {"requests": 1, "failed": 0, "cost": 0.0000000001, "unpriced": 0},
            },
        ],
    }
    assert '"cost":0.0000000001' in response.text
    assert rows[2]["callers"] == []


@pytest.mark.parametrize(
    ("within", "models"),
    [
        ("60d", ["theirs", "soon", "quiet", "later"]),
        ("240h", ["theirs", "soon"]),
        ("864000s", ["theirs", "soon"]),
        ("14399m", ["theirs"]),
        ("0d", []),
    ],
)
async def test_how_far_it_looks_ahead(used: House, within: str, models: list[str]) -> None:
    """To the second, the last one included."""
    response = await used.client().get(PATH, params={"within": within})
    assert [row["model_id"] for row in response.json()["data"]] == models


@pytest.mark.parametrize("within", ["30", "d", "-1d", "1.5d", "9999999d", "1w", "30d ago", "٣d"])
async def test_a_duration_that_is_none_is_refused(admin: httpx.AsyncClient, within: str) -> None:
    """400 naming the parameter."""
    response = await admin.get(PATH, params={"within": within})
    assert response.status_code == 400
    assert set(fields_of(response)) == {"within"}


async def test_an_orgs_people_see_their_own_calls_and_models(used: House) -> None:
    """Neither another org's model nor its calls; asking for them is refused."""
    client = used.client(await used.token("member", "acme"))
    rows = (await client.get(PATH)).json()["data"]
    assert [row["model_id"] for row in rows] == ["soon", "quiet"]
    assert {row["org"] for row in rows[0]["callers"]} == {"acme"}
    assert rows[0]["last_7d"]["requests"] == 3
    assert code_of(await client.get(PATH, params={"org": "globex"})) == "forbidden"
    of_one = (await used.client().get(PATH, params={"org": "globex"})).json()["data"][1]
    assert [row["key"] for row in of_one["callers"]] == ["k3"]


async def test_a_model_of_that_name_is_reached_by_its_id(house: House) -> None:
    """The report has the path; the query form has the model."""
    await house.model("retiring")
    shown = (await house.client().get("/admin/v1/model?id=retiring")).json()
    assert shown["model_id"] == "retiring"
    assert (await house.client().patch("/v1/models/retiring", json={})).status_code == 200
