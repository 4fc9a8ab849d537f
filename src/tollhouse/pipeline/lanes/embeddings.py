"""Embeddings at providers that spell them another way than OpenAI's hosts do.

Vectors are large, so they pass through as they were written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ...core.dialect import Dialect
from ...core.model import Address, Model, Target
from ...core.needs import Endpoint
from ...providers.address import address, model_name
from ...wire.embeddings.openai_side import Embedded, is_base64, read_asked, write_answer
from ...wire.json_object import Fields
from ...wire.neutral.answer import NotAnAnswer
from ...wire.neutral.losses import Losses
from ...wire.openai.stream import StreamReader
from ...wire.usage.table import Kind
from ..call import Call
from ..flight import Flight
from ..meter import Meter
from .lane import JSON, Place, Told, Whole, Written, place_of

_encoder = msgspec.json.Encoder()
Write = Callable[[Fields, str, Losses], dict[str, Any]]
Read = Callable[[bytes, Mapping[str, str], str], Embedded | NotAnAnswer]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A lane for OpenAI's embeddings to a provider with a form of its own."""

    target: Target
    where: Address
    ask: Write
    read: Read
    spelling: Dialect | Kind = Dialect.CHAT
    translated: bool = True
    stream_type: str | None = None

    def write(self, call: Call, model: Model) -> Written:
        """The provider's body."""
        del model
        losses = Losses(allowed=self.target.drops_unsupported)
        fields = {name: msgspec.Raw(value) for name, value in self.target.params.items()}
        fields |= call.fields or {}
        name = model_name(self.target, Endpoint.EMBEDDINGS)
        return Written(
            _encoder.encode(self.ask(fields, name, losses)), dropped=tuple(losses.dropped)
        )

    def place(self, call: Call, content_type: str) -> Place:
        """There is one."""
        del call
        return place_of(self.where, content_type, JSON)

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """Vectors are never streamed."""
        del flight, model, meter, kind
        return None

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The vectors in OpenAI's form."""
        answer = self.read(told.body, told.headers, model_name(self.target, Endpoint.EMBEDDINGS))
        if isinstance(answer, NotAnAnswer):
            return answer
        usage = meter.complete(answer.usage, None)
        as_base64 = is_base64(flight.call.fields or {})
        return Whole(write_answer(answer, model=model.model_id, usage=usage, as_base64=as_base64))


def embeddings(target: Target) -> Embeddings | None:
    """The lane of a target that embeds; None for one that does not."""
    protocol = target.provider.protocol
    if protocol == "anthropic":
        return None
    where = address(target, Endpoint.EMBEDDINGS)
    if protocol == "bedrock":
        from ...wire.embeddings import bedrock  # noqa: PLC0415 - few need it

        return Embeddings(target, where, bedrock.write_request, bedrock.read_answer)
    if protocol == "cohere":
        from ...wire.cohere import embed  # noqa: PLC0415 - few need it

        return Embeddings(target, where, embed.write_request, embed.read_answer)
    from ...wire.embeddings import gemini  # noqa: PLC0415 - few need it

    on_vertex = protocol == "vertex"

    def ask(fields: Fields, model: str, losses: Losses) -> dict[str, Any]:
        return gemini.write_request(read_asked(fields, losses), model, losses, vertex=on_vertex)

    def read(body: bytes, headers: Mapping[str, str], model: str) -> Embedded | NotAnAnswer:
        del headers, model
        return gemini.read_answer(body, vertex=on_vertex)

    return Embeddings(target, where, ask, read)
