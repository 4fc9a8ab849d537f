"""What a demo prints when it is up: where it is, its keys, and lines to paste into a shell."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a running demo is, and what opens it."""

    url: str
    keys: Mapping[str, str]
    """Org, with its plan, to key; the first one is used in the lines."""
    admin_token: str
    settings: Path


def welcome(doors: Doors) -> str:
    """The whole text. Every line of curl stands alone and works as it is pasted."""
    key = next(iter(doors.keys.values()))
    keys = "\n".join(f"  {org:<22} {secret}" for org, secret in doors.keys.items())
    small, shaky = _chat("demo/small"), _chat("demo/shaky")
    off = {"enabled": False}
    return f"""\
The Tollhouse demo is up. Ctrl-C ends it.

  {"Base URL":<22} {doors.url}/v1
{keys}
  {"Admin token":<22} {doors.admin_token}

A chat, with what it cost:
{_curl("-sS", f"{doors.url}/v1/chat/completions", key, small)}

A stream:
{_curl("-sSN", f"{doors.url}/v1/chat/completions", key, small | {"stream": True})}

A failover: this model's provider always fails, and the headers say who answered.
{_curl("-sSi", f"{doors.url}/v1/chat/completions", key, shaky)}

Switch that model off as admin, and the next request for it is refused:
{_curl("-sS -X PATCH", f"{doors.url}/v1/models/demo/shaky", doors.admin_token, off)}

Every other command works on the running demo too:
tollhouse models list --config {shlex.quote(str(doors.settings))}
"""


def _chat(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello there"}]}


def _curl(flags: str, url: str, credential: str, body: dict[str, Any]) -> str:
    return (
        f"curl {flags} {url} -H 'Authorization: Bearer {credential}'"
        f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"
    )
