"""The answers that every upstream of the bench gives."""

import json
from typing import Any

from fakes.openai_answers import USAGE

MODEL = "gpt-bench"
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
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"
