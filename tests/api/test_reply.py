"""One answer over ASGI, and the watch that finds out when nobody wants it any more."""

import asyncio
from typing import Any

import pytest

from tollhouse.api import reply
from tollhouse.api.reply import AsgiReply

SOON = 0.01


class Client:
    """The other end: leaves when told to, keeps what it was sent, counts who listens to it."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        """Something of no interest first, then that it left."""
        self.asked += 1
        if self.asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Keep it."""
        self.sent.append(message)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "WATCH_AFTER_SECONDS", SOON)


async def test_answer_is_a_head_and_pieces() -> None:
    """What is sent is what ASGI calls a start and bodies, and ``started`` tells of the first."""
    client = Client()
    answer = AsgiReply(client.receive, client.send)
    assert not answer.started
    await answer.start(200, [(b"a", b"b")])
    assert answer.started
    await answer.send(b"x", more=True)
    await answer.send(b"", more=False)
    assert client.sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]},
        {"type": "http.response.body", "body": b"x", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


async def test_client_that_leaves_is_told_of_once() -> None:
    """The watch passes over what is no news and reports the departure."""
    client, told = Client(), []
    answer = AsgiReply(client.receive, client.send)
    answer.watch(lambda: told.append(True))
    await asyncio.sleep(5 * SOON)
    assert told == []
    client.gone.set()
    await asyncio.sleep(SOON)
    assert told == [True]
    answer.unwatch()


async def test_fast_answer_never_listens() -> None:
    """An answer that is over before the watch begins costs no task."""
    client, told = Client(), []
    answer = AsgiReply(client.receive, client.send)
    answer.watch(lambda: told.append(True))
    answer.unwatch()
    client.gone.set()
    await asyncio.sleep(5 * SOON)
    assert client.asked == 0
    assert told == []


async def test_departure_after_the_answer_is_no_news() -> None:
    """Who has its answer may leave."""
    client, told = Client(), []
    answer = AsgiReply(client.receive, client.send)
    answer.watch(lambda: told.append(True))
    await asyncio.sleep(5 * SOON)
    answer.unwatch()
    client.gone.set()
    await asyncio.sleep(2 * SOON)
    assert told == []
    answer.unwatch()
