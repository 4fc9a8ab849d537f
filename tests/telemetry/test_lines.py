"""The lines of the log: what a request's line says, and how often the others come."""

import logging

import pytest

from telemetry.conftest import START, Log, record
from tollhouse.core.errors import Code, Refusal
from tollhouse.core.record import Attempt, Outcome, Record
from tollhouse.telemetry.lines import Lines

HOUR = 3600 * 1_000_000


def test_request_has_one_wide_line(log: Log) -> None:
    """Everything about a request that is not content is in one line."""
    Lines().finished([record()])
    (line,) = log()
    del line["at"]
    assert line == {
        "level": "info",
        "logger": "tollhouse.requests",
        "message": "request",
        "status": "ok",
        "request_id": "req-1",
        "id": "0193a7c2-0000-7000-8000-000000000001",
        "org": "acme",
        "key_id": "k1",
        "endpoint": "chat",
        "stream": True,
        "requested_model": "gpt-4o",
        "model": "openai/gpt-4o",
        "served_model": "azure/gpt-4o",
        "upstream_model": "gpt-4o-eu",
        "provider": "azure",
        "http_status": 200,
        "currency": "USD",
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


def test_failed_request_leaves_out_what_there_was_not(log: Log) -> None:
    """A request without an answer says how it ended, and that its cost is unknown."""
    lines = Lines()
    failed = record(
        status=Outcome.UPSTREAM_ERROR,
        code="upstream_timeout",
        http_status=504,
        served_model=None,
        usage=None,
        cost=None,
        first_byte_us=None,
        ended_at=None,
        attempts=[],
    )
    lines.finished([failed])
    (line,) = log()
    assert (line["status"], line["code"], line["http_status"]) == (
        "upstream_error",
        "upstream_timeout",
        504,
    )
    assert line["cost"] is None
    assert {"served_model", "duration_ms", "first_byte_ms", "input_tokens"}.isdisjoint(line)


def test_I06_unpriced_model_is_warned_of_once_an_hour(log: Log) -> None:
    """A thousand requests to a model without prices leave one warning; an hour later another."""
    lines = Lines()
    for number in range(1000):
        lines.finished([_unpriced("m", number)])
    lines.finished([_unpriced("m", HOUR - 1)])
    lines.finished([_unpriced("other", 5)])
    lines.finished([_unpriced("m", HOUR)])
    lines.finished([_unpriced("m", HOUR + 1)])
    warnings = [line for line in log() if line["level"] == "warning"]
    assert [line["model"] for line in warnings] == ["m", "other", "m"]
    assert warnings[0]["message"] == "requests without a cost"
    assert warnings[0]["reason"] == "no_pricing"


def _unpriced(model: str, after: int) -> Record:
    return record(
        model=model,
        served_model=None,
        cost=None,
        unpriced_reason="no_pricing",
        ended_at=START + after,
    )


def test_lines_of_requests_come_in_the_order_of_their_ends(log: Log) -> None:
    """Many at a time are written as one after another would be."""
    records = [record(request_id=f"req-{number}") for number in range(50)]
    Lines().finished(records)
    assert [line["request_id"] for line in log()] == [one.request_id for one in records]


def test_nothing_that_ended_is_no_line(log: Log) -> None:
    """An empty batch leaves no empty line."""
    Lines().finished([])
    assert log() == []


def test_refusal_says_who_and_why_and_not_what_was_sent(log: Log) -> None:
    """The line of a refusal holds its code, and no message, which quotes the client."""
    refusal = Refusal(Code.MODEL_NOT_FOUND, "The model 'canary' does not exist.", param="model")
    Lines().refused(refusal, None, None)
    (line,) = log()
    assert (line["code"], line["param"], line["model"]) == ("model_not_found", "model", None)
    assert "canary" not in str(line)


def test_rejected_credential_is_an_error_that_names_the_provider(log: Log) -> None:
    """An operator sees which provider does not take our key."""
    Lines().credential_rejected(Attempt("m", "openai", "auth", 7, 401))
    (line,) = log()
    assert line["level"] == "error"
    assert (line["provider"], line["model"], line["upstream_status"]) == ("openai", "m", 401)


@pytest.mark.parametrize("level", [logging.WARNING, logging.ERROR])
def test_lines_below_the_level_are_not_written(log: Log, level: int) -> None:
    """Lines of requests are written at info and can be switched off."""
    logging.getLogger("tollhouse").setLevel(level)
    Lines().finished([record()])
    assert log() == []
