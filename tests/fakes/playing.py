"""What a behaviour answers, without a server: bodies and events to look at."""

import json
from typing import Any

from fakes.http_server import Behaviour, Call


def asked(**fields: Any) -> Call:
    """A request."""
    body = json.dumps({"model": "m", **fields}).encode()
    return Call("POST", "/v1/responses", [], body, 1, 0.0)


def body_of(behaviour: Behaviour, request: Call) -> Any:
    """What a whole answer holds."""
    written = b"".join(step for step in behaviour(request) if isinstance(step, bytes))
    return json.loads(written.partition(b"\r\n\r\n")[2])


def events_of(behaviour: Behaviour, request: Call) -> list[Any]:
    """The data of the events of a streamed answer."""
    pieces = [step for step in behaviour(request) if isinstance(step, bytes)]
    return data_in(b"".join(piece.partition(b"\r\n")[2] for piece in pieces[1:]).decode())


def data_in(stream: str) -> list[Any]:
    """The data of the events of a stream."""
    lines = [line[6:] for line in stream.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]
