"""A client's body as Anthropic's hops get it, and whole answers on their way back."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.wire.anthropic.body import body_for_hop, for_cloud
from tollhouse.wire.anthropic.whole import Whole, read_whole
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import NotAnAnswer

BODY = (
    b'{"model":"asked","max_tokens":10,"temperature":0.10,"new":[1.0, {"b":1e2}],'
    b'"messages":[{"role":"user","content":"Hi \\u00fc"}]}'
)


def hop(body: bytes = BODY, **more: Any) -> bytes:
    """The body of one hop."""
    settings: dict[str, Any] = {"upstream_model": "up", "params": {}, "system_prompt": None} | more
    return body_for_hop(read_request(body), **settings)


def test_H01_only_the_model_changes() -> None:
    """Unknown fields, the order and the spelling of numbers and text stay."""
    assert hop() == BODY.replace(b'"asked"', b'"up"')


def test_defaults_and_steering() -> None:
    """A default stands where the client said nothing; connection settings never go on."""
    body = BODY[:-1] + b',"api_key":"k","api_base":"b","extra_headers":{},"timeout":1}'
    params = {"temperature": b"0.5", "top_k": b"40"}
    assert hop(body, params=params) == hop()[:-1] + b',"top_k":40}'


@pytest.mark.parametrize(
    ("system", "written"),
    [
        (None, b'"P"'),
        (b"null", b'"P"'),
        (b'""', b'"P"'),
        (b'"Be brief."', b'"P\\n\\nBe brief."'),
        (b"[]", b'[{"type":"text","text":"P"}]'),
        (
            b'[ {"type":"text", "text":"A"}]',
            b'[{"type":"text","text":"P"},{"type":"text", "text":"A"}]',
        ),
        (b"5", b"5"),
    ],
)
def test_the_models_prompt_goes_in_front(system: bytes | None, written: bytes) -> None:
    """Of text or of blocks; what the provider will refuse is left to it."""
    body = BODY if system is None else BODY[:-1] + b',"system":' + system + b"}"
    assert hop(body, system_prompt="P").endswith(b'"system":' + written + b"}")


def test_clouds_have_the_model_in_the_address() -> None:
    """Vertex wants a version in the body; Bedrock has streaming in the address too."""
    body = BODY[:-1] + b',"stream":true}'
    vertex = json.loads(hop(body, model_in_body=False, anthropic_version="vertex-2023-10-16"))
    assert "model" not in vertex
    assert (vertex["stream"], vertex["anthropic_version"]) == (True, "vertex-2023-10-16")
    bedrock = json.loads(
        hop(
            body,
            model_in_body=False,
            stream_in_body=False,
            anthropic_version="bedrock-2023-05-31",
        )
    )
    assert not {"model", "stream"} & bedrock.keys()
    assert bedrock["anthropic_version"] == "bedrock-2023-05-31"
    translated = {"model": "m", "stream": True, "max_tokens": 1}
    assert for_cloud(translated, anthropic_version=None, stream_in_body=True) == {
        "stream": True,
        "max_tokens": 1,
    }


# --- What only our answers hold ---


def sent(content: Any) -> bytes:
    """A body with one turn of the assistant, as some clients space it."""
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "text", "text": "tollhouse:"}]},
    ]
    return json.dumps({"model": "asked", "max_tokens": 1, "messages": messages}).encode()


def got(content: Any) -> Any:
    """What Anthropic gets of that turn; None if it gets none."""
    messages = json.loads(hop(sent(content)))["messages"]
    assert messages[0]["content"] == "Hi"
    assert messages[-1]["content"] == [{"type": "text", "text": "tollhouse:"}]
    return messages[1]["content"] if len(messages) == 3 else None


OWN = {"type": "thinking", "thinking": "Hm", "signature": "EqQB"}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {"signature": "tollhouse:x"}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "Hm", "signature": "tollhouse:google:signature:Cx"},
        {"type": "thinking", "thinking": "Hm", "signature": "tollhouse:unsigned"},
        {"type": "thinking", "thinking": "So", "signature": "tollhouse:openai:hidden:gA"},
        {"type": "redacted_thinking", "data": "tollhouse:openai:hidden:gA"},
        {"type": "redacted_thinking", "data": "tollhouse:google:call:t:Cx"},
    ],
)
def test_H02_another_vendors_signatures_do_not_go_to_anthropic(block: Any) -> None:
    """It would refuse them; its own go byte for byte."""
    assert got([OWN, block, CALL]) == [OWN, CALL]
    assert got([block]) is None


def test_what_looks_like_ours_and_is_not_goes_on() -> None:
    """A signature of the vendor's own, and words that hold the mark."""
    odd = {"type": "thinking", "thinking": "Hm", "signature": "tollhouse:nobody:signature:x"}
    words = {"type": "text", "text": "tollhouse:google:signature:x"}
    body = sent([odd, words, CALL])
    assert hop(body) == hop(body.replace(b"asked", b"other"))
    assert got([odd, words, CALL]) == [odd, words, CALL]


def test_a_signature_that_was_packed_once_more_is_unpacked() -> None:
    """As another gateway of ours in between made it."""
    outer = "tollhouse:anthropic:signature:tollhouse:google:signature:Cx"
    block = {"type": "thinking", "thinking": "Hm", "signature": outer}
    assert got([block]) == [block | {"signature": "tollhouse:google:signature:Cx"}]


def test_sources_of_no_search_of_anthropics() -> None:
    """They are taken out of the text that names them; Anthropic's own stay."""
    ours = {"type": "web_search_result_location", "encrypted_index": "tollhouse:foreign"}
    own = {"type": "web_search_result_location", "encrypted_index": "Eo8B"}
    text = {"type": "text", "text": "Hi"}
    assert got([text | {"citations": [ours, own]}]) == [text | {"citations": [own]}]
    assert got([text | {"citations": [ours]}]) == [text]


@pytest.mark.parametrize(
    "messages",
    [
        b'"tollhouse:"',
        b'[{"content":["tollhouse:"]}]',
        b'[{"content":[{"type":"thinking","signature":["tollhouse:"]}]}]',
        b'["tollhouse:"]',
    ],
)
def test_messages_of_no_shape_are_left_to_the_provider(messages: bytes) -> None:
    """Byte for byte."""
    body = b'{"model":"asked","messages":' + messages + b"}"
    assert hop(body) == body.replace(b"asked", b"up")


# --- Whole answers ---

ANSWER = (
    b'{"id":"msg_1","model":"claude-x","content":[{"type":"text","text":"Hi \\u00fc"}],'
    b'"usage":{"input_tokens":3,"output_tokens":4,"service_tier":"batch"},"new":1.50}'
)


def test_an_answer_goes_back_with_model_and_usage() -> None:
    """All else stays byte for byte."""
    found = read_whole(ANSWER)
    assert isinstance(found, Whole)
    assert found.usage == b'{"input_tokens":3,"output_tokens":4,"service_tier":"batch"}'
    assert found.service_tier == "batch"
    assert found.content_bytes == len(b'[{"type":"text","text":"Hi \\u00fc"}]')
    assert found.write("our/claude", b'{"cost":0.10}') == ANSWER.replace(
        b'"claude-x"', b'"our/claude"'
    ).replace(found.usage, b'{"cost":0.10}')


def test_an_answer_without_usage_gets_one() -> None:
    """It is estimated by the meter, and told."""
    found = read_whole(b'{"content":[]}')
    assert isinstance(found, Whole)
    assert (found.usage, found.service_tier) == (None, None)
    assert json.loads(found.write("m", b"{}")) == {"content": [], "model": "m", "usage": {}}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", None),
        (b"null", None),
        (b"<html>", None),
        (b'{"content":[{"type":"text"', None),
        (b'{"content":null}', None),
        (b'{"type":"error","error":{"type":"api_error"}}', b'{"type":"api_error"}'),
    ],
)
def test_H04_what_is_no_answer(body: bytes, error: bytes | None) -> None:
    """As where answers are translated."""
    found = read_whole(body)
    assert isinstance(found, NotAnAnswer)
    assert found.error == error


def test_raw_bodies_are_not_copied_into_shape() -> None:
    """A body that needs no prompt and no default is written of its own pieces."""
    image = b'"' + b"A" * 100_000 + b'"'
    body = BODY[:-1] + b',"x":' + image + b"}"
    assert msgspec.json.decode(hop(body))["x"] == "A" * 100_000
