"""Every recorded exchange through the gateway: bytes, usage and refusals are as they were."""

import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from e2e.recorded_exchanges import (
    CHAT,
    CONVERSED,
    COUNT,
    EMBEDDINGS,
    Exchange,
    asked_again,
    exchanged,
    have_recordings,
    way_of,
)
from fakes.recorded import Recording
from tollhouse.core.record import CostStatus, Outcome
from tollhouse.wire.event_stream import FrameReader
from tollhouse.wire.sse import FrameSplitter, data_of
from wire.usage.test_recorded_usage import ANOTHER_SPELLING, CONVENTIONS, EMBEDDED

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        not have_recordings(), reason="the recorded exchanges are not beside this checkout"
    ),
]

Fields = dict[str, bytes]

ENDS_BADLY = {
    "rec_bd4fed3c5f": (502, "a 200 of plain text, which is no answer"),
    "rec_c21757a7cc": (200, "an error in the middle of the stream"),
}
"""What was recorded with 200 and is no answer: what the client gets, and why."""
UNKNOWN_MODELS = {
    "rec_4a411db807": "Bedrock says 400 of a model that it does not know",
    "rec_4e6579ba7b": "the same",
    "rec_afb474de14": "the same of a stream",
    "rec_6d6cef1939": "the same of a count",
}
VERSIONS = {"vertex": b'"vertex-2023-10-16"', "invoke": b'"bedrock-2023-05-31"'}
EDITED = frozenset({"model", "usage"})
TIER = re.compile(rb'"service_tier": ?"(\w+)"')
"""OpenAI tells the tier beside the usage, Anthropic in it; the last word counts."""
MEASURED = "amazon-bedrock-invocationMetrics"
"""What Bedrock adds to the last event of a model; it is no client's to see."""
INNER = ("response", "message")
"""Where events hold an object with a model and a usage of its own."""


def only(keep: Callable[[Recording], bool]) -> list[Any]:
    """Those recordings, as parameters."""
    return [pytest.param(one.name, id=one.name) for one in asked_again() if keep(one)]


def is_own(one: Recording) -> bool:
    """Whether client and provider speak one dialect."""
    return way_of(one).own


def is_sound(one: Recording) -> bool:
    """Whether an answer was recorded."""
    return one.status == 200 and one.name not in ENDS_BADLY


@pytest_asyncio.fixture(name="done", scope="module", loop_scope="module")
async def _done(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, Exchange]]:
    async with exchanged(tmp_path_factory.mktemp("recorded")) as exchanges:
        yield exchanges


# --- requests ---


@pytest.mark.parametrize("name", only(is_own))
async def test_a_request_reaches_its_provider_byte_for_byte(
    done: Mapping[str, Exchange], name: str
) -> None:
    """But for the model's name, the question for usage, and what a cloud says in the URL."""
    one = done[name]
    assert one.sent is not None
    asked, sent = fields(one.asked), fields(one.sent)
    model = b'"%b"' % one.way.named.format(name).encode()
    if one.way.provider in VERSIONS:
        assert sent.pop("anthropic_version") == VERSIONS[one.way.provider]
        del asked["model"]
    else:
        assert sent["model"] == model
        sent["model"] = asked["model"]
    if one.way.provider == "invoke":
        asked.pop("stream", None)
    if one.way.path == CHAT and asked.get("stream") == b"true":
        options = fields(sent.pop("stream_options"))
        assert options.pop("include_usage") == b"true"
        given = fields(asked.pop("stream_options", b"{}"))
        given.pop("include_usage", None)
        assert options == given
    assert list(sent.items()) == list(asked.items())


# --- answers ---


@pytest.mark.parametrize("name", only(lambda one: is_own(one) and is_sound(one)))
async def test_an_answer_reaches_its_client_byte_for_byte(
    done: Mapping[str, Exchange], name: str
) -> None:
    """But for the model's name and the usage, in whole answers and in every event of a stream."""
    one = done[name]
    assert one.answer.status_code == 200
    if one.recording.kind == "json":
        told, given = [fields(one.answer.content)], [fields(one.recording.body)]
    else:
        told, given = [list(events(body, one)) for body in (one.answer.content, one.recording.body)]
    assert told
    assert [less_edits(event) for event in told] == [less_edits(event) for event in given]
    assert {model for event in told for model in models(event)} <= {b'"%b"' % name.encode()}


def models(told: Fields) -> list[bytes]:
    """The names of models, at the top and in an inner object."""
    inner = [fields(told[name]) for name in INNER if told.get(name, b"").startswith(b"{")]
    return [one["model"] for one in (told, *inner) if "model" in one]


def fields(body: bytes) -> Fields:
    """The values of an object as they were written, in order."""
    decoded = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return {name: bytes(raw) for name, raw in decoded.items()}


def less_edits(told: Fields) -> list[tuple[str, Any]]:
    """What nobody may have touched, in order; of an inner object what is left of it."""
    return [
        (name, less_edits(fields(value)) if name in INNER and value.startswith(b"{") else value)
        for name, value in told.items()
        if name not in EDITED
    ]


def events(body: bytes, one: Exchange) -> Iterator[Fields]:
    """The events of a stream; chunks with nothing but usage are the gateway's to send or not."""
    for data in frames(body, one):
        if data is None or data.strip() == b"[DONE]":
            continue
        event = fields(data)
        if event.get("choices") == b"[]":
            continue
        if body is one.recording.body:
            event.pop(MEASURED, None)
        yield event


def frames(body: bytes, one: Exchange) -> Iterator[bytes | None]:
    """The data of each frame, be they Bedrock's or the standard's."""
    if body is one.recording.body and one.recording.kind == "eventstream":
        for frame in FrameReader().feed(body):
            yield base64.b64decode(json.loads(frame.payload)["bytes"])
        return
    splitter = FrameSplitter()
    for piece in (*splitter.feed(body), splitter.rest()):
        yield data_of(piece)


# --- usage ---


@pytest.mark.parametrize(
    "name",
    only(lambda one: is_sound(one) and one.dialect in CONVENTIONS and bool(one.usage)),
)
async def test_the_ledger_has_the_usage_that_the_provider_told(
    done: Mapping[str, Exchange], name: str
) -> None:
    """In our convention, whichever dialect the provider tells it in."""
    one = done[name]
    record = one.record
    assert record is not None
    assert record.status is Outcome.OK
    if name in ANOTHER_SPELLING:
        return
    expected = CONVENTIONS[one.recording.dialect][1](one.recording.usage)
    if beside := TIER.findall(one.recording.body):
        expected = msgspec.structs.replace(expected, service_tier=beside[-1].decode())
    assert record.usage == expected
    assert record.cost_status is (
        CostStatus.UNPRICED if one.recording.dialect in EMBEDDED else CostStatus.EXACT
    )


@pytest.mark.parametrize("name", only(lambda one: way_of(one).path == COUNT and is_sound(one)))
async def test_counts_are_the_providers(done: Mapping[str, Exchange], name: str) -> None:
    """Tokens are counted by whoever runs the model, and told as Anthropic's clients read it."""
    one = done[name]
    told = json.loads(one.recording.body)
    counted = next(
        told[key] for key in ("input_tokens", "totalTokens", "inputTokens") if key in told
    )
    assert one.answer.json() == {"input_tokens": counted}


@pytest.mark.parametrize("name", only(lambda one: way_of(one).path == EMBEDDINGS and is_sound(one)))
async def test_vectors_arrive(done: Mapping[str, Exchange], name: str) -> None:
    """One for each text, in OpenAI's form."""
    answer = done[name].answer
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [one["index"] for one in data] == list(range(len(data)))
    assert all(len(one["embedding"]) > 1 for one in data)


# --- refusals ---


@pytest.mark.parametrize("name", only(lambda one: one.status != 200))
async def test_a_refusal_is_told_for_what_it_is(done: Mapping[str, Exchange], name: str) -> None:
    """A bad request is the client's, with the provider's words; an unknown model is our matter."""
    one = done[name]
    error = one.answer.json()["error"]
    if one.recording.status == 404 or name in UNKNOWN_MODELS:
        assert (one.answer.status_code, error["code"]) == (502, "upstream_model_missing")
        return
    assert one.answer.status_code == one.recording.status
    if one.recording.status == 400:
        assert error["message"]
        assert error["message"][:20] in one.recording.body.decode()


@pytest.mark.parametrize("name", only(lambda one: one.name in ENDS_BADLY))
async def test_a_200_that_is_no_answer_is_an_error(done: Mapping[str, Exchange], name: str) -> None:
    """Told as one, before the stream has begun or at its end."""
    one = done[name]
    assert one.answer.status_code == ENDS_BADLY[name][0]
    assert one.record is not None
    assert one.record.status is Outcome.UPSTREAM_ERROR
    assert b'"error"' in one.answer.content
    assert b"[DONE]" not in one.answer.content


async def test_every_kind_of_recording_is_here() -> None:
    """None is left out for want of a way to ask for it."""
    assert {one.dialect for one in asked_again()} >= {*CONVERSED}
