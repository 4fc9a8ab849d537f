"""Two dialects: the request goes through the neutral form, and so does its answer.

The body of every attempt is written from the client's original. A model's ``params`` are in its
provider's own dialect: they are merged under what was written, objects field by field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from ...core.dialect import Dialect
from ...core.model import Address, Model, Target
from ...core.needs import Endpoint
from ...providers.address import address, model_name
from ...providers.dialects import SPOKEN
from ...wire import tongues
from ...wire.json_object import write_value
from ...wire.neutral.answer import NotAnAnswer
from ...wire.neutral.conversation import Conversation, Message, Role
from ...wire.neutral.heading import Heading
from ...wire.neutral.losses import Losses
from ...wire.neutral.parts import Text
from ...wire.openai.stream import StreamReader
from ...wire.translated_stream import TranslatedStream
from ...wire.unwrapped_stream import UnwrappedStream
from ..call import Call
from ..flight import Flight
from ..meter import Meter
from .lane import EVENT_STREAM, FRAMES, JSON, VERSIONS, Place, Told, Whole, Written, place_of

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Translated:
    """A lane between the dialect of ``endpoint`` and that of the target."""

    target: Target
    endpoint: Endpoint
    client: Dialect
    spelling: Dialect
    places: Mapping[bool, Address]
    """By whether a stream is asked for."""
    translated: bool = True
    stream_type: str | None = EVENT_STREAM
    more: Mapping[str, Any] = field(default_factory=dict)
    """What the target's writer alone takes."""

    @property
    def _streams(self) -> str:
        """The content type of the target's streams."""
        return FRAMES if self.target.provider.protocol == "bedrock" else EVENT_STREAM

    @property
    def _called(self) -> tuple[str, ...]:
        """The model's name, for readers of a host whose models sign in several vendors' ways."""
        return (self.target.upstream_model,) if self.spelling is Dialect.CONVERSE else ()

    @property
    def _unwraps(self) -> bool:
        """Whether the target's events come in frames that are not of its dialect."""
        return self.spelling is Dialect.MESSAGES and self._streams is FRAMES

    def write(self, call: Call, model: Model) -> Written:
        """The target's body; ``Unsupported`` names what it cannot say."""
        losses = Losses(allowed=self.target.drops_unsupported)
        # What a model can do follows from its own name, which a deployment's does not tell.
        known_as = self.target.upstream_model
        body = tongues.target(self.spelling).write_request(
            conversation_of(call, self.client, model), known_as, losses, **self.more
        )
        if "model" in body:
            body["model"] = model_name(self.target, self.endpoint)
        _merge(body, self.target.params)
        if self.spelling is Dialect.MESSAGES:
            _for_cloud(body, self.target.provider.protocol)
        return Written(write_value(body), dropped=tuple(losses.dropped))

    def place(self, call: Call, content_type: str) -> Place:
        """Some targets stream at another URL."""
        accept = self._streams if call.asked.stream else JSON
        return place_of(self.places[call.asked.stream], content_type, accept)

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """The target's events, written as the client's."""
        asked = flight.call.asked
        if not asked.stream or not kind.startswith(self._streams):
            return None
        reader = tongues.target(self.spelling).events(*self._called)
        writer = tongues.client(self.client).writer(heading_of(flight, model, self.client))
        stream = TranslatedStream(reader, writer, complete=meter.complete)
        return UnwrappedStream(stream) if self._unwraps else stream

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The target's answer, written as the client's."""
        answer = tongues.target(self.spelling).read_answer(told.body, *self._called)
        if isinstance(answer, NotAnAnswer):
            return answer
        if flight.call.asked.stream:
            meter.cut_short(answer.usage, answer.service_tier, answer.content_bytes)
            return NotAnAnswer(None, "asked for a stream, got a whole answer")
        usage = meter.complete(
            answer.usage, answer.service_tier, content_bytes=answer.content_bytes
        )
        heading = heading_of(flight, model, self.client)
        return Whole(tongues.client(self.client).write_answer(answer, heading, usage))


def translated(target: Target, endpoint: Endpoint, spelling: Dialect) -> Translated:
    """The lane of an endpoint whose dialect the target does not speak."""
    more: dict[str, Any] = {}
    if spelling is Dialect.CHAT:
        more["stream_usage"] = target.stream_usage
    elif spelling is Dialect.MESSAGES and target.most_output is not None:
        more["default_max_tokens"] = target.most_output
    if target.provider.protocol == "vertex" and spelling is Dialect.GEMINI:
        more["vertex"] = True
    places = {stream: address(target, endpoint, stream=stream) for stream in (False, True)}
    return Translated(target, endpoint, SPOKEN[endpoint], spelling, places, more=more)


def conversation_of(call: Call, client: Dialect, model: Model) -> Conversation:
    """What the client asks, behind the model's own prompt."""
    conversation = call.conversation
    if conversation is None:
        conversation = tongues.client(client).read_conversation(call.fields or {})
        if conversation.stream is not call.asked.stream:
            conversation = replace(conversation, stream=call.asked.stream)
        call.conversation = conversation
    prompt = model.system_prompt
    if prompt is None or not prompt.text:
        return conversation
    first = Message(Role.SYSTEM, (Text(prompt.text),))
    return replace(conversation, messages=(first, *conversation.messages))


def heading_of(flight: Flight, model: Model, client: Dialect) -> Heading:
    """What the client's answer is headed with."""
    record, call = flight.record, flight.call
    echo = {}
    if client is Dialect.RESPONSES:
        # Copies: a stream may be open for long, and slices would keep the whole request.
        echo = {
            name: value.copy()
            for name, value in (call.fields or {}).items()
            if name not in {"input", "model", "stream"}
        }
    return Heading(
        record.id,
        model.model_id,
        record.started_at // _MICROSECONDS,
        call.asked.include_usage,
        client is not Dialect.MESSAGES or _asked_thoughts(call.conversation),
        echo,
        flight.seconds,
    )


def _asked_thoughts(conversation: Conversation | None) -> bool:
    asked = None if conversation is None else conversation.reasoning
    return asked is not None and (asked.adaptive or asked.budget is not None)


def _for_cloud(body: dict[str, Any], host: str) -> None:
    """Make a body for Anthropic's own API one for a cloud, which has the model in the address."""
    version = VERSIONS.get(host)
    if version is not None:
        body.pop("model", None)
        body["anthropic_version"] = version
        if host == "bedrock":
            body.pop("stream", None)


def _merge(body: dict[str, Any], params: Mapping[str, bytes]) -> None:
    """Put defaults under a body; of two objects, field by field."""
    for name, default in params.items():
        written = body.get(name)
        if written is None:
            body[name] = msgspec.Raw(default)
        elif isinstance(written, dict):
            fields = msgspec.json.decode(default, type=dict[str, msgspec.Raw])
            body[name] = {**fields, **written}
