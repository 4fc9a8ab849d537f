"""Cohere's embeddings, version 2 of its API.

API reference: docs.cohere.com/reference/embed. Cohere wants to know what the vectors are for; who
does not say it in ``input_type`` gets those of documents. Numbers are asked for in any case: a
client that wants base64 gets it made of them, in the order of bytes that OpenAI's clients read.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..embeddings.openai_side import Embedded, embedded, leave_out_others, read_asked, string_of
from ..json_object import NOT_JSON, Fields, owned, raw, read_object
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses

_TYPES = {"document": "search_document", "query": "search_query"}
_USUAL_TYPE = "search_document"
_MOST_TEXTS = 96
_FIXED_SIZE = "-v3.0"
_NUMBERS = ["float"]
_OWN = ("input_type", "truncate", "embedding_types")
_ABSENT = msgspec.Raw()
_NOTHING = (b"", b"null")
_types: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)


class _Billed(msgspec.Struct, frozen=True):
    input_tokens: msgspec.Raw = _ABSENT


class _Meta(msgspec.Struct, frozen=True):
    billed_units: _Billed | None = None


class _ByType(msgspec.Struct, frozen=True):
    numbers: list[msgspec.Raw] = msgspec.field(name="float")


class _Body(msgspec.Struct, frozen=True):
    embeddings: _ByType
    meta: _Meta | None = None


_decoder = msgspec.json.Decoder(_Body)


def write_request(fields: Fields, model: str, losses: Losses) -> dict[str, Any]:
    """The body for ``/v2/embed`` of an OpenAI embeddings body."""
    asked = read_asked(fields, losses)
    if len(asked.texts) > _MOST_TEXTS:
        raise losses.essential("input", f"more than {_MOST_TEXTS} texts a call")
    _check_types(asked.others.get("embedding_types"), losses)
    purpose = string_of(asked, "input_type") or _USUAL_TYPE
    body: dict[str, Any] = {
        "model": model,
        "texts": asked.texts,
        "input_type": _TYPES.get(purpose, purpose),
        "embedding_types": _NUMBERS,
    }
    if (truncate := string_of(asked, "truncate")) is not None:
        body["truncate"] = truncate
    if asked.dimensions is not None:
        if model.endswith(_FIXED_SIZE):
            losses.knob("dimensions")
        else:
            body["output_dimension"] = asked.dimensions
    leave_out_others(asked, losses, *_OWN)
    return body


def _check_types(written: msgspec.Raw | None, losses: Losses) -> None:
    """OpenAI's answers have one vector for a text, so there is nothing to choose."""
    try:
        chosen = None if written is None else _types.decode(written)
    except NOT_JSON:
        chosen = []
    if chosen is not None and chosen != _NUMBERS:
        raise losses.essential("embedding_types", "other vectors than floats in OpenAI's form")


def read_answer(body: bytes, headers: Mapping[str, str], model: str) -> Embedded | NotAnAnswer:
    """A 200. The tokens stand in the usage as Cohere wrote them, for pricing to judge."""
    del headers, model
    try:
        told = _decoder.decode(body)
    except NOT_JSON:
        return no_answer(body, "embeddings")
    answer = embedded(told.embeddings.numbers, None)
    units = None if told.meta is None else told.meta.billed_units
    if isinstance(answer, NotAnAnswer) or units is None:
        return answer
    if bytes(units.input_tokens) in _NOTHING:
        return answer
    tokens = owned(units.input_tokens)
    counts = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Embedded(answer.vectors, bytes(raw(counts)))


def no_answer(body: bytes, wanted: str) -> NotAnAnswer:
    """What a body without what is ``wanted`` is: Cohere's errors are objects with a ``message``."""
    fields = read_object(body)
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    if "message" in fields:
        return NotAnAnswer(body, "the body is an error")
    return NotAnAnswer(None, f"the body has no {wanted}")
