"""Streams between two dialects."""

import json
from typing import Any

import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.sse import FrameSplitter, data_of
from tollhouse.wire.translated_stream import TranslatedStream

HEADING = Heading("0b1f", "acme/large", 1_760_000_000)
CHAT = (
    {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "service_tier": "flex"},
)
RESPONSES = (
    {"type": "response.created", "response": {"id": "r", "service_tier": "auto"}},
    {"type": "response.output_text.delta", "delta": "a", "output_index": 0},
    {
        "type": "response.completed",
        "response": {"id": "r", "status": "completed", "service_tier": "flex"},
    },
)


def translated(client: Dialect, provider: Dialect, *events: dict[str, Any]) -> dict[str, Any]:
    """The last event that a client gets of a provider's."""
    tiers: list[str | None] = []

    def complete(told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
        del told, content_bytes
        tiers.append(tier)
        return b"{}"

    reader = tongues.target(provider).events()
    stream = TranslatedStream(reader, tongues.client(client).writer(HEADING), complete=complete)
    frames = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    out = stream.feed(f"{frames}data: [DONE]\n\n".encode()) + stream.end()
    assert stream.finished
    assert tiers == ["flex"]
    datas = [data_of(frame) or b"" for frame in FrameSplitter().feed(out)]
    last: dict[str, Any] = json.loads([data for data in datas if data != b"[DONE]"][-1])
    return last


@pytest.mark.parametrize(
    ("provider", "events"), [(Dialect.CHAT, CHAT), (Dialect.RESPONSES, RESPONSES)]
)
def test_the_providers_tier_is_told_with_the_end(
    provider: Dialect, events: tuple[dict[str, Any], ...]
) -> None:
    """The last word of it counts, in the client's own place for it."""
    assert translated(Dialect.CHAT, provider, *events)["service_tier"] == "flex"
    last = translated(Dialect.RESPONSES, provider, *events)
    assert last["response"]["service_tier"] == "flex"
    assert translated(Dialect.MESSAGES, provider, *events) == {"type": "message_stop"}
