"""What clients of each dialect ask, feature by feature: bodies of our own, numbers as they are put.

References: platform.openai.com/docs/api-reference/chat/create, …/responses/create and
docs.claude.com/en/api/messages.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from tollhouse.core.dialect import Dialect

Body = dict[str, Any]

FEATURES = (
    *("plain", "stream", "tools", "parallel tools", "tool results", "image"),
    *("JSON schema", "reasoning", "long system prompt", "multi-turn", "error", "cut stream"),
)
STREAMED = frozenset({"stream", "parallel tools", "multi-turn", "cut stream"})
PATHS = {
    Dialect.CHAT: "/v1/chat/completions",
    Dialect.RESPONSES: "/v1/responses",
    Dialect.MESSAGES: "/v1/messages",
}
CACHED = "long system prompt"
LONG = "You are the guide of a small museum; you know every room of it by heart. " * 600
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNIM575HwAEZwIyRhtnkwAAAABJRU5ErkJg"
    "gg=="
)
"""A picture of one violet pixel."""
CITY: Body = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Its name"}},
    "required": ["city"],
    "additionalProperties": False,
}
FRUIT: Body = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "grams": {"type": "integer"}},
    "required": ["name", "grams"],
    "additionalProperties": False,
}
_TOOLS = (("weather", "The weather of a city"), ("clock", "The time in a city"))
_FRENCH = "Answer in French."
_HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
_POINT = {"prompt_cache_breakpoint": {"mode": "explicit"}}
_HEAT = msgspec.Raw(b"0.30")
"""A spelling that no reader of numbers would give back."""


def body_of(client: Dialect, feature: str, model: str, *, marked: bool = False) -> bytes:
    """What a client sends; ``marked`` is with what it adds for a model that caches nothing else."""
    asked: Body = {"model": model, **_ASKS[client][feature]}
    if marked and feature == CACHED and client in _MARKED:
        asked = {"model": model, **_MARKED[client]}
    if feature in STREAMED:
        asked["stream"] = True
    return msgspec.json.encode(asked)


# --- chat ---


def _user(content: Any) -> Body:
    return {"role": "user", "content": content}


def _called(call_id: str, name: str) -> Body:
    function = {"name": name, "arguments": '{"city": "Oslo"}'}
    return {"id": call_id, "type": "function", "function": function}


_CHAT_TOOLS = [
    {
        "type": "function",
        "function": {"name": name, "description": told, "parameters": CITY},
    }
    for name, told in _TOOLS
]
_CHAT_RESULTS = [
    _user("How is Oslo?"),
    {
        "role": "assistant",
        "content": "Let me see.",
        "tool_calls": [_called("call_1", "weather"), _called("call_2", "clock")],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "Rain, 7 °C"},
    {"role": "tool", "tool_call_id": "call_2", "content": '{"time": "12:30"}'},
]
_CHAT: Mapping[str, Body] = {
    "plain": {"messages": [_user("Hello")], "temperature": _HEAT, "max_completion_tokens": 64},
    "stream": {"messages": [_user("Hello")], "stream_options": {"include_usage": True}},
    "tools": {"messages": [_user("Weather?")], "tools": _CHAT_TOOLS, "tool_choice": "auto"},
    "parallel tools": {
        "messages": [_user("How is Oslo?")],
        "tools": _CHAT_TOOLS,
        "parallel_tool_calls": True,
    },
    "tool results": {"messages": _CHAT_RESULTS, "tools": _CHAT_TOOLS},
    "image": {
        "messages": [
            _user(
                [
                    {"type": "text", "text": "What is it?"},
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
                    },
                ]
            )
        ]
    },
    "JSON schema": {
        "messages": [_user("An apple")],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "fruit", "strict": True, "schema": FRUIT},
        },
    },
    "reasoning": {
        "messages": [_user("Why?")],
        "reasoning_effort": "medium",
        "max_completion_tokens": 12000,
    },
    "long system prompt": {
        "messages": [
            {"role": "system", "content": LONG},
            {"role": "developer", "content": _FRENCH},
            _user("Hello"),
        ]
    },
    "multi-turn": {
        "messages": [
            {"role": "system", "content": "Be kind."},
            _user("Hello"),
            {"role": "assistant", "content": "Hello! How can I help?"},
            _user([{"type": "text", "text": "Tell me"}, {"type": "text", "text": "a joke."}]),
        ],
        "reasoning_effort": "low",
    },
    "error": {"messages": [_user("Hello")]},
    "cut stream": {"messages": [_user("Hello")]},
}

# --- responses ---


def _item(call_id: str, name: str) -> Body:
    call = {"type": "function_call", "call_id": call_id, "name": name}
    return {**call, "arguments": '{"city": "Oslo"}'}


def _output(call_id: str, output: str) -> Body:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


_RESPONSES_TOOLS = [
    {"type": "function", "name": name, "description": told, "parameters": CITY, "strict": True}
    for name, told in _TOOLS
]
_RESPONSES: Mapping[str, Body] = {
    "plain": {"input": "Hello", "temperature": _HEAT, "max_output_tokens": 64},
    "stream": {"input": "Hello", "store": False},
    "tools": {"input": "Weather?", "tools": _RESPONSES_TOOLS, "tool_choice": "auto"},
    "parallel tools": {
        "input": "How is Oslo?",
        "tools": _RESPONSES_TOOLS,
        "parallel_tool_calls": True,
    },
    "tool results": {
        "input": [
            _user("How is Oslo?"),
            {"role": "assistant", "content": "Let me see."},
            _item("call_1", "weather"),
            _item("call_2", "clock"),
            _output("call_1", "Rain, 7 °C"),
            _output("call_2", '{"time": "12:30"}'),
        ],
        "tools": _RESPONSES_TOOLS,
    },
    "image": {
        "input": [
            _user(
                [
                    {"type": "input_text", "text": "What is it?"},
                    {
                        "type": "input_image",
                        "image_url": f"data:image/png;base64,{PIXEL}",
                        "detail": "low",
                    },
                ]
            )
        ]
    },
    "JSON schema": {
        "input": "An apple",
        "text": {
            "format": {"type": "json_schema", "name": "fruit", "strict": True, "schema": FRUIT}
        },
    },
    "reasoning": {
        "input": "Why?",
        "reasoning": {"effort": "medium", "summary": "auto"},
        "max_output_tokens": 12000,
    },
    "long system prompt": {
        "instructions": LONG,
        "input": [{"role": "developer", "content": _FRENCH}, _user("Hello")],
    },
    "multi-turn": {
        "instructions": "Be kind.",
        "input": [
            _user("Hello"),
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello! How can I help?"}],
            },
            _user(
                [
                    {"type": "input_text", "text": "Tell me"},
                    {"type": "input_text", "text": "a joke."},
                ]
            ),
        ],
        "reasoning": {"effort": "low", "summary": "detailed"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    },
    "error": {"input": "Hello"},
    "cut stream": {"input": "Hello"},
}

# --- messages ---


def _use(call_id: str, name: str) -> Body:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {"city": "Oslo"}}


_MESSAGES_TOOLS = [
    {"name": name, "description": told, "input_schema": CITY} for name, told in _TOOLS
]
_MESSAGES_RESULTS = [
    _user("How is Oslo?"),
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Let me see."},
            _use("toolu_1", "weather"),
            _use("toolu_2", "clock"),
        ],
    },
    _user(
        [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Rain, 7 °C"},
            {
                "type": "tool_result",
                "tool_use_id": "toolu_2",
                "content": [{"type": "text", "text": "it stands still"}],
                "is_error": True,
            },
        ]
    ),
]
_MESSAGES: Mapping[str, Body] = {
    "plain": {"messages": [_user("Hello")], "temperature": _HEAT},
    "stream": {"messages": [_user("Hello")]},
    "tools": {
        "messages": [_user("Weather?")],
        "tools": _MESSAGES_TOOLS,
        "tool_choice": {"type": "auto"},
    },
    "parallel tools": {
        "messages": [_user("How is Oslo?")],
        "tools": _MESSAGES_TOOLS,
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": False},
    },
    "tool results": {"messages": _MESSAGES_RESULTS, "tools": _MESSAGES_TOOLS},
    "image": {
        "messages": [
            _user(
                [
                    {"type": "text", "text": "What is it?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
                    },
                ]
            )
        ]
    },
    "JSON schema": {
        "messages": [_user("An apple")],
        "output_config": {"format": {"type": "json_schema", "schema": FRUIT}},
    },
    "reasoning": {
        "messages": [_user("Why?")],
        "thinking": {"type": "enabled", "budget_tokens": 4096},
        "max_tokens": 12000,
    },
    "long system prompt": {
        "system": [{"type": "text", "text": text, **_HOUR} for text in (LONG, _FRENCH)],
        "messages": [_user("Hello")],
    },
    "multi-turn": {
        "system": "Be kind.",
        "messages": [
            _user("Hello"),
            {"role": "assistant", "content": "Hello! How can I help?"},
            _user([{"type": "text", "text": "Tell me"}, {"type": "text", "text": "a joke."}]),
        ],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "max_tokens": 4096,
    },
    "error": {"messages": [_user("Hello")]},
    "cut stream": {"messages": [_user("Hello")]},
}
_ASKS: Mapping[Dialect, Mapping[str, Body]] = {
    Dialect.CHAT: _CHAT,
    Dialect.RESPONSES: _RESPONSES,
    Dialect.MESSAGES: {name: {"max_tokens": 64, **asked} for name, asked in _MESSAGES.items()},
}
_MARKED: Mapping[Dialect, Body] = {
    Dialect.CHAT: {
        "messages": [
            {"role": role, "content": [{"type": "text", "text": text, **_HOUR}]}
            for role, text in (("system", LONG), ("developer", _FRENCH))
        ]
        + [_user("Hello")]
    },
    Dialect.RESPONSES: {
        "input": [
            {"role": "developer", "content": [{"type": "input_text", "text": text, **_POINT}]}
            for text in (LONG, _FRENCH)
        ]
        + [_user("Hello")]
    },
}
"""The long system prompt with what says how far it is to be cached; Anthropic's has it always."""
