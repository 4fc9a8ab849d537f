"""Cohere's embeddings for OpenAI's clients."""

import array
import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.recorded import Recording, each
from tollhouse.core.dialect import Dialect
from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire.cohere import embed
from tollhouse.wire.embeddings.openai_side import Embedded, write_answer
from tollhouse.wire.json_object import Fields, read_request
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.usage.table import read_usage

ANSWER = (
    b'{"embeddings":{"float":[[0.5,-1.25],[1e-3,0.0]]},"id":"5a1e1bc7",'
    b'"meta":{"api_version":{"version":"2"},"billed_units":{"image_tokens":0,"input_tokens":4}},'
    b'"response_type":"embeddings_by_type","texts":["a","b"]}'
)


COHERES = [
    one
    for one in each("embeddings")
    if one.values[0] is None or one.values[0].host == "api.cohere.com"
]


def fields(**more: Any) -> Fields:
    """A client's body."""
    return read_request(json.dumps({"model": "m", "input": ["a", "b"]} | more).encode())


def read_answer(body: bytes) -> Embedded | NotAnAnswer:
    """An answer; nothing of its head is looked at."""
    return embed.read_answer(body, {}, "embed-v4.0")


def sent(model: str = "embed-v4.0", **more: Any) -> dict[str, Any]:
    """What Cohere is sent for it, with nothing lost."""
    made = embed.write_request(fields(**more), model, Losses(allowed=False))
    written: dict[str, Any] = json.loads(msgspec.json.encode(made))
    return written


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"input": "a"}, {"texts": ["a"]}),
        ({"encoding_format": "base64"}, {}),
        ({"dimensions": 512}, {"output_dimension": 512}),
        ({"input_type": "query"}, {"input_type": "search_query"}),
        ({"input_type": "document"}, {"input_type": "search_document"}),
        ({"input_type": "clustering"}, {"input_type": "clustering"}),
        ({"input_type": None}, {}),
        ({"truncate": "NONE"}, {"truncate": "NONE"}),
        ({"embedding_types": ["float"]}, {}),
        ({"embedding_types": None}, {}),
    ],
)
def test_the_body_is_written_in_version_two(more: dict[str, Any], expected: dict[str, Any]) -> None:
    """Vectors are those of documents unless the client says otherwise, and always numbers."""
    assert sent(**more) == {
        "model": "embed-v4.0",
        "texts": ["a", "b"],
        "input_type": "search_document",
        "embedding_types": ["float"],
        **expected,
    }


@pytest.mark.parametrize(
    ("model", "more", "param"),
    [
        ("embed-v4.0", {"input": [[1, 2]]}, "input"),
        ("embed-v4.0", {"input": ["a"] * 97}, "input"),
        ("embed-v4.0", {"embedding_types": ["int8"]}, "embedding_types"),
        ("embed-v4.0", {"embedding_types": "float"}, "embedding_types"),
        ("embed-v4.0", {"user": "u"}, "user"),
        ("embed-multilingual-v3.0", {"dimensions": 256}, "dimensions"),
    ],
)
def test_H01_what_cohere_lacks_is_refused_by_name(
    model: str, more: dict[str, Any], param: str
) -> None:
    """Nothing is left out in silence."""
    with pytest.raises(Unsupported) as raised:
        sent(model, **more)
    assert raised.value.param == param


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input_type": 7}, "input_type"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_H01_what_cannot_be_used_is_named(more: dict[str, Any], param: str) -> None:
    """A 400 with the path of the field."""
    with pytest.raises(CallerError) as raised:
        sent(**more)
    assert (raised.value.status, raised.value.param) == (400, param)


def test_H12_vectors_are_numbers_as_they_were_spelled_or_base64() -> None:
    """As the client asked; in base64 they are what its SDK decodes."""
    answer = read_answer(ANSWER)
    assert isinstance(answer, Embedded)
    written = write_answer(answer, model="lab/e", usage=b"{}", as_base64=False)
    assert b'"embedding":[1e-3,0.0]' in written
    coded = json.loads(write_answer(answer, model="lab/e", usage=b"{}", as_base64=True))
    assert coded["model"] == "lab/e"
    found = array.array("f", base64.b64decode(coded["data"][0]["embedding"]))
    assert found.tolist() == [0.5, -1.25]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [(b"4", 4), (b"4.0", 4), (b"0", 0), (b"-4", None), (b'"4"', None), (b"1.5", None)],
)
def test_A07_the_tokens_are_judged_where_all_are(tokens: bytes, expected: int | None) -> None:
    """Twelve with a point are twelve; fewer than none are not to be believed."""
    answer = read_answer(ANSWER.replace(b'"input_tokens":4', b'"input_tokens":' + tokens))
    assert isinstance(answer, Embedded)
    usage = read_usage(Dialect.CHAT, answer.usage, Endpoint.EMBEDDINGS)
    if expected is None:
        assert isinstance(usage, Unusable)
    else:
        assert usage == Usage(input_tokens=expected)


@pytest.mark.parametrize(
    "meta", [b"", b',"meta":null', b',"meta":{}', b',"meta":{"billed_units":{}}']
)
def test_A20_tokens_that_are_not_told_are_not_nought(meta: bytes) -> None:
    """They are estimated then, and that is said."""
    answer = read_answer(b'{"embeddings":{"float":[[1]]}%b}' % meta)
    assert isinstance(answer, Embedded)
    assert answer.usage is None


@pytest.mark.parametrize(
    ("body", "error", "reason"),
    [
        (b"", None, "the body is not a JSON object"),
        (b"[]", None, "the body is not a JSON object"),
        (b'{"embeddings":{"float":[[0.1', None, "the body is not a JSON object"),
        (b"{}", None, "the body has no embeddings"),
        (b'{"embeddings":{"int8":[[1]]}}', None, "the body has no embeddings"),
        (b'{"embeddings":{"float":[]}}', None, "the body has no embeddings"),
        (b'{"embeddings":{"float":[[]]}}', None, "an embedding is empty"),
        (b'{"embeddings":{"float":["x"]}}', None, "an embedding is not a list of numbers"),
        (b'{"message":"no such model"}', b'{"message":"no such model"}', "the body is an error"),
    ],
)
def test_H04_what_is_no_answer_is_told_from_one(
    body: bytes, error: bytes | None, reason: str
) -> None:
    """An error in a 200, JSON that was cut off, and vectors that are none."""
    assert read_answer(body) == NotAnAnswer(error, reason)


@pytest.mark.parametrize("one", COHERES)
def test_recorded_embeddings_are_read(one: Recording) -> None:
    """Vectors and tokens of real answers, and real errors for what they are."""
    answer = read_answer(one.body)
    if not one.is_answer:
        assert isinstance(answer, NotAnAnswer)
        assert answer.error == one.body
        return
    told = json.loads(one.body)
    assert isinstance(answer, Embedded)
    assert [json.loads(bytes(vector)) for vector in answer.vectors] == told["embeddings"]["float"]
    usage = read_usage(Dialect.CHAT, answer.usage, Endpoint.EMBEDDINGS)
    assert usage == Usage(input_tokens=told["meta"]["billed_units"]["input_tokens"])


@pytest.mark.parametrize("one", COHERES)
def test_recorded_requests_are_written_as_they_were(one: Recording) -> None:
    """But for what other clients add that says nothing."""
    recorded = {name: value for name, value in one.request.items() if value is not None}
    more = {"input": recorded["texts"]} | {
        name: recorded[name] for name in ("input_type", "truncate")
    }
    assert sent(recorded["model"], **more) == recorded


@settings(max_examples=60)
@given(st.binary(max_size=60) | st.integers(0, len(ANSWER)).map(lambda at: ANSWER[:at]))
def test_no_bytes_make_the_reader_fail(body: bytes) -> None:
    """Whatever a provider sends, it is an answer or it is none."""
    assert isinstance(read_answer(body), Embedded | NotAnAnswer)


def test_a_count_that_is_no_utf_8() -> None:
    """It is no count, but JSON for pricing to judge."""
    body = b'{"embeddings":{"float":[[1]]},"meta":{"billed_units":{"input_tokens":"\xf4"}}}'
    answer = read_answer(body)
    assert isinstance(answer, Embedded)
    assert json.loads(answer.usage or b"") == {
        "prompt_tokens": "\ufffd",
        "total_tokens": "\ufffd",
    }
