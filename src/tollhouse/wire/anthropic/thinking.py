"""How much thinking is asked for, in the words that a model of Anthropic's takes.

References: docs.claude.com/en/build-with-claude/extended-thinking, …/adaptive-thinking, …/effort.
Models up to 4.5 are given a budget of tokens; later ones think as much as they see fit, by a level
of effort. What a client says in one unit is put into the other where the model lacks the one.
"""

from collections.abc import Sequence
from typing import Any

from ...core.dialect import Dialect
from ..neutral.conversation import Choice, Conversation, ReasoningAsked
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .models import EFFORTS, Abilities

LEAST_BUDGET = 1024
"""Tokens; no model takes a smaller one."""
_ANSWER_TOKENS = 4096
"""Left to the answer behind the thoughts, where the client did not say how long it may get."""
BUDGETS = {
    "minimal": LEAST_BUDGET,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": 31999,
}
"""Tokens that stand for an effort."""
_CALLS = frozenset({"tool_use"})
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_FORCED = frozenset({Choice.REQUIRED, Choice.NAMED})


def write_thinking(
    conversation: Conversation,
    body: dict[str, Any],
    can: Abilities,
    losses: Losses,
) -> None:
    """Put ``thinking`` and ``output_config.effort`` into a body that has the rest of it."""
    asked = conversation.reasoning
    if asked is None:
        return
    param = field_name(conversation.dialect, "reasoning")
    if asked.disabled or asked.effort == "none" or asked.budget == 0:
        _silence(body, can, asked, param, losses)
        return
    own = conversation.dialect is Dialect.MESSAGES
    wanted = asked.adaptive or asked.budget is not None
    if asked.effort is not None and not wanted and own:
        # Effort alone asks for no thoughts here: it is made for the whole answer.
        _put_effort(body, can, asked.effort, losses, "output_config.effort")
        return
    if asked.effort is None and not wanted:
        return
    if not can.thinks:
        losses.knob(param)
    elif can.adaptive and (not can.budgets or (asked.budget or -1) < 0):
        body["thinking"] = {"type": "adaptive"} | display(asked)
        effort = asked.effort or effort_of(asked.budget)
        if effort is not None:
            _put_effort(body, can, effort, losses, param)
    else:
        _put_budget(conversation, body, can, losses)


def _silence(
    body: dict[str, Any], can: Abilities, asked: ReasoningAsked, param: str, losses: Losses
) -> None:
    """No thinking: said where a model may think of itself, else it is so already."""
    if not can.thinks:
        return
    if not can.silent:
        losses.knob(param)
        return
    body["thinking"] = {"type": "disabled"}
    if asked.disabled and asked.effort not in {None, "none"}:
        _put_effort(body, can, asked.effort or "", losses, param)


def _put_effort(
    body: dict[str, Any], can: Abilities, effort: str, losses: Losses, param: str
) -> None:
    level = level_of(effort, can)
    if level is None:
        losses.knob(param)
        return
    body.setdefault("output_config", {})["effort"] = level


def _put_budget(
    conversation: Conversation, body: dict[str, Any], can: Abilities, losses: Losses
) -> None:
    asked = conversation.reasoning or ReasoningAsked()
    param = field_name(conversation.dialect, "reasoning")
    effort = asked.effort or "medium"
    if asked.budget is None and effort not in BUDGETS:
        losses.knob(param)
        return
    own = asked.budget is not None and asked.budget > 0
    budget = max(LEAST_BUDGET, asked.budget or 0) if own else BUDGETS[effort]
    choice = conversation.tool_choice
    forced = choice is not None and choice.choice in _FORCED and "tool_choice" in body
    if _breaks_off_thoughts(body["messages"]):
        # Anthropic does not think on behind a call made without thoughts, or whose thoughts the
        # client has not kept, as few clients of other dialects do. It need not for this one turn.
        losses.hint(param)
        return
    if forced:
        losses.knob(param)
        return
    most: int = body["max_tokens"]
    if most <= LEAST_BUDGET:
        losses.knob(param)
        return
    if conversation.max_tokens is None:
        budget = min(budget, max(LEAST_BUDGET, most - _ANSWER_TOKENS))
    elif most <= budget:
        budget = most - 1 if own else max(LEAST_BUDGET, most // 2)
    body["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if conversation.dialect is Dialect.MESSAGES:
        body["thinking"] |= display(asked)
        if asked.effort is not None and can.efforts:
            _put_effort(body, can, asked.effort, losses, "output_config.effort")


def _breaks_off_thoughts(messages: Sequence[dict[str, Any]]) -> bool:
    """Whether the conversation stands behind a tool call whose thoughts are not there."""
    for message in reversed(messages):
        if message["role"] != "assistant":
            if not any(block["type"] == "tool_result" for block in message["content"]):
                return False
            continue
        kinds = [block["type"] for block in message["content"]]
        if _CALLS.isdisjoint(kinds):
            return False
        return kinds[0] not in _THOUGHTS
    return False


def level_of(effort: str, can: Abilities) -> str | None:
    """The model's level for an effort, or the next one below; None where it has no such thing."""
    level = "low" if effort == "minimal" else effort
    if level not in EFFORTS or not can.efforts:
        return None
    while level not in can.efforts:
        level = EFFORTS[EFFORTS.index(level) - 1]
    return level


def display(asked: ReasoningAsked) -> dict[str, str]:
    """Whether thoughts are told, where the client says so."""
    if asked.show is None:
        return {}
    return {"display": "summarized" if asked.show else "omitted"}


def effort_of(budget: int | None) -> str | None:
    """The level whose budget comes nearest from below."""
    if budget is None or budget < 0:
        return None
    reached = [level for level in EFFORTS if BUDGETS[level] <= budget]
    return reached[-1] if reached else EFFORTS[0]
