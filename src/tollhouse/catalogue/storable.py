"""Which JSON values every store can keep, and their plain form.

Documents come from HTTP bodies (fractions as ``Decimal``), from YAML (dates as ``datetime``) and
from the store (fractions as ``float``). In the plain form fractions are floats, but for prices,
and dates are strings, so that a document reads the same after any store.
"""

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from ..core.errors import FieldFault
from ..core.history import Document

MAX_DEPTH = 32
_MAX_INTEGER = 2**63


def plain(document: Document) -> Document:
    """The plain form of a document; numbers below ``pricing`` keep every digit."""
    return {name: value if name == "pricing" else _plain(value) for name, value in document.items()}


def storage_faults(value: Any, path: str = "") -> Iterator[FieldFault]:
    """What no store could keep: NUL, half surrogates, endless numbers, too deep, not JSON."""
    yield from _faults(value, path, MAX_DEPTH)


def join(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{name}" if path else name


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _faults(value: Any, path: str, depth: int) -> Iterator[FieldFault]:
    if isinstance(value, dict | list):
        if not depth:
            yield FieldFault(path, f"is nested more than {MAX_DEPTH} deep")
            return
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, member in members:
            if isinstance(value, list):
                yield from _faults(member, f"{path}[{name}]", depth - 1)
            elif not isinstance(name, str) or _text_fault(name):
                yield FieldFault(path, "has a name that is not plain text")
            else:
                yield from _faults(member, join(path, name), depth - 1)
    elif fault := _scalar_fault(value):
        yield FieldFault(path, fault)


def _scalar_fault(value: Any) -> str | None:
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, float | Decimal):
        return None if math.isfinite(value) else "must be a finite number"
    if isinstance(value, int):
        return None if -_MAX_INTEGER <= value < _MAX_INTEGER else "is out of range"
    if value is None or isinstance(value, date):
        return None
    return "is not a JSON value"


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "must not hold a NUL"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "must not hold half of a surrogate pair"
    return None
