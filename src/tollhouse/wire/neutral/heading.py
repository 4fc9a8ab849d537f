"""What a client's answer is headed with, and what else its writer must know of the request."""

from collections.abc import Callable, Mapping

import msgspec


class Heading(msgspec.Struct, frozen=True):
    """Made by the pipeline for each answer: a writer has neither clock nor chance of its own."""

    id: str
    """Our own; letters, digits and dashes. Used, behind the dialect's prefix, where the provider
    gave the answer no id."""
    model: str
    """The served model's id."""
    created: int
    """Unix seconds."""
    asked_usage: bool = False
    """Chat streams: whether the client asked for the chunk with usage."""
    asked_thoughts: bool = True
    """Messages: whether the client asked for thinking. One that did not is told no block that has
    only another vendor's signature of the text before it, which nobody need send back."""
    echo: Mapping[str, msgspec.Raw] = {}
    """Responses: the client's top-level fields but for ``input``, which its answers repeat."""
    clock: Callable[[], int] | None = None
    """Unix seconds whenever it is asked. Responses tell when they were completed, where there is
    one."""
