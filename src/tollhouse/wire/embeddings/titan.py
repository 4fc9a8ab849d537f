"""Amazon Titan's embeddings on Bedrock.

API reference: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
and model-parameters-titan-embed-mm.html. A call embeds one text.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..json_object import NOT_JSON, Fields
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses
from .openai_side import Embedded, embedded, leave_out_others, one_text, read_asked
from .tokens import told_in_headers

_SECOND = "titan-embed-text-v2"
_IMAGES = "titan-embed-image"


class _Body(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    embedding: msgspec.Raw
    input_text_token_count: int | None = None


_decoder = msgspec.json.Decoder(_Body)


def write_request(fields: Fields, model: str, losses: Losses) -> dict[str, Any]:
    """The body of InvokeModel."""
    asked = read_asked(fields, losses)
    body: dict[str, Any] = {"inputText": one_text(asked, losses)}
    if asked.dimensions is not None:
        if _SECOND in model:
            body["dimensions"] = asked.dimensions
        elif _IMAGES in model:
            body["embeddingConfig"] = {"outputEmbeddingLength": asked.dimensions}
        else:
            losses.knob("dimensions")
    known = ("normalize",) if _SECOND in model else ()
    leave_out_others(asked, losses, *known)
    return body | {name: asked.others[name] for name in known if name in asked.others}


def read_answer(body: bytes, headers: Mapping[str, str]) -> Embedded | NotAnAnswer:
    """A 200; header names in lower case."""
    try:
        told = _decoder.decode(body)
    except NOT_JSON:
        return NotAnAnswer(None, "the body has no embedding")
    tokens = told.input_text_token_count
    return embedded([told.embedding], told_in_headers(headers) if tokens is None else tokens)
