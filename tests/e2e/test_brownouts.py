"""A brown-out in force: which requests are refused, and that everybody says the same."""

import time
from pathlib import Path
from typing import Any

from fakes.gateway import RunningGateway, chat, model
from fakes.upstream import FakeUpstream
from tollhouse.gate.brownouts import DRAWS, draw

CHAT = "/v1/chat/completions"
IDS = [f"request-{number}" for number in range(60)]
VICTIMS = [one for one in IDS if draw("old", one) < DRAWS // 2]


def moment(seconds: float) -> str:
    """A time so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def old(share: str, **fields: Any) -> dict[str, Any]:
    """A model in a brown-out of a minute, with a replacement."""
    return model(
        "old",
        end_of_life_at=moment(3600),
        replacement_model_id="new",
        brownouts=[{"start": moment(-30), "end": moment(30), "share": share}],
        **fields,
    )


async def refused_ids(gw: RunningGateway) -> list[str]:
    """The requests that are refused, each as a retired model's is; the others are answered."""
    refused = []
    for one in IDS:
        answer = await gw.client.post(CHAT, json=chat("old"), headers={"x-request-id": one})
        dry = {"x-request-id": one, "x-tollhouse-dry-run": "true"}
        told = (await gw.client.post(CHAT, json=chat("old"), headers=dry)).json()
        assert told["allowed"] is (answer.status_code == 200)
        assert [window["in_force"] for window in told["brownouts"]] == [True]
        if answer.status_code != 200:
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (410, "model_retired")
            assert "Use 'new' instead" in error["message"]
            assert told["code"] == "model_retired"
            refused.append(one)
    return refused


async def test_the_same_requests_are_refused_by_every_gateway(tmp_path: Path) -> None:
    """Which ones follows from their ids; the others, and the list of models, are as ever."""
    models = [old("0.5"), model("new")]
    async with FakeUpstream() as up:
        for folder in ("one", "two"):
            async with RunningGateway(
                tmp_path / folder, providers={"up": up.url}, models=models
            ) as gw:
                assert await refused_ids(gw) == VICTIMS
                listed = (await gw.client.get("/v1/models")).json()["data"]
                assert {entry["id"] for entry in listed} == {"old", "new"}
    assert 15 < len(VICTIMS) < 45


async def test_a_brownout_comes_and_goes_by_a_patch_and_an_explanation_shows_it(
    tmp_path: Path,
) -> None:
    """In force for the next request; a window that is over is not shown."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[old("0"), model("new")]) as gw,
    ):
        assert (await gw.client.post(CHAT, json=chat("old"))).status_code == 200
        ahead = [
            {"start": moment(-60), "end": moment(-30), "share": "1"},
            {"start": moment(-20), "end": moment(30), "share": "1"},
            {"start": moment(40), "end": moment(50), "share": "0.25"},
        ]
        await gw.patch("old", brownouts=ahead)
        assert (await gw.client.post(CHAT, json=chat("old"))).status_code == 410
        told = (
            await gw.admin.post("/admin/v1/explain", json={"model": "old", "org": "acme"})
        ).json()
        assert told["allowed"]
        assert [(one["share"], one["in_force"]) for one in told["brownouts"]] == [
            ("1", True),
            ("0.25", False),
        ]
        await gw.patch("old", brownouts=None)
        assert (await gw.client.post(CHAT, json=chat("old"))).status_code == 200


async def test_a_hop_in_a_brownout_is_left_out_and_a_redirect_serves_the_replacement(
    tmp_path: Path,
) -> None:
    """What would happen at the end happens to the share."""
    models = [
        old("1", provider_config={"on_end_of_life": "redirect"}),
        model("new"),
        model("first", failover=["old", "new"]),
    ]
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=models) as gw,
    ):
        answer = await gw.client.post(CHAT, json=chat("old"))
        assert answer.status_code == 200
        assert answer.headers["x-tollhouse-model"] == "new"
        dry = {"x-tollhouse-dry-run": "true"}
        told = (await gw.client.post(CHAT, json=chat("first"), headers=dry)).json()
        assert [hop["model"] for hop in told["hops"]] == ["first", "new"]
        assert told["skipped"][0]["reasons"][0]["code"] == "model_retired"
