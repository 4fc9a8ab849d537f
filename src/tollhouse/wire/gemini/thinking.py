"""How much Gemini is asked to think.

API reference: ai.google.dev/api/generate-content#ThinkingConfig, and for what an effort stands for
ai.google.dev/gemini-api/docs/openai#thinking. A budget and a level exclude each other: models up to
2.5 are given the one, later ones the other, whichever the client spoke of. A budget outside a
model's bounds is drawn to them: it is the most that may be thought, never an amount. A level that a
model lacks is raised to its next one. No model is documented to take Google's ``XHIGH``.
"""

from collections.abc import Mapping
from typing import Any

from ...core.dialect import Dialect
from ..neutral.conversation import Conversation, ReasoningAsked
from ..neutral.efforts import effort_within
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .family import MINIMAL, Family, Thinks

_BUDGETS: Mapping[str, int] = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576}
_LEVELS = (MINIMAL, "LOW", "MEDIUM", "HIGH")
"""From the least on; what is above stands for the highest."""
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
    if show is None and _is_shown(asked, config, conversation.dialect):
        show = True
    return config if show is None else {**config, "includeThoughts": show}


def _is_shown(asked: ReasoningAsked, config: Mapping[str, Any], dialect: Dialect) -> bool:
    """Whether a client that asks for thinking is given the thoughts without a word of them.

    In messages, where thinking is enabled; in chat, where an effort is all that most clients can
    ask for, unless it comes to next to none. In responses a summary is asked for by name.
    """
    if dialect is Dialect.MESSAGES:
        return asked.adaptive or asked.budget is not None
    return dialect is Dialect.CHAT and config.get("thinkingLevel") != MINIMAL


def _off(family: Family, losses: Losses, param: str) -> dict[str, Any]:
    if family.always_thinks:
        losses.knob(param)
        return {}
    if family.thinks is Thinks.BUDGET:
        return {"thinkingBudget": 0}
    return {"thinkingLevel": MINIMAL}


def _by_level(asked: ReasoningAsked, family: Family) -> dict[str, Any]:
    level = _level(asked)
    if level is None:
        return {}
    least = _LEVELS.index(level)
    return {"thinkingLevel": next(one for one in _LEVELS[least:] if one in family.levels)}


def _level(asked: ReasoningAsked) -> str | None:
    """The level asked for; None where it is left to the model, as it is unasked."""
    if asked.effort is not None:
        effort = asked.effort.upper()
        return effort if effort in _LEVELS else _LEVELS[-1]
    if asked.budget is None or asked.budget < 0:
        return None
    return effort_within(asked.budget).upper()


def _by_budget(asked: ReasoningAsked, family: Family) -> dict[str, Any]:
    budget = asked.budget
    if budget is None and asked.effort is not None:
        budget = _BUDGETS.get(asked.effort, family.most)
    if budget is None:
        return {"thinkingBudget": _DYNAMIC} if asked.adaptive else {}
    if budget < 0:
        return {"thinkingBudget": _DYNAMIC}
    return {"thinkingBudget": min(max(budget, family.least), family.most)}
