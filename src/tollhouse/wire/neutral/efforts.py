"""What a budget for thoughts is as an effort, for models that are told in words."""

_LOW, _MEDIUM = 2048, 8192
"""Tokens up to which a budget is a low or a medium effort."""


def effort_within(budget: int) -> str:
    """The effort that a budget of so many tokens, at least 0, stands for."""
    if budget <= _LOW:
        return "low"
    return "medium" if budget <= _MEDIUM else "high"
