"""What the input of a request holds: texts to count, and parts that ask for a capability.

The typed readers take the shapes of the API reference and skip over everything else, so that an
image is never copied. Input of another shape is walked, and what it names is found all the same.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ...core.errors import invalid
from ...core.needs import Endpoint
from ..json_object import NOT_JSON

_PART_CAPABILITIES = {
    "image_url": "vision",
    "input_image": "vision",
    "computer_screenshot": "vision",
    "input_audio": "audio",
    "audio_url": "audio",
    "file": "files",
    "input_file": "files",
}


_CONVERSATIONS = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})
_LISTS = frozenset({Endpoint.COMPLETIONS, Endpoint.EMBEDDINGS})
_PROMPTS = frozenset({Endpoint.COMPLETIONS, Endpoint.IMAGES_GENERATIONS})
_INNER = ("content", "output", "text")


class Content(msgspec.Struct, frozen=True, gc=False):
    """What was found in the input."""

    texts: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()
    tokens: int = 0
    """Tokens given as numbers."""


NOTHING = Content()


class Part(msgspec.Struct, gc=False):
    """What is read of a part of a message."""

    type: str | None = None
    text: str | None = None


class Message(msgspec.Struct, gc=False):
    """What is read of a message."""

    content: str | list[Part] | Part | None = None
    output: str | list[Part] | Part | None = None
    """What a tool gave (responses)."""


Conversation = str | list[Message]
"""The input of chat and of responses."""
Inputs = str | list[str | int | list[int]]
"""The input of legacy completions and of embeddings: texts or tokens, one or several."""

_conversation = msgspec.json.Decoder(Conversation)
_inputs = msgspec.json.Decoder(Inputs)
_text = msgspec.json.Decoder(str)
_anything = msgspec.json.Decoder(float_hook=str)


def input_field(endpoint: Endpoint) -> str:
    """The field of the body that holds the input."""
    if endpoint is Endpoint.CHAT:
        return "messages"
    return "prompt" if endpoint in _PROMPTS else "input"


def read_content(given: msgspec.Raw | None, endpoint: Endpoint) -> Content:
    """Read the value of ``input_field``; what the provider will refuse asks for nothing."""
    if given is None:
        return NOTHING
    try:
        if endpoint in _CONVERSATIONS:
            return in_conversation(_conversation.decode(given))
        if endpoint in _LISTS:
            return in_inputs(_inputs.decode(given))
        if endpoint is Endpoint.SPEECH:
            return Content((_text.decode(given),))
    except NOT_JSON:
        return _walked(given, endpoint) if endpoint in _CONVERSATIONS else NOTHING
    return NOTHING


def in_conversation(messages: Conversation) -> Content:
    """What a conversation holds."""
    if isinstance(messages, str):
        return Content((messages,))
    texts: list[str] = []
    kinds: set[str | None] = set()
    for message in messages:
        if isinstance(message.content, str):
            texts.append(message.content)
        else:
            _add(message.content, texts, kinds)
        if message.output is not None:
            _add(message.output, texts, kinds)
    return Content(tuple(texts), _asked_by(kinds)) if kinds else Content(tuple(texts))


def _add(content: str | list[Part] | Part | None, texts: list[str], kinds: set[str | None]) -> None:
    if isinstance(content, str):
        texts.append(content)
        return
    for part in [content] if isinstance(content, Part) else content or ():
        kinds.add(part.type)
        if part.text is not None:
            texts.append(part.text)


def _asked_by(kinds: set[str | None]) -> frozenset[str]:
    return frozenset(_PART_CAPABILITIES[kind] for kind in kinds if kind in _PART_CAPABILITIES)


def in_inputs(inputs: Inputs) -> Content:
    """The longest of several inputs: each has the context window to itself."""
    if isinstance(inputs, str):
        return Content((inputs,))
    texts = [item for item in inputs if isinstance(item, str)]
    loose = sum(isinstance(item, int) for item in inputs)
    tokens = max([loose, *(len(item) for item in inputs if isinstance(item, list))])
    if tokens or not texts:
        return Content(tokens=tokens)
    return Content((max(texts, key=len),))


def _walked(given: msgspec.Raw, endpoint: Endpoint) -> Content:
    texts: list[str] = []
    kinds: set[str | None] = set()
    walk(input_field(endpoint), given, _inner, texts, kinds)
    return Content(tuple(texts), _asked_by(kinds))


def _inner(value: dict[str, Any]) -> list[Any]:
    return [value[name] for name in _INNER if name in value]


def walk(
    field: str,
    given: msgspec.Raw,
    inner: Callable[[dict[str, Any]], list[Any]],
    texts: list[str],
    kinds: set[str | None],
) -> None:
    """Input of a shape that the reference does not have, and what it asks for nevertheless.

    ``inner`` tells what of an object is looked into. What is found is added to the last two.
    """
    try:
        waiting: list[Any] = [_anything.decode(given)]
    except NOT_JSON:
        raise invalid(f"{field} cannot be read.", field) from None
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            kind = value.get("type")
            kinds.add(kind if isinstance(kind, str) else None)
            waiting += inner(value)
