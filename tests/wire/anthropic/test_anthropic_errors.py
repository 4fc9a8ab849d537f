"""Errors in Anthropic's shape: every code of ours."""

import json
from typing import Any

import pytest

from tollhouse.core.errors import (
    CallerError,
    Code,
    GatewayError,
    Refusal,
    Refused,
    TollhouseError,
    UpstreamError,
)
from tollhouse.core.record import Attempt
from tollhouse.wire.anthropic.errors import error_body, error_event
from tollhouse.wire.sse import FrameSplitter, data_of, name_of

ID = "req-1"
TYPES = {
    Code.INVALID_API_KEY: "authentication_error",
    Code.REQUEST_TOO_LARGE: "request_too_large",
    Code.REQUEST_TIMEOUT: "timeout_error",
    Code.UNKNOWN_URL: "not_found_error",
    Code.MODEL_NOT_FOUND: "not_found_error",
    Code.MODEL_DISABLED: "permission_error",
    Code.MODEL_RETIRED: "not_found_error",
    Code.MODEL_NOT_ALLOWED: "permission_error",
    Code.TIER_INSUFFICIENT: "permission_error",
    Code.USER_IDENTITY_REQUIRED: "permission_error",
    Code.FORBIDDEN: "permission_error",
    Code.NOT_FOUND: "not_found_error",
    Code.SYSTEM_MODEL_READ_ONLY: "permission_error",
    Code.UPSTREAM_RATE_LIMITED: "rate_limit_error",
    Code.UPSTREAM_ERROR: "api_error",
    Code.UPSTREAM_UNREACHABLE: "api_error",
    Code.UPSTREAM_AUTH_ERROR: "api_error",
    Code.UPSTREAM_MODEL_MISSING: "api_error",
    Code.UPSTREAM_INVALID_RESPONSE: "api_error",
    Code.UPSTREAM_DISCONNECTED: "api_error",
    Code.UPSTREAM_TIMEOUT: "timeout_error",
    Code.UPSTREAM_IDLE_TIMEOUT: "timeout_error",
    Code.GATEWAY_OVERLOADED: "overloaded_error",
    Code.GATEWAY_DRAINING: "overloaded_error",
    Code.STORE_UNAVAILABLE: "api_error",
    Code.ISSUER_UNAVAILABLE: "api_error",
    Code.LEDGER_UNAVAILABLE: "api_error",
    Code.INTERNAL_ERROR: "api_error",
}
"""Codes whose type says more than that the request is at fault."""
EVERY_CODE = pytest.mark.parametrize("code", list(Code))


def error_of(code: Code) -> TollhouseError:
    """An error of its branch."""
    if code.value.startswith("upstream"):
        return UpstreamError(code, "It failed.")
    if code.status >= 500:
        return GatewayError(code, "It failed.")
    return CallerError(code, "It failed.")


def told(error: TollhouseError) -> Any:
    """The error object of a whole answer."""
    body = json.loads(error_body(error, ID))
    assert (body["type"], body["request_id"]) == ("error", ID)
    return body["error"]


@EVERY_CODE
def test_H05_every_code_has_the_shape(code: Code) -> None:
    """The type that Anthropic has for it, the message, and our code beside them."""
    kind = TYPES.get(code, "invalid_request_error")
    assert told(error_of(code)) == {"type": kind, "message": "It failed.", "code": code.value}


@EVERY_CODE
def test_H05_every_code_has_an_event(code: Code) -> None:
    """The same object, in an event that is called what Anthropic calls it."""
    (frame,) = FrameSplitter().feed(error_event(error_of(code), ID))
    assert name_of(frame) == b"error"
    assert data_of(frame) == error_body(error_of(code), ID)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (402, "billing_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_a_providers_status_is_the_type(status: int, kind: str) -> None:
    """Where an answer has the provider's status, it has the type of that."""
    error = UpstreamError(Code.UPSTREAM_REJECTED, "No.", status=status, provider_code="too_long")
    assert told(error) == {"type": kind, "message": "No.", "code": "too_long"}


def test_nothing_is_lost() -> None:
    """The field, the attempts, and what the gate says besides."""
    assert told(CallerError(Code.INVALID_REQUEST_ERROR, "No.", param="tools[0].name"))["param"] == (
        "tools[0].name"
    )
    attempt = Attempt(provider="p", model="m", status=529, result="status", milliseconds=5)
    failed = UpstreamError(Code.UPSTREAM_ERROR, "It failed.", attempts=(attempt,))
    assert told(failed)["attempts"] == [
        {"model": "m", "provider": "p", "status": 529, "fault": "status", "milliseconds": 5}
    ]
    reason = Refusal(Code.MODEL_NOT_FOUND, "No.", "model", close_ids=("a", "b"), replacement="c")
    refused = told(Refused([reason]))
    assert (refused["param"], refused["close_ids"], refused["replacement_model"]) == (
        "model",
        ["a", "b"],
        "c",
    )
