"""What only Claude takes on Bedrock: thinking and sampling by Anthropic's rules for each version.

References: docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html and
model-parameters-anthropic-claude-messages.html. What a version can do is what it can at Anthropic.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ...core.dialect import Dialect, Vendor
from ..anthropic.models import Abilities, abilities
from ..anthropic.thinking import BUDGETS, LEAST_BUDGET, display, effort_of, level_of
from ..neutral.conversation import Choice, Conversation, ReasoningAsked, Role
from ..neutral.losses import Losses
from ..neutral.names import field_name
from ..neutral.parts import Reasoning, ToolCall, ToolResult

_LEAST_TOP_P_WITH_THOUGHTS = Decimal("0.95")
_FORCED = frozenset({Choice.REQUIRED, Choice.NAMED})


def claude_thinking(
    conversation: Conversation, asked: ReasoningAsked, model: str, losses: Losses
) -> dict[str, Any]:
    """Claude's own fields that ask for thoughts, or for none."""
    can = abilities(model)
    name = field_name(conversation.dialect, "reasoning")
    if asked.disabled or asked.effort == "none" or asked.budget == 0:
        return _silence(can, name, losses)
    if conversation.dialect is Dialect.MESSAGES and not asked.adaptive and asked.budget is None:
        # Effort alone asks for no thoughts there: it is made for the whole answer.
        return _effort(can, asked.effort, "output_config.effort", losses)
    if not can.thinks:
        losses.knob(name)
        return {}
    if can.adaptive and (not can.budgets or (asked.budget or -1) < 0):
        effort = asked.effort or effort_of(asked.budget)
        return {"thinking": {"type": "adaptive"} | display(asked)} | _effort(
            can, effort, name, losses
        )
    return _within_budget(conversation, asked, name, losses)


def claude_sampling(
    conversation: Conversation, model: str, losses: Losses, *, thinks: bool
) -> tuple[msgspec.Raw | None, msgspec.Raw | None, int | None]:
    """Temperature, top_p and top_k as this version takes them; at 1 they need not be said."""
    can, knobs, dialect = abilities(model), conversation.sampling, conversation.dialect
    heat, share, top_k = knobs.temperature, knobs.top_p, knobs.top_k
    if heat is not None and not (can.sampling and not thinks):
        if _number(heat) != 1:
            losses.knob(field_name(dialect, "temperature"))
        heat = None
    if share is not None:
        part = _number(share)
        taken = can.sampling and not (heat is not None and can.one_of_two)
        if thinks and (part is None or part < _LEAST_TOP_P_WITH_THOUGHTS):
            taken = False
        if not taken:
            if part != 1:
                losses.knob(field_name(dialect, "top_p"))
            share = None
    if top_k is not None and not (can.sampling and not thinks):
        losses.knob(field_name(dialect, "top_k"))
        top_k = None
    return heat, share, top_k


def _silence(can: Abilities, name: str, losses: Losses) -> dict[str, Any]:
    """No thinking: said where a version may think of itself, else it is so already."""
    if can.thinks and not can.silent:
        losses.knob(name)
    elif not can.budgets and can.thinks:
        return {"thinking": {"type": "disabled"}}
    return {}


def _effort(can: Abilities, effort: str | None, name: str, losses: Losses) -> dict[str, Any]:
    if effort is None:
        return {}
    level = level_of(effort, can)
    if level is None:
        losses.knob(name)
        return {}
    return {"output_config": {"effort": level}}


def _within_budget(
    conversation: Conversation, asked: ReasoningAsked, name: str, losses: Losses
) -> dict[str, Any]:
    """A budget of tokens: the client's, or one for its effort that leaves room for an answer."""
    own = asked.budget is not None and asked.budget > 0
    budget = (
        max(LEAST_BUDGET, asked.budget or 0) if own else BUDGETS.get(asked.effort or "medium", 0)
    )
    most = conversation.max_tokens
    if most is not None and most <= budget:
        budget = most - 1 if own else max(LEAST_BUDGET, most // 2)
    choice = conversation.tool_choice
    forced = choice is not None and choice.choice in _FORCED and bool(conversation.tools)
    too_small = budget < LEAST_BUDGET or (most is not None and most <= budget)
    if _is_within_a_call_unthought(conversation):
        # Claude does not think on behind a call made without thoughts, or whose thoughts the client
        # has not kept, as few clients of other dialects do. It need not for this one turn.
        losses.hint(name)
        return {}
    if forced or too_small:
        losses.knob(name)
        return {}
    # Models that take a budget show their thoughts unasked, and some do not know the word for it.
    hidden = display(asked) if asked.show is False else {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget} | hidden}


def _is_within_a_call_unthought(conversation: Conversation) -> bool:
    """Whether tools are at work for a turn that Claude's thoughts do not begin.

    It refuses to think on there: the turn was another model's, or nobody thought.
    """
    turns = conversation.turns()
    if not turns or not any(isinstance(part, ToolResult) for part in turns[-1].parts):
        return False
    last = next((turn for turn in reversed(turns) if turn.role is Role.ASSISTANT), None)
    if last is None or not any(isinstance(part, ToolCall) for part in last.parts):
        return False
    first = last.parts[0]
    if not isinstance(first, Reasoning) or first.vendor is not Vendor.ANTHROPIC:
        return True
    return not (first.signature or first.hidden)


def _number(written: msgspec.Raw) -> Decimal | None:
    try:
        return Decimal(bytes(written).decode())
    except (InvalidOperation, ValueError):
        return None
