"""What OpenAI's hosts and Anthropic answer: whole answers and streams with all there is in them."""

import json
from typing import Any

from wire.anthropic.anthropic_streams import START, STOP, delta, ended, start, stop

# --- chat ---

CHAT_USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 1},
    "cost": 0.0001,
}
_LOGPROB = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}
_LOGPROBS = {"content": [_LOGPROB], "refusal": None}
_CITED = {
    "type": "url_citation",
    "url_citation": {"url": "https://a", "title": "A", "start_index": 0},
}
_DETAILS = [
    {
        "type": "reasoning.text",
        "text": "t",
        "signature": "s",
        "format": "anthropic-claude-v1",
        "index": 0,
    },
    {"type": "reasoning.encrypted", "data": "d", "format": "google-gemini-v1", "id": "c1"},
    {"type": "reasoning.summary", "summary": "s", "format": "openai-responses-v1"},
]
_SIGNED = {"google": {"thought_signature": "sig"}}
CHAT_WHOLE: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "logprobs": _LOGPROBS,
            "message": {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "thinking", "thinking": [{"text": "h"}]},
                ],
                "refusal": "no",
                "reasoning_content": "t",
                "reasoning_details": _DETAILS,
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "t", "signature": "s", "data": "d"}
                ],
                "annotations": [_CITED],
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": _SIGNED,
                    },
                    {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}},
                ],
                "function_call": {"name": "f", "arguments": {"a": 1}},
            },
        }
    ],
    "usage": CHAT_USAGE,
    "service_tier": "default",
    "citations": ["https://a"],
    "error": None,
}


def _chunk(finish: str | None = None, **told: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": told, "finish_reason": finish, "logprobs": None}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def _piece(index: int, call_id: str | None, **function: str) -> dict[str, Any]:
    return {"index": index, "id": call_id, "type": "function", "function": function}


def data_events(*events: Any) -> bytes:
    """A stream of data alone."""
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)


_LISTENED = {**_chunk(content="b"), "usage": None}
_LISTENED["choices"] = [{**_LISTENED["choices"][0], "logprobs": _LOGPROBS}]
CHAT_STREAM = (
    b": hello\n\n"
    + data_events(
        _chunk(role="assistant", content=""),
        _chunk(reasoning_content="h", reasoning_details=_DETAILS[:1]),
        _chunk(reasoning_details=_DETAILS[1:]),
        _chunk(thinking_blocks=[{"type": "thinking", "thinking": "t", "signature": "s"}]),
        _chunk(content="a"),
        _LISTENED,
        {**_chunk(annotations=[_CITED]), "citations": ["https://a"]},
        _chunk(refusal="no"),
        _chunk(tool_calls=[_piece(0, "c1", name="f", arguments=""), _piece(1, "c2", name="g")]),
        _chunk(tool_calls=[{**_piece(0, None, arguments='{"a":'), "extra_content": _SIGNED}]),
        _chunk(tool_calls=[_piece(0, None, arguments="1}")]),
        _chunk(tool_calls=[_piece(1, None, arguments="{}")]),
        _chunk(function_call={"name": "h", "arguments": "{}"}),
        _chunk("tool_calls"),
        {"id": "c", "choices": [], "usage": CHAT_USAGE, "x_groq": {"usage": CHAT_USAGE}},
    )
    + b"data: [DONE]\n\n"
)
CHAT_PLAIN = (
    data_events(_chunk(content="a"), _chunk(content="b"), _chunk("stop")) + b"data: [DONE]\n\n"
)
CHAT_ERROR = b'event: error\ndata: {"error":{"message":"m","code":429}}\n\n'

# --- responses ---

RESPONSES_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 15,
}
_PAGE = {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 1}
_WORDS = {"type": "output_text", "text": "ab", "annotations": [_PAGE], "logprobs": [_LOGPROB]}
_MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": [_WORDS]}
_THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "s"}],
    "content": [{"type": "reasoning_text", "text": "t"}],
    "encrypted_content": "cipher",
}
_CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"}
_CUSTOM = {"type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "g", "input": "x"}
_SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}
_REFUSED = {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "m",
    "output": [_THOUGHT, _MESSAGE, _SEARCH, _CALL, _CUSTOM, _REFUSED],
    "usage": RESPONSES_USAGE,
    "service_tier": "default",
    "incomplete_details": {"reason": "max_output_tokens"},
    "instructions": "Be kind.",
    "error": None,
}


def _typed(*events: tuple[str, dict[str, Any]]) -> bytes:
    out = b""
    for number, (kind, told) in enumerate(events):
        whole = {"type": kind, "sequence_number": number, **told}
        out += f"event: {kind}\ndata: {json.dumps(whole)}\n\n".encode()
    return out


def _item(index: int, item: dict[str, Any], *deltas: tuple[str, dict[str, Any]]) -> list[Any]:
    at = {"output_index": index, "item_id": "i"}
    return [
        ("response.output_item.added", {**at, "item": item | {"content": [], "summary": []}}),
        *((f"response.{kind}", {**at, **told}) for kind, told in deltas),
        ("response.output_item.done", {**at, "item": item}),
    ]


_FIRST = {"content_index": 0}
RESPONSES_STREAM = _typed(
    ("response.created", {"response": {**RESPONSE, "status": "in_progress", "output": []}}),
    ("response.in_progress", {"response": {"id": "resp_1"}}),
    *_item(
        0,
        _THOUGHT,
        ("reasoning_summary_part.added", {"summary_index": 0, "part": {}}),
        ("reasoning_summary_text.delta", {"summary_index": 0, "delta": "s"}),
        ("reasoning_summary_text.delta", {"summary_index": 1, "delta": "u"}),
        ("reasoning_text.delta", {**_FIRST, "delta": "t"}),
    ),
    *_item(
        1,
        _MESSAGE,
        ("content_part.added", {**_FIRST, "part": {"type": "output_text", "text": ""}}),
        ("output_text.delta", {**_FIRST, "delta": "a", "logprobs": []}),
        ("output_text.delta", {**_FIRST, "delta": "b", "logprobs": [_LOGPROB]}),
        ("output_text.annotation.added", {**_FIRST, "annotation": _PAGE, "annotation_index": 0}),
        ("output_text.done", {**_FIRST, "text": "ab"}),
        ("content_part.done", {**_FIRST, "part": _WORDS}),
    ),
    *_item(2, _SEARCH, ("web_search_call.searching", {})),
    *_item(
        3,
        _CALL,
        ("function_call_arguments.delta", {"delta": "{"}),
        ("function_call_arguments.done", {"arguments": "{}"}),
    ),
    *_item(4, _CUSTOM, ("custom_tool_call_input.done", {"input": "x"})),
    *_item(5, _REFUSED, ("refusal.delta", {**_FIRST, "delta": "no"})),
    ("response.completed", {"response": RESPONSE}),
)
RESPONSES_END = _typed(("response.incomplete", {"response": RESPONSE}))
RESPONSES_ERROR = _typed(
    ("response.created", {"response": {"id": "r"}}),
    ("response.failed", {"response": {"error": {"code": "server_error", "message": "m"}}}),
)

# --- messages ---

MESSAGES_USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 2,
    "cache_read_input_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 1},
    "output_tokens": 5,
    "service_tier": "standard",
    "server_tool_use": {"web_search_requests": 1},
    "iterations": [{"type": "message", "input_tokens": 1, "output_tokens": 1}],
}
_SOURCE = {
    "type": "web_search_result_location",
    "url": "https://a",
    "cited_text": "c",
    "title": "A",
}
_BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "t", "signature": "s"},
    {"type": "redacted_thinking", "data": "d"},
    {"type": "text", "text": "a", "citations": [_SOURCE]},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": 1}},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1, 2.50]}},
]
MESSAGES_WHOLE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": _BLOCKS,
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": {"type": "refusal", "explanation": "no"},
    "usage": MESSAGES_USAGE,
}
_DELTAS: list[list[tuple[str, dict[str, Any]]]] = [
    [("thinking", {"thinking": "t"}), ("signature", {"signature": "s"})],
    [],
    [("text", {"text": "a"}), ("citations", {"citation": _SOURCE}), ("text", {"text": "ь"})],
    [("input_json", {"partial_json": "{}"})],
    [],
    [("input_json", {"partial_json": '{"a"'}), ("input_json", {"partial_json": ":1}"})],
]
MESSAGES_EVENTS: list[dict[str, Any]] = [
    START,
    {"type": "ping"},
    *(
        one
        for index, (block, deltas) in enumerate(zip(_BLOCKS, _DELTAS, strict=True))
        for one in (
            start(index, **block),
            *(delta(index, kind, **told) for kind, told in deltas),
            stop(index),
        )
    ),
    ended("refusal", MESSAGES_USAGE, stop_details={"type": "refusal", "explanation": "no"}),
    STOP,
]
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
