"""``Idempotency-Key`` on a real gateway: two workers, and a death in between."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from fakes.gateway import model
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream

PATH = "/org/v1/models"
BODY = {"parentModelId": "large", "displayName": "Support Bot"}
KEY = {"Idempotency-Key": "create-model-001"}


async def token(gw: GatewayProcess) -> str:
    """A token of an admin of the org acme."""
    body = {"user": "olga", "org": "acme", "role": "org_admin"}
    made = await gw.admin.post("/admin/v1/tokens", json=body)
    assert made.status_code == 201, made.text
    secret: str = made.json()["token"]
    return secret


async def once_answered(http: httpx.AsyncClient) -> httpx.Response:
    """The answer, when it is no longer under way."""
    async with asyncio.timeout(10):
        while True:
            answer = await http.post(PATH, json=BODY, headers=KEY)
            if answer.status_code != 409:
                return answer
            await asyncio.sleep(0.05)


async def test_one_model_for_one_key_over_workers_and_a_kill(tmp_path: Path) -> None:
    """Many connections at once make one model; after ``kill -9`` the answer is still there."""
    async with (
        FakeUpstream() as up,
        GatewayProcess(
            tmp_path, providers={"up": up.url}, models=[model("large")], workers=2
        ) as gw,
    ):
        secret = await token(gw)
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    httpx.AsyncClient(
                        base_url=gw.url, headers={"authorization": f"Bearer {secret}"}
                    )
                )
                for _ in range(8)
            ]
            answers = await asyncio.gather(*(once_answered(client) for client in clients))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1

        gw.kill()
        await gw.start()
        http = gw.as_caller(secret)
        again = await http.post(PATH, json=BODY, headers=KEY)
        assert again.content == answers[0].content
        assert again.headers["idempotent-replayed"] == "true"
        listed = (await http.get(PATH, params={"isSystemModel": "false"})).json()["data"]
        assert [one["modelId"] for one in listed] == ["acme/support-bot"]
