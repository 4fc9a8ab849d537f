"""Cohere's embeddings on Bedrock.

API reference: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html. Cohere
wants to know what the vectors are for; who does not say it in ``input_type`` gets those of
documents.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..json_object import NOT_JSON, Fields
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses
from .openai_side import Embedded, embedded, leave_out_others, read_asked, string_of
from .tokens import told_in_headers

_TYPES = {"document": "search_document", "query": "search_query"}
_USUAL_TYPE = "search_document"
_MOST_TEXTS = 96
_FIXED_SIZE = ("embed-english-v3", "embed-multilingual-v3")


class _ByType(msgspec.Struct, frozen=True, gc=False):
    numbers: list[msgspec.Raw] = msgspec.field(name="float")


class _Body(msgspec.Struct, frozen=True):
    embeddings: list[msgspec.Raw] | _ByType


_decoder = msgspec.json.Decoder(_Body)


def write_request(fields: Fields, model: str, losses: Losses) -> dict[str, Any]:
    """The body of InvokeModel."""
    asked = read_asked(fields, losses)
    if len(asked.texts) > _MOST_TEXTS:
        raise losses.essential("input", f"more than {_MOST_TEXTS} texts a call")
    purpose = string_of(asked, "input_type") or _USUAL_TYPE
    body: dict[str, Any] = {
        "texts": asked.texts,
        "input_type": _TYPES.get(purpose, purpose),
        "embedding_types": ["float"],
    }
    if (truncate := string_of(asked, "truncate")) is not None:
        body["truncate"] = truncate
    if asked.dimensions is not None:
        if any(name in model for name in _FIXED_SIZE):
            losses.knob("dimensions")
        else:
            body["output_dimension"] = asked.dimensions
    leave_out_others(asked, losses, "input_type", "truncate")
    return body


def read_answer(body: bytes, headers: Mapping[str, str]) -> Embedded | NotAnAnswer:
    """A 200; header names in lower case."""
    try:
        told = _decoder.decode(body).embeddings
    except NOT_JSON:
        return NotAnAnswer(None, "the body has no embeddings")
    return embedded(told if isinstance(told, list) else told.numbers, told_in_headers(headers))
