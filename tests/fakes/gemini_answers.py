"""Sound answers of Google's Gemini API, whole and streamed, and its errors.

In a test::

    up.script(Gemini("Hi"), model="…")      # or with thoughts=, calls=, signature=, usage=, …
    up.script(google_error(429, "RESOURCE_EXHAUSTED", "slow down", retry="7s"))

What is asked is told by the URL: ``:generateContent``, ``:streamGenerateContent?alt=sse``,
``:countTokens``, ``:batchEmbedContents``, and Vertex's ``:predict``. Thoughts are counted, and told
only where ``includeThoughts`` asks for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.answers import Answer, Shape, Stream, json_answer
from fakes.http_server import Call, Step
from fakes.openai_answers import split

RESPONSE_ID = "fakeResponse01"
MODEL_VERSION = "gemini-fake-001"
SIGNATURE = "CiQBjz1rX+z7CAOCNB0aLI7ypObFNPY+MRlb2NP1K12YF4ii184="
USAGE: Mapping[str, Any] = {
    "promptTokenCount": 12,
    "candidatesTokenCount": 5,
    "totalTokenCount": 24,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 12}],
    "thoughtsTokenCount": 7,
}
NEWLINE = "\r\n"
"""Between the lines of Google's streams."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call that the model makes; older models give it no id."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = "fc00a1b2"
    signature: str | None = None

    def part(self) -> dict[str, Any]:
        """As it stands in the content."""
        call: dict[str, Any] = {"name": self.name, "args": dict(self.args)}
        if self.id is not None:
            call["id"] = self.id
        part: dict[str, Any] = {"functionCall": call}
        if self.signature is not None:
            part["thoughtSignature"] = self.signature
        return part


def parallel() -> tuple[FunctionCall, ...]:
    """Two calls at once: only the first one is signed."""
    return (
        FunctionCall("add", {"a": 2, "b": 3}, "fc000001", SIGNATURE),
        FunctionCall("multiply", {"a": 2, "b": 3}, "fc000002"),
    )


@dataclass(frozen=True, slots=True)
class Gemini:
    """A conversation answered, whole or streamed as the URL asks; counts and vectors too."""

    text: str = "Hello there, how can I help?"
    words: int = 4
    """In how many events the text is streamed."""
    thoughts: str = ""
    calls: Sequence[FunctionCall] = ()
    signature: str | None = None
    """Of the text: on its part in a whole answer, on an empty last part in a stream."""
    picture: str | None = None
    """A PNG in base64; it is signed, too."""
    finish_reason: str | None = "STOP"
    usage: Mapping[str, Any] | None = field(default_factory=lambda: dict(USAGE))
    grounding: Mapping[str, Any] | None = None
    tokens: int = 12
    """What ``:countTokens`` tells."""
    shape: Shape = field(default_factory=lambda: Shape(newline=NEWLINE, done=0))

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        method = call.path.partition("?")[0].rpartition(":")[2]
        said = self if _shows_thoughts(call) else replace(self, thoughts="")
        match method:
            case "streamGenerateContent":
                return Stream(said.events(), self.shape)(call)
            case "countTokens":
                return json_answer({"totalTokens": self.tokens})(call)
            case "batchEmbedContents":
                return json_answer(_vectors(len(call.json["requests"])))(call)
            case "predict":
                return json_answer(_predictions(len(call.json["instances"])))(call)
        return json_answer(said.whole())(call)

    def whole(self) -> dict[str, Any]:
        """The JSON answer."""
        parts: list[dict[str, Any]] = []
        if self.thoughts:
            parts.append({"text": self.thoughts, "thought": True})
        if self.text:
            signed = {} if self.signature is None else {"thoughtSignature": self.signature}
            parts.append({"text": self.text, **signed})
        parts += self._drawn()
        parts += [one.part() for one in self.calls]
        return self._event(parts, self.finish_reason, self.grounding)

    def _drawn(self) -> list[dict[str, Any]]:
        if self.picture is None:
            return []
        blob = {"mimeType": "image/png", "data": self.picture}
        return [{"inlineData": blob, "thoughtSignature": SIGNATURE}]

    def events(self) -> list[dict[str, Any]]:
        """The streamed answer: each event tells the usage so far."""
        pieces: list[dict[str, Any]] = []
        if self.thoughts:
            pieces += [{"text": piece, "thought": True} for piece in split(self.thoughts, 2)]
        pieces += [{"text": piece} for piece in split(self.text, self.words)] if self.text else []
        pieces += self._drawn()
        pieces += [one.part() for one in self.calls]
        last: dict[str, Any] = {"text": ""}
        if self.signature is not None:
            last["thoughtSignature"] = self.signature
        events = [self._event([piece], None) for piece in pieces]
        return [*events, self._event([last], self.finish_reason, self.grounding)]

    def _event(
        self,
        parts: list[dict[str, Any]],
        finish_reason: str | None,
        grounding: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if finish_reason is not None:
            candidate["finishReason"] = finish_reason
        if grounding is not None:
            candidate["groundingMetadata"] = grounding
        event: dict[str, Any] = {"candidates": [candidate]}
        if self.usage is not None:
            event["usageMetadata"] = self.usage
        return event | {"modelVersion": MODEL_VERSION, "responseId": RESPONSE_ID}


def _shows_thoughts(call: Call) -> bool:
    """Fields may be spelled either way."""
    config = (call.json.get("generationConfig") or {}).get("thinkingConfig") or {}
    return (config.get("includeThoughts") or config.get("include_thoughts")) is True


def blocked(reason: str = "PROHIBITED_CONTENT") -> Answer:
    """A prompt that Google would not answer: a 200 without candidates."""
    usage = {"promptTokenCount": 12, "totalTokenCount": 12}
    feedback = {"blockReason": reason}
    return json_answer({"promptFeedback": feedback, "usageMetadata": usage})


def google_error(status: int, name: str, message: str, *, retry: str | None = None) -> Answer:
    """An error as Google tells it; ``retry`` is a duration, as in ``7s``."""
    return json_answer({"error": error_object(status, name, message, retry=retry)}, status)


def error_object(
    status: int, name: str, message: str, *, retry: str | None = None
) -> dict[str, Any]:
    """What stands in ``error``."""
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    if retry is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": retry}]
    return error


def _vectors(count: int) -> dict[str, Any]:
    vectors = [{"values": [0.25, -0.5, index]} for index in range(count)]
    return {"embeddings": vectors, "usageMetadata": {"promptTokenCount": 3 * count}}


def _predictions(count: int) -> dict[str, Any]:
    statistics = {"token_count": 3, "truncated": False}
    return {
        "predictions": [
            {"embeddings": {"values": [0.25, -0.5, index], "statistics": statistics}}
            for index in range(count)
        ]
    }
