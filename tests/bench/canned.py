"""The answers that every upstream of the bench gives, in OpenAI's words and in Anthropic's."""

import json
from typing import Any

from fakes.anthropic_answers import Message
from fakes.openai_answers import USAGE

MODEL = "gpt-bench"
CLAUDE = "claude-sonnet-4-5"
"""A name that gateways know, since what they may send depends on it."""
MESSAGES = "/v1/messages"
"""Where Anthropic's are asked."""
_HEAD: dict[str, Any] = {"id": "chatcmpl-bench1", "created": 1_760_000_000, "model": MODEL}


def whole() -> bytes:
    """A chat answer of about 0.6 kB."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "Hello there, how can I help?",
        "refusal": None,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return json.dumps(
        {
            **_HEAD,
            "object": "chat.completion",
            "service_tier": "default",
            "system_fingerprint": "fp_bench",
            "choices": [choice],
            "usage": USAGE,
        }
    ).encode()


def event(content: str) -> bytes:
    """One event of a chat stream, with content."""
    choice = {"index": 0, "delta": {"content": content}, "logprobs": None, "finish_reason": None}
    chunk = {
        **_HEAD,
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
        "choices": [choice],
    }
    return b"data: " + _compact(chunk) + b"\n\n"


def message() -> bytes:
    """The same words as an answer of Anthropic's."""
    return _compact(Message().whole(CLAUDE))


def message_begin(content: str) -> bytes:
    """How a stream of Anthropic's begins: three events and the first with content."""
    return b"".join(_message_frames(content)[:-_BEHIND_CONTENT])


def message_event(content: str) -> bytes:
    """One event of a stream of Anthropic's, with content."""
    return _message_frames(content)[-_BEHIND_CONTENT - 1]


def message_end() -> bytes:
    """How a stream of Anthropic's ends, with its usage."""
    return b"".join(_message_frames("-")[-_BEHIND_CONTENT:])


_BEHIND_CONTENT = 3
"""Events: the block's end, what there is to tell of the message, and the message's end."""


def _message_frames(content: str) -> list[bytes]:
    events = Message(text=content, words=1).events(CLAUDE)
    return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), _compact(one)) for one in events]


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
