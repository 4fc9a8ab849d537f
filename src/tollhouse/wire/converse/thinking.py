"""How much thinking is asked for, in the words of each family of models.

References: docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html and
docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. Converse has no field for it:
all of it goes into ``additionalModelRequestFields``.
"""

from typing import Any

from ..neutral.conversation import Conversation, ReasoningAsked
from ..neutral.efforts import effort_within
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .claude import claude_thinking
from .families import Family

_THREE_STEPS = {"minimal": "low", "low": "low", "medium": "medium"}
_THINK_UNASKED = frozenset({Family.OPENAI, Family.DEEPSEEK})


def thinking(
    conversation: Conversation, model: str, family: Family, losses: Losses
) -> dict[str, Any]:
    """The model's own fields that ask for thoughts."""
    asked = conversation.reasoning
    if asked is None:
        return {}
    if family is Family.ANTHROPIC:
        return claude_thinking(conversation, asked, model, losses)
    name = field_name(conversation.dialect, "reasoning")
    if asked.disabled or asked.effort == "none" or asked.budget == 0:
        if family in _THINK_UNASKED:
            losses.knob(name)
        return {}
    effort = _three_steps(asked)
    match family:
        case Family.OPENAI:
            return {"reasoning_effort": effort}
        case Family.QWEN:
            return {"reasoning_config": effort}
        case Family.NOVA_2:
            return _nova(conversation, effort, losses)
        case _:
            losses.knob(name)
            return {}


def _three_steps(asked: ReasoningAsked) -> str:
    """Low, medium or high."""
    if asked.effort is not None:
        return _THREE_STEPS.get(asked.effort, "high")
    if asked.budget is None or asked.budget < 0 or asked.adaptive:
        return "medium"
    return effort_within(asked.budget)


def _nova(conversation: Conversation, effort: str, losses: Losses) -> dict[str, Any]:
    """Nova at its highest effort takes no limits and no sampling; with them, the one below it."""
    sampling = conversation.sampling
    bounds = (conversation.max_tokens, sampling.temperature, sampling.top_p, sampling.top_k)
    if effort == "high" and any(bound is not None for bound in bounds):
        losses.knob(field_name(conversation.dialect, "reasoning"))
        effort = "medium"
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
