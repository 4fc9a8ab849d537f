"""Canaries in prompts, answers and credentials are found nowhere but where they were sent.

One gateway at debug level meets every way a request can end; then everything that it wrote or tells
operators is searched. Canaries are planted in forms that no pattern would take for a secret, so
what is tested is that nobody writes them, not that somebody masks them.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from fakes.answers import Shape, error, head_then, html, json_answer, rate_limited, silent
from fakes.gateway import ADMIN_TOKEN, chat, model
from fakes.http_server import Behaviour, Call, End
from fakes.line import Line
from fakes.openai_answers import Chat, Transcription
from fakes.process import GatewayProcess
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMPT = "canary.prompt.zebra"
ANSWER = "canary.answer.otter"
PROVIDER = "canary.provider.falcon"
PROVIDER_HEADER = "canary.providerheader.kestrel"
SEALED = "canary.sealed.badger"
MODEL = "canary.model.ferret"
HEADER = "canary.header.heron"
PATH_PART = "canary.path.lynx"
UPLOAD = "canary.upload.marten"
WRONG_KEY = "canary.wrongkey.weasel"
DOCUMENT = "canary.document.stoat"
SECRETS = (PROVIDER, PROVIDER_HEADER, SEALED, WRONG_KEY)
CHAT = "/v1/chat/completions"
AUTHORISED = f"Incorrect API key provided: {PROVIDER} ({PROVIDER_HEADER}); you said {PROMPT}"


@dataclass
class Spoken:
    """What the gateway told clients and operators while canaries flew through it."""

    gw: GatewayProcess
    up: FakeUpstream
    org_secret: str = ""
    refused: list[httpx.Response] = field(default_factory=list)
    """Answers that are errors."""
    rejected: list[httpx.Response] = field(default_factory=list)
    """Those of them that repeat, as the contract says, a provider's words about the request."""
    told: dict[str, str] = field(default_factory=dict)
    """Everything that may not hold a canary, by the name of the place."""


BEHAVIOURS: dict[str, Behaviour] = {
    "ok": Chat(ANSWER),
    "says-500": error(500, AUTHORISED),
    "says-401": error(401, AUTHORISED),
    "says-404": error(404, AUTHORISED),
    "says-429": rate_limited(),
    "says-html": html(502),
    "says-error-in-200": json_answer({"error": {"message": AUTHORISED, "code": 500}}),
    "says-half": head_then(ANSWER.encode(), End.CLOSE),
    "says-nothing": silent(),
    "drops": Chat(ANSWER, shape=Shape(stop_after=3, end=End.RESET)),
    "pauses": Chat(ANSWER, words=4, shape=Shape(delay=0.2)),
    "says-400": error(400, AUTHORISED, code=PROVIDER, kind=PROVIDER, param=PROVIDER),
    "says-422": error(422, AUTHORISED),
}


@pytest_asyncio.fixture(name="spoken", scope="module", loop_scope="module")
async def _spoken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Spoken]:
    async with _gateway(tmp_path_factory.mktemp("canaries") / "gateway") as spoken:
        await _requests(spoken)
        await _uploads(spoken)
        await _bad_requests(spoken)
        await _client_that_leaves(spoken)
        await _bad_credentials(spoken)
        await _admin_writes(spoken)
        await _collect(spoken)
        yield spoken


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[Spoken]:
    models = [model(name) for name in BEHAVIOURS]
    models.append(model("whisper", type="transcription"))
    limits = {"connect": 1, "first_byte": 0.5, "idle": 0.5, "total": 5}
    async with (
        FakeUpstream() as up,
        GatewayProcess(
            folder,
            providers={
                "up": {
                    "base_url": up.url,
                    "api_key": "${PROVIDER_KEY}",
                    "headers": {"x-team-key": "${PROVIDER_HEADER}"},
                }
            },
            models=models,
            env={"PROVIDER_KEY": PROVIDER, "PROVIDER_HEADER": PROVIDER_HEADER},
            auth={
                "admin_token": ADMIN_TOKEN,
                "secret_key": base64.b64encode(bytes(range(32))).decode(),
            },
            telemetry={"log_level": "debug"},
            failover={"retries": 0},
            timeouts=limits,
        ) as gw,
    ):
        for name, behaviour in BEHAVIOURS.items():
            up.script(behaviour, model=f"{name}-upstream")
        spoken = Spoken(gw, up, org_secret=gw.key.split("_", 2)[2])
        yield spoken


async def _requests(spoken: Spoken) -> None:
    """Every behaviour of the provider, streamed and not."""
    headers = {"x-custom": HEADER, "user-agent": HEADER, "cookie": f"session={HEADER}"}
    for name in BEHAVIOURS:
        for stream in (False, True):
            body = chat(name, PROMPT, stream=stream, user=PROMPT, metadata={"note": PROMPT})
            answer = await spoken.gw.client.post(
                f"{CHAT}?key={PATH_PART}", json=body, headers=headers
            )
            if name in ("ok", "pauses") or (name == "drops" and stream):
                assert answer.status_code == 200, answer.text
            elif name == "drops":
                assert ANSWER in answer.text  # not streamed, it is a sound answer
            elif name in ("says-400", "says-422"):
                spoken.rejected.append(answer)
            else:
                assert answer.status_code >= 400, (name, answer.text)
                spoken.refused.append(answer)


async def _uploads(spoken: Spoken) -> None:
    files = {"file": (f"{UPLOAD}.mp3", UPLOAD.encode() * 100, "audio/mpeg")}
    form = {"model": "whisper", "prompt": UPLOAD}
    for behaviour in (Transcription(ANSWER), error(500, UPLOAD)):
        spoken.up.script(behaviour, model="whisper-upstream")
        answer = await spoken.gw.client.post("/v1/audio/transcriptions", data=form, files=files)
        if answer.status_code != 200:
            spoken.refused.append(answer)
    assert spoken.refused[-1].status_code == 502
    broken = await spoken.gw.client.post(
        "/v1/audio/transcriptions",
        content=f'--x\r\ncontent-disposition: form-data; name="{UPLOAD}\r\n'.encode(),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    spoken.refused.append(broken)


async def _bad_requests(spoken: Spoken) -> None:
    bodies: list[bytes] = [
        f'{{"model":"ok","messages":[{{"content":"{PROMPT}"}}'.encode(),
        f'{{"model":"ok","model":"ok","messages":"{PROMPT}"}}'.encode(),
        f'["{PROMPT}"]'.encode(),
        f'{{"model":{{"{PROMPT}":1}}}}'.encode(),
        json.dumps(chat("ok", PROMPT, stream=PROMPT)).encode(),
        json.dumps(chat("ok", PROMPT, max_tokens=PROMPT)).encode(),
        json.dumps(chat("ok", PROMPT, n=PROMPT)).encode(),
        b"\xff\xfe" + PROMPT.encode(),
    ]
    json_type = {"content-type": "application/json"}
    for body in bodies:
        answer = await spoken.gw.client.post(CHAT, content=body, headers=json_type)
        assert 400 <= answer.status_code < 500, answer.text
        spoken.refused.append(answer)
    unknown = await spoken.gw.client.post(CHAT, json=chat(MODEL, PROMPT))
    assert unknown.status_code == 404
    for method, path in (("GET", f"/v1/{PATH_PART}"), ("PUT", CHAT), ("GET", f"/{PATH_PART}?k=v")):
        spoken.refused.append(await spoken.gw.client.request(method, path))
    async with Line(spoken.gw.url) as line:
        line.send(f"{PROMPT} {PATH_PART}\r\n\r\n".encode())
        assert PROMPT.encode() not in await line.rest()


async def _client_that_leaves(spoken: Spoken) -> None:
    async with Line(spoken.gw.url, spoken.gw.key) as line:
        body = json.dumps(chat("pauses", PROMPT, stream=True)).encode()
        line.send(line.head("POST", CHAT, len(body)) + body)
        assert (await line.answer_head())[0] == 200


async def _bad_credentials(spoken: Spoken) -> None:
    made = await spoken.gw.admin.post(
        "/admin/v1/keys", json={"org": "acme", "name": "old", "expires_at": "2020-01-01T00:00:00Z"}
    )
    wrong = [
        f"iak_{WRONG_KEY}_{WRONG_KEY}",
        WRONG_KEY,
        f"at:{WRONG_KEY}:{WRONG_KEY}",
        f"é{WRONG_KEY}",
    ]
    if made.status_code == 201:
        wrong.append(made.json()["key"])
    for key in wrong:
        for name in ("authorization", "x-api-key", "api-key"):
            value = f"Bearer {key}" if name == "authorization" else key
            async with Line(spoken.gw.url) as line:
                answer = await line.post(CHAT, chat("ok", PROMPT), **{name: value})
                assert answer.status == 401, answer.body
                assert key.encode() not in answer.body
                assert WRONG_KEY.encode() not in answer.body


async def _admin_writes(spoken: Spoken) -> None:
    admin = spoken.gw.admin
    connection = {"protocol": "openai", "base_url": spoken.up.url, "api_key": SEALED}
    document = model("sealed", connection=connection)
    del document["provider"]
    made = await admin.post("/v1/models", json=document)
    assert made.status_code == 201, made.text
    spoken.told["created model"] = made.text
    spoken.up.script(error(401, f"bad key {SEALED}"), model="sealed-upstream")
    spoken.refused.append(await spoken.gw.client.post(CHAT, json=chat("sealed", PROMPT)))
    assert spoken.up.calls[-1].header("authorization") == f"Bearer {SEALED}"
    refused: list[dict[str, Any]] = [
        {"connection": {"api_key": {"value": SEALED}}},
        {"connection": {"api_key": SEALED, "base_url": f"ftp://{DOCUMENT}"}},
        {"pricing": {"input_per_1m_tokens": DOCUMENT}},
        {"enabled": DOCUMENT, "limits": {"max_tokens": DOCUMENT}},
        {"unknown": DOCUMENT},
        {"provider": DOCUMENT},
    ]
    for patch in refused:
        answer = await admin.patch("/v1/models/sealed", json=patch)
        assert answer.status_code in (400, 422), (patch, answer.text)
        spoken.refused.append(answer)
    answer = await admin.patch(
        "/v1/models/sealed",
        content=f'{{"tags":["{DOCUMENT}"'.encode(),
        headers={"content-type": "application/json"},
    )
    spoken.refused.append(answer)
    patched = await admin.patch("/v1/models/sealed", json={"connection": {"api_key": SEALED * 2}})
    assert patched.status_code == 200, patched.text
    spoken.told["patched model"] = patched.text


async def _collect(spoken: Spoken) -> None:
    gw, told = spoken.gw, spoken.told
    async with asyncio.timeout(10):
        while (await gw.metrics())["tollhouse_ledger_backlog"] or not await _left(gw):
            await asyncio.sleep(0.1)
    for path in (
        "/metrics",
        "/admin/v1/audit?limit=1000",
        "/admin/v1/records?limit=1000",
        "/admin/v1/usage?group_by=org,model,key",
        "/admin/v1/models",
        "/admin/v1/models/sealed/history",
        "/admin/v1/providers",
        "/admin/v1/keys",
        "/v1/models",
    ):
        answer = await gw.admin.get(path) if path != "/v1/models" else await gw.client.get(path)
        assert answer.status_code == 200, answer.text
        told[path] = answer.text
    told["logs"] = gw.logs()
    configured = {"tollhouse.yaml", "catalogue.yaml", "stdout", "stderr"}
    for file in gw.folder.rglob("*"):
        if file.is_file() and file.name not in configured:
            told[f"file {file.name}"] = file.read_bytes().decode("latin-1")
    for number, answer in enumerate(spoken.refused):
        shown = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
        told[f"error {number} {answer.status_code}"] = shown + answer.text


async def _left(gw: GatewayProcess) -> bool:
    return bool(await gw.records(status="client_disconnected"))


def _answers_of_the_gateway(spoken: Spoken) -> list[Call]:
    return [call for call in spoken.up.calls if PROMPT.encode() in call.body]


async def test_canaries_did_fly(spoken: Spoken) -> None:
    """The provider was sent prompt and credential, so what is searched for was really there."""
    calls = _answers_of_the_gateway(spoken)
    assert len(calls) > 2 * len(BEHAVIOURS) - 4
    assert {call.header("authorization") for call in calls} == {
        f"Bearer {PROVIDER}",
        f"Bearer {SEALED}",
    }
    logs = spoken.told["logs"]
    assert logs.count('"message":"request"') > len(BEHAVIOURS)
    assert '"message":"refused"' in logs
    assert len(spoken.refused) > 30
    places = " ".join(spoken.told)
    assert "file tollhouse.db" in places
    assert ".journal" in places


@pytest.mark.parametrize(
    "canary",
    [PROMPT, ANSWER, *SECRETS, MODEL, HEADER, PATH_PART, UPLOAD, DOCUMENT],
)
async def test_G12_canary_is_in_no_log_metric_error_record_or_file(
    spoken: Spoken, canary: str
) -> None:
    """Neither what operators read, nor what the disk holds, nor any error has it."""
    assert [place for place, text in spoken.told.items() if canary in text] == []


async def test_G01_credentials_are_in_no_place_at_all(spoken: Spoken) -> None:
    """The org key's secret and the bootstrap token are written and told nowhere either."""
    for secret in (spoken.org_secret, ADMIN_TOKEN):
        assert [place for place, text in spoken.told.items() if secret in text] == []


async def test_G01_providers_refusal_is_told_without_the_providers_key(spoken: Spoken) -> None:
    """A 400's text may repeat the client's own words to it, but no credential of the provider."""
    assert len(spoken.rejected) == 4
    for answer in spoken.rejected:
        assert answer.status_code in (400, 422)
        assert PROMPT in answer.text
        shown = answer.text + str(answer.headers)
        assert [secret for secret in SECRETS if secret in shown] == []


async def test_G01_caller_headers_do_not_reach_the_provider(spoken: Spoken) -> None:
    """The client's credential, cookies and own headers end at the gateway."""
    for call in spoken.up.calls:
        shown = repr(call.headers) + call.path
        assert HEADER not in shown
        assert PATH_PART not in shown
        assert spoken.org_secret not in shown
