"""How many tokens a conversation has, as Anthropic tells it.

API reference: docs.claude.com/en/api/messages-count-tokens.
"""

from typing import Annotated

import msgspec

from ..json_object import NOT_JSON, read_object
from ..neutral.answer import NotAnAnswer
from ..openai.answer import error_in


class _Counted(msgspec.Struct, frozen=True, gc=False):
    input_tokens: Annotated[int, msgspec.Meta(ge=0)]


_decoder = msgspec.json.Decoder(_Counted)


def read_count(body: bytes) -> int | NotAnAnswer:
    """The number that an answer tells."""
    try:
        return _decoder.decode(body).input_tokens
    except NOT_JSON:
        error = error_in(read_object(body) or {})
        reason = "the body has no count" if error is None else "the body is an error"
        return NotAnAnswer(error, reason)
