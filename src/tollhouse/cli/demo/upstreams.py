"""Two providers to try things with: one that answers, one that is always overloaded.

Both are real HTTP servers in OpenAI's wire format (platform.openai.com/docs/api-reference), written
as plain ASGI applications. What the sound one says is made from what it was asked, so that the same
request always gets the same answer, with the same usage.
"""

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MODELS = ("sim-small", "sim-large", "sim-embed")
DIMENSIONS = 8
WORD_SECONDS = 0.04
"""Between two words of a stream: fast enough to wait for, slow enough to see."""
_CREATED = 1_750_000_000


async def sound(scope: Scope, receive: Receive, send: Send) -> None:
    """The provider that answers."""
    path, method = scope["path"].removeprefix("/v1"), scope["method"]
    if (method, path) == ("GET", "/models"):
        await _answer(send, 200, {"object": "list", "data": [_model(name) for name in MODELS]})
        return
    known = {"/chat/completions": _chat, "/embeddings": _embeddings}
    if method != "POST" or path not in known:
        await _answer(send, 404, _error("There is nothing at this path.", "unknown_url"))
        return
    try:
        asked = json.loads(await _body(receive))
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        await _answer(send, 400, _error("The body is no JSON object.", "invalid_request_error"))
        return
    await known[path](asked, send)


async def overloaded(_scope: Scope, receive: Receive, send: Send) -> None:
    """The provider that always fails."""
    await _body(receive)
    message = "This provider of the demo is always overloaded."
    await _answer(send, 503, _error(message, "overloaded", kind="server_error"))


async def _chat(asked: dict[str, Any], send: Send) -> None:
    said = _text(asked.get("messages"))
    words = [f"You said: {said.split(chr(10))[0][:200]}".strip(), "This answer is scripted."]
    answer = " ".join(words)
    usage = _usage(_tokens(said), _tokens(answer))
    head = {"id": f"chatcmpl-{_digest(asked)}", "created": _CREATED, "model": asked.get("model")}
    if asked.get("stream"):
        wants_usage = (asked.get("stream_options") or {}).get("include_usage")
        await _stream(send, head, answer, usage if wants_usage else None)
        return
    message = {"role": "assistant", "content": answer, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    body = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    await _answer(send, 200, body)


async def _stream(
    send: Send, head: dict[str, Any], answer: str, usage: dict[str, Any] | None
) -> None:
    await _start(send, 200, b"text/event-stream")
    for delta, reason in _deltas(answer):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunk = {**head, "object": "chat.completion.chunk", "choices": [choice]}
        await _event(send, json.dumps(chunk | ({"usage": None} if usage else {})))
        await asyncio.sleep(WORD_SECONDS)
    if usage is not None:
        chunk = {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}
        await _event(send, json.dumps(chunk))
    await _event(send, "[DONE]")
    await send({"type": "http.response.body", "body": b""})


def _deltas(answer: str) -> Iterator[tuple[dict[str, str], str | None]]:
    yield {"role": "assistant", "content": ""}, None
    first, *rest = answer.split(" ")
    yield {"content": first}, None
    for word in rest:
        yield {"content": f" {word}"}, None
    yield {}, "stop"


async def _embeddings(asked: dict[str, Any], send: Send) -> None:
    given = asked.get("input")
    texts = [str(one) for one in given] if isinstance(given, list) else [str(given)]
    size = asked.get("dimensions") or DIMENSIONS
    vectors = [_vector(text, size) for text in texts]
    shown: list[Any] = list(vectors)
    if asked.get("encoding_format") == "base64":
        shown = [base64.b64encode(struct.pack(f"<{size}f", *one)).decode() for one in vectors]
    tokens = sum(map(_tokens, texts))
    await _answer(
        send,
        200,
        {
            "object": "list",
            "model": asked.get("model"),
            "data": [
                {"object": "embedding", "index": index, "embedding": one}
                for index, one in enumerate(shown)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        },
    )


def _vector(text: str, size: int) -> list[float]:
    stretched = hashlib.shake_256(text.encode()).digest(size)
    return [round(byte / 127.5 - 1, 6) for byte in stretched]


def _text(messages: Any) -> str:
    """What the last message says."""
    last = messages[-1] if isinstance(messages, list) and messages else {}
    content = last.get("content") if isinstance(last, dict) else None
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _tokens(text: str) -> int:
    return len(text.split()) + 2


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _digest(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:24]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "tollhouse-demo"}


def _error(message: str, code: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _start(send: Send, status: int, content_type: bytes) -> None:
    headers = [(b"content-type", content_type)]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    await _start(send, status, b"application/json")
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _event(send: Send, data: str) -> None:
    piece = f"data: {data}\n\n".encode()
    await send({"type": "http.response.body", "body": piece, "more_body": True})
