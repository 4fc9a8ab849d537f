"""Sends audit events to webhooks.

Theory of operation. Every worker looks once a second, for each webhook on its own, for new events
of the trail and for deliveries that are due, and tries what it could claim. A claim outlives a try
by far, so of two workers one sends; if that one dies, the claim runs out and another sends it once
more: each event is delivered at least once, in no promised order. What is sent again has the same
id and the same body; a receiver tells by the id that it had it.

A try that is not answered with a 2xx is made again after a pause that grows, until the webhook's
tries are used up and the event is a dead letter. The pauses are hours and live in the store, for
any worker to take up after any restart. That is why they are counted here: tenacity, which repeats
other calls in this house, repeats within one running function and keeps nothing.

A receiver that is slow or dead keeps a few connections of its own busy, and is tried a few times a
second at most however much waits for it; nothing else waits.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from ..core.faults import Fault
from ..core.history import AuditEvent
from ..core.model import Provider, Timeouts
from ..core.times import write_time
from ..core.webhook import Delivery, DeliveryState, Webhook, signing_key
from ..identity.webhook_signatures import signed_headers
from ..ports import Clock, DeliveryStore, Ids, StoreUnavailable, Transport, UpstreamRequest
from .audit_queries import show_event

LOOK_SECONDS = 1.0
CLAIM_SECONDS = 60.0
TIMEOUTS = Timeouts(connect=5.0, first_byte=10.0, idle=10.0, total=15.0)
AT_ONCE = 4
"""Tries under way to one webhook, in one worker."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 6 * 3600.0
_GROWTH = 4
_JITTER = 0.4
_MOST_STEPS = 20
_SUCCESS = range(200, 300)
_GONE = 410
"""What a receiver answers that wants no more of it: there is no use in trying again."""

_log = logging.getLogger("tollhouse.webhooks")


def pause_after(attempts: int, fraction: float) -> float:
    """Seconds until the next try after so many: 5, 20, 80, … to 6 h, each 20 % more or less.

    ``fraction`` in [0, 1) is the chance that keeps many events from coming back at one moment.
    """
    growth = float(_GROWTH ** min(max(attempts - 1, 0), _MOST_STEPS))
    even = min(FIRST_PAUSE * growth, LONGEST_PAUSE)
    return even * (1 + _JITTER * (fraction - 0.5))


def message_of(event: AuditEvent) -> bytes:
    """The body that an event is sent as; the same for every try."""
    shown = show_event(event)
    message = {"type": event.action, "timestamp": write_time(event.at), "data": shown}
    return msgspec.json.encode(message)


class Deliverer:
    """One worker's part in it."""

    def __init__(
        self,
        webhooks: Sequence[Webhook],
        store: DeliveryStore,
        transport: Transport,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._webhooks = webhooks
        self._store = store
        self._transport = transport
        self._clock = clock
        self._ids = ids

    async def run(self) -> None:
        """Serve all webhooks for ever, each for itself."""
        await asyncio.gather(*(self._serve(webhook) for webhook in self._webhooks))

    async def look(self, webhook: Webhook) -> bool:
        """Take new events on and try what is due; whether all of some went well: look again."""
        await self._store.take_events(webhook, self._clock.now())
        due = await self._store.due_deliveries(webhook.name, self._clock.now(), limit=AT_ONCE)
        went_well = await asyncio.gather(*(self._try(webhook, delivery) for delivery in due))
        return bool(due) and all(went_well)

    async def _serve(self, webhook: Webhook) -> None:
        while True:
            more = False
            try:
                more = await self.look(webhook)
            except StoreUnavailable:
                pass  # the next look finds what is due; the watch reports a lost store
            except Exception:  # noqa: BLE001 - a bug must not end the looking
                _log.exception("a webhook could not be served", extra={"webhook": webhook.name})
            await asyncio.sleep(0 if more else LOOK_SECONDS)

    async def _try(self, webhook: Webhook, delivery: Delivery) -> bool:
        """Try one delivery; False if it was not received, or another worker has it."""
        until = self._clock.now() + CLAIM_SECONDS
        claimed = await self._store.claim_delivery(delivery, until)
        if claimed is None:
            return False
        event = await self._store.one_event(claimed.event)
        if event is None:
            # The trail keeps all of its events; one that an operator removed cannot be told.
            await self._settle(webhook, claimed, 0.0, "its event is gone", last=True)
            return False
        problem, last = await self._send(webhook, event)
        await self._settle(webhook, claimed, event.at, problem, last=last)
        return problem is None

    async def _send(self, webhook: Webhook, event: AuditEvent) -> tuple[str | None, bool]:
        """Send an event; what went wrong (None: nothing), and whether for good."""
        body = message_of(event)
        headers = signed_headers(
            signing_key(webhook.secret.reveal()), event.id, int(self._clock.now()), body
        )
        receiver = Provider(
            f"webhook {webhook.name}",
            "",
            webhook.url,
            max_connections=AT_ONCE,
            guarded=webhook.guarded,
        )
        answer = await self._transport.send(
            UpstreamRequest(
                receiver,
                "POST",
                webhook.url,
                (("content-type", "application/json"), *headers),
                body,
                TIMEOUTS,
            )
        )
        if isinstance(answer, Fault):
            return answer.detail or answer.label, False
        status = answer.status
        answer.close()  # whatever it says beside its status is not read
        return None if status in _SUCCESS else f"it answered {status}", status == _GONE

    async def _settle(
        self, webhook: Webhook, claimed: Delivery, at: float, problem: str | None, *, last: bool
    ) -> None:
        now = self._clock.now()
        if problem is None:
            state, due = DeliveryState.DELIVERED, at
        elif last or claimed.attempts >= webhook.attempts:
            state, due = DeliveryState.DEAD, now
        else:
            pause = pause_after(claimed.attempts, self._ids.fraction())
            state, due = DeliveryState.PENDING, now + pause
        kept = await self._store.settle_delivery(claimed, state, due, problem)
        if kept and state is DeliveryState.DEAD:
            _log.warning(
                "an event could not be delivered",
                extra={"webhook": webhook.name, "event": claimed.event, "problem": problem},
            )
