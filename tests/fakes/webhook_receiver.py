"""A receiver of webhooks on loopback, which checks every signature as Standard Webhooks says."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes.http_server import Behaviour, Call, Server

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass
class Receiver:
    """What came, and what is answered to it."""

    answer: Callable[[str], bytes]
    """The whole answer to a message, by its id."""
    url: str = ""
    server: Server = field(default_factory=lambda: Server(lambda _: lambda _: ()))
    signed_at: list[int] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)

    def behave(self, call: Call) -> Behaviour:
        """Check a message, keep it, and answer it."""
        message_id = self._checked(call)
        return lambda _: [self.answer(message_id)]

    async def until(self, count: int, seconds: float = 10.0) -> None:
        """Wait until so many messages have come."""
        async with asyncio.timeout(seconds):
            while len(self.ids) < count:
                await asyncio.sleep(0.01)

    def _checked(self, call: Call) -> str:
        message_id, at = call.header("webhook-id") or "", call.header("webhook-timestamp") or ""
        signed = f"{message_id}.{at}.".encode() + call.body
        expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        assert call.method == "POST"
        assert call.header("content-type") == "application/json"
        assert call.header("webhook-signature") == f"v1,{expected}"
        self.ids.append(message_id)
        self.signed_at.append(int(at))
        self.messages.append(json.loads(call.body))
        self.bodies.setdefault(message_id, set()).add(call.body)
        return message_id


def status(code: int, *headers: str) -> bytes:
    """An answer of a status with nothing in it."""
    head = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {code} Said\r\n{head}content-length: 0\r\n\r\n".encode()


@asynccontextmanager
async def receiving(answer: Callable[[str], bytes]) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(answer)
    receiver.server = Server(receiver.behave)
    receiver.url = f"http://127.0.0.1:{await receiver.server.start()}/hooks"
    try:
        yield receiver
    finally:
        await receiver.server.stop()
