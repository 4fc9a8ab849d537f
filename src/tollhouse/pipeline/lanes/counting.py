"""Counting the tokens of a conversation, which is asked as Anthropic's clients ask it.

Anthropic's models count such a body itself; Bedrock's and Google's are asked in their own words.
Hosts that cannot count have no lane: an estimate would be taken for a count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from ...core.dialect import Dialect
from ...core.model import Address, Model, Target
from ...core.needs import Endpoint
from ...providers.address import address, model_name
from ...wire.anthropic.body import body_for_hop
from ...wire.anthropic.count import read_count
from ...wire.json_object import write_value
from ...wire.neutral.answer import NotAnAnswer
from ...wire.neutral.conversation import Conversation
from ...wire.neutral.losses import Losses
from ...wire.openai.stream import StreamReader
from ..call import Call
from ..flight import Flight
from ..meter import Meter
from .lane import JSON, Place, Told, Whole, Written, place_of
from .messages import protocol_headers
from .translated import conversation_of

_encoder = msgspec.json.Encoder()
Write = Callable[[Conversation, str, Losses], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Counting:
    """A lane for Anthropic's ``count_tokens``; ``ask`` is None where bytes go through."""

    target: Target
    where: Address
    read: Callable[[bytes], int | NotAnAnswer]
    ask: Write | None
    translated: bool
    spelling: Dialect = Dialect.MESSAGES
    stream_type: str | None = None

    def write(self, call: Call, model: Model) -> Written:
        """The body that asks for a count."""
        name = model_name(self.target, Endpoint.COUNT_TOKENS)
        if self.ask is None:
            prompt = model.system_prompt
            body = body_for_hop(
                call.fields or {},
                upstream_model=name,
                params={},
                system_prompt=prompt.text if prompt is not None else None,
            )
            return Written(body)
        losses = Losses(allowed=True)
        asked = self.ask(conversation_of(call, Dialect.MESSAGES, model), name, losses)
        return Written(write_value(asked), dropped=tuple(losses.dropped))

    def place(self, call: Call, content_type: str) -> Place:
        """There is one."""
        url, headers = place_of(self.where, content_type, JSON)
        if self.ask is None:
            headers = protocol_headers(headers, call, self.target)
        return url, headers

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """A count is never streamed."""
        del flight, model, meter, kind
        return None

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The count; it costs nothing."""
        del flight, model, meter
        counted = self.read(told.body)
        if isinstance(counted, NotAnAnswer):
            return counted
        return Whole(_encoder.encode({"input_tokens": counted}), priced=False)


def counting(target: Target, spelling: Dialect) -> Counting | None:
    """The lane of a target that can count; None for one that cannot."""
    where = address(target, Endpoint.COUNT_TOKENS)
    if target.provider.protocol == "bedrock":
        from ...wire.converse import count as converse  # noqa: PLC0415 - few need it

        return Counting(target, where, converse.read_count, converse.write_count, translated=True)
    if spelling is Dialect.GEMINI:
        from ...wire.gemini import count as gemini  # noqa: PLC0415 - few need it

        on_vertex = target.provider.protocol == "vertex"
        ask = partial(gemini.write_count_request, vertex=on_vertex)
        return Counting(target, where, gemini.read_count, ask, translated=True)
    if spelling is Dialect.MESSAGES:
        return Counting(target, where, read_count, None, translated=False)
    return None
