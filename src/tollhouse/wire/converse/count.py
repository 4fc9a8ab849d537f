"""Counting the tokens of a conversation.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html. It
takes those fields of a Converse body that tokens are made of.
"""

from typing import Annotated, Any

import msgspec

from ..json_object import NOT_JSON
from ..neutral.answer import NotAnAnswer
from ..neutral.conversation import Conversation
from ..neutral.losses import Losses
from .request import write_request

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")


class _Counted(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    input_tokens: Annotated[int, msgspec.Meta(ge=0)]


_decoder = msgspec.json.Decoder(_Counted)


def write_count(conversation: Conversation, model: str, losses: Losses) -> dict[str, Any]:
    """The body of CountTokens."""
    body = write_request(conversation, model, losses)
    return {"input": {"converse": {name: body[name] for name in _COUNTED if name in body}}}


def read_count(body: bytes) -> int | NotAnAnswer:
    """How many tokens there are."""
    try:
        return _decoder.decode(body).input_tokens
    except NOT_JSON:
        return NotAnAnswer(None, "the body does not count tokens")
