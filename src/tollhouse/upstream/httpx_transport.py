"""The transport over httpx: one exchange per call, four time limits, faults as values.

What is sent is what was given, with ``host`` and ``content-length``: no cookie jar, no redirects,
no proxy or password from the environment, no retries. What comes back is never trusted: its text
goes into no fault, and no exception of the libraries below leaves this module.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit

import httpx

from .. import __version__
from ..core.faults import Fault, FaultKind
from ..core.model import Timeouts
from ..ports import Exchange, UpstreamRequest
from .decode import Decoder
from .guard import Guard, NotPublic
from .lines import Line, Lines
from .trust import Trust, Unreadable

_OWN_HEADERS = (
    ("accept-encoding", "identity"),
    ("user-agent", f"tollhouse/{__version__}"),
)
_TROUBLE = (httpx.HTTPError, OSError, ValueError, NotPublic)
"""What httpx, the network, an unusable header or host name, and the guard raise."""
_LinesKey = tuple[str, str | None, int | None, int, str | None, str | None, bool]


class HttpxTransport:
    """Sends requests over httpx; ``tls`` replaces the usual certificate authorities.

    ``guard`` says where the providers that are guarded may be dialled.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, guard: Guard | None = None) -> None:
        self._trust = Trust(tls)
        self._guard = guard or Guard()
        self._lines: dict[_LinesKey, Lines] = {}

    async def send(self, request: UpstreamRequest) -> Exchange | Fault:
        """Send, and wait for the head of the answer."""
        try:
            prepared = _prepare(request)
            lines = await self._lines_to(request)
        except (httpx.InvalidURL, ValueError):
            return Fault(FaultKind.CONNECT, detail="the request cannot be written", sent=False)
        except Unreadable as trouble:
            return Fault(FaultKind.CONNECT, detail=str(trouble), sent=False)
        limits = request.timeouts
        total = request.total
        deadline = asyncio.get_running_loop().time() + total
        if not await lines.enter(min(limits.connect, total)):
            return Fault(FaultKind.POOL, detail="no free connection", sent=False)
        try:
            answer = await _exchange(lines, prepared, limits, deadline)
        except BaseException:
            lines.leave()
            raise
        if isinstance(answer, Fault):
            lines.leave()
        return answer

    async def aclose(self) -> None:
        """Close every connection."""
        for lines in self._lines.values():
            await lines.aclose()

    async def _lines_to(self, request: UpstreamRequest) -> Lines:
        url, provider = urlsplit(request.url), request.provider
        place = (url.scheme, url.hostname, url.port)
        guarded = provider.guarded
        key = (*place, provider.max_connections, provider.ca_file, provider.client_cert, guarded)
        lines = self._lines.get(key)
        if lines is None:
            tls = await self._trust.context(provider) if url.scheme == "https" else None
            guard = self._guard if guarded else None
            lines = self._lines.setdefault(key, Lines(provider.max_connections, tls, guard))
        return lines


class HttpxExchange:
    """An answer whose head has arrived, and the line and slot that it holds until it is over."""

    whole: bytes | None = None

    def __init__(self, answer: httpx.Response, line: Line, lines: Lines) -> None:
        self.status = answer.status_code
        self.headers: Mapping[str, str] = {}
        self.content_type = ""
        self._answer = answer
        self._line = line
        self._lines = lines
        self._body = aiter(cast("httpx.AsyncByteStream", answer.stream))
        self._over = False
        self._fault: Fault | None = None
        self._decoder: Decoder | None = None
        self._decoded: Iterator[bytes] = iter(())
        self._read_headers(answer)

    def _read_headers(self, answer: httpx.Response) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in answer.headers.raw
        }
        coding = headers.pop("content-encoding", "identity").strip().lower()
        if Decoder.knows(coding):
            self._decoder = Decoder(coding)
            headers.pop("content-length", None)
        elif coding not in {"identity", ""}:
            self._fault = _invalid("the answer is compressed in an unknown way")
        self.headers = headers
        self.content_type = headers.get("content-type", "")

    async def read(self) -> bytes | Fault:
        """The next piece of the body, ``b""`` at its proper end, or what went wrong."""
        if self._fault is not None:
            self.close()
            return self._fault
        try:
            piece = await self._next()
        except zlib.error:
            self._fault = _invalid("the answer's compression is broken")
        except _TROUBLE as trouble:
            self._fault = _fault(trouble, self._line)
        else:
            return piece
        self.close()
        return self._fault

    async def _next(self) -> bytes:
        while not self._over:
            for piece in self._decoded:
                return piece
            raw = await anext(self._body, None)
            if raw is None:
                return await self._end()
            if self._decoder is None:
                return raw
            self._decoded = self._decoder.feed(raw)
        return b""

    async def _end(self) -> bytes:
        witness = self._line.meter.witness
        if not witness.complete:
            raise httpx.RemoteProtocolError(witness.bad or "the answer has another end")
        if self._decoder is not None and not self._decoder.complete:
            raise zlib.error
        await self._answer.aclose()
        if not self._over:
            self._over = True
            if self._line.reusable():
                self._lines.keep(self._line)
            else:
                self._lines.drop(self._line)
            self._lines.leave()
        return b""

    def close(self) -> None:
        """Give up the answer: a plain call, safe while a task is being cancelled."""
        if self._over:
            return
        self._over = True
        if self._fault is None:
            self._fault = Fault(FaultKind.DISCONNECTED, detail="the answer was given up here")
        self._lines.drop(self._line)
        self._lines.leave()


def _prepare(request: UpstreamRequest) -> httpx.Request:
    given = {name.lower() for name, _ in request.headers}
    own = [header for header in _OWN_HEADERS if header[0] not in given]
    headers = [
        (name.encode("ascii"), value.encode("latin-1")) for name, value in [*request.headers, *own]
    ]
    return httpx.Request(request.method, request.url, headers=headers, content=request.body)


async def _exchange(
    lines: Lines, prepared: httpx.Request, limits: Timeouts, deadline: float
) -> Exchange | Fault:
    line = lines.take()
    bodiless = prepared.method == "HEAD"
    line.meter.begin(limits, deadline, bodiless=bodiless)
    answer = await _answer(lines, line, prepared)
    if isinstance(answer, Fault) and _was_stale(line, answer):
        line = lines.new()
        line.meter.begin(limits, deadline, bodiless=bodiless)
        answer = await _answer(lines, line, prepared)
    return answer if isinstance(answer, Fault) else HttpxExchange(answer, line, lines)


async def _answer(lines: Lines, line: Line, prepared: httpx.Request) -> httpx.Response | Fault:
    try:
        answer = await line.handle_async_request(prepared)
    except _TROUBLE as trouble:
        lines.drop(line)
        return _fault(trouble, line)
    except BaseException:
        lines.drop(line)
        raise
    line.meter.answering = True
    if not line.meter.witness.head_done:
        lines.drop(line)
        return _invalid(line.meter.witness.bad or "the answer is not HTTP")
    return answer


def _was_stale(line: Line, fault: Fault) -> bool:
    return (
        fault.kind is FaultKind.DISCONNECTED
        and not line.meter.dialled
        and not line.meter.received
        and line.meter.remaining > 0
    )


def _invalid(detail: str) -> Fault:
    return Fault(FaultKind.INVALID_RESPONSE, detail=detail)


def _fault(trouble: Exception, line: Line) -> Fault:
    """Say in our words what an exception means; its own words may hold a URL or a header."""
    meter = line.meter
    match trouble:
        case httpx.ConnectTimeout() | httpx.ReadTimeout() | httpx.WriteTimeout():
            kind = meter.expired()
            if isinstance(trouble, httpx.ConnectTimeout) and kind is not FaultKind.TOTAL_TIMEOUT:
                kind = FaultKind.CONNECT
            detail = "the time for it was up"
        case httpx.RemoteProtocolError() if not meter.ended:
            kind, detail = FaultKind.INVALID_RESPONSE, "the answer is not HTTP"
        case httpx.NetworkError() | httpx.RemoteProtocolError() if meter.written:
            kind, detail = FaultKind.DISCONNECTED, "the connection ended before the answer did"
        case _:
            kind, detail = FaultKind.CONNECT, _connect_trouble(trouble)
    return Fault(kind, detail=detail, sent=meter.written > 0)


def _connect_trouble(trouble: BaseException) -> str:
    for cause in _causes(trouble):
        match cause:
            case NotPublic():
                return str(cause)
            case ssl.SSLCertVerificationError():
                return "the provider's certificate was refused"
            case ssl.SSLError():
                return "TLS could not be agreed"
            case socket.gaierror():
                return "the provider's host name is not known"
            case ConnectionRefusedError():
                return "the connection was refused"
            case httpx.LocalProtocolError() | ValueError():
                return "the request cannot be written"
            case _:
                continue
    return "no connection could be made"


def _causes(trouble: BaseException | None) -> Iterator[BaseException]:
    while trouble is not None:
        yield trouble
        if isinstance(trouble, BaseExceptionGroup):
            yield from trouble.exceptions
        trouble = trouble.__cause__ or trouble.__context__
