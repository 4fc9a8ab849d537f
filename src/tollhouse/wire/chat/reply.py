"""A whole answer as chat's clients expect it.

API reference: platform.openai.com/docs/api-reference/chat/object. Beyond it there are
``reasoning_content`` (DeepSeek) and ``reasoning_details`` (OpenRouter), which carry thoughts and
their signatures, ``extra_content`` of a tool call (Google), and ``images`` (OpenRouter).
"""

from typing import Any

import msgspec

from ..neutral.answer import Answer
from ..neutral.heading import Heading
from ..neutral.parts import Citation, Image, Part, Reasoning, Refusal, Text, ToolCall
from .stops import written_stop
from .thoughts import written_details

THOUGHT_BREAK = "\n\n"
"""Between two thoughts in ``reasoning_content``."""
TIERS = {
    **{tier: tier for tier in ("auto", "default", "flex", "scale", "priority", "fast")},
    # Anthropic's word.
    "standard": "default",
}
"""A provider's processing tiers, in OpenAI's words; others are not told."""
_encoder = msgspec.json.Encoder()


def write_answer(answer: Answer, heading: Heading, usage: bytes) -> bytes:
    """The body; ``usage`` is put in as it is."""
    message = _message(answer.parts)
    body: dict[str, Any] = {
        "id": answer_id(answer.id, heading),
        "object": "chat.completion",
        "created": heading.created,
        "model": heading.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": answer.logprobs,
                "finish_reason": written_stop(answer.stop, refusal=bool(message["refusal"])),
            }
        ],
        "usage": msgspec.Raw(usage),
    }
    tier = TIERS.get(answer.service_tier or "")
    if tier is not None:
        body["service_tier"] = tier
    return _encoder.encode(body)


def answer_id(told: str | None, heading: Heading) -> str:
    """The provider's id of the answer, or one of ours."""
    return told or f"chatcmpl-{heading.id}"


def _message(parts: tuple[Part, ...]) -> dict[str, Any]:
    kinds: dict[type, list[Any]] = {}
    for part in parts:
        kinds.setdefault(type(part), []).append(part)
    texts, calls = kinds.get(Text, []), kinds.get(ToolCall, [])
    content = "".join([part.text for part in texts])
    refusal = "".join([part.text for part in kinds[Refusal]]) if Refusal in kinds else None
    # An answer that says nothing at all is still text to most clients.
    empty = None if calls or refusal else ""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": content or empty,
        "refusal": refusal or None,
    }
    annotations = _annotations(texts)
    if annotations:
        message["annotations"] = annotations
    if Image in kinds:
        message["images"] = [written_image(part) for part in kinds[Image]]
    if Reasoning in kinds:
        _think(message, kinds[Reasoning])
    if calls:
        message["tool_calls"] = [written_call(call) for call in calls]
    return message


def _think(message: dict[str, Any], thoughts: list[Reasoning]) -> None:
    words = [thought.text for thought in thoughts if thought.text]
    if words:
        message["reasoning_content"] = THOUGHT_BREAK.join(words)
    details: list[dict[str, Any]] = []
    for thought in thoughts:
        details += written_details(thought, len(details))
    if details:
        message["reasoning_details"] = details


def written_call(call: ToolCall) -> dict[str, Any]:
    """A tool call. Clients decode the arguments, so none is an empty object."""
    written: dict[str, Any] = {"id": call.id}
    if call.custom:
        written["type"] = "custom"
        written["custom"] = {"name": call.name, "input": call.arguments}
    else:
        written["type"] = "function"
        written["function"] = {"name": call.name, "arguments": call.arguments or "{}"}
    if call.signature:
        written["extra_content"] = signed(call.signature)
    return written


def signed(signature: str) -> dict[str, Any]:
    """Google's signature of a tool call or a picture, in Google's spelling."""
    return {"google": {"thought_signature": signature}}


def _annotations(texts: list[Text]) -> list[dict[str, Any]]:
    annotations: list[dict[str, Any]] = []
    start = 0
    for text in texts:
        end = start + len(text.text)
        annotations += [
            annotation(citation, start, end) for citation in text.citations if citation.url
        ]
        start = end
    return annotations


def annotation(citation: Citation, start: int, end: int) -> dict[str, Any]:
    """A source of the text from ``start`` to ``end``: chat knows pages of the web only."""
    placed = citation.start is not None and citation.end is not None
    told: dict[str, Any] = {
        "url": citation.url,
        "title": citation.title or "",
        "start_index": start + (citation.start or 0) if placed else start,
        "end_index": start + (citation.end or 0) if placed else end,
    }
    if citation.cited:
        told["content"] = citation.cited
    return {"type": "url_citation", "url_citation": told}


def written_image(image: Image) -> dict[str, Any]:
    """A picture that the model made, as OpenRouter tells it, signed as calls are."""
    media = image.media
    url = media.url or ""
    if media.data is not None:
        url = f"data:{media.media_type or 'image/png'};base64,{media.data}"
    told: dict[str, Any] = {"type": "image_url", "image_url": {"url": url}}
    return told | {"extra_content": signed(image.signature)} if image.signature else told
