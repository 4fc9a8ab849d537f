"""Marks of what is to be cached, as OpenAI takes them in chat and in responses.

Reference: platform.openai.com/docs/guides/prompt-caching (``prompt_cache_breakpoint``). They stand
on what users, tools and instructions say; the model's own words, calls and tools can have none.
How long is not said: OpenAI's own half an hour is all that every model takes. Of more marks than it
keeps, it keeps the latest. Hosts without marks cache by themselves, so there they are left out.
"""

from typing import Any

from .quirks import Quirks

_FIELD = "prompt_cache_breakpoint"

Piece = dict[str, Any]


def marked(piece: Piece, cache: str | None, quirks: Quirks) -> Piece:
    """A piece of content with the mark that stood behind it, where the model knows marks."""
    return {**piece, _FIELD: {"mode": "explicit"}} if cache and quirks.marks_caches else piece


def is_marked(piece: Piece) -> bool:
    """Whether it has one, so that it has to stay a piece of its own."""
    return _FIELD in piece
