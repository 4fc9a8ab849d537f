"""A whole answer for a client of responses.

Reference: platform.openai.com/docs/api-reference/responses/object.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from ...core.dialect import Vendor
from ..json_object import raw
from ..neutral.answer import Answer
from ..neutral.heading import Heading
from ..neutral.parts import Image, Part, Reasoning, Refusal, Text, ToolCall
from . import output
from .logprobs import NONE, from_chat
from .response_object import ResponseObject
from .stops import COMPLETED, written_stop


def write_answer(answer: Answer, heading: Heading, usage: bytes) -> bytes:
    """The body; ``usage`` is the finished object."""
    refusal = any(isinstance(part, Refusal) for part in answer.parts)
    status = written_stop(answer.stop, refusal=refusal)
    items = _Items(heading.id, answer).of(answer.parts)
    if items and status != COMPLETED and "status" in items[-1]:
        items[-1]["status"] = output.INCOMPLETE
    return ResponseObject(heading).write(
        status, raw(items), usage, answer_id=answer.id, service_tier=answer.service_tier
    )


class _Items:
    """Puts parts into items: texts and refusals in a row are one message."""

    def __init__(self, heading_id: str, answer: Answer) -> None:
        self._id = heading_id
        # Probabilities are told of the answer as a whole: they stand at its first text.
        self._logprobs = from_chat([answer.logprobs])
        self._items: list[dict[str, Any]] = []
        self._said: list[dict[str, Any]] = []

    def of(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        """The items; what only its own dialect could say is not among them."""
        for part in parts:
            if isinstance(part, Text):
                logprobs, self._logprobs = msgspec.Raw(self._logprobs), NONE
                cited = output.annotations(part.citations, len(part.text))
                self._said.append(output.output_text(part.text, cited, logprobs))
            elif isinstance(part, Refusal):
                self._said.append(output.refusal(part.text))
            elif isinstance(part, ToolCall):
                self._call(part)
            elif isinstance(part, Reasoning):
                self._thoughts(part)
            elif isinstance(part, Image):
                self._picture(part)
        self._end_message()
        return self._items

    def _end_message(self) -> None:
        if self._said:
            item_id = output.message_id(self._id, len(self._items))
            self._items.append(output.message(item_id, self._said, output.COMPLETED))
            self._said = []

    def _call(self, part: ToolCall) -> None:
        self._end_message()
        if part.signature is not None:
            index = len(self._items)
            self._items.append(
                output.call_signature(self._id, index, part.id, Vendor.GOOGLE, part.signature)
            )
        item_id = output.call_item_id(self._id, len(self._items), custom=part.custom)
        arguments = part.arguments or ("" if part.custom else output.NOTHING_GIVEN)
        self._items.append(output.call(item_id, part, arguments, output.COMPLETED))

    def _picture(self, part: Image) -> None:
        self._end_message()
        item = output.picture(self._id, len(self._items), part)
        if item is not None:
            self._items.append(item)

    def _thoughts(self, part: Reasoning) -> None:
        self._end_message()
        encrypted = output.encrypted_content(part)
        if part.text or encrypted:
            item_id = output.reasoning_id(self._id, len(self._items), part)
            told = output.reasoning(item_id, part.text, encrypted, are_raw=output.are_raw(part))
            self._items.append(told)
