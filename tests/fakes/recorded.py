"""Real exchanges of real providers, recorded: skipped where they are not at hand.

They lie beside a checkout (``../shared/recorded``), one JSON file an exchange, a folder a dialect.
"""

import base64
import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "recorded"


class Recording(msgspec.Struct, frozen=True):
    """One exchange. Money and rates are exact."""

    name: str
    dialect: str
    kind: str
    """``json``, ``sse``, ``eventstream`` or ``opaque``."""
    host: str
    path: str
    request: Any
    """Decoded, or None where only the answer was kept."""
    status: int | None
    headers: dict[str, str]
    body: bytes
    usage: Any
    cost: Decimal | None
    """USD."""
    rates: dict[str, Any] | None
    """USD a token, as the public table has them."""
    features: tuple[str, ...]

    @property
    def is_answer(self) -> bool:
        """Whether the provider answered, rather than refused."""
        return self.status in {200, None}


@cache
def recordings(dialect: str) -> tuple[Recording, ...]:
    """All of a dialect, by name; none where there are no recordings."""
    return tuple(_read(file) for file in sorted((FOLDER / dialect).glob("*.json")))


def each(*dialects: str) -> list[Any]:
    """Parameters of a test for every recording; one that is skipped where there are none."""
    found = [one for dialect in dialects for one in recordings(dialect)]
    if not found:
        reason = "the recorded exchanges are not beside this checkout"
        return [pytest.param(None, id="none", marks=pytest.mark.skip(reason))]
    return [pytest.param(one, id=one.name) for one in found]


def _read(file: Path) -> Recording:
    told = json.loads(file.read_text(), parse_float=Decimal)
    response = told["response"] or {}
    text, coded = response.get("text"), response.get("base64")
    cost = told.get("cost_usd")
    return Recording(
        name=told["id"],
        dialect=told["dialect"],
        kind=told["kind"],
        host=told["host"],
        path=told["path"],
        request=told.get("request"),
        status=told["status"],
        headers={name.lower(): value for name, value in (told["response_headers"] or {}).items()},
        body=base64.b64decode(coded) if coded is not None else (text or "").encode(),
        usage=told["usage"],
        cost=None if cost is None else Decimal(str(cost)),
        rates=told.get("prices_per_token"),
        features=tuple(told["features"]),
    )
