"""Structured logging on the standard library: who may write how much, and how a line looks.

Rules that hold here:

- an exception is written as its type and the places in our own code it went through; its text only
  when it is one of ours, since other people's texts quote what they choked on;
- a line that cannot be formatted is written without its arguments, never printed with them;
- whatever a library, a client or a caller of the log may have put in a line goes through
  ``redact``; only the ``fields`` of ``lines`` do not, which redacts what is not ours in them, nor
  the lines of ``request_line``, for the same reason;
- each write to the stream is of whole lines. Where others write to it too, which is usual for the
  workers of one gateway, it is of no more lines than a pipe keeps together.

A write waits for as long as the stream takes nothing, and the event loop with it.
"""

import json
import logging
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

import msgspec

from .redact import redact
from .request_line import RequestLine, RequestLines

_OURS = "tollhouse"
_CHAIN = 8
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# These write URLs, statements with their values, or lines that ours replace.
_QUIET = ("aiosqlite", "asyncio", "httpcore", "httpx", "sqlalchemy", "uvicorn.access")
_PIECE = select.PIPE_BUF
"""Bytes that the system never mixes with what other processes write to the same pipe."""
_ENCODER = msgspec.json.Encoder()
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


def configure(level: str, form: str, stream: TextIO, *, shared: bool = True) -> None:
    """Send every log line of the process to ``stream`` in one form, ``json`` or ``text``.

    ``level`` is for our own code; of others only warnings are written, whatever it is. ``shared``
    says that other processes may write to the stream too.
    """
    handler = _Quiet(stream, shared=shared)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level.upper())
    # No line says these, and finding them out takes longer than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Quiet(logging.StreamHandler[TextIO]):
    """A handler that does not print a line's arguments when its stream is gone."""

    def __init__(self, stream: TextIO, *, shared: bool) -> None:
        super().__init__(stream)
        self._shared = shared

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or the many of a ``RequestLines``."""
        if not isinstance(record, RequestLines):
            super().emit(record)
            return
        try:
            text = f"{self.format(record)}{self.terminator}"
            for piece in _pieces(text) if self._shared else (text,):
                self.stream.write(piece)
                self.flush()
        except Exception:  # noqa: BLE001 - as the library does for a single line
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Lose the line: the default writes its arguments and a traceback to stderr."""


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end; lines with one between them."""
        if isinstance(record, RequestLines):
            return _encoded(record.lines).decode()
        return msgspec.json.encode(_told(record)).decode()


class TextFormatter(logging.Formatter):
    """``time LEVEL logger message key=value …`` for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end; lines with one between them."""
        if isinstance(record, RequestLines):
            level = record.levelname
            return "\n".join(_as_text(msgspec.to_builtins(line), level) for line in record.lines)
        return _as_text(_told(record), record.levelname)


def _as_text(told: dict[str, object], level: str) -> str:
    head = f"{told.pop('at')} {level} {told.pop('logger')} {told.pop('message')}"
    del told["level"]
    fields = (f"{name}={_text(value)}" for name, value in told.items() if value is not None)
    return " ".join([head.translate(_CONTROLS), *fields])


def _encoded(lines: Sequence[RequestLine]) -> bytes:
    try:
        return _ENCODER.encode_lines(lines)[:-1]
    except Exception:  # noqa: BLE001 - one line that has no form must not cost the others theirs
        return b"\n".join(_encodable(lines))


def _encodable(lines: Sequence[RequestLine]) -> Iterator[bytes]:
    for line in lines:
        with suppress(Exception):
            yield _ENCODER.encode(line)


def _pieces(text: str) -> Iterator[str]:
    """The text's lines, as many at a time as the system keeps together."""
    data = text.encode(errors="surrogatepass")
    start = 0
    while start < len(data):
        end = len(data)
        if end - start > _PIECE:
            # A line that is longer than that goes alone.
            end = data.rfind(b"\n", start, start + _PIECE) + 1 or data.index(b"\n", start) + 1
        yield data[start:end].decode(errors="surrogatepass")
        start = end


def _told(record: logging.LogRecord) -> dict[str, object]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    told: dict[str, object] = {
        "at": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
    }
    fields = getattr(record, "fields", None)
    if isinstance(fields, dict):
        told.update(fields)
        return told
    for name, value in vars(record).items():
        if name not in _STANDARD:
            told[name] = _plain(value)
    if record.exc_info and record.exc_info[1] is not None:
        told["error"] = list(_errors(record.exc_info[1]))
    return told


def _message(record: logging.LogRecord) -> str:
    if isinstance(record.msg, BaseException):
        return _named(record.msg)
    message = str(record.msg)
    if record.args:
        args = record.args
        try:
            # A mapping that is the only argument may be meant by name or as a value.
            if isinstance(args, Mapping) and "%(" in message:
                message %= {name: _plain(value) for name, value in args.items()}
            else:
                values = args if isinstance(args, tuple) else (args,)
                message %= tuple(_plain(value) for value in values)
        except (TypeError, ValueError, KeyError):
            message = f"{message} (its arguments do not fit)"
    # asyncio's later lines are reprs of futures, with the text of their exceptions.
    return redact(message.partition("\n")[0] if record.name == "asyncio" else message)


def _plain(value: object) -> object:
    """A value that shows itself safely: what is no plain value is named by its type."""
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, (int, float)):
        return value
    return _named(value) if isinstance(value, BaseException) else f"<{type(value).__qualname__}>"


def _named(error: BaseException) -> str:
    kind = type(error)
    if kind.__module__.partition(".")[0] == _OURS:
        return redact(f"{kind.__qualname__}: {error}")
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _errors(error: BaseException) -> Iterator[dict[str, object]]:
    """The exception, then what it came from, outermost first."""
    current: BaseException | None = error
    for _ in range(_CHAIN):
        if current is None:
            return
        yield {"error": _named(current), "at": list(_places(current.__traceback__))}
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] == _OURS:
            yield f"{module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next


def _text(value: object) -> str:
    if isinstance(value, str):
        plain = value.isprintable() and not any(mark in value for mark in ' "=')
        return value if plain and value else json.dumps(value)
    return msgspec.json.encode(value).decode()
