"""Probabilities of tokens: responses list them, chat puts the list into an object.

References: platform.openai.com/docs/api-reference/responses/object (``output_text.logprobs``),
…/chat/object (``choices[].logprobs``).
"""

from collections.abc import Iterable, Sequence

import msgspec

from ..json_object import NOT_JSON, owned

NONE = b"[]"


class _Token(msgspec.Struct, frozen=True):
    token: str = ""
    logprob: msgspec.Raw = msgspec.Raw(b"null")
    bytes: list[int] | None = None
    top_logprobs: "list[_Token] | None" = None


class _InChat(msgspec.Struct, frozen=True):
    content: list[_Token] | None = None
    refusal: list[_Token] | None = None


_tokens = msgspec.json.Decoder(list[_Token])
_in_chat = msgspec.json.Decoder(_InChat)


def to_chat(lists: Iterable[msgspec.Raw | None]) -> msgspec.Raw | None:
    """The lists of one answer in chat's spelling; None where there is no token in them."""
    tokens = [token for told in lists if told is not None for token in _listed(told)]
    if not tokens:
        return None
    content = [_spelled(token) for token in tokens]
    return msgspec.Raw(msgspec.json.encode({"content": content, "refusal": None}))


def from_chat(logprobs: Sequence[msgspec.Raw | None]) -> bytes:
    """What chat spells, as a list."""
    tokens = [token for told in logprobs if told is not None for token in _listed_in_chat(told)]
    return msgspec.json.encode([_spelled(token) for token in tokens]) if tokens else NONE


def _listed(told: msgspec.Raw) -> list[_Token]:
    if bytes(told) in {b"null", NONE}:
        return []
    try:
        return _tokens.decode(told)
    except NOT_JSON:
        return []


def _listed_in_chat(told: msgspec.Raw) -> list[_Token]:
    try:
        found = _in_chat.decode(told)
    except NOT_JSON:
        return []
    return found.content or found.refusal or []


def _spelled(token: _Token, *, nested: bool = False) -> dict[str, object]:
    """A token with all its fields; the streams of responses leave out its bytes."""
    spelled: dict[str, object] = {
        "token": token.token,
        "logprob": owned(token.logprob),
        "bytes": list(token.token.encode()) if token.bytes is None else token.bytes,
    }
    if not nested:
        spelled["top_logprobs"] = [_spelled(one, nested=True) for one in token.top_logprobs or ()]
    return spelled
