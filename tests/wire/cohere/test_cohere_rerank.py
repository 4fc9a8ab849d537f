"""Rerankings: the client's body, Cohere's, and the answers of both."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Usage
from tollhouse.wire.cohere.rerank import (
    Asked,
    Reranked,
    read_answer,
    read_asked,
    write_answer,
    write_request,
)
from tollhouse.wire.json_object import Fields, read_request
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.usage.table import Kind, read_usage

BODY = {"model": "m", "query": "what is a toll?", "documents": ["a road", "a fee", "a bird"]}
ANSWER = (
    b'{"results":[{"index":1,"relevance_score":0.9990001},{"index":0,"relevance_score":1e-3}],'
    b'"id":"07734bd2","meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}'
)


def fields(**more: Any) -> Fields:
    """A client's body; what is None is left out."""
    told = {name: value for name, value in (BODY | more).items() if value is not None}
    return read_request(json.dumps(told).encode())


def asked(**more: Any) -> Asked:
    """The same, read with nothing lost."""
    return read_asked(fields(**more), Losses(allowed=False))


def sent(**more: Any) -> dict[str, Any]:
    """What Cohere is sent for it."""
    written: dict[str, Any] = json.loads(
        msgspec.json.encode(write_request(asked(**more), "rerank-v3.5"))
    )
    return written


def test_the_body_is_written_in_version_two() -> None:
    """Under the model's name at Cohere, with what both know."""
    assert sent() == BODY | {"model": "rerank-v3.5"}
    more = {"top_n": 2, "max_tokens_per_doc": 512, "priority": 0}
    assert sent(**more) == BODY | {"model": "rerank-v3.5"} | more


def test_documents_are_sent_as_text() -> None:
    """Objects with a text are what version 1 and Jina have; their other members are not ranked."""
    documents = ["a", {"text": "b"}, {"text": "c", "title": "C"}]
    assert sent(documents=documents)["documents"] == ["a", "b", "c"]


def test_what_the_gateway_gives_itself_is_not_sent() -> None:
    """Version 2 gives no documents back, so it is not asked to."""
    assert "return_documents" not in sent(return_documents=True)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"query": ""}, "query"),
        ({"query": 7}, "query"),
        ({"query": None}, "query"),
        ({"documents": []}, "documents"),
        ({"documents": "a"}, "documents"),
        ({"documents": None}, "documents"),
        ({"documents": ["a", 7]}, "documents[1]"),
        ({"documents": ["a", ["b"]]}, "documents[1]"),
        ({"top_n": 0}, "top_n"),
        ({"top_n": 1.5}, "top_n"),
        ({"top_n": True}, "top_n"),
        ({"top_n": "2"}, "top_n"),
        ({"return_documents": "yes"}, "return_documents"),
    ],
)
def test_H01_what_cannot_be_used_is_named(more: dict[str, Any], param: str) -> None:
    """A 400 with the path of the field; nobody else will judge it."""
    with pytest.raises(CallerError) as raised:
        asked(**more)
    assert (raised.value.status, raised.value.param) == (400, param)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"documents": ["a", {"image": "https://a.example/b.png"}]}, "documents[1]"),
        ({"documents": [{"text": 7}]}, "documents[0]"),
        ({"rank_fields": ["title"]}, "rank_fields"),
        ({"max_chunks_per_doc": 10}, "max_chunks_per_doc"),
        ({"user": "u"}, "user"),
    ],
)
def test_H01_what_version_two_lacks_is_refused_by_name(more: dict[str, Any], param: str) -> None:
    """Nothing is left out in silence."""
    with pytest.raises(Unsupported) as raised:
        asked(**more)
    assert raised.value.param == param


def test_H01_knobs_are_dropped_and_told_where_that_is_allowed() -> None:
    """A document without a text is none of them."""
    losses = Losses(allowed=True)
    read_asked(fields(rank_fields=["title"], user="u"), losses)
    assert losses.dropped == ["rank_fields", "user"]
    with pytest.raises(Unsupported):
        read_asked(fields(documents=[{"image": "x"}]), losses)


def test_null_is_as_good_as_absent() -> None:
    """SDKs write out what was not given."""
    nulls = b'{"model":"m","query":"q","documents":["a"],"top_n":null,"return_documents":null,'
    told = read_request(nulls + b'"max_tokens_per_doc":null,"priority":null}')
    assert write_request(read_asked(told, Losses(allowed=False)), "r") == {
        "model": "r",
        "query": "q",
        "documents": ("a",),
    }


def answered(body: bytes = ANSWER, **more: Any) -> dict[str, Any]:
    """What the client gets."""
    answer = read_answer(body)
    assert isinstance(answer, Reranked)
    written = write_answer(answer, asked(**more), model="lab/m", usage=b'{"cost":0.002}')
    told: dict[str, Any] = json.loads(written)
    return told


def test_the_answer_names_the_model_and_its_cost() -> None:
    """Order, scores, id and meta are Cohere's."""
    assert answered() == {
        "id": "07734bd2",
        "model": "lab/m",
        "results": [
            {"index": 1, "relevance_score": 0.9990001},
            {"index": 0, "relevance_score": 0.001},
        ],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
        "usage": {"cost": 0.002},
    }


def test_scores_keep_their_spelling() -> None:
    """No float is made of them on the way."""
    answer = read_answer(ANSWER)
    assert isinstance(answer, Reranked)
    written = write_answer(answer, asked(), model="m", usage=b"{}")
    assert b'"relevance_score":0.9990001' in written
    assert b'"relevance_score":1e-3' in written


def test_documents_are_given_back_as_the_client_gave_them() -> None:
    """A string as an object with a text, an object as it was; none where none was asked for."""
    documents = [{"text": "b", "id": 7}, "a fee"]
    told = answered(documents=documents, return_documents=True)["results"]
    assert [row["document"] for row in told] == [{"text": "a fee"}, {"text": "b", "id": 7}]
    assert "document" not in answered(return_documents=False)["results"][0]


@pytest.mark.parametrize("index", [-1, 3, 10**9])
def test_an_index_of_no_document_gives_none_back(index: int) -> None:
    """What is not there cannot be given."""
    body = b'{"results":[{"index":%d,"relevance_score":0}]}' % index
    (row,) = answered(body, return_documents=True)["results"]
    assert row == {"index": index, "relevance_score": 0}


def test_A21_search_units_are_the_usage() -> None:
    """They are priced by the search; an answer without them has no usage."""
    answer = read_answer(ANSWER)
    assert isinstance(answer, Reranked)
    assert read_usage(Kind.COHERE, answer.usage, Endpoint.RERANK) == Usage(searches=1)
    for meta in (b"", b',"meta":null'):
        bare = read_answer(b'{"results":[]%b}' % meta)
        assert isinstance(bare, Reranked)
        assert bare.usage is None


@pytest.mark.parametrize(
    ("body", "error", "reason"),
    [
        (b"", None, "the body is not a JSON object"),
        (b"null", None, "the body is not a JSON object"),
        (b"<html>", None, "the body is not a JSON object"),
        (b'{"results":[{"index":0', None, "the body is not a JSON object"),
        (b"{}", None, "the body has no results"),
        (b'{"results":null}', None, "the body has no results"),
        (b'{"results":[{"index":0}]}', None, "the body has no results"),
        (b'{"results":[{"index":"0","relevance_score":1}]}', None, "the body has no results"),
        (b'{"results":[{"index":0,"relevance_score":"1"}]}', None, "the body has no results"),
        (b'{"message":"too many"}', b'{"message":"too many"}', "the body is an error"),
    ],
)
def test_H04_what_is_no_answer_is_told_from_one(
    body: bytes, error: bytes | None, reason: str
) -> None:
    """An error in a 200, a page of HTML, and JSON that was cut off."""
    assert read_answer(body) == NotAnAnswer(error, reason)


@settings(max_examples=60)
@given(st.binary(max_size=60) | st.integers(0, len(ANSWER)).map(lambda at: ANSWER[:at]))
def test_no_bytes_make_the_reader_fail(body: bytes) -> None:
    """Whatever a provider sends, it is an answer or it is none."""
    assert isinstance(read_answer(body), Reranked | NotAnAnswer)


def test_a_meta_that_is_no_utf_8() -> None:
    """It is JSON for the client all the same."""
    answer = read_answer(b'{"results":[],"meta":{"warnings":["\xc3"]}}')
    assert isinstance(answer, Reranked)
    asked = Asked("q", ("a",), (msgspec.Raw(b'"a"'),))
    told = json.loads(write_answer(answer, asked, model="m", usage=b"{}"))
    assert told["meta"] == {"warnings": ["\ufffd"]}
