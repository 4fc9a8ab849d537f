"""How many tokens a conversation has, asked of Google.

API reference: ai.google.dev/api/tokens#method:-models.counttokens, where the whole request is
wrapped and names its model, and cloud.google.com/vertex-ai/generative-ai/docs/model-reference/
count-tokens, where it is not and only some of its fields are known.
"""

from typing import Any

import msgspec

from ..json_object import NOT_JSON
from ..neutral.answer import NotAnAnswer
from ..neutral.conversation import Conversation
from ..neutral.losses import Losses
from .chunk import error_in
from .request import write_request

_OF_VERTEX = ("contents", "systemInstruction", "tools")


class _Counted(msgspec.Struct, gc=False, rename="camel"):
    total_tokens: int | None = None


_decoder = msgspec.json.Decoder(_Counted)


def write_count_request(
    conversation: Conversation, model: str, losses: Losses, *, vertex: bool = False
) -> dict[str, Any]:
    """The body for ``:countTokens``; how the answer would be sampled does not count."""
    body = write_request(conversation, model, losses, vertex=vertex)
    if vertex:
        return {name: body[name] for name in _OF_VERTEX if name in body}
    name = model if model.startswith("models/") else f"models/{model}"
    return {"generateContentRequest": {"model": name, **body}}


def read_count(body: bytes) -> int | NotAnAnswer:
    """The number of tokens that an answer tells."""
    try:
        counted = _decoder.decode(body)
    except NOT_JSON:
        counted = _Counted()
    if counted.total_tokens is not None and counted.total_tokens >= 0:
        return counted.total_tokens
    error = error_in(body)
    reason = "the body has no count" if error is None else "the body is an error"
    return NotAnAnswer(error, reason)
