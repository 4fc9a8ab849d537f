"""Model ids and other names in paths: the raw path, decoded exactly once.

An id may hold slashes, as they are or percent-encoded. Where the path could also mean a
sub-resource, a slash that stands as it is makes one and an encoded slash does not:
``a/b/history`` is the history of ``a/b``, ``a%2Fb%2Fhistory`` is a model. Proxies may rewrite the
one to the other; the query forms always reach the id.
"""

from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from ...core.errors import CallerError, Code, invalid


def name_after(request: Request, prefix: str) -> str:
    """What stands behind a prefix of the path; 400 or 404 when it can be no name."""
    return decode(raw_after(request, prefix))


def raw_after(request: Request, prefix: str) -> bytes:
    """The same, not yet decoded."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    start = prefix.encode()
    # A prefix in an encoded spelling matched the route, but is no path of ours.
    if not raw.startswith(start):
        raise CallerError(Code.UNKNOWN_URL, "There is nothing at this path.")
    return raw.partition(b"?")[0][len(start) :]


def decode(raw: bytes) -> str:
    """A name from its percent-encoded form, decoded once."""
    try:
        name = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise invalid("The path is not valid UTF-8.") from None
    if not name:
        raise CallerError(Code.UNKNOWN_URL, "There is nothing at this path: the id is missing.")
    if any(char < " " or char == "\x7f" for char in name):
        raise invalid("The path holds a control character.")
    return name
