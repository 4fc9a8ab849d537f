"""Golden streams of the dialects that clients speak: cut anywhere, and there and back.

They were written for this, in ``tests/golden/streams``: thoughts, words and calls in one stream, a
refusal in another, and an error in the middle of a third.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import Ended, Event, PartBegan
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.parts import Reasoning, Refusal, Text, ToolCall
from tollhouse.wire.sse import FrameSplitter, data_of
from tollhouse.wire.tongues import client, target

FOLDER = Path(__file__).parents[1] / "golden" / "streams"
CLIENTS = (Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES)
NAMES = ("full", "refusal", "error")
HEADING = Heading("g1", "acme/large", 1_760_000_000, asked_usage=True)


class Heard(NamedTuple):
    """What a reader made of a stream."""

    events: list[Event]
    ended: bool
    malformed: bool
    error: bytes | None
    usage: bytes | None
    service_tier: str | None
    content_bytes: int


def golden(dialect: Dialect, name: str) -> bytes:
    """A stream as it is kept."""
    return (FOLDER / f"{dialect}-{name}.sse").read_bytes()


def hear(dialect: Dialect, pieces: Iterable[bytes]) -> Heard:
    """Feed a new reader."""
    reader = target(dialect).events()
    events = [event for piece in pieces for event in reader.feed(piece)]
    events += reader.end()
    return Heard(
        events,
        reader.ended,
        reader.malformed,
        reader.error,
        reader.usage,
        reader.service_tier,
        reader.content_bytes,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dialect", CLIENTS)
def test_B01_it_does_not_matter_where_a_stream_is_cut(dialect: Dialect, name: str) -> None:
    """Whole, byte by byte, and in two at every place, it says the same."""
    stream = golden(dialect, name)
    whole = hear(dialect, [stream])
    assert hear(dialect, (stream[at : at + 1] for at in range(len(stream)))) == whole
    for at in range(1, len(stream)):
        assert hear(dialect, [stream[:at], stream[at:]]) == whole, at


@pytest.mark.parametrize("dialect", CLIENTS)
def test_a_stream_holds_what_was_put_into_it(dialect: Dialect) -> None:
    """Thoughts first, then words, then two calls; and its end says that tools are called."""
    heard = hear(dialect, [golden(dialect, "full")])
    kinds = [type(event.part) for event in heard.events if isinstance(event, PartBegan)]
    assert kinds == [*[Reasoning] * (len(kinds) - 3), Text, ToolCall, ToolCall]
    assert Reasoning in kinds
    assert isinstance(heard.events[-1], Ended)
    assert heard.events[-1].stop is Stop.TOOLS
    assert heard.usage is not None


@pytest.mark.parametrize("dialect", CLIENTS)
def test_a_refusal_is_one(dialect: Dialect) -> None:
    """Anthropic tells it by the end alone; OpenAI's dialects by the words' own kind as well."""
    heard = hear(dialect, [golden(dialect, "refusal")])
    (part,) = [event.part for event in heard.events if isinstance(event, PartBegan)]
    assert isinstance(part, Text if dialect is Dialect.MESSAGES else Refusal)
    assert isinstance(heard.events[-1], Ended)
    assert heard.events[-1].stop is Stop.REFUSED


@pytest.mark.parametrize("dialect", CLIENTS)
def test_an_error_ends_a_stream_without_an_end(dialect: Dialect) -> None:
    """What came before it counts, and nothing is made of it but the provider's own object."""
    heard, full = (hear(dialect, [golden(dialect, name)]) for name in ("error", "full"))
    assert heard.error is not None
    assert b"verloaded" in heard.error
    assert not heard.ended
    assert not heard.malformed
    assert heard.events
    assert heard.events == full.events[: len(heard.events)]


@pytest.mark.parametrize("name", ["full", "refusal"])
@pytest.mark.parametrize("dialect", CLIENTS)
def test_written_in_its_own_dialect_a_stream_is_itself(dialect: Dialect, name: str) -> None:
    """Event for event, but for what ``comparable`` leaves out."""
    stream = golden(dialect, name)
    heard = hear(dialect, [stream])
    writer = client(dialect).writer(HEADING)
    written = writer.write(heard.events) + writer.finish(heard.usage or b"{}")
    assert comparable(written) == comparable(stream)


def comparable(stream: bytes) -> list[Any]:
    """The events of a stream, less what the neutral form does not carry.

    - Anthropic's pings say nothing, and the input that was used is told with the end, for no other
      dialect knows it at the beginning.
    - The ids of messages and calls that only OpenAI's store knows are the gateway's own; those of
      thoughts stay, for their vendor wants them back.
    """
    splitter = FrameSplitter()
    frames = splitter.feed(stream)
    assert not splitter.rest()
    told = [data for frame in frames if (data := data_of(frame)) is not None]
    events = [json.loads(data) if data != b"[DONE]" else data for data in told]
    for event in events:
        if isinstance(event, dict) and event.get("type") == "message_start":
            del event["message"]["usage"]
    return [less_ids(event) for event in events if event != {"type": "ping"}]


def less_ids(value: Any) -> Any:
    """A value without the ids of messages and calls among the items of a response."""
    if isinstance(value, list):
        return [less_ids(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    named = {name: less_ids(inner) for name, inner in value.items()}
    if value.get("type") in {"message", "function_call"} and "status" in value:
        named.pop("id", None)
    if str(named.get("item_id", "")).startswith(("msg_", "fc_")):
        del named["item_id"]
    return named
