"""Provider keys of personal models at rest: sealed, opened with either key during a rotation."""

import asyncio
import base64
import os
from pathlib import Path

import httpx

from admin.house import fields_of
from e2e.personal import KEY, SECRET_KEY
from fakes.gateway import RunningGateway, chat
from fakes.upstream import FakeUpstream
from tollhouse.cli.program import run

NEW_KEY = base64.b64encode(bytes(range(100, 132))).decode()


def gateway(folder: Path, up: FakeUpstream, *keys: str) -> RunningGateway:
    """A gateway on one folder's store, with the present key and earlier ones."""
    auth: dict[str, object] = {"allow_private_upstreams": True}
    if keys:
        auth |= {"secret_key": keys[0], "previous_secret_keys": list(keys[1:])}
    return RunningGateway(folder, providers={"up": up.url}, models=[], auth=auth)


async def member(gw: RunningGateway) -> httpx.AsyncClient:
    """A new token of ada's."""
    body = {"user": "ada", "org": "acme", "role": "member"}
    made = await gw.admin.post("/admin/v1/tokens", json=body)
    return gw.as_caller(made.json()["token"])


def model(model_id: str, up: FakeUpstream) -> dict[str, object]:
    """A personal model at the fake provider."""
    return {
        "model_id": model_id,
        "category": "llm",
        "model_provider": "custom",
        "model_name": "m",
        "base_url": up.url,
        "api_key": KEY,
    }


async def key_sent(client: httpx.AsyncClient, up: FakeUpstream, model_id: str) -> str | None:
    """The credential that a chat arrives with at the provider."""
    answer = await client.post("/v1/chat/completions", json=chat(model_id))
    assert answer.status_code == 200, answer.text
    return up.calls[-1].header("authorization")


async def test_rotation_goes_on_under_a_running_gateway(tmp_path: Path) -> None:
    """Both keys before, rotate while it serves, the new key alone after: every call has its key."""
    sent = f"Bearer {KEY}"
    async with FakeUpstream() as up:
        async with gateway(tmp_path, up, SECRET_KEY) as gw:
            made = await (await member(gw)).post("/api/models", json=model("before", up))
            assert made.status_code == 201, made.text
        async with gateway(tmp_path, up, NEW_KEY, SECRET_KEY) as gw:
            ada = await member(gw)
            assert await key_sent(ada, up, "before") == sent
            await ada.post("/api/models", json=model("during", up))
            config = str(gw.config)
            assert await asyncio.to_thread(run, ["secrets", "rotate", "--config", config]) == 0
            before = gw.app.live.snapshot.version
            async with asyncio.timeout(5):
                while gw.app.live.snapshot.version == before:
                    await asyncio.sleep(0.02)
            for name in ("before", "during"):
                assert await key_sent(ada, up, name) == sent
        async with gateway(tmp_path, up, NEW_KEY) as gw:
            ada = await member(gw)
            for name in ("before", "during"):
                assert await key_sent(ada, up, name) == sent


async def test_without_a_sealing_key_no_provider_key_is_kept(tmp_path: Path) -> None:
    """422 at api_key saying what is missing; a model without a key can still be made."""
    async with FakeUpstream() as up, gateway(tmp_path, up) as gw:
        ada = await member(gw)
        answer = await ada.post("/api/models", json=model("mine", up))
        assert answer.status_code == 422
        assert "auth.secret_key" in fields_of(answer)["api_key"]
        assert (await ada.get("/api/models/mine")).status_code == 404
        keyless = {**model("mine", up), "api_key": None}
        assert (await ada.post("/api/models", json=keyless)).status_code == 201
        assert await key_sent(ada, up, "mine") is None


async def test_guard_is_on_unless_it_is_lifted(tmp_path: Path) -> None:
    """A model from a time when private hosts were allowed is not dialled any more; 502, unsent."""
    async with FakeUpstream() as up:
        async with gateway(tmp_path, up, SECRET_KEY) as gw:
            await (await member(gw)).post("/api/models", json=model("mine", up))
        auth = {"secret_key": SECRET_KEY}
        async with RunningGateway(
            tmp_path, providers={"up": up.url}, models=[], auth=auth, failover={"retries": 0}
        ) as gw:
            ada = await member(gw)
            answer = await ada.post("/v1/chat/completions", json=chat("mine"))
            assert answer.status_code == 502
            assert answer.json()["error"]["code"] == "upstream_unreachable"
            assert up.server.accepted == 0
            off = await ada.put("/api/models/mine", json={"is_active": False})
            assert off.status_code == 200, off.text
            again = await ada.put("/api/models/mine", json={"base_url": f"{up.url}/x"})
            assert fields_of(again).keys() == {"base_url"}


async def test_large_rotation_is_one_change(tmp_path: Path) -> None:
    """Five hundred models, one version of the catalogue more."""
    async with FakeUpstream() as up, gateway(tmp_path, up, NEW_KEY, SECRET_KEY) as gw:
        seal = os.urandom(4).hex()
        models = [
            {
                "model_id": f"m-{seal}-{number}",
                "type": "completion",
                "connection": {"protocol": "openai", "base_url": up.url, "api_key": KEY},
            }
            for number in range(500)
        ]
        answer = await gw.admin.put("/v1/models", json={"models": models})
        assert answer.status_code == 200, answer.text
        before = (await gw.app.store.versions()).catalogue
        turned = str(gw.config.with_name("turned.yaml"))
        text = gw.config.read_text().replace(NEW_KEY, "THIRD").replace(SECRET_KEY, NEW_KEY)
        third = base64.b64encode(bytes(range(200, 232))).decode()
        gw.config.with_name("turned.yaml").write_text(text.replace("THIRD", third))
        assert await asyncio.to_thread(run, ["secrets", "rotate", "-c", turned]) == 0
        assert (await gw.app.store.versions()).catalogue == before + 1
