"""The headers of answers: every one that is promised, and none that is the provider's."""

import json
from urllib.parse import unquote

import pytest

from e2e.stage import Stage, error_of
from e2e.wire import dial, request
from fakes.answers import Shape, error, rate_limited
from fakes.gateway import PROVIDER_KEY, chat
from fakes.openai_answers import Chat

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
ALWAYS = {
    "content-type",
    "date",
    "x-request-id",
    "x-tollhouse-attempts",
    "x-tollhouse-catalogue-version",
    "x-tollhouse-failover",
    "x-tollhouse-model",
    "x-tollhouse-overhead-ms",
    "x-tollhouse-provider",
    "x-tollhouse-requested-model",
}
WHOLE = ALWAYS | {"content-length", "x-tollhouse-cost", "x-tollhouse-cost-status"}
STREAMED = ALWAYS | {"cache-control", "transfer-encoding", "x-accel-buffering"}
THEIRS = (
    ("server", "nginx/canary"),
    ("set-cookie", "session=canary; Path=/"),
    ("x-request-id", "req_canary"),
    ("openai-organization", "canary-org"),
    ("openai-processing-ms", "12"),
    ("x-ratelimit-remaining-requests", "99"),
    ("via", "1.1 canary"),
    ("alt-svc", 'h3=":443"'),
    ("strict-transport-security", "max-age=1"),
    ("cf-ray", "canary"),
    ("keep-alive", "timeout=5"),
    ("connection", "keep-alive"),
    ("trailer", "x-canary"),
    ("access-control-allow-origin", "*"),
    ("x-should-retry", "true"),
    ("x-tollhouse-cost", "99"),
    ("etag", '"canary"'),
)


async def test_every_promised_header_of_a_whole_answer_is_there(stage: Stage) -> None:
    """Who was asked, who answered, after what, at what cost: and nothing of the provider's."""
    alias = "alias-of-whole"
    model_id = await stage.model(Chat(headers=THEIRS), aliases=[alias], name="whole")
    answer = await stage.chat(alias)
    assert answer.headers.keys() == WHOLE
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-tollhouse-model"] == model_id
    assert answer.headers["x-tollhouse-requested-model"] == alias
    assert answer.headers["x-tollhouse-provider"] == "up"
    assert answer.headers["x-tollhouse-attempts"] == "1"
    assert answer.headers["x-tollhouse-failover"] == "none"
    assert answer.headers["x-tollhouse-cost"] == "0.000111"
    assert answer.headers["x-tollhouse-cost-status"] == "exact"
    version = stage.gw.app.live.snapshot.version
    assert answer.headers["x-tollhouse-catalogue-version"] == str(version)
    assert float(answer.headers["x-tollhouse-overhead-ms"]) > 0
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "canary" not in str(answer.headers)


async def test_every_promised_header_of_a_stream_is_there(stage: Stage) -> None:
    """A stream has all but the cost, which is not known yet, and asks not to be buffered."""
    model_id = await stage.model(Chat(shape=Shape(headers=THEIRS)))
    answer = await stage.stream(model_id)
    assert answer.headers.keys() == STREAMED
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-tollhouse-attempts"] == "1"
    assert answer.headers["x-tollhouse-failover"] == "none"
    assert "canary" not in str(answer.headers)


@pytest.mark.parametrize("stream", [False, True])
async def test_after_a_failover_the_headers_say_so(stage: Stage, *, stream: bool) -> None:
    """Attempts are counted, and the first fault has a name from a fixed set."""
    good = await stage.model(name="good")
    middle = await stage.model(rate_limited(), name="middle")
    first = await stage.model(error(500), failover=[middle, good], name="first")
    answer = await stage.chat(first, stream=stream)
    assert answer.headers.keys() == (STREAMED if stream else WHOLE)
    assert answer.headers["x-tollhouse-model"] == good
    assert answer.headers["x-tollhouse-requested-model"] == first
    assert answer.headers["x-tollhouse-attempts"] == "3"
    assert answer.headers["x-tollhouse-failover"] == "status_500"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_deprecated_model_announces_its_end(stage: Stage, *, stream: bool) -> None:
    """Deprecation, Sunset and the link to the successor, as the three standards have them."""
    successor = await stage.model(name="next/model:2")
    model_id = await stage.model()
    usual = await stage.chat(model_id, stream=stream)
    assert not usual.headers.keys() & {"deprecation", "sunset", "link"}
    before = int(stage.gw.app.clock.now())
    await stage.gw.patch(
        model_id, end_of_life_at="2036-11-20T12:00:00Z", replacement_model_id=successor
    )
    answer = await stage.chat(model_id, stream=stream)
    assert answer.headers.keys() == usual.headers.keys() | {"deprecation", "sunset", "link"}
    announced = answer.headers["deprecation"]
    assert announced.startswith("@")
    assert before <= int(announced[1:]) <= before + 5
    assert answer.headers["sunset"] == "Thu, 20 Nov 2036 12:00:00 GMT"
    assert answer.headers["link"] == f'</v1/models/{successor}>; rel="successor-version"'


async def test_a_model_without_a_successor_links_to_none(stage: Stage) -> None:
    """An end without a replacement is announced all the same."""
    model_id = await stage.model(end_of_life_at="2036-11-20T12:00:00Z")
    answer = await stage.chat(model_id)
    assert answer.headers["sunset"] == "Thu, 20 Nov 2036 12:00:00 GMT"
    assert "link" not in answer.headers


async def test_a_name_beyond_ascii_is_encoded_in_headers_alone(stage: Stage) -> None:
    """Headers hold the name percent-encoded, the body as it is."""
    model_id = await stage.model(Chat(), upstream_model="plain", name="modèle/日本")
    answer = await stage.chat(model_id)
    assert answer.json()["model"] == model_id
    for name in ("x-tollhouse-model", "x-tollhouse-requested-model"):
        assert unquote(answer.headers[name]) == model_id
        assert answer.headers[name].isascii()


IDS: dict[str, tuple[bytes, bool]] = {
    "usual": (b"req-1", True),
    "odd": (b'!"#$%&()*+,-./:;<=>?@[]^_`{|}~', True),
    "longest": (b"x" * 128, True),
    "too_long": (b"x" * 129, False),
    "empty": (b"", False),
    "space": (b"a b", False),
    "tab": (b"a\tb", False),
    "not_ascii": ("é".encode(), False),
}


@pytest.mark.parametrize("name", list(IDS))
@pytest.mark.parametrize("kind", ["whole", "stream", "refused", "models"])
async def test_a_request_id_is_echoed_if_it_is_a_good_one(
    stage: Stage, name: str, kind: str
) -> None:
    """Up to 128 visible ASCII characters come back; anything else is replaced by a new one."""
    given, echoed = IDS[name]
    if kind == "models":
        method, path, body = "GET", "/v1/models", b""
    else:
        model_id = "nobody" if kind == "refused" else await stage.model()
        method, path = "POST", CHAT
        body = json.dumps(chat(model_id, stream=kind == "stream")).encode()
    async with dial(stage.gw.url) as wire:
        sent = request(path, stage.gw.key, body, method, x_request_id=given.decode("latin-1"))
        await wire.send(sent)
        _, headers, answer = await wire.answer()
    got = headers["x-request-id"]
    assert (got.encode() == given) is echoed
    assert 0 < len(got) <= 128
    if kind == "refused":
        assert json.loads(answer)["error"]["request_id"] == got
    if kind == "whole" and echoed:
        assert (await stage.gw.records())[-1].request_id == got


async def test_every_request_has_an_id_of_its_own(stage: Stage) -> None:
    """Without one from the client, ids are new each time and in the ledger."""
    model_id = await stage.model()
    answers = [await stage.chat(model_id) for _ in range(3)]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3
    assert (await stage.record(answers[0])).requested_model == model_id


async def test_the_provider_gets_nothing_of_the_client_s_headers(stage: Stage) -> None:
    """Credentials, cookies, addresses and ids of the client end at the gateway."""
    model_id = await stage.model()
    theirs = {
        "cookie": "session=canary",
        "x-forwarded-for": "10.0.0.1",
        "x-real-ip": "10.0.0.1",
        "user-agent": "canary-agent",
        "openai-organization": "canary-org",
        "x-request-id": "canary-id",
        "x-stainless-lang": "canary",
        "x-tollhouse-failover": "off",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "forwarded": "for=canary",
        "x-model": "canary",
        "te": "trailers",
        "idempotency-key": "canary",
    }
    answer = await stage.gw.client.post(CHAT, json=chat(model_id), headers=theirs)
    assert answer.status_code == 200
    (call,) = stage.calls(model_id)
    sent = {name.lower(): value for name, value in call.headers}
    assert sent["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert "canary" not in str({**sent, "authorization": ""})
    assert stage.gw.key not in str(call.headers)
    assert not sent.keys() & (theirs.keys() - {"user-agent", "accept"})
    assert sent.keys() == {
        "host",
        "content-type",
        "content-length",
        "accept",
        "accept-encoding",
        "user-agent",
        "authorization",
    }
    assert sent["accept-encoding"] == "identity"


async def test_an_error_has_its_headers_and_no_others(stage: Stage) -> None:
    """What failed names its id and, where it helps, when to come back."""
    refused = await stage.chat("nobody")
    assert refused.headers.keys() == {"content-type", "content-length", "date", "x-request-id"}
    limited = await stage.chat(await stage.model(rate_limited("30")))
    assert limited.headers["retry-after"] == "30"
    hopeless = await stage.chat(await stage.model(error(401)))
    assert hopeless.headers["x-should-retry"] == "false"


# --- Asking without sending ---


async def test_a_dry_run_tells_the_plan_and_sends_nothing(stage: Stage) -> None:
    """The hops in order, with those that are left out and why, and not a call or a record."""
    good = await stage.model(name="good")
    gone = await stage.model(enabled=False, failover=good, name="gone")
    first = await stage.model(failover=gone, name="first")
    dry = {"x-tollhouse-dry-run": "true", "x-request-id": "dry"}
    before = stage.up.count
    for stream in (False, True):
        body = chat(first, stream=stream, max_tokens=10)
        answer = await stage.gw.client.post(CHAT, json=body, headers=dry)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-tollhouse-dry-run"] == "true"
        told = answer.json()
        assert told["allowed"] is True
        assert [hop["model"] for hop in told["hops"]] == [first, good]
        assert [hop["model"] for hop in told["skipped"]] == [gone]
        assert told["skipped"][0]["reasons"][0]["code"] == "model_disabled"
        assert told["hops"][0]["estimated_cost"] > 0
    assert stage.up.count == before
    await stage.gw.records()
    found = await stage.gw.app.store.records(filters={"request_id": "dry"}, limit=10, cursor=None)
    assert found.rows == []


async def test_a_dry_run_of_a_refused_request_tells_every_reason(stage: Stage) -> None:
    """All that speaks against a request is told at once."""
    model_id = await stage.model(
        enabled=False, capabilities={"streaming": False}, limits={"max_tokens": 5}
    )
    answer = await stage.gw.client.post(
        CHAT,
        json=chat(model_id, stream=True, max_tokens=6),
        headers={"x-tollhouse-dry-run": "true"},
    )
    told = answer.json()
    assert (told["allowed"], told["code"], told["hops"]) == (False, "model_disabled", [])
    failed = [check["check"] for check in told["checks"] if not check["passed"]]
    assert failed == ["enabled", "capabilities", "limits"]


async def test_a_dry_run_of_a_bad_body_is_the_same_error(stage: Stage) -> None:
    """What would be a 400 is one."""
    answer = await stage.gw.client.post(CHAT, json={}, headers={"x-tollhouse-dry-run": "true"})
    assert answer.status_code == 400
    assert error_of(answer)["param"] == "model"


async def test_failover_can_be_switched_off_for_a_request(stage: Stage) -> None:
    """``x-tollhouse-failover: off`` keeps a request on its model."""
    good = await stage.model(name="good")
    bad = await stage.model(error(500), failover=good, name="bad")
    off = {"x-tollhouse-failover": "off"}
    for body in (chat(bad), chat(bad, stream=True)):
        answer = await stage.gw.client.post(CHAT, json=body, headers=off)
        assert answer.status_code == 502
        assert len(error_of(answer)["attempts"]) == 1
    assert stage.calls(good) == []
