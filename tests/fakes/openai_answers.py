"""Sound answers in OpenAI's wire format, made from the request they answer."""

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fakes.answers import Answer, Shape, Stream, json_answer
from fakes.http_server import Call, Step

CREATED = 1_760_000_000
USAGE: Mapping[str, Any] = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_SAFE = {
    name: {"filtered": False, "severity": "safe"}
    for name in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT_FILTERED = {
    "prompt_filter_results": [
        {
            "prompt_index": 0,
            "content_filter_results": {
                **_SAFE,
                "jailbreak": {"detected": False, "filtered": False},
            },
        }
    ]
}
"""What Azure's filters found in the prompt; in a stream, a chunk of its own before all others."""
NO_USAGE: Mapping[str, Any] = {"not": "reported"}
"""In place of a usage: the answer has no such key at all (None sends ``null``)."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call that the model makes; ``arguments`` is JSON text, sent in ``parts``."""

    name: str
    arguments: str = "{}"
    id: str = "call_a1"
    parts: int = 2

    def whole(self) -> dict[str, Any]:
        """As it stands in a message."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}

    def deltas(self, index: int) -> list[dict[str, Any]]:
        """As it stands in chunks: name and id first, then the arguments piecemeal."""
        function: dict[str, Any] = {"name": self.name, "arguments": ""}
        first = {"index": index, "id": self.id, "type": "function", "function": function}
        pieces = split(self.arguments, self.parts)
        return [first, *({"index": index, "function": {"arguments": p}} for p in pieces)]


def split(text: str, parts: int) -> list[str]:
    """``text`` in at most so many pieces of about the same length."""
    size = max(1, -(-len(text) // max(1, parts)))
    return [text[i : i + size] for i in range(0, len(text), size)]


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat completion, whole or streamed as the request asks."""

    text: str | None = "Hello there, how can I help?"
    words: int = 5
    """In how many chunks the text is streamed."""
    tools: Sequence[ToolCall] = ()
    usage: Any = field(default_factory=lambda: dict(USAGE))
    """Any JSON, or ``NO_USAGE``."""
    finish_reason: str | None = None
    """None: ``tool_calls`` with tools, else ``stop``."""
    reasoning: str | None = None
    refusal: str | None = None
    model: str | None = None
    """The model it says it is; None repeats the request's."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More top-level fields."""
    usage_on_last: bool = False
    """Streamed usage on the chunk with the finish reason, without an extra chunk."""
    always_usage: bool = False
    """Streamed usage even when nobody asked."""
    role_chunk: bool = True
    filtered: bool = False
    """Whether it tells what content filters found, as Azure does."""
    shape: Shape = field(default_factory=Shape)
    headers: Sequence[tuple[str, str]] = (("x-request-id", "req_upstream"),)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        if call.json.get("stream"):
            return Stream(self.chunks(call), self.shape)(call)
        return json_answer(self.whole(call), headers=self.headers)(call)

    def whole(self, call: Call) -> dict[str, Any]:
        """The JSON answer."""
        asked = call.json
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        message |= {"refusal": self.refusal, "annotations": []}
        if self.reasoning is not None:
            message["reasoning_content"] = self.reasoning
        if self.tools:
            message["tool_calls"] = [tool.whole() for tool in self.tools]
        logprobs = self._logprobs(self.text) if asked.get("logprobs") else None
        choices = [
            {"index": i, "message": message, "logprobs": logprobs, "finish_reason": self._finish()}
            for i in range(asked.get("n") or 1)
        ]
        whole = self._top(call, "chat.completion") | {"choices": choices} | self._usage()
        if self.filtered:
            for choice in choices:
                choice["content_filter_results"] = _SAFE
            whole |= _PROMPT_FILTERED
        return whole

    def chunks(self, call: Call) -> list[dict[str, Any]]:
        """The streamed answer."""
        asked = call.json
        wanted = self.always_usage or (asked.get("stream_options") or {}).get("include_usage")
        top = self._top(call, "chat.completion.chunk")
        made = []
        for index in range(asked.get("n") or 1):
            for delta in self._deltas():
                text = delta.get("content")
                logprobs = self._logprobs(text) if asked.get("logprobs") and text else None
                made.append(self._chunk(top, index, delta, logprobs))
            made.append(self._chunk(top, index, {}, None, self._finish()))
        if wanted and self.usage_on_last:
            made[-1] |= self._usage()
        elif wanted:
            made = [{**chunk, "usage": None} for chunk in made]
            if self.usage is not NO_USAGE:
                made.append({**top, "choices": [], "usage": self.usage})
        return _filtered(made) if self.filtered else made

    def _deltas(self) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = []
        if self.role_chunk:
            deltas.append({"role": "assistant", "content": "", "refusal": None})
        if self.reasoning:
            deltas.append({"reasoning_content": self.reasoning})
        if self.refusal:
            deltas.append({"refusal": self.refusal})
        deltas += [{"content": piece} for piece in split(self.text or "", self.words)]
        for index, tool in enumerate(self.tools):
            deltas += [{"tool_calls": [delta]} for delta in tool.deltas(index)]
        return deltas

    @staticmethod
    def _chunk(
        top: Mapping[str, Any], index: int, delta: Any, logprobs: Any, finish: str | None = None
    ) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**top, "choices": [choice]}

    @staticmethod
    def _logprobs(text: str | None) -> dict[str, Any]:
        entry = {"token": text, "logprob": -0.25, "bytes": list((text or "").encode())}
        return {"content": [{**entry, "top_logprobs": []}], "refusal": None}

    def _top(self, call: Call, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-fake{call.connection}",
            "object": kind,
            "created": CREATED,
            "model": self.model or call.model,
            "service_tier": "default",
            "system_fingerprint": "fp_fake",
            **self.extra,
        }

    def _usage(self) -> dict[str, Any]:
        return {} if self.usage is NO_USAGE else {"usage": self.usage}

    def _finish(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tools else "stop")


def _filtered(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["content_filter_results"] = {}
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    return [first | _PROMPT_FILTERED, *chunks]


@dataclass(frozen=True, slots=True)
class Completion:
    """A legacy completion, whole or streamed."""

    text: str = "once upon a time"
    words: int = 4
    usage: Any = field(default_factory=lambda: dict(USAGE))
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        asked = call.json
        top = {"id": "cmpl-fake", "object": "text_completion", "created": CREATED}
        top["model"] = call.model
        if not asked.get("stream"):
            whole = {"index": 0, "text": self.text, "logprobs": None, "finish_reason": "stop"}
            usage = {} if self.usage is NO_USAGE else {"usage": self.usage}
            return json_answer({**top, "choices": [whole], **usage})(call)
        texts = [*((piece, None) for piece in split(self.text, self.words)), ("", "stop")]
        events: list[dict[str, Any]] = [
            {**top, "choices": [{"index": 0, "text": t, "logprobs": None, "finish_reason": end}]}
            for t, end in texts
        ]
        if (asked.get("stream_options") or {}).get("include_usage") and self.usage is not NO_USAGE:
            events.append({**top, "choices": [], "usage": self.usage})
        return Stream(events, self.shape)(call)


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Embeddings, in floats or base64 as asked; one vector per input."""

    dimensions: int = 4
    usage: Any = field(default_factory=lambda: {"prompt_tokens": 8, "total_tokens": 8})

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        asked = call.json
        given = asked.get("input", "")
        one = isinstance(given, str) or (given and isinstance(given[0], int))
        count = 1 if one else len(given)
        size = asked.get("dimensions") or self.dimensions
        data = [
            {"object": "embedding", "index": i, "embedding": self._vector(i, size, asked)}
            for i in range(count)
        ]
        body = {"object": "list", "data": data, "model": call.model, "usage": self.usage}
        return json_answer(body)(call)

    @staticmethod
    def _vector(index: int, size: int, asked: Mapping[str, Any]) -> Any:
        values = [(index + 1) / 8 + place / 16 for place in range(size)]
        if asked.get("encoding_format") == "base64":
            return base64.b64encode(struct.pack(f"<{size}f", *values)).decode()
        return values


IMAGE_USAGE: Mapping[str, Any] = {
    "input_tokens": 9,
    "output_tokens": 272,
    "total_tokens": 281,
    "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
}


@dataclass(frozen=True, slots=True)
class Images:
    """Images, by URL or in base64; with ``usage`` as newer models report it, or None."""

    usage: Any = field(default_factory=lambda: dict(IMAGE_USAGE))

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        asked = call.json or {name: value.decode("latin-1") for name, value in call.form.items()}
        picture: dict[str, Any] = {"url": "https://images.example/1.png"}
        if asked.get("response_format") != "url":
            picture = {"b64_json": base64.b64encode(b"\x89PNG fake").decode()}
        body: dict[str, Any] = {"created": CREATED, "data": [picture] * int(asked.get("n") or 1)}
        if self.usage is not None:
            body["usage"] = self.usage
        return json_answer(body)(call)


@dataclass(frozen=True, slots=True)
class Transcription:
    """A transcription of an uploaded file, as JSON, verbose JSON or plain text."""

    text: str = "the quick brown fox"
    seconds: float = 3.5
    usage: Any = field(default_factory=lambda: {"type": "duration", "seconds": 4})

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call; without a file it is a 400."""
        if "file" not in call.form:
            message = {"message": "'file' is a required property", "type": "invalid_request_error"}
            return json_answer({"error": message | {"param": "file", "code": None}}, 400)(call)
        wanted = call.form.get("response_format", b"json").decode()
        if wanted in {"text", "srt", "vtt"}:
            headers = [("content-type", "text/plain; charset=utf-8")]
            return Answer(f"{self.text}\n".encode(), headers=headers)(call)
        body: dict[str, Any] = {"text": self.text, "usage": self.usage}
        if wanted == "verbose_json":
            body |= {"task": "transcribe", "language": "english", "duration": self.seconds}
        return json_answer(body)(call)


def speech(call: Call) -> Iterator[Step]:
    """Some bytes that pass for an MP3."""
    return Answer(b"ID3\x04\x00" + bytes(range(256)) * 8, headers=[("content-type", "audio/mpeg")])(
        call
    )


def rerank(call: Call) -> Iterator[Step]:
    """Documents in their given order with falling scores."""
    asked = call.json
    documents = asked.get("documents") or []
    results = [
        {"index": i, "relevance_score": round(0.9 - i / 10, 3)} for i in range(len(documents))
    ]
    body = {"id": "rr-fake", "model": call.model, "results": results[: asked.get("top_n")]}
    return json_answer(body | {"usage": {"total_tokens": 21}})(call)


def moderation(call: Call) -> Iterator[Step]:
    """Nothing flagged."""
    result = {"flagged": False, "categories": {"violence": False}}
    scores = {"category_scores": {"violence": 0.001}}
    body = {"id": "modr-fake", "model": call.model, "results": [result | scores]}
    return json_answer(body)(call)


def models(call: Call) -> Iterator[Step]:
    """Two models."""
    data = [
        {"id": name, "object": "model", "created": CREATED, "owned_by": "fake"}
        for name in ("model-a", "model-b")
    ]
    return json_answer({"object": "list", "data": data})(call)


def unknown(call: Call) -> Iterator[Step]:
    """A path that the provider does not have."""
    message = f"Invalid URL ({call.method} {call.path})"
    body = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return Answer(json.dumps({"error": body}).encode(), 404)(call)
