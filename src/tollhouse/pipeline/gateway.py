"""The use case: admit, plan, attempt, answer, record. Everything else in this room serves it.

Theory of operation. ``handle`` opens a flight for a request that the gate let in and runs it in the
request's own task. The plan's hops are tried as ``routing`` decides, until one answers or the plan
is exhausted. Three things can end a flight from outside (see ``flight``); they arrive as
``CancelledError`` wherever the task happens to wait, and ``_interrupted`` turns them into a record,
and into words for the client where there still is one.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from ..core.errors import (
    CallerError,
    Code,
    GatewayError,
    Refused,
    TollhouseError,
    UpstreamError,
)
from ..core.faults import Fault, FaultKind
from ..core.model import Model
from ..core.policy import FailoverPolicy
from ..core.record import Attempt, Outcome, Record
from ..core.snapshot import Snapshot
from ..ports import Clock, Ids, Ledger, Observer
from ..routing.decide import FINAL
from ..routing.plan import Route
from ..wire.errors import error_event
from .admission import admit, route
from .attempts import Attempts, Streaming
from .call import Call
from .explain import explain
from .flight import Flight, Interrupt, Serving
from .head import Headers, answer_head, cost_headers, error_head, stream_head
from .journey import Journey
from .lanes.choose import refusal_of
from .lanes.lane import Lane, Whole
from .live import LiveCatalogue
from .meter import Meter
from .reply import Reply
from .state import ServingState
from .stream_relay import StreamRelay, StreamTimes
from .targets import Targets

_MICROSECONDS = 1_000_000
_OK = 200
_CLIENT_CLOSED = 499
_PASSED_OVER = "breaker_open"
"""What ``x-tollhouse-failover`` says when the first hop was not even tried."""
_GRACE = 0.25
"""Seconds that the transport's own limit has before the request is interrupted."""
_LAST_WORDS = 0.5
"""Seconds for telling a client that its stream was ended; one that reads nothing is not told."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Handles calls. One per process."""

    live: LiveCatalogue
    state: ServingState
    attempts: Attempts
    targets: Targets
    ledger: Ledger
    observer: Observer
    clock: Clock
    ids: Ids
    policy: FailoverPolicy
    keepalive_seconds: float

    async def handle(self, call: Call, reply: Reply) -> None:
        """Answer a call, or raise what the client is to be told."""
        self.state.check_room()
        snapshot = self.live.snapshot
        now = self.clock.now()
        try:
            first = admit(snapshot, call, now)
        except Refused as refused:
            self._count_refusal(refused, snapshot, call)
            raise
        plan = partial(route, snapshot, call, first, now, self.policy.max_attempts)
        flight = self._open(call, first, snapshot, reply.task)
        deadline = self.clock.monotonic() + first.target.timeouts.total
        flight.deadline = deadline + _GRACE
        reply.watch(flight.client_left)
        try:
            await self._serve(flight, plan, reply, deadline)
        except asyncio.CancelledError:
            await self._interrupted(flight, reply)
        except TollhouseError as error:
            flight.close(_outcome(error), error.status, error=error)
            error.headers.update(error_head(flight))
            raise
        except Exception:
            await self._broken(flight, reply)
            raise
        finally:
            reply.unwatch()
            self.state.flights.discard(flight)
            self.observer.left()

    async def explain(self, call: Call, reply: Reply) -> None:
        """Answer with what would happen (``x-tollhouse-dry-run``); nothing is sent or recorded."""
        told = explain(
            self.live.snapshot,
            call.asked.model,
            call.caller,
            call.asked.needs,
            self.clock.now(),
            max_hops=self.policy.max_attempts,
            failover=call.failover,
            request_id=call.request_id,
            unsayable=lambda model: refusal_of(call, model),
        )
        body = msgspec.json.encode(told)
        head = [
            (b"content-type", b"application/json"),
            (b"x-request-id", call.request_id.encode()),
            (b"x-tollhouse-dry-run", b"true"),
        ]
        await reply.answer(_OK, head, body)

    def _open(
        self, call: Call, first: Model, snapshot: Snapshot, task: asyncio.Task[Any] | None
    ) -> Flight:
        caller = call.caller
        record = Record(
            id=self.ids.uuid(),
            request_id=call.request_id,
            started_at=int(self.clock.now() * _MICROSECONDS),
            org=caller.org,
            key_id=caller.credential_id,
            user=caller.user,
            endpoint=call.endpoint,
            stream=call.asked.stream,
            requested_model=call.asked.model,
            model=first.model_id,
            catalogue_version=snapshot.version,
        )
        flight = Flight(
            call,
            first,
            record,
            task=task,
            clock=self.clock,
            ledger=self.ledger,
            observer=self.observer,
        )
        self.state.flights.add(flight)
        self.observer.admitted()
        return flight

    async def _serve(
        self, flight: Flight, plan: Callable[[], Route], reply: Reply, deadline: float
    ) -> None:
        """Try hop after hop until one has answered; raises when the plan is exhausted.

        Most requests need their first hop only: the others are looked at when they are wanted.
        """
        model, journey = flight.model, None
        if not self.targets.admits(model):
            hops = self.targets.order(plan().hops)
            if hops[0] is not model:
                flight.first_fault, model = _PASSED_OVER, hops[0]
            journey = Journey(self.policy, hops, deadline)
        while (fault := await self._attempt(flight, model, reply, deadline)) is not None:
            flight.first_fault = flight.first_fault or fault.label
            if journey is None:
                final = fault.kind in FINAL  # no other hop will be wanted
                ahead = () if final else filter(self.targets.admits, plan().hops[1:])
                journey = Journey(self.policy, (model, *ahead), deadline)
            wait = journey.after(fault, flight.attempts[-1], self.clock.monotonic(), self.ids)
            if wait is None:
                raise journey.surrender()
            if journey.model is not model:
                self.observer.failed_over(model.model_id, journey.model.model_id, fault.label)
                model = journey.model
            if wait > 0:
                await asyncio.sleep(wait)
                flight.upstream_wait += wait

    async def _attempt(
        self, flight: Flight, model: Model, reply: Reply, deadline: float
    ) -> Fault | None:
        """One attempt, from request to the end of its answer; None when the client is served."""
        lane: Lane = model.target.lanes[flight.call.endpoint]  # the gate has seen to it
        meter = Meter(flight.call, model, lane.spelling, translated=lane.translated)
        flight.serving = Serving(model, meter, self.clock.monotonic())
        if not self.targets.take(model):
            fault = Fault(FaultKind.POOL, detail="as many calls as max_parallel allows", sent=False)
            self._ended(flight, fault)
            return fault
        try:
            made = await self.attempts.make(flight, model, lane, meter, deadline)
            if isinstance(made, Fault):
                self._ended(flight, made)
                return made
            if isinstance(made, Whole):
                self._ended(flight, None)
                await self._send_whole(flight, model, made, meter, reply)
                return None
            return await self._stream(flight, model, made, meter, reply)
        finally:
            self.targets.give_back(model)

    def _ended(self, flight: Flight, fault: Fault | None) -> None:
        """Put the attempt under way on record and let it count for or against its target."""
        serving = flight.serving
        if serving is None:
            return
        model, metered = serving.model, serving.meter.metered
        self._put_down(
            flight, serving, fault.label if fault else "ok", fault.status if fault else _OK
        )
        if fault is None:
            self.targets.succeeded(model)
            return
        self.targets.failed(model, fault)
        if metered is not None and (serving.relay is None or not serving.relay.committed):
            flight.billed.append(metered)

    def _put_down(
        self, flight: Flight, serving: Serving, result: str, status: int | None = None
    ) -> None:
        """Put an attempt on record; from here on none is under way."""
        metered = serving.meter.metered
        flight.serving = None
        flight.attempted(
            Attempt(
                model=serving.model.model_id,
                provider=serving.model.target.provider.name,
                result=result,
                milliseconds=int((self.clock.monotonic() - serving.began) * 1000),
                status=status,
                usage=metered.usage if metered else None,
                cost=metered.charge.cost if metered else None,
            )
        )

    async def _send_whole(
        self, flight: Flight, model: Model, whole: Whole, meter: Meter, reply: Reply
    ) -> None:
        """Record first, then send: an answer that a client has in full is in the ledger."""
        flight.first_byte()
        flight.close(Outcome.OK, _OK, served=model, metered=meter.metered)
        head = answer_head(flight, model, whole.content_type, self.clock.now())
        if whole.priced:
            head += cost_headers(meter.metered)
        await reply.answer(_OK, head, whole.body)

    async def _stream(
        self, flight: Flight, model: Model, streaming: Streaming, meter: Meter, reply: Reply
    ) -> Fault | None:
        """Relay a stream; a fault only if nothing of it was sent."""

        def head() -> Headers:
            made = stream_head(flight, model, streaming.content_type, self.clock.now())
            if streaming.reader.events:
                return made
            # Bytes have no place for a cost; what they are made from is known beforehand.
            meter.complete(None, None)
            return made + cost_headers(meter.metered)

        relay = StreamRelay(
            flight,
            model,
            streaming,
            reply,
            meter=meter,
            times=StreamTimes(self.policy.commit_after, self.keepalive_seconds),
            clock=self.clock,
            head=head,
            ended=lambda fault: self._ended(flight, fault),
            read_fault=lambda error: self.attempts.fault_in_answer(error, model),
        )
        if flight.serving is not None:
            flight.serving.relay = relay
        try:
            fault = await relay.run()
        finally:
            streaming.exchange.close()
        if fault is not None:
            self._ended(flight, fault)
        return fault

    async def _interrupted(self, flight: Flight, reply: Reply) -> None:
        """The request was ended from outside: record it, and tell a client that is still there."""
        reason = flight.interrupted
        if reason is None:
            flight.close(Outcome.GATEWAY_ERROR, 500, error=Code.INTERNAL_ERROR)
            raise asyncio.CancelledError
        flight.uncancel()
        if flight.closed:
            return
        serving = flight.serving
        if serving is not None:
            if serving.relay is not None:
                serving.relay.cut_short()
            self._put_down(flight, serving, reason.value)
        served = serving.model if serving is not None and reply.started else None
        metered = serving.meter.metered if serving is not None else None
        if reason is Interrupt.CLIENT_GONE:
            flight.close(
                Outcome.CLIENT_DISCONNECTED, _CLIENT_CLOSED, served=served, metered=metered
            )
            return
        error = _INTERRUPTED[reason](flight.attempts)
        status = _OK if reply.started else error.status
        flight.close(_outcome(error), status, served=served, metered=metered, error=error)
        if not reply.started:
            error.headers.update(error_head(flight))
            raise error
        await self._last_words(flight, serving, error)

    async def _broken(self, flight: Flight, reply: Reply) -> None:
        """A bug of ours: record it, and tell a client whose stream had begun."""
        error = GatewayError(Code.INTERNAL_ERROR, "The gateway failed; the operators know.")
        serving = flight.serving
        if serving is not None:
            if serving.relay is not None:
                serving.relay.cut_short()
            self._put_down(flight, serving, error.code.value)
        metered = serving.meter.metered if serving is not None else None
        status = _OK if reply.started else error.status
        flight.close(_outcome(error), status, metered=metered, error=error)
        if reply.started:
            await self._last_words(flight, serving, error)

    @staticmethod
    async def _last_words(flight: Flight, serving: Serving | None, error: TollhouseError) -> None:
        """End a stream that had begun with an error event, if the client still takes one."""
        relay = serving.relay if serving is not None else None
        if relay is not None:
            call = flight.call
            told = error_event(error, call.request_id, call.endpoint, relay.sequence)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await relay.send_error(told)

    def _count_refusal(self, refused: Refused, snapshot: Snapshot, call: Call) -> None:
        model = snapshot.find(call.asked.model)
        self.observer.refused(
            refused.reasons[0], model=model.model_id if model else None, caller=call.caller
        )


def _too_long(attempts: Sequence[Attempt]) -> TollhouseError:
    return UpstreamError(
        Code.UPSTREAM_TIMEOUT,
        "The request took longer than its total time limit.",
        attempts=attempts,
    )


def _shutting_down(_attempts: Sequence[Attempt]) -> TollhouseError:
    return GatewayError(
        Code.GATEWAY_DRAINING,
        "The gateway is shutting down; try again.",
        headers={"retry-after": "1"},
    )


_INTERRUPTED = {Interrupt.DEADLINE: _too_long, Interrupt.SHUTDOWN: _shutting_down}


def _outcome(error: TollhouseError) -> Outcome:
    if isinstance(error, UpstreamError):
        rejected = error.code is Code.UPSTREAM_REJECTED
        return Outcome.CLIENT_ERROR if rejected else Outcome.UPSTREAM_ERROR
    return Outcome.CLIENT_ERROR if isinstance(error, CallerError) else Outcome.GATEWAY_ERROR
