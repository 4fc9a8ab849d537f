"""Heads of requests: what is written for a URL, and what is not written at all."""

import httpx
import pytest

from tollhouse.upstream.fast_request import Origin, prepared

URLS = [
    "http://llm.example/v1/chat/completions",
    "https://llm.example:443/v1",
    "https://llm.example:8443/v1?api-version=2024-10-21&x=a%20b",
    "http://LLM.example",
    "http://llm.example?x=1",
    "http://[::1]:8000/v1",
    "http://[::1]/v1",
    "http://user:password@llm.example/v1",
    "http://bücher.example/ä?ü=1#fragment",
    'http://llm.example/a b/"c"/<d>/{e}/`f`/g|h\\i^j\'k(l)[m]~',
    "http://llm.example/deployments/a%2Fb;c@d+e,f:g",
]


@pytest.mark.parametrize("url", URLS)
def test_target_and_host_are_those_of_httpx(url: str) -> None:
    """The same URL is asked for at the same place, by the same words, on both transports."""
    origin, head = prepared("POST", url, ())
    theirs = httpx.Request("POST", url)
    line, host, *_ = head.decode().split("\r\n")
    assert line == f"POST {theirs.url.raw_path.decode()} HTTP/1.1"
    assert host == f"host: {theirs.headers['host']}"
    port = theirs.url.port or (443 if theirs.url.scheme == "https" else 80)
    assert origin == Origin(theirs.url.raw_host.decode(), port, theirs.url.scheme == "https")


@pytest.mark.parametrize(
    ("method", "url", "header"),
    [
        ("POST", "ftp://llm.example", ("x", "y")),
        ("POST", "//llm.example", ("x", "y")),
        ("POST", "http://", ("x", "y")),
        ("POST", "http://bad host/", ("x", "y")),
        ("POST", "http://llm.example:99999/", ("x", "y")),
        ("PO ST", "http://llm.example/", ("x", "y")),
        ("POST", "http://llm.example/", ("x y", "z")),
        ("POST", "http://llm.example/", ("", "z")),
        ("POST", "http://llm.example/", ("x:", "z")),
        ("POST", "http://llm.example/", ("x", "a\r\nb: c")),
        ("POST", "http://llm.example/", ("x", "a\nb")),
        ("POST", "http://llm.example/", ("x", "a\x00")),
        ("POST", "http://llm.example/", ("x", "\u2028")),
        ("POST", "http://llm.example/", ("Content-Length", "5")),
        ("POST", "http://llm.example/", ("transfer-encoding", "chunked")),
        ("POST", "http://llm.example/", ("Host", "other.example")),
    ],
)
def test_what_could_be_read_otherwise_is_not_written(
    method: str, url: str, header: tuple[str, str]
) -> None:
    """A line break, a framing of somebody's own or a host that is none is a ``ValueError``."""
    with pytest.raises(ValueError):  # noqa: PT011 - the promise is the type
        prepared(method, url, (header,))


def test_line_breaks_of_a_url_go_nowhere() -> None:
    """A line break in a URL ends no line of the head."""
    _, head = prepared("POST", "http://llm.example/a\r\nx: y", ())
    assert head.startswith(b"POST /ax:%20y HTTP/1.1\r\nhost: llm.example\r\n")
