"""Chat through the official SDK: every form of question, every form of answer, exact costs."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from e2e.sdk import Sdk
from e2e.stage import Stage, exact, per_million
from fakes.answers import error
from fakes.openai_answers import Chat, ToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = [{"role": "user", "content": "Hello"}]
COST = per_million((12, "3"), (5, "15"))
"""Of the scripted 12 tokens in and 5 out: 36 + 75 millionths."""
CALLS = [
    ToolCall("weather", '{"city":"Zürich","unit":"C"}', "call_1", 3),
    ToolCall("weather", '{"city":"Oslo"}', "call_2", 2),
    ToolCall("clock", "{}", "call_3", 1),
]
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("weather", "clock")
]


def right(usage: Any) -> bool:
    """Whether a usage has the scripted counts and their cost, to the last digit."""
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (12, 5, 17)
    assert exact(usage.cost) == COST == Decimal("0.000111")
    details = usage.cost_details
    assert exact(details["input"]) == per_million((12, "3")) == Decimal("0.000036")
    assert exact(details["output"]) == per_million((5, "15")) == Decimal("0.000075")
    return True


async def test_a_plain_chat_is_answered_with_its_cost(stage: Stage, sdk: Sdk) -> None:
    """A question gets its answer, from the model asked for, with what it cost."""
    model_id = await stage.model()
    answer = await sdk(lambda c: c.chat.completions.create(model=model_id, messages=HELLO))
    assert answer.choices[0].message.content == Chat().text
    assert answer.model == model_id
    assert right(answer.usage)
    assert answer._request_id is not None


async def test_tools_are_offered_and_called(stage: Stage, sdk: Sdk) -> None:
    """A tool's definition reaches the provider and its call reaches the application."""
    model_id = await stage.model(Chat(None, tools=CALLS[:1]))
    answer = await sdk(
        lambda c: c.chat.completions.create(
            model=model_id, messages=HELLO, tools=TOOLS, tool_choice="auto"
        )
    )
    (call,) = answer.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", CALLS[0].arguments)
    assert answer.choices[0].finish_reason == "tool_calls"
    assert right(answer.usage)
    sent = stage.calls(model_id)[-1].json
    assert (sent["tools"], sent["tool_choice"]) == (TOOLS, "auto")


async def test_a_tool_s_result_is_sent_back(stage: Stage, sdk: Sdk) -> None:
    """The next turn, with the calls and their results, arrives as the application wrote it."""
    model_id = await stage.model()
    turns: list[dict[str, Any]] = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [CALLS[0].whole()]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"degrees":21.50}'},
    ]
    await sdk(lambda c: c.chat.completions.create(model=model_id, messages=turns, tools=TOOLS))
    assert stage.calls(model_id)[-1].json["messages"] == turns


async def test_B06_parallel_tool_calls_are_accumulated_from_a_stream(
    stage: Stage, sdk: Sdk
) -> None:
    """Three calls in pieces come together again, each with its own id, name and arguments."""
    model_id = await stage.model(Chat(None, tools=CALLS))
    kinds, final = await sdk.accumulated(
        lambda c: c.chat.completions.stream(
            model=model_id, messages=HELLO, tools=TOOLS, parallel_tool_calls=True
        ),
        "get_final_completion",
    )
    made = [
        (call.id, call.function.name, call.function.arguments)
        for call in final.choices[0].message.tool_calls
    ]
    assert made == [(call.id, call.name, call.arguments) for call in CALLS]
    assert kinds.count("tool_calls.function.arguments.done") == 3
    assert right(final.usage)


async def test_pictures_go_through_unread(stage: Stage, sdk: Sdk) -> None:
    """Image parts, by URL and inline, arrive as they were given."""
    model_id = await stage.model(capabilities={"vision": True})
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBO" * 5000}},
    ]
    turns = [{"role": "user", "content": parts}]
    answer = await sdk(lambda c: c.chat.completions.create(model=model_id, messages=turns))
    assert stage.calls(model_id)[-1].json["messages"] == turns
    assert right(answer.usage)


class Toll(BaseModel):
    """What the model is to answer with."""

    gate: str
    pence: int


@pytest.mark.parametrize("helper", ["parse", "stream"])
async def test_answers_in_a_schema_are_parsed(stage: Stage, sdk: Sdk, helper: str) -> None:
    """A pydantic model goes out as a JSON schema and comes back as an instance."""
    model_id = await stage.model(Chat('{"gate":"north","pence":12}'))
    if helper == "parse":
        answer = await sdk(
            lambda c: c.chat.completions.parse(model=model_id, messages=HELLO, response_format=Toll)
        )
    else:
        _, answer = await sdk.accumulated(
            lambda c: c.chat.completions.stream(
                model=model_id, messages=HELLO, response_format=Toll
            ),
            "get_final_completion",
        )
    assert answer.choices[0].message.parsed == Toll(gate="north", pence=12)
    assert right(answer.usage)
    asked = stage.calls(model_id)[-1].json["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["strict"] is True
    assert asked["json_schema"]["schema"]["properties"].keys() == {"gate", "pence"}


@pytest.mark.parametrize("stream", [False, True])
async def test_log_probabilities_come_through(stage: Stage, sdk: Sdk, *, stream: bool) -> None:
    """What the provider says of its tokens' odds is the application's, whole and streamed."""
    model_id = await stage.model(Chat("ab", words=2))
    if stream:
        events = await sdk.events(
            lambda c: c.chat.completions.create(
                model=model_id, messages=HELLO, logprobs=True, top_logprobs=0, stream=True
            )
        )
        told = [e.choices[0].logprobs.content[0] for e in events if e.choices[0].logprobs]
        assert [one.token for one in told] == ["a", "b"]
    else:
        answer = await sdk(
            lambda c: c.chat.completions.create(model=model_id, messages=HELLO, logprobs=True)
        )
        told = answer.choices[0].logprobs.content
        assert right(answer.usage)
    assert {one.logprob for one in told} == {-0.25}
    assert stage.calls(model_id)[-1].json["logprobs"] is True


async def test_two_answers_to_one_question_are_priced_as_told(stage: Stage, sdk: Sdk) -> None:
    """With n=2 both answers come, and the usage, which holds both, is priced once."""
    told = {"prompt_tokens": 12, "completion_tokens": 10, "total_tokens": 22}
    model_id = await stage.model(Chat("Hi", words=2, usage=told))
    answer = await sdk(lambda c: c.chat.completions.create(model=model_id, messages=HELLO, n=2))
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert exact(answer.usage.cost) == per_million((12, "3"), (10, "15")) == Decimal("0.000186")
    kinds, final = await sdk.accumulated(
        lambda c: c.chat.completions.stream(model=model_id, messages=HELLO, n=2),
        "get_final_completion",
    )
    assert kinds.count("content.done") == 2
    assert [choice.message.content for choice in final.choices] == ["Hi", "Hi"]
    assert final.usage.cost == answer.usage.cost


async def test_A17_a_stream_that_asks_for_usage_ends_with_it(stage: Stage, sdk: Sdk) -> None:
    """With ``include_usage`` the last chunk has no choices, and the usage with its cost."""
    model_id = await stage.model()
    events = await sdk.events(
        lambda c: c.chat.completions.create(
            model=model_id,
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    *rest, last = events
    assert "".join(e.choices[0].delta.content or "" for e in rest) == Chat().text
    assert last.choices == []
    assert right(last.usage)
    assert not any(e.usage for e in rest)
    assert {e.model for e in events} == {model_id}


async def test_A08_a_stream_that_does_not_ask_has_its_cost_on_the_last_choice(
    stage: Stage, sdk: Sdk
) -> None:
    """Without ``include_usage`` every chunk has a choice, and the one that finishes the usage."""
    model_id = await stage.model()
    events = await sdk.events(
        lambda c: c.chat.completions.create(model=model_id, messages=HELLO, stream=True)
    )
    assert all(len(e.choices) == 1 for e in events)
    assert events[-1].choices[0].finish_reason == "stop"
    assert right(events[-1].usage)
    assert not any(e.usage for e in events[:-1])


async def test_the_stream_helper_has_the_answer_and_its_cost(stage: Stage, sdk: Sdk) -> None:
    """``.stream()`` tells each piece and puts the answer together, cost included."""
    model_id = await stage.model()
    kinds, final = await sdk.accumulated(
        lambda c: c.chat.completions.stream(model=model_id, messages=HELLO),
        "get_final_completion",
    )
    assert kinds.count("content.delta") >= 5
    assert final.choices[0].message.content == Chat().text
    assert right(final.usage)


async def test_A06_after_a_failover_the_sdk_sees_who_answered(stage: Stage, sdk: Sdk) -> None:
    """The raw answer's headers tell who was asked, who answered and why."""
    good = await stage.model(pricing={"input_per_1m_tokens": "1", "output_per_1m_tokens": "1"})
    bad = await stage.model(error(503), failover=good)
    raw = await sdk(
        lambda c: c.chat.completions.with_raw_response.create(model=bad, messages=HELLO)
    )
    assert raw.headers["x-tollhouse-requested-model"] == bad
    assert raw.headers["x-tollhouse-model"] == good
    assert raw.headers["x-tollhouse-failover"] == "status_503"
    answer = raw.parse()
    assert answer.model == good
    assert exact(answer.usage.cost) == per_million((17, "1")) == Decimal("0.000017")
    assert '"cost":0.000017,' in raw.text
