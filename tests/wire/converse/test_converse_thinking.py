"""Thinking, asked for in the words of each family of models on Bedrock."""

from typing import Any

import msgspec
import pytest

from fakes.recorded import Recording, each
from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.converse.families import Family, family_of
from tollhouse.wire.neutral.conversation import (
    Choice,
    ReasoningAsked,
    Sampling,
    Tool,
    ToolChoice,
)
from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.neutral.parts import Reasoning, Text, ToolCall
from wire.converse.sound import (
    CALL,
    CLAUDE,
    CLAUDE_3,
    CLAUDE_46,
    CLAUDE_48,
    DEEPSEEK,
    GPT,
    HI,
    LLAMA,
    NOVA,
    NOVA_2,
    PROFILE,
    QWEN,
    RESULT,
    asking,
    assistant,
    dropped,
    user,
    written,
)

CLAUDE_5 = "global.anthropic.claude-sonnet-5"
STEPS = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


def own(asked: ReasoningAsked | None, model: str, **fields: Any) -> dict[str, Any]:
    """The model's own fields."""
    found: dict[str, Any] = written(asking(reasoning=asked, **fields), model).get(
        "additionalModelRequestFields", {}
    )
    return found


@pytest.mark.parametrize(
    ("model", "family"),
    [
        (CLAUDE, Family.ANTHROPIC),
        (CLAUDE_5, Family.ANTHROPIC),
        ("anthropic.claude-3-haiku-20240307-v1:0", Family.ANTHROPIC),
        ("arn:aws:bedrock:x::foundation-model/anthropic.claude-opus-4-8", Family.ANTHROPIC),
        (NOVA, Family.NOVA),
        (NOVA_2, Family.NOVA_2),
        (f"arn:aws:bedrock:us-east-1:1:inference-profile/{NOVA_2}", Family.NOVA_2),
        (GPT, Family.OPENAI),
        ("amazon.titan-text-express-v1", Family.OTHER),
        (PROFILE, Family.UNTOLD),
        ("arn:aws:bedrock:eu-west-1:1:provisioned-model/abc", Family.UNTOLD),
        ("arn:aws:bedrock:eu-west-1:1:imported-model/abc", Family.OTHER),
        ("", Family.OTHER),
    ],
)
def test_an_id_tells_the_family(model: str, family: Family) -> None:
    """Of names, geographic profiles and ARNs."""
    assert family_of(model) is family


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (ReasoningAsked(budget=2000), {"type": "enabled", "budget_tokens": 2000}),
        (ReasoningAsked(effort="low"), {"type": "enabled", "budget_tokens": 2048}),
        (ReasoningAsked(effort="max"), {"type": "enabled", "budget_tokens": 31999}),
        (ReasoningAsked(adaptive=True), {"type": "enabled", "budget_tokens": 8192}),
        (ReasoningAsked(budget=-1), {"type": "enabled", "budget_tokens": 8192}),
        (
            ReasoningAsked(budget=2000, show=False),
            {"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
        ),
        (
            ReasoningAsked(budget=2000, show=True),
            {"type": "enabled", "budget_tokens": 2000},
        ),
        (ReasoningAsked(budget=7), {"type": "enabled", "budget_tokens": 1024}),
    ],
)
def test_Claude_thinks_within_a_budget(asked: ReasoningAsked, sent: dict[str, Any]) -> None:
    """The client's own, or one for its effort."""
    assert own(asked, CLAUDE) == {"thinking": sent}


@pytest.mark.parametrize(
    ("asked", "most", "budget"),
    [
        (ReasoningAsked(effort="high"), 4000, 2000),
        (ReasoningAsked(effort="high"), 1500, 1024),
        (ReasoningAsked(budget=8000), 4000, 3999),
        (ReasoningAsked(budget=1024), 4000, 1024),
    ],
)
def test_a_budget_leaves_room_for_the_answer(asked: ReasoningAsked, most: int, budget: int) -> None:
    """It is less than what may be said in all."""
    thinking = {"type": "enabled", "budget_tokens": budget}
    assert own(asked, CLAUDE, max_tokens=most) == {"thinking": thinking}


def test_with_no_room_for_thoughts_they_are_a_knob() -> None:
    """Claude takes no fewer than 1024 tokens for them, nor any before a forced call."""
    asked = ReasoningAsked(effort="low")
    with pytest.raises(Unsupported) as told:
        own(asked, CLAUDE, max_tokens=1024)
    assert told.value.param == "reasoning_effort"
    forced = asking(reasoning=asked, tools=(Tool("f"),), tool_choice=ToolChoice(Choice.REQUIRED))
    assert dropped(forced) == ["reasoning_effort"]
    assert dropped(asking(reasoning=asked), CLAUDE_3) == ["reasoning_effort"]


def test_sampling_is_what_a_version_of_Claude_takes() -> None:
    """One of two from 4.1 on, none from 4.7 on, hardly any while it thinks; 1 is no loss."""
    both = Sampling(temperature=msgspec.Raw(b"0.5"), top_p=msgspec.Raw(b"0.9"), top_k=5)
    ones = Sampling(temperature=msgspec.Raw(b"1.0"), top_p=msgspec.Raw(b"1"))
    thought = ReasoningAsked(budget=2000)
    assert dropped(asking(sampling=both), CLAUDE_3) == []
    assert dropped(asking(sampling=both)) == ["top_p"]
    assert dropped(asking(sampling=both), CLAUDE_48) == ["temperature", "top_p", "top_k"]
    assert dropped(asking(sampling=both, reasoning=thought)) == ["temperature", "top_p", "top_k"]
    for model in (CLAUDE, CLAUDE_48):
        assert dropped(asking(sampling=ones), model) == []
    odd = Sampling(temperature=msgspec.Raw(b'"hot"'), top_p=msgspec.Raw(b"[]"))
    assert dropped(asking(sampling=odd), CLAUDE_48) == ["temperature", "top_p"]
    nearly = Sampling(top_p=msgspec.Raw(b"0.95"))
    assert dropped(asking(sampling=nearly, reasoning=thought)) == []


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        (CLAUDE_46, ReasoningAsked(effort="xhigh"), ("adaptive", "high")),
        (CLAUDE_46, ReasoningAsked(effort="minimal"), ("adaptive", "low")),
        (CLAUDE_46, ReasoningAsked(adaptive=True), ("adaptive", None)),
        (CLAUDE_46, ReasoningAsked(adaptive=True, effort="max"), ("adaptive", "max")),
        (CLAUDE_48, ReasoningAsked(effort="xhigh"), ("adaptive", "xhigh")),
        (CLAUDE_48, ReasoningAsked(budget=-1), ("adaptive", None)),
        (CLAUDE_48, ReasoningAsked(budget=1024), ("adaptive", "low")),
        (CLAUDE_48, ReasoningAsked(budget=20000), ("adaptive", "high")),
    ],
)
def test_newer_Claudes_decide_themselves(
    model: str, asked: ReasoningAsked, sent: tuple[str, str | None]
) -> None:
    """From 4.6 an effort is said as such, from 4.7 a budget is too."""
    kind, effort = sent
    told = own(asked, model)
    assert told["thinking"]["type"] == kind
    assert told.get("output_config", {}).get("effort") == effort


def test_a_budget_is_still_a_budget_where_Claude_takes_one() -> None:
    """At 4.6."""
    thinking = {"type": "enabled", "budget_tokens": 4000}
    assert own(ReasoningAsked(budget=4000), CLAUDE_46) == {"thinking": thinking}


def test_thoughts_are_shown_as_they_were_asked_for() -> None:
    """In a summary, or not at all."""
    asked = ReasoningAsked(effort="low", show=True)
    assert own(asked, CLAUDE_48)["thinking"] == {"type": "adaptive", "display": "summarized"}


def test_an_effort_in_Anthropics_words_asks_for_no_thoughts() -> None:
    """There it is how hard to try; models that have no efforts are told of none."""
    asked = ReasoningAsked(effort="medium")
    messages = Dialect.MESSAGES
    assert own(asked, CLAUDE_46, dialect=messages) == {"output_config": {"effort": "medium"}}
    conversation = asking(reasoning=asked, dialect=messages)
    assert dropped(conversation, CLAUDE) == ["output_config.effort"]


@pytest.mark.parametrize(
    "asked",
    [ReasoningAsked(disabled=True), ReasoningAsked(effort="none"), ReasoningAsked(budget=0)],
)
def test_no_thinking_is_what_happens_anyway(asked: ReasoningAsked) -> None:
    """But for models that think unasked: the newest Claudes are told, others cannot be."""
    for model in (CLAUDE, CLAUDE_46, CLAUDE_3, NOVA_2, QWEN, LLAMA, PROFILE):
        assert own(asked, model) == {}
    for model in (CLAUDE_48, CLAUDE_5):
        assert own(asked, model) == {"thinking": {"type": "disabled"}}
    for model in (GPT, DEEPSEEK, "us.anthropic.claude-fable-5"):
        assert dropped(asking(reasoning=asked), model) == ["reasoning_effort"]


@pytest.mark.parametrize(("effort", "step"), STEPS.items())
def test_other_families_know_three_efforts(effort: str, step: str) -> None:
    """Each under a name of its own."""
    asked = ReasoningAsked(effort=effort)
    assert own(asked, GPT) == {"reasoning_effort": step}
    assert own(asked, QWEN) == {"reasoning_config": step}
    config = {"type": "enabled", "maxReasoningEffort": step}
    assert own(asked, NOVA_2) == {"reasoningConfig": config}


@pytest.mark.parametrize(
    ("budget", "step"), [(1024, "low"), (2049, "medium"), (8193, "high"), (-1, "medium")]
)
def test_a_budget_becomes_an_effort(budget: int, step: str) -> None:
    """Where a model takes no budget."""
    assert own(ReasoningAsked(budget=budget), GPT) == {"reasoning_effort": step}


def test_Nova_thinks_its_hardest_without_limits_only() -> None:
    """With one, the highest effort is a knob, and the one below it is asked for."""
    conversation = asking(reasoning=ReasoningAsked(effort="high"), max_tokens=100)
    with pytest.raises(Unsupported) as told:
        written(conversation, NOVA_2)
    assert told.value.param == "reasoning_effort"
    assert dropped(conversation, NOVA_2) == ["reasoning_effort"]


@pytest.mark.parametrize("model", [LLAMA, NOVA, DEEPSEEK, PROFILE])
def test_thinking_is_a_knob_where_it_cannot_be_asked_for(model: str) -> None:
    """Told in the client's words."""
    conversation = asking(reasoning=ReasoningAsked(effort="low"), dialect=Dialect.MESSAGES)
    assert dropped(conversation, model) == ["thinking"]


def test_H02_Claude_is_not_asked_to_think_within_a_call_of_another_model() -> None:
    """It would refuse: such a turn does not begin with thoughts of its own."""
    signed = Reasoning("Hm", vendor=Vendor.ANTHROPIC, signature="c2ln")
    foreign = Reasoning("Hm", vendor=Vendor.OPENAI, signature="c2ln")
    asked = ReasoningAsked(effort="low")
    for parts in ((CALL,), (foreign, CALL), (Reasoning("Hm"), CALL)):
        conversation = asking(HI, assistant(*parts), user(RESULT), reasoning=asked)
        assert dropped(conversation) == ["reasoning_effort"]
        assert dropped(conversation, CLAUDE_46) == []
    unasked = asking(HI, user(RESULT), reasoning=asked)
    plain = asking(HI, assistant(Text("A")), user(RESULT), reasoning=asked)
    assert dropped(unasked) == dropped(plain) == []
    call = ToolCall("call_1", "weather", "{}")
    assert dropped(asking(HI, assistant(signed, call), user(RESULT), reasoning=asked)) == []
    assert dropped(asking(HI, assistant(foreign), HI, reasoning=asked)) == []


def _told(own: dict[str, Any]) -> ReasoningAsked | None:
    """What a client would have asked for, to send a model these fields of its own."""
    thinking = own.get("thinking", {})
    effort = own.get("reasoning_effort") or own.get("reasoning_config")
    effort = effort or own.get("output_config", {}).get("effort")
    if not thinking and effort is None:
        return None
    return ReasoningAsked(effort=effort, budget=thinking.get("budget_tokens"))


@pytest.mark.parametrize("recording", each("bedrock-converse", "bedrock-converse-stream"))
def test_recorded_requests_ask_for_thoughts_as_ours_do(recording: Recording) -> None:
    """Claude's budget and effort, Qwen's and OpenAI's efforts, and Nova's ``topK``."""
    sent = (recording.request or {}).get("additionalModelRequestFields")
    if sent is None:
        return
    top_k = sent.get("inferenceConfig", {}).get("topK")
    model = recording.path.split("/")[2]
    assert own(_told(sent), model, sampling=Sampling(top_k=top_k)) == sent
