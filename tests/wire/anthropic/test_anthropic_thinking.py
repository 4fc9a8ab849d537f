"""Thinking as each of Anthropic's models takes it."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.anthropic.models import abilities
from tollhouse.wire.anthropic.request import write_request
from tollhouse.wire.neutral.conversation import (
    Choice,
    Conversation,
    Message,
    ReasoningAsked,
    Role,
    Sampling,
    Tool,
    ToolChoice,
)
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import Reasoning, Text, ToolCall, ToolResult

HELLO = Message(Role.USER, (Text("Hello"),))
OLD = "claude-3-5-haiku-20241022"
BUDGETED = "claude-sonnet-4-5"
BOTH = "claude-opus-4-6"
NEWEST = "claude-opus-4-8"
DROPPED = ("reasoning_effort",)


def write(asked: ReasoningAsked, model: str, dropped: tuple[str, ...] = (), **fields: Any) -> Any:
    """What a body says of thinking and effort, and how long its answer may get."""
    losses = Losses(allowed=bool(dropped))
    fields = {"dialect": Dialect.CHAT, "messages": (HELLO,)} | fields
    body = write_request(Conversation(reasoning=asked, **fields), model, losses)
    assert tuple(losses.dropped) == dropped
    told = json.loads(msgspec.json.encode(body))
    effort = told.get("output_config", {}).get("effort")
    return told.get("thinking"), effort, told["max_tokens"]


def adaptive(**more: Any) -> Any:
    """Adaptive thinking."""
    return {"type": "adaptive"} | more


def budget(tokens: int) -> Any:
    """Thinking within so many tokens."""
    return {"type": "enabled", "budget_tokens": tokens}


@pytest.mark.parametrize(
    ("asked", "model", "written"),
    [
        # By effort.
        (ReasoningAsked(effort="minimal"), BUDGETED, (budget(1024), None, 64_000)),
        (ReasoningAsked(effort="medium"), BUDGETED, (budget(8192), None, 64_000)),
        (ReasoningAsked(effort="max"), BUDGETED, (budget(31999), None, 64_000)),
        (ReasoningAsked(effort="minimal"), BOTH, (adaptive(), "low", 128_000)),
        (ReasoningAsked(effort="xhigh"), BOTH, (adaptive(), "high", 128_000)),
        (ReasoningAsked(effort="max"), BOTH, (adaptive(), "max", 128_000)),
        (ReasoningAsked(effort="xhigh"), NEWEST, (adaptive(), "xhigh", 128_000)),
        # By budget.
        (ReasoningAsked(budget=2000), BUDGETED, (budget(2000), None, 64_000)),
        (ReasoningAsked(budget=5), BUDGETED, (budget(1024), None, 64_000)),
        (ReasoningAsked(budget=2000), BOTH, (budget(2000), None, 128_000)),
        (ReasoningAsked(budget=9000), NEWEST, (adaptive(), "medium", 128_000)),
        (ReasoningAsked(budget=-1), BOTH, (adaptive(), None, 128_000)),
        (ReasoningAsked(budget=-1), BUDGETED, (budget(8192), None, 64_000)),
        # As the model sees fit.
        (
            ReasoningAsked(adaptive=True, show=True),
            NEWEST,
            (adaptive(display="summarized"), None, 128_000),
        ),
        (
            ReasoningAsked(adaptive=True, show=False),
            NEWEST,
            (adaptive(display="omitted"), None, 128_000),
        ),
        (ReasoningAsked(adaptive=True), BUDGETED, (budget(8192), None, 64_000)),
        # Not at all.
        (ReasoningAsked(effort="none"), BUDGETED, ({"type": "disabled"}, None, 64_000)),
        (ReasoningAsked(budget=0), NEWEST, ({"type": "disabled"}, None, 128_000)),
        (ReasoningAsked(disabled=True), OLD, (None, None, 8_192)),
        (ReasoningAsked(), BUDGETED, (None, None, 64_000)),
    ],
)
def test_thinking_in_the_models_own_words(asked: ReasoningAsked, model: str, written: Any) -> None:
    """Effort, budgets and the model's own measure, each put into what the model takes."""
    assert write(asked, model) == written


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        (ReasoningAsked(effort="high"), OLD),
        (ReasoningAsked(effort="enormous"), BUDGETED),
        (ReasoningAsked(effort="none"), "claude-mythos-preview"),
    ],
)
def test_what_a_model_lacks_is_a_knob(asked: ReasoningAsked, model: str) -> None:
    """Refused by the client's name of it, or dropped and told."""
    with pytest.raises(Unsupported) as caught:
        write(asked, model)
    assert caught.value.param == "reasoning_effort"
    assert write(asked, model, DROPPED)[0] is None


def test_thoughts_leave_room_for_an_answer() -> None:
    """Where the bound is the model's own, nothing above it is asked for."""
    most = ReasoningAsked(effort="max")
    assert write(most, "claude-opus-4-1") == (budget(27_904), None, 32_000)


def test_the_budget_is_less_than_the_answer() -> None:
    """A client's own bound holds for thoughts and words together."""
    assert write(ReasoningAsked(effort="high"), BUDGETED, max_tokens=8000) == (
        budget(4000),
        None,
        8000,
    )
    assert write(ReasoningAsked(budget=9000), BUDGETED, max_tokens=8000)[0] == budget(7999)
    assert write(ReasoningAsked(effort="high"), BUDGETED, DROPPED, max_tokens=1024)[0] is None


def test_a_client_of_anthropics_own_dialect() -> None:
    """Effort alone asks for no thoughts there; a display goes along with a budget."""
    own: dict[str, Any] = {"dialect": Dialect.MESSAGES}
    assert write(ReasoningAsked(effort="xhigh"), NEWEST, **own) == (None, "xhigh", 128_000)
    asked = ReasoningAsked(budget=2000, show=False)
    assert write(asked, BUDGETED, **own)[0] == budget(2000) | {"display": "omitted"}
    lost = ("output_config.effort",)
    assert write(ReasoningAsked(effort="low"), BUDGETED, lost, **own)[:2] == (None, None)


@pytest.mark.parametrize("choice", [ToolChoice(Choice.REQUIRED), ToolChoice(Choice.NAMED, "f")])
def test_a_forced_call_goes_before_a_budget(choice: ToolChoice) -> None:
    """Anthropic takes only one of the two; the newer way to think takes both."""
    fields: dict[str, Any] = {"tools": (Tool("f"),), "tool_choice": choice}
    assert write(ReasoningAsked(effort="high"), BUDGETED, DROPPED, **fields)[0] is None
    assert write(ReasoningAsked(effort="high"), NEWEST, **fields)[0] == adaptive()
    alone: dict[str, Any] = {"tool_choice": choice}
    assert write(ReasoningAsked(budget=2000), BUDGETED, **alone)[0] == budget(2000)


def test_H02_a_call_without_its_thoughts_ends_thinking() -> None:
    """In a tool's turn Anthropic wants the thoughts back; without them it can have no more."""
    call = ToolCall("a", "f", "{}")
    thought = Reasoning("Hm", Vendor.ANTHROPIC, "EqQB")
    answer = Message(Role.USER, (ToolResult("a", (Text("1"),)),))
    without = (HELLO, Message(Role.ASSISTANT, (call,)), answer)
    whole = (HELLO, Message(Role.ASSISTANT, (thought, call)), answer)
    asked = ReasoningAsked(budget=2000)
    assert write(asked, BUDGETED, DROPPED, messages=without)[0] is None
    assert write(asked, BUDGETED, messages=whole)[0] == budget(2000)
    assert write(asked, NEWEST, messages=without)[0] == adaptive()
    later = (*without, Message(Role.ASSISTANT, (Text("So"),)), HELLO)
    assert write(asked, BUDGETED, messages=later)[0] == budget(2000)


def test_thinking_and_sampling() -> None:
    """With thoughts Anthropic takes no temperature but 1, and top_p from 0.95."""
    one, half, most = (msgspec.Raw(text) for text in (b"1.0", b"0.5", b"0.95"))
    asked = ReasoningAsked(budget=2000)
    knobs = Sampling(temperature=half, top_p=half, top_k=2)
    write(asked, BUDGETED, ("temperature", "top_p", "top_k"), sampling=knobs)
    write(asked, BUDGETED, sampling=Sampling(temperature=one, top_p=most))


@pytest.mark.parametrize(
    ("model", "adaptive_too", "budgets", "efforts", "sampling", "schemas"),
    [
        ("claude-instant-1.2", False, False, 0, True, False),
        ("claude-2.1", False, False, 0, True, False),
        ("claude-3-opus-20240229", False, False, 0, True, False),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", False, False, 0, True, False),
        ("claude-3-7-sonnet@20250219", False, True, 0, True, False),
        ("claude-sonnet-4-20250514", False, True, 0, True, False),
        ("claude-opus-4@20250514", False, True, 0, True, False),
        ("claude-opus-4-1-20250805", False, True, 0, True, True),
        ("claude-haiku-4-5-20251001", False, True, 0, True, True),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", False, True, 0, True, True),
        ("claude-opus-4-5", False, True, 3, True, True),
        ("anthropic/claude-opus-4.6", True, True, 4, True, True),
        ("claude-sonnet-4-6", True, True, 4, True, True),
        ("anthropic.claude-opus-4-7", True, False, 5, False, True),
        ("claude-sonnet-5", True, False, 5, False, True),
        ("claude-fable-5-1", True, False, 5, False, True),
        ("our-claude", True, False, 5, False, True),
    ],
)
def test_models_are_known_by_their_names(
    model: str,
    adaptive_too: bool,  # noqa: FBT001 - a table
    budgets: bool,  # noqa: FBT001
    efforts: int,
    sampling: bool,  # noqa: FBT001
    schemas: bool,  # noqa: FBT001
) -> None:
    """In every spelling that hosts have; a name that tells no version is a newest one."""
    can = abilities(model)
    assert (can.adaptive, can.budgets, len(can.efforts)) == (adaptive_too, budgets, efforts)
    assert (can.sampling, can.schemas) == (sampling, schemas)
