"""A request as the pipeline takes it: parsed, its caller known, its bytes still the client's."""

from dataclasses import dataclass

from ..core.caller import Caller
from ..core.errors import invalid
from ..core.model import Model
from ..core.needs import Endpoint
from ..providers.address import model_name
from ..wire.json_object import Fields, read_request
from ..wire.multipart import Form, parse_form
from ..wire.openai.request import Asked, body_for_hop, form_for_hop, read_form, read_json


@dataclass(frozen=True, slots=True)
class Call:
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

    def body_for(self, model: Model) -> tuple[bytes, str]:
        """The body that one hop gets, and its content type."""
        target = model.target
        name = model_name(target, self.endpoint)
        if self.form is not None:
            body = form_for_hop(self.form, upstream_model=name, params=target.params)
            return body, self.form.content_type
        body = body_for_hop(
            self.fields or {},
            self.asked,
            upstream_model=name,
            params=target.params,
            stream_usage=target.stream_usage,
            system_prompt=model.system_prompt,
        )
        return body, "application/json"


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
        asked = read_json(fields, endpoint)
    return Call(endpoint, caller, asked, request_id, started, fields, form, failover)
