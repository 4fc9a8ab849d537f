"""Where sound bytes come from: real exchanges, where they are at hand, and the words of a room."""

import ast
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import tollhouse.wire
from fakes.recorded import Recording, recordings
from wire.fuzzing import shrunk

_LARGEST = 24_000
_LONGEST_WORD = 40
_ROOMS = Path(tollhouse.wire.__file__).parent


def _vocabulary(folder: str) -> tuple[str, ...]:
    """The words that the readers of a room look for: its short strings."""
    found: set[str] = set()
    for file in sorted(_ROOMS.glob(f"{folder}/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                first, *rest = node.target.id.split("_")
                found |= {node.target.id, first + "".join(part.title() for part in rest)}
    return tuple(sorted(word for word in found if 0 < len(word) <= _LONGEST_WORD and word != "@"))


@cache
def vocabulary(*folders: str) -> tuple[str, ...]:
    """The same of several rooms."""
    return tuple(word for folder in folders for word in _vocabulary(folder))


# --- Real ones ---


def recorded_asks(dialect: str) -> list[bytes]:
    """The requests of recordings."""
    asked = [one.request for one in recordings(dialect) if isinstance(one.request, dict)]
    return _unique(json.dumps(shrunk(one)).encode() for one in asked)


def recorded(kind: str, *dialects: str) -> list[bytes]:
    """The answers of recordings: ``json``, ``sse`` or ``eventstream``."""
    found = [one for name in dialects for one in recordings(name) if one.kind == kind]
    return _unique(_small(one) for one in found if one.body)


def _small(recording: Recording) -> bytes:
    if recording.kind != "json":
        return recording.body
    try:
        return json.dumps(shrunk(json.loads(recording.body))).encode()
    except ValueError:
        return recording.body


def _unique(bodies: Iterable[bytes]) -> list[bytes]:
    return [body for body in dict.fromkeys(bodies) if len(body) <= _LARGEST]
