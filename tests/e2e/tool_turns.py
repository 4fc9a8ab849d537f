"""A turn with two calls of a tool at once, and how each provider is sent it back."""

import json
from typing import Any

from fakes.openai_answers import ToolCall

CALLS = (
    ToolCall("weather", '{"city": "Oslo"}', "call_1"),
    ToolCall("weather", '{"city": "Bern"}', "call_2"),
)
RESULTS = [("call_1", "rain"), ("call_2", "sun")]


def results_sent(place: str, body: Any) -> list[tuple[str, str]]:
    """The results of tools in a provider's request, as its dialect spells them."""
    if place == "openai":
        tools = [one for one in body["messages"] if one["role"] == "tool"]
        return [(one["tool_call_id"], one["content"]) for one in tools]
    if place == "responses":
        kind = "function_call_output"
        items = [item for item in body["input"] if item.get("type") == kind]
        return [(item["call_id"], item["output"]) for item in items]
    if place in {"gemini", "vertex"}:
        parts = [part["functionResponse"] for part in body["contents"][-1]["parts"]]
        return [(part["id"], part["response"]["output"]) for part in parts]
    blocks = body["messages"][-1]["content"]
    if place == "converse":
        told = [block["toolResult"] for block in blocks]
        return [(one["toolUseId"], one["content"][0]["text"]) for one in told]
    return [(block["tool_use_id"], text_of(block["content"])) for block in blocks]


def text_of(content: Any) -> str:
    """The words of a result, in either of its forms."""
    return content if isinstance(content, str) else str(content[0]["text"])


def calls_sent(place: str, body: Any) -> list[tuple[str, str, Any]]:
    """The calls of tools in a provider's request: id, name, arguments."""
    if place == "openai":
        calls = next(one["tool_calls"] for one in body["messages"] if one.get("tool_calls"))
        told = [(one["id"], one["function"]) for one in calls]
        return [(name, one["name"], json.loads(one["arguments"])) for name, one in told]
    if place == "responses":
        items = [item for item in body["input"] if item.get("type") == "function_call"]
        return [(one["call_id"], one["name"], json.loads(one["arguments"])) for one in items]
    if place in {"gemini", "vertex"}:
        parts = body["contents"][-2]["parts"]
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        return [(one["id"], one["name"], one["args"]) for one in calls]
    blocks = body["messages"][-2]["content"]
    if place == "converse":
        calls = [block["toolUse"] for block in blocks if "toolUse" in block]
        return [(one["toolUseId"], one["name"], one["input"]) for one in calls]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    return [(one["id"], one["name"], one["input"]) for one in calls]
