"""OpenAI's response object: what stands around the output, most of it what was asked.

Fields and defaults are those that gpt-5.1 had in the summer of 2026.
Reference: platform.openai.com/docs/api-reference/responses/object.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.http_server import Call
from fakes.openai_answers import CREATED

USAGE: Mapping[str, Any] = {
    "input_tokens": 12,
    "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 17,
}
_SECONDS = 2
"""From the creation of an answer to its end."""
_BEGUN = frozenset({"queued", "in_progress"})
_ECHOED = frozenset(
    {
        *("background", "instructions", "max_output_tokens", "max_tool_calls", "metadata"),
        *("parallel_tool_calls", "previous_response_id", "prompt_cache_key"),
        *("prompt_cache_retention", "safety_identifier", "store", "temperature", "tool_choice"),
        *("top_logprobs", "top_p", "truncation", "user"),
    }
)
"""What is told as it was asked; null asks for the default."""
_DRAWN = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}


def response_object(
    call: Call, status: str, output: Sequence[Mapping[str, Any]], usage: Any
) -> dict[str, Any]:
    """The response to a call as it stands at a status."""
    asked, begun = call.json, status in _BEGUN
    failed, cut = status == "failed", status == "incomplete"
    tier = asked.get("service_tier") or "auto"
    told: dict[str, Any] = {
        "id": "resp_fake",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": False,
        "completed_at": CREATED + _SECONDS if status == "completed" else None,
        "error": {"code": "server_error", "message": "it broke"} if failed else None,
        "frequency_penalty": 0.0,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        **dict.fromkeys(("instructions", "max_output_tokens", "max_tool_calls")),
        "model": call.model,
        "moderation": None,
        "output": list(output),
        "parallel_tool_calls": True,
        "presence_penalty": 0.0,
        **dict.fromkeys(("previous_response_id", "prompt_cache_key")),
        "prompt_cache_retention": "in_memory",
        "reasoning": _reasoning(asked.get("reasoning") or {}),
        "safety_identifier": None,
        "service_tier": tier if begun or tier != "auto" else "default",
        "store": True,
        "temperature": 1.0,
        "text": _text(asked.get("text") or {}),
        "tool_choice": "auto",
        "tool_usage": {"image_gen": _DRAWN, "web_search": {"num_requests": 0}},
        "tools": [_tool(tool) for tool in asked.get("tools") or ()],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if begun else usage,
        "user": None,
        "metadata": {},
    }
    told |= {name: asked[name] for name in told if name in _ECHOED and asked.get(name) is not None}
    return told if asked.get("stream") else {**told, "billing": {"payer": "developer"}}


def _reasoning(asked: Mapping[str, Any]) -> dict[str, Any]:
    """``auto`` is told as what it came to."""
    summary = asked.get("summary")
    return {
        "context": asked.get("context") or "current_turn",
        "effort": asked.get("effort") or "none",
        "mode": "standard",
        "summary": "detailed" if summary == "auto" else summary,
    }


def _text(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A schema is strict unless it was asked not to be."""
    given = asked.get("format") or {"type": "text"}
    if given["type"] == "json_schema":
        given = {
            "type": "json_schema",
            "description": given.get("description"),
            "name": given["name"],
            "schema": given["schema"],
            "strict": _strict(given),
        }
    return {"format": given, "verbosity": asked.get("verbosity") or "medium"}


def _tool(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A function is strict unless it was asked not to be; an empty description is none."""
    if asked["type"] != "function":
        return asked
    return {
        "type": "function",
        "description": asked.get("description") or None,
        "name": asked["name"],
        "output_schema": None,
        "parameters": asked.get("parameters"),
        "strict": _strict(asked),
    }


def _strict(asked: Mapping[str, Any]) -> bool:
    return asked.get("strict") is not False
