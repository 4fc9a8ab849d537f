"""A client's body of Anthropic's messages as one hop should get it: the original with edits.

API references: docs.claude.com/en/api/messages, …/claude-on-vertex-ai, …/claude-on-amazon-bedrock.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..json_object import NOT_JSON, Fields, raw, write_body
from ..openai.request import STEERING_FIELDS
from .foreign import without_foreign

_NULL = b"null"
_string = msgspec.json.Decoder(str)


def body_for_hop(
    fields: Fields,
    *,
    upstream_model: str,
    params: Mapping[str, bytes],
    system_prompt: str | None,
    model_in_body: bool = True,
    stream_in_body: bool = True,
    anthropic_version: str | None = None,
) -> bytes:
    """The client's original with this hop's name, defaults and prompt; nothing else differs.

    Vertex and Bedrock have the model in the address and want a version in the body; Bedrock has
    streaming in the address too.
    """
    body = dict(fields)
    for name in STEERING_FIELDS:
        body.pop(name, None)
    for name, default in params.items():
        body.setdefault(name, msgspec.Raw(default))
    if "messages" in body:
        body["messages"] = without_foreign(body["messages"])
    if system_prompt:
        _put_prompt(body, system_prompt)
    if model_in_body:
        body["model"] = raw(upstream_model)
        return write_body(body)
    return write_body(
        for_cloud(body, anthropic_version=anthropic_version, stream_in_body=stream_in_body)
    )


def for_cloud(
    body: Mapping[str, Any], *, anthropic_version: str | None, stream_in_body: bool
) -> dict[str, Any]:
    """The fields of a body for Vertex or Bedrock, of one for Anthropic's own API."""
    cloud = {name: value for name, value in body.items() if name != "model"}
    if not stream_in_body:
        cloud.pop("stream", None)
    if anthropic_version is not None:
        cloud["anthropic_version"] = raw(anthropic_version)
    return cloud


def _put_prompt(body: Fields, prompt: str) -> None:
    """Put the model's prompt in front; what the provider will refuse anyhow is left to it."""
    given = bytes(body.get("system", _NULL))
    if given == _NULL:
        body["system"] = raw(prompt)
    elif given.startswith(b"["):
        rest = given[1:].lstrip()
        first = msgspec.json.encode({"type": "text", "text": prompt})
        body["system"] = msgspec.Raw(b"[" + first + (b"" if rest[:1] == b"]" else b",") + rest)
    else:
        try:
            own = _string.decode(given)
        except NOT_JSON:
            return
        body["system"] = raw(f"{prompt}\n\n{own}" if own else prompt)
