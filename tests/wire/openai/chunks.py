"""Chunks as OpenAI writes them, and readers to feed them to."""

from typing import Any

from tollhouse.wire.openai.chunk_stream import ChunkStream
from wire.openai.streams import DONE, Outcome, play_every_way, priced, sse

SERVED = "openai/gpt-4o"
UPSTREAM = "gpt-4o-2024-08-06"
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


def reader(*, asked: bool = False, choices: int = 1) -> ChunkStream:
    """A fresh reader."""
    return ChunkStream(SERVED, asked_usage=asked, complete=priced, choices=choices)


def chunk(
    delta: Any = None, finish: str | None = None, index: int = 0, **more: Any
) -> dict[str, Any]:
    """One chunk as OpenAI writes it."""
    choice = {"index": index, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    return {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": UPSTREAM,
        "system_fingerprint": "fp_1",
        "choices": [choice],
        **more,
    }


ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk(finish="stop")
EXTRA = {**chunk(), "choices": [], "usage": USAGE}


def says(*texts: str) -> list[dict[str, Any]]:
    """Chunks of content."""
    return [chunk({"content": text}) for text in texts]


ODD = "日本🙂ь\u2028\u2029\x85"
"""Text with line ends that are none in a stream of events, and letters of several bytes."""
GOOD = sse(ROLE, *says("Hel", "lo ", ODD), STOP, EXTRA, DONE)
"""A whole answer that ends well."""


def run(stream: bytes, *, asked: bool = False, choices: int = 1, step: int = 7) -> Outcome:
    """What comes of a stream, however it arrives."""
    return play_every_way(lambda: reader(asked=asked, choices=choices), stream, step)
