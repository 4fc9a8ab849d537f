"""Answers of OpenAI's responses API made of output items: thoughts, messages and calls.

Reference: platform.openai.com/docs/api-reference/responses-streaming.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.answers import Shape, Stream, json_answer, typed
from fakes.http_server import Call, Step
from fakes.openai_answers import CREATED, split

Item = dict[str, Any]

CIPHER = "gAAAAABpThoughtsInCipher=="
USAGE: Mapping[str, Any] = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 17,
}


def message(text: str, item_id: str = "msg_1") -> Item:
    """A message."""
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item = {"id": item_id, "type": "message", "status": "completed", "role": "assistant"}
    return item | {"content": [part]}


def thought(summary: str, item_id: str = "rs_1") -> Item:
    """A summary of thoughts, and they themselves in cipher."""
    told = [{"type": "summary_text", "text": summary}]
    return {"id": item_id, "type": "reasoning", "encrypted_content": CIPHER, "summary": told}


def call(call_id: str, name: str, arguments: str = "{}") -> Item:
    """A function call."""
    item = {"id": f"fc_{call_id}", "type": "function_call", "status": "completed"}
    return item | {"arguments": arguments, "call_id": call_id, "name": name}


@dataclass(frozen=True, slots=True)
class Items:
    """A response of these items, whole or streamed as the request asks."""

    items: Sequence[Item] = (message("Hello there, how can I help?"),)
    pieces: int = 2
    """In how many deltas each text is streamed."""
    usage: Mapping[str, Any] = field(default_factory=lambda: dict(USAGE))
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        if not call.json.get("stream"):
            return json_answer(self._response(call, "completed"))(call)
        done = 0 if self.shape.done is None else self.shape.done
        return Stream(self._frames(call), replace(self.shape, done=done))(call)

    def _response(self, call: Call, status: str) -> dict[str, Any]:
        over = status == "completed"
        return {
            "id": "resp_fake",
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": call.model,
            "output": list(self.items) if over else [],
            "service_tier": "default",
            "usage": self.usage if over else None,
        }

    def _frames(self, call: Call) -> list[bytes]:
        started = {"response": self._response(call, "in_progress")}
        plan = [("response.created", started), ("response.in_progress", started)]
        for index, item in enumerate(self.items):
            plan += self._of_item(index, item)
        plan.append(("response.completed", {"response": self._response(call, "completed")}))
        return [
            typed(name, {"type": name, "sequence_number": number, **data})
            for number, (name, data) in enumerate(plan)
        ]

    def _of_item(self, index: int, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        where = {"output_index": index}
        begun = {"content": [], "summary": [], "arguments": "", "status": "in_progress"}
        first = {name: begun.get(name, value) for name, value in item.items()}
        yield "response.output_item.added", where | {"item": first}
        where |= {"item_id": item["id"]}
        match item["type"]:
            case "message":
                yield from self._of_part(where, "content", "output_text", item["content"])
            case "reasoning":
                summary = item["summary"]
                yield from self._of_part(
                    where, "reasoning_summary", "reasoning_summary_text", summary
                )
            case _:
                name = "response.function_call_arguments"
                for piece in split(item["arguments"], self.pieces):
                    yield f"{name}.delta", where | {"delta": piece}
                yield f"{name}.done", where | {"arguments": item["arguments"]}
        yield "response.output_item.done", {"output_index": index, "item": item}

    def _of_part(
        self, where: dict[str, Any], part: str, text: str, told: Sequence[Item]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        number = "summary_index" if part == "reasoning_summary" else "content_index"
        for place, one in enumerate(told):
            at = where | {number: place}
            yield f"response.{part}_part.added", at | {"part": one | {"text": ""}}
            for piece in split(one["text"], self.pieces):
                yield f"response.{text}.delta", at | {"delta": piece}
            yield f"response.{text}.done", at | {"text": one["text"]}
            yield f"response.{part}_part.done", at | {"part": one}
