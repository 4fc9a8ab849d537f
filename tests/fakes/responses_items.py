"""A response of several items: thoughts, words and calls, whole or as their typed events.

Reference: platform.openai.com/docs/api-reference/responses-streaming.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.answers import Shape, Stream, json_answer, typed
from fakes.http_server import Call, Step
from fakes.openai_answers import CREATED, ToolCall, split
from fakes.responses_answers import USAGE

CIPHER = "gAAAAABpfakeCipherOfThoughts=="
_Plan = Iterator[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Items:
    """A response with what is given, in the order in which models give it."""

    text: str | None = "Hello there, how can I help?"
    thought: str | None = None
    """The summary of the thoughts; their cipher is ``CIPHER``."""
    calls: Sequence[ToolCall] = ()
    words: int = 5
    usage: Mapping[str, Any] = field(default_factory=lambda: dict(USAGE))
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        if not call.json.get("stream"):
            return json_answer(self._response(call, "completed", self.items()))(call)
        frames = [
            typed(name, {"type": name, "sequence_number": number, **data})
            for number, (name, data) in enumerate(self._plan(call))
        ]
        return Stream(frames, replace(self.shape, done=0))(call)

    def items(self) -> list[dict[str, Any]]:
        """The output."""
        made: list[dict[str, Any]] = []
        if self.thought is not None:
            summary = [{"type": "summary_text", "text": self.thought}]
            thought = {"id": "rs_fake", "type": "reasoning", "summary": summary}
            made.append(thought | {"encrypted_content": CIPHER})
        if self.text is not None:
            part = {"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}
            message = {"id": "msg_fake", "type": "message", "status": "completed"}
            made.append(message | {"role": "assistant", "content": [part]})
        for call in self.calls:
            told = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
            made.append({"id": f"fc_{call.id}", "type": "function_call", **told})
            made[-1]["status"] = "completed"
        return made

    def _response(self, call: Call, status: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": "resp_fake",
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": call.json.get("instructions"),
            "model": call.model,
            "output": items,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": call.json.get("tools", []),
            "usage": self.usage if status == "completed" else None,
        }

    def _plan(self, call: Call) -> _Plan:
        items = self.items()
        begun = self._response(call, "in_progress", [])
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for index, item in enumerate(items):
            empty = {"summary": [], "content": [], "arguments": "", "encrypted_content": ""}
            first = {name: empty.get(name, value) for name, value in item.items()}
            yield "response.output_item.added", {"output_index": index, "item": first}
            for name, data in self._inside(item):
                yield name, {"item_id": item["id"], "output_index": index, **data}
            yield "response.output_item.done", {"output_index": index, "item": item}
        yield "response.completed", {"response": self._response(call, "completed", items)}

    def _inside(self, item: Mapping[str, Any]) -> _Plan:
        if item["type"] == "function_call":
            kind = "response.function_call_arguments"
            for piece in split(item["arguments"], 2):
                yield f"{kind}.delta", {"delta": piece}
            yield f"{kind}.done", {"arguments": item["arguments"]}
            return
        thinks = item["type"] == "reasoning"
        kind = "response.reasoning_summary_part" if thinks else "response.content_part"
        words = "response.reasoning_summary_text" if thinks else "response.output_text"
        where = {"summary_index": 0} if thinks else {"content_index": 0}
        part = item["summary" if thinks else "content"][0]
        yield f"{kind}.added", {**where, "part": part | {"text": ""}}
        for piece in split(part["text"], self.words):
            yield f"{words}.delta", {**where, "delta": piece}
        yield f"{words}.done", {**where, "text": part["text"]}
        yield f"{kind}.done", {**where, "part": part}
