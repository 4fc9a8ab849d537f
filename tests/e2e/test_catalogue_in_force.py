"""Which catalogue is in force: after a restart, beside a broken one, and without any provider."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx

from fakes.gateway import RunningGateway, chat, model
from fakes.slowness import in_time, within
from fakes.upstream import FakeUpstream, mute_port, refused_url
from tollhouse.pipeline.watch import LOOK_SECONDS

CHAT = "/v1/chat/completions"


async def test_F11_what_was_patched_survives_a_restart_and_another_seed(tmp_path: Path) -> None:
    """Seeds create what never was; they touch nothing that is there, and bring nothing back."""
    async with FakeUpstream() as up:
        providers = {"up": up.url}
        first = RunningGateway(tmp_path, providers=providers, models=[model("a"), model("b")])
        async with first as gw:
            await gw.patch("a", tags=["patched"], pricing=None)
            assert (await gw.admin.delete("/v1/models/b")).status_code == 204
            made = await gw.admin.post("/v1/models", json=model("made"))
            assert made.status_code == 201
        later = [model("a", tags=["reseeded"]), model("b"), model("c")]
        async with RunningGateway(tmp_path, providers=providers, models=later) as gw:
            shown = {
                document["model_id"]: document
                for document in (await gw.admin.get("/admin/v1/models")).json()["data"]
            }
            assert shown.keys() == {"a", "c", "made"}
            assert shown["a"]["tags"] == ["patched"]
            assert shown["a"].get("pricing") is None
            sources = {name: document["source"] for name, document in shown.items()}
            assert sources == {"a": "seed", "c": "seed", "made": "api"}
            assert (await gw.client.post(CHAT, json=chat("a"))).json()["usage"]["cost"] is None


async def test_F11_read_only_fields_are_refused_not_swallowed(tmp_path: Path) -> None:
    """A write to a field that the gateway owns is a 422 that names it, and changes nothing."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        before = (await gw.admin.get("/admin/v1/models/a")).json()
        for field, value in (("source", "api"), ("version", 99), ("created_by", "me")):
            answer = await gw.admin.patch("/v1/models/a", json={field: value, "tags": ["x"]})
            assert answer.status_code == 422, answer.text
            assert [fault["path"] for fault in answer.json()["error"]["fields"]] == [field]
        assert (await gw.admin.get("/admin/v1/models/a")).json() == before


async def test_F12_catalogue_that_does_not_compile_leaves_the_last_good_one_in_force(
    tmp_path: Path,
) -> None:
    """A version that this gateway cannot run is counted and passed over until there is a good one.

    A sibling that knows one provider more writes a model for it into their common store.
    """
    async with FakeUpstream() as up:
        store = {"url": f"sqlite:///{tmp_path}/shared.db"}
        both = {"up": up.url, "extra": up.url}
        common: dict[str, Any] = {"models": [model("a")], "store": store}
        async with (
            RunningGateway(tmp_path / "one", providers={"up": up.url}, **common) as gw,
            RunningGateway(tmp_path / "two", providers=both, **common) as sibling,
        ):
            version = await _version(gw)
            made = await sibling.admin.post("/v1/models", json=model("b", provider="extra"))
            assert made.status_code == 201, made.text
            await sibling.patch("a", tags=["newer"])
            await _until_metric(gw, "tollhouse_catalogue_rejected_total", 1)
            await asyncio.sleep(0.6)
            for _ in range(20):
                assert (await gw.client.post(CHAT, json=chat("a"))).status_code == 200
            assert await _version(gw) == version
            assert await _metric(gw, "tollhouse_catalogue_rejected_total") < 3
            assert await _metric(gw, "tollhouse_catalogue_version") == version
            assert (await gw.client.get("/readyz")).status_code == 200
            refused = await gw.admin.patch("/v1/models/a", json={"tags": ["mine"]})
            assert refused.status_code == 422, refused.text
            assert (await sibling.admin.delete("/v1/models/b")).status_code == 204
            async with within(2):
                while await _version(gw) != await _version(sibling):
                    await asyncio.sleep(0.02)
            shown = (await gw.client.get("/v1/models")).json()["data"]
            assert [entry["id"] for entry in shown] == ["a"]


async def test_F12_refused_write_does_not_touch_the_traffic(tmp_path: Path) -> None:
    """While writes that cannot compile keep coming, every request is served as before."""
    async with (
        FakeUpstream() as up,
        RunningGateway(
            tmp_path, providers={"up": up.url}, models=[model("a"), model("b", failover="a")]
        ) as gw,
    ):
        version = await _version(gw)

        async def write() -> set[int]:
            faulty = ({"failover": "nowhere"}, {"failover": "b"}, {"provider": "none"})
            answers = [
                await gw.admin.patch("/v1/models/a", json=faulty[turn % 3]) for turn in range(30)
            ]
            return {answer.status_code for answer in answers}

        async def serve() -> set[int]:
            answers = [await gw.client.post(CHAT, json=chat("a")) for _ in range(60)]
            return {answer.status_code for answer in answers}

        written, served = await asyncio.gather(write(), serve())
        assert (written, served) == ({422}, {200})
        assert await _version(gw) == version


async def test_F13_unknown_ids_ask_no_store_and_make_no_series(tmp_path: Path) -> None:
    """A thousand ids that nobody knows are answered from memory, even without a store."""
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=[model("a")]) as gw,
    ):
        await asyncio.sleep(2 * LOOK_SECONDS)  # the key that was just made is no news any more
        await gw.client.post(CHAT, json=chat("unknown"))
        before = await _series(gw)
        (gw.folder / "tollhouse.db").rename(gw.folder / "away.db")
        began = time.perf_counter()
        for number in range(500):
            answer = await gw.client.post(CHAT, json=chat(f"vendor/unknown-{number}"))
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "model_not_found"
            answer = await gw.client.get(f"/v1/models/vendor/unknown-{number}")
            assert answer.status_code == 404
        in_time(time.perf_counter() - began, 10)
        (gw.folder / "away.db").rename(gw.folder / "tollhouse.db")
        assert await _series(gw) == before
        assert up.count == 0
        assert await gw.records() == []


async def test_F14_every_endpoint_shows_a_key_only_what_its_org_may_see(tmp_path: Path) -> None:
    """Lists, look-ups, near misses, dry runs and probes name no model of another org."""
    models = [
        model("common"),
        model("acme-only", org_slugs=["acme"]),
        model("secret-of-beta", owner={"kind": "org", "slug": "beta"}, parent_model_id="common"),
        model("secret-of-beta-too", org_slugs=["beta"]),
    ]
    for document in models[2:3]:
        for inherited in ("provider", "upstream_model", "pricing"):
            document.pop(inherited)
    orgs = [{"slug": slug, "plan": "pro"} for slug in ("acme", "beta")]
    async with (
        FakeUpstream() as up,
        RunningGateway(tmp_path, providers={"up": up.url}, models=models, orgs=orgs) as gw,
    ):
        listed = [entry["id"] for entry in (await gw.client.get("/v1/models")).json()["data"]]
        assert sorted(listed) == ["acme-only", "common"]
        answers = [
            await gw.client.get("/v1/models"),
            await gw.client.get("/v1/models/secret-of-bet"),
            await gw.client.post(CHAT, json=chat("secret-of-bet")),
            await gw.client.post(
                CHAT, json=chat("common"), headers={"x-tollhouse-dry-run": "true"}
            ),
            await gw.client.get("/admin/v1/models"),
            await gw.client.get("/admin/v1/model?id=secret-of-beta"),
            *[await gw.client.get(path) for path in ("/", "/livez", "/readyz", "/version")],
            *[await gw.client.get(path) for path in ("/metrics", "/admin/v1/providers")],
        ]
        assert [answer.url.path for answer in answers if "secret-of-beta" in answer.text] == []
        own = await gw.client.post(CHAT, json=chat("secret-of-beta"))
        assert own.status_code == 404
        beta = gw.as_caller(await gw.new_key("beta"))
        assert (await beta.post(CHAT, json=chat("secret-of-beta"))).status_code == 200


async def test_F17_models_are_listed_from_memory_whatever_the_providers_do(
    tmp_path: Path,
) -> None:
    """With every provider out of reach the list takes milliseconds, and a poller gets 304."""
    with mute_port() as port:
        providers = {"up": f"http://127.0.0.1:{port}/v1", "gone": refused_url()}
        models = [model(f"m{number}", "up" if number % 2 else "gone") for number in range(100)]
        async with RunningGateway(tmp_path, providers=providers, models=models) as gw:
            first = await gw.client.get("/v1/models")
            assert len(first.json()["data"]) == 100
            timed = [await _timed(gw.client) for _ in range(20)]
            assert sorted(timed)[10] < 0.02
            etag = first.headers["etag"]
            again = await gw.client.get("/v1/models", headers={"if-none-match": etag})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            await gw.patch("m1", tags=["new"])
            changed = await gw.client.get("/v1/models", headers={"if-none-match": etag})
            assert changed.status_code == 200
            assert changed.headers["etag"] != etag


async def _timed(client: httpx.AsyncClient) -> float:
    began = time.perf_counter()
    assert (await client.get("/v1/models")).status_code == 200
    return time.perf_counter() - began


async def _version(gw: RunningGateway) -> int:
    version: int = (await gw.client.get("/version")).json()["catalogue_version"]
    return version


async def _metric(gw: RunningGateway, name: str) -> float:
    told = (await gw.admin.get("/metrics")).text
    (line,) = [line for line in told.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


async def _until_metric(gw: RunningGateway, name: str, at_least: float) -> None:
    async with within(3):
        while await _metric(gw, name) < at_least:
            await asyncio.sleep(0.02)


async def _series(gw: RunningGateway) -> int:
    told = (await gw.admin.get("/metrics")).text
    return sum(not line.startswith("#") for line in told.splitlines())
