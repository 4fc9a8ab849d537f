"""Which hops a request may take, and what each of them gets: the gate again, the original again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from e2e.failing import breaker, failing, fails, told, tried
from e2e.stage import Stage, error_of, per_million, spent
from fakes.answers import rate_limited, steps
from fakes.gateway import PROVIDER_KEY, RunningGateway, chat, model
from fakes.http_server import Behaviour, Pause
from fakes.openai_answers import Chat
from fakes.upstream import FakeUpstream
from ledger.surroundings import TravellingClock
from tollhouse.routing.breaker import COOL_DOWN

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest_asyncio.fixture(name="stage", scope="module", loop_scope="module")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with failing(
        tmp_path_factory.mktemp("hops"),
        clock=TravellingClock(),
        failover={"retries": 0},
        orgs=[{"slug": "acme", "plan": "pro"}, {"slug": "small", "plan": "free"}],
    ) as stage:
        yield stage


async def as_org(stage: Stage, org: str, model_id: str, **fields: Any) -> httpx.Response:
    """A chat of another org."""
    async with stage.gw.as_caller(await stage.gw.new_key(org)) as client:
        return await client.post("/v1/chat/completions", json=chat(model_id, **fields))


# --- The gate at every hop ---


@pytest.mark.parametrize(
    "denied",
    [
        {"org_slugs": ["somebody-else"]},
        {"enabled": False},
        {"end_of_life_at": PAST},
        {"limits": {"max_tokens": 10}},
        {"limits": {"context_window": 1}},
        {"owner": {"kind": "org", "slug": "small"}},
    ],
    ids=["org", "disabled", "retired", "max_tokens", "context", "another_orgs_own"],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_C01_a_hop_that_the_gate_refuses_is_never_called(
    stage: Stage, denied: dict[str, Any], *, stream: bool
) -> None:
    """Making the first model fail opens no way to a model that this request may not have."""
    parent = {"parent_model_id": await stage.model()} if "owner" in denied else {}
    hop = await _hop(stage, **denied, **parent)
    first = await stage.model(fails(500), failover=hop)
    answer = await stage.chat(first, text="five words of a prompt", stream=stream, max_tokens=20)
    assert answer.status_code == 502
    assert told(answer) == [(first, "status_500")]
    assert hop not in answer.text
    assert stage.calls(hop) == []


async def _hop(stage: Stage, **fields: Any) -> str:
    """A failover; one that hangs off another model says nothing that it inherits."""
    if "parent_model_id" not in fields:
        return await stage.model(**fields)
    body = {"model_id": f"child-of-{fields['parent_model_id']}", **fields}
    made = await stage.gw.admin.post("/v1/models", json=body)
    assert made.status_code == 201, made.text
    return str(body["model_id"])


async def test_C01_a_plan_without_the_tier_does_not_reach_it_by_failure(stage: Stage) -> None:
    """The same chain is whole for a plan that has the tier, and one hop for one that has not."""
    premium = await stage.model(tier="premium")
    first = await stage.model(fails(500), failover=premium)
    refused = await as_org(stage, "small", first)
    assert refused.status_code == 502
    assert stage.calls(premium) == []
    assert (await stage.chat(first)).headers["x-tollhouse-model"] == premium


async def test_C01_the_failovers_of_a_refused_hop_are_still_looked_at(stage: Stage) -> None:
    """A hop that is left out does not take what comes after it with it."""
    last = await stage.model(Chat("from the last"))
    closed = await stage.model(enabled=False, failover=last)
    first = await stage.model(fails(500), failover=closed)
    answer = await stage.chat(first)
    assert answer.headers["x-tollhouse-model"] == last
    assert answer.headers["x-tollhouse-attempts"] == "2"


async def test_C08_a_hidden_model_serves_as_a_failover(stage: Stage) -> None:
    """Hidden keeps it out of the list and of nothing else; the org's permission still counts."""
    hidden = await stage.model(display={"hidden": True}, org_slugs=["acme"])
    first = await stage.model(fails(500), failover=hidden)
    listed = (await stage.gw.client.get("/v1/models")).json()["data"]
    assert hidden not in [one["id"] for one in listed]
    assert (await stage.chat(first)).headers["x-tollhouse-model"] == hidden
    assert (await as_org(stage, "small", first)).status_code == 502
    assert len(stage.calls(hidden)) == 1


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"enabled": False}, 403, "model_disabled"),
        ({"org_slugs": ["somebody-else"]}, 403, "model_not_allowed"),
        ({"end_of_life_at": PAST}, 410, "model_retired"),
        ({"capabilities": {"streaming": False}}, 400, "capability_not_supported"),
    ],
    ids=["disabled", "org", "retired", "capability"],
)
async def test_C09_a_refused_model_is_refused_and_not_failed_over(
    stage: Stage, fields: dict[str, Any], status: int, code: str
) -> None:
    """A denial is an answer: nobody is called in place of a model that was taken away."""
    spare = await stage.model()
    first = await stage.model(failover=spare, **fields)
    answer = await stage.stream(first)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert stage.calls(first) == stage.calls(spare) == []


async def test_F10_a_hop_that_retires_while_running_is_left_out_from_then_on(stage: Stage) -> None:
    """The date passes by the clock: the same chain has one hop fewer, without a restart."""
    clock = stage.gw.app.clock
    assert isinstance(clock, TravellingClock)
    hop = await stage.model(end_of_life_at=FUTURE)
    first = await stage.model(fails(503), failover=hop)
    answer = await stage.chat(first)
    assert answer.headers["x-tollhouse-model"] == hop
    assert "sunset" in answer.headers
    before = clock.skipped
    clock.skipped += 80 * 365 * 86_400
    assert (await stage.chat(first)).status_code == 502
    clock.skipped = before
    assert len(stage.calls(hop)) == 1


@pytest.mark.parametrize(
    ("capability", "asked"),
    [
        (
            "json_schema",
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "object"}},
                }
            },
        ),
        ("tools", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
        ("streaming", {"stream": True}),
        (
            "vision",
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "https://x.example"}}
                        ],
                    }
                ]
            },
        ),
    ],
)
async def test_H13_a_hop_that_lacks_what_the_request_needs_is_passed_over(
    stage: Stage, capability: str, asked: dict[str, Any]
) -> None:
    """The next hop that can do it answers; with none, an error and no answer of another kind."""
    able = await stage.model(capabilities={capability: True})
    lacking = await stage.model(capabilities={capability: False}, failover=able)
    first = await stage.model(fails(500), failover=lacking)
    assert (await stage.chat(first, **asked)).headers["x-tollhouse-model"] == able
    alone = await stage.model(capabilities={capability: False})
    second = await stage.model(fails(500), failover=alone)
    assert (await stage.chat(second, **asked)).status_code == 502
    assert stage.calls(lacking) == stage.calls(alone) == []
    assert (await stage.chat(second)).headers["x-tollhouse-model"] == alone


async def test_C12_the_order_is_the_catalogues(stage: Stage) -> None:
    """The model, its failovers in their order, then theirs; one call each."""
    last = await stage.model(Chat("from the last"), name="last")
    third = await stage.model(fails(504), name="third")
    second = await stage.model(fails(503), name="second", failover=last)
    first = await stage.model(fails(502), name="first", failover=[second, third])
    record = await stage.record(await stage.chat(first))
    assert tried(record) == [
        (first, "status_502"),
        (second, "status_503"),
        (third, "status_504"),
        (last, "ok"),
    ]


async def test_F12_a_request_keeps_the_catalogue_it_began_with(stage: Stage) -> None:
    """A hop disabled while the first model is still failing serves this request, not the next."""
    spare = await stage.model(Chat("from the spare"))
    late = steps(Pause(0.3), *fails(500)(stage.up.calls[0]))
    first = await stage.model(late, failover=spare)
    asking = asyncio.ensure_future(stage.chat(first))
    while not stage.calls(first):
        await asyncio.sleep(0.005)
    await stage.gw.patch(spare, enabled=False)
    assert (await asking).headers["x-tollhouse-model"] == spare
    assert (await stage.chat(first)).status_code == 502


# --- What a hop gets ---


async def test_C17_every_hop_gets_the_original_with_its_own_name_key_and_defaults(
    tmp_path: Any,
) -> None:
    """The second provider sees its model, key and defaults, and nothing of the first one's."""
    async with FakeUpstream() as one, FakeUpstream() as two:
        providers = {
            "one": {"base_url": one.url, "api_key": "sk-of-the-first", "headers": {"x-one": "1"}},
            "two": {"base_url": two.url, "api_key": "sk-of-the-second", "headers": {"x-two": "2"}},
        }
        models = [
            model(
                "a",
                "one",
                failover="b",
                system_prompt="You are the first.",
                provider_config={
                    "params": {"temperature": 0.1, "only_first": True},
                    "headers": {"x-model-one": "1"},
                },
            ),
            model("b", "two", provider_config={"params": {"temperature": 0.9, "seed": 7}}),
        ]
        async with RunningGateway(tmp_path, providers=providers, models=models) as gw:
            one.script(fails(500))
            body = (
                b'{"messages":[{"role":"user","content":"\\u00e9"}], "model":"a",'
                b' "odd":{"bar":[1,2.50]}, "big":9007199254740993, "seed":1e400}'
            )
            headers = {"content-type": "application/json"}
            answer = await gw.client.post("/v1/chat/completions", content=body, headers=headers)
            assert answer.status_code == 200, answer.text
            (first,), (second,) = one.calls, two.calls
    assert second.body == (
        b'{"messages":[{"role":"user","content":"\\u00e9"}],"model":"b-upstream",'
        b'"odd":{"bar":[1,2.50]},"big":9007199254740993,"seed":1e400,"temperature":0.9}'
    )
    assert second.header("authorization") == "Bearer sk-of-the-second"
    assert (second.header("x-two"), second.header("x-one")) == ("2", None)
    assert second.header("x-model-one") is None
    assert first.json["model"] == "a-upstream"
    assert first.json["messages"][0] == {"role": "system", "content": "You are the first."}
    assert (first.json["temperature"], first.json["only_first"]) == (0.1, True)
    assert first.header("authorization") == "Bearer sk-of-the-first"
    assert first.header("x-model-one") == "1"


async def test_C17_a_form_is_sent_again_whole(stage: Stage) -> None:
    """The second hop of a transcription gets the file byte for byte and its own model's name."""
    spare = await stage.model(type="transcription", pricing={"per_second": "0.0001"})
    first = await stage.model(
        fails(503), type="transcription", pricing={"per_second": "0.1"}, failover=spare
    )
    sound = bytes(range(256)) * 20
    answer = await stage.gw.client.post(
        "/v1/audio/transcriptions",
        files={"file": ("a.mp3", sound, "audio/mpeg")},
        data={"model": first, "language": "en"},
    )
    assert answer.status_code == 200, answer.text
    (one,), (two,) = stage.calls(first), stage.calls(spare)
    assert one.form["file"] == two.form["file"] == sound
    assert one.form["language"] == two.form["language"] == b"en"
    assert two.form["model"] == f"{spare}-upstream".encode()


async def test_A06_a_failover_is_paid_at_the_price_of_who_served(stage: Stage) -> None:
    """Cost, price version and name are the failover's, in the answer and in the record."""
    dear = {"input_per_1m_tokens": "100", "output_per_1m_tokens": "200"}
    spare = await stage.model()
    first = await stage.model(fails(500), failover=spare, pricing=dear)
    answer = await stage.chat(first)
    assert answer.json()["model"] == spare
    record = await stage.record(answer)
    assert spent(record) == per_million((12, "3"), (5, "15"))
    assert (record.served_model, record.requested_model) == (spare, first)


async def test_G01_no_hop_shows_the_callers_credential(stage: Stage) -> None:
    """Every hop presents the gateway's credential and never the caller's."""
    spare = await stage.model()
    first = await stage.model(fails(500), failover=spare)
    await stage.chat(first)
    for call in (*stage.calls(first), *stage.calls(spare)):
        assert call.header("authorization") == f"Bearer {PROVIDER_KEY}"
        assert stage.gw.key not in str(call.headers) + call.body.decode()


# --- Breakers ---


async def opened(stage: Stage, behaviour: Behaviour, times: int, **fields: Any) -> tuple[str, str]:
    """A model whose breaker was just opened, and its spare."""
    spare = await stage.model(name="spare")
    first = await stage.model(behaviour, name="first", failover=spare, **fields)
    for _ in range(times):
        await stage.chat(first)
    assert breaker(stage, first) == "open"
    return first, spare


def travel(stage: Stage, seconds: float) -> None:
    """Let time pass."""
    clock = stage.gw.app.clock
    assert isinstance(clock, TravellingClock)
    clock.skipped += seconds


async def test_C11_one_probe_finds_out_and_closes_it(stage: Stage) -> None:
    """After the cool-down one of many requests tries the target; when it is well, all do."""
    first, spare = await opened(stage, fails(500), 5)
    assert len(stage.calls(first)) == 5
    travel(stage, COOL_DOWN)
    assert breaker(stage, first) == "probing"
    stage.up.script(steps(Pause(0.2), *Chat()(stage.calls(first)[0])), model=f"{first}-upstream")
    answers = await asyncio.gather(*(stage.chat(first) for _ in range(10)))
    served = [answer.headers["x-tollhouse-model"] for answer in answers]
    assert (served.count(first), served.count(spare)) == (1, 9)
    assert len(stage.calls(first)) == 6
    assert breaker(stage, first) == "closed"
    assert (await stage.chat(first)).headers["x-tollhouse-model"] == first


async def test_C11_a_failed_probe_opens_it_for_another_while(stage: Stage) -> None:
    """The one that probed is answered by the spare; the others pass the target over again."""
    first, spare = await opened(stage, fails(500), 5)
    travel(stage, COOL_DOWN)
    answer = await stage.chat(first)
    assert answer.headers["x-tollhouse-failover"] == "status_500"
    assert answer.headers["x-tollhouse-model"] == spare
    assert breaker(stage, first) == "open"
    assert (await stage.chat(first)).headers["x-tollhouse-failover"] == "breaker_open"


async def test_C10_a_longer_retry_after_extends_and_a_shorter_one_does_not(stage: Stage) -> None:
    """The later of two times counts, whichever came first."""
    first, _ = await opened(stage, rate_limited("20"), 1)
    off = {"x-tollhouse-failover": "off"}
    for retry_after in ("40", "30"):
        stage.up.script(rate_limited(retry_after), model=f"{first}-upstream")
        await stage.gw.client.post("/v1/chat/completions", json=chat(first), headers=off)
    travel(stage, 39)
    assert breaker(stage, first) == "open"
    travel(stage, 1.5)
    assert breaker(stage, first) == "probing"


async def test_C11_when_every_target_is_open_they_are_tried_anyway(stage: Stage) -> None:
    """A breaker spares time; it never turns an answer into a refusal."""
    alone = await stage.model(*[fails(500)] * 6, Chat("well again"))
    for _ in range(5):
        await stage.chat(alone)
    assert breaker(stage, alone) == "open"
    assert (await stage.chat(alone)).status_code == 502
    answer = await stage.chat(alone)
    assert answer.status_code == 200
    assert answer.headers["x-tollhouse-failover"] == "none"
    assert breaker(stage, alone) == "closed"
