"""The facts of a request in Anthropic's messages that the gateway acts on.

API reference: docs.claude.com/en/api/messages. Only fields that decide something are read; the rest
belongs to the client and the provider. The typed reader takes the shapes of the reference and skips
over everything else, so that an image is never copied; input of another shape is walked, and what
it names is found all the same.
"""

from typing import Any

import msgspec

from ...core.errors import invalid
from ...core.needs import CapabilityNeed, Endpoint, Needs
from ..json_object import NOT_JSON, Fields
from ..openai.content import walk
from ..openai.request import Asked, model_name, value_of

_CAPABILITIES = {"image": "vision", "document": "files"}
_NULL = b"null"
_NONE = frozenset({b"null", b"[]", b""})
_INNER = ("content", "text", "source")
_TEXT_SOURCES = frozenset({"text", "content"})


class _Source(msgspec.Struct, gc=False):
    type: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    """Words, where the type says so; else megabytes that stay where they are."""
    content: "str | list[_Block] | None" = None


class _Block(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None
    content: "str | list[_Block] | None" = None
    source: _Source | str | None = None


class _Message(msgspec.Struct, gc=False):
    content: str | list[_Block] | None = None


class _Format(msgspec.Struct, gc=False):
    type: str | None = None


class _OutputConfig(msgspec.Struct, gc=False):
    format: _Format | None = None


_Content = str | list[_Block] | None
_string = msgspec.json.Decoder(str | None)
_boolean = msgspec.json.Decoder(bool | None)
_whole_number = msgspec.json.Decoder(int | None)
_messages = msgspec.json.Decoder(list[_Message])
_system = msgspec.json.Decoder(_Content)
_format = msgspec.json.Decoder(_Format | None)
_output_config = msgspec.json.Decoder(_OutputConfig | None)
_text = msgspec.json.Decoder(str)


def read_asked(fields: Fields, endpoint: Endpoint, *, counting: bool = False) -> Asked:
    """Read a body; a 400 naming the field for every value the gateway cannot act on.

    ``counting``: what is asked for is a count of the input's tokens, which bounds no output.
    """
    model = model_name(value_of(fields, "model", _string, "a string"))
    stream = not counting and bool(value_of(fields, "stream", _boolean, "true or false"))
    most = value_of(fields, "max_tokens", _whole_number, "a whole number")
    if counting:
        most = None
    elif most is None:
        raise invalid("The field max_tokens is required.", "max_tokens")
    elif most < 0:
        raise invalid("max_tokens must be at least 0.", "max_tokens")
    texts: list[str] = []
    kinds: set[str | None] = set()
    _look("system", fields, texts, kinds)
    _look("messages", fields, texts, kinds)
    size = sum(len(fields[name]) for name in ("system", "messages") if name in fields)
    return Asked(
        model=model,
        stream=stream,
        needs=Needs(
            endpoint,
            _capabilities(fields, kinds, stream=stream),
            most,
            "max_tokens",
            None,
            size,
            tuple(texts),
        ),
    )


def _capabilities(
    fields: Fields, kinds: set[str | None], *, stream: bool
) -> tuple[CapabilityNeed, ...]:
    needed = []
    if stream:
        needed.append(CapabilityNeed("streaming", "stream"))
    if bytes(fields.get("tools", b"")) not in _NONE:
        needed.append(CapabilityNeed("tools", "tools"))
    asked = {_CAPABILITIES[kind] for kind in kinds if kind in _CAPABILITIES}
    needed += [CapabilityNeed(kind, "messages") for kind in sorted(asked)]
    param = _schema_field(fields)
    if param is not None:
        needed.append(CapabilityNeed("json_schema", param))
    return tuple(needed)


def _schema_field(fields: Fields) -> str | None:
    """The field that asks for an answer by a schema; other shapes are the provider's to judge."""
    wanted: _Format | None
    for name in ("output_config", "output_format"):
        if name not in fields:
            continue
        try:
            if name == "output_format":
                wanted = _format.decode(fields[name])
            else:
                config = _output_config.decode(fields[name])
                wanted = config and config.format
        except NOT_JSON:
            continue
        if wanted is not None and wanted.type == "json_schema":
            return name if name == "output_format" else f"{name}.format"
    return None


# --- What the input holds ---


def _look(name: str, fields: Fields, texts: list[str], kinds: set[str | None]) -> None:
    given = fields.get(name)
    if given is None or (len(given) == len(_NULL) and bytes(given) == _NULL):
        return
    before = len(texts)
    try:
        if name == "system":
            _add(_system.decode(given), texts, kinds)
        else:
            for message in _messages.decode(given):
                _add(message.content, texts, kinds)
    except NOT_JSON:
        del texts[before:]
        walk(name, given, _inner, texts, kinds)


def _add(content: _Content, texts: list[str], kinds: set[str | None]) -> None:
    if isinstance(content, str):
        texts.append(content)
        return
    for block in content or ():
        kinds.add(block.type)
        if block.text is not None:
            texts.append(block.text)
        if block.content is not None:
            _add(block.content, texts, kinds)
        source = block.source
        if isinstance(source, _Source) and source.type in _TEXT_SOURCES:
            if source.content is not None:
                _add(source.content, texts, kinds)
            elif len(source.data):
                texts.append(_text.decode(source.data))


def _inner(value: dict[str, Any]) -> list[Any]:
    """What of an object may hold input: data is words only where the type says so."""
    inner = [value[name] for name in _INNER if name in value]
    if value.get("type") == "text" and "data" in value:
        inner.append(value["data"])
    return inner
