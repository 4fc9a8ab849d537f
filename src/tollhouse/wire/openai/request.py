"""What a client asks in OpenAI's dialect, and its body as one hop should get it.

API reference: platform.openai.com/docs/api-reference. Only fields that decide something are read;
the rest belongs to the client and the provider.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ...core.errors import invalid
from ...core.needs import CapabilityNeed, Endpoint, Needs
from ..json_object import NOT_JSON, Fields, raw, read_object, write_body
from ..multipart import Form
from .content import Content, input_field, read_content

MAX_MODEL_ID = 128
MAX_CHOICES = 128
MAX_DIMENSIONS = 1_000_000
STEERING_FIELDS = frozenset(
    {
        "api_base",
        "api_key",
        "api_version",
        "base_url",
        "custom_llm_provider",
        "extra_body",
        "extra_headers",
        "extra_query",
        "fallbacks",
        "headers",
        "models",
        "timeout",
        "user_config",
    }
)
"""Fields that some hosts obey as connection settings or as other models to use; never passed on."""

OUTPUT_FIELDS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_TOOL_FIELDS = ("tools", "functions")
_ASKING = frozenset({*_TOOL_FIELDS, "modalities", "response_format", "text"})
"""Fields by which a body may ask for a capability."""
_STREAM_OPTIONS_ENDPOINTS = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})
_LONG_FOR_NOTHING = 64
_OURS = b"tollhouse"
"""In every item of a response that we made, and in next to no others."""
STREAMED = frozenset(
    {
        Endpoint.CHAT,
        Endpoint.COMPLETIONS,
        Endpoint.RESPONSES,
        Endpoint.IMAGES_GENERATIONS,
        Endpoint.IMAGES_EDITS,
        Endpoint.SPEECH,
        Endpoint.TRANSCRIPTIONS,
        Endpoint.TRANSLATIONS,
    }
)
"""Endpoints that can stream; elsewhere ``stream`` is just another field."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The facts of a request that the gateway acts on."""

    model: str
    needs: Needs
    stream: bool = False
    include_usage: bool = False
    """Whether the client asked for the usage chunk at the end of a stream."""
    choices: int = 1
    """``n``: answers or images asked for."""
    characters: int = 0
    """Length of the text to be spoken."""
    text_answer: bool = False
    """Whether the answer is asked for as plain text (transcripts) rather than JSON."""


class _Typed(msgspec.Struct, gc=False):
    type: str | None = None


class _TextSettings(msgspec.Struct, gc=False):
    format: _Typed | None = None


_string = msgspec.json.Decoder(str | None)
_boolean = msgspec.json.Decoder(bool | None)
_whole_number = msgspec.json.Decoder(int | None)
_object = msgspec.json.Decoder(Fields | None)
_prompts = msgspec.json.Decoder(str | list[str] | None)
_format = msgspec.json.Decoder(_Typed)
_text_settings = msgspec.json.Decoder(_TextSettings)
_anything = msgspec.json.Decoder(float_hook=str)


def read_json(fields: Fields, endpoint: Endpoint) -> Asked:
    """Read a JSON body; a 400 naming the field for every value the gateway cannot act on."""
    model = model_name(value_of(fields, "model", _string, "a string"))
    stream = endpoint in STREAMED and bool(value_of(fields, "stream", _boolean, "true or false"))
    options = value_of(fields, "stream_options", _object, "an object") or {}
    output = _output_asked(fields, endpoint)
    content = read_content(fields.get(input_field(endpoint)), endpoint)
    choices = _bounded(fields, "n", MAX_CHOICES)
    embeds = endpoint is Endpoint.EMBEDDINGS
    dimensions = _bounded(fields, "dimensions", MAX_DIMENSIONS) if embeds else None
    return asked_of(
        fields,
        endpoint,
        content,
        model=model,
        stream=stream,
        include_usage=bytes(options.get("include_usage", b"")) == b"true",
        choices=choices,
        output=output,
        dimensions=dimensions,
    )


def asked_of(
    fields: Fields,
    endpoint: Endpoint,
    content: Content,
    *,
    model: str,
    stream: bool,
    include_usage: bool,
    choices: int | None,
    output: tuple[str, int | None],
    dimensions: int | None,
) -> Asked:
    """What was read of a JSON body, and what follows from it; ``output`` is a field and its value.

    Nothing is refused here.
    """
    param, tokens = output
    given = fields.get(input_field(endpoint))
    return Asked(
        model=model,
        stream=stream,
        include_usage=include_usage,
        choices=choices or 1,
        characters=len(content.texts[0]) if endpoint is Endpoint.SPEECH and content.texts else 0,
        needs=Needs(
            endpoint,
            _capabilities(fields, endpoint, content, stream=stream),
            tokens,
            param,
            dimensions,
            len(given) if given is not None else 0,
            content.texts,
            content.tokens,
        ),
    )


def read_form(form: Form, endpoint: Endpoint) -> Asked:
    """Read a multipart body; its only routing input is the ``model`` field."""
    model = model_name(form.text("model"))
    stream = _form_boolean(form, "stream") and endpoint in STREAMED
    needed = (CapabilityNeed("streaming", "stream"),) if stream else ()
    return Asked(
        model=model,
        stream=stream,
        choices=_form_choices(form),
        text_answer=form.text("response_format") in {"text", "srt", "vtt"},
        needs=Needs(endpoint=endpoint, capabilities=needed),
    )


def model_name(value: str | None) -> str:
    """A usable ``model`` value; whether the catalogue has it is the gate's question."""
    if value is None:
        raise invalid("The field model is required.", "model")
    if not value:
        raise invalid("The field model is empty.", "model")
    if len(value) > MAX_MODEL_ID:
        raise invalid(f"The field model is longer than {MAX_MODEL_ID} characters.", "model")
    if not value.isprintable() or " " in value:
        raise invalid("The field model has control characters or white space.", "model")
    return value


# --- What one hop gets ---


def body_for_hop(
    fields: Fields,
    asked: Asked,
    *,
    upstream_model: str,
    params: Mapping[str, bytes],
    stream_usage: bool,
    system_prompt: str | None,
) -> bytes:
    """The client's original with this hop's name, defaults and prompt; nothing else differs."""
    endpoint = asked.needs.endpoint
    body = dict(fields)
    if not STEERING_FIELDS.isdisjoint(body):
        for name in STEERING_FIELDS:
            body.pop(name, None)
    for name, default in params.items():
        body.setdefault(name, msgspec.Raw(default))
    body["model"] = raw(upstream_model)
    if asked.stream and endpoint in _STREAM_OPTIONS_ENDPOINTS:
        _ask_for_usage(body, wanted=stream_usage)
    if endpoint is Endpoint.RESPONSES and _OURS in bytes(body.get("input", b"")):
        from ..responses.foreign import without_foreign  # noqa: PLC0415 - few bodies need it

        body["input"] = without_foreign(body["input"])
    if system_prompt:
        _put_prompt(body, endpoint, system_prompt)
    return write_body(body)


def form_for_hop(form: Form, *, upstream_model: str, params: Mapping[str, bytes]) -> bytes:
    """The client's form with this hop's name and defaults."""
    have = form.names()
    values = {"model": upstream_model}
    for name, default in params.items():
        if name not in have:
            value = msgspec.json.decode(default)
            values[name] = value if isinstance(value, str) else default.decode()
    return form.with_fields(values, drop=STEERING_FIELDS)


def _ask_for_usage(body: Fields, *, wanted: bool) -> None:
    """Have the host report usage, or, for one that refuses the question, leave it out."""
    given = body.get("stream_options")
    if given is None and wanted:
        body["stream_options"] = msgspec.Raw(b'{"include_usage":true}')
        return
    options = (read_object(given) if given is not None else None) or {}
    options.pop("include_usage", None)
    if wanted:
        options["include_usage"] = msgspec.Raw(b"true")
    if options:
        body["stream_options"] = raw(options)
    else:
        body.pop("stream_options", None)


def _put_prompt(body: Fields, endpoint: Endpoint | None, prompt: str) -> None:
    """Put the model's prompt in front; what a provider will refuse anyhow is left to it."""
    if endpoint is Endpoint.CHAT:
        messages = bytes(body.get("messages", b""))
        if messages.startswith(b"["):
            rest = messages[1:].lstrip()
            first = msgspec.json.encode({"role": "system", "content": prompt})
            joined = b"[" + first + (b"" if rest.startswith(b"]") else b",") + rest
            body["messages"] = msgspec.Raw(joined)
    elif endpoint is Endpoint.RESPONSES:
        given = value_of(body, "instructions", _string, "a string")
        body["instructions"] = raw(f"{prompt}\n\n{given}" if given else prompt)
    elif endpoint is Endpoint.COMPLETIONS:
        body["prompt"] = raw(_prompted(body.get("prompt"), prompt))


def _prompted(given: msgspec.Raw | None, prompt: str) -> str | list[str]:
    try:
        found = _prompts.decode(given) if given is not None else None
    except NOT_JSON:
        message = "prompt must be text for this model: it has a prompt of its own."
        raise invalid(message, "prompt") from None
    if isinstance(found, list):
        return [f"{prompt}\n\n{text}" for text in found]
    return prompt if found is None else f"{prompt}\n\n{found}"


# --- What is asked ---


def _capabilities(
    fields: Fields, endpoint: Endpoint, content: Content, *, stream: bool
) -> tuple[CapabilityNeed, ...]:
    if not (stream or content.capabilities) and _ASKING.isdisjoint(fields):
        return ()
    needed = []
    if stream:
        needed.append(CapabilityNeed("streaming", "stream"))
    for name in _TOOL_FIELDS:
        if name in fields and _holds_any(fields[name]):
            needed.append(CapabilityNeed("tools", name))
            if bytes(fields.get("parallel_tool_calls", b"")) == b"true":
                needed.append(CapabilityNeed("parallel_tools", "parallel_tool_calls"))
    if content.capabilities:
        field = input_field(endpoint)
        needed += [CapabilityNeed(kind, field) for kind in sorted(content.capabilities)]
    if "modalities" in fields and "audio" not in content.capabilities and _speaks(fields):
        needed.append(CapabilityNeed("audio", "modalities"))
    settings = "text" if endpoint is Endpoint.RESPONSES else "response_format"
    if settings in fields and _wants_schema(fields[settings], endpoint):
        needed.append(CapabilityNeed("json_schema", settings))
    return tuple(needed)


def _output_asked(fields: Fields, endpoint: Endpoint) -> tuple[str, int | None]:
    """The largest output that any field asks for."""
    least = least_output(endpoint)
    param, most = "max_tokens", None
    for name in OUTPUT_FIELDS:
        if name in fields:
            value = _bounded(fields, name, None, least=least)
            if value is not None and (most is None or value > most):
                param, most = name, value
    return param, most


def least_output(endpoint: Endpoint) -> int:
    """The least output that can be asked for; legacy completions may ask for none (echo)."""
    return 0 if endpoint is Endpoint.COMPLETIONS else 1


def _speaks(fields: Fields) -> bool:
    try:
        wanted = _anything.decode(fields["modalities"])
    except NOT_JSON:
        return False
    return isinstance(wanted, list) and "audio" in wanted


def _wants_schema(given: msgspec.Raw, endpoint: Endpoint) -> bool:
    """Whether an answer by a schema is asked for; other shapes are the provider's to judge."""
    try:
        if endpoint is Endpoint.RESPONSES:
            wanted = _text_settings.decode(given).format
        else:
            wanted = _format.decode(given)
    except NOT_JSON:
        return False
    return wanted is not None and wanted.type == "json_schema"


def _holds_any(given: msgspec.Raw) -> bool:
    """Whether a list has members; what is too long for an empty one is not looked through."""
    return len(given) > _LONG_FOR_NOTHING or bool(_anything.decode(given))


def _bounded(fields: Fields, name: str, most: int | None, *, least: int = 1) -> int | None:
    value: int | None = value_of(fields, name, _whole_number, "a whole number")
    if value is not None and (value < least or (most is not None and value > most)):
        bounds = f"between {least} and {most}" if most else f"at least {least}"
        raise invalid(f"{name} must be {bounds}.", name)
    return value


def value_of(fields: Fields, name: str, decoder: msgspec.json.Decoder[Any], wanted: str) -> Any:
    """A field's value, None where it is absent; a 400 that says what is ``wanted`` of it."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        return decoder.decode(value)
    except NOT_JSON:
        raise invalid(f"{name} must be {wanted}.", name) from None


def _form_boolean(form: Form, name: str) -> bool:
    written = (form.text(name) or "false").lower()
    if written not in {"true", "false", "1", "0"}:
        raise invalid(f"{name} must be true or false.", name)
    return written in {"true", "1"}


def _form_choices(form: Form) -> int:
    written = form.text("n")
    if not written:
        return 1
    digits = written.lstrip("0")
    if not (written.isascii() and written.isdigit()):
        raise invalid("n must be a whole number.", "n")
    if not digits or len(digits) > len(str(MAX_CHOICES)) or int(digits) > MAX_CHOICES:
        raise invalid(f"n must be between 1 and {MAX_CHOICES}.", "n")
    return int(digits)
