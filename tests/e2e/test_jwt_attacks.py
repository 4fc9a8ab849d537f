"""Tokens that must not count get nowhere: not to a model, not into the admin plane, nowhere else.

Every attack is made on both planes. None reaches the provider, a URL of its own choice, or a log
line, and none is told more than the next.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from e2e.jwt_attacks import FORGED, LISTED, STRANGERS, Attack, Attacker
from e2e.stage import Stage, error_of, staged
from fakes.gateway import chat
from fakes.issuer import CLIENT, FakeIssuer
from tollhouse.pipeline.issuer_keys import PAUSE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
READABLE = 20
"""Characters of a part of a token that say something of it."""
SAME_FOR_ALL = "The API key is missing, malformed, unknown, revoked or expired."


@dataclass
class Gate:
    """A gateway that believes two issuers, and who tries to get past it."""

    stage: Stage
    issuer: FakeIssuer
    attacker: Attacker
    model: str
    trapped: list[str]
    """Who called a URL that came from a token."""

    async def answers(self, token: str) -> list[httpx.Response]:
        """What both planes say to a token, and the list of models."""
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=self.stage.gw.url, headers=headers) as client:
            return [
                await client.post("/v1/chat/completions", json=chat(self.model)),
                await client.get("/v1/models"),
                await client.get("/admin/v1/orgs"),
                await client.patch(f"/v1/models/{self.model}", json={"enabled": False}),
                await client.get("/metrics"),
            ]


@pytest_asyncio.fixture(name="gate", scope="module", loop_scope="module")
async def _gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    trapped: list[str] = []

    def caught(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trapped.append(str(writer.get_extra_info("peername")))
        writer.close()

    async with (
        FakeIssuer() as issuer,
        FakeIssuer(seed="other") as other,
        await asyncio.start_server(caught, "127.0.0.1", 0) as server,
    ):
        issuer.extra_keys = LISTED
        auth = {
            "allow_private_upstreams": True,
            "jwt": [issuer.settings(authorized_parties=[CLIENT]), other.settings()],
        }
        trap = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        folder = tmp_path_factory.mktemp("gate")
        async with staged(folder, auth=auth) as stage:
            model = await stage.model()
            yield Gate(stage, issuer, Attacker(issuer, other, trap), model, trapped)


async def test_the_token_that_attacks_are_made_of_is_good(gate: Gate) -> None:
    """Every attack differs from this one, which gets in, in what its name says alone."""
    chat_, models, orgs, patched, metrics = await gate.answers(gate.attacker.good())
    assert [one.status_code for one in (chat_, models, orgs)] == [200, 200, 200]
    assert [one.status_code for one in (patched, metrics)] == [403, 403]
    looker = await gate.answers(gate.attacker.good(role="looker"))
    assert looker[-1].status_code == 200


@pytest.mark.parametrize(
    ("reason", "attack"),
    [(reason, attack) for reason, attacks in FORGED.items() for attack in attacks.values()],
    ids=[name for attacks in FORGED.values() for name in attacks],
)
async def test_G13_forged_token_is_401_everywhere(
    gate: Gate, reason: str, attack: Attack, caplog: pytest.LogCaptureFixture
) -> None:
    """No model is called, nothing is changed or shown, and the log has why but not the token."""
    caplog.set_level(logging.DEBUG, "tollhouse")
    token = attack(gate.attacker)
    asked = gate.stage.up.count
    for answer in await gate.answers(token):
        assert answer.status_code == 401, answer.text
        error = answer.json()["error"]
        assert error["code"] == "invalid_api_key"
        assert error["message"] == SAME_FOR_ALL
    assert gate.stage.up.count == asked
    assert gate.trapped == []
    reasons = {vars(line)["reason"] for line in caplog.records if "reason" in vars(line)}
    assert reasons == ({reason} if reason else set())
    written = f"{[vars(line) for line in caplog.records]}"
    assert token not in written
    assert not any(part in written for part in token.split(".") if len(part) > READABLE)


@pytest.mark.parametrize("claims", STRANGERS.values(), ids=STRANGERS)
async def test_G13_good_token_of_nobody_is_403_everywhere(
    gate: Gate, claims: dict[str, Any]
) -> None:
    """What is not mapped is refused: no org, role or user is ever guessed."""
    asked = gate.stage.up.count
    for answer in await gate.answers(gate.attacker.good(**claims)):
        assert answer.status_code == 403, answer.text
        error = answer.json()["error"]
        assert error["code"] == "forbidden"
        assert error["message"].startswith("This session is good, but it names no ")
    assert gate.stage.up.count == asked


async def test_G11_nothing_but_the_token_says_who_calls(gate: Gate) -> None:
    """Headers and body fields that name another org, user or role change nothing."""
    token = gate.attacker.good()
    headers = {
        "authorization": f"Bearer {token}",
        **dict.fromkeys(("x-org-id", "x-user-id", "x-role", "x-forwarded-user"), "globex"),
    }
    body = chat(gate.model, user="root", org="globex", role="system_admin")
    async with httpx.AsyncClient(base_url=gate.stage.gw.url, headers=headers) as client:
        answer = await client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200
        assert (await client.get("/admin/v1/orgs/globex")).status_code == 403
    record = await gate.stage.record(answer)
    assert (record.org, record.user, record.key_id) == ("acme", "ada", "ada")


async def test_G10_two_different_credentials_are_nobody(gate: Gate) -> None:
    """A good token beside a good key is refused, whichever header each is in."""
    for first, second in (
        (gate.attacker.good(), gate.stage.gw.key),
        (gate.stage.gw.key, gate.attacker.good()),
    ):
        headers = {"authorization": f"Bearer {first}", "x-api-key": second}
        async with httpx.AsyncClient(base_url=gate.stage.gw.url, headers=headers) as client:
            answer = await client.get("/v1/models")
            assert (answer.status_code, error_of(answer)["code"]) == (401, "invalid_api_key")


async def test_a_flood_of_unknown_keys_does_not_reach_the_issuer(gate: Gate) -> None:
    """However many key ids are made up, the issuer is asked once in five seconds."""
    now = asyncio.get_running_loop().time
    began, fetches = now(), gate.issuer.fetches
    tokens = [gate.attacker.forged(kid=f"made-up-{number}") for number in range(100)]
    async with httpx.AsyncClient(base_url=gate.stage.gw.url) as client:
        for token in tokens:
            answer = await client.get("/v1/models", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401
    assert gate.issuer.fetches - fetches <= 1 + (now() - began) / PAUSE_SECONDS
