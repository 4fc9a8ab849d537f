"""OpenAI's official SDK asks for chats, and models of every other kind of provider answer."""

import base64
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI
from pydantic import BaseModel

from e2e.stage import assert_shape, exact, per_million
from e2e.tool_turns import CALLS, RESULTS, calls_sent, results_sent
from e2e.vendors import HELLO as SAID
from e2e.vendors import SIGNATURES, TALKING, Said, Vendors, failing
from fakes.gemini_answers import SIGNATURE, Gemini

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRANSLATED = [place for place in TALKING if place != "openai"]
EVERYWHERE = pytest.mark.parametrize("place", TRANSLATED)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
HELLO = [{"role": "user", "content": "Hello"}]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(60))).decode()
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


@pytest_asyncio.fixture(name="client", scope="module", loop_scope="module")
async def _client(vendors: Vendors) -> AsyncIterator[Any]:
    url = f"{vendors.gw.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=vendors.gw.key, max_retries=0, timeout=20) as made:
        yield made


def output_of(place: str) -> int:
    """The scripted answer's tokens: Google's has 7 more of thoughts."""
    return 12 if place in {"gemini", "vertex"} else 5


def cost_at(place: str) -> Decimal:
    """What the scripted answer costs."""
    return per_million((12, "3"), (output_of(place), "15"))


def right(usage: Any, place: str) -> bool:
    """Whether a usage has the scripted counts and their cost, to the last digit."""
    output = output_of(place)
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    assert counts == (12, output, 12 + output)
    assert exact(usage.cost) == cost_at(place)
    return True


@BOTH_WAYS
async def test_a_picture_is_drawn_and_drawn_anew(
    vendors: Vendors, client: Any, *, stream: bool
) -> None:
    """Gemini is asked for it, the client sees it, and Gemini gets its own back, signed."""
    model_id = await vendors.model("gemini", Gemini("Look:", picture=PNG), Said())
    asked: Any = {"model": model_id, "modalities": ["image", "text"]}
    if stream:
        async with client.chat.completions.stream(messages=HELLO, **asked) as answer:
            told = await answer.get_final_completion()
    else:
        told = await client.chat.completions.create(messages=HELLO, **asked)
    message = told.choices[0].message.to_dict()
    (shown,) = message["images"]
    assert shown["image_url"]["url"] == f"data:image/png;base64,{PNG}"
    assert vendors.sent["generationConfig"]["responseModalities"] == ["IMAGE", "TEXT"]

    again = [*HELLO, message, {"role": "user", "content": "In red."}]
    await client.chat.completions.create(messages=again, **asked)
    words, picture = vendors.sent["contents"][1]["parts"]
    assert words == {"text": "Look:"}
    assert picture["inlineData"] == {"mimeType": "image/png", "data": PNG}
    assert picture["thoughtSignature"] == SIGNATURE


@EVERYWHERE
async def test_a_chat_is_answered_with_its_cost(vendors: Vendors, client: Any, place: str) -> None:
    """A question, with instructions on both sides of it, gets its answer and what it cost."""
    model_id = await vendors.model(place, Said())
    asked = [{"role": "system", "content": "Be kind."}, *HELLO]
    raw = await client.chat.completions.with_raw_response.create(
        model=model_id, messages=asked, max_completion_tokens=50
    )
    answer = raw.parse()
    assert (answer.object, answer.model) == ("chat.completion", model_id)
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", SAID)
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)
    assert right(answer.usage, place)
    assert exact(raw.headers["x-tollhouse-cost"]) == cost_at(place)
    assert answer._request_id == raw.headers["x-request-id"]
    sent = vendors.asked[-1].body.decode()
    assert "Be kind." in sent
    assert vendors.gw.key not in str(vendors.asked[-1].headers)


@EVERYWHERE
async def test_A17_a_stream_that_asks_for_usage_ends_with_it(
    vendors: Vendors, client: Any, place: str
) -> None:
    """With ``include_usage`` the last chunk has no choices, and the usage with its cost."""
    model_id = await vendors.model(place, Said())
    events = await client.chat.completions.create(
        model=model_id, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    *rest, last = [event async for event in events]
    pieces = [text for e in rest if (text := e.choices[0].delta.content)]
    assert len(pieces) > 1
    assert "".join(pieces) == SAID
    assert rest[-1].choices[0].finish_reason == "stop"
    assert last.choices == []
    assert right(last.usage, place)
    assert not any(e.usage for e in rest)
    assert {(e.model, e.object, e.id) for e in [*rest, last]} == {
        (model_id, "chat.completion.chunk", last.id)
    }


@EVERYWHERE
async def test_A08_a_stream_that_does_not_ask_has_its_cost_on_the_last_choice(
    vendors: Vendors, client: Any, place: str
) -> None:
    """Without ``include_usage`` every chunk has a choice, and the one that finishes the usage."""
    model_id = await vendors.model(place, Said())
    events = await client.chat.completions.create(model=model_id, messages=HELLO, stream=True)
    told = [event async for event in events]
    assert all(len(e.choices) == 1 for e in told)
    assert told[0].choices[0].delta.role == "assistant"
    assert told[-1].choices[0].finish_reason == "stop"
    assert right(told[-1].usage, place)
    assert not any(e.usage for e in told[:-1])


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
    asked = {"model": model_id, "messages": HELLO, "response_format": Toll}
    if stream:
        async with client.chat.completions.stream(**asked) as streamed:
            answer = await streamed.get_final_completion()
    else:
        answer = await client.chat.completions.parse(**asked)
    assert answer.choices[0].message.parsed == Toll(gate="north", pence=12)
    sent = vendors.asked[-1].body.decode().replace("\\", "")
    assert '"pence":{"title":"Pence","type":"integer"}' in sent


async def looped(client: Any, *, stream: bool, **asked: Any) -> Any:
    """One answer, whole or put together by the SDK."""
    if not stream:
        return await client.chat.completions.create(**asked)
    async with client.chat.completions.stream(**asked) as streamed:
        kinds = [event.type async for event in streamed]
        answer = await streamed.get_final_completion()
    calls = answer.choices[0].message.tool_calls or []
    assert kinds.count("tool_calls.function.arguments.done") == len(calls)
    return answer


def next_turn(answer: Any) -> list[Any]:
    """The conversation with an answer as it came, and what the tools gave."""
    results = [{"role": "tool", "tool_call_id": call, "content": text} for call, text in RESULTS]
    return [*HELLO, answer.choices[0].message, *results]


@BOTH_WAYS
@EVERYWHERE
async def test_parallel_tools_and_thoughts_go_round(
    vendors: Vendors, client: Any, place: str, *, stream: bool
) -> None:
    """Two calls reach the application, both results the provider, and thoughts their vendor."""
    looking = Said("Let me look.", CALLS, "I should look.")
    model_id = await vendors.model(place, looking, Said("Rain, and sun."))
    shown = {"reasoning_effort": "low", "extra_body": {"include_reasoning": True}}
    asked = {"model": model_id, "tools": [WEATHER], **shown}
    answer = await looped(client, stream=stream, **asked, messages=HELLO)
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me look."
    assert choice.message.reasoning_content == "I should look."
    made = [
        (call.id, call.function.name, json.loads(call.function.arguments))
        for call in choice.message.tool_calls
    ]
    assert made == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("call_2", "weather", {"city": "Bern"}),
    ]
    final = await looped(client, stream=stream, **asked, messages=next_turn(answer))
    assert final.choices[0].message.content == "Rain, and sun."
    assert calls_sent(place, vendors.sent) == made
    assert results_sent(place, vendors.sent) == RESULTS
    assert vendors.asked[-1].body.decode().count(SIGNATURES[place]) == 1


@pytest.mark.parametrize("begun", ["anthropic", "gemini", "responses"])
async def test_no_vendor_is_shown_another_s_signature(
    vendors: Vendors, client: Any, begun: str
) -> None:
    """A conversation may change its model: words and calls go along, foreign signatures do not."""
    first = await vendors.model(begun, Said("Let me look.", CALLS, "I should look."))
    asked = {"tools": [WEATHER], "reasoning_effort": "low"}
    answer = await looped(client, stream=True, model=first, **asked, messages=HELLO)
    for place in TRANSLATED:
        second = await vendors.model(place, Said())
        turns = next_turn(answer)
        await looped(client, stream=False, model=second, tools=[WEATHER], messages=turns)
        assert results_sent(place, vendors.sent) == RESULTS
        body = vendors.asked[-1].body.decode()
        own = SIGNATURES[begun] == SIGNATURES[place]
        for signature in set(SIGNATURES.values()):
            assert (signature in body) is (own and signature == SIGNATURES[begun]), place


@EVERYWHERE
async def test_a_picture_in_a_data_url_reaches_every_provider(
    vendors: Vendors, client: Any, place: str
) -> None:
    """The bytes of an image arrive as they were, of the type they are."""
    model_id = await vendors.model(place, Said())
    url = {"url": f"data:image/png;base64,{PNG}", "detail": "low"}
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": url}]
    turns = [{"role": "user", "content": parts}]
    await client.chat.completions.create(model=model_id, messages=turns)
    sent = vendors.asked[-1].body.decode()
    assert PNG in sent
    assert "png" in sent.replace(PNG, "")


EFFORTS = {
    "anthropic": lambda body: body["thinking"] == {"type": "enabled", "budget_tokens": 2048},
    "responses": lambda body: body["reasoning"]["effort"] == "low",
    "converse": lambda body: (
        body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2048
    ),
    "gemini": lambda body: 0 < body["generationConfig"]["thinkingConfig"]["thinkingBudget"] <= 2048,
}


@pytest.mark.parametrize("place", EFFORTS)
async def test_an_effort_is_asked_for_in_the_provider_s_words(
    vendors: Vendors, client: Any, place: str
) -> None:
    """``reasoning_effort`` becomes a budget of tokens where that is the provider's unit."""
    model_id = await vendors.model(place, Said())
    await client.chat.completions.create(model=model_id, messages=HELLO, reasoning_effort="low")
    assert EFFORTS[place](vendors.sent), vendors.sent


# --- Errors ---


async def raised(client: Any, *, stream: bool = False, **asked: Any) -> Any:
    """The exception that a chat ends in."""
    with pytest.raises(openai.APIStatusError) as caught:
        await looped(client, stream=stream, **{"messages": HELLO, **asked})
    assert_shape(caught.value.body)  # type: ignore[arg-type]
    return caught.value


@EVERYWHERE
async def test_what_a_provider_says_no_to_is_told_as_what_it_is(
    vendors: Vendors, client: Any, place: str
) -> None:
    """Refusals in the provider's words, limits as limits, trouble as trouble; never a 401."""
    for stream in (False, True):
        model_id = await vendors.model(place, failing(place, 400, "that is too warm"))
        error = await raised(client, stream=stream, model=model_id)
        assert isinstance(error, openai.BadRequestError)
        assert error.body["message"] == "that is too warm"  # type: ignore[index]
        model_id = await vendors.model(place, failing(place, 429))
        error = await raised(client, stream=stream, model=model_id)
        assert isinstance(error, openai.RateLimitError)
        for status, code in ((503, "upstream_error"), (401, "upstream_auth_error")):
            model_id = await vendors.model(place, failing(place, status, "secret-canary"))
            error = await raised(client, stream=stream, model=model_id)
            assert isinstance(error, openai.InternalServerError)
            assert (error.status_code, error.code) == (502, code)
            assert "secret-canary" not in error.response.text


@pytest.mark.parametrize(
    ("knob", "param"),
    [({"logit_bias": {"7": 1}}, "logit_bias"), ({"n": 2}, "n"), ({"seed": 7}, "seed")],
    ids=["logit_bias", "n", "seed"],
)
async def test_what_claude_cannot_be_asked_is_a_bad_request(
    vendors: Vendors, client: Any, knob: Any, param: str
) -> None:
    """400 naming the field before anything is sent."""
    model_id = await vendors.model("anthropic", Said())
    error = await raised(client, model=model_id, **knob)
    assert isinstance(error, openai.BadRequestError)
    assert (error.param, error.code) == (param, "unsupported_parameter")
    assert vendors.asked == []
