"""A request as the pipeline takes it: parsed, its caller known, its bytes still the client's."""

from typing import Any

import msgspec
from msgspec.structs import replace

from ..core.caller import Caller
from ..core.errors import invalid
from ..core.model import Model
from ..core.needs import Endpoint
from ..wire.json_object import Fields, read_request
from ..wire.multipart import Form, parse_form
from ..wire.neutral.conversation import Conversation
from ..wire.openai.at_once import read_at_once
from ..wire.openai.request import Asked, read_form, read_json

_NULL = msgspec.Raw(b"null")
_MESSAGES = frozenset({Endpoint.MESSAGES, Endpoint.COUNT_TOKENS})


class Call(msgspec.Struct, gc=False):
    """One request of a caller. Every hop's body is made from ``fields`` or ``form`` afresh."""

    endpoint: Endpoint
    caller: Caller
    asked: Asked
    request_id: str
    started: float
    """Monotonic seconds at which the request's head had arrived."""
    fields: Fields | None = None
    form: Form | None = None
    failover: bool = True
    """Off when the client sent ``x-tollhouse-failover: off``."""
    version: str | None = None
    """``anthropic-version``, as is the next ``anthropic-beta``: for providers of that protocol."""
    betas: tuple[str, ...] = ()
    conversation: Conversation | None = None
    """The content in neutral form, once a target needed it."""
    written: Any = None
    """A model's id and what was written for it when the gate asked whether it could be."""

    def let_go(self) -> None:
        """Forget the content: no further hop will be tried, and a stream may be open for long."""
        self.fields = self.form = self.conversation = self.written = None
        needs = replace(self.asked.needs, texts=())
        self.asked = replace(self.asked, needs=needs)

    def instructions_told(self, model: Model) -> msgspec.Raw | None:
        """What an answer repeats as instructions, where the model's prompt stood before them.

        They are the client's own (null for none); None leaves them as the provider tells them.
        """
        if model.system_prompt is None or self.endpoint is not Endpoint.RESPONSES:
            return None
        given = (self.fields or {}).get("instructions")
        # A copy: a stream may be open for long, and a slice would keep the whole request.
        return given.copy() if given is not None else _NULL


def read_call(
    endpoint: Endpoint,
    body: bytes,
    content_type: str,
    *,
    caller: Caller,
    request_id: str,
    started: float,
    failover: bool,
) -> Call:
    """Parse a body; a 400 or 415 that names what is wrong with it."""
    fields = form = None
    if endpoint.multipart:
        form = parse_form(body, content_type)
        if "model" not in form.names():
            raise invalid("The form field model is required.", "model")
        asked = read_form(form, endpoint)
    else:
        fields = read_request(body)
        if endpoint in _MESSAGES:
            # What only Anthropic's clients need is loaded when the first of them comes.
            from ..wire.anthropic.asked import read_asked  # noqa: PLC0415 - see above

            asked = read_asked(fields, endpoint, counting=endpoint is Endpoint.COUNT_TOKENS)
        else:
            asked = read_at_once(body, fields, endpoint) or read_json(fields, endpoint)
    return Call(endpoint, caller, asked, request_id, started, fields, form, failover)
