"""AWS event stream messages, written for tests: every type of header there is."""

import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

Value = str | bytes | bool | tuple[int, bytes]
"""A string, bytes, a truth, or the number of a type and its bytes as they are."""


def message(headers: Mapping[str, Value], payload: bytes = b"") -> bytes:
    """One message with any headers."""
    written = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", len(written) + len(payload) + 16, len(written))
    prelude += struct.pack(">I", crc32(prelude))
    body = prelude + written + payload
    return body + struct.pack(">I", crc32(body))


def frame(name: str, payload: bytes, kind: str = "event") -> bytes:
    """One event or exception, with the headers that AWS gives it in its order."""
    return message(
        {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}, payload
    )


def error(code: str, text: str) -> bytes:
    """An error that no model knows."""
    return message({":error-code": code, ":error-message": text, ":message-type": "error"})


def _header(name: str, value: Value) -> bytes:
    kind, data = _typed(value)
    encoded = name.encode()
    return bytes((len(encoded),)) + encoded + bytes((kind,)) + data


def _typed(value: Any) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return (0 if value else 1), b""
    if isinstance(value, tuple):
        return value
    if isinstance(value, str):
        encoded = value.encode()
        return 7, struct.pack(">H", len(encoded)) + encoded
    return 6, struct.pack(">H", len(value)) + value
