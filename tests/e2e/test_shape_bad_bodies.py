"""Bad bodies: a clear error that names the field, no upstream call, no hang and no harm."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from e2e.stage import Stage, error_of, usage_of
from fakes.gateway import chat, model
from fakes.slowness import in_time

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
JSON_TYPE = {"content-type": "application/json"}
DEEP = b'{"model":"sound","messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}"

BODIES: dict[str, tuple[bytes, str | None]] = {
    "nothing": (b"", None),
    "white_space": (b" \n ", None),
    "not_json": (b"hello", None),
    "cut_json": (b'{"model": "sound", "messages": [', None),
    "two_values": (b'{"model": "sound"} {}', None),
    "list": (b"[]", None),
    "null": (b"null", None),
    "string": (b'"model"', None),
    "not_utf8": (b'{"model": "sound\xff"}', None),
    "utf16": ('{"model": "sound"}'.encode("utf-16"), None),
    "half_a_pair": (b'{"model": "\\ud800"}', None),
    "missing": (b'{"messages": []}', "model"),
    "null_model": (b'{"model": null}', "model"),
    "empty": (b'{"model": ""}', "model"),
    "number": (b'{"model": 7}', "model"),
    "object": (b'{"model": {"id": "sound"}}', "model"),
    "list_model": (b'{"model": ["sound"]}', "model"),
    "long": (json.dumps({"model": "m" * 129}).encode(), "model"),
    "nul": (b'{"model": "sound\\u0000"}', "model"),
    "newline": (b'{"model": "sound\\n"}', "model"),
    "space": (b'{"model": " sound"}', "model"),
    "twice": (b'{"model": "sound", "messages": [], "model": "other"}', "model"),
    "twice_escaped": (b'{"model": "sound", "messages": [], "m\\u006fdel": "other"}', "model"),
    "deep": (DEEP.replace(b'"sound"', b"7"), None),
    "stream_word": (b'{"model": "sound", "messages": [], "stream": "yes"}', "stream"),
    "options_list": (b'{"model": "sound", "stream_options": []}', "stream_options"),
    "tokens_word": (b'{"model": "sound", "max_tokens": "many"}', "max_tokens"),
    "tokens_negative": (b'{"model": "sound", "max_tokens": -1}', "max_tokens"),
}


@pytest.fixture(name="calls")
def _calls(stage: Stage) -> int:
    """How many calls the provider has had."""
    return stage.up.count


@pytest.mark.parametrize("name", list(BODIES))
async def test_a_body_that_cannot_be_used_is_a_400_that_names_the_field(
    stage: Stage, calls: int, name: str
) -> None:
    """Whatever is wrong with the body, the answer is a 400 in OpenAI's shape."""
    body, param = BODIES[name]
    answer = await stage.gw.client.post(CHAT, content=body, headers=JSON_TYPE)
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert (error["code"], error["type"]) == ("invalid_request_error", "invalid_request_error")
    assert error["param"] == param
    assert stage.up.count == calls


NOBODY = {
    "climbing": "../../etc/passwd",
    "dots": "..",
    "dots_inside": "a/../b",
    "encoded": "bedrock%2Fclaude",
    "encoded_nul": "%00",
    "url": "http://169.254.169.254/latest",
    "query": "sound?x=1",
    "fragment": "sound#x",
    "sql": "x'OR'1'='1",
    "case": "Sound",
    "dot": "sound.",
    "first_letter": "s",
    "prefix": "soun",
    "star": "sound*",
    "wide": "\uff53\uff4f\uff55\uff4e\uff44",
    "template": "{{7*7}}",
    "lookup": "${jndi:ldap://x}",
    "longest": "m" * 128,
}


@pytest.mark.parametrize("name", list(NOBODY))
async def test_a_name_that_is_nobody_s_is_a_404_and_goes_nowhere(
    stage: Stage, calls: int, name: str
) -> None:
    """A name is compared exactly and becomes neither a path nor a query nor anybody else's name."""
    await stage.gw.admin.post("/v1/models", json=model("sound"))
    answer = await stage.chat(NOBODY[name])
    assert answer.status_code == 404
    error = error_of(answer)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert stage.up.count == calls


async def test_a_body_nested_ten_thousand_deep_does_no_harm(stage: Stage, calls: int) -> None:
    """It is passed over or refused, at once, and the next request is answered."""
    model_id = await stage.model()
    body = DEEP.replace(b'"sound"', json.dumps(model_id).encode())
    cpu = process_time()
    answer = await stage.gw.client.post(CHAT, content=body, headers=JSON_TYPE)
    in_time(process_time() - cpu, 1)
    assert answer.status_code in {200, 400}
    assert stage.up.count - calls == (answer.status_code == 200)
    for part in (b'{"a":', b"["):
        deep = b'{"model":"x","messages":' + part * 10_000
        answer = await stage.gw.client.post(CHAT, content=deep, headers=JSON_TYPE)
        assert answer.status_code == 400
    assert (await stage.chat(model_id)).status_code == 200


async def test_forty_mebibytes_are_refused_and_the_answer_is_read(stage: Stage, calls: int) -> None:
    """A body above the bound gets a 413 that its client can read, told or not by its length."""
    big = b'{"model":"x","messages":"' + b"x" * 40 * 2**20 + b'"}'

    async def pieces() -> Any:
        for start in range(0, len(big), 2**16):
            yield big[start : start + 2**16]

    for content in (big, pieces()):
        answer = await stage.gw.client.post(CHAT, content=content, headers=JSON_TYPE)
        assert answer.status_code == 413
        assert error_of(answer)["code"] == "request_too_large"
    assert stage.up.count == calls


async def test_a_gzip_bomb_is_refused_before_it_unfolds(stage: Stage, calls: int) -> None:
    """A gigabyte in a megabyte is a 413, in little time."""
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb", compresslevel=9) as packed:
        for _ in range(64):
            packed.write(bytes(2**20))
    once = zlib.compressobj(9, zlib.DEFLATED, 31)
    twice = once.compress(bomb.getvalue()) + once.flush()
    cpu = process_time()
    for body in (bomb.getvalue(), twice):
        answer = await stage.gw.client.post(
            CHAT, content=body, headers={**JSON_TYPE, "content-encoding": "gzip"}
        )
        assert answer.status_code in {400, 413}
        assert error_of(answer)["type"] == "invalid_request_error"
    in_time(process_time() - cpu, 1)
    assert stage.up.count == calls


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "GZIP", "identity"])
async def test_H06_a_compressed_body_is_taken_and_sent_on_plain(stage: Stage, coding: str) -> None:
    """What the coding says is undone, and the provider gets plain JSON with its own length."""
    model_id = await stage.model()
    plain = json.dumps(chat(model_id, "日本")).encode()
    packers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "identity": bytes,
    }
    pack = packers[coding.lower().removeprefix("x-")]
    answer = await stage.gw.client.post(
        CHAT, content=pack(plain), headers={**JSON_TYPE, "content-encoding": coding}
    )
    assert usage_of(answer)["cost"]
    (call,) = stage.calls(model_id)
    assert call.json["messages"] == chat(model_id, "日本")["messages"]
    assert call.header("content-encoding") is None
    assert call.header("content-length") == str(len(call.body))


@pytest.mark.parametrize(
    ("coding", "status"), [("br", 415), ("zstd", 415), ("gzip, gzip", 415), ("gzip", 400)]
)
async def test_H06_a_body_that_does_not_decompress_is_refused(
    stage: Stage, calls: int, coding: str, status: int
) -> None:
    """An unknown coding is a 415, a broken body a 400."""
    body = gzip.compress(b'{"model":"x"}')[:-5]
    answer = await stage.gw.client.post(
        CHAT, content=body, headers={**JSON_TYPE, "content-encoding": coding}
    )
    assert answer.status_code == status
    error_of(answer)
    assert stage.up.count == calls
