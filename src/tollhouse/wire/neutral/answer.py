"""An answer in neutral form, whole."""

import msgspec

from ...core.label import Label
from .parts import Part, ToolCall


class Stop(Label):
    """Why an answer ended. Each dialect's table maps its own words to these and back."""

    END = "end"
    LENGTH = "length"
    CONTEXT = "context"
    """The context window was full."""
    STOP_SEQUENCE = "stop_sequence"
    TOOLS = "tools"
    """The model waits for results of tools. It wins over every other word for a sound end."""
    FILTERED = "filtered"
    """The provider held the answer, or a part of it, back."""
    REFUSED = "refused"
    """The model declined."""
    PAUSED = "paused"
    """A long turn, to be taken up again by sending it back (Anthropic)."""
    FAILED = "failed"
    """The model made something that is no answer (Gemini's malformed function call)."""


class Answer(msgspec.Struct, frozen=True):
    """One answer. ``usage`` is the provider's own object, in JSON, for pricing to read."""

    parts: tuple[Part, ...]
    stop: Stop
    id: str | None = None
    stop_sequence: str | None = None
    usage: bytes | None = None
    service_tier: str | None = None
    logprobs: msgspec.Raw | None = None
    """In chat's spelling (``choices[].logprobs``)."""
    content_bytes: int = 0
    """Roughly how much content there is, for an estimate where usage is not told."""


class NotAnAnswer(msgspec.Struct, frozen=True, gc=False):
    """A 200 that is none: ``error`` is the provider's error object, where it sent one."""

    error: bytes | None
    reason: str


class Nameless(ValueError):
    """What a reader finds out of ``named``; its words are a ``NotAnAnswer``'s reason."""


def named(call: ToolCall) -> ToolCall:
    """A call of an answer, which has to have a name: without one no client can answer it.

    An answer with a nameless call is malformed in every dialect, whole or streamed.
    """
    if not call.name:
        raise Nameless("a tool call has no name")
    return call
