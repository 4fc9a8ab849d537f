"""What the line of a request holds, and when it says that the request ended."""

import msgspec
import pytest

from telemetry.conftest import START, record
from tollhouse.core.record import Outcome
from tollhouse.telemetry.request_line import RequestLine, request_lines

LOGGER = "tollhouse.requests"


def test_fields_of_a_record_are_an_allow_list() -> None:
    """A field that a record may get one day is not written until somebody says so."""
    (line,) = request_lines([record(user="u", code="c", unpriced_reason="no_usage")], LOGGER)
    assert set(msgspec.to_builtins(line)) == {
        *("at", "level", "logger", "message"),
        *("status", "request_id", "id", "org", "key_id", "user", "endpoint", "stream"),
        *("requested_model", "model", "served_model", "upstream_model", "provider"),
        *("http_status", "code", "currency", "unpriced_reason", "price_version"),
        *("catalogue_version", "duration_ms", "first_byte_ms", "overhead_ms"),
        *("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"),
        *("cost", "cost_status", "attempts"),
    }


def test_every_field_has_its_own_value() -> None:
    """Fields are filled by place, so each of them is looked at here."""
    line = _of(record(user="u", code="c", unpriced_reason="no_usage"))
    assert msgspec.structs.asdict(line) == {
        "at": "2027-01-15T08:00:01.200Z",
        "level": "info",
        "logger": LOGGER,
        "message": "request",
        "status": Outcome.OK,
        "request_id": "req-1",
        "id": "0193a7c2-0000-7000-8000-000000000001",
        "org": "acme",
        "key_id": "k1",
        "user": "u",
        "endpoint": "chat",
        "stream": True,
        "requested_model": "gpt-4o",
        "model": "openai/gpt-4o",
        "served_model": "azure/gpt-4o",
        "upstream_model": "gpt-4o-eu",
        "provider": "azure",
        "http_status": 200,
        "code": "c",
        "currency": "USD",
        "unpriced_reason": "no_usage",
        "price_version": 3,
        "catalogue_version": 7,
        "duration_ms": 1200.0,
        "first_byte_ms": 200.0,
        "overhead_ms": 0.3,
        "input_tokens": 100,
        "cached_input_tokens": 20,
        "output_tokens": 51,
        "reasoning_tokens": 0,
        "cost": "1.2345",
        "cost_status": "exact",
        "attempts": ["openai/gpt-4o openai status_500 12ms", "azure/gpt-4o azure ok 1100ms"],
    }


def test_nothing_false_zero_or_null_is_left_out() -> None:
    """Only what is not known is."""
    told = msgspec.to_builtins(
        _of(record(stream=False, catalogue_version=0, overhead_us=0, cost=None, attempts=[]))
    )
    names = ("stream", "catalogue_version", "overhead_ms", "cost", "attempts")
    assert [told[name] for name in names] == [False, 0, 0.0, None, []]


@pytest.mark.parametrize(
    ("ended", "at"),
    [
        (START, "2027-01-15T08:00:00.000Z"),
        (START + 999, "2027-01-15T08:00:00.000Z"),
        (START + 59_007_999, "2027-01-15T08:00:59.007Z"),
        (None, "2027-01-15T08:00:00.000Z"),
    ],
)
def test_line_tells_when_its_request_ended(ended: int | None, at: str) -> None:
    """To the millisecond, however much later it is written; without an end, when it began."""
    assert _of(record(ended_at=ended)).at == at


def test_G01_one_credential_among_many_names_is_masked() -> None:
    """Names are looked at together, and masked each by itself."""
    names = ["0193a7c2-0000-7000", "sk-canary-1234", "req-1", "password", "=x"]
    lines = request_lines([record(request_id=name) for name in names], LOGGER)
    assert [line.request_id for line in lines] == [
        *("0193a7c2-0000-7000", "sk-***", "req-1", "password", "=x"),
    ]


def _of(one: object) -> RequestLine:
    (line,) = request_lines([one], LOGGER)  # type: ignore[list-item]
    return line
