"""Log lines: their two forms, and what never gets into them."""

import asyncio
import io
import json
import logging
import re
import select
from pathlib import Path

import pytest
from pydantic import BaseModel

from telemetry.conftest import Log, record
from tollhouse.core.errors import CallerError, Code, UpstreamError
from tollhouse.core.model import Secret
from tollhouse.core.money import to_rate
from tollhouse.telemetry.lines import Lines
from tollhouse.telemetry.logs import JsonFormatter, configure

LOG = logging.getLogger("tollhouse.test")
CANARY = "canary text of a prompt"


class Writes(io.StringIO):
    """A stream that remembers what it was asked to write at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Write, and remember."""
        self.writes.append(text)
        return super().write(text)


def test_line_is_one_json_object(log: Log) -> None:
    """A line has its time, level, logger and message, and what the caller added."""
    LOG.info("started %d of %s", 3, "workers", extra={"port": 8080, "ready": True})
    (line,) = log()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("at"))
    assert line == {
        "level": "info",
        "logger": "tollhouse.test",
        "message": "started 3 of workers",
        "port": 8080,
        "ready": True,
    }


def test_text_form_is_for_people(stream: io.StringIO) -> None:
    """The same line as text: time, level, logger, message, then fields."""
    configure("info", "text", stream)
    LOG.warning("two\nlines \x1b[31m", extra={"name_of": "a b", "count": 2, "none": None})
    line = stream.getvalue().removesuffix("\n")
    assert line.partition(" ")[2] == (
        'WARNING tollhouse.test two\\x0alines \\x1b[31m name_of="a b" count=2'
    )


def test_request_line_reads_as_text_too(stream: io.StringIO) -> None:
    """A request's fields follow its line's message."""
    configure("info", "text", stream)
    Lines().finished([record(unpriced_reason=None)])
    assert " request status=ok request_id=req-1 " in stream.getvalue()
    assert " cost=1.2345 " in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.usefixtures("stream")
def test_lines_of_many_requests_are_those_of_each(form: str) -> None:
    """Written together they are, byte for byte, what they are one by one."""
    records = [record(request_id=f"req-{number}", cost=number) for number in range(30)]
    together, alone = Writes(), Writes()
    configure("info", form, together)
    Lines().finished(records)
    configure("info", form, alone)
    for one in records:
        Lines().finished([one])
    assert together.getvalue() == alone.getvalue()
    assert len(alone.writes) == len(together.getvalue().splitlines()) == 30


@pytest.mark.usefixtures("stream")
def test_lines_of_a_lone_worker_are_one_write() -> None:
    """Where nobody else writes to the stream, it is asked once for all of them."""
    stream = Writes()
    configure("info", "json", stream, shared=False)
    Lines().finished([record() for _ in range(100)])
    assert len(stream.writes) == 1
    assert stream.writes[0].count("\n") == 100


@pytest.mark.parametrize("letter", ["a", "é", "€"])
@pytest.mark.usefixtures("stream")
def test_shared_stream_gets_whole_lines_that_stay_together(letter: str) -> None:
    """No write is of more bytes than a pipe keeps together, unless it is of one line."""
    stream = Writes()
    configure("info", "json", stream)
    names = ["short", letter * 700, letter * 5000, *("short" for _ in range(30)), letter * 900]
    Lines().finished([record(request_id=name) for name in names])
    assert [json.loads(line)["request_id"] for line in stream.getvalue().splitlines()] == names
    assert all(text.endswith("\n") for text in stream.writes)
    for text in stream.writes:
        assert len(text.encode()) <= select.PIPE_BUF or text.count("\n") == 1
    assert len(stream.writes) < len(names)


def test_line_that_has_no_form_costs_no_other(log: Log) -> None:
    """A name that is no Unicode text is lost with its own line."""
    Lines().finished([record(request_id=name) for name in ("first", "\ud800", "last")])
    assert [line["request_id"] for line in log()] == ["first", "last"]


def test_closed_stream_loses_lines_of_requests_quietly(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the log's reader has gone, requests go on."""
    configure("info", "json", stream)
    stream.close()
    Lines().finished([record(), record()])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_level_holds_for_our_own_loggers(stream: io.StringIO, level: str) -> None:
    """Our lines are written from the configured level on."""
    configure(level, "json", stream)
    for name in ("debug", "info", "warning", "error"):
        getattr(LOG, name)(name)
    written = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
    names = ["debug", "info", "warning", "error"]
    assert written == names[names.index(level) :]


@pytest.mark.parametrize(
    "name",
    [
        "httpx",
        "httpcore.http11",
        "uvicorn.access",
        "aiosqlite",
        "sqlalchemy.engine.Engine",
        "other",
    ],
)
def test_G12_other_peoples_debug_lines_are_not_written(log: Log, name: str) -> None:
    """Libraries that log URLs, headers and statements are heard from warnings on."""
    logging.getLogger(name).debug("debug %s", CANARY)
    logging.getLogger(name).info("info %s", CANARY)
    logging.getLogger(name).warning("warning")
    assert [line["message"] for line in log()] == ["warning"]


def test_configuring_twice_writes_lines_once(stream: io.StringIO) -> None:
    """The last configuration is the only one."""
    configure("info", "text", io.StringIO())
    configure("info", "json", stream)
    LOG.info("once")
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("form", ["json", "text"])
def test_G01_credentials_are_masked_wherever_they_are(stream: io.StringIO, form: str) -> None:
    """Message, arguments and added fields are masked, in both forms."""
    configure("debug", form, stream)
    key = "iak_0193-aa_canary7Tb5Yn1Hd6"
    LOG.info(f"got {key}")  # noqa: G004 - what somebody will write one day
    LOG.info("got %s and %s", key, "Bearer canary-0123456789")
    LOG.info("got %(key)s", {"key": key})
    LOG.info("got", extra={"header": f"x-api-key: {key}"})
    LOG.info("%s", Secret("canary"))
    assert "canary" not in stream.getvalue()
    assert stream.getvalue().count("iak_***") == 3


def test_G12_foreign_exception_is_its_type_and_our_places(log: Log) -> None:
    """Somebody else's exception is told without its text and without its own frames."""
    try:
        to_rate(CANARY)  # type: ignore[arg-type]
    except AttributeError:
        LOG.exception("failed")
    (line,) = log()
    (error,) = line["error"]
    assert error["error"] == "AttributeError"
    assert [re.sub(r"\d+", "N", place) for place in error["at"]] == ["tollhouse.core.money:N"]
    assert "canary" not in str(line)


def test_our_exceptions_tell_their_text(log: Log) -> None:
    """Our own errors have messages that are safe to show, masked all the same."""
    LOG.error("failed", exc_info=CallerError(Code.INVALID_REQUEST_ERROR, "model: sk-canary-1"))
    (error,) = log()[0]["error"]
    assert error == {"error": "CallerError: model: sk-***", "at": []}


def test_G12_causes_are_told_by_type(log: Log) -> None:
    """The chain of causes is there, without any text that is not ours."""
    try:
        try:
            raise ConnectionError(CANARY)  # noqa: TRY301 - the cause is what is looked at
        except ConnectionError as error:
            raise UpstreamError(Code.UPSTREAM_UNREACHABLE, "unreachable") from error
    except UpstreamError:
        LOG.exception("failed")
    (line,) = log()
    assert [error["error"] for error in line["error"]] == [
        "UpstreamError: unreachable",
        "ConnectionError",
    ]
    assert "canary" not in str(line)


def test_hidden_causes_stay_hidden(log: Log) -> None:
    """``raise … from None`` holds for the log too, and an unhidden context is told."""
    for hide in (True, False):
        try:
            try:
                raise KeyError(CANARY)  # noqa: TRY301 - the context is what is looked at
            except KeyError:
                if hide:
                    raise TypeError from None
                raise TypeError  # noqa: B904 - the context is what is looked at
        except TypeError:
            LOG.exception("failed")
    assert [[one["error"] for one in line["error"]] for line in log()] == [
        ["TypeError"],
        ["TypeError", "KeyError"],
    ]


def test_long_chains_of_causes_end(log: Log) -> None:
    """Exceptions that cause each other do not fill the log."""
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    LOG.error("failed", exc_info=first)
    assert len(log()[0]["error"]) == 8


def test_G12_exceptions_as_messages_and_arguments_are_named(log: Log) -> None:
    """An exception that is logged as a value shows its type only."""
    LOG.error(ValueError(CANARY))
    LOG.error("failed: %s", ValueError(CANARY))
    LOG.error("failed", extra={"cause": OSError(CANARY)})
    assert [line["message"] for line in log()] == ["ValueError", "failed: ValueError", "failed"]
    assert log()[2]["cause"] == "OSError"
    assert "canary" not in str(log())


def test_G12_validation_error_does_not_echo_its_input(log: Log) -> None:
    """Pydantic's error quotes what it was given; the log does not."""

    class Body(BaseModel):
        size: int

    try:
        Body(size=CANARY)  # type: ignore[arg-type]
    except ValueError:
        LOG.exception("failed")
    assert "ValidationError" in log()[0]["error"][0]["error"]
    assert "canary" not in str(log())


def test_G12_other_values_are_named_by_their_type(log: Log) -> None:
    """A value whose text nobody knows is not written."""
    LOG.info("got %s", {"prompt": CANARY}, extra={"body": [CANARY], "path": Path("x")})
    (line,) = log()
    assert (line["message"], line["body"]) == ("got <dict>", "<list>")
    assert "canary" not in str(line)


@pytest.mark.parametrize("message", ["%d items", "%s %s", "%(name)s", "%q"])
def test_line_whose_arguments_do_not_fit_is_written_without_them(message: str) -> None:
    """A mistake in a logging call neither raises nor prints the arguments."""
    line = logging.makeLogRecord({"msg": message, "args": (CANARY,)})
    told = json.loads(JsonFormatter().format(line))
    assert told["message"] == f"{message} (its arguments do not fit)"


def test_closed_stream_loses_the_line_quietly(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the log's reader has gone, nothing is printed elsewhere and nothing raised."""
    configure("info", "json", stream)
    stream.close()
    LOG.info("lost %s", CANARY)
    assert capsys.readouterr().err == ""


async def test_G12_forgotten_task_does_not_show_its_exception(log: Log) -> None:
    """What asyncio says of an exception that nobody fetched has no text of it."""

    async def fail() -> None:
        raise ValueError(CANARY)

    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0.01)
    loop = asyncio.get_running_loop()
    loop.call_exception_handler(
        {
            "message": "Task exception was never retrieved",
            "exception": task.exception(),
            "task": task,
        }
    )
    (line,) = log()
    assert line["message"] == "Task exception was never retrieved"
    assert line["error"][0]["error"] == "ValueError"
    assert "canary" not in str(line)
