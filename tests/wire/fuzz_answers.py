"""What providers answer: our own answers with all there is in them, and real ones.

Whole ones, and streams as each provider frames them; errors, usage and vectors.
"""

import base64
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from fakes.bedrock_answers import chunks, exception
from tollhouse.core.dialect import Dialect
from wire.anthropic.anthropic_streams import START, stream
from wire.fuzz_said import (
    CHAT_ERROR,
    CHAT_PLAIN,
    CHAT_STREAM,
    CHAT_USAGE,
    CHAT_WHOLE,
    MESSAGES_EVENTS,
    MESSAGES_USAGE,
    MESSAGES_WHOLE,
    OVERLOADED,
    RESPONSE,
    RESPONSES_END,
    RESPONSES_ERROR,
    RESPONSES_STREAM,
    RESPONSES_USAGE,
    data_events,
)
from wire.fuzz_said_by_clouds import (
    BLOCKED,
    CONVERSE_ERRORS,
    CONVERSE_STREAM,
    CONVERSE_USAGE,
    CONVERSE_WHOLE,
    GEMINI_STREAM,
    GEMINI_USAGE,
    GEMINI_WHOLE,
    GOOGLE_ERROR,
)
from wire.fuzz_seeds import recorded

# --- Errors, and all together ---

ERRORS = tuple(
    json.dumps(one).encode()
    for one in (
        {"error": {"message": "m", "type": "t", "param": "p", "code": "c"}},
        {"error": [{"loc": ["body", 1], "msg": "m"}], "detail": {"message": ["m"]}},
        {"errors": [{"message": "m"}], "status": "s"},
        {"message": "m", "__type": "a#ThrottlingException", "code": "c", "originalStatusCode": 400},
        {"type": "error", "error": {"type": "x", "message": "your credit balance is too low"}},
        {"error": {"message": "m", "details": {"error_code": "thread_gone"}}},
        [GOOGLE_ERROR],
        GOOGLE_ERROR,
        OVERLOADED,
        "m",
    )
)


def _bodies(*values: Any) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


_WHOLE: dict[Dialect, tuple[list[bytes], tuple[str, ...]]] = {
    Dialect.CHAT: (_bodies(CHAT_WHOLE), ("openai-chat",)),
    Dialect.RESPONSES: (_bodies(RESPONSE), ("openai-responses",)),
    Dialect.MESSAGES: (_bodies(MESSAGES_WHOLE), ("anthropic-messages", "bedrock-invoke")),
    Dialect.CONVERSE: (_bodies(CONVERSE_WHOLE), ("bedrock-converse",)),
    Dialect.GEMINI: (_bodies(GEMINI_WHOLE, BLOCKED, GOOGLE_ERROR), ("gemini-generate",)),
}
_STREAMS: dict[Dialect, tuple[list[bytes], tuple[str, ...]]] = {
    Dialect.CHAT: ([CHAT_STREAM, CHAT_PLAIN, CHAT_STREAM, CHAT_ERROR], ("openai-chat",)),
    Dialect.RESPONSES: (
        [RESPONSES_STREAM, RESPONSES_STREAM, RESPONSES_END, RESPONSES_ERROR],
        ("openai-responses",),
    ),
    Dialect.MESSAGES: (
        [stream(*MESSAGES_EVENTS), stream(START, OVERLOADED), stream(*MESSAGES_EVENTS)],
        ("anthropic-messages", "vertex-anthropic"),
    ),
    Dialect.CONVERSE: ([CONVERSE_STREAM] * 3 + CONVERSE_ERRORS, ("bedrock-converse-stream",)),
    Dialect.GEMINI: (
        [GEMINI_STREAM, data_events(BLOCKED), data_events(GOOGLE_ERROR)],
        ("gemini-stream",),
    ),
}


@cache
def whole(provider: Dialect) -> tuple[bytes, ...]:
    """Whole answers of a dialect; ours come half of the time."""
    own, real = _WHOLE[provider]
    found = recorded("json", *real)
    return tuple(own * max(1, len(found) // len(own)) + found)


@cache
def streams(provider: Dialect) -> tuple[bytes, ...]:
    """Its streams."""
    own, real = _STREAMS[provider]
    found = recorded("eventstream" if provider is Dialect.CONVERSE else "sse", *real)
    return tuple(own * max(1, len(found) // len(own)) + found)


@cache
def packed() -> tuple[bytes, ...]:
    """Streams of Anthropic's events in Bedrock's frames."""
    own = chunks(MESSAGES_EVENTS)[2]
    found = recorded("eventstream", "bedrock-invoke-with-response-stream")
    return (own, own + exception("modelStreamErrorException", "m"), *found)


def usages() -> tuple[bytes, ...]:
    """What each provider tells of usage."""
    told: Iterable[Any] = (
        *(CHAT_USAGE, RESPONSES_USAGE, MESSAGES_USAGE, CONVERSE_USAGE, GEMINI_USAGE),
        {"billed_units": {"input_tokens": 3, "search_units": 1}, "tokens": {"input_tokens": 3}},
        {"inputTextTokenCount": 3},
        {
            "prompt_tokens": 3,
            "prompt_cache_hit_tokens": 1,
            "num_cached_tokens": 1,
            "cost": {"total_cost": 1},
        },
        {
            "input_tokens": 3,
            "input_token_details": {"audio_tokens": 1},
            "seconds": 1.5,
            "type": "duration",
        },
    )
    return tuple(_bodies(*told))


_VECTOR = [0.25, -1.5e-3, 1]
_PACKED = base64.b64encode(b"\0" * 8).decode()
EMBEDDINGS = tuple(
    _bodies(
        {
            "embeddings": {"float": [_VECTOR]},
            "meta": {"billed_units": {"input_tokens": 3}},
            "id": "x",
        },
        {"embeddings": [_VECTOR], "response_type": "embeddings_floats"},
        {"embeddings": [{"embedding": _VECTOR, "embeddingType": "TEXT"}]},
        {"embedding": _VECTOR, "inputTextTokenCount": 3},
        {"embeddings": [{"values": _VECTOR}], "usageMetadata": {"promptTokenCount": 3}},
        {"predictions": [{"embeddings": {"values": _VECTOR, "statistics": {"token_count": 3.0}}}]},
        {"data": [{"embedding": _PACKED, "index": 0}], "usage": {"prompt_tokens": 3}},
        {"message": "no"},
    )
)
RERANKED = tuple(
    _bodies(
        {
            "id": "x",
            "results": [
                {"index": 0, "relevance_score": 0.90},
                {"index": 1, "relevance_score": 1e-7},
            ],
            "meta": {"billed_units": {"search_units": 1}},
        }
    )
)
COUNTS = tuple(
    _bodies(
        {"input_tokens": 12},
        {"inputTokens": 12},
        {"totalTokens": 12, "promptTokensDetails": []},
        {"error": {"code": 400}},
    )
)
