"""Embeddings of Titan, Nova and Cohere on Bedrock, for OpenAI's clients."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.recorded import Recording, each
from tollhouse.wire.embeddings.bedrock import read_answer, write_request
from tollhouse.wire.embeddings.openai_side import Embedded
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.losses import Losses, Unsupported

TITAN = "amazon.titan-embed-text-v2:0"
TITAN_1 = "amazon.titan-embed-text-v1"
TITAN_IMAGE = "amazon.titan-embed-image-v1"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
COHERE = "us.cohere.embed-v4:0"
COHERE_3 = "cohere.embed-multilingual-v3"
HEADERS = {"x-amzn-bedrock-input-token-count": "18"}


def body(model: str, losses: Losses | None = None, **fields: Any) -> Any:
    """The body for a model, as it is sent."""
    asked = read_request(msgspec.json.encode({"model": "m", "input": "a", **fields}))
    written = write_request(asked, model, losses or Losses(allowed=False))
    return json.loads(msgspec.json.encode(written))


def nova(**params: Any) -> dict[str, Any]:
    """Nova's body."""
    text = {"truncationMode": "NONE", "value": "a"}
    told = {"embeddingPurpose": "GENERIC_INDEX", "text": text, **params}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": told}


@pytest.mark.parametrize(
    ("model", "fields", "sent"),
    [
        (TITAN, {}, {"inputText": "a"}),
        (TITAN, {"input": ["b"], "dimensions": 256}, {"inputText": "b", "dimensions": 256}),
        (TITAN, {"normalize": False}, {"inputText": "a", "normalize": False}),
        (
            TITAN_IMAGE,
            {"dimensions": 256},
            {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 256}},
        ),
        (NOVA, {}, nova()),
        (NOVA, {"dimensions": 256}, nova(embeddingDimension=256)),
        (NOVA, {"input_type": "search_query"}, nova(embeddingPurpose="GENERIC_RETRIEVAL")),
        (NOVA, {"input_type": "IMAGE_RETRIEVAL"}, nova(embeddingPurpose="IMAGE_RETRIEVAL")),
        (NOVA, {"truncate": "END"}, nova(text={"truncationMode": "END", "value": "a"})),
        (
            COHERE,
            {"input": ["a", "b"], "dimensions": 512, "encoding_format": "base64"},
            {
                "texts": ["a", "b"],
                "input_type": "search_document",
                "embedding_types": ["float"],
                "output_dimension": 512,
            },
        ),
        (
            COHERE_3,
            {"input_type": "query", "truncate": "END"},
            {
                "texts": ["a"],
                "input_type": "search_query",
                "embedding_types": ["float"],
                "truncate": "END",
            },
        ),
    ],
)
def test_a_request_is_written_in_the_models_words(
    model: str, fields: dict[str, Any], sent: dict[str, Any]
) -> None:
    """Everything that was asked, and nothing else."""
    assert body(model, **fields) == sent


@pytest.mark.parametrize(
    ("model", "fields", "param"),
    [
        (TITAN, {"input": ["a", "b"]}, "input"),
        (NOVA, {"input": ["a", "b"]}, "input"),
        (COHERE, {"input": ["a"] * 97}, "input"),
        ("amazon.unheard-of-v1:0", {}, "model"),
    ],
)
def test_what_a_model_cannot_be_given_is_refused_by_name(
    model: str, fields: dict[str, Any], param: str
) -> None:
    """Even where knobs may be dropped."""
    with pytest.raises(Unsupported) as told:
        body(model, Losses(allowed=True), **fields)
    assert told.value.param == param


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (TITAN_1, "dimensions"),
        (COHERE_3, "dimensions"),
        (TITAN, "user"),
        (TITAN_1, "normalize"),
        (NOVA, "user"),
        (COHERE, "user"),
    ],
)
def test_H01_a_knob_that_a_model_lacks_is_refused_or_told(model: str, field: str) -> None:
    """By its name."""
    value = 256 if field == "dimensions" else True
    with pytest.raises(Unsupported) as told:
        body(model, None, **{field: value})
    assert told.value.param == field
    losses = Losses(allowed=True)
    assert body(model, losses, **{field: value}) == body(model)
    assert losses.dropped == [field]


ANSWERS = {
    TITAN: b'{"embedding":[0.10,1e-7],"inputTextTokenCount":7,"embeddingsByType":{}}',
    NOVA: b'{"embeddings":[{"embeddingType":"TEXT","embedding":[0.10,1e-7]}]}',
    COHERE: b'{"embeddings":{"float":[[0.10,1e-7]]},"id":"x"}',
    COHERE_3: b'{"embeddings":[[0.10,1e-7]],"response_type":"embeddings_floats"}',
}


@pytest.mark.parametrize("model", ANSWERS)
def test_an_answer_is_read(model: str) -> None:
    """Vectors as they were spelled; usage from the body or from beside it."""
    tokens = 7 if model == TITAN else 18
    usage = f'{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}'.encode()
    found = read_answer(ANSWERS[model], HEADERS, model)
    assert found == Embedded((msgspec.Raw(b"[0.10,1e-7]"),), usage)


@pytest.mark.parametrize("told", [None, "", "-3", "x", "1" * 40])
def test_usage_that_is_not_told_is_none(told: str | None) -> None:
    """A count that is none is not one."""
    headers = {} if told is None else {"x-amzn-bedrock-input-token-count": told}
    found = read_answer(ANSWERS[NOVA], headers, NOVA)
    assert isinstance(found, Embedded)
    assert found.usage is None


@pytest.mark.parametrize("model", [*ANSWERS, "unheard-of"])
@given(data=st.binary(max_size=40))
@settings(max_examples=30, deadline=None)
def test_H04_what_is_no_answer_is_none(model: str, data: bytes) -> None:
    """Cut, mixed up, or of another kind altogether; nothing raises."""
    whole = ANSWERS.get(model, b"{}")
    for bad in (data, whole[:-5], b"null", b"{}", b'{"message":"no"}', whole + data + b"?"):
        assert isinstance(read_answer(bad, HEADERS, model), NotAnAnswer)


def _embeddings() -> list[Any]:
    return [
        one
        for one in each("bedrock-invoke")
        if one.values[0] is None or "embed" in one.values[0].path
    ]


@pytest.mark.parametrize("recording", _embeddings())
def test_recorded_embeddings_are_asked_for_and_read(recording: Recording) -> None:
    """Our body says all that the recorded one did; the vectors are those of the answer."""
    model = recording.path.split("/")[2]
    asked = recording.request
    params = asked.get("singleEmbeddingParams", {})
    text = params.get("text", {}).get("value")
    fields = {
        "input": asked.get("texts", text),
        "dimensions": asked.get("output_dimension", params.get("embeddingDimension")),
        "input_type": asked.get("input_type", params.get("embeddingPurpose")),
        "truncate": asked.get("truncate", "NONE"),
    }
    sent = body(model, **fields)
    assert {name: sent[name] for name in asked} == asked
    found = read_answer(recording.body, recording.headers, model)
    assert isinstance(found, Embedded)
    assert len(json.loads(bytes(found.vectors[0]))) == fields["dimensions"]
    assert bytes(found.vectors[0]) in recording.body
    assert found.usage is not None
