"""A bare client of each dialect: what it asks, and what it makes of what it is told.

Nothing here is forgiving: an end is only what the dialect's reference calls the end of an answer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from e2e.stage import assert_shape, chunks, data_lines, error_of
from fakes.gateway import RunningGateway

DIALECTS = ("chat", "responses", "messages")
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
SYSTEM, HELLO = "Be kind.", "Hello"
_ENDS = {
    "responses": frozenset({"response.completed", "response.incomplete"}),
    "messages": frozenset({"message_stop"}),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as its client understands it."""

    answer: httpx.Response
    text: str
    ended: bool
    """Whether it was told to be complete."""
    error: dict[str, Any] | None
    usage: dict[str, Any] | None

    @property
    def status(self) -> int:
        """HTTP's."""
        return self.answer.status_code

    def header(self, name: str) -> str | None:
        """One of ours."""
        value: str | None = self.answer.headers.get(f"x-tollhouse-{name}")
        return value


def asked(dialect: str, model: str, turns: Sequence[Any] | None = None, **fields: Any) -> Any:
    """A request with instructions and one turn, or with these; ``fields`` are added."""
    user = {"role": "user", "content": HELLO}
    told: dict[str, Any]
    if dialect == "chat":
        system = {"role": "system", "content": SYSTEM}
        told = {"messages": [system, *(turns or [user])], "max_tokens": 50}
    elif dialect == "responses":
        told = {"instructions": SYSTEM, "input": [*(turns or [user])], "max_output_tokens": 50}
    else:
        told = {"system": SYSTEM, "messages": [*(turns or [user])], "max_tokens": 50}
    return {"model": model, **told, **fields}


def thinking(dialect: str) -> dict[str, Any]:
    """What asks for thoughts, and for what is needed to send them back."""
    if dialect == "chat":
        return {"reasoning_effort": "low", "max_tokens": 2048}
    if dialect == "responses":
        kept = {"include": ["reasoning.encrypted_content"], "max_output_tokens": 2048}
        return {"reasoning": {"effort": "low"}, **kept}
    return {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}


async def ask(
    gw: RunningGateway,
    dialect: str,
    model: str,
    turns: Sequence[Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Heard:
    """Ask, and read the answer to its end."""
    body = asked(dialect, model, turns, **fields)
    answer = await gw.client.post(PATHS[dialect], json=body, headers=headers)
    return heard(dialect, answer)


def heard(dialect: str, answer: httpx.Response) -> Heard:
    """What a client of the dialect makes of an answer, whole or streamed."""
    if answer.status_code != httpx.codes.OK:
        return Heard(answer, "", ended=False, error=error_of(answer), usage=None)
    if not answer.headers["content-type"].startswith("text/event-stream"):
        body = answer.json()
        return Heard(answer, _text(dialect, body), ended=True, error=None, usage=body["usage"])
    return _streamed(dialect, answer)


def _text(dialect: str, body: Any) -> str:
    if dialect == "chat":
        return body["choices"][0]["message"]["content"] or ""
    if dialect == "messages":
        return "".join(block.get("text", "") for block in body["content"])
    items = [item for item in body["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in items for part in item["content"])


def _streamed(dialect: str, answer: httpx.Response) -> Heard:
    events = chunks(answer)
    errors = [event for event in events if event.get("error")]
    assert not errors or events[-1] is errors[-1], "something follows the error"
    error = None
    if errors:
        error = {"param": None, "request_id": errors[0].get("request_id"), **errors[0]["error"]}
        assert_shape(error)
    if dialect == "chat":
        assert not (errors and "[DONE]" in data_lines(answer)), "an end follows the error"
        ended = "[DONE]" in data_lines(answer)
    else:
        ended = any(event["type"] in _ENDS[dialect] for event in events)
        _assert_typed(answer)
    return Heard(answer, _said(dialect, events), ended, error, _usage(dialect, events))


def _assert_typed(answer: httpx.Response) -> None:
    """Events have names, and these are their types."""
    frames = [frame for frame in answer.text.split("\n\n") if frame and frame[0] != ":"]
    for frame in frames:
        name, data = frame.split("\n", 1)
        assert name == f"event: {json.loads(data.removeprefix('data: '))['type']}"


def _said(dialect: str, events: Sequence[Any]) -> str:
    if dialect == "chat":
        choices = [choice for event in events for choice in event.get("choices") or ()]
        return "".join(choice["delta"].get("content") or "" for choice in choices)
    if dialect == "messages":
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        return "".join(delta.get("text", "") for delta in deltas)
    kind = "response.output_text.delta"
    return "".join(event["delta"] for event in events if event["type"] == kind)


def _usage(dialect: str, events: Sequence[Any]) -> dict[str, Any] | None:
    if dialect == "responses":
        told = [event["response"].get("usage") for event in events if "response" in event]
    elif dialect == "messages":
        told = [event["usage"] for event in events if event["type"] == "message_delta"]
    else:
        told = [event.get("usage") for event in events]
    found: list[dict[str, Any]] = [usage for usage in told if usage]
    return found[-1] if found else None


def repeated(dialect: str, answer: httpx.Response, results: Mapping[str, str]) -> list[Any]:
    """The turns up to now: what was asked, a whole answer as it came, and what tools gave."""
    body = answer.json()
    user = {"role": "user", "content": HELLO}
    if dialect == "chat":
        given = [
            {"role": "tool", "tool_call_id": call, "content": text}
            for call, text in results.items()
        ]
        return [user, body["choices"][0]["message"], *given]
    if dialect == "responses":
        kind = "function_call_output"
        outputs = [
            {"type": kind, "call_id": call, "output": text} for call, text in results.items()
        ]
        return [user, *body["output"], *outputs]
    blocks = [
        {"type": "tool_result", "tool_use_id": call, "content": text}
        for call, text in results.items()
    ]
    said = {"role": "assistant", "content": body["content"]}
    return [user, said, {"role": "user", "content": blocks}]


def tool(dialect: str, name: str = "weather") -> dict[str, Any]:
    """A function of the client's, as the dialect declares it."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    told = {"name": name, "description": "The weather of a city."}
    if dialect == "chat":
        return {"type": "function", "function": {**told, "parameters": schema}}
    if dialect == "responses":
        return {"type": "function", **told, "parameters": schema}
    return {**told, "input_schema": schema}


def calls_of(dialect: str, answer: httpx.Response, *, stream: bool) -> tuple[str, list[Any]]:
    """Why an answer ended, and its calls."""
    if dialect == "responses":
        told = chunks(answer)[-1]["response"] if stream else answer.json()
        items = [item for item in told["output"] if item["type"] == "function_call"]
        calls = [(one["call_id"], one["name"], json.loads(one["arguments"])) for one in items]
        return told["status"], calls
    if dialect == "chat":
        return _chat_calls(answer, stream=stream)
    if not stream:
        body = answer.json()
        blocks = [block for block in body["content"] if block["type"] == "tool_use"]
        return body["stop_reason"], [(one["id"], one["name"], one["input"]) for one in blocks]
    events = chunks(answer)
    (last,) = [event for event in events if event["type"] == "message_delta"]
    begun: dict[int, tuple[Any, list[str]]] = {
        event["index"]: (event["content_block"], [])
        for event in events
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use"
    }
    for event in events:
        if event["type"] == "content_block_delta" and event["index"] in begun:
            begun[event["index"]][1].append(event["delta"]["partial_json"])
    calls = [
        (block["id"], block["name"], json.loads("".join(words))) for block, words in begun.values()
    ]
    return last["delta"]["stop_reason"], calls


def _chat_calls(answer: httpx.Response, *, stream: bool) -> tuple[str, list[Any]]:
    if not stream:
        choice = answer.json()["choices"][0]
        told = choice["message"]["tool_calls"]
        functions = [(one["id"], one["function"]) for one in told]
        calls = [(name, one["name"], json.loads(one["arguments"])) for name, one in functions]
        return choice["finish_reason"], calls
    choices = [choice for event in chunks(answer) for choice in event["choices"]]
    (stop,) = [one["finish_reason"] for one in choices if one["finish_reason"]]
    pieces = [call for one in choices for call in one["delta"].get("tool_calls") or ()]
    found: dict[int, tuple[str, str, list[str]]] = {}
    for piece in pieces:
        if piece.get("id"):
            found[piece["index"]] = (piece["id"], piece["function"]["name"], [])
        found[piece["index"]][2].append(piece["function"]["arguments"])
    assert list(found) == list(range(len(found)))
    made = [(name, kind, json.loads("".join(words))) for name, kind, words in found.values()]
    return stop, made
