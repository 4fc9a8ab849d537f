"""What goes through unchanged, and what never does: bodies, names, codings, look-alike answers."""

import gzip
import json
from typing import Any

import pytest

from e2e.stage import Stage, chunks, error_of, exact, per_million, text_of, usage_of
from fakes.answers import Answer, Framing, error, gzipped, html, json_answer, rate_limited, redirect
from fakes.gateway import chat
from fakes.openai_answers import USAGE, Chat
from fakes.slowness import in_time

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
JSON_TYPE = {"content-type": "application/json"}
COST = per_million((12, "3"), (5, "15"))
SOUND = {
    "id": "c",
    "object": "chat.completion",
    "model": "theirs",
    "choices": [{"index": 0, "message": {"content": "日本"}, "finish_reason": "stop"}],
    "usage": dict(USAGE),
}


# --- Requests ---


async def test_H01_a_body_goes_on_byte_for_byte_but_for_the_model(stage: Stage) -> None:
    """Unknown fields, key order, number spellings and escapes survive; nothing of ours is added."""
    model_id = await stage.model()
    odd = (
        b'{"foo":{"bar":[1,2.50, 1e400]},"seed":9007199254740993,"model":"%b",'
        b'"messages":[ {"role":"user","content":"\\u65e5\\/\xe2\x80\xa8"} ],"temperature":0.70,'
        b'"enable_thinking":true,"empty":{},"none":null,"-0":-0.0}'
    )
    answer = await stage.gw.client.post(CHAT, content=odd % model_id.encode(), headers=JSON_TYPE)
    assert answer.status_code == 200
    (call,) = stage.calls(model_id)
    assert call.body == odd % f"{model_id}-upstream".encode()


async def test_H01_a_stream_s_body_gets_one_field_more(stage: Stage) -> None:
    """Only the question for usage is added, into what the client has there already."""
    model_id = await stage.model()
    body = json.dumps(chat(model_id, stream=True), separators=(",", ":"))
    await stage.gw.client.post(CHAT, content=body, headers=JSON_TYPE)
    options = {"include_usage": False, "include_obfuscation": False}
    await stage.stream(model_id, stream_options=options)
    first, second = stage.calls(model_id)
    expected = body.replace(model_id, f"{model_id}-upstream")[:-1]
    assert first.body.decode() == expected + ',"stream_options":{"include_usage":true}}'
    assert second.json["stream_options"] == options | {"include_usage": True}


async def test_H01_defaults_of_the_catalogue_go_under_the_request(stage: Stage) -> None:
    """A default counts where the request is silent, and the request wins where it is not."""
    params = {"temperature": 0.2, "top_k": 7}
    model_id = await stage.model(provider_config={"params": params})
    await stage.chat(model_id, temperature=0.9)
    (call,) = stage.calls(model_id)
    assert (call.json["temperature"], call.json["top_k"]) == (0.9, 7)


async def test_H01_fields_that_steer_connections_are_not_passed_on(stage: Stage) -> None:
    """Nothing in a body chooses where it goes or with what key."""
    model_id = await stage.model()
    steering = {
        "api_base": "http://evil.example",
        "base_url": "http://evil.example",
        "api_key": "sk-evil",
        "extra_headers": {"x-evil": "1"},
    }
    answer = await stage.chat(model_id, **steering, provider="other", route="other")
    assert answer.status_code == 200
    (call,) = stage.calls(model_id)
    assert not call.json.keys() & steering.keys()
    assert "evil" not in str(call.headers) + call.body.decode()
    assert call.json["provider"] == "other"


async def test_H01_extra_fields_of_messages_are_carried(stage: Stage) -> None:
    """What a host wants back in the next turn reaches it as it was."""
    model_id = await stage.model()
    turns = [
        {
            "role": "assistant",
            "content": "Hm",
            "reasoning_content": "…",
            "thinking_blocks": [{"type": "thinking", "signature": "c2ln=="}],
        },
        {"role": "user", "content": [{"type": "text", "text": "Go", "cache_control": {}}]},
    ]
    await stage.chat(model_id, messages=turns)
    assert stage.calls(model_id)[0].json["messages"] == turns


async def test_H13_a_hop_that_cannot_keep_a_schema_is_left_out(stage: Stage) -> None:
    """A question with a schema fails over only to a model that can answer in it."""
    prose = await stage.model(capabilities={"json_schema": False}, name="prose")
    able = await stage.model(capabilities={"json_schema": True}, name="able")
    first = await stage.model(error(500), failover=[prose, able], name="first")
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    answer = await stage.chat(first, response_format=schema)
    assert answer.headers["x-tollhouse-model"] == able
    assert stage.calls(prose) == []
    assert stage.calls(able)[0].json["response_format"] == schema
    refused = await stage.chat(prose, response_format=schema)
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "response_format"


async def test_H13_with_no_hop_left_that_can_there_is_an_error_and_no_prose(stage: Stage) -> None:
    """Better an error than an answer that does not fit."""
    prose = await stage.model(capabilities={"json_schema": False}, name="prose")
    first = await stage.model(error(500), failover=prose, name="first")
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
    answer = await stage.chat(first, response_format=schema)
    assert answer.status_code == 502
    assert stage.calls(prose) == []


async def test_H12_vectors_are_never_written_anew(stage: Stage) -> None:
    """Digits of floats, and base64, leave as they came."""
    vectors = (
        b'{"object":"list","data":[{"index":0,"embedding":[1.50,-0.0,1e-7]},'
        b'{"index":1,"embedding":"AAAA\\/w=="}],"model":"x",'
        b'"usage":{"prompt_tokens":8,"total_tokens":8}}'
    )
    model_id = await stage.model(
        Answer(vectors), type="embeddings", pricing={"input_per_1m_tokens": "0.02"}
    )
    answer = await stage.gw.client.post(
        "/v1/embeddings", json={"model": model_id, "input": [[1, 2], [3]]}
    )
    data = vectors[vectors.index(b'"data"') : vectors.index(b',"model"')]
    assert data in answer.content
    assert stage.calls(model_id)[0].json["input"] == [[1, 2], [3]]
    assert exact(usage_of(answer)["cost"]) == per_million((8, "0.02"))


# --- Answers ---


async def test_answers_keep_every_field_but_model_and_usage(stage: Stage) -> None:
    """What the provider says beyond the reference is the client's, spelled as it was."""
    body = (
        b'{"id":"c","x":{"y":[1.50,1e400]},"model":"theirs","choices":[ {"index":0} ],"usage":null}'
    )
    model_id = await stage.model(Answer(body))
    answer = await stage.chat(model_id)
    assert b'"x":{"y":[1.50,1e400]}' in answer.content
    assert b'"choices":[ {"index":0} ]' in answer.content
    assert answer.json()["model"] == model_id


LOOK_ALIKES: dict[str, Any] = {
    "null": Answer(b"null"),
    "empty": Answer(b""),
    "empty_string": Answer(b'""'),
    "empty_object": Answer(b"{}"),
    "list": Answer(b"[]"),
    "html": html(),
    "html_as_json": Answer(b"<html></html>"),
    "cut": Answer(b'{"id":"c","choices":[{"mess'),
    "no_choices": json_answer({"id": "c", "usage": dict(USAGE)}),
    "null_choices": json_answer({"id": "c", "choices": None}),
    "error": json_answer({"error": {"message": "no", "code": 502}}),
    "error_string": json_answer({"error": "overloaded"}),
    "error_object": json_answer({"object": "error", "message": "no", "code": 503}),
    "not_utf8": Answer(b'{"choices":["\xff\xfe'),
    "redirect": redirect("http://169.254.169.254/latest"),
    "short": Answer(b'{"choices":[]}', claimed_length=500, stop_at=10),
    "no_content": Answer(b"", status=204),
    "switching": Answer(b"", status=101),
    "broken_gzip": Answer(b"not gzip", headers=(("content-encoding", "gzip"),)),
    "unknown_coding": Answer(b"x", headers=(("content-encoding", "br"),)),
    "two_lengths": Answer(
        b'{"choices":[]}', framing=Framing.CHUNKED, headers=(("content-length", "3"),)
    ),
}


@pytest.mark.parametrize("name", list(LOOK_ALIKES))
async def test_H04_a_200_that_is_no_answer_moves_on_or_is_an_error(stage: Stage, name: str) -> None:
    """It is never passed on: another hop answers, or there is a 502, or the error's own status."""
    played = LOOK_ALIKES[name]
    limits = {"timeouts": {"idle": 0.2}}
    lone = await stage.model(played, name="lone", provider_config=limits)
    answer = await stage.chat(lone)
    assert answer.status_code in {502, 504}
    assert error_of(answer)["attempts"]
    assert (await stage.record(answer)).status == "upstream_error"
    good = await stage.model(name="good")
    bad = await stage.model(played, failover=good, name="bad", provider_config=limits)
    moved = await stage.chat(bad)
    assert (moved.status_code, moved.json()["model"]) == (200, good)
    assert "169.254" not in answer.text


CODED: dict[str, Any] = {
    "gzip": gzipped(json_answer(SOUND)),
    "gzip_chunked": Answer(
        gzip.compress(json.dumps(SOUND).encode()),
        headers=(("content-type", "application/json"), ("content-encoding", "gzip")),
        framing=Framing.CHUNKED,
    ),
    "chunked": Answer(json.dumps(SOUND).encode(), framing=Framing.CHUNKED),
    "until_close": Answer(json.dumps(SOUND).encode(), framing=Framing.UNTIL_CLOSE),
    "interim": Answer(json.dumps(SOUND).encode(), interim=(103,)),
    "identity": json_answer(SOUND, headers=[("content-encoding", "identity")]),
}


@pytest.mark.parametrize("name", list(CODED))
async def test_H06_whatever_the_provider_s_coding_the_length_is_right(
    stage: Stage, name: str
) -> None:
    """The client gets plain JSON with a length of its own, although the usage has grown."""
    model_id = await stage.model(CODED[name])
    answer = await stage.chat(model_id)
    assert exact(usage_of(answer)["cost"]) == COST
    assert answer.headers["content-length"] == str(len(answer.content))
    assert not answer.headers.keys() & {"content-encoding", "transfer-encoding"}
    assert answer.json()["choices"][0]["message"]["content"] == "日本"


async def test_H06_a_compressed_error_is_read(stage: Stage) -> None:
    """An error's words and code are found although it came compressed."""
    model_id = await stage.model(gzipped(error(400, "too hot", code="invalid_value")))
    answer = await stage.chat(model_id)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "invalid_value")
    limited = await stage.chat(await stage.model(gzipped(rate_limited("50"))))
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "50")


# --- Names ---


async def test_F15_only_the_body_s_model_chooses(stage: Stage) -> None:
    """Headers and queries that name another model are nothing to the gateway."""
    other = await stage.model(name="other")
    asked = await stage.model(name="asked/with:slash")
    spoofs = ("x-model", "x-tollhouse-model", "x-ai-eg-model", "x-gateway-model-name")
    answer = await stage.gw.client.post(
        f"{CHAT}?model={other}", json=chat(asked), headers=dict.fromkeys(spoofs, other)
    )
    assert answer.json()["model"] == asked
    assert stage.calls(other) == []


async def test_F15_every_listed_id_resolves_and_is_listed_once(stage: Stage) -> None:
    """The list and the requests use one index."""
    await stage.model(name="bedrock/us.anthropic.claude-3:0", aliases=["sonnet@latest"])
    listed = [row["id"] for row in (await stage.gw.client.get("/v1/models")).json()["data"]]
    assert len(listed) == len(set(listed))
    for model_id in listed:
        dry = await stage.gw.client.post(
            CHAT, json=chat(model_id), headers={"x-tollhouse-dry-run": "true"}
        )
        assert "model_not_found" not in dry.text
        assert (await stage.gw.client.get(f"/v1/models/{model_id}")).json()["id"] == model_id


@pytest.mark.parametrize("stream", [False, True])
async def test_F16_the_model_named_is_the_catalogue_s_that_served(
    stage: Stage, *, stream: bool
) -> None:
    """By alias and after a failover alike, streamed or not; the provider's own name is nowhere."""
    arn = "arn:aws:bedrock:eu-1:123:secret-deployment"
    served = await stage.model(upstream_model=arn, aliases=[f"by-alias-{stream}"], name="served")
    bad = await stage.model(error(500), failover=served, name="bad")
    stage.up.script(Chat("Hi"), model=arn)
    for asked in (served, f"by-alias-{stream}", bad):
        answer = await stage.chat(asked, stream=stream)
        named = {one["model"] for one in (chunks(answer) if stream else [answer.json()])}
        assert named == {served} == {answer.headers["x-tollhouse-model"]}
        assert answer.headers["x-tollhouse-requested-model"] == asked
        assert arn not in answer.text + str(answer.headers)
    assert (await stage.record(answer)).upstream_model == arn


async def test_F16_the_provider_s_name_for_a_model_is_not_in_its_errors(stage: Stage) -> None:
    """A refusal's words name the model as the client knows it."""
    arn = "internal-deployment-7"
    model_id = await stage.model(upstream_model=arn)
    stage.up.script(error(400, f"{arn} does not take pictures"), model=arn)
    answer = await stage.chat(model_id)
    assert error_of(answer)["message"] == f"{model_id} does not take pictures"


async def test_F17_models_are_listed_from_memory(stage: Stage) -> None:
    """The list needs no provider, and a poller that has it gets a 304."""
    await stage.model()
    before = stage.up.count
    first = await stage.gw.client.get("/v1/models")
    took = []
    for _ in range(3):
        started = stage.gw.app.clock.monotonic()
        second = await stage.gw.client.get("/v1/models")
        took.append(stage.gw.app.clock.monotonic() - started)
    in_time(min(took), 0.02)
    assert stage.up.count == before
    etag = first.headers["etag"]
    assert second.headers["etag"] == etag
    same = await stage.gw.client.get("/v1/models", headers={"if-none-match": etag})
    assert (same.status_code, same.content) == (304, b"")
    new = await stage.model()
    changed = await stage.gw.client.get("/v1/models", headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert new in [row["id"] for row in changed.json()["data"]]


async def test_a_system_prompt_of_the_catalogue_comes_first(stage: Stage) -> None:
    """A model's own prompt is put in front of the conversation, which is otherwise untouched."""
    model_id = await stage.model(system_prompt="Be brief.")
    answer = await stage.stream(model_id)
    assert text_of(answer) == Chat().text
    (call,) = stage.calls(model_id)
    assert call.json["messages"] == [
        {"role": "system", "content": "Be brief."},
        *chat(model_id)["messages"],
    ]
