"""Answers of OpenAI's responses API made of output items: thoughts, messages and calls.

The model's thoughts are told as far as they were asked for: their summary by ``reasoning.summary``,
their cipher by ``include``.

Reference: platform.openai.com/docs/api-reference/responses-streaming.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.answers import Shape, Stream, json_answer, typed
from fakes.http_server import Call, Step
from fakes.openai_answers import split
from fakes.response_object import USAGE, response_object

Item = dict[str, Any]
_Plan = Iterator[tuple[str, dict[str, Any]]]

CIPHER = "gAAAAABpThoughtsInCipher=="
EARLY_CIPHER = "gAAAAABpThoughtsNotYetHad=="
"""What stands in its place when the thoughts begin; only the later one is of use."""
PADDING = "xkPq0fVb"
"""Added to every delta, so that its size does not tell what it says."""
_IN_CIPHER = "reasoning.encrypted_content"


def message(text: str, item_id: str = "msg_1") -> Item:
    """A message."""
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item = {"id": item_id, "type": "message", "status": "completed", "content": [part]}
    return item | {"role": "assistant"}


def thought(summary: str, item_id: str = "rs_1") -> Item:
    """A summary of thoughts, and they themselves in cipher."""
    told = [{"type": "summary_text", "text": summary}]
    item = {"id": item_id, "type": "reasoning", "content": [], "encrypted_content": CIPHER}
    return item | {"summary": told}


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
    usage: Any = field(default_factory=lambda: dict(USAGE))
    outcome: str = "completed"
    """``completed``, ``incomplete`` or ``failed``."""
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        if not call.json.get("stream"):
            return json_answer(self._response(call, self.outcome))(call)
        done = 0 if self.shape.done is None else self.shape.done
        return Stream(self._frames(call), replace(self.shape, done=done))(call)

    def _response(self, call: Call, status: str) -> dict[str, Any]:
        over = status in {"completed", "incomplete"}
        return response_object(call, status, self._told(call) if over else [], self.usage)

    def _told(self, call: Call) -> list[Item]:
        """The items as they were asked for; what was cut short, says so."""
        items = [_as_asked(item, call.json) for item in self.items]
        if self.outcome == "incomplete" and items and "status" in items[-1]:
            items[-1] = items[-1] | {"status": "incomplete"}
        return items

    def _frames(self, call: Call) -> list[bytes]:
        started = {"response": self._response(call, "in_progress")}
        ended = {"response": self._response(call, self.outcome)}
        plan: list[tuple[str, dict[str, Any]]] = [
            ("response.created", started),
            ("response.in_progress", started),
        ]
        for index, item in enumerate(self._told(call)):
            plan += self._of_item(index, item)
        plan.append((f"response.{self.outcome}", ended))
        if (call.json.get("stream_options") or {}).get("include_obfuscation") is not False:
            plan = [
                (name, data | {"obfuscation": PADDING} if "delta" in data else data)
                for name, data in plan
            ]
        return [
            typed(
                name,
                {"type": name, **dict(sorted(data.items())), "sequence_number": number},
                self.shape.newline,
            )
            for number, (name, data) in enumerate(plan)
        ]

    def _of_item(self, index: int, item: Item) -> _Plan:
        where = {"output_index": index}
        yield "response.output_item.added", where | {"item": _begun(item)}
        inside = where | {"item_id": item["id"]}
        match item["type"]:
            case "message":
                yield from self._of_words(inside, item["content"])
            case "reasoning":
                yield from self._of_summary(inside, item["summary"])
            case _:
                name = "response.function_call_arguments"
                for piece in split(item["arguments"], self.pieces):
                    yield f"{name}.delta", inside | {"delta": piece}
                yield f"{name}.done", inside | {"arguments": item["arguments"]}
        yield "response.output_item.done", where | {"item": item}

    def _of_words(self, where: Mapping[str, Any], content: Sequence[Item]) -> _Plan:
        for index, part in enumerate(content):
            at = {**where, "content_index": index}
            yield "response.content_part.added", at | {"part": part | {"text": ""}}
            for piece in split(part["text"], self.pieces):
                yield "response.output_text.delta", at | {"delta": piece, "logprobs": []}
            yield "response.output_text.done", at | {"text": part["text"], "logprobs": []}
            yield "response.content_part.done", at | {"part": part}

    def _of_summary(self, where: Mapping[str, Any], summary: Sequence[Item]) -> _Plan:
        name = "response.reasoning_summary"
        for index, part in enumerate(summary):
            at = {**where, "summary_index": index}
            yield f"{name}_part.added", at | {"part": part | {"text": ""}}
            for piece in split(part["text"], self.pieces):
                yield f"{name}_text.delta", at | {"delta": piece}
            yield f"{name}_text.done", at | {"text": part["text"]}
            yield f"{name}_part.done", at | {"part": part}


def _as_asked(item: Item, asked: Mapping[str, Any]) -> Item:
    if item["type"] != "reasoning":
        return item
    summarised = (asked.get("reasoning") or {}).get("summary")
    ciphered = _IN_CIPHER in (asked.get("include") or ())
    told = item | {"summary": item["summary"] if summarised else []}
    return {name: told[name] for name in told if ciphered or name != "encrypted_content"}


def _begun(item: Item) -> Item:
    """An item of which nothing is told yet."""
    blank = {
        "arguments": "",
        "content": [],
        "encrypted_content": EARLY_CIPHER,
        "status": "in_progress",
        "summary": [],
    }
    return {name: blank.get(name, value) for name, value in item.items()}
