"""The scripted provider itself: what every other test believes of it."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai import APIConnectionError, AsyncOpenAI, BadRequestError, OpenAI, RateLimitError

from fakes.answers import Chunking, Framing, Shape, error, frame, rate_limited, silent
from fakes.http_server import End
from fakes.openai_answers import Chat, ToolCall
from fakes.responses_answers import Responses
from fakes.upstream import FakeUpstream, refused_url, threaded_upstream

ASK: Any = [{"role": "user", "content": "hi"}]


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """A provider."""
    async with FakeUpstream() as made:
        yield made


@pytest.fixture
async def sdk(up: FakeUpstream) -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's own client, without its retries."""
    async with AsyncOpenAI(base_url=up.url, api_key="sk-test", max_retries=0) as made:
        yield made


async def test_sdk_reads_a_whole_completion(up: FakeUpstream, sdk: AsyncOpenAI) -> None:
    """Unscripted chat answers in OpenAI's shape, with usage, tools, n and logprobs as scripted."""
    up.script(Chat("two", tools=[ToolCall("find", '{"q": 1}')]))
    answer = await sdk.chat.completions.create(
        model="m",
        messages=ASK,
        n=2,
        logprobs=True,
    )
    assert [choice.message.content for choice in answer.choices] == ["two", "two"]
    assert answer.usage is not None
    assert answer.usage.total_tokens == 17
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].logprobs is not None
    assert up.calls[0].model == "m"
    assert up.calls[0].header("authorization") == "Bearer sk-test"


@pytest.mark.parametrize("chunking", [*Chunking, (1, 7, 300)])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
async def test_sdk_reads_a_stream_however_it_is_cut(
    up: FakeUpstream, sdk: AsyncOpenAI, chunking: Chunking | tuple[int, ...], newline: str
) -> None:
    """A stream holds the text and, when asked for, the usage, for each chunking and line end."""
    up.script(Chat("a b c é", shape=Shape(chunking=chunking, newline=newline)))
    stream = await sdk.chat.completions.create(
        model="m",
        messages=ASK,
        stream=True,
        stream_options={"include_usage": True},
    )
    text, total = "", 0
    async for chunk in stream:
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        total = chunk.usage.total_tokens if chunk.usage else total
    assert (text, total) == ("a b c é", 17)


async def test_sdk_reads_the_other_endpoints(up: FakeUpstream, sdk: AsyncOpenAI) -> None:
    """Embeddings, images, speech, transcription, moderation, models and responses answer."""
    vectors = await sdk.embeddings.create(model="e", input=["a", "b"], dimensions=3)
    assert [len(item.embedding) for item in vectors.data] == [3, 3]
    assert up.calls[0].json["encoding_format"] == "base64"
    image = await sdk.images.generate(model="i", prompt="a cat", n=2)
    assert image.data is not None
    assert base64.b64decode(image.data[1].b64_json or "")
    sound = await sdk.audio.speech.create(model="s", input="hi", voice="alloy")
    assert sound.content.startswith(b"ID3")
    words = await sdk.audio.transcriptions.create(model="t", file=("a.wav", io.BytesIO(b"R\r\n-")))
    assert words.text == "the quick brown fox"
    assert up.calls[-1].form["file"] == b"R\r\n-"
    assert up.calls[-1].model == "t"
    verdict = await sdk.moderations.create(model="o", input="hi")
    assert not verdict.results[0].flagged
    assert [model.id async for model in sdk.models.list()] == ["model-a", "model-b"]
    up.script(Responses("well", words=2))
    events = [e.type async for e in await sdk.responses.create(model="r", input="hi", stream=True)]
    assert (events[0], events[-1]) == ("response.created", "response.completed")
    assert (await sdk.responses.create(model="r", input="hi")).output_text == "well"


async def test_script_goes_in_order_and_by_model(up: FakeUpstream, sdk: AsyncOpenAI) -> None:
    """Behaviours are taken one by one, the last one stays; a model's own script comes first."""
    up.script(rate_limited("3"), Chat("fine"))
    up.script(error(400, "bad"), model="broken")
    with pytest.raises(BadRequestError):
        await sdk.chat.completions.create(model="broken", messages=ASK)
    with pytest.raises(RateLimitError) as caught:
        await sdk.chat.completions.create(model="m", messages=ASK)
    assert caught.value.response.headers["retry-after"] == "3"
    for _ in range(2):
        await sdk.chat.completions.create(model="m", messages=ASK)
    assert (up.called("m"), up.called("broken"), up.count) == (3, 1, 4)


async def test_client_that_leaves_is_noted(up: FakeUpstream) -> None:
    """A call whose client closes before the answer is over says when."""
    up.script(silent())
    _, writer = await asyncio.open_connection(*_address(up))
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
    await up.until(count=1)
    assert up.open == 1
    writer.close()
    await writer.wait_closed()
    await up.until(idle=True)
    assert up.calls[0].left_at is not None
    assert up.calls[0].finished_at is None


@pytest.mark.parametrize("framing", list(Framing))
async def test_cut_stream_ends_mid_frame(up: FakeUpstream, framing: Framing) -> None:
    """A stream told to stop writes so many events, half of the next one, and closes."""
    up.script(
        Chat(
            "a b",
            words=2,
            shape=Shape(stop_after=1, mid_frame=True, end=End.CLOSE, framing=framing),
        )
    )
    reader, writer = await asyncio.open_connection(*_address(up))
    body = b'{"model": "m", "stream": true}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body)
    writer.write(head + body)
    got = await reader.read()
    assert got.count(b"data: ") == 2
    assert not got.endswith(b"\n\n")
    assert b"0\r\n\r\n" not in got
    writer.close()
    await writer.wait_closed()


def test_frame_follows_its_shape() -> None:
    """A frame has the line end and the space that were asked for."""
    assert frame({"a": 1}) == b'data: {"a":1}\n\n'
    assert frame("x", Shape(newline="\r\n", space=False)) == b"data:x\r\n\r\n"


def test_threaded_upstream_answers_blocking_clients() -> None:
    """The provider can live in another thread; a refused URL is refused."""
    with threaded_upstream() as up, OpenAI(base_url=up.url, api_key="k", max_retries=0) as client:
        vector = client.embeddings.create(model="e", input="a", encoding_format="float")
        assert vector.data[0].embedding == [0.125, 0.1875, 0.25, 0.3125]
    client = OpenAI(base_url=refused_url(), api_key="k", max_retries=0)
    with client, pytest.raises(APIConnectionError):
        client.models.list()


def _address(up: FakeUpstream) -> tuple[str, int]:
    host, _, port = up.origin.removeprefix("http://").partition(":")
    return host, int(port)
