"""Guesses at usage, for when the provider did not report it and for asking beforehand.

A token is taken for four bytes of text. An estimate is always labelled as one: pass
``CostStatus.ESTIMATED`` to ``charge`` with it.
"""

from ..core.needs import Endpoint, ModelType, Needs
from ..core.usage import Usage

BYTES_PER_TOKEN = 4
_ANSWERS_IN_TEXT = frozenset({ModelType.COMPLETION, ModelType.TRANSCRIPTION})


def tokens_in(size: int) -> int:
    """How many tokens a text of ``size`` bytes may be, rounded up."""
    return -(-size // BYTES_PER_TOKEN)


def estimate(
    endpoint: Endpoint, needs: Needs, content_bytes: int, *, prompt_bytes: int = 0
) -> Usage:
    """What was used by an answer of which ``content_bytes`` of content arrived.

    ``prompt_bytes`` is the size of the system prompt that the model put in front of the input.
    Nothing is charged for an answer of which nothing came: no text, no failure, no estimate.
    """
    if content_bytes <= 0:
        return Usage()
    answers_in_text = endpoint.model_type in _ANSWERS_IN_TEXT
    return Usage(
        input_tokens=_input(needs, prompt_bytes),
        output_tokens=tokens_in(content_bytes) if answers_in_text else 0,
    )


def at_most(needs: Needs, max_tokens: int | None, *, prompt_bytes: int = 0) -> Usage:
    """What a request may use at most: its input, and all the output it asks for or may get.

    ``max_tokens`` is the model's own limit, for requests that name none; ``prompt_bytes`` is the
    size of its system prompt.
    """
    if needs.endpoint is not None and needs.endpoint.model_type is not ModelType.COMPLETION:
        return Usage(input_tokens=_input(needs, prompt_bytes))
    asked = needs.max_tokens if needs.max_tokens is not None else max_tokens
    return Usage(input_tokens=_input(needs, prompt_bytes), output_tokens=asked or 0)


def _input(needs: Needs, prompt_bytes: int) -> int:
    return tokens_in(needs.input_bytes + prompt_bytes) + needs.token_count
