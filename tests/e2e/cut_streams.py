"""Sound streams of every kind of provider, event by event, to be cut anywhere."""

import struct
from collections.abc import Sequence

from e2e.stage import chunk
from e2e.vendors import HELLO, speaking
from e2e.vendors import Said as Turn
from fakes.answers import chunk as coded
from fakes.answers import frame, head, steps
from fakes.anthropic_answers import Message
from fakes.bedrock_answers import USAGE, chunks, closing, opening
from fakes.gemini_answers import Gemini
from fakes.http_server import Behaviour, Call, End
from fakes.openai_answers import USAGE as CHAT_USAGE

_TYPES = {
    "converse": "application/vnd.amazon.eventstream",
    "invoke": "application/vnd.amazon.eventstream",
}
_LENGTH = struct.Struct(">I")
PLACES = ("openai", "anthropic", "invoke", "converse", "gemini", "responses")


def pieces_of(place: str) -> list[bytes]:
    """The events of a sound stream, its text in several of them."""
    if place == "openai":
        role, text = {"role": "assistant", "content": ""}, HELLO
        words = [chunk({"content": part}) for part in (text[:9], text[9:20], text[20:])]
        usage = chunk(None, usage=CHAT_USAGE)
        told = [chunk(role), *words, chunk({}, "stop"), usage, "[DONE]"]
        return [frame(one) for one in told]
    if place == "anthropic":
        return Message(HELLO).frames("claude")
    if place == "invoke":
        return _messages(chunks(Message(HELLO).events("claude"))[2])
    if place == "converse":
        return [*opening([{"text": HELLO}], 3), *closing("end_turn", USAGE)]
    if place == "gemini":
        return [frame(one) for one in Gemini(HELLO).events()]
    return _responses()


WHOLE_FROM = {"openai": -2}
"""How many of the last events an answer is whole without; the others' last event is the end."""


def stream_of(place: str, pieces: Sequence[bytes], end: End | None = End.CLOSE) -> Behaviour:
    """A stream of just these bytes, ended so; None ends it in the proper way."""
    kind = ("content-type", _TYPES.get(place, "text/event-stream"))
    begun = head(200, [kind, ("transfer-encoding", "chunked")])
    written = [coded(piece) for piece in pieces if piece]
    return steps(begun, *written, b"0\r\n\r\n" if end is None else end)


def failing_after(place: str, count: int, *last: bytes) -> Behaviour:
    """A stream that says something else after so many of its events."""
    return stream_of(place, [*pieces_of(place)[:count], *last], None)


def _responses() -> list[bytes]:
    call = Call("POST", "/v1/responses", [], b'{"model":"m","stream":true}', 1, 0.0)
    written = [step for step in speaking("responses", Turn(HELLO))(call) if isinstance(step, bytes)]
    # Each step is one chunk of the transfer coding; the first is the head, the last the end.
    return [step.split(b"\r\n", 1)[1].removesuffix(b"\r\n") for step in written[1:-1]]


def _messages(body: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(body):
        length = _LENGTH.unpack_from(body, at)[0]
        found.append(body[at : at + length])
        at += length
    return found
