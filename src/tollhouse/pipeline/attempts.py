"""One attempt: a hop's request sent, and its answer told from trouble.

An attempt ends in one of three ways: a ``Fault`` (the plan may move on), a ``Whole`` answer that is
ready to be sent, or a stream that the relay has already seen to its end.
"""

from collections.abc import Mapping, Sequence

import msgspec

from ..core.faults import Fault, FaultKind
from ..core.model import Address, Model, Target
from ..core.needs import Endpoint, ModelType
from ..ports import Clock, Exchange, Transport, UpstreamRequest
from ..providers.address import address
from ..routing.classify import fault_for_status, status_for_error_code
from ..routing.redact import redact
from ..wire.openai.answer import NotAnAnswer, read_answer
from ..wire.openai.chunk_stream import ChunkStream
from ..wire.openai.errors import ProviderError, read_error
from ..wire.openai.raw_stream import RawStream
from ..wire.openai.stream import StreamReader
from ..wire.openai.typed_stream import TypedStream
from .flight import Flight
from .meter import Meter

MAX_ANSWER = 256 * 1024 * 1024
MAX_ERROR_BODY = 64 * 1024
_OK = 200
_JSON = "application/json"
_LEAST_SECONDS = 0.001
_SECRET_LENGTH = 8
"""Characters from which on a configured header's value may be a credential."""
_CHUNKED = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})


class Whole(msgspec.Struct, frozen=True, gc=False):
    """A complete answer for the client."""

    body: bytes
    content_type: str


class Streaming(msgspec.Struct, frozen=True):
    """A stream whose head has arrived, and what reads it."""

    exchange: Exchange
    reader: StreamReader
    content_type: str


class Attempts:
    """Sends hops to their providers."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def make(
        self, flight: Flight, model: Model, meter: Meter, deadline: float
    ) -> Whole | Streaming | Fault:
        """Send one hop's request and read its answer, or the head of its stream."""
        began = self._clock.monotonic()
        try:
            exchange = await self._transport.send(self._request(flight, model, deadline))
        finally:
            flight.upstream_wait += self._clock.monotonic() - began
        if isinstance(exchange, Fault):
            return exchange
        streaming = False
        try:
            if exchange.status != _OK:
                return await self._refusal(flight, exchange, model)
            content_type = exchange.content_type
            reader = self._reader(flight, model, meter, content_type)
            if reader is not None:
                streaming = True
                return Streaming(exchange, reader, content_type)
            return await self._whole(flight, exchange, model, meter, content_type)
        finally:
            if not streaming:
                exchange.close()

    def _request(self, flight: Flight, model: Model, deadline: float) -> UpstreamRequest:
        call, target = flight.call, model.target
        body, content_type = call.body_for(model)
        where = address(target, call.endpoint)
        accept = "text/event-stream" if call.asked.stream else "application/json"
        if content_type == _JSON:
            headers = where.asking.get(accept)
            if headers is None:
                headers = where.asking[accept] = _headers(where, content_type, accept)
        else:
            headers = _headers(where, content_type, accept)
        left = max(_LEAST_SECONDS, deadline - self._clock.monotonic())
        return UpstreamRequest(
            target.provider, "POST", where.url, headers, body, target.timeouts, left
        )

    def _reader(
        self, flight: Flight, model: Model, meter: Meter, content_type: str
    ) -> StreamReader | None:
        asked, endpoint = flight.call.asked, flight.call.endpoint
        kind = content_type.lower()
        if kind.startswith("text/event-stream") and asked.stream:
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
        if endpoint is Endpoint.SPEECH and not kind.startswith(("application/json", "text/")):
            return RawStream()
        return None

    async def _whole(
        self, flight: Flight, exchange: Exchange, model: Model, meter: Meter, content_type: str
    ) -> Whole | Fault:
        body = await self._read(flight, exchange, MAX_ANSWER)
        if isinstance(body, Fault):
            return body
        call = flight.call
        if call.asked.text_answer and not content_type.startswith(
            ("application/json", "text/html")
        ):
            if not body.strip():
                return Fault(FaultKind.INVALID_RESPONSE, detail="the transcript is empty")
            meter.complete(None, None)
            return Whole(body, "text/plain; charset=utf-8")
        answer = read_answer(body, call.endpoint)
        if isinstance(answer, NotAnAnswer):
            if answer.error is not None:
                return self.fault_in_answer(answer.error, model)
            return Fault(FaultKind.INVALID_RESPONSE, detail=answer.reason)
        if call.asked.stream:
            meter.cut_short(answer.usage, answer.service_tier, answer.content_bytes)
            return Fault(
                FaultKind.INVALID_RESPONSE, detail="asked for a stream, got a whole answer"
            )
        makes_images = call.endpoint.model_type is ModelType.IMAGE_GENERATION
        usage = meter.complete(
            answer.usage,
            answer.service_tier,
            content_bytes=answer.content_bytes,
            images=answer.images if makes_images else 0,
            seconds=answer.seconds,
        )
        instructions = call.instructions_told(model)
        written = answer.write(call.endpoint, model.model_id, usage, instructions=instructions)
        return Whole(written, "application/json")

    async def _refusal(self, flight: Flight, exchange: Exchange, model: Model) -> Fault:
        """What an answer other than 200 means."""
        body = await self._read(flight, exchange, MAX_ERROR_BODY)
        told = read_error(body) if isinstance(body, bytes) else ProviderError()
        return self._fault(exchange.status, exchange.headers, told, model)

    def fault_in_answer(self, error: bytes, model: Model) -> Fault:
        """What an error inside a 200 means: as the status that its code stands for."""
        told = read_error(error)
        status = status_for_error_code(told.code, told.type)
        return self._fault(status, {}, told, model)

    def _fault(
        self, status: int, headers: Mapping[str, str], told: ProviderError, model: Model
    ) -> Fault:
        secrets = _secrets(model.target)
        prompt = model.system_prompt.text if model.system_prompt is not None else ""
        message = redact(
            told.message or "",
            secrets=secrets,
            replace={model.target.upstream_model: model.model_id},
            unquoted=prompt,
        )
        code = told.code if isinstance(told.code, str) else told.type
        return fault_for_status(
            status,
            headers,
            self._clock.now(),
            code=_without(secrets, code),
            message=message or None,
            param=_without(secrets, told.param),
        )

    async def _read(self, flight: Flight, exchange: Exchange, most: int) -> bytes | Fault:
        whole = exchange.whole
        if whole is not None:
            return whole if len(whole) <= most else _too_large()
        began = self._clock.monotonic()
        pieces: list[bytes] = []
        size = 0
        try:
            while True:
                piece = await exchange.read()
                if isinstance(piece, Fault):
                    return piece
                size += len(piece)
                if size > most:
                    return _too_large()
                if not piece:
                    return b"".join(pieces) if len(pieces) != 1 else pieces[0]
                pieces.append(piece)
        finally:
            flight.upstream_wait += self._clock.monotonic() - began


def _too_large() -> Fault:
    return Fault(FaultKind.INVALID_RESPONSE, detail="the answer is too large")


def _headers(where: Address, content_type: str, accept: str) -> tuple[tuple[str, str], ...]:
    return (("content-type", content_type), ("accept", accept), *where.headers)


def _secrets(target: Target) -> list[str]:
    """What a provider is sent and may repeat: its key, and headers long enough to be one."""
    key = target.provider.api_key
    headers = (*target.provider.headers, *target.headers)
    values = [value for _, value in headers if len(value) >= _SECRET_LENGTH]
    return [*values, key.reveal()] if key else values


def _without(secrets: Sequence[str], name: str | None) -> str | None:
    """A name that a provider told, unless it holds a secret."""
    return None if name is None or any(secret in name for secret in secrets) else name
