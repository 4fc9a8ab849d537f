"""Google's embeddings for OpenAI's clients, at its own API and on Vertex AI."""

import base64
import json
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.recorded import Recording, each
from tollhouse.wire.embeddings.gemini import read_answer, write_request
from tollhouse.wire.embeddings.openai_side import Embedded, read_asked, write_answer
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.losses import Losses, Unsupported


def written(*, vertex: bool = False, model: str = "gemini-embedding-001", **fields: Any) -> Any:
    """The body for Google of a client's body."""
    losses = Losses(allowed=False)
    asked = read_asked(read_request(msgspec.json.encode(fields)), losses)
    return write_request(asked, model, losses, vertex=vertex)


def test_texts_go_one_by_one_in_a_batch() -> None:
    """Google's own API takes a request for each text, each with the model and the dimensions."""
    body = written(input=["a", "b"], dimensions=256, task_type="RETRIEVAL_QUERY", title="T")
    common = {"taskType": "RETRIEVAL_QUERY", "title": "T", "outputDimensionality": 256}
    assert body == {
        "requests": [
            {
                "model": "models/gemini-embedding-001",
                "content": {"parts": [{"text": text}]},
                **common,
            }
            for text in "ab"
        ]
    }
    assert written(input="a", encoding_format="base64", model="models/m") == {
        "requests": [{"model": "models/m", "content": {"parts": [{"text": "a"}]}}]
    }


def test_vertex_takes_instances() -> None:
    """Vertex takes the texts as instances, the dimensions as a parameter."""
    body = written(vertex=True, input=["a", "b"], dimensions=256, task_type="CLUSTERING")
    assert body == {
        "instances": [{"content": text, "task_type": "CLUSTERING"} for text in "ab"],
        "parameters": {"outputDimensionality": 256},
    }
    assert written(vertex=True, input="a") == {"instances": [{"content": "a"}]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"input": [[1, 2], [3]]}, "input"), ({"input": "a", "user": "u"}, "user")],
)
def test_what_google_cannot_embed_is_refused(fields: dict[str, Any], param: str) -> None:
    """Tokens of another vendor's model, and fields that Google has no words for."""
    with pytest.raises(Unsupported) as refusal:
        written(**fields)
    assert refusal.value.param == param


VERTEX: dict[str, Any] = {
    "predictions": [
        {"embeddings": {"values": [0.1, -2], "statistics": {"token_count": 3, "truncated": False}}},
        {"embeddings": {"values": [0.25, 4e-5], "statistics": {"token_count": 4.0}}},
    ],
    "metadata": {"billableCharacterCount": 9},
}


def test_vertex_answers() -> None:
    """Vectors in order, and the sum of the tokens; no sum where one count is missing."""
    answer = read_answer(msgspec.json.encode(VERTEX), vertex=True)
    assert isinstance(answer, Embedded)
    vectors = [json.loads(bytes(vector)) for vector in answer.vectors]
    assert vectors == [[0.1, -2], [0.25, 4e-5]]
    assert json.loads(answer.usage or b"") == {"prompt_tokens": 7, "total_tokens": 7}
    less = {"predictions": [*VERTEX["predictions"], {"embeddings": {"values": [1]}}]}
    answer = read_answer(msgspec.json.encode(less), vertex=True)
    assert isinstance(answer, Embedded)
    assert answer.usage is None


@pytest.mark.parametrize("recording", each("gemini-embed"))
def test_h12_recorded_vectors_reach_the_client(recording: Recording) -> None:
    """As numbers they keep their spelling; in base64 they are float32, little-endian."""
    answer = read_answer(recording.body)
    told = json.loads(recording.body)
    if not recording.is_answer:
        assert isinstance(answer, NotAnAnswer)
        assert json.loads(answer.error or b"") == told["error"]
        return
    assert isinstance(answer, Embedded)
    vectors = [one["values"] for one in told["embeddings"]]
    plain = json.loads(write_answer(answer, model="m", usage=b"{}", as_base64=False))
    assert [one["embedding"] for one in plain["data"]] == vectors
    coded = json.loads(write_answer(answer, model="m", usage=b"{}", as_base64=True))
    for one, vector in zip(coded["data"], vectors, strict=True):
        data = base64.b64decode(one["embedding"])
        assert data == struct.pack(f"<{len(vector)}f", *vector)
    tokens = (told.get("usageMetadata") or {}).get("promptTokenCount")
    usage = None if answer.usage is None else json.loads(answer.usage)["prompt_tokens"]
    assert usage == tokens


@pytest.mark.parametrize("vertex", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'{"embeddings":[]}',
        b'{"embeddings":[{}]}',
        b'{"embeddings":[{"values":["a"]}]}',
        b'{"predictions":[{"embeddings":{"values":[]}}]}',
        b'{"predictions":3}',
        b"<html>",
    ],
)
def test_nothing_is_no_answer(body: bytes, vertex: bool) -> None:  # noqa: FBT001
    """What has no vectors is no answer."""
    assert isinstance(read_answer(body, vertex=vertex), NotAnAnswer)


@pytest.mark.parametrize("vertex", [False, True])
def test_an_error_in_a_200_is_told(vertex: bool) -> None:  # noqa: FBT001
    """Google's error object is handed on."""
    answer = read_answer(b'{"error":{"code":503}}', vertex=vertex)
    assert isinstance(answer, NotAnAnswer)
    assert answer.error == b'{"code":503}'


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_can_be_read(data: bytes) -> None:
    """Nothing that a provider sends makes the reader raise."""
    for vertex in (False, True):
        read_answer(data, vertex=vertex)
        read_answer(b'{"embeddings":[{"values":' + data + b"}]}", vertex=vertex)
