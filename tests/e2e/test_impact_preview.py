"""What a patch would do, seen beforehand in real traffic, and then done."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.failing import fails
from e2e.stage import read_json
from fakes.gateway import RunningGateway, chat, model
from fakes.upstream import FakeUpstream

CHAT = "/v1/chat/completions"
ORGS = ({"slug": "acme", "plan": "pro"}, {"slug": "hobby", "plan": "free"})


async def preview(gw: RunningGateway, model_id: str, **patch: Any) -> Any:
    """The impact of a patch, numbers as written."""
    answer = await gw.admin.post(f"/admin/v1/models/{model_id}/impact", json=patch)
    assert answer.status_code == 200, answer.text
    return read_json(answer.content)


async def traffic(gw: RunningGateway, client: httpx.AsyncClient, model_id: str, times: int) -> None:
    """So many requests, all of which are answered."""
    for _ in range(times):
        answer = await client.post(CHAT, json=chat(model_id))
        assert answer.status_code == 200, answer.text


async def test_a_preview_says_what_the_patch_then_does(tmp_path: Path) -> None:
    """Refused by org and key with the gate's code; and nothing of it is written."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path, providers={"up": up.url}, models=[model("a"), model("b")], orgs=ORGS
        ) as gw,
    ):
        hobby = gw.as_caller(await gw.new_key("hobby"))
        await traffic(gw, gw.client, "a", 2)
        await traffic(gw, hobby, "a", 3)
        await traffic(gw, hobby, "b", 1)
        await gw.records()
        before = (await gw.admin.get("/admin/v1/models/a")).json()
        events = (await gw.admin.get("/admin/v1/audit")).json()["data"]

        told = await preview(gw, "a", tier="premium")

        assert told["changes"] == [{"field": "tier", "before": "standard", "after": "premium"}]
        assert told["affected_models"] == ["a"]
        assert told["access"]["lost"] == {
            "count": 1,
            "data": [{"org": "hobby", "model": "a", "code": "tier_insufficient"}],
        }
        assert told["access"]["gained"]["count"] == 0
        asked = told["requests"]
        assert (asked["requests"], asked["refused"], asked["cut"]) == (5, 3, False)
        assert asked["refusals"] == {"tier_insufficient": 3}
        assert [(row["org"], row["refused"]) for row in asked["by_org"]] == [("hobby", 3)]
        (key,) = asked["by_key"]
        assert key["org"] == "hobby"
        assert key["key"] in {one.key_id for one in await gw.records() if one.org == "hobby"}
        assert (await gw.admin.get("/admin/v1/models/a")).json() == before
        assert (await gw.admin.get("/admin/v1/audit")).json()["data"] == events

        await gw.patch("a", tier="premium")
        refused = await hobby.post(CHAT, json=chat("a"))
        assert refused.json()["error"]["code"] == "tier_insufficient"
        assert (await gw.client.post(CHAT, json=chat("a"))).status_code == 200


async def test_a_preview_prices_real_usage_at_the_old_and_the_new_price(tmp_path: Path) -> None:
    """The old sum is what the clients were told; the new one is what they are told afterwards."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        paid = Decimal(0)
        for _ in range(3):
            answer = await gw.client.post(CHAT, json=chat("a"))
            paid += read_json(answer.content)["usage"]["cost"]
        await gw.records()
        dearer = {"input_per_1m_tokens": "6.000001", "output_per_1m_tokens": "30.000003"}
        told = (await preview(gw, "a", pricing=dearer))["requests"]
        assert (told["repriced"], told["refused"], told["rerouted"]) == (3, 0, 0)
        assert told["cost_before"] == {"USD": paid}
        await gw.patch("a", pricing=dearer)
        answer = await gw.client.post(CHAT, json=chat("a"))
        assert told["cost_after"] == {"USD": 3 * read_json(answer.content)["usage"]["cost"]}


async def test_a_preview_shows_other_routes_and_orgs_that_gain(tmp_path: Path) -> None:
    """A failover that is taken away re-routes; an org that is let in is told as gained."""
    models = [
        model("a", failover=["spare"], org_slugs=["acme"]),
        model("spare", pricing={"input_per_1m_tokens": "1", "output_per_1m_tokens": "1"}),
    ]
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=models, orgs=ORGS) as gw,
    ):
        up.script(fails(500), fails(500), model="a-upstream")
        await traffic(gw, gw.client, "a", 2)
        await gw.records()
        told = await preview(gw, "a", failover=None, org_slugs=None)
        assert told["requests"]["rerouted"] == 2
        assert told["requests"]["repriced"] == 2
        assert [row["org"] for row in told["access"]["gained"]["data"]] == ["hobby"]
        told = await preview(gw, "spare", enabled=False)
        assert told["requests"]["rerouted"] == 2


@pytest.mark.parametrize(
    "path", ["/admin/v1/models/lab/a/impact", "/admin/v1/model/impact?id=lab/a"]
)
async def test_a_preview_is_refused_as_the_patch_would_be(tmp_path: Path, path: str) -> None:
    """With the same code and the same faults; an id with slashes is reached both ways."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("lab/a")]) as gw,
    ):
        for patch in (
            {"failover": ["nowhere"], "tier": "gold"},
            {"type": None},
            {"aliases": ["lab/a"]},
            {"unknown": 1},
        ):
            answer = await gw.admin.post(path, json=patch)
            real = await gw.admin.patch("/v1/models/lab/a", json=patch)
            assert answer.status_code == real.status_code == 422
            assert answer.json() == real.json()
        stale = await gw.admin.post(path, json={}, headers={"if-match": '"7"'})
        assert stale.status_code == 412
        assert (await gw.admin.post(path, json={"tags": ["x"]})).status_code == 200
