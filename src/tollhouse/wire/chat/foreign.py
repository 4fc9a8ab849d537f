"""What OpenAI itself does not know of a chat message, taken out of a conversation that goes there.

A client that was answered by another vendor's model sends back the thoughts and signatures that our
answers held, in fields that other hosts invented. OpenAI refuses fields it does not know, so a
client could never change over to one of its models. Everything else stays byte for byte.
"""

import re

import msgspec

from ..json_object import NOT_JSON, raw

_FIELDS = frozenset({"reasoning", "reasoning_content", "reasoning_details", "thinking_blocks"})
_OF_CALLS = "extra_content"
_ANY = re.compile(rb'"(?:reasoning(?:_content|_details)?|thinking_blocks|extra_content)"')
_Object = dict[str, msgspec.Raw]
_messages = msgspec.json.Decoder(list[_Object])


def without_foreign(messages: msgspec.Raw) -> msgspec.Raw:
    """The value of ``messages`` in OpenAI's own words."""
    if _ANY.search(memoryview(messages)) is None:
        return messages
    try:
        told = _messages.decode(messages)
        changed = [_message(message) for message in told]
    except NOT_JSON:
        return messages  # of no shape that the provider will take
    return messages if changed == told else raw(changed)


def _message(message: _Object) -> _Object:
    kept = {name: value for name, value in message.items() if name not in _FIELDS}
    calls = kept.get("tool_calls")
    if calls is not None and _ANY.search(memoryview(calls)) is not None:
        kept["tool_calls"] = raw(
            [
                {name: value for name, value in call.items() if name != _OF_CALLS}
                for call in _messages.decode(calls)
            ]
        )
    return kept
