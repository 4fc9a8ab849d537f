"""What only our answers hold, taken out of a conversation that goes to Anthropic itself.

A client that was answered by another vendor's model sends back what we wrote for it: signatures in
Anthropic's fields that Anthropic never made, and sources of no search of its own. Anthropic would
refuse them. Whatever else stands in the conversation stays byte for byte.
"""

import msgspec

from ...core.dialect import Vendor
from ..json_object import NOT_JSON, raw
from ..neutral.signatures import Kind, unpack
from .blocks import UNSIGNED

_MARK = b"tollhouse:"
_FIELDS = {"thinking": "signature", "redacted_thinking": "data"}
_Object = dict[str, msgspec.Raw]
_messages = msgspec.json.Decoder(list[_Object])
_blocks = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(_Object)
_string = msgspec.json.Decoder(str)


def without_foreign(messages: msgspec.Raw) -> msgspec.Raw:
    """The value of ``messages`` less what is another vendor's."""
    if _MARK not in bytes(messages):
        return messages
    try:
        told = _messages.decode(messages)
        changed = [_message(message) for message in told]
    except NOT_JSON:
        return messages  # of no shape that the provider will take
    if all(new is old for new, old in zip(changed, told, strict=True)):
        return messages
    return raw([message for message in changed if message is not None])


def _message(message: _Object) -> _Object | None:
    """The message; None if nothing is left of it."""
    content = message.get("content")
    if content is None or _MARK not in bytes(content) or not bytes(content).startswith(b"["):
        return message
    kept = []
    changed = False
    for block in _blocks.decode(content):
        own = _block(block) if _MARK in bytes(block) else block
        changed = changed or own is not block
        if own is not None:
            kept.append(own)
    if not changed:
        return message
    return message | {"content": raw(kept)} if kept else None


def _block(block: msgspec.Raw) -> msgspec.Raw | None:
    fields = _object.decode(block)
    kind = _string.decode(fields.get("type", msgspec.Raw(b'""')))
    if kind in _FIELDS:
        return _thought(block, fields, _FIELDS[kind])
    if kind == "text" and _MARK in bytes(fields.get("citations", b"")):
        sources = [one for one in _blocks.decode(fields["citations"]) if _is_own(one)]
        rest = {name: value for name, value in fields.items() if name != "citations"}
        return raw(rest | {"citations": raw(sources)} if sources else rest)
    return block


def _thought(block: msgspec.Raw, fields: _Object, field: str) -> msgspec.Raw | None:
    """A thought of Anthropic's, with the signature that Anthropic gave it."""
    written = _string.decode(fields.get(field, msgspec.Raw(b'""')))
    if written == UNSIGNED:
        return None
    packed = unpack(written, Vendor.ANTHROPIC, Kind.HIDDEN)
    if packed.vendor is not Vendor.ANTHROPIC or packed.kind is Kind.CALL:
        return None
    return block if packed.value == written else raw(fields | {field: raw(packed.value)})


def _is_own(source: msgspec.Raw) -> bool:
    return b'"tollhouse:foreign"' not in bytes(source)
