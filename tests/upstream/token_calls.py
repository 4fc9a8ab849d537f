"""A clock that stands still, and a token endpoint on loopback."""

import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fakes.answers import json_answer
from fakes.http_server import Behaviour, Call, Step

START = 1_800_000_000.0


@dataclass
class StillClock:
    """``ports.Clock``, moved by hand."""

    at: float = START

    def now(self) -> float:
        """Unix seconds."""
        return self.at

    def monotonic(self) -> float:
        """The same."""
        return self.at


@dataclass
class TokenEndpoint:
    """Gives ``token-1``, ``token-2`` and so on, or what ``instead`` says."""

    seconds: Any = 3600
    instead: Behaviour | None = None
    given: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        self.forms.append(dict(urllib.parse.parse_qsl(call.body.decode())))
        if self.instead is not None:
            return iter(self.instead(call))
        self.given += 1
        answer = {
            "token_type": "Bearer",
            "access_token": f"token-{self.given}",
            "expires_in": self.seconds,
        }
        return iter(json_answer(answer)(call))
