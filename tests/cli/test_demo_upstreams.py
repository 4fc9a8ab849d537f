"""The demo's providers speak OpenAI's wire format."""

import base64
import json
import struct
from typing import Any

import pytest

from tollhouse.cli.demo.upstreams import Send, overloaded, sound

CHAT = "/v1/chat/completions"


async def ask(
    provider: Any, method: str, path: str, body: object = None
) -> tuple[int, bytes, list[bytes]]:
    """The status, content type and body pieces of one answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def keep(message: dict[str, Any]) -> None:
        sent.append(message)

    send: Send = keep
    await provider({"type": "http", "method": method, "path": path}, receive, send)
    start, *rest = sent
    return start["status"], start["headers"][0][1], [one["body"] for one in rest]


def chat(**more: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": "sim-small", "messages": [{"role": "user", "content": "Hi you"}], **more}


def events(pieces: list[bytes]) -> list[Any]:
    """The events of a stream; the last one must be its terminator."""
    texts = b"".join(pieces).decode().split("\n\n")
    assert texts[-2:] == ["data: [DONE]", ""]
    return [json.loads(text.removeprefix("data: ")) for text in texts[:-2]]


async def test_chat_answers_with_usage_that_adds_up() -> None:
    """The same request always gets the same answer."""
    _, _, first = await ask(sound, "POST", CHAT, chat())
    _, _, second = await ask(sound, "POST", CHAT, chat())

    assert first == second
    answer = json.loads(first[0])
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert "Hi you" in answer["choices"][0]["message"]["content"]


@pytest.mark.parametrize("asks", [True, False])
async def test_stream_has_usage_only_if_it_is_asked_for(asks: bool) -> None:  # noqa: FBT001 - a case
    """The words come one by one; usage is in a chunk of its own, without choices."""
    options = {"stream": True, "stream_options": {"include_usage": asks}}
    status, kind, pieces = await ask(sound, "POST", CHAT, chat(**options))

    chunks = events(pieces)
    assert (status, kind) == (200, b"text/event-stream")
    told = [chunk for chunk in chunks if chunk.get("usage")]
    assert [chunk["choices"] for chunk in told] == ([[]] if asks else [])
    words = [
        chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"]
    ]
    assert "".join(words).startswith("You said: Hi you")
    finished = [c["choices"][0]["finish_reason"] for c in chunks if c["choices"]]
    assert finished[-1] == "stop"


async def test_parts_of_a_message_are_read() -> None:
    """Text among images is what was said."""
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}]
    asked = chat(messages=[{"role": "user", "content": parts}])

    _, _, pieces = await ask(sound, "POST", CHAT, asked)

    assert "look" in json.loads(pieces[0])["choices"][0]["message"]["content"]


async def test_embeddings_are_the_same_in_both_encodings() -> None:
    """Base64 is little-endian 32-bit floats of the same numbers."""
    asked = {"model": "sim-embed", "input": ["a", "b"], "dimensions": 4}
    _, _, plain = await ask(sound, "POST", "/v1/embeddings", asked)
    _, _, packed = await ask(
        sound, "POST", "/v1/embeddings", {**asked, "encoding_format": "base64"}
    )

    numbers = [one["embedding"] for one in json.loads(plain[0])["data"]]
    texts = [one["embedding"] for one in json.loads(packed[0])["data"]]
    assert [len(one) for one in numbers] == [4, 4]
    unpacked = [struct.unpack("<4f", base64.b64decode(text)) for text in texts]
    assert unpacked == [pytest.approx(one) for one in numbers]


async def test_models_are_listed() -> None:
    """As OpenAI's own list."""
    _, _, pieces = await ask(sound, "GET", "/v1/models")

    assert [one["object"] for one in json.loads(pieces[0])["data"]] == ["model"] * 3


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/files", None, 404),
        ("GET", CHAT, None, 404),
        ("POST", CHAT, b"{", 400),
        ("POST", CHAT, [], 400),
    ],
)
async def test_what_cannot_be_answered_is_an_error_in_their_shape(
    method: str, path: str, body: object, status: int
) -> None:
    """Errors have a message, a type and a code."""
    found, _, pieces = await ask(sound, method, path, body)

    assert found == status
    assert {"message", "type", "code"} <= json.loads(pieces[0])["error"].keys()


async def test_overloaded_provider_always_is() -> None:
    """Whatever is asked, the answer is a 503."""
    for method, path in (("POST", CHAT), ("GET", "/v1/models")):
        status, _, pieces = await ask(overloaded, method, path, chat())
        assert status == 503
        assert json.loads(pieces[0])["error"]["type"] == "server_error"
