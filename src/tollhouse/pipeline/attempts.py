"""One attempt: a hop's request sent, and its answer told from trouble.

An attempt ends in one of three ways: a ``Fault`` (the plan may move on), a ``Whole`` answer that is
ready to be sent, or a stream that the relay has already seen to its end.
"""

from collections.abc import Mapping, Sequence

import msgspec

from ..core.faults import Fault, FaultKind
from ..core.model import Model, Target
from ..ports import Clock, Exchange, Transport, UpstreamRequest
from ..routing.classify import fault_for_status, status_for_error_code
from ..routing.redact import redact
from ..wire.openai.errors import ProviderError, read_error
from ..wire.openai.stream import StreamReader
from ..wire.refusals import refine
from .flight import Flight
from .lanes.lane import Lane, Told, Whole, Written
from .meter import Meter

MAX_ANSWER = 256 * 1024 * 1024
MAX_ERROR_BODY = 64 * 1024
_OK = 200
_LEAST_SECONDS = 0.001
_COMMON = "invalid_request_error"
"""The type of every refusal at OpenAI and at Anthropic, and our own code for an unusable body."""
_SECRET_LENGTH = 8
"""Characters from which on a configured header's value may be a credential."""


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
        self, flight: Flight, model: Model, lane: Lane, meter: Meter, deadline: float
    ) -> Whole | Streaming | Fault:
        """Send one hop's request and read its answer, or the head of its stream."""
        request = self._request(flight, model, lane, deadline)
        began = self._clock.monotonic()
        try:
            exchange = await self._transport.send(request)
        finally:
            flight.upstream_wait += self._clock.monotonic() - began
        if isinstance(exchange, Fault):
            return exchange
        streaming = False
        try:
            if exchange.status != _OK:
                return await self._refusal(flight, exchange, model)
            content_type = exchange.content_type
            reader = lane.reader(flight, model, meter, content_type.lower())
            if reader is not None:
                streaming = True
                return Streaming(exchange, reader, lane.stream_type or content_type)
            return await self._whole(flight, exchange, model, lane, meter)
        finally:
            if not streaming:
                exchange.close()

    def _request(
        self, flight: Flight, model: Model, lane: Lane, deadline: float
    ) -> UpstreamRequest:
        call, target = flight.call, model.target
        prepared, call.written = call.written, None
        if prepared is not None and prepared[0] == model.model_id:
            written: Written = prepared[1]
        else:
            written = lane.write(call, model)
        flight.dropped = written.dropped
        url, headers = lane.place(call, written.content_type)
        left = max(_LEAST_SECONDS, deadline - self._clock.monotonic())
        return UpstreamRequest(
            target.provider,
            "POST",
            url,
            headers,
            written.body,
            target.timeouts,
            left,
        )

    async def _whole(
        self, flight: Flight, exchange: Exchange, model: Model, lane: Lane, meter: Meter
    ) -> Whole | Fault:
        body = await self._read(flight, exchange, MAX_ANSWER)
        if isinstance(body, Fault):
            return body
        told = Told(body, exchange.content_type, exchange.headers)
        answer = lane.answer(flight, model, meter, told)
        if isinstance(answer, Whole):
            return answer
        if answer.error is not None:
            return self.fault_in_answer(answer.error, model)
        return Fault(FaultKind.INVALID_RESPONSE, detail=answer.reason)

    async def _refusal(self, flight: Flight, exchange: Exchange, model: Model) -> Fault:
        """What an answer other than 200 means."""
        body = await self._read(flight, exchange, MAX_ERROR_BODY)
        told = body if isinstance(body, bytes) else b""
        return self._fault(exchange.status, told, exchange.headers, model)

    def fault_in_answer(self, error: bytes, model: Model) -> Fault:
        """What an error inside a 200 means: as the status that its code stands for."""
        return self._fault(None, error, {}, model)

    def _fault(
        self, status: int | None, body: bytes, headers: Mapping[str, str], model: Model
    ) -> Fault:
        """What an error says; without a ``status`` it is the one that its code stands for."""
        told = read_error(body)
        if status is None:
            status = status_for_error_code(told.code, told.type)
        refined = refine(model.target.provider.protocol, status, told, body, headers)
        told = refined.told
        secrets = _secrets(model.target)
        prompt = model.system_prompt.text if model.system_prompt is not None else ""
        message = redact(
            told.message or "",
            secrets=secrets,
            replace={model.target.upstream_model: model.model_id},
            unquoted=prompt,
        )
        return fault_for_status(
            refined.status,
            headers,
            self._clock.now(),
            code=_without(secrets, _code_of(told)),
            message=message or None,
            param=_without(secrets, told.param),
            retry_after=refined.retry_after,
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


def _code_of(told: ProviderError) -> str | None:
    """What tells one refusal from another, if anything does."""
    name = told.code if isinstance(told.code, str) else told.type
    return None if name == _COMMON else name


def _too_large() -> Fault:
    return Fault(FaultKind.INVALID_RESPONSE, detail="the answer is too large")


def _secrets(target: Target) -> list[str]:
    """What a provider is sent and may repeat: its key, and headers long enough to be one."""
    provider = target.provider
    headers = (*provider.headers, *target.headers)
    values = [value for _, value in headers if len(value) >= _SECRET_LENGTH]
    who = provider.identity
    kept = (who.secret_access_key, who.session_token, who.client_secret) if who is not None else ()
    return [*values, *(one.reveal() for one in (provider.api_key, *kept) if one is not None)]


def _without(secrets: Sequence[str], name: str | None) -> str | None:
    """A name that a provider told, unless it holds a secret."""
    return None if name is None or any(secret in name for secret in secrets) else name
