"""What each kind of provider answers, feature by feature, to the request that reaches it.

The counts of a cached prompt are made so that every class of tokens has some, and no two the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from e2e.matrix_asks import CACHED, STREAMED
from fakes import anthropic_answers, bedrock_answers, gemini_answers, openai_answers
from fakes import response_object as responses
from fakes.answers import Answer, Framing, Shape, error
from fakes.anthropic_answers import Message
from fakes.bedrock_answers import converse, converse_stream, opening
from fakes.gemini_answers import NEWLINE, SIGNATURE, FunctionCall, Gemini, google_error
from fakes.http_server import Behaviour, Call, End, Step
from fakes.openai_answers import Chat, ToolCall
from fakes.response_items import Items, call, message, thought
from fakes.upstream import played
from tollhouse.core.dialect import Dialect

HELLO = "Hello there, how can I help?"
SEE = "Let me see."
THOUGHT = "They greet me; I greet them."
APPLE = '{"name": "apple", "grams": 150}'
NO = "the provider cannot take this"
_OSLO = '{"city": "Oslo"}'
_CALLS = (ToolCall("weather", _OSLO, "call_a"), ToolCall("clock", _OSLO, "call_b"))
_USES: list[dict[str, Any]] = [
    {"toolUse": {"toolUseId": f"tooluse_{name}", "name": name, "input": {"city": "Oslo"}}}
    for name in ("weather", "clock")
]
_CUT = Shape(stop_after=4, end=End.CLOSE)
_CUT_GEMINI = Shape(stop_after=2, end=End.CLOSE, newline=NEWLINE, done=0)
_AT_AZURE = "gpt-5.1-2025-11-13"
"""The model as Azure tells it, whatever its deployment is called."""
_OTHER = {
    "tools": "call",
    "parallel tools": "calls",
    "tool results": "after tools",
    "JSON schema": "apple",
    "reasoning": "thought",
    CACHED: "cached",
    "multi-turn": "thought",
    "error": "error",
    "cut stream": "cut",
}
_ENTERED, _LEFT = 12, 5
"""Tokens of a short prompt, and of a short answer; of it when it was thought about:"""
_THOUGHT_ABOUT, _THOUGHTS = 25, 17
_LONG = 10_209
"""Tokens of the long prompt. Caches that find the longest beginning they know had of it:"""
_HAD_BY_BLOCKS, _HAD = 10_112, 10_150
_READ, _WRITTEN = 10_200, 6
"""Where marks are set: what the first one ends, and what comes from there to the second."""


def answer_of(kind: str, dialect: Dialect, feature: str, *, invoked: bool = False) -> Behaviour:
    """The answer to a feature's request; ``invoked`` is Anthropic's dialect in Bedrock's frames."""
    make = _OTHER.get(feature, "hello")
    if dialect is Dialect.CONVERSE:
        return _converse(make, streamed=feature in STREAMED)
    if dialect is Dialect.GEMINI:
        return _gemini(make, older=kind == "gemini")
    behaviour = _SAID[dialect].get(make) or _SAID[dialect]["hello"]
    if kind == "azure" and isinstance(behaviour, Chat):
        return _from_azure(behaviour)
    if invoked and isinstance(behaviour, Message) and feature in STREAMED:
        return _framed(behaviour, cut=make == "cut")
    return behaviour


# --- OpenAI ---


def _openai_usage(names: tuple[str, str], usual: Mapping[str, Any], **told: int) -> dict[str, Any]:
    """A usage by OpenAI's counting: what was cached is within the input."""
    entered, left = told.get("entered", _ENTERED), told.get("left", _LEFT)
    into, out = names
    return {
        **usual,
        into: entered,
        out: left,
        "total_tokens": entered + left,
        f"{into}_details": usual[f"{into}_details"] | {"cached_tokens": told.get("cached", 0)},
        f"{out}_details": usual[f"{out}_details"] | {"reasoning_tokens": told.get("thoughts", 0)},
    }


def _chat_usage(**told: int) -> dict[str, Any]:
    return _openai_usage(("prompt_tokens", "completion_tokens"), openai_answers.USAGE, **told)


def _responses_usage(**told: int) -> dict[str, Any]:
    return _openai_usage(("input_tokens", "output_tokens"), responses.USAGE, **told)


def _from_azure(said: Chat) -> Chat:
    """The filters speak first; OpenAI's own models never tell their thoughts in chat."""
    shape = said.shape
    if shape.stop_after is not None:
        shape = replace(shape, stop_after=shape.stop_after + 1)
    return replace(said, filtered=True, model=_AT_AZURE, reasoning=None, shape=shape)


# --- Anthropic ---


def _marked_usage(call: Call) -> dict[str, Any]:
    """A usage by Anthropic's counting: only what is marked is cached, and on top of the input."""
    marks = [block["cache_control"] for block in call.json["system"] if "cache_control" in block]
    written = _WRITTEN if marks else 0
    read = _READ if marks else 0
    for_an_hour = written if marks and marks[-1].get("ttl") == "1h" else 0
    by_time = {
        "ephemeral_5m_input_tokens": written - for_an_hour,
        "ephemeral_1h_input_tokens": for_an_hour,
    }
    return {
        **anthropic_answers.USAGE,
        "input_tokens": _LONG - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": by_time,
    }


def _cached_message(call: Call) -> Iterator[Step]:
    return Message(HELLO, usage=_marked_usage(call))(call)


def _framed(said: Message, *, cut: bool) -> Behaviour:
    """Frames, as far as they come; they think where that was asked for."""

    def answer(call: Call) -> Iterator[Step]:
        told = said if "thinking" in call.json else replace(said, thinking=None)
        events = told.events("claude")
        if cut:
            return iter(_broken(bedrock_answers.chunk_frames(events)[:4])(call))
        return iter(played(bedrock_answers.chunks(events))(call))

    return answer


_SAID: Mapping[Dialect, Mapping[str, Behaviour]] = {
    Dialect.CHAT: {
        "hello": Chat(HELLO, words=2),
        "call": Chat(None, tools=_CALLS[:1]),
        "calls": Chat(SEE, words=1, tools=_CALLS),
        "apple": Chat(APPLE),
        # As hosts of open models tell them.
        "thought": Chat(
            HELLO,
            words=2,
            reasoning=THOUGHT,
            usage=_chat_usage(left=_THOUGHT_ABOUT, thoughts=_THOUGHTS),
        ),
        "cached": Chat(HELLO, usage=_chat_usage(entered=_LONG, cached=_HAD_BY_BLOCKS)),
        "error": error(400, NO, code="bad_thing", kind="invalid_request_error"),
        "cut": Chat(HELLO, shape=_CUT),
    },
    Dialect.RESPONSES: {
        "hello": Items(),
        "call": Items([call("call_a", "weather", _OSLO)]),
        "calls": Items(
            [message(SEE), call("call_a", "weather", _OSLO), call("call_b", "clock", _OSLO)]
        ),
        "apple": Items([message(APPLE)]),
        "thought": Items(
            [thought(THOUGHT), message(HELLO)],
            usage=_responses_usage(left=_THOUGHT_ABOUT, thoughts=_THOUGHTS),
        ),
        "cached": Items(usage=_responses_usage(entered=_LONG, cached=_HAD_BY_BLOCKS)),
        "error": error(400, NO, code="bad_thing", kind="invalid_request_error"),
        "cut": Items(shape=Shape(stop_after=5, end=End.CLOSE)),
    },
    Dialect.MESSAGES: {
        "hello": Message(HELLO, words=2),
        "call": Message(None, tools=_CALLS[:1]),
        "calls": Message(SEE, words=1, tools=_CALLS),
        "apple": Message(APPLE),
        "thought": Message(
            HELLO,
            words=2,
            thinking=THOUGHT,
            usage={
                **anthropic_answers.USAGE,
                "output_tokens": _THOUGHT_ABOUT,
                "output_tokens_details": {"thinking_tokens": _THOUGHTS},
            },
        ),
        "cached": _cached_message,
        "error": anthropic_answers.error(400, "invalid_request_error", NO),
        "cut": Message(HELLO, shape=_CUT),
    },
}


# --- Google ---


def _gemini(make: str, *, older: bool) -> Behaviour:
    """An older model signs only where there are tools, and gives its calls no ids."""
    if make == "error":
        return google_error(400, "INVALID_ARGUMENT", NO)
    if make == "cut":
        return Gemini(HELLO, shape=_CUT_GEMINI)
    signature = None if older and make != "after tools" else SIGNATURE
    calls = [
        FunctionCall("weather", {"city": "Oslo"}, None if older else "fc000001", SIGNATURE),
        FunctionCall("clock", {"city": "Oslo"}, None if older else "fc000002"),
    ]
    match make:
        case "call":
            return Gemini("", calls=calls[:1])
        case "calls":
            return Gemini(SEE, words=1, calls=calls)
        case "apple":
            return Gemini(APPLE, signature=signature)
        case "thought":
            return Gemini(HELLO, words=2, thoughts=THOUGHT, signature=signature)
        case "cached":
            return Gemini(HELLO, signature=signature, usage=_GEMINI_CACHED)
    return Gemini(HELLO, words=2, signature=signature)


_GEMINI_CACHED: Mapping[str, Any] = {
    **gemini_answers.USAGE,
    "promptTokenCount": _LONG,
    "cachedContentTokenCount": _HAD,
    "totalTokenCount": _LONG + 12,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": _LONG}],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": _HAD}],
}


# --- Bedrock's Converse ---

_THOUGHT_BLOCK: dict[str, Any] = {
    "reasoningContent": {
        "reasoningText": {"text": THOUGHT, "signature": anthropic_answers.SIGNATURE}
    }
}
_Converse = tuple[tuple[dict[str, Any], ...], str]
_CONVERSED: Mapping[str, _Converse] = {
    "call": ((_USES[0],), "tool_use"),
    "calls": (({"text": SEE}, *_USES), "tool_use"),
    "apple": (({"text": APPLE},), "end_turn"),
    "thought": ((_THOUGHT_BLOCK, {"text": HELLO}), "end_turn"),
}
_HELLO_BLOCK: _Converse = (({"text": HELLO},), "end_turn")


def _converse(make: str, *, streamed: bool) -> Behaviour:
    if make == "error":
        return played(bedrock_answers.error(400, "ValidationException", NO))
    if make == "cut":
        return _broken(opening([{"text": HELLO}])[:2])
    told: Callable[..., bedrock_answers.Answer] = converse_stream if streamed else converse

    def answer(call: Call) -> Iterator[Step]:
        blocks, stop = _CONVERSED.get(make, _HELLO_BLOCK)
        usage: dict[str, Any] = {}
        if make == "cached":
            usage = _pointed_usage(call)
        if make == "thought" and "thinking" in call.json.get("additionalModelRequestFields", {}):
            usage = {"inputTokens": _ENTERED, "outputTokens": _THOUGHT_ABOUT}
            usage["totalTokens"] = _ENTERED + _THOUGHT_ABOUT
        elif make == "thought":
            blocks, stop = _HELLO_BLOCK
        return iter(played(told(*blocks, stop=stop, **usage))(call))

    return answer


def _pointed_usage(call: Call) -> dict[str, Any]:
    """A usage by Converse's counting, which is Anthropic's; caches are told under two names."""
    points = [block["cachePoint"] for block in call.json["system"] if "cachePoint" in block]
    read, written = (_READ, _WRITTEN) if points else (0, 0)
    usage: dict[str, Any] = {
        "cacheReadInputTokenCount": read,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokenCount": written,
        "cacheWriteInputTokens": written,
        "inputTokens": _LONG - read - written,
        "outputTokens": _LEFT,
        "serverToolUsage": {},
        "totalTokens": _LONG + _LEFT,
    }
    if points:
        kept = {"ttl": points[-1].get("ttl", "5m"), "inputTokens": written}
        usage["cacheDetails"] = [kept]
    return usage


def _broken(frames: list[bytes]) -> Behaviour:
    """Frames, and then nothing: the connection is closed inside the body."""
    headers = tuple(bedrock_answers.STREAM_HEADERS.items())
    return Answer(b"".join(frames), 200, headers, Framing.CHUNKED, end=End.CLOSE)
