"""llhttp as we use it for requests: its settings, and how an offer to change protocols is declined.

An offer (``Upgrade``, RFC 9110, 7.8) makes the parser take what follows the head for the other
protocol. Whoever goes on in HTTP/1.1, as a server may, needs a fresh parser for the body.
"""

from typing import Protocol

import httptools


class Hears(Protocol):
    """What a parser calls, in this order."""

    def on_message_begin(self) -> None:
        """A request starts."""
        ...

    def on_url(self, piece: bytes) -> None:
        """A piece of its target."""
        ...

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers, or of its trailers."""
        ...

    def on_headers_complete(self) -> None:
        """Its head is there."""
        ...

    def on_body(self, piece: bytes) -> None:
        """A piece of its body."""
        ...

    def on_message_complete(self) -> None:
        """All of it has come."""
        ...


class Declined:
    """What a fresh parser reports to: the connection, but for the head that it has already."""

    def __init__(self, connection: Hears) -> None:
        self._connection = connection
        self._known = True
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete

    def on_message_begin(self) -> None:
        """A request starts."""
        if not self._known:
            self._connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        if not self._known:
            self._connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        if not self._known:
            self._connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        if self._known:
            self._known = False
        else:
            self._connection.on_headers_complete()


def request_parser(reports_to: object) -> httptools.HttpRequestParser:
    """A parser that calls ``reports_to`` back."""
    parser = httptools.HttpRequestParser(reports_to)
    # So that what follows a request that says "close" does not take its answer.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target; an absolute one is allowed (RFC 9112, 3.2.2)."""
    if target.startswith(b"/") and b"#" not in target:
        path, _, query = target.partition(b"?")
        return path, query
    parsed = httptools.parse_url(target)
    return parsed.path, parsed.query or b""
