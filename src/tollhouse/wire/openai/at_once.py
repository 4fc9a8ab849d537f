"""An ordinary JSON body, read in one pass rather than field by field.

Ordinary is a body in which every field that the gateway acts on has the shape that the API
reference gives it and a value within its bounds. Anything else is left to ``request.read_json``,
which finds out what is wrong with it, if anything is; so no error is told here but the one for the
model's name. What both of them read, they read as the same.
"""

import msgspec

from ...core.needs import Endpoint
from ..json_object import NOT_JSON, Fields
from .content import NOTHING, Content, Conversation, Inputs, in_conversation, in_inputs
from .request import (
    MAX_CHOICES,
    MAX_DIMENSIONS,
    OUTPUT_FIELDS,
    STREAMED,
    Asked,
    asked_of,
    least_output,
    model_name,
)


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class _Body(msgspec.Struct, gc=False):
    """What is read of any body. A subclass adds its endpoint's input."""

    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    max_output_tokens: int | None = None
    dimensions: int | None = None

    def content(self) -> Content:
        """What the input holds."""
        return NOTHING


class _Chat(_Body, gc=False):
    messages: Conversation = []

    def content(self) -> Content:
        return in_conversation(self.messages)


class _Responses(_Body, gc=False):
    input: Conversation = []

    def content(self) -> Content:
        return in_conversation(self.input)


class _Completions(_Body, gc=False):
    prompt: Inputs = []

    def content(self) -> Content:
        return in_inputs(self.prompt)


class _Embeddings(_Body, gc=False):
    input: Inputs = []

    def content(self) -> Content:
        return in_inputs(self.input)


class _Speech(_Body, gc=False):
    input: str | msgspec.UnsetType = msgspec.UNSET

    def content(self) -> Content:
        return NOTHING if self.input is msgspec.UNSET else Content((self.input,))


_DECODERS: dict[Endpoint, msgspec.json.Decoder[_Body]] = {
    endpoint: msgspec.json.Decoder(_Body) for endpoint in Endpoint
} | {
    Endpoint.CHAT: msgspec.json.Decoder(_Chat),
    Endpoint.RESPONSES: msgspec.json.Decoder(_Responses),
    Endpoint.COMPLETIONS: msgspec.json.Decoder(_Completions),
    Endpoint.EMBEDDINGS: msgspec.json.Decoder(_Embeddings),
    Endpoint.SPEECH: msgspec.json.Decoder(_Speech),
}


_NO_OUTPUT: tuple[str, int | None] = ("max_tokens", None)


def read_at_once(body: bytes, fields: Fields, endpoint: Endpoint) -> Asked | None:
    """Read a body that is an object of these fields; None if it is not an ordinary one."""
    try:
        seen = _DECODERS[endpoint].decode(body)
    except NOT_JSON:
        return None
    output = _output_asked(seen, endpoint)
    if output is None or not _bounded(seen.n, MAX_CHOICES):
        return None
    embeds = endpoint is Endpoint.EMBEDDINGS
    if embeds and not _bounded(seen.dimensions, MAX_DIMENSIONS):
        return None
    options = seen.stream_options
    return asked_of(
        fields,
        endpoint,
        seen.content(),
        model=model_name(seen.model),
        stream=seen.stream is True and endpoint in STREAMED,
        include_usage=options is not None and options.include_usage is True,
        choices=seen.n,
        output=output,
        dimensions=seen.dimensions if embeds else None,
    )


def _output_asked(seen: _Body, endpoint: Endpoint) -> tuple[str, int | None] | None:
    """The field that asks for the most output, and how much; None if one is out of bounds."""
    if seen.max_tokens is seen.max_completion_tokens is seen.max_output_tokens is None:
        return _NO_OUTPUT
    asked = _NO_OUTPUT
    for name in OUTPUT_FIELDS:
        value: int | None = getattr(seen, name)
        if value is not None:
            if value < least_output(endpoint):
                return None
            if asked[1] is None or value > asked[1]:
                asked = name, value
    return asked


def _bounded(value: int | None, most: int) -> bool:
    return value is None or 1 <= value <= most
