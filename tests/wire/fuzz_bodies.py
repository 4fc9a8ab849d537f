"""What clients can ask, as full as it gets: about every field that the readers know."""

from typing import Any

from tollhouse.core.dialect import Dialect

_PIXEL = "iVBORw0KGgo="
SCHEMA: dict[str, Any] = {
    "type": ["object", "null"],
    "title": "T",
    "$defs": {"n": {"anyOf": [{"$ref": "#/$defs/n"}, {"const": 1}]}},
    "properties": {
        "a": {"type": "array", "items": {"$ref": "#/$defs/n"}, "minItems": 1, "prefixItems": [{}]},
        "b": {"oneOf": [{"type": "string", "format": "uri"}, {"enum": ["x", None]}]},
        "c": {"allOf": [{"type": "integer", "exclusiveMinimum": 0}, {"multipleOf": 2}]},
    },
    "required": ["a", "z"],
    "additionalProperties": {"type": "string", "nullable": True},
}
_DATA_URL = f"data:image/png;base64,{_PIXEL}"

# --- What clients ask ---

_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
_CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}], "name": "d"},
        {
            "role": "user",
            "name": "u",
            "content": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                {"type": "image_url", "image_url": {"url": _DATA_URL, "detail": "high"}},
                {"type": "image_url", "image_url": {"url": "https://a.b/c.jpg"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
                {"type": "file", "file": {"file_id": "f1", "filename": "a.pdf"}},
                {"type": "video_url", "video_url": {"url": "gs://a/b.mp4"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "refusal", "refusal": "no"}, {"type": "text", "text": "so"}],
            "reasoning_content": "hm",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "t",
                    "signature": "s",
                    "format": "anthropic-claude-v1",
                },
                {
                    "type": "reasoning.encrypted",
                    "data": "d",
                    "format": "openai-responses-v1",
                    "id": "r",
                },
                {
                    "type": "reasoning.encrypted",
                    "data": "d",
                    "format": "google-gemini-v1",
                    "id": "c1",
                },
                {
                    "type": "reasoning.summary",
                    "summary": "s",
                    "format": "amazon-nova-v1",
                    "index": 0,
                },
            ],
            "tool_calls": [
                {**_CALL, "extra_content": {"google": {"thought_signature": "sig"}}},
                {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "free"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "r"}]},
        {"role": "tool", "tool_call_id": "c2", "content": "r"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "r"},
        {
            "role": "assistant",
            "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}],
        },
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True},
        },
        {"type": "custom", "custom": {"name": "g", "format": {"type": "text"}}},
        {"type": "web_search_preview"},
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "n", "description": "d", "schema": SCHEMA, "strict": True},
    },
    "reasoning": {"effort": "high", "max_tokens": 2000, "enabled": True, "exclude": False},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "reasoning_effort": "low",
    "max_completion_tokens": 4000,
    "max_tokens": 300,
    "stop": ["a", "b"],
    "n": 1,
    "stream": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.30,
    "top_p": 1e-1,
    "top_k": 40,
    "seed": 7,
    "presence_penalty": 0.1,
    "frequency_penalty": -0.1,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 3,
    "verbosity": "low",
    "service_tier": "flex",
    "user": "u",
    "metadata": {"a": "b"},
    "prompt_cache_key": "k",
    "store": False,
    "modalities": ["text"],
    "prediction": {"type": "content", "content": "x"},
}
_ITEM = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"}
_RESPONSES: dict[str, Any] = {
    "model": "m",
    "instructions": "Be kind.",
    "input": [
        {"role": "developer", "content": [{"type": "input_text", "text": "d"}]},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": _DATA_URL, "detail": "auto"},
                {"type": "input_image", "file_id": "file_1"},
                {
                    "type": "input_file",
                    "file_data": "data:application/pdf;base64,AAAA",
                    "filename": "a.pdf",
                },
                {"type": "input_file", "file_url": "https://a.b/c.pdf"},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "s"}],
            "content": [{"type": "reasoning_text", "text": "t"}],
            "encrypted_content": "tollhouse:anthropic:signature:s",
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "tollhouse:google:call:c1:sig"},
        _ITEM,
        {
            "type": "function_call_output",
            "call_id": "c1",
            "output": [{"type": "input_text", "text": "r"}],
        },
        {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "free"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "r"},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [
                {
                    "type": "output_text",
                    "text": "so",
                    "annotations": [{"type": "url_citation", "url": "https://a", "title": "A"}],
                },
                {"type": "refusal", "refusal": "no"},
            ],
        },
        {"type": "additional_tools", "tools": [{"type": "function", "name": "h"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": SCHEMA,
            "strict": False,
        },
        {"type": "custom", "name": "g", "format": {"type": "grammar"}},
        {"type": "web_search"},
        {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "i"}]},
    ],
    "tool_choice": {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "f"}],
    },
    "parallel_tool_calls": True,
    "text": {
        "format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True},
        "verbosity": "high",
    },
    "reasoning": {"effort": "minimal", "summary": "auto"},
    "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    "max_output_tokens": 4000,
    "top_logprobs": 2,
    "temperature": 0.2,
    "top_p": 0.9,
    "metadata": {"user_id": "u"},
    "service_tier": "auto",
    "store": False,
    "stream": True,
    "truncation": "disabled",
    "background": False,
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "max_tool_calls": 3,
}
_CACHED = {"type": "ephemeral", "ttl": "5m"}
_PDF = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
_MESSAGES: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 4000,
    "system": [{"type": "text", "text": "Be kind.", "cache_control": _CACHED}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a", "cache_control": _CACHED},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": _PIXEL},
                },
                {"type": "image", "source": {"type": "url", "url": "https://a.b/c.png"}},
                {"type": "document", "source": _PDF, "title": "t", "citations": {"enabled": True}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                },
                {
                    "type": "document",
                    "source": {"type": "content", "content": [{"type": "text", "text": "c"}]},
                    "context": "x",
                },
                {"type": "document", "source": {"type": "file", "file_id": "f1"}},
                {
                    "type": "search_result",
                    "source": "https://a",
                    "title": "t",
                    "content": [{"type": "text", "text": "s"}],
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "tollhouse:openai:signature:s"},
                {"type": "redacted_thinking", "data": "tollhouse:google:call:t1:sig"},
                {
                    "type": "text",
                    "text": "so",
                    "citations": [
                        {
                            "type": "web_search_result_location",
                            "url": "https://a",
                            "title": "A",
                            "cited_text": "c",
                            "encrypted_index": "tollhouse:foreign",
                        }
                    ],
                },
                {
                    "type": "tool_use",
                    "id": "t1",
                    "name": "f",
                    "input": {"a": 1},
                    "cache_control": _CACHED,
                },
                {"type": "server_tool_use", "id": "st1", "name": "web_search", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "is_error": True,
                    "content": [
                        {"type": "text", "text": "r"},
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
                        },
                    ],
                }
            ],
        },
        {"role": "system", "content": "more"},
        {"role": "assistant", "content": "and"},
    ],
    "tools": [
        {
            "name": "f",
            "description": "d",
            "input_schema": SCHEMA,
            "strict": True,
            "cache_control": _CACHED,
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
        {"type": "custom", "name": "g", "input_schema": {"type": "object"}},
    ],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "summarized"},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}},
    "stop_sequences": ["a"],
    "stream": True,
    "temperature": 1.0,
    "top_p": 0.95,
    "top_k": 5,
    "metadata": {"user_id": "u"},
    "service_tier": "auto",
    "container": None,
    "context_management": {"edits": []},
}
_NAMED = {"type": "function", "function": {"name": "f"}}
_LOOK = [
    {"type": "image_url", "image_url": {"url": "https://youtu.be/x"}},
    {"type": "video_url", "video_url": {"url": "s3://a/b.mp4"}},
    {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk=", "filename": "a.txt"}},
    {"type": "file", "file": {"file_data": "gs://a/b.pdf"}},
    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "aac"}},
]
MORE: dict[Dialect, list[dict[str, Any]]] = {
    Dialect.CHAT: [
        {"functions": [{"name": "f", "parameters": SCHEMA}], "function_call": {"name": "f"}},
        {
            "tools": [_NAMED],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [_NAMED]},
            },
        },
        *({"messages": [{"role": "user", "content": [one]}]} for one in _LOOK),
        {"response_format": {"type": "json_object"}, "reasoning_effort": "none"},
        {"messages": [{"role": "user", "content": "a"}], "modalities": ["text", "audio"]},
    ],
    Dialect.RESPONSES: [
        {"input": [{"type": "item_reference", "id": "rs_tollhouse_1"}]},
        {"previous_response_id": "resp_1", "input": "a"},
        {"input": "a", "text": {"format": {"type": "json_object"}}, "tool_choice": "none"},
        {
            "input": [
                {"role": "user", "content": [{"type": "input_file", "file_url": "s3://a/b.pdf"}]}
            ]
        },
    ],
    Dialect.MESSAGES: [
        {"thinking": {"type": "adaptive"}, "tool_choice": {"type": "any"}},
        {"thinking": {"type": "disabled"}, "tool_choice": {"type": "none"}},
        {"thread": {"id": "t"}},
        {"output_format": {"type": "json_schema", "schema": SCHEMA}},
    ],
}
"""What cannot be asked together with all else."""
FULL = {Dialect.CHAT: _CHAT, Dialect.RESPONSES: _RESPONSES, Dialect.MESSAGES: _MESSAGES}

SCHEMAS: tuple[dict[str, Any], ...] = (
    SCHEMA,
    {
        "type": "object",
        "allOf": [
            {"$ref": "#/definitions/a"},
            {"properties": {"x": {"type": ["integer", "string"], "enum": [1, "a", None]}}},
            {"allOf": [{"required": ["x"]}], "title": "t"},
        ],
        "definitions": {
            "a": {"properties": {"l": {"$ref": "#/definitions/a"}, "r": {"$ref": "#"}}},
            "b~0/c": {"anyOf": [{"$ref": "#/allOf/1"}, {"$ref": "#/definitions/b~00~1c"}, True]},
        },
        "items": {"$ref": "#/definitions/b~00~1c", "description": "d"},
    },
    {
        "properties": {
            "a": {"type": "number", "exclusiveMaximum": 9, "maximum": 5, "default": 1.50},
            "b": {"const": {"a": 1}, "format": "uuid", "pattern": "^a", "description": "d"},
            "c": {"enum": [True, False]},
            "d": {"enum": [1, 2.5]},
            "e": {"type": "array", "items": [{"type": "string"}, False], "contains": {}},
            "f": {"oneOf": [{"const": None}, {"const": "x"}, {"const": True}], "nullable": True},
            "g": {"type": ["object"], "patternProperties": {"^a": {}}, "propertyOrdering": ["a"]},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    },
)
"""What is asked of arguments and of answers: about every keyword."""
