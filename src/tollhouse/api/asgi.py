"""An ASGI application behind our connection: the admin plane is one (ASGI 3, asgi.readthedocs.io).

What an application sends in several pieces goes out as a stream; an answer that is whole in its
first piece goes out as that, with the length we count.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .connection import Answers
from .exchange import ClientLeft, HeaderPairs, HttpExchange

Message = dict[str, Any]
Asgi = Callable[
    [Message, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]
_DISCONNECT: Message = {"type": "http.disconnect"}


def bridged(application: Asgi) -> Answers:
    """Answers exchanges with an ASGI application."""

    async def answers(exchange: HttpExchange) -> None:
        talk = _Talk(exchange)
        await application(_scope(exchange), talk.receive, talk.send)

    return answers


def _scope(exchange: HttpExchange) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": exchange.method,
        "path": exchange.path,
        "raw_path": exchange.raw_path,
        "query_string": exchange.query,
        "root_path": "",
        "headers": exchange.headers,
        "client": None,
        "server": None,
    }


class _Talk:
    """What an application hears and says."""

    def __init__(self, exchange: HttpExchange) -> None:
        self._exchange = exchange
        self._heard_all = False
        self._head: tuple[int, HeaderPairs] | None = None

    async def receive(self) -> Message:
        """The next piece of the body; after its end, that the client has left."""
        if self._heard_all:
            left = asyncio.Event()
            self._exchange.watch(left.set)
            await left.wait()
            return _DISCONNECT
        try:
            piece, more = await self._exchange.read()
        except ClientLeft:
            return _DISCONNECT
        self._heard_all = not more
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: Message) -> None:
        """Pass on what the application says."""
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            self._head = message["status"], headers
            return
        data, more = bytes(message.get("body", b"")), message.get("more_body", False)
        head, self._head = self._head, None
        if head is not None and not more:
            await self._exchange.answer(*head, data)
            return
        if head is not None:
            await self._exchange.start(*head)
        await self._exchange.send(data, more=more)
