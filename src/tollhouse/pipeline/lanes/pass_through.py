"""OpenAI's dialect on both sides: bytes go through with named edits.

It serves chat, legacy completions and responses at hosts that speak them, and every endpoint that
only OpenAI's protocol has.
"""

from dataclasses import dataclass

from ...core.dialect import Dialect
from ...core.model import Address, Model, Target
from ...core.needs import Endpoint, ModelType
from ...providers.address import address, model_name
from ...wire.chat.foreign import without_foreign
from ...wire.neutral.answer import NotAnAnswer
from ...wire.openai.answer import read_answer
from ...wire.openai.chunk_stream import ChunkStream
from ...wire.openai.raw_stream import RawStream
from ...wire.openai.request import body_for_hop, form_for_hop
from ...wire.openai.stream import StreamReader
from ...wire.openai.typed_stream import TypedStream
from ...wire.usage.table import Kind
from ..call import Call
from ..flight import Flight
from ..meter import Meter
from .lane import EVENT_STREAM, JSON, Place, Told, Whole, Written, place_of

_CHUNKED = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})
_OPENAI = "https://api.openai.com/"
_SPELLINGS = {Endpoint.RESPONSES: Dialect.RESPONSES}


@dataclass(frozen=True, slots=True)
class PassThrough:
    """A lane without translation, for OpenAI's protocol."""

    target: Target
    endpoint: Endpoint
    name: str
    """What the body calls the model."""
    where: Address
    spelling: Dialect | Kind
    at_openai: bool = False
    """Whether OpenAI itself or Azure judges a chat, rather than a host with fields of its own."""
    translated: bool = False
    stream_type: str | None = None

    def write(self, call: Call, model: Model) -> Written:
        """The client's body with this target's name, defaults and prompt."""
        target, prompt, form = self.target, model.system_prompt, call.form
        if form is not None:
            body = form_for_hop(form, upstream_model=self.name, params=target.params)
            return Written(body, form.content_type)
        fields = call.fields or {}
        if self.at_openai and "messages" in fields:
            fields = fields | {"messages": without_foreign(fields["messages"])}
        body = body_for_hop(
            fields,
            call.asked,
            upstream_model=self.name,
            params=target.params,
            stream_usage=target.stream_usage,
            system_prompt=prompt.text if prompt is not None else None,
        )
        return Written(body)

    def place(self, call: Call, content_type: str) -> Place:
        """The same for streams and whole answers."""
        return place_of(self.where, content_type, EVENT_STREAM if call.asked.stream else JSON)

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """A reader for the events of the endpoint, or for bytes of speech."""
        asked, endpoint = flight.call.asked, self.endpoint
        if kind.startswith(EVENT_STREAM) and asked.stream:
            if endpoint in _CHUNKED:
                return ChunkStream(
                    model.model_id,
                    asked_usage=asked.include_usage,
                    complete=meter.complete,
                    choices=asked.choices,
                )
            return TypedStream(
                endpoint,
                model.model_id,
                complete=meter.complete,
                instructions=flight.call.instructions_told(model),
            )
        if endpoint is Endpoint.SPEECH and not kind.startswith((JSON, "text/")):
            return RawStream()
        return None

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The provider's body with the served id and the completed usage."""
        call, body = flight.call, told.body
        if call.asked.text_answer and not told.content_type.startswith((JSON, "text/html")):
            if not body.strip():
                return NotAnAnswer(None, "the transcript is empty")
            meter.complete(None, None)
            return Whole(body, "text/plain; charset=utf-8")
        answer = read_answer(body, self.endpoint)
        if isinstance(answer, NotAnAnswer):
            return answer
        if call.asked.stream:
            meter.cut_short(answer.usage, answer.service_tier, answer.content_bytes)
            return NotAnAnswer(None, "asked for a stream, got a whole answer")
        makes_images = self.endpoint.model_type is ModelType.IMAGE_GENERATION
        usage = meter.complete(
            answer.usage,
            answer.service_tier,
            content_bytes=answer.content_bytes,
            images=answer.images if makes_images else 0,
            seconds=answer.seconds,
        )
        instructions = call.instructions_told(model)
        return Whole(answer.write(self.endpoint, model.model_id, usage, instructions=instructions))


def pass_through(target: Target, endpoint: Endpoint) -> PassThrough:
    """The lane of an endpoint that the target has in the client's own dialect."""
    spelling = _SPELLINGS.get(endpoint, Dialect.CHAT)
    name, where = model_name(target, endpoint), address(target, endpoint)
    judged = endpoint is Endpoint.CHAT and _is_openai(target)
    return PassThrough(target, endpoint, name, where, spelling, at_openai=judged)


def _is_openai(target: Target) -> bool:
    provider = target.provider
    return provider.protocol == "azure" or provider.base_url.startswith(_OPENAI)
