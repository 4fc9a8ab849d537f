"""Errors in the client's own protocol: Anthropic's at its endpoints, OpenAI's everywhere else."""

from ..core.errors import TollhouseError
from ..core.needs import Endpoint
from .openai import errors as openai

_ANTHROPIC = "/v1/messages"
_MESSAGES = frozenset({Endpoint.MESSAGES, Endpoint.COUNT_TOKENS})


def is_anthropic(path: str) -> bool:
    """Whether who asks at ``path`` speaks Anthropic's protocol."""
    return path == _ANTHROPIC or path.startswith(f"{_ANTHROPIC}/")


def error_body(error: TollhouseError, request_id: str, path: str) -> bytes:
    """A whole error answer for whoever asked at ``path``."""
    if is_anthropic(path):
        from .anthropic import errors as anthropic  # noqa: PLC0415 - few clients need it

        return anthropic.error_body(error, request_id)
    return openai.error_body(error, request_id)


def error_event(
    error: TollhouseError, request_id: str, endpoint: Endpoint, sequence: int = 0
) -> bytes:
    """The last event of a stream that failed; no terminator follows it.

    ``sequence`` is the number of the event, where the endpoint's events are numbered.
    """
    if endpoint in _MESSAGES:
        from .anthropic import errors as anthropic  # noqa: PLC0415 - few clients need it

        return anthropic.error_event(error, request_id)
    return openai.error_event(error, request_id, endpoint, sequence)
