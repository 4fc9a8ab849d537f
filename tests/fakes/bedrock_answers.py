"""What Bedrock's runtime answers, byte for byte as its SDKs take it: whole, streamed and refused.

``tests/wire/converse/test_exact_fakes.py`` has AWS's own SDK read all of it.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

from .event_stream import frame

JSON_HEADERS = {"content-type": "application/json", "x-amzn-requestid": "f2a1"}
STREAM_HEADERS = {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "f2a1"}
USAGE = {"inputTokens": 12, "outputTokens": 5, "totalTokens": 17}

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


def converse(*content: dict[str, Any], stop: str = "end_turn", **usage: Any) -> Answer:
    """A whole answer of Converse with these blocks."""
    body = {
        "metrics": {"latencyMs": 321},
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop,
        "usage": usage or USAGE,
    }
    return 200, JSON_HEADERS, json.dumps(body).encode()


def converse_stream(
    *content: dict[str, Any], stop: str = "end_turn", pieces: int = 2, **usage: Any
) -> Answer:
    """The same as a stream, each block's text in so many pieces."""
    events = [*opening(content, pieces), *closing(stop, usage or USAGE)]
    return 200, STREAM_HEADERS, b"".join(events)


def opening(content: Iterable[dict[str, Any]], pieces: int = 2) -> list[bytes]:
    """The events of a stream up to the end of its last block."""
    events = [event("messageStart", role="assistant")]
    for index, block in enumerate(content):
        if "toolUse" in block:
            call = block["toolUse"]
            start = {"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}}
            events.append(event("contentBlockStart", contentBlockIndex=index, start=start))
        events += [
            event("contentBlockDelta", contentBlockIndex=index, delta=delta)
            for delta in _deltas(block, pieces)
        ]
        events.append(event("contentBlockStop", contentBlockIndex=index))
    return events


def closing(stop: str, usage: dict[str, Any]) -> list[bytes]:
    """The last two events."""
    return [
        event("messageStop", stopReason=stop),
        event("metadata", metrics={"latencyMs": 321}, usage=usage),
    ]


def event(name: str, **payload: Any) -> bytes:
    """One event, padded as Bedrock pads it."""
    return frame(name, json.dumps({**payload, "p": "abcdefghijkl"}).encode())


def exception(name: str, message: str, **more: Any) -> bytes:
    """The exception that ends a stream; its name in camel case, as in ``throttlingException``."""
    return frame(name, json.dumps({"message": message, **more}).encode(), "exception")


def error(status: int, name: str, message: str) -> Answer:
    """A refusal; its name as in ``ThrottlingException``."""
    headers = {**JSON_HEADERS, "x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/"}
    return status, headers, json.dumps({"message": message}).encode()


def chunks(events: Sequence[dict[str, Any]]) -> Answer:
    """A model's own events as InvokeModelWithResponseStream sends them."""
    headers = {**STREAM_HEADERS, "x-amzn-bedrock-content-type": "application/json"}
    return 200, headers, b"".join(chunk_frames(events))


def chunk_frames(events: Sequence[dict[str, Any]]) -> list[bytes]:
    """Their frames: the last one has what Bedrock measured."""
    metrics = {"inputTokenCount": 12, "outputTokenCount": 5, "invocationLatency": 321}
    told = [*events[:-1], {**events[-1], "amazon-bedrock-invocationMetrics": metrics}]
    return [
        event("chunk", bytes=base64.b64encode(json.dumps(one).encode()).decode()) for one in told
    ]


def counted(tokens: int) -> Answer:
    """An answer of CountTokens."""
    return 200, JSON_HEADERS, json.dumps({"inputTokens": tokens}).encode()


def _deltas(block: dict[str, Any], pieces: int) -> list[dict[str, Any]]:
    if "toolUse" in block:
        text = json.dumps(block["toolUse"]["input"])
        return [{"toolUse": {"input": piece}} for piece in _cut(text, pieces)]
    if "reasoningContent" in block:
        return _thoughts(block["reasoningContent"], pieces)
    return [{"text": piece} for piece in _cut(block["text"], pieces)]


def _thoughts(told: dict[str, Any], pieces: int) -> list[dict[str, Any]]:
    if "redactedContent" in told:
        return [{"reasoningContent": {"redactedContent": told["redactedContent"]}}]
    thought = told["reasoningText"]
    deltas = [{"reasoningContent": {"text": piece}} for piece in _cut(thought["text"], pieces)]
    if "signature" in thought:
        deltas.append({"reasoningContent": {"signature": thought["signature"]}})
    return deltas


def _cut(text: str, pieces: int) -> list[str]:
    size = max(1, -(-len(text) // pieces))
    return [text[at : at + size] for at in range(0, len(text), size)]
