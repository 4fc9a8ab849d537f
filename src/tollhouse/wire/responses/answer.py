"""A provider's whole response, in neutral form.

Reference: platform.openai.com/docs/api-reference/responses/object. Hosts other than OpenAI leave
out fields that it always has, ``status`` among them.
"""

import msgspec

from ..json_object import NOT_JSON, Fields, read_object
from ..neutral.answer import Answer, Nameless, NotAnAnswer
from ..neutral.parts import Part, Reasoning, Refusal, Text, ToolCall
from ..openai.answer import error_in, string_field, usage_in
from .items import kind_of, message_item, parts_of
from .logprobs import to_chat
from .stops import FAILED, read_stop

_UNFINISHED = frozenset({"queued", "in_progress", "cancelled"})


class IncompleteDetails(msgspec.Struct, frozen=True, gc=False):
    """Why a response is incomplete."""

    reason: str | None = None


_details = msgspec.json.Decoder(IncompleteDetails | None)
_items = msgspec.json.Decoder(list[msgspec.Raw])


def read_answer(body: bytes) -> Answer | NotAnAnswer:
    """Read a 200: an answer, or what it is in place of one."""
    fields = read_object(body)
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    error = error_in(fields)
    status = string_field(fields, "status")
    if error is not None or status == FAILED:
        return NotAnAnswer(error, "the body is an error")
    if status in _UNFINISHED:
        return NotAnAnswer(None, f"the response is {status}")
    if "output" not in fields:
        return NotAnAnswer(None, "the body has no output")
    try:
        items = items_of(fields)
        parts = tuple(part for item in items for part in parts_of(item))
        logprobs = to_chat(told for item in items for told in _logprobs(item))
        reason = incomplete_reason(fields)
    except Nameless as fault:
        return NotAnAnswer(None, str(fault))
    except NOT_JSON:
        return NotAnAnswer(None, "the output has another form than a response's")
    calls = any(isinstance(part, ToolCall) for part in parts)
    refused = any(isinstance(part, Refusal) for part in parts)
    return Answer(
        parts,
        read_stop(status, reason, calls=calls, refused=refused),
        id=string_field(fields, "id"),
        usage=usage_in(fields),
        service_tier=string_field(fields, "service_tier"),
        logprobs=logprobs,
        content_bytes=sum(_size(part) for part in parts),
    )


def items_of(fields: Fields) -> list[msgspec.Raw]:
    """The items of a response."""
    output = fields.get("output")
    return [] if output is None else _items.decode(output)


def incomplete_reason(fields: Fields) -> str | None:
    """Why a response is incomplete, where it says so."""
    told = fields.get("incomplete_details")
    details = None if told is None else _details.decode(told)
    return None if details is None else details.reason


def _logprobs(item: msgspec.Raw) -> list[msgspec.Raw]:
    if kind_of(item) != "message":
        return []
    return [part.logprobs for part in message_item.decode(item).content]


def _size(part: Part) -> int:
    if isinstance(part, Text | Refusal | Reasoning):
        return len(part.text)
    return len(part.arguments) if isinstance(part, ToolCall) else 0
