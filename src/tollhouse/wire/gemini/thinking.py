"""How much Gemini is asked to think.

API reference: ai.google.dev/api/generate-content#ThinkingConfig, and for what an effort stands for
ai.google.dev/gemini-api/docs/openai#thinking. A budget and a level exclude each other. A budget
outside a model's bounds is drawn to them: it is the most that may be thought, never an amount.
"""

from collections.abc import Mapping
from typing import Any

from ...core.dialect import Dialect
from ..neutral.conversation import Conversation, ReasoningAsked
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .family import Family, Thinks

_BUDGETS: Mapping[str, int] = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576}
_LEVELS: Mapping[str, str] = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}
_LEVELS_OF_PRO: Mapping[str, str] = {**_LEVELS, "minimal": "LOW"}
_FIRST_PRO = 3.0
"""It knows no level between low and high."""
_DYNAMIC = -1


def thinking(conversation: Conversation, family: Family, losses: Losses) -> dict[str, Any]:
    """The ``thinkingConfig``; empty where there is nothing to say."""
    asked = conversation.reasoning
    if asked is None:
        return {}
    param = field_name(conversation.dialect, "reasoning")
    off = asked.disabled or asked.effort == "none" or asked.budget == 0
    if family.thinks is Thinks.NOT:
        if not off:
            losses.knob(param)
        return {}
    if off:
        return _off(family, losses, param)
    config = (
        _by_level(asked, family) if family.thinks is Thinks.LEVEL else _by_budget(asked, family)
    )
    show = asked.show
    if show is None and conversation.dialect is Dialect.MESSAGES:
        # There thinking that is asked for is shown, unless that is declined.
        show = True
    return config if show is None else {**config, "includeThoughts": show}


def _off(family: Family, losses: Losses, param: str) -> dict[str, Any]:
    if family.always_thinks:
        losses.knob(param)
        return {}
    if family.thinks is Thinks.BUDGET:
        return {"thinkingBudget": 0}
    return {"thinkingLevel": "MINIMAL"}


def _by_level(asked: ReasoningAsked, family: Family) -> dict[str, Any]:
    if asked.effort is not None:
        levels = _LEVELS_OF_PRO if family.is_pro else _LEVELS
        level = levels.get(asked.effort, "HIGH")
        if level == "MEDIUM" and family.is_pro and family.generation == _FIRST_PRO:
            level = "HIGH"
        return {"thinkingLevel": level}
    if asked.budget is not None:
        return {"thinkingBudget": asked.budget}
    return {}


def _by_budget(asked: ReasoningAsked, family: Family) -> dict[str, Any]:
    budget = asked.budget
    if budget is None and asked.effort is not None:
        budget = _BUDGETS.get(asked.effort, family.most)
    if budget is None:
        return {"thinkingBudget": _DYNAMIC} if asked.adaptive else {}
    if budget < 0:
        return {"thinkingBudget": _DYNAMIC}
    return {"thinkingBudget": min(max(budget, family.least), family.most)}
