"""What Anthropic's models can be asked for, by their names.

References: docs.claude.com/en/build-with-claude/extended-thinking, …/adaptive-thinking, …/effort,
…/structured-outputs, …/about-claude/models/overview (output), and the migration guide (sampling).
Names are those of Anthropic, of Vertex (``claude-opus-4@20250514``) and of Bedrock
(``us.anthropic.claude-opus-4-6-v1:0``). A name without a version is taken for the newest, which
take the least; how much it puts out is not known, for it may be another vendor's.
"""

import re
from functools import lru_cache

import msgspec

_NEW = re.compile(r"claude-(?:opus|sonnet|haiku|fable|mythos)-(\d)(?:[-.](\d{1,2}))?(?!\d)")
_OLD = re.compile(r"claude-(\d)(?:[-.](\d))?-(?:opus|sonnet|haiku)|claude-(?:instant|v?2)")
_ALWAYS_THINKS = re.compile(r"claude-(?:fable|mythos)")
_NEWEST = (99, 0)
_OUTPUT = (
    (_NEWEST, 4_096),
    ((4, 6), 128_000),
    ((4, 5), 64_000),
    ((3, 7), 32_000),
    ((3, 5), 8_192),
    ((0, 0), 4_096),
)
"""Tokens, by the least version. Sonnets before 4.5 could put out twice as much, but refuse a bound
that does not fit into their window beside the input, which later ones no more do."""
EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""Anthropic's levels, from the least to the most."""


class Abilities(msgspec.Struct, frozen=True, gc=False):
    """What a model takes."""

    thinks: bool
    """At all."""
    adaptive: bool
    """``thinking: {"type": "adaptive"}``."""
    budgets: bool
    """``thinking: {"type": "enabled", "budget_tokens"}``."""
    silent: bool
    """``thinking: {"type": "disabled"}``; some models always think."""
    efforts: tuple[str, ...]
    """The levels of ``output_config.effort``."""
    sampling: bool
    """``temperature``, ``top_p`` and ``top_k`` other than their defaults."""
    one_of_two: bool
    """Only one of ``temperature`` and ``top_p``."""
    schemas: bool
    """``output_config.format`` and strict tools."""
    output: int
    """Tokens to allow where nobody set a bound: Anthropic must be told one."""


@lru_cache(maxsize=256)
def abilities(model: str) -> Abilities:
    """What the model of this name takes."""
    version, opus = _version(model), "opus" in model
    thinks = version >= (3, 7)
    adaptive = version >= (4, 6)
    frank = version >= (4, 7)
    efforts: tuple[str, ...] = ()
    if frank:
        efforts = EFFORTS
    elif adaptive:
        efforts = ("low", "medium", "high", "max")
    elif version >= (4, 5) and opus:
        efforts = EFFORTS[:3]
    return Abilities(
        thinks=thinks,
        adaptive=adaptive,
        budgets=thinks and not frank,
        silent=thinks and _ALWAYS_THINKS.search(model) is None,
        efforts=efforts,
        sampling=not frank,
        one_of_two=version >= (4, 1),
        schemas=version >= (4, 5) or (opus and version == (4, 1)),
        output=next(tokens for least, tokens in _OUTPUT if version >= least),
    )


def _version(model: str) -> tuple[int, int]:
    new = _NEW.search(model)
    if new is not None:
        return int(new[1]), int(new[2] or 0)
    old = _OLD.search(model)
    if old is not None:
        return int(old[1] or 2), int(old[2] or 0)
    return _NEWEST
