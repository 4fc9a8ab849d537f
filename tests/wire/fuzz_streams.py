"""Streams made unsound: mutations of server-sent events and of AWS's binary frames.

Events are lost, doubled, moved and taken from other streams; what is in them changes as JSON does.
"""

import base64
import json
import struct
from collections.abc import Sequence
from random import Random
from typing import Any

from fakes.event_stream import message
from tollhouse.wire.sse import FrameSplitter, data_of, name_of
from wire.fuzzing import Words, few, json_of, rough

# --- Server-sent events ---


def sse_of(dice: Random, seed: bytes, words: Words, others: Sequence[bytes]) -> bytes:
    """A stream with a few events lost, doubled, moved, changed, or taken from another one."""
    events = _reordered(dice, sse_events(seed), [sse_events(dice.choice(others))])
    for at in dice.sample(range(len(events)), min(few(dice), len(events))):
        name, data = events[at]
        events[at] = _other_name(dice, name, words), json_of(dice, data, words)
    end = dice.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r"))
    written = b"".join(_event(dice, name, data, end) for name, data in events)
    if dice.random() < 0.1:
        written = written.rstrip()
    return rough(dice, written) if dice.random() < 0.2 else written


def sse_events(stream: bytes) -> list[tuple[bytes | None, bytes]]:
    """Name and data of each event."""
    splitter = FrameSplitter()
    found = [*splitter.feed(stream), splitter.rest()]
    return [(name_of(one), data_of(one) or b"") for one in found if one] or [(None, b"{}")]


def _reordered(dice: Random, events: list[Any], others: list[list[Any]]) -> list[Any]:
    for _ in range(dice.choice((0, 0, 1, 1, 2, 4))):
        at = dice.randrange(len(events))
        match dice.randrange(6):
            case 0 if len(events) > 1:
                del events[at]
            case 1:
                events.insert(dice.randint(0, len(events)), events[at])
            case 2:
                there = dice.randrange(len(events))
                events[at], events[there] = events[there], events[at]
            case 3:
                events[at:at] = dice.choices(dice.choice(others), k=dice.randint(1, 4))
            case 4:
                del events[at + 1 :]
            case _:
                events[at : at + 1] = [events[at]] * dice.choice((2, 3, 30))
    return events


def _other_name(dice: Random, name: bytes | None, words: Words) -> bytes | None:
    if dice.random() < 0.92:
        return name
    return dice.choice((None, b"", b"error", dice.choice(words.words).encode(), b"\xff\x00"))


def _event(dice: Random, name: bytes | None, data: bytes, end: bytes) -> bytes:
    head = b"event: " + name + end if name is not None else b""
    match dice.randrange(60):
        case 0:
            head = b": a comment" + end + head
        case 1:
            head = b"\xef\xbb\xbf" + head
        case 2:
            data = b"[DONE]"
        case 3:
            return head + data + end + end
        case 4:
            return head + b"".join(b"data:" + line + end for line in data.split(b",")) + end
        case 5:
            return head + end
        case 6:
            head = b"id: 1" + end + head + b"data" + end
        case _:
            pass
    return head + b"data: " + data.replace(b"\n", end + b"data: ") + end + end


# --- AWS's binary frames ---

_HEADERS = (":event-type", ":message-type", ":exception-type", ":error-code", "x")
_Binary = tuple[dict[str, Any], bytes]


def binary_of(dice: Random, seed: bytes, words: Words, others: Sequence[bytes]) -> bytes:
    """The same for frames; what is packed in base64 is changed within."""
    frames: list[_Binary] = _reordered(
        dice, binary_frames(seed), [binary_frames(dice.choice(others))]
    )
    for at in dice.sample(range(len(frames)), min(few(dice), len(frames))):
        headers, payload = frames[at]
        if dice.random() < 0.08:
            headers = {**headers, dice.choice(_HEADERS): _header(dice, words)}
        frames[at] = headers, _payload(dice, payload, words)
    written = b"".join(message(headers, payload) for headers, payload in frames)
    return rough(dice, written) if dice.random() < 0.2 else written


def _header(dice: Random, words: Words) -> Any:
    """A value of a header, mostly of another type than strings are."""
    kind, size = dice.choice(((0, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16), (10, 3)))
    odd = kind, dice.randbytes(size)
    return dice.choice((dice.choice(words.words), b"\xff", "\ud7ff" * 9, True, odd, odd))


def _payload(dice: Random, payload: bytes, words: Words) -> bytes:
    try:
        inner = base64.b64decode(json.loads(payload)["bytes"])
    except (ValueError, KeyError, TypeError):
        return json_of(dice, payload, words)
    if dice.random() < 0.1:
        return json_of(dice, payload, words)
    return json.dumps({"bytes": base64.b64encode(json_of(dice, inner, words)).decode()}).encode()


def binary_frames(stream: bytes) -> list[_Binary]:
    """Headers, which are all strings, and payload of each message."""
    found: list[_Binary] = []
    while stream:
        total, size = struct.unpack_from(">II", stream)
        headers: dict[str, Any] = {}
        place = 12
        while place < 12 + size:
            name = stream[place + 1 : place + 1 + stream[place]].decode()
            place += 1 + stream[place] + 1
            length = struct.unpack_from(">H", stream, place)[0]
            headers[name] = stream[place + 2 : place + 2 + length].decode()
            place += 2 + length
        found.append((headers, stream[place : total - 4]))
        stream = stream[total:]
    return found
