"""Amazon Nova's embeddings on Bedrock.

API reference: docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html. A call embeds one
text; what it is for may be said in ``input_type``, in Cohere's words or in Nova's own.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..json_object import NOT_JSON, Fields
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses
from .openai_side import Embedded, embedded, leave_out_others, one_text, read_asked, string_of
from .tokens import told_in_headers

_PURPOSES = {
    "search_document": "GENERIC_INDEX",
    "document": "GENERIC_INDEX",
    "search_query": "GENERIC_RETRIEVAL",
    "query": "GENERIC_RETRIEVAL",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
_USUAL_PURPOSE = "GENERIC_INDEX"


class _One(msgspec.Struct, frozen=True, gc=False):
    embedding: msgspec.Raw


class _Body(msgspec.Struct, frozen=True):
    embeddings: list[_One]


_decoder = msgspec.json.Decoder(_Body)


def write_request(fields: Fields, _model: str, losses: Losses) -> dict[str, Any]:
    """The body of InvokeModel. A text that is too long is refused, as it is at OpenAI."""
    asked = read_asked(fields, losses)
    purpose = string_of(asked, "input_type") or _USUAL_PURPOSE
    params: dict[str, Any] = {
        "embeddingPurpose": _PURPOSES.get(purpose, purpose),
        "text": {
            "truncationMode": string_of(asked, "truncate") or "NONE",
            "value": one_text(asked, losses),
        },
    }
    if asked.dimensions is not None:
        params["embeddingDimension"] = asked.dimensions
    leave_out_others(asked, losses, "input_type", "truncate")
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


def read_answer(body: bytes, headers: Mapping[str, str]) -> Embedded | NotAnAnswer:
    """A 200; header names in lower case."""
    try:
        told = _decoder.decode(body)
    except NOT_JSON:
        return NotAnAnswer(None, "the body has no embeddings")
    return embedded([one.embedding for one in told.embeddings], told_in_headers(headers))
