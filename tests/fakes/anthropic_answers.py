"""Sound answers in Anthropic's wire format, made from the request they answer.

Thinking is told only where ``thinking`` asks for it.

Reference: docs.claude.com/en/api/messages and …/messages-streaming.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.answers import Answer, Shape, Stream, json_answer
from fakes.http_server import Call, Step
from fakes.openai_answers import ToolCall, split

USAGE: Mapping[str, Any] = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 5,
    "service_tier": "standard",
    "inference_geo": "not_available",
}
_IN_THE_END = frozenset(
    {
        *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
        *("output_tokens", "output_tokens_details", "server_tool_use"),
    }
)
"""What the last event of a stream tells of the usage."""
_THOUGHTS = {"output_tokens_details": {"thinking_tokens": 3}}
SIGNATURE = "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, whole or streamed as the request asks."""

    text: str | None = "Hello there, how can I help?"
    words: int = 5
    """In how many events the text is streamed."""
    tools: Sequence[ToolCall] = ()
    thinking: str | None = None
    signature: str = SIGNATURE
    usage: Mapping[str, Any] | None = None
    """None: the usual one, with thinking tokens where there is thinking."""
    stop_reason: str | None = None
    """None: ``tool_use`` with tools, else ``end_turn``."""
    stop_sequence: str | None = None
    shape: Shape = field(default_factory=Shape)
    headers: Sequence[tuple[str, str]] = (("request-id", "req_upstream"),)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        said = self if _thinks(call) else replace(self, thinking=None)
        if call.json.get("stream") or "streamRawPredict" in call.path:
            return Stream(said.frames(_model(call)), replace(self.shape, done=0))(call)
        return json_answer(said.whole(_model(call)), headers=self.headers)(call)

    def whole(self, model: str) -> dict[str, Any]:
        """The JSON answer."""
        return {
            "model": model,
            "id": "msg_01upstream",
            "type": "message",
            "role": "assistant",
            "content": self._blocks(),
            "stop_reason": self._stop(),
            "stop_sequence": self.stop_sequence,
            "stop_details": None,
            "usage": self._usage(),
        }

    def frames(self, model: str) -> list[bytes]:
        """The streamed answer."""
        return [
            f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            for event in self.events(model)
        ]

    def events(self, model: str) -> list[dict[str, Any]]:
        """Its events."""
        used = self._usage()
        usage = {name: used[name] for name in used if name not in _THOUGHTS} | {"output_tokens": 1}
        started = self.whole(model) | {"content": [], "stop_reason": None, "usage": usage}
        made: list[dict[str, Any]] = [{"type": "message_start", "message": started}]
        made.append({"type": "ping"})
        for index, block in enumerate(self._blocks()):
            made += self._of_block(index, block)
        delta = {"stop_reason": self._stop(), "stop_sequence": self.stop_sequence}
        delta["stop_details"] = None
        counted = {name: used[name] for name in used if name in _IN_THE_END}
        made.append({"type": "message_delta", "delta": delta, "usage": counted})
        made.append({"type": "message_stop"})
        return made

    def _of_block(self, index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
        empty = {"text": "", "thinking": "", "signature": "", "input": {}}
        first = {name: empty.get(name, value) for name, value in block.items()}
        yield {"type": "content_block_start", "index": index, "content_block": first}
        for delta in self._deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}

    def _deltas(self, block: dict[str, Any]) -> list[dict[str, Any]]:
        match block["type"]:
            case "text":
                pieces = split(block["text"], self.words)
                return [{"type": "text_delta", "text": piece} for piece in pieces]
            case "thinking":
                return [
                    {"type": "thinking_delta", "thinking": block["thinking"]},
                    {"type": "signature_delta", "signature": block["signature"]},
                ]
            case _:
                pieces = ["", *split(json.dumps(block["input"]), 2)]
                return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]

    def _blocks(self) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        if self.thinking is not None:
            thought = {"thinking": self.thinking, "signature": self.signature}
            blocks.append({"type": "thinking", **thought})
        if self.text is not None:
            blocks.append({"type": "text", "text": self.text})
        for tool in self.tools:
            given = {"id": tool.id, "name": tool.name, "input": json.loads(tool.arguments)}
            blocks.append({"type": "tool_use", **given})
        return blocks

    def _usage(self) -> dict[str, Any]:
        if self.usage is not None:
            return dict(self.usage)
        return {**USAGE, **(_THOUGHTS if self.thinking is not None else {})}

    def _stop(self) -> str:
        return self.stop_reason or ("tool_use" if self.tools else "end_turn")


def _thinks(call: Call) -> bool:
    return (call.json.get("thinking") or {}).get("type") in {"enabled", "adaptive"}


def _model(call: Call) -> str:
    return str(call.json.get("model", "claude"))


def error(status: int, kind: str, message: str = "the provider says no") -> Answer:
    """An error in Anthropic's shape."""
    told = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_x"}
    return json_answer(told, status, (("request-id", "req_x"),))


def counted(tokens: int) -> Answer:
    """The answer to a count."""
    return json_answer({"input_tokens": tokens})
