"""Anthropic's official SDK, unmodified, with a model of every provider behind the gateway."""

import asyncio
import base64
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from anthropic import Anthropic, BadRequestError, beta_async_tool
from pydantic import BaseModel

from e2e.claude import HELLO, WEATHER, answered, claude_for, next_turn
from e2e.stage import exact, per_million
from e2e.tool_turns import CALLS, RESULTS, calls_sent, results_sent
from e2e.vendors import CLAUDES, SIGNATURES, TALKING, Said, Vendors
from e2e.vendors import HELLO as SAID
from fakes.openai_answers import ToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYWHERE = pytest.mark.parametrize("place", TALKING)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
GOOGLE = frozenset({"gemini", "vertex"})
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(60))).decode()
THINKING = {"type": "enabled", "budget_tokens": 1024}


@pytest_asyncio.fixture(name="claude", scope="module", loop_scope="module")
async def _claude(vendors: Vendors) -> AsyncIterator[Any]:
    async with claude_for(vendors) as client:
        yield client


def cost_at(place: str) -> Decimal:
    """What the scripted answer costs: Google's has 7 more tokens of thoughts."""
    return per_million((12, "3"), (12 if place in GOOGLE else 5, "15"))


@EVERYWHERE
async def test_a_message_is_answered_with_its_cost(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """Any model answers as Claude would, with the cost in the usage and in a header."""
    model_id = await vendors.model(place, Said())
    raw = await claude.messages.with_raw_response.create(
        model=model_id,
        max_tokens=50,
        system=[{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}],
        messages=HELLO,
    )
    answer = await raw.parse()
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", model_id)
    assert [block.text for block in answer.content] == [SAID]
    assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)
    usage: Any = answer.usage
    assert usage.input_tokens == 12
    assert exact(usage.cost) == cost_at(place)
    assert usage.cost_details["currency"] == "USD"
    assert exact(raw.headers["x-tollhouse-cost"]) == cost_at(place)
    assert raw.headers["x-tollhouse-model"] == model_id
    assert answer._request_id == raw.headers["x-request-id"]
    sent = vendors.asked[-1].body.decode()
    assert sent.index("Be kind.") < sent.index("Be brief.")
    assert vendors.gw.key not in str(vendors.asked[-1].headers)


@EVERYWHERE
async def test_a_stream_is_told_piece_by_piece(vendors: Vendors, claude: Any, place: str) -> None:
    """The helper gives text as it comes and the final message; the cost is on the last delta."""
    model_id = await vendors.model(place, Said())
    async with claude.messages.stream(model=model_id, max_tokens=50, messages=HELLO) as stream:
        pieces = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == SAID == final.content[0].text
    assert final.model == model_id
    assert final.stop_reason == "end_turn"
    assert final.usage.input_tokens == 12
    assert final.usage.output_tokens == (12 if place in GOOGLE else 5)
    events = await claude.messages.create(
        model=model_id,
        max_tokens=50,
        messages=HELLO,
        stream=True,
    )
    told: Any = [event async for event in events]
    assert [event.type for event in told[-2:]] == ["message_delta", "message_stop"]
    assert exact(told[-2].usage.cost) == cost_at(place)


async def test_the_blocking_client_is_served_alike(vendors: Vendors) -> None:
    """The synchronous SDK reads the same whole answers and streams."""
    model_id = await vendors.model("gemini", Said())
    asked: dict[str, Any] = {"model": model_id, "max_tokens": 50, "messages": HELLO}

    def talk() -> list[str]:
        with Anthropic(base_url=vendors.gw.url, api_key=vendors.gw.key, max_retries=0) as client:
            whole: Any = client.messages.create(**asked)
            with client.messages.stream(**asked) as stream:
                return [whole.content[0].text, stream.get_final_text()]

    assert await asyncio.to_thread(talk) == [SAID, SAID]


@BOTH_WAYS
@EVERYWHERE
async def test_parallel_tools_and_thoughts_go_round(
    vendors: Vendors, claude: Any, place: str, *, stream: bool
) -> None:
    """Two calls reach the application, both results the provider, and thoughts their vendor."""
    looking = Said("Let me look.", CALLS, "I should look.")
    model_id = await vendors.model(place, looking, Said("Rain, and sun."))
    asked = {"model": model_id, "tools": [WEATHER], "thinking": THINKING}
    answer = await answered(claude, stream=stream, **asked)
    assert answer.stop_reason == "tool_use"
    thought = next(block for block in answer.content if block.type == "thinking")
    assert thought.thinking == "I should look."
    uses = [block for block in answer.content if block.type == "tool_use"]
    assert [(one.id, one.name, one.input) for one in uses] == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("call_2", "weather", {"city": "Bern"}),
    ]
    final = await answered(claude, stream=stream, **asked, messages=next_turn(answer, RESULTS))
    assert final.content[-1].text == "Rain, and sun."
    assert calls_sent(place, vendors.sent) == [(one.id, one.name, one.input) for one in uses]
    assert results_sent(place, vendors.sent) == RESULTS
    body = vendors.asked[-1].body.decode()
    assert "tollhouse:" not in body
    assert place == "openai" or body.count(SIGNATURES[place]) == 1


@pytest.mark.parametrize("begun", ["anthropic", "gemini", "responses", "openai"])
async def test_no_vendor_is_shown_another_s_signature(
    vendors: Vendors, claude: Any, begun: str
) -> None:
    """A conversation may change its model: words and calls go along, foreign signatures do not."""
    first = await vendors.model(begun, Said("Let me look.", CALLS, "I should look."))
    answer = await answered(claude, stream=True, model=first, tools=[WEATHER], thinking=THINKING)
    turns = next_turn(answer, RESULTS)
    for place in TALKING:
        second = await vendors.model(place, Said())
        await answered(claude, stream=False, model=second, tools=[WEATHER], messages=turns)
        assert results_sent(place, vendors.sent) == RESULTS
        body = vendors.asked[-1].body.decode()
        assert "tollhouse:" not in body
        own = SIGNATURES.get(begun) is not None and SIGNATURES.get(begun) == SIGNATURES.get(place)
        for signature in set(SIGNATURES.values()):
            assert (signature in body) is (own and signature == SIGNATURES[begun]), place


@EVERYWHERE
async def test_an_inline_picture_reaches_every_provider(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """The bytes of an image arrive as they were, of the type they are."""
    model_id = await vendors.model(place, Said())
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "text", "text": "What is it?"}, {"type": "image", "source": source}]
    await answered(
        claude, stream=False, model=model_id, messages=[{"role": "user", "content": content}]
    )
    sent = vendors.asked[-1].body.decode()
    assert PNG in sent
    assert "png" in sent.replace(PNG, "")


async def test_a_picture_by_url_is_refused_where_it_cannot_be_fetched(
    vendors: Vendors, claude: Any
) -> None:
    """Converse takes no URLs: nothing is sent, and the error names the block; OpenAI takes them."""
    content = [{"type": "image", "source": {"type": "url", "url": "https://pictures.example/1"}}]
    turns = [{"role": "user", "content": content}]
    taken = await vendors.model("openai", Said())
    await answered(claude, stream=False, model=taken, messages=turns)
    assert "https://pictures.example/1" in vendors.asked[-1].body.decode()
    refused = await vendors.model("converse", Said())
    with pytest.raises(BadRequestError, match=r"messages\[0\]\.content\[0\]: .* by URL"):
        await answered(claude, stream=False, model=refused, messages=turns)
    assert vendors.asked == []


class Toll(BaseModel):
    """What the model is to answer with."""

    gate: str
    pence: int


@EVERYWHERE
async def test_answers_in_a_schema_are_parsed(vendors: Vendors, claude: Any, place: str) -> None:
    """A pydantic model goes out as the provider's kind of schema and comes back as an instance."""
    model_id = await vendors.model(place, Said('{"gate":"north","pence":12}'))
    answer: Any = await claude.messages.parse(
        model=model_id,
        max_tokens=50,
        messages=HELLO,
        output_format=Toll,
    )
    assert answer.parsed_output == Toll(gate="north", pence=12)
    sent = vendors.asked[-1].body.decode().replace("\\", "")
    assert '"pence":{"type":"integer"' in sent


@EVERYWHERE
async def test_the_tool_runner_runs_with_every_model(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """The SDK's own loop ends in an answer: by a thread at Anthropic, without one elsewhere."""

    @beta_async_tool
    async def weather(city: str) -> str:
        """Tell the weather.

        Args:
            city: Where.
        """
        return f"rain in {city}"

    call = ToolCall("weather", '{"city": "Oslo"}', "call_1")
    # What is dropped silently would lose the whole conversation here.
    config = {"unsupported_params": "drop"}
    model_id = await vendors.model(
        place, Said(None, [call]), Said("Rain in Oslo."), provider_config=config
    )
    runner = claude.beta.messages.tool_runner(
        model=model_id,
        max_tokens=50,
        messages=HELLO,
        tools=[weather],
    )
    final: Any = await runner.until_done()
    assert final.content[0].text == "Rain in Oslo."
    assert results_sent(place, vendors.sent) == [("call_1", "rain in Oslo")]
    threaded = place == "anthropic"
    assert ("thread" in vendors.sent) is threaded
    assert threaded or calls_sent(place, vendors.sent) == [("call_1", "weather", {"city": "Oslo"})]


@pytest.mark.parametrize("place", CLAUDES)
async def test_hidden_thoughts_of_claude_come_back_as_they_are(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """A redacted block goes back to Claude byte for byte; Converse takes bytes in base64."""
    hidden = "EmwKAhgBEgy3va3pzix/LafPsn4a"
    model_id = await vendors.model(place, Said())
    said = [{"type": "redacted_thinking", "data": hidden}, {"type": "text", "text": "Hm."}]
    turns = [*HELLO, {"role": "assistant", "content": said}, *HELLO]
    await answered(claude, stream=False, model=model_id, messages=turns)
    sent = base64.b64encode(hidden.encode()).decode() if place == "converse" else hidden
    assert sent in vendors.asked[-1].body.decode()
