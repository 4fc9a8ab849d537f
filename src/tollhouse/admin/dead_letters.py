"""What could not be delivered to a webhook: reading it, and trying it again."""

from ..core.caller import Caller
from ..core.errors import CallerError, Code
from ..core.history import Document
from ..core.times import write_time
from ..core.webhook import Delivery
from ..identity.roles import Permission
from ..ports import Clock, DeliveryStore, Page
from .ownership import check
from .trail import Author, Trail

_MARK = ":"


class DeadLetters:
    """Lists dead letters, and begins anew with one. They are for those who run the gateway."""

    def __init__(self, store: DeliveryStore, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    async def page(
        self, caller: Caller, *, webhook: str | None, limit: int, cursor: str | None
    ) -> Page:
        """One page, the longest dead first."""
        check(caller, Permission.WEBHOOKS_READ, None, "read what webhooks missed")
        page = await self._store.dead_letters(webhook, limit=limit, cursor=cursor)
        return Page([show_delivery(row) for row in page.rows], page.next_cursor)

    async def retry(self, by: Author, letter_id: str) -> Document:
        """Try one again from the start, at once; 404 if no letter with this id is dead."""
        async with self._trail.refusals(by, "webhook.retried", letter_id) as affair:
            check(by.caller, Permission.WEBHOOKS_WRITE, None, "retry what webhooks missed")
            affair.org = None
            webhook, _, event = letter_id.partition(_MARK)
            told = self._trail.event(by, "webhook.retried", letter_id, org=None)
            revived = await self._store.revive_delivery(webhook, event, self._clock.now(), told)
            if revived is None:
                raise CallerError(Code.NOT_FOUND, "There is no dead letter with this id.")
            return show_delivery(revived)


def show_delivery(delivery: Delivery) -> Document:
    """A delivery as JSON."""
    return {
        "id": f"{delivery.webhook}{_MARK}{delivery.event}",
        "webhook": delivery.webhook,
        "event": delivery.event,
        "state": delivery.state.value,
        "at": write_time(delivery.due),
        "attempts": delivery.attempts,
        "problem": delivery.problem,
    }
