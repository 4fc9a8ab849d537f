"""Reads addresses: where to listen, which store, which server. ``ValueError`` says what is wrong.

No message holds the address, since a store's may hold a password.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+)):([0-9]{1,5})")
_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen_address(text: str) -> Address:
    """Read ``host:port``; an IPv6 host stands in brackets."""
    match = _LISTEN.fullmatch(text)
    if match is None:
        raise ValueError("must be host:port, as in 127.0.0.1:8080 or [::1]:8080")
    six, host, port = match.groups()
    if six is not None:
        try:
            ipaddress.IPv6Address(six)
        except ValueError:
            raise ValueError("has no IPv6 address in its brackets") from None
    elif not _HOST.fullmatch(host):
        raise ValueError("must begin with a host name or an address")
    if int(port) > _LAST_PORT:
        raise ValueError(f"has a port above {_LAST_PORT}")
    return Address(six or host, int(port))


def store_url(text: str, base: Path | None) -> str:
    """A store's URL, an SQLite path made absolute from ``base``."""
    if text.startswith(_SQLITE):
        path, mark, options = text.removeprefix(_SQLITE).partition("?")
        if not path or path.startswith(":"):
            raise ValueError("needs the path of a file: memory is not shared and not kept")
        return f"{_SQLITE}{path if base is None else (base / path).resolve()}{mark}{options}"
    if not text.startswith(_POSTGRESQL) or text in _POSTGRESQL:
        raise ValueError(f"must begin with {_SQLITE} and a path, or with {_POSTGRESQL[0]}")
    _port(text)
    return text


def base_url(text: str) -> str:
    """A provider's URL, without the slash at its end."""
    _check_url(text, "must not hold a user or password: use api_key or headers")
    if "?" in text or "#" in text:
        raise ValueError("must not have a query or a fragment")
    return text.rstrip("/")


def keys_url(text: str) -> str:
    """The URL of an issuer's keys, which may have a query."""
    _check_url(text, "must not hold a user or password")
    if "#" in text:
        raise ValueError("must not have a fragment")
    return text


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine, by its address or as ``localhost``."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_url(text: str, with_user: str) -> None:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be visible ASCII characters without white space")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    if "@" in parts.netloc:
        raise ValueError(with_user)
    _port(text)


def _port(text: str) -> None:
    try:
        _ = urlsplit(text).port
    except ValueError:
        raise ValueError("has a port that is none") from None
