"""OpenAI's official SDK asks for responses, and models of every kind of provider answer."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI
from pydantic import BaseModel

from e2e.stage import exact, per_million
from e2e.tool_turns import CALLS, RESULTS, calls_sent, results_sent
from e2e.vendors import HELLO as SAID
from e2e.vendors import SIGNATURES, TALKING, Said, Vendors, failing
from fakes.answers import Shape
from fakes.anthropic_answers import Message
from fakes.http_server import End

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYWHERE = pytest.mark.parametrize("place", TALKING)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
LOOPING = {
    "tools": [WEATHER],
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "store": False,
}
HELLO = [{"role": "user", "content": "Hello"}]


@pytest_asyncio.fixture(name="client", scope="module", loop_scope="module")
async def _client(vendors: Vendors) -> AsyncIterator[Any]:
    url = f"{vendors.gw.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=vendors.gw.key, max_retries=0, timeout=20) as made:
        yield made


def cost_at(place: str) -> Decimal:
    """What the scripted answer costs: Google's has 7 more tokens of thoughts."""
    return per_million((12, "3"), (12 if place in {"gemini", "vertex"} else 5, "15"))


async def answered(client: Any, *, stream: bool, **asked: Any) -> Any:
    """One response, whole or put together by the SDK."""
    if not stream:
        return await client.responses.create(**asked)
    async with client.responses.stream(**asked) as streamed:
        kinds = [event.type async for event in streamed]
        answer = await streamed.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    return answer


@BOTH_WAYS
@EVERYWHERE
async def test_a_response_is_given_with_its_cost(
    vendors: Vendors, client: Any, place: str, *, stream: bool
) -> None:
    """Text with instructions gets its answer, and what it cost."""
    model_id = await vendors.model(place, Said())
    answer = await answered(
        client,
        stream=stream,
        model=model_id,
        input="Hello",
        instructions="Be kind.",
        max_output_tokens=50,
    )
    assert (answer.object, answer.model, answer.status) == ("response", model_id, "completed")
    assert answer.output_text == SAID
    assert answer.instructions == "Be kind."
    assert answer.usage.input_tokens == 12
    assert exact(answer.usage.cost) == cost_at(place)
    sent = vendors.asked[-1].body.decode()
    assert "Be kind." in sent
    assert "Hello" in sent


@EVERYWHERE
async def test_a_stream_is_told_in_numbered_events(
    vendors: Vendors, client: Any, place: str
) -> None:
    """Events are numbered without a gap, and the text comes piece by piece."""
    model_id = await vendors.model(place, Said())
    events = await client.responses.create(model=model_id, input="Hello", stream=True)
    told = [event async for event in events]
    assert [event.sequence_number for event in told] == list(range(len(told)))
    pieces = [event.delta for event in told if event.type == "response.output_text.delta"]
    assert len(pieces) > 1
    assert "".join(pieces) == SAID
    assert exact(told[-1].response.usage.cost) == cost_at(place)


class Toll(BaseModel):
    """What the model is to answer with."""

    gate: str
    pence: int


@BOTH_WAYS
@EVERYWHERE
async def test_answers_in_a_schema_are_parsed(
    vendors: Vendors, client: Any, place: str, *, stream: bool
) -> None:
    """A pydantic model goes out as the provider's kind of schema and comes back as an instance."""
    model_id = await vendors.model(place, Said('{"gate":"north","pence":12}'))
    asked = {"model": model_id, "input": "Hello", "text_format": Toll}
    if stream:
        answer = await answered(client, stream=True, **asked)
    else:
        answer = await client.responses.parse(**asked)
    assert answer.output_parsed == Toll(gate="north", pence=12)
    sent = vendors.asked[-1].body.decode().replace("\\", "")
    assert '"pence":{"title":"Pence","type":"integer"}' in sent


def next_turn(answer: Any) -> list[Any]:
    """The conversation with every item of an answer, and what the tools gave."""
    items = [item.model_dump(exclude_none=True, mode="json") for item in answer.output]
    for item in items:
        item.pop("parsed_arguments", None)
    kind = "function_call_output"
    results = [{"type": kind, "call_id": call, "output": text} for call, text in RESULTS]
    return [*HELLO, *items, *results]


@BOTH_WAYS
@EVERYWHERE
async def test_calls_and_reasoning_items_go_round(
    vendors: Vendors, client: Any, place: str, *, stream: bool
) -> None:
    """Two calls reach the application, both results the provider, and thoughts their vendor."""
    looking = Said("Let me look.", CALLS, "I should look.")
    model_id = await vendors.model(place, looking, Said("Rain, and sun."))
    asked = {"model": model_id, **LOOPING}
    answer = await answered(client, stream=stream, **asked, input=HELLO)
    thoughts = [item for item in answer.output if item.type == "reasoning"]
    # A model behind chat tells the thoughts themselves, the others a summary of them.
    words = [part.text for part in thoughts[0].summary]
    raw = [part.text for part in thoughts[0].content or ()]
    told = ["I should look."]
    assert (words, raw) == (([], told) if place == "openai" else (told, []))
    made = [
        (item.call_id, item.name, json.loads(item.arguments))
        for item in answer.output
        if item.type == "function_call"
    ]
    assert made == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("call_2", "weather", {"city": "Bern"}),
    ]
    final = await answered(client, stream=stream, **asked, input=next_turn(answer))
    assert final.output_text == "Rain, and sun."
    assert calls_sent(place, vendors.sent) == made
    assert results_sent(place, vendors.sent) == RESULTS
    body = vendors.asked[-1].body.decode()
    assert "tollhouse" not in body
    assert place == "openai" or body.count(SIGNATURES[place]) == 1


@pytest.mark.parametrize("begun", ["anthropic", "gemini", "responses", "openai"])
async def test_no_vendor_is_shown_another_s_signature(
    vendors: Vendors, client: Any, begun: str
) -> None:
    """A conversation may change its model: words and calls go along, foreign signatures do not."""
    first = await vendors.model(begun, Said("Let me look.", CALLS, "I should look."))
    answer = await answered(client, stream=True, model=first, **LOOPING, input=HELLO)
    for place in TALKING:
        second = await vendors.model(place, Said())
        turns = next_turn(answer)
        await answered(client, stream=False, model=second, tools=[WEATHER], input=turns)
        assert results_sent(place, vendors.sent) == RESULTS
        body = vendors.asked[-1].body.decode()
        assert "tollhouse" not in body
        own = SIGNATURES.get(begun) is not None and SIGNATURES.get(begun) == SIGNATURES.get(place)
        for signature in set(SIGNATURES.values()):
            assert (signature in body) is (own and signature == SIGNATURES[begun]), place


# --- Errors ---


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
    ],
    ids=["previous", "background", "vendor_tool", "reference"],
)
async def test_what_only_openai_keeps_or_runs_is_a_bad_request(
    vendors: Vendors, client: Any, asked: dict[str, Any], param: str
) -> None:
    """400 naming the field for state and tools that another vendor does not have."""
    model_id = await vendors.model("gemini", Said())
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(**{"model": model_id, "input": "Hello", **asked})
    assert caught.value.param == param
    assert caught.value.code == "unsupported_parameter"
    assert vendors.asked == []


@pytest.mark.parametrize("place", [place for place in TALKING if place != "responses"])
async def test_a_provider_s_refusal_is_told_in_its_words(
    vendors: Vendors, client: Any, place: str
) -> None:
    """A 400 is the application's, whole and streamed; a limit is a limit."""
    for stream in (False, True):
        model_id = await vendors.model(place, failing(place, 400, "that is too warm"))
        with pytest.raises(openai.BadRequestError, match="that is too warm"):
            await answered(client, stream=stream, model=model_id, input="Hello")
        model_id = await vendors.model(place, failing(place, 429))
        with pytest.raises(openai.RateLimitError):
            await answered(client, stream=stream, model=model_id, input="Hello")


async def test_a_stream_that_breaks_is_no_success(vendors: Vendors, client: Any) -> None:
    """An error event ends it, and no ``response.completed`` comes."""
    broken = Message(shape=Shape(stop_after=5, end=End.CLOSE))
    model_id = await vendors.model("anthropic", broken)
    kinds = []
    with pytest.raises(openai.APIError) as caught:  # noqa: PT012 - events come before the error
        async for event in await client.responses.create(
            model=model_id, input="Hello", stream=True
        ):
            kinds.append(event.type)  # noqa: PERF401 - what came before the error counts
    assert caught.value.code == "upstream_disconnected"
    assert "response.output_text.delta" in kinds
    assert "response.completed" not in kinds
