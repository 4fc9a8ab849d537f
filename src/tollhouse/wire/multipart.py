"""Multipart forms (RFC 7578) edited in place: text fields change, every file byte stays.

Two readers must not disagree on what a form says, so whatever the standards leave open is refused,
and what they tell readers to ignore (text before the first and after the last delimiter) is not
sent on.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..core.errors import invalid

MAX_PARTS = 64

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))')
_DISPOSITION = b"content-disposition"
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Part:
    """One field: its name, and where it and its content stand in the body."""

    name: str
    filename: str | None
    head: int
    """Where its delimiter begins."""
    start: int
    end: int
    """Where its content ends; a line break and the next delimiter follow."""


@dataclass(frozen=True, slots=True)
class Form:
    """A parsed body; ``content_type`` is written by us, with the client's boundary."""

    body: bytes
    content_type: str
    parts: tuple[Part, ...]
    delimiter: bytes

    def text(self, name: str) -> str | None:
        """The value of a text field; a 400 if it is a file, is given twice or is not UTF-8."""
        found = [part for part in self.parts if part.name == name]
        if not found:
            return None
        if len(found) > 1:
            raise invalid(f"The field {name} is given more than once.", name)
        part = found[0]
        if part.filename is not None:
            raise invalid(f"The field {name} must be text, not a file.", name)
        try:
            return self.body[part.start : part.end].decode()
        except UnicodeDecodeError:
            raise invalid(f"The field {name} is not valid UTF-8.", name) from None

    def names(self) -> frozenset[str]:
        """The names of all fields."""
        return frozenset(part.name for part in self.parts)

    def with_fields(self, values: Mapping[str, str], *, drop: Collection[str] = ()) -> bytes:
        """The body with these text fields set; those it lacks are put in front."""
        pieces: list[bytes | memoryview] = []
        have = self.names()
        for name, value in values.items():
            if name not in have:
                head = f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
                pieces += [self.delimiter, head.encode(), value.encode(), b"\r\n"]
        body = memoryview(self.body)
        for part in self.parts:
            if part.name in values:
                pieces += [body[part.head : part.start], values[part.name].encode(), b"\r\n"]
            elif part.name not in drop:
                pieces += [body[part.head : part.end], b"\r\n"]
        pieces += [self.delimiter, b"--\r\n"]
        return b"".join(pieces)


def parse_form(body: bytes, content_type: str) -> Form:
    """Read a form; a 400 for everything that is not one."""
    boundary = _parameters(content_type).get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise invalid("The multipart boundary is missing or malformed.")
    delimiter = b"--" + boundary.encode()
    parts: list[Part] = []
    head = _first(body, delimiter)
    while True:
        position = head + len(delimiter)
        if parts and body.startswith(b"--", position):
            break
        if not body.startswith(b"\r\n", position):
            raise invalid("The body is not a multipart form of this boundary.")
        if len(parts) == MAX_PARTS:
            raise invalid(f"The form has more than {MAX_PARTS} fields.")
        end = body.find(b"\r\n" + delimiter, position + 2)
        if end < 0:
            raise invalid("The multipart form is not terminated.")
        parts.append(_part(body, head, position + 2, end))
        head = end + 2
    ours = f'multipart/form-data; boundary="{boundary}"'
    return Form(body, ours, tuple(parts), delimiter)


def _first(body: bytes, delimiter: bytes) -> int:
    """Where the first delimiter begins: at the start, or behind text that is to be ignored."""
    if body.startswith(delimiter):
        return 0
    found = body.find(b"\r\n" + delimiter)
    if found < 0:
        raise invalid("The body is not a multipart form of this boundary.")
    return found + 2


def _part(body: bytes, head: int, start: int, end: int) -> Part:
    head_end = body.find(b"\r\n\r\n", start, end)
    if head_end < 0 or body.startswith(b"\r\n", start):
        raise invalid("A field of the form has no header.")
    lines = [line.partition(b":") for line in body[start:head_end].split(b"\r\n")]
    dispositions = [value for name, _, value in lines if name.strip().lower() == _DISPOSITION]
    if len(dispositions) != 1:
        raise invalid("A field of the form does not have one Content-Disposition.")
    parameters = _parameters(dispositions[0].decode("utf-8", "replace"))
    if "name" not in parameters or "name*" in parameters:
        raise invalid("A field of the form has no plain name.")
    filename = parameters.get("filename", parameters.get("filename*"))
    return Part(parameters["name"], filename, head, head_end + 4, end)


def _parameters(header: str) -> dict[str, str]:
    """Parameters of a structured header value, by lower-case name; none may be given twice."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(header):
        if name.lower() in found:
            raise invalid(f"The parameter {name} is given more than once.")
        found[name.lower()] = _ESCAPED.sub(r"\1", quoted) if quoted else plain
    return found
