"""Google's errors: the reason and the time to wait, which stand in the body alone."""

import json
from typing import Any

import pytest

from fakes.gemini_answers import error_object
from fakes.recorded import Recording, each
from tollhouse.wire.gemini.errors import ErrorTold, read_details

INFO = "type.googleapis.com/google.rpc.ErrorInfo"
HELP = {"@type": "type.googleapis.com/google.rpc.Help", "links": []}


def told(*details: Any) -> ErrorTold:
    """What is read of an error with these details."""
    return read_details(json.dumps({"error": {"code": 400, "details": list(details)}}).encode())


def test_a_time_to_wait_is_read() -> None:
    """Of a whole body, of a list with one, and of the error object itself."""
    error = error_object(429, "RESOURCE_EXHAUSTED", "slow down", retry="34.074824224s")
    for body in ({"error": error}, [{"error": error}], error):
        assert read_details(json.dumps(body).encode()) == ErrorTold(None, 34.074824224)


@pytest.mark.parametrize(
    ("reason", "ours"),
    [("API_KEY_INVALID", True), ("API_KEY_EXPIRED", True), ("RATE_LIMIT_EXCEEDED", False)],
)
def test_our_key_is_told_from_the_request(reason: str, ours: bool) -> None:  # noqa: FBT001
    """Google answers an unknown key with a 400: the reason says whose fault it is."""
    found = told(HELP, {"@type": INFO, "reason": reason, "domain": "googleapis.com"})
    assert found.reason == reason
    assert found.is_our_key is ours


@pytest.mark.parametrize(
    "detail",
    [
        {"retryDelay": "soon"},
        {"retryDelay": "-1s"},
        {"retryDelay": "9" * 30 + "s"},
        {"reason": "no\r\nreason"},
        {"reason": ""},
        {"reason": None, "retryDelay": None},
    ],
)
def test_what_is_no_detail_says_nothing(detail: dict[str, Any]) -> None:
    """Words that are neither are not handed on."""
    assert told(detail) == ErrorTold()


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"<html>", b'{"error":"x"}', b'{"error":{"details":3}}']
)
def test_what_is_no_error_says_nothing(body: bytes) -> None:
    """Nothing that a provider sends raises."""
    assert read_details(body) == ErrorTold()


@pytest.mark.parametrize("recording", each("gemini-generate", "gemini-embed", "count-tokens"))
def test_recorded_errors_tell_no_details(recording: Recording) -> None:
    """None of the recorded refusals is for our key or tells a time."""
    assert read_details(recording.body) == ErrorTold()
