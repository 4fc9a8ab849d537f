"""``Idempotency-Key``: a request that is sent again is answered again, and done once.

- A key is an org's own, and good for 24 hours. With it goes what was asked; another request under
  the same key is refused (422), and so is one whose first try is still under way (409).
- Only what was done is remembered: a refusal changed nothing, so its key is free for the next try.
- The answer is kept by the very transaction that makes the change. If the process dies before it,
  nothing was done, and the key is free again after ``UNDER_WAY_SECONDS``; if it dies after it, the
  next try gets the answer, from any worker.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import msgspec
from starlette.responses import Response

from ....core.errors import CallerError, Code, FieldFault
from ....core.history import Repeat
from ....ports import Clock, RepeatStore, StoreUnavailable

HEADER = "Idempotency-Key"
KEPT_SECONDS = 24 * 3600
UNDER_WAY_SECONDS = 20
"""Longer than a write takes. One that takes longer all the same may be overtaken by the next try,
and then does nothing."""
MAX_KEY = 255
_REPLAYED = "idempotent-replayed"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that can be given again."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> "Answered":
        """The answer that shows a document."""
        return cls(status, msgspec.json.encode(document).decode(), headers)

    def response(self) -> Response:
        """It, on its way to the client; what admins read is never kept by a cache on the way."""
        headers = {"cache-control": "no-store", **self.headers}
        return Response(self.body, self.status, headers, media_type="application/json")

    def again(self) -> "Answered":
        """It, saying that it was given before."""
        return replace(self, headers={**self.headers, _REPLAYED: "true"})


class Turn:
    """One try of a request."""

    def __init__(self, repeat: Repeat | None, answered: Answered | None = None) -> None:
        self._repeat = repeat
        self.answered = answered
        """The answer that an earlier try got."""

    def keep(self, answered: Answered) -> Repeat | None:
        """What keeps the answer together with the change; None for a request without a key."""
        if self._repeat is None:
            return None
        return replace(self._repeat, answer=msgspec.json.encode(answered).decode())


class Repeats:
    """Gives turns to requests with a key; one without always has its turn."""

    def __init__(self, store: RepeatStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def turn(
        self, org: str, given: Sequence[str], operation: str, body: Mapping[str, Any]
    ) -> AsyncIterator[Turn]:
        """The turn of a request with these headers; 400, 409 or 422. What fails frees its key.

        ``operation`` tells requests apart that could have the same body.
        """
        if not given:
            yield Turn(None)
            return
        key = f"{org} {_checked(given)}"
        repeat = Repeat(key, _fingerprint(operation, body), self._clock.now())
        answered = await self._begin(repeat)
        if answered is not None:
            yield Turn(None, answered.again())
            return
        try:
            yield Turn(repeat)
        except Exception:
            with suppress(StoreUnavailable):  # then it ends by itself
                await self._store.give_up_repeat(repeat)
            raise

    async def _begin(self, repeat: Repeat) -> Answered | None:
        """The answer there is already; None when the turn is this request's."""
        found = await self._store.begin_repeat(
            repeat,
            kept_since=repeat.at - KEPT_SECONDS,
            under_way_since=repeat.at - UNDER_WAY_SECONDS,
        )
        if found is None:
            return None
        if found.fingerprint != repeat.fingerprint:
            raise CallerError(
                Code.IDEMPOTENCY_KEY_REUSED,
                f"This {HEADER} was sent with another request: take a new one.",
                fields=[FieldFault(HEADER, "was sent with another request")],
            )
        if found.answer is None:
            raise CallerError(
                Code.IDEMPOTENCY_KEY_IN_USE,
                f"A request with this {HEADER} is under way: ask again for its answer.",
                headers={"retry-after": "1"},
            )
        return msgspec.json.decode(found.answer, type=Answered)


def _checked(given: Sequence[str]) -> str:
    key = ", ".join(given)
    if len(given) != 1 or not 1 <= len(key) <= MAX_KEY or not (key.isascii() and key.isprintable()):
        fault = f"must be given once, with 1 to {MAX_KEY} printable characters of ASCII"
        raise CallerError(
            Code.INVALID_REQUEST_ERROR, f"{HEADER} {fault}.", fields=[FieldFault(HEADER, fault)]
        )
    return key


def _fingerprint(operation: str, body: Mapping[str, Any]) -> str:
    """What was asked, whatever its spelling as JSON was."""
    asked = json.dumps([operation, body], sort_keys=True, default=str)
    return sha256(asked.encode()).hexdigest()
