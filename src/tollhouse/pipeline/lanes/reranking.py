"""Rerankings at Cohere, whose second version knows neither the documents nor our usage."""

from dataclasses import dataclass

import msgspec

from ...core.dialect import Dialect
from ...core.model import Address, Model, Target
from ...core.needs import Endpoint
from ...providers.address import address, model_name
from ...wire.cohere import rerank
from ...wire.neutral.answer import NotAnAnswer
from ...wire.neutral.losses import Losses
from ...wire.openai.stream import StreamReader
from ...wire.usage.table import Kind
from ..call import Call
from ..flight import Flight
from ..meter import Meter
from .lane import JSON, Place, Told, Whole, Written, place_of

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Reranking:
    """A lane for ``/v1/rerank`` to Cohere."""

    target: Target
    where: Address
    spelling: Dialect | Kind = Kind.COHERE
    translated: bool = True
    stream_type: str | None = None

    def write(self, call: Call, model: Model) -> Written:
        """Cohere's body."""
        del model
        losses = self._losses()
        fields = {name: msgspec.Raw(value) for name, value in self.target.params.items()}
        asked = rerank.read_asked(fields | (call.fields or {}), losses)
        body = rerank.write_request(asked, model_name(self.target, Endpoint.RERANK))
        return Written(_encoder.encode(body), dropped=tuple(losses.dropped))

    def place(self, call: Call, content_type: str) -> Place:
        """There is one."""
        del call
        return place_of(self.where, content_type, JSON)

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """An order is never streamed."""
        del flight, model, meter, kind
        return None

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The order of the documents, with the documents where the client wants them back."""
        answer = rerank.read_answer(told.body)
        if isinstance(answer, NotAnAnswer):
            return answer
        usage = meter.complete(answer.usage, None)
        asked = rerank.read_asked(flight.call.fields or {}, self._losses())
        return Whole(rerank.write_answer(answer, asked, model=model.model_id, usage=usage))

    def _losses(self) -> Losses:
        return Losses(allowed=self.target.drops_unsupported)


def reranking(target: Target) -> Reranking:
    """The lane of a target at Cohere."""
    return Reranking(target, address(target, Endpoint.RERANK))
