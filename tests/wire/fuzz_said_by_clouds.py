"""What Bedrock and Google answer: whole answers and streams with all there is in them."""

from collections.abc import Sequence
from typing import Any

from fakes.bedrock_answers import event, exception
from fakes.event_stream import error
from wire.fuzz_said import data_events

# --- Converse ---

CONVERSE_USAGE = {
    "inputTokens": 10,
    "outputTokens": 5,
    "totalTokens": 15,
    "cacheReadInputTokens": 1,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 1}],
}
_CONVERSE_CITED = {
    "title": "A",
    "source": "s",
    "sourceContent": [{"text": "c"}],
    "location": {"web": {"url": "https://a"}},
}
_USE = {"toolUseId": "t", "name": "f", "input": {"a": 1.10}}
CONVERSE_WHOLE: dict[str, Any] = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
                {"reasoningContent": {"redactedContent": "ZA=="}},
                {"text": "a"},
                {"citationsContent": {"content": [{"text": "b"}], "citations": [_CONVERSE_CITED]}},
                {"toolUse": _USE},
                {"toolUse": {**_USE, "type": "server_tool_use"}},
                {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": CONVERSE_USAGE,
    "serviceTier": {"type": "default"},
    "additionalModelResponseFields": {"stop_sequence": "x"},
}


def _at(index: int, **told: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=told)


CONVERSE_STREAM = b"".join(
    (
        event("messageStart", role="assistant"),
        _at(0, reasoningContent={"text": "t"}),
        _at(0, reasoningContent={"signature": "s"}),
        event("contentBlockStop", contentBlockIndex=0),
        _at(1, reasoningContent={"redactedContent": "ZA=="}),
        _at(2, text="a"),
        _at(2, citation=_CONVERSE_CITED),
        event("contentBlockStop", contentBlockIndex=2),
        event("contentBlockStart", contentBlockIndex=3, start={"toolUse": _USE}),
        _at(3, toolUse={"input": '{"a":1}'}),
        event("contentBlockStop", contentBlockIndex=3),
        event(
            "messageStop",
            stopReason="tool_use",
            additionalModelResponseFields={"stop_sequence": "x"},
        ),
        event("metadata", usage=CONVERSE_USAGE, serviceTier={"type": "flex"}, metrics={}),
    )
)
CONVERSE_ERRORS = [
    event("messageStart", role="assistant")
    + exception("throttlingException", "m", originalStatusCode=429),
    error("internalError", "m"),
]

# --- Gemini ---

GEMINI_USAGE = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 1,
    "totalTokenCount": 16,
    "cachedContentTokenCount": 1,
    "toolUsePromptTokenCount": 0,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
    "serviceTier": "STANDARD",
    "trafficType": "ON_DEMAND",
}
_TOKEN = {"token": "a", "logProbability": -0.25, "tokenId": 7}
_GROUNDING = {
    "groundingChunks": [
        {"web": {"uri": "https://a", "title": "A"}},
        {"retrievedContext": {"uri": "gs://b"}},
    ],
    "groundingSupports": [
        {"segment": {"startIndex": 0, "endIndex": 1, "text": "a"}, "groundingChunkIndices": [0, 1]}
    ],
}
_PARTS = [
    {"text": "t", "thought": True, "thoughtSignature": "sig"},
    {"text": "aь"},
    {"functionCall": {"name": "f", "args": {"a": 1}, "id": "x"}, "thoughtSignature": "sig"},
    {"functionCall": {"name": "g"}},
    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
    {"executableCode": {"code": "1"}},
    {"text": "", "thoughtSignature": "sig"},
]


def _candidate(parts: Sequence[Any], **more: Any) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0, **more}]
    }


GEMINI_WHOLE: dict[str, Any] = {
    **_candidate(
        _PARTS,
        finishReason="STOP",
        groundingMetadata=_GROUNDING,
        logprobsResult={"chosenCandidates": [_TOKEN], "topCandidates": [{"candidates": [_TOKEN]}]},
    ),
    "usageMetadata": GEMINI_USAGE,
    "modelVersion": "g",
    "responseId": "r1",
    "promptFeedback": {"safetyRatings": []},
}
GEMINI_STREAM = data_events(
    *({**_candidate([part]), "responseId": "r1", "usageMetadata": GEMINI_USAGE} for part in _PARTS),
    {**_candidate([{"text": "a"}], groundingMetadata=_GROUNDING)},
    GEMINI_WHOLE,
)
GOOGLE_ERROR = {
    "error": {
        "code": 429,
        "message": "m",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"reason": "API_KEY_INVALID"}, {"retryDelay": "3.5s"}],
    }
}
BLOCKED = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": GEMINI_USAGE}
