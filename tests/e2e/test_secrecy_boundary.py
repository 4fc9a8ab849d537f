"""What a client sends steers nothing: not where requests go, not who it is, not what is run."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest

from e2e.stage import Stage, error_of
from fakes.answers import redirect
from fakes.gateway import ADMIN_TOKEN, PROVIDER_KEY, RunningGateway, chat, model
from fakes.line import Line
from fakes.openai_answers import Chat
from fakes.upstream import FakeUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHAT = "/v1/chat/completions"


class Trap:
    """A listener that nobody should ever call."""

    def __init__(self) -> None:
        self.url = ""
        self.hits = 0

    def caught(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count a caller."""
        self.hits += 1
        writer.close()


@asynccontextmanager
async def trap() -> AsyncIterator[Trap]:
    """A trap on loopback."""
    made = Trap()
    server = await asyncio.start_server(made.caught, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


async def test_G02_body_fields_that_name_a_server_or_key_steer_nothing(stage: Stage) -> None:
    """``api_base`` and its like are not even passed on, and their host gets no call."""
    model_id = await stage.model()
    async with trap() as elsewhere:
        fields = {
            **dict.fromkeys(("api_base", "base_url"), elsewhere.url),
            "api_key": "sk-mine",
            "extra_headers": {"authorization": "Bearer sk-mine", "host": "evil.example"},
            "headers": {"authorization": "Bearer sk-mine"},
            "user_config": {"base_url": elsewhere.url},
            "custom_llm_provider": "evil",
        }
        answer = await stage.chat(model_id, **fields)
        assert answer.status_code == 200, answer.text
        assert elsewhere.hits == 0
    (call,) = stage.calls(model_id)
    assert call.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert call.header("host") == stage.up.origin.removeprefix("http://")
    assert call.path == "/v1/chat/completions"
    assert call.json.keys().isdisjoint(fields)


async def test_G02_redirect_of_a_provider_is_not_followed(stage: Stage) -> None:
    """A 302 is a fault of the provider: where it points to gets neither request nor key."""
    async with trap() as elsewhere:
        model_id = await stage.model(redirect(f"{elsewhere.url}/v1/chat/completions"))
        answer = await stage.chat(model_id)
        assert answer.status_code == 502
        assert elsewhere.url not in answer.text + str(answer.headers)
        assert elsewhere.hits == 0


async def test_G02_headers_that_name_a_server_steer_nothing(stage: Stage) -> None:
    """Forwarding headers and the Host header change nothing about where a request goes."""
    model_id = await stage.model()
    async with trap() as elsewhere, Line(stage.gw.url, stage.gw.key) as line:
        host = elsewhere.url.removeprefix("http://")
        told = {
            "host": host,
            "x_forwarded_host": host,
            "forwarded": f"host={host}",
            "x_original_url": f"{elsewhere.url}/v1/models",
            "x_rewrite_url": elsewhere.url,
            "proxy": elsewhere.url,
        }
        answer = await line.post(CHAT, chat(model_id), **told)
        assert answer.status == 200
        assert elsewhere.hits == 0
    (call,) = stage.calls(model_id)
    names = {name.lower() for name, _ in call.headers}
    assert names.isdisjoint({"x-forwarded-host", "forwarded", "x-original-url", "proxy"})


@pytest.mark.parametrize(
    "credential",
    [
        "' OR 1=1 --",
        '" OR ""="',
        "iak_x'; DROP TABLE tollhouse_credentials;--_y",
        "{{7*7}}",
        "${jndi:ldap://127.0.0.1/x}",
        "%00",
        "iak__",
        "iak_a_b_c_d",
        "at::",
        "null",
        "undefined",
        "Bearer",
        "*",
        "a" * 8000,
    ],
)
async def test_G03_hostile_credentials_are_just_wrong(stage: Stage, credential: str) -> None:
    """SQL, templates and odd forms in place of a key are an ordinary 401, on both planes."""
    before = stage.up.count
    for path in (CHAT, "/v1/models"):
        answer = await stage.gw.as_caller(credential).request(
            "POST" if path == CHAT else "GET", path, json=chat("any") if path == CHAT else None
        )
        assert answer.status_code == 401, answer.text
        assert error_of(answer)["code"] == "invalid_api_key"
        assert credential not in answer.text or credential == "null"
    admin = await stage.gw.as_caller(credential).get("/admin/v1/models")
    assert admin.status_code == 401
    assert stage.up.count == before


async def test_G03_stored_digest_is_no_credential(stage: Stage) -> None:
    """What the store keeps of a key opens nothing, in any form that it could be presented in."""
    gw = stage.gw
    with closing(sqlite3.connect(gw.folder / "tollhouse.db")) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master")]
        (table,) = [name for name in tables if name == "tollhouse_credentials"]
        rows = database.execute(f"SELECT id, digest FROM {table}").fetchall()  # noqa: S608
    assert rows
    secret = gw.key.split("_", 2)[2]
    for credential_id, digest in rows:
        text = digest.hex() if isinstance(digest, bytes) else str(digest)
        assert text != hashlib.sha256(secret.encode()).hexdigest() or secret not in text
        for presented in (text, f"iak_{credential_id}_{text}", f"at:{credential_id}:{text}"):
            answer = await gw.as_caller(presented).post(CHAT, json=chat("any"))
            assert answer.status_code == 401


async def test_G03_templates_in_fields_are_text(stage: Stage) -> None:
    """Nothing evaluates what stands in a document or a request."""
    prompt = "{{7*7}} ${7*7} <%= 7*7 %> %(password)s {0.__class__}"
    model_id = await stage.model(system_prompt=prompt, deprecation_message=prompt)
    answer = await stage.chat(model_id, text=prompt)
    assert answer.status_code == 200
    (call,) = stage.calls(model_id)
    assert [message["content"] for message in call.json["messages"]] == [prompt, prompt]
    shown = (await stage.gw.admin.get(f"/admin/v1/models/{model_id}")).json()
    assert shown["deprecation_message"] == prompt


async def test_G05_images_and_files_by_url_are_not_fetched(stage: Stage) -> None:
    """A URL in a message goes to the provider as it stands; the gateway does not call it."""
    model_id = await stage.model()
    async with trap() as elsewhere:
        content = [
            {"type": "text", "text": "what is this?"},
            {"type": "image_url", "image_url": {"url": f"{elsewhere.url}/x.png"}},
            {"type": "file", "file": {"file_url": f"{elsewhere.url}/x.pdf"}},
            {"type": "input_audio", "input_audio": {"url": f"{elsewhere.url}/x.mp3"}},
        ]
        answer = await stage.gw.client.post(
            CHAT, json={"model": model_id, "messages": [{"role": "user", "content": content}]}
        )
        assert answer.status_code == 200, answer.text
        assert elsewhere.hits == 0
    (call,) = stage.calls(model_id)
    assert call.json["messages"][0]["content"] == content


async def test_G06_without_an_admin_token_the_admin_plane_is_shut(tmp_path: Path) -> None:
    """No token configured: no credential at all opens the admin plane or the metrics."""
    async with FakeUpstream() as up:
        gw = _WithoutToken(tmp_path, providers={"up": up.url}, models=[model("a")])
        async with gw:
            for credential in ("None", "null", ADMIN_TOKEN):
                caller = gw.as_caller(credential)
                for path in ("/admin/v1/models", "/admin/v1/audit", "/metrics", "/v1/models"):
                    assert (await caller.get(path)).status_code == 401, path
                assert (await caller.patch("/v1/models/a", json={})).status_code == 401
            async with httpx.AsyncClient(base_url=gw.url) as nobody:
                for path in ("/docs", "/openapi.json", "/redoc", "/admin", "/admin/", "/debug"):
                    assert (await nobody.get(path)).status_code in (401, 404), path
                for path in ("/admin/v1/models", "/admin/v1/keys", "/metrics", "/v1/models"):
                    assert (await nobody.get(path)).status_code == 401, path


class _WithoutToken(RunningGateway):
    """A gateway whose settings name no bootstrap token."""

    def __init__(self, folder: Path, **told: object) -> None:
        super().__init__(folder, auth={"admin_token": None}, **told)  # type: ignore[arg-type]

    async def new_key(self, _org: str) -> str:
        """There is nobody who could make one."""
        return "none"


async def test_G07_blocked_key_stops_at_once_and_works_again_when_unblocked(stage: Stage) -> None:
    """``enabled: false`` on a key holds for the very next request, and so does its opposite."""
    model_id = await stage.model()
    gw = stage.gw
    made = (await gw.admin.post("/admin/v1/keys", json={"org": "acme", "name": "x"})).json()
    caller = gw.as_caller(made["key"])
    for enabled, status in ((True, 200), (False, 401), (True, 200)):
        changed = await gw.admin.patch(f"/admin/v1/keys/{made['id']}", json={"enabled": enabled})
        assert changed.status_code == 200, changed.text
        assert (await caller.post(CHAT, json=chat(model_id))).status_code == status


async def test_G08_new_key_works_although_it_was_tried_before(stage: Stage) -> None:
    """Unknown keys that were refused do not keep a key that is made next from working."""
    model_id = await stage.model()
    for _ in range(3):
        await stage.gw.as_caller("iak_notyet_notyet").post(CHAT, json=chat(model_id))
    key = await stage.gw.new_key("acme")
    assert (await stage.gw.as_caller(key).post(CHAT, json=chat(model_id))).status_code == 200


async def test_G10_all_wrong_credentials_get_one_answer(stage: Stage) -> None:
    """Missing, malformed, unknown, revoked and expired cannot be told apart."""
    gw = stage.gw
    revoked = (await gw.admin.post("/admin/v1/keys", json={"org": "acme", "name": "x"})).json()
    await gw.admin.delete(f"/admin/v1/keys/{revoked['id']}")
    *_, secret = revoked["key"].split("_", 2)
    presented = [
        None,
        "nonsense",
        "iak_0000000000000000_0000000000000000000000000000000000000000000",
        revoked["key"],
        f"{gw.key[:-1]}{'A' if gw.key[-1] != 'A' else 'B'}",
        revoked["key"].replace(secret, "x" * len(secret)),
    ]
    told = []
    for credential in presented:
        headers = {"x-api-key": credential} if credential else {}
        async with httpx.AsyncClient(base_url=gw.url) as caller:
            answer = await caller.post(CHAT, json=chat("any"), headers=headers)
        body = answer.json()["error"]
        del body["request_id"]
        told.append((answer.status_code, answer.headers["www-authenticate"], str(body)))
    assert len(set(told)) == 1
    assert told[0][0] == 401
    for word in ("sha", "digest", "hash", "table", "sql", "revoked_at", revoked["id"]):
        assert word not in told[0][2].lower()


async def test_G11_two_different_credentials_are_none(stage: Stage) -> None:
    """A request that presents two keys, in one header or in two, is nobody's."""
    model_id = await stage.model()
    async with Line(stage.gw.url) as line:
        body = b'{"model":"%s","messages":[]}' % model_id.encode()
        for first, second in (
            (
                "authorization: Bearer iak_a_bbbbbbbbbbbbbbbb",
                f"authorization: Bearer {stage.gw.key}",
            ),
            (
                f"authorization: Bearer {stage.gw.key}",
                "authorization: Bearer iak_a_bbbbbbbbbbbbbbbb",
            ),
            (f"authorization: Bearer {stage.gw.key}", "x-api-key: iak_a_bbbbbbbbbbbbbbbb"),
        ):
            head = line.head("POST", CHAT, len(body)).removesuffix(b"\r\n")
            line.send(head + f"{first}\r\n{second}\r\n\r\n".encode() + body)
            assert (await line.answer()).status == 401


async def test_G11_identity_comes_from_the_credential_alone(stage: Stage) -> None:
    """Headers and fields that claim an org, a plan or a role change neither gate nor record."""
    gw = stage.gw
    await gw.admin.post("/admin/v1/orgs", json={"slug": "lowly", "plan": "free", "name": "L"})
    key = await gw.new_key("lowly")
    premium = await stage.model(tier="premium")
    standard = await stage.model()
    claims = {
        "x-org-id": "acme",
        "x-tollhouse-org": "acme",
        "x-tollhouse-plan": "enterprise",
        "x-tollhouse-user": "root",
        "x-tollhouse-role": "system_admin",
        "x-tollhouse-model": premium,
        "x-tollhouse-internal": "1",
        "openai-organization": "acme",
    }
    fields = {"org": "acme", "plan": "enterprise", "tier": "premium", "user": "root"}
    fields |= {"metadata": {"org": "acme", "key_id": "other"}}  # type: ignore[dict-item]
    caller = gw.as_caller(key)
    refused = await caller.post(CHAT, json=chat(premium, **fields), headers=claims)
    assert error_of(refused)["code"] == "tier_insufficient"
    served = await caller.post(CHAT, json=chat(standard, **fields), headers=claims)
    assert served.headers["x-tollhouse-model"] == standard
    record = await stage.record(served)
    assert (record.org, record.user, record.key_id) == ("lowly", None, key.split("_")[1])
    (call,) = stage.calls(standard)
    sent = {name.lower() for name, _ in call.headers}
    assert sent.isdisjoint(claims)
    assert not [name for name in sent if name.startswith("x-tollhouse")]


async def test_G11_marks_of_the_gateway_in_an_answer_are_the_gateways_own(stage: Stage) -> None:
    """A provider's headers in our namespace, its cookies and its identity are not passed on."""
    told = [
        ("x-tollhouse-cost", "0"),
        ("x-tollhouse-model", "other"),
        ("set-cookie", "session=1"),
        ("server", "provider/1"),
        ("x-request-id", "req_upstream"),
        ("openai-organization", "org-secret"),
    ]
    model_id = await stage.model(Chat(headers=told))
    answer = await stage.chat(model_id)
    assert answer.headers["x-tollhouse-model"] == model_id
    assert answer.headers["x-tollhouse-cost"] != "0"
    assert answer.headers["x-request-id"] != "req_upstream"
    assert not {"set-cookie", "server", "openai-organization"} & set(answer.headers)
    shown = [value for name, value in answer.headers.multi_items() if name.startswith("x-")]
    assert "other" not in shown
