"""Secrets that were given to the gateway, or made by it: in no answer, event or log line after.

Every operation of the matrix is asked as every role, on a gateway that holds a secret of each kind.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from admin.furnished import Furnished, furnished_house
from admin.house import BOOTSTRAP, OPERATOR, PROVIDERS
from admin.matrix import MINE, NEW_MINE, ROLES, ROWS

CANARY = "sk-canary-that-must-not-be-told"
CONNECTION = {"protocol": "openai", "base_url": "https://api.example.com/v1", "api_key": CANARY}
OWN = {"model_id": "sealed", "type": "completion", "connection": CONNECTION}


async def _hold_secrets(at: Furnished) -> dict[str, str]:
    """A secret of every kind in the gateway, by what it is."""
    house = at.house
    admin = at.clients["bootstrap"]
    assert (await admin.post("/v1/models", json=OWN)).status_code == 201
    changed = {"connection": {**CONNECTION, "api_key": f"{CANARY}-2"}}
    assert (await admin.patch("/v1/models/sealed", json=changed)).status_code == 200
    mine = {**NEW_MINE, "model_id": "mine", "share_with_users": True, "api_key": f"{CANARY}-3"}
    assert (await at.clients["member"].post(MINE, json=mine)).status_code == 201
    key = await house.plane.keys.create(OPERATOR, {"org": "acme"})
    rotated = await house.plane.keys.rotate(OPERATOR, key.credential.id, {"overlap": 600})
    provider = PROVIDERS["openai"].api_key
    assert provider is not None
    token = await house.token("viewer", "acme")
    return {
        "keys of connections and users": CANARY,
        "key of a user": str(NEW_MINE["api_key"]),
        "bootstrap token": BOOTSTRAP,
        "first secret of a key": key.secret,
        "second secret of a key": rotated.secret,
        "digest of a key": rotated.credential.digest,
        "secret of a token": token,
        "provider's key": provider.reveal(),
        "provider's header": "canary-header",
        "user in a provider's address": "canary-user",
        "query of a provider's address": "canary-query",
        "sealed key": "api_key_sealed",
    }


async def test_secrets_are_told_nowhere(
    migrated_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers, the whole trail, every version of every model, and all that was logged."""
    told: dict[str, str] = {}
    async with furnished_house(migrated_file, tmp_path) as at:
        secrets = await _hold_secrets(at)
        with caplog.at_level(logging.DEBUG, logger="tollhouse"):
            for row in ROWS:
                for role in ROLES:
                    request = await at.request(row, role, next(iter(row.statuses)))
                    answer = await at.clients[role].send(request)
                    told[f"{row.method} {row.path} as {role}"] = answer.text
            told |= await _everything(at)
    told["log"] = json.dumps([one.getMessage() for one in caplog.records])
    found = [
        (kind, where)
        for kind, secret in secrets.items()
        for where, text in told.items()
        if secret in text
    ]
    assert found == []


async def _everything(at: Furnished) -> dict[str, str]:
    """The trail and the versions of models, as each reader gets them."""
    told = {}
    for role in ROLES:
        client = at.clients[role]
        cursor = ""
        for page in range(200):
            answer = await client.get("/admin/v1/audit", params={"cursor": cursor, "limit": 1000})
            told[f"trail {page} as {role}"] = answer.text
            cursor = answer.json().get("next_cursor") or ""
            if not cursor:
                break
        for model_id in ("sealed", "mine"):
            for end in ("", "/history"):
                path = f"/admin/v1/models/{model_id}{end}"
                told[f"{path} as {role}"] = (await client.get(path)).text
        told[f"personal as {role}"] = (await client.get(f"{MINE}/mine")).text
    return told


FAULTY: list[dict[str, Any]] = [
    {"connection": {**CONNECTION, "protocol": "smoke-signals"}},
    {"connection": {**CONNECTION, "api_key": CANARY * 200}},
    {"connection": {**CONNECTION, "api_key_sealed": CANARY}},
    {"connection": {**CONNECTION, CANARY: 1}},
    {"provider_config": {"headers": {"authorization": CANARY}}},
    {"connection": CANARY},
]


@pytest.mark.parametrize("number", range(len(FAULTY)))
async def test_refused_body_is_not_quoted(
    migrated_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    """A key in a faulty document is in neither the refusal nor the event that it leaves.

    The name of an unknown field is told, since it is what is wrong.
    """
    body = FAULTY[number]
    async with furnished_house(migrated_file, tmp_path) as at:
        admin = at.clients["bootstrap"]
        with caplog.at_level(logging.DEBUG, logger="tollhouse"):
            answer = await admin.patch("/v1/models/common", json=body)
        assert answer.status_code == 422
        trail = (await admin.get("/admin/v1/audit")).text
    named = CANARY in json.dumps(list(body.get("connection", {})))
    assert (CANARY in answer.text) <= named
    assert CANARY not in trail
    assert CANARY not in "".join(one.getMessage() for one in caplog.records)


async def test_key_in_a_scheduled_patch_is_not_kept_in_the_open(
    migrated_file: Path, tmp_path: Path
) -> None:
    """It is refused, or kept sealed: no answer, event or file of the store has it as it is."""
    later = {"effective_at": "2031-01-01T00:00:00Z", "patch": {"connection": CONNECTION}}
    async with furnished_house(migrated_file, tmp_path) as at:
        admin = at.clients["bootstrap"]
        assert (await admin.post("/v1/models", json=OWN)).status_code == 201
        answers = [
            await admin.post("/admin/v1/models/sealed/schedule", json=later),
            await admin.get("/admin/v1/schedule"),
            await admin.get("/admin/v1/audit"),
        ]
        assert all(CANARY not in answer.text for answer in answers)
    assert CANARY.encode() not in _kept_in(tmp_path)


def _kept_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("tollhouse.db*"))


async def test_secret_is_shown_by_the_answer_that_makes_it_only(
    migrated_file: Path, tmp_path: Path
) -> None:
    """Creating and rotating tell it once; looking up never does."""
    async with furnished_house(migrated_file, tmp_path) as at:
        admin = at.clients["org_admin"]
        for noun, body in (("key", {}), ("token", {"user": "u", "role": "member"})):
            made = (await admin.post(f"/admin/v1/{noun}s", json={"org": "acme", **body})).json()
            one = (await admin.get(f"/admin/v1/{noun}s/{made['id']}")).json()
            assert noun in made
            assert one == {name: value for name, value in made.items() if name != noun}
            for text in [(await admin.get(f"/admin/v1/{noun}s")).text, json.dumps(one)]:
                assert made[noun] not in text
