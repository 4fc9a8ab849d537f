"""Rerankings: the form that Cohere and Jina gave them, and version 2 of Cohere's API.

API reference: docs.cohere.com/reference/rerank and jina.ai/reranker. Version 2 takes documents as
text alone and gives none back: those that a client wants back (``return_documents``) are its own.
"""

from typing import Any

import msgspec

from ...core.errors import invalid
from ..json_object import NOT_JSON, Fields, owned, raw, write_body
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses
from .embed import no_answer

_KNOWN = frozenset(
    {"model", "query", "documents", "top_n", "return_documents", "max_tokens_per_doc", "priority"}
)
_PASSED_ON = ("max_tokens_per_doc", "priority")
_ABSENT = msgspec.Raw()
_NULL = b"null"
_NOTHING = (b"", _NULL)
_FORMS = "The field documents must be a list of strings or of objects with a text, not empty."


class _Document(msgspec.Struct, frozen=True):
    text: str


class Asked(msgspec.Struct, frozen=True):
    """What is to be put in order."""

    query: str
    texts: tuple[str, ...]
    given: tuple[msgspec.Raw, ...]
    """The documents as the client wrote them."""
    top_n: int | None = None
    return_documents: bool = False
    others: Fields = {}
    """The fields that Cohere knows too, to be passed on."""


class _Score(msgspec.Struct, frozen=True):
    index: int
    relevance_score: msgspec.Raw


class _Body(msgspec.Struct, frozen=True):
    results: list[_Score]
    id: str | None = None
    meta: msgspec.Raw = _ABSENT


class Reranked(msgspec.Struct, frozen=True):
    """An order. ``usage`` is Cohere's ``meta``, None where it tells nothing."""

    results: tuple[_Score, ...]
    id: str | None = None
    usage: bytes | None = None


_decoder = msgspec.json.Decoder(_Body)
_documents = msgspec.json.Decoder(list[msgspec.Raw])
_document = msgspec.json.Decoder(str | _Document)
_query = msgspec.json.Decoder(str)
_count = msgspec.json.Decoder(int | None)
_flag = msgspec.json.Decoder(bool | None)
_number = msgspec.json.Decoder(float)


# --- The request ---


def read_asked(fields: Fields, losses: Losses) -> Asked:
    """A client's body; a 400 names what cannot be used."""
    given = _given(fields.get("documents"))
    for name in fields:
        if name not in _KNOWN:
            losses.knob(name)
    return Asked(
        _read_query(fields.get("query")),
        tuple(_text(document, place, losses) for place, document in enumerate(given)),
        tuple(given),
        _top_n(fields.get("top_n")),
        _is_asked(fields.get("return_documents")),
        {
            name: fields[name]
            for name in _PASSED_ON
            if name in fields and bytes(fields[name]) != _NULL
        },
    )


def write_request(asked: Asked, model: str) -> dict[str, Any]:
    """The body for ``/v2/rerank``."""
    body: dict[str, Any] = {"model": model, "query": asked.query, "documents": asked.texts}
    if asked.top_n is not None:
        body["top_n"] = asked.top_n
    return body | asked.others


def _read_query(written: msgspec.Raw | None) -> str:
    try:
        query = "" if written is None else _query.decode(written)
    except NOT_JSON:
        query = ""
    if not query:
        raise invalid("The field query must be a string that is not empty.", "query")
    return query


def _given(written: msgspec.Raw | None) -> list[msgspec.Raw]:
    try:
        given = [] if written is None else _documents.decode(written)
    except NOT_JSON:
        given = []
    if not given:
        raise invalid(_FORMS, "documents")
    return given


def _text(document: msgspec.Raw, place: int, losses: Losses) -> str:
    try:
        told = _document.decode(document)
    except NOT_JSON:
        if bytes(document).startswith(b"{"):
            raise losses.essential(f"documents[{place}]", "a document without a text") from None
        raise invalid(_FORMS, f"documents[{place}]") from None
    return told if isinstance(told, str) else told.text


def _top_n(written: msgspec.Raw | None) -> int | None:
    try:
        count = None if written is None else _count.decode(written)
    except NOT_JSON:
        count = 0
    if count is not None and count < 1:
        raise invalid("The field top_n must be a whole number from 1 on.", "top_n")
    return count


def _is_asked(written: msgspec.Raw | None) -> bool:
    try:
        return bool(written is not None and _flag.decode(written))
    except NOT_JSON:
        message = "The field return_documents must be true or false."
        raise invalid(message, "return_documents") from None


# --- The answer ---


def read_answer(body: bytes) -> Reranked | NotAnAnswer:
    """A 200: the order of the documents, best first."""
    try:
        told = _decoder.decode(body)
        for score in told.results:
            _number.decode(score.relevance_score)
    except NOT_JSON:
        return no_answer(body, "results")
    meta = bytes(owned(told.meta))
    return Reranked(tuple(told.results), told.id, None if meta in _NOTHING else meta)


def write_answer(answer: Reranked, asked: Asked, *, model: str, usage: bytes) -> bytes:
    """The client's answer; ``usage`` is the finished usage object."""
    fields: Fields = {} if answer.id is None else {"id": raw(answer.id)}
    fields["model"] = raw(model)
    fields["results"] = raw([_result(score, asked) for score in answer.results])
    if answer.usage is not None:
        fields["meta"] = msgspec.Raw(answer.usage)
    fields["usage"] = msgspec.Raw(usage)
    return write_body(fields)


def _result(score: _Score, asked: Asked) -> dict[str, Any]:
    told: dict[str, Any] = {"index": score.index, "relevance_score": score.relevance_score}
    if asked.return_documents and 0 <= score.index < len(asked.given):
        given = asked.given[score.index]
        told["document"] = {"text": given} if bytes(given).startswith(b'"') else given
    return told
