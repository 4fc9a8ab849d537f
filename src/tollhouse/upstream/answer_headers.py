"""The headers of an answer, kept as the bytes they came as and read when somebody asks for one.

A provider's answer has twenty headers and more, of which a request needs two or three. Only heads
that llhttp has read to their end come here, so every line of one is a name, a colon and a value.
"""

from collections.abc import Iterator, Mapping
from typing import Final

_TRANSFER_CODING: Final = "transfer-encoding"


class Headers(Mapping[str, str]):
    """Names in lower case; the last of equal names wins.

    ``head`` is a status line and header lines, each with its line end, without the blank line.
    """

    __slots__ = ("_head",)

    def __init__(self, head: bytes) -> None:
        self._head = head

    def __getitem__(self, name: str) -> str:
        head = self._head
        # Names are ASCII: a letter beyond it is looked for in vain, and no name holds a colon.
        line = b"\n%b:" % name.encode("utf-8")
        at = head.lower().rfind(line)
        if at < 0 or ":" in name:
            raise KeyError(name)
        start = at + len(line)
        return _value(name, head[start : head.index(b"\r", start)].decode("latin-1"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, str]:
        headers = {}
        for line in self._head.decode("latin-1").split("\r\n")[1:-1]:
            name, _, value = line.partition(":")
            name = name.lower()
            headers[name] = _value(name, value)
        return headers


def _value(name: str, text: str) -> str:
    # The one coding there may be is said in any case, and llhttp forgives spaces after it.
    return "chunked" if name == _TRANSFER_CODING else text.strip(" \t")
