"""Reading addresses."""

from pathlib import Path

import pytest

from tollhouse.settings.addresses import Address, base_url, listen_address, store_url


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:8080", "::1", 8080),
        ("[::]:0", "::", 0),
        ("localhost:65535", "localhost", 65535),
        ("gate-1.example.org:443", "gate-1.example.org", 443),
    ],
)
def test_listen_address_is_read_and_written_back(text: str, host: str, port: int) -> None:
    """A host and a port are told apart, in both families, and written as they were."""
    assert listen_address(text) == Address(host, port)
    assert str(listen_address(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8080",
        ":8080",
        "host",
        "host:",
        "::1:8080",
        "[::g]:1",
        "[1:2]:80",
        "a b:1",
        "h:70000",
        "h:-1",
        "h:1\n",
    ],
)
def test_bad_listen_address_is_refused(text: str) -> None:
    """What is not host:port is refused."""
    with pytest.raises(ValueError, match=r"must|has"):
        listen_address(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:///data/t.db", "sqlite:////etc/toll/data/t.db"),
        ("sqlite:///../t.db?timeout=5", "sqlite:////etc/t.db?timeout=5"),
        ("sqlite:////var/t.db", "sqlite:////var/t.db"),
        ("postgresql://u:p@h:5432/d", "postgresql://u:p@h:5432/d"),
        ("postgresql:///d", "postgresql:///d"),
        ("postgres://u:p@h/d", "postgres://u:p@h/d"),
    ],
)
def test_store_url_starts_at_the_files_folder(text: str, path: str) -> None:
    """A relative SQLite path is made absolute; everything else stays."""
    assert store_url(text, Path("/etc/toll")) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql://h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://",
        "data/t.db",
    ],
)
def test_unusable_store_url_is_refused(text: str) -> None:
    """Other databases, and databases in memory, are refused."""
    with pytest.raises(ValueError, match=r"must begin|needs the path"):
        store_url(text, None)


def test_store_url_fault_does_not_hold_the_password() -> None:
    """A message about a store's URL never shows it."""
    with pytest.raises(ValueError, match="port") as caught:
        store_url("postgresql://u:hunter2@h:port/d", None)
    assert "hunter2" not in str(caught.value)


def test_base_url_loses_the_slash_at_its_end() -> None:
    """A path can be put behind a base URL."""
    assert base_url("https://api.example.com/v1/") == "https://api.example.com/v1"
    assert base_url("http://127.0.0.1:9000") == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("api.example.com/v1", "absolute http"),
        ("ftp://h/", "absolute http"),
        ("file:///etc/passwd", "absolute http"),
        ("https:///v1", "absolute http"),
        ("https://u:p@h/v1", "user or password"),
        ("https://u@h/v1", "user or password"),
        ("https://h/v1?key=x", "query"),
        ("https://h/v1?", "query"),
        ("https://h/v1#evil", "fragment"),
        ("https://h:port/v1", "port"),
        ("https://h:99999/v1", "port"),
        ("https://h/a b", "white space"),
        ("https://h\r\nx: y/", "white space"),
        ("https://hé/", "visible ASCII"),
        ("https://[::1/", "not a URL"),
    ],
)
def test_unsafe_base_url_is_refused(text: str, fault: str) -> None:
    """A base URL holds a scheme, a host and a path, and nothing that could hide a secret."""
    with pytest.raises(ValueError, match=fault):
        base_url(text)
