"""What a provider of each dialect answers, feature by feature."""

from collections.abc import Callable, Mapping
from typing import Any

from fakes import anthropic_answers, bedrock_answers
from fakes.answers import Answer, Framing, Shape, error
from fakes.anthropic_answers import Message
from fakes.bedrock_answers import converse, converse_stream, opening
from fakes.gemini_answers import NEWLINE, SIGNATURE, FunctionCall, Gemini, google_error
from fakes.http_server import Behaviour, End
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
_GEMINI_CALLS = (
    FunctionCall("weather", {"city": "Oslo"}, "fc000001", SIGNATURE),
    FunctionCall("clock", {"city": "Oslo"}, "fc000002"),
)
_USES: list[dict[str, Any]] = [
    {"toolUse": {"toolUseId": f"tooluse_{name}", "name": name, "input": {"city": "Oslo"}}}
    for name in ("weather", "clock")
]
_CUT = Shape(stop_after=4, end=End.CLOSE)
_CUT_GEMINI = Shape(stop_after=2, end=End.CLOSE, newline=NEWLINE, done=0)


def answer_of(dialect: Dialect, feature: str, *, invoked: bool = False) -> Behaviour:
    """The answer to a feature's request; ``invoked`` is Anthropic's dialect in Bedrock's frames."""
    make = _OTHER.get(feature, "hello")
    if dialect is Dialect.CONVERSE:
        return _converse(make, streamed=feature in {"stream", "parallel tools", "multi-turn"})
    behaviour = _SAID[dialect][make]
    if invoked and isinstance(behaviour, Message) and feature in _STREAMED:
        return _framed(behaviour, cut=make == "cut")
    return behaviour


_STREAMED = frozenset({"stream", "parallel tools", "multi-turn", "cut stream"})
_OTHER = {
    "tools": "call",
    "parallel tools": "calls",
    "JSON schema": "apple",
    "reasoning": "thought",
    "multi-turn": "thought",
    "error": "error",
    "cut stream": "cut",
}
_SAID: Mapping[Dialect, Mapping[str, Behaviour]] = {
    Dialect.CHAT: {
        "hello": Chat(HELLO, words=2),
        "call": Chat(None, tools=_CALLS[:1]),
        "calls": Chat(SEE, words=1, tools=_CALLS),
        "apple": Chat(APPLE),
        "thought": Chat(HELLO, words=2, reasoning=THOUGHT),
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
        "thought": Items([thought(THOUGHT), message(HELLO)]),
        "error": error(400, NO, code="bad_thing", kind="invalid_request_error"),
        "cut": Items(shape=Shape(stop_after=5, end=End.CLOSE)),
    },
    Dialect.MESSAGES: {
        "hello": Message(HELLO, words=2),
        "call": Message(None, tools=_CALLS[:1]),
        "calls": Message(SEE, words=1, tools=_CALLS),
        "apple": Message(APPLE),
        "thought": Message(HELLO, words=2, thinking=THOUGHT),
        "error": anthropic_answers.error(400, "invalid_request_error", NO),
        "cut": Message(HELLO, shape=_CUT),
    },
    Dialect.GEMINI: {
        "hello": Gemini(HELLO, words=2),
        "call": Gemini("", calls=_GEMINI_CALLS[:1]),
        "calls": Gemini(SEE, words=1, calls=_GEMINI_CALLS),
        "apple": Gemini(APPLE),
        "thought": Gemini(HELLO, words=2, thoughts=THOUGHT, signature=SIGNATURE),
        "error": google_error(400, "INVALID_ARGUMENT", NO),
        "cut": Gemini(HELLO, shape=_CUT_GEMINI),
    },
}
_THOUGHT_BLOCK: dict[str, Any] = {
    "reasoningContent": {
        "reasoningText": {"text": THOUGHT, "signature": anthropic_answers.SIGNATURE}
    }
}
_Converse = tuple[tuple[dict[str, Any], ...], str]
_CONVERSED: Mapping[str, _Converse] = {
    "hello": (({"text": HELLO},), "end_turn"),
    "call": ((_USES[0],), "tool_use"),
    "calls": (({"text": SEE}, *_USES), "tool_use"),
    "apple": (({"text": APPLE},), "end_turn"),
    "thought": ((_THOUGHT_BLOCK, {"text": HELLO}), "end_turn"),
}


def _converse(make: str, *, streamed: bool) -> Behaviour:
    if make == "error":
        return played(bedrock_answers.error(400, "ValidationException", NO))
    if make == "cut":
        return _broken(opening([{"text": HELLO}])[:2])
    blocks, stop = _CONVERSED[make]
    answer: Callable[..., bedrock_answers.Answer] = converse_stream if streamed else converse
    return played(answer(*blocks, stop=stop))


def _framed(said: Message, *, cut: bool) -> Behaviour:
    events = said.events("claude")
    if cut:
        return _broken([bedrock_answers.chunks(events[:4])[2]])
    return played(bedrock_answers.chunks(events))


def _broken(frames: list[bytes]) -> Behaviour:
    """Frames, and then nothing: the connection is closed inside the body."""
    headers = tuple(bedrock_answers.STREAM_HEADERS.items())
    return Answer(b"".join(frames), 200, headers, Framing.CHUNKED, end=End.CLOSE)
