"""The ``response`` object around the items, as a client of responses gets it.

Reference: platform.openai.com/docs/api-reference/responses/object. It repeats the request: what
the client gave as it gave it, else what the API takes for granted.
"""

from collections.abc import Mapping

import msgspec

from ..json_object import raw, read_object, write_object
from ..neutral.heading import Heading
from .stops import COMPLETED, FAILED, INCOMPLETE

_NULL = msgspec.Raw(b"null")
_PREFIX = "resp_"
_DEFAULTS: Mapping[str, msgspec.Raw] = {
    name: msgspec.Raw(value)
    for name, value in {
        "instructions": b"null",
        "max_output_tokens": b"null",
        "max_tool_calls": b"null",
        "parallel_tool_calls": b"true",
        "prompt_cache_key": b"null",
        "reasoning": b'{"effort":null,"summary":null}',
        "safety_identifier": b"null",
        "temperature": b"1.0",
        "text": b'{"format":{"type":"text"}}',
        "tool_choice": b'"auto"',
        "tools": b"[]",
        "top_logprobs": b"0",
        "top_p": b"1.0",
        "user": b"null",
        "metadata": b"{}",
    }.items()
}
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
_FAILURE = msgspec.Raw(
    b'{"code":"server_error","message":"The model made something that is no answer."}'
)


class ResponseObject:
    """Makes the object in each state that the answer goes through."""

    __slots__ = ("_fixed", "_heading")

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        echo = heading.echo
        given = {name: echo[name] for name in _DEFAULTS if echo.get(name, _NULL) != _NULL}
        self._fixed = {**_DEFAULTS, **given}
        self._fixed["text"] = _with_format(self._fixed["text"])

    def write(
        self,
        status: str,
        output: msgspec.Raw,
        usage: bytes,
        *,
        answer_id: str | None = None,
        service_tier: str | None = None,
    ) -> bytes:
        """The object; ``status`` is one of its own, or the reason why it is incomplete."""
        whole = status in {COMPLETED, FAILED, "in_progress"}
        tier = service_tier if service_tier in _TIERS else "default"
        clock = self._heading.clock if status == COMPLETED else None
        return write_object(
            {
                "id": raw(response_id(self._heading, answer_id)),
                "object": raw("response"),
                "created_at": raw(self._heading.created),
                **({} if clock is None else {"completed_at": raw(clock())}),
                "status": raw(status if whole else INCOMPLETE),
                "background": raw(False),
                "error": _FAILURE if status == FAILED else _NULL,
                "incomplete_details": _NULL if whole else raw({"reason": status}),
                "model": raw(self._heading.model),
                "output": output,
                "previous_response_id": _NULL,
                "service_tier": raw(tier),
                "store": raw(False),
                "truncation": raw("disabled"),
                **self._fixed,
                "usage": msgspec.Raw(usage),
            }
        )


def response_id(heading: Heading, answer_id: str | None) -> str:
    """The provider's id of the answer, or ours, behind the prefix that clients look for."""
    told = answer_id or heading.id
    return told if told.startswith(_PREFIX) else f"{_PREFIX}{told}"


def _with_format(text: msgspec.Raw) -> msgspec.Raw:
    """The settings of the text, which may have been given without a format."""
    fields = read_object(text)
    if fields is None or fields.get("format", _NULL) != _NULL:
        return text
    return raw({**fields, "format": {"type": "text"}})
