"""How much thinking an OpenAI-compatible host is asked for, in chat and in responses.

References: platform.openai.com/docs/api-reference/chat/create (``reasoning_effort``) and
…/responses/create (``reasoning.effort``).
"""

from ..neutral.conversation import ReasoningAsked
from ..neutral.efforts import effort_within
from .quirks import Quirks


def effort_of(asked: ReasoningAsked, quirks: Quirks) -> str | None:
    """The word of effort that comes nearest to what is asked; None leaves it to the model."""
    if asked.disabled or asked.budget == 0:
        # Elsewhere, not to ask for thinking is all that can be done about it.
        return quirks.unthinking
    if asked.effort == "max":
        return quirks.most_effort
    if asked.effort == "none":
        return "none" if quirks.reasons else None
    if asked.effort is not None or asked.budget is None or asked.budget < 0:
        return asked.effort
    return effort_within(asked.budget)
