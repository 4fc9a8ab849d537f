"""Sound answers of OpenAI's responses API, whole and as its typed events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.answers import Shape, Stream, json_answer, typed
from fakes.http_server import Call, Step
from fakes.openai_answers import CREATED, split

USAGE: Mapping[str, Any] = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 17,
}


@dataclass(frozen=True, slots=True)
class Responses:
    """A response, whole or streamed as the request asks; ``outcome`` is its last status."""

    text: str = "Hello there, how can I help?"
    words: int = 5
    usage: Any = field(default_factory=lambda: dict(USAGE))
    outcome: str = "completed"
    """``completed``, ``incomplete`` or ``failed``."""
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        if not call.json.get("stream"):
            return json_answer(self._response(call, self.outcome))(call)
        done = 0 if self.shape.done is None else self.shape.done
        return Stream(self._events(call), replace(self.shape, done=done))(call)

    def _response(self, call: Call, status: str) -> dict[str, Any]:
        over = status not in {"in_progress", "queued"}
        part = {"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}
        item = {"id": "msg_fake", "type": "message", "status": status, "role": "assistant"}
        error = {"code": "server_error", "message": "it broke"} if status == "failed" else None
        return {
            "id": "resp_fake",
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "error": error,
            "incomplete_details": {"reason": "max_output_tokens"}
            if status == "incomplete"
            else None,
            "instructions": call.json.get("instructions"),
            "model": call.model,
            "output": [item | {"content": [part]}] if over and status != "failed" else [],
            "parallel_tool_calls": True,
            "usage": self.usage if over else None,
        }

    def _events(self, call: Call) -> list[bytes]:
        where = {"item_id": "msg_fake", "output_index": 0, "content_index": 0}
        item = {"id": "msg_fake", "type": "message", "status": "in_progress", "role": "assistant"}
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        full = part | {"text": self.text}
        done = item | {"status": "completed", "content": [full]}
        started = self._response(call, "in_progress")
        plan: list[tuple[str, dict[str, Any]]] = [
            ("response.created", {"response": started}),
            ("response.in_progress", {"response": started}),
            ("response.output_item.added", {"output_index": 0, "item": item | {"content": []}}),
            ("response.content_part.added", where | {"part": part}),
            *(
                ("response.output_text.delta", where | {"delta": piece, "logprobs": []})
                for piece in split(self.text, self.words)
            ),
            ("response.output_text.done", where | {"text": self.text, "logprobs": []}),
            ("response.content_part.done", where | {"part": full}),
            ("response.output_item.done", {"output_index": 0, "item": done}),
            (f"response.{self.outcome}", {"response": self._response(call, self.outcome)}),
        ]
        return [
            typed(name, {"type": name, "sequence_number": number, **data}, self.shape.newline)
            for number, (name, data) in enumerate(plan)
        ]
