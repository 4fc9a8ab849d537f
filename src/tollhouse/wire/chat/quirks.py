"""What differs between chat's many models and hosts, told from the model's name.

References: platform.openai.com/docs/guides/reasoning (``max_completion_tokens``),
platform.openai.com/docs/guides/prompt-caching (``prompt_cache_breakpoint``),
api-docs.deepseek.com/guides/thinking_mode (``reasoning_content``), openrouter.ai/docs/use-cases
(``reasoning_details``), ai.google.dev/gemini-api/docs/openai (``extra_content``),
docs.mistral.ai/api (tool call ids). Whoever knows the host better gives its own ``Quirks``.
"""

import re
from enum import StrEnum

import msgspec

from ...core.dialect import Vendor


class Echo(StrEnum):
    """How an assistant's earlier thoughts go back to the host."""

    NONE = "none"
    """Not at all: most hosts refuse the fields or make nothing of them."""
    CONTENT = "reasoning_content"
    """As text: these models ask for their thoughts within a turn of tools."""
    DETAILS = "reasoning_details"
    """OpenRouter's, whose models are named by their vendors."""
    GOOGLE = "extra_content"
    """Signatures of tool calls only, at Google's own endpoint."""


class Quirks(msgspec.Struct, frozen=True, gc=False):
    """One model's."""

    output_field: str = "max_tokens"
    echo: Echo = Echo.NONE
    vendor: Vendor | None = None
    """Whose signatures the model can read."""
    reasons: bool = True
    """Whether the model may be asked to think at all."""
    unthinking: str | None = None
    """The effort by which thinking is turned off, where it can be."""
    most_effort: str = "high"
    """What the host calls the utmost effort (Anthropic's ``max``)."""
    caches_by_key: bool = False
    """Whether ``prompt_cache_key`` is known."""
    marks_caches: bool = False
    """Whether ``prompt_cache_breakpoint`` is known, which others refuse."""
    strict_schemas: bool = False
    """Whether an answer keeps to its schema only where ``strict`` is said, as at OpenAI. Others do
    without, or refuse the word."""
    short_ids: bool = False
    """Whether ids of tool calls must be nine letters and digits."""


_NEW_OPENAI = re.compile(r"(?:^|/)(?:o\d|gpt-(?:[5-9]|\d\d)|codex)")
"""OpenAI's reasoning models: they refuse ``max_tokens``, which most others need."""
_OPENAI = re.compile(r"(?:^|/)(?:o\d|gpt-(?!oss|j|neo)|chatgpt-|codex)")
_UNTHINKING = re.compile(r"(?:^|/)gpt-(?:5\.[1-9]|[6-9]|\d\d)")
"""Models that take the effort ``none``."""
_XHIGH = re.compile(r"(?:^|/)gpt-(?:5\.[2-9]|[6-9]|\d\d|5\.1-codex-max)")
_MARKS_CACHES = re.compile(r"(?:^|/)gpt-(?:5\.(?:[6-9]|\d\d)(?!-terra)|[6-9]|1\d)")
"""GPT-5.6 and later. Its Terra was seen to refuse marks (github.com/Kilo-Org/kilocode#13022)."""
_CANNOT_REASON = re.compile(r"(?:^|/)(?:gpt-[34]|chatgpt-)")
_THINKS_ALOUD = re.compile(r"deepseek|kimi|glm-|mimo|minimax")
_MISTRAL = re.compile(
    r"(?:^|/)(?:open-)?(?:mistral|ministral|magistral|codestral|devstral|pixtral)"
)
_VENDORS = {
    "anthropic/": Vendor.ANTHROPIC,
    "openai/": Vendor.OPENAI,
    "google/": Vendor.GOOGLE,
    "amazon/": Vendor.AMAZON,
}
_GEMINI = "gemini-"


def quirks_of(model: str) -> Quirks:
    """By the name that the host knows the model by."""
    name = model.lower().removeprefix("~")
    echo, vendor = _echo(name)
    is_openai = _OPENAI.search(name) is not None
    is_mistral = _MISTRAL.search(name) is not None
    return Quirks(
        output_field="max_completion_tokens" if _NEW_OPENAI.search(name) else "max_tokens",
        echo=echo,
        vendor=vendor,
        reasons=_CANNOT_REASON.search(name) is None,
        unthinking="none" if _UNTHINKING.search(name) else None,
        most_effort="xhigh" if _XHIGH.search(name) else "high",
        caches_by_key=is_openai or is_mistral,
        marks_caches=_MARKS_CACHES.search(name) is not None,
        strict_schemas=is_openai,
        short_ids=is_mistral,
    )


def _echo(name: str) -> tuple[Echo, Vendor | None]:
    for prefix, vendor in _VENDORS.items():
        if name.startswith(prefix) and "gpt-oss" not in name and "gemma" not in name:
            return Echo.DETAILS, vendor
    if name.startswith(_GEMINI):
        return Echo.GOOGLE, Vendor.GOOGLE
    return (Echo.CONTENT, None) if _THINKS_ALOUD.search(name) else (Echo.NONE, None)
