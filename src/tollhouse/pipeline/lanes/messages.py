"""Anthropic's dialect on both sides: at Anthropic, on Vertex, and invoked on Bedrock.

Bytes go through with named edits. The clouds name the model in the URL and the version of the
protocol in the body; Bedrock packs a stream's events into frames of its own, which are undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ...core.dialect import Dialect
from ...core.model import Address, Model, Target
from ...core.needs import Endpoint
from ...providers.address import address, model_name
from ...wire.anthropic.body import body_for_hop
from ...wire.anthropic.message_stream import MessageStream
from ...wire.anthropic.threads import refuse_thread
from ...wire.anthropic.whole import read_whole
from ...wire.neutral.answer import NotAnAnswer
from ...wire.openai.stream import StreamReader
from ...wire.unwrapped_stream import UnwrappedStream
from ..call import Call
from ..flight import Flight
from ..meter import Meter
from .lane import EVENT_STREAM, FRAMES, JSON, VERSIONS, Place, Told, Whole, Written, place_of


@dataclass(frozen=True, slots=True)
class Messages:
    """A lane without translation, for Anthropic's protocol."""

    target: Target
    endpoint: Endpoint
    places: Mapping[bool, Address]
    """By whether a stream is asked for."""
    spelling: Dialect = Dialect.MESSAGES
    translated: bool = False
    stream_type: str | None = None

    @property
    def _host(self) -> str:
        return self.target.provider.protocol

    def write(self, call: Call, model: Model) -> Written:
        """The client's body with this target's name, defaults and prompt."""
        prompt = model.system_prompt
        params, version = self.target.params, VERSIONS.get(self._host)
        if version is not None or prompt is not None:
            # The clouds keep no threads, and a thread keeps its own prompt.
            refuse_thread(call.fields or {})
        if call.betas and self._host == "bedrock":
            params = {**params, "anthropic_beta": msgspec.json.encode(call.betas)}
        body = body_for_hop(
            call.fields or {},
            upstream_model=model_name(self.target, self.endpoint),
            params=params,
            system_prompt=prompt.text if prompt is not None else None,
            model_in_body=version is None,
            stream_in_body=self._host != "bedrock",
            anthropic_version=version,
        )
        return Written(body)

    def place(self, call: Call, content_type: str) -> Place:
        """The clouds stream at another URL; the protocol's headers are those the client named."""
        streams = FRAMES if self._host == "bedrock" else EVENT_STREAM
        accept = streams if call.asked.stream else JSON
        url, headers = place_of(self.places[call.asked.stream], content_type, accept)
        return url, protocol_headers(headers, call, self.target)

    def reader(self, flight: Flight, model: Model, meter: Meter, kind: str) -> StreamReader | None:
        """A reader of Anthropic's events, out of Bedrock's frames where they come in such."""
        if not flight.call.asked.stream:
            return None
        stream = MessageStream(model.model_id, complete=meter.complete)
        if kind.startswith(EVENT_STREAM):
            return stream
        return UnwrappedStream(stream) if kind.startswith(FRAMES) else None

    def answer(self, flight: Flight, model: Model, meter: Meter, told: Told) -> Whole | NotAnAnswer:
        """The provider's body with the served id and the completed usage."""
        answer = read_whole(told.body)
        if isinstance(answer, NotAnAnswer):
            return answer
        if flight.call.asked.stream:
            meter.cut_short(answer.usage, answer.service_tier, answer.content_bytes)
            return NotAnAnswer(None, "asked for a stream, got a whole answer")
        usage = meter.complete(
            answer.usage, answer.service_tier, content_bytes=answer.content_bytes
        )
        return Whole(answer.write(model.model_id, usage))


def protocol_headers(
    headers: tuple[tuple[str, str], ...], call: Call, target: Target
) -> tuple[tuple[str, str], ...]:
    """The headers with what the client says of the protocol; Bedrock reads that in the body."""
    host = target.provider.protocol
    if host == "bedrock":
        return headers
    if call.version is not None and host == "anthropic":
        rest = [header for header in headers if header[0] != "anthropic-version"]
        headers = (*rest, ("anthropic-version", call.version))
    if call.betas:
        headers = (*headers, ("anthropic-beta", ",".join(call.betas)))
    return headers


def messages(target: Target, endpoint: Endpoint) -> Messages:
    """The lane of Anthropic's clients to Anthropic's models."""
    places = {stream: address(target, endpoint, stream=stream) for stream in (False, True)}
    unframed = EVENT_STREAM if target.provider.protocol == "bedrock" else None
    return Messages(target, endpoint, places, stream_type=unframed)
