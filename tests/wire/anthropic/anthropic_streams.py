"""Anthropic's streams: written by us, in the frames that Anthropic sends."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 1, "service_tier": "standard"},
    },
}
PING = {"type": "ping"}
STOP = {"type": "message_stop"}


def start(index: int, **block: Any) -> dict[str, Any]:
    """The start of a block."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **told: Any) -> dict[str, Any]:
    """More of a block."""
    return {
        "type": "content_block_delta",
        "index": index,
        "delta": {"type": f"{kind}_delta"} | told,
    }


def stop(index: int) -> dict[str, Any]:
    """The end of a block."""
    return {"type": "content_block_stop", "index": index}


def ended(reason: str | None = "end_turn", usage: Any = None, **more: Any) -> dict[str, Any]:
    """Why it ended, and what it used."""
    told = {"stop_reason": reason, "stop_sequence": None} | more
    return {"type": "message_delta", "delta": told, "usage": usage or {"output_tokens": 20}}


def text(index: int, *words: str) -> list[dict[str, Any]]:
    """A block of text."""
    first = start(index, type="text", text="")
    return [first, *(delta(index, "text", text=word) for word in words), stop(index)]


def frame(event: Any) -> bytes:
    """One event as Anthropic sends it."""
    name: bytes = event["type"].encode()
    return b"event: " + name + b"\ndata: " + json.dumps(event).encode() + b"\n\n"


def stream(*events: Any) -> bytes:
    """Events, or lists of them, as a stream."""
    return b"".join(frame(one) for one in _flat(events))


def _flat(events: Iterable[Any]) -> Iterator[Any]:
    for one in events:
        if isinstance(one, list):
            yield from one
        else:
            yield one


def pieces(data: bytes, most: int = 60) -> Iterator[list[bytes]]:
    """The bytes whole, one by one, and cut in two at up to ``most`` points."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data), max(1, len(data) // most)):
        yield [data[:at], data[at:]]


WHOLE = stream(
    START,
    PING,
    start(0, type="thinking", thinking="", signature=""),
    delta(0, "thinking", thinking="Hm"),
    delta(0, "thinking", thinking=", so"),
    delta(0, "signature", signature="EqQB"),
    stop(0),
    start(1, type="redacted_thinking", data="EmwK"),
    stop(1),
    text(2, "Grüße \u2028", "🙂"),
    start(3, type="server_tool_use", id="s", name="web_search", input={}),
    delta(3, "input_json", partial_json='{"q":1}'),
    stop(3),
    start(4, type="web_search_tool_result", tool_use_id="s", content=[{"url": "u"}]),
    stop(4),
    start(5, type="text", text="", citations=[]),
    delta(5, "citations", citation={"type": "web_search_result_location", "url": "u"}),
    delta(5, "text", text="So."),
    stop(5),
    start(6, type="tool_use", id="t", name="f", input={}),
    delta(6, "input_json", partial_json=""),
    delta(6, "input_json", partial_json='{"a"'),
    delta(6, "input_json", partial_json=":1}"),
    stop(6),
    start(7, type="tool_use", id="t2", name="g", input={}),
    stop(7),
    ended("tool_use", {"output_tokens": 20, "cache_read_input_tokens": 7}),
    STOP,
)
