"""Errors in OpenAI's shape: every code of ours, and every provider's way of saying it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import (
    CallerError,
    Code,
    GatewayError,
    Refusal,
    Refused,
    TollhouseError,
    UpstreamError,
    invalid,
)
from tollhouse.core.needs import Endpoint
from tollhouse.core.record import Attempt
from tollhouse.wire.openai.errors import ProviderError, error_body, error_event, read_error
from tollhouse.wire.sse import FrameSplitter, data_of, name_of

ID = "req-1"
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
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
    assert list(body) == ["error"]
    return body["error"]


@EVERY_CODE
def test_H05_every_code_has_the_whole_shape(code: Code) -> None:
    """Message, type, param, code and request id, with null where there is nothing to say."""
    kind = TYPES.get(code.status, "server_error" if code.status >= 500 else "invalid_request_error")
    assert told(error_of(code)) == {
        "message": "It failed.",
        "type": kind,
        "param": None,
        "code": code.value,
        "request_id": ID,
    }


@EVERY_CODE
@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_H05_every_code_has_an_event_on_every_endpoint(code: Code, endpoint: Endpoint) -> None:
    """One frame, with a true ``error`` that SDKs raise on; responses have an event of their own."""
    error = error_of(code)
    frames = FrameSplitter().feed(error_event(error, ID, endpoint))
    assert len(frames) == 1
    event = json.loads(data_of(frames[0]) or b"")
    assert event["error"] == told(error)
    if endpoint is Endpoint.RESPONSES:
        assert name_of(frames[0]) == b"error"
        assert (event["type"], event["code"], event["message"], event["param"]) == (
            "error",
            code.value,
            "It failed.",
            None,
        )
    else:
        assert name_of(frames[0]) is None
        assert list(event) == ["error"]


def test_H05_the_field_at_fault_is_named() -> None:
    """As ``param``."""
    assert told(invalid("n must be 1.", "n"))["param"] == "n"


def test_a_status_that_is_passed_on_sets_the_type() -> None:
    """The provider's status, not the code's own, says what kind of error it is."""
    error = UpstreamError(Code.UPSTREAM_REJECTED, "x", status=422)
    assert told(error)["type"] == "invalid_request_error"
    error = UpstreamError(Code.UPSTREAM_ERROR, "x", status=529)
    assert told(error)["type"] == "server_error"
    assert told(CallerError(Code.FORBIDDEN, "x", status=402))["type"] == "insufficient_quota"


def test_C15_a_failed_request_lists_its_attempts() -> None:
    """Model, provider, status or fault, and milliseconds; nothing that an upstream said."""
    attempts = [
        Attempt("a", "one", "status_500", 12, status=500),
        Attempt("b", "two", "connect", 3),
    ]
    shown = told(UpstreamError(Code.UPSTREAM_UNREACHABLE, "x", attempts=attempts))
    assert shown["attempts"] == [
        {"model": "a", "provider": "one", "status": 500, "fault": "status_500", "milliseconds": 12},
        {"model": "b", "provider": "two", "status": None, "fault": "connect", "milliseconds": 3},
    ]


def test_a_providers_code_stands_where_it_may_be_shown() -> None:
    """In place of ours, for the client's own fault."""
    error = UpstreamError(Code.UPSTREAM_REJECTED, "x", provider_code="context_length_exceeded")
    assert told(error)["code"] == "context_length_exceeded"


def test_a_refusal_says_what_helps() -> None:
    """Close ids, the replacement and the plans, only where there are any."""
    shown = told(
        Refused(
            [
                Refusal(Code.MODEL_NOT_FOUND, "No.", param="model", close_ids=("gpt-4o",)),
                Refusal(Code.MODEL_DISABLED, "Not either."),
            ]
        )
    )
    assert shown["close_ids"] == ["gpt-4o"]
    assert not {"replacement_model", "plans", "attempts"} & shown.keys()
    shown = told(Refused([Refusal(Code.MODEL_RETIRED, "No.", replacement="gpt-5")]))
    assert shown["replacement_model"] == "gpt-5"
    shown = told(Refused([Refusal(Code.TIER_INSUFFICIENT, "No.", plans=("pro",))]))
    assert shown["plans"] == ["pro"]


# --- What providers say ---

READ: dict[str, tuple[Any, ProviderError]] = {
    "OpenAI": (
        {"error": {"message": "m", "type": "t", "param": "messages[0].content", "code": "c"}},
        ProviderError("m", "c", "t", "messages[0].content"),
    ),
    "OpenAI, nulls": (
        {"error": {"message": "m", "type": "t", "param": None, "code": None}},
        ProviderError("m", None, "t"),
    ),
    "Azure": ({"error": {"code": "429", "message": "m"}}, ProviderError("m", "429")),
    "Azure, gateway": ({"statusCode": 401, "message": "m"}, ProviderError("m", 401)),
    "Azure, filter": (
        {"error": {"message": "m", "code": "content_filter", "status": 400, "innererror": {}}},
        ProviderError("m", "content_filter"),
    ),
    "vLLM": (
        {"error": {"message": "m", "type": "BadRequestError", "param": None, "code": 400}},
        ProviderError("m", 400, "BadRequestError"),
    ),
    "vLLM before, sglang": (
        {"object": "error", "message": "m", "type": "BadRequestError", "param": None, "code": 400},
        ProviderError("m", 400, "BadRequestError"),
    ),
    "FastAPI": ({"detail": "m"}, ProviderError("m")),
    "FastAPI, list": (
        {
            "detail": [
                {
                    "loc": ["body", "messages", 0, "role"],
                    "msg": "Field required",
                    "type": "missing",
                },
                {"loc": ["body", "n"], "msg": "Too large", "input": "secret"},
            ]
        },
        ProviderError("body.messages.0.role: Field required; body.n: Too large"),
    ),
    "FastAPI, object": ({"detail": {"error": "m"}}, ProviderError("m")),
    "Mistral": (
        {"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "m"}]}, "type": "t"},
        ProviderError("body: m", None, "t"),
    ),
    "Google": (
        {"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}},
        ProviderError("m", 400, "INVALID_ARGUMENT"),
    ),
    "Google, in a list": ([{"error": {"code": 400, "message": "m"}}], ProviderError("m", 400)),
    "a status for a code": (
        {"error": {"code": None, "message": "m", "status": "UNAVAILABLE"}},
        ProviderError("m", "UNAVAILABLE", "UNAVAILABLE"),
    ),
    "AWS": ({"message": "m"}, ProviderError("m")),
    "AWS, typed": (
        {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "m"},
        ProviderError("m", None, "AccessDeniedException"),
    ),
    "AWS, odd type": ({"__type": ["x"], "Message": "m"}, ProviderError("m")),
    "OpenRouter": (
        {"error": {"message": "m", "code": 502, "metadata": {"raw": "x"}}, "user_id": "u"},
        ProviderError("m", 502),
    ),
    "xAI": ({"code": "invalid", "error": "m"}, ProviderError("m")),
    "Anthropic": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "m"}},
        ProviderError("m", None, "overloaded_error"),
    ),
    "Cloudflare": ({"errors": [{"code": 7, "message": "m"}]}, ProviderError("m")),
    "text in error": ({"error": "m"}, ProviderError("m")),
    "bare object": ({"message": "m", "code": "c"}, ProviderError("m", "c")),
    "bare text": ("m", ProviderError("m")),
    "msg": ({"msg": "m"}, ProviderError("m")),
    "nothings as text": (
        {"error": {"message": "m", "type": "None", "param": "None", "code": "null"}},
        ProviderError("m"),
    ),
    "free text as code": (
        {"error": {"message": "m", "code": "your key sk-1 is bad", "type": "a\nb", "param": "x y"}},
        ProviderError("m"),
    ),
    "long code": ({"error": {"message": "m", "code": "c" * 65}}, ProviderError("m")),
    "odd types": (
        {"error": {"message": 5, "type": [], "param": {}, "code": True}},
        ProviderError(),
    ),
    "empty": ({}, ProviderError()),
    "null": (None, ProviderError()),
    "a number": (5, ProviderError()),
    "an empty list": ([], ProviderError()),
    "empty error": ({"error": {}, "message": "m"}, ProviderError("m")),
    "deep message": ({"message": [[[[["m"]]]]]}, ProviderError()),
}


@pytest.mark.parametrize(("body", "expected"), READ.values(), ids=READ)
def test_errors_of_providers_are_read(body: Any, expected: ProviderError) -> None:
    """Message, code, type and param, wherever a host puts them, and free text only as message."""
    assert read_error(json.dumps(body).encode()) == expected


@pytest.mark.parametrize(
    "body", [b"", b"<html>502</html>", b"oops", b"\xff", b'"\xff"', b'{"error":', b"[" * 5000]
)
def test_what_is_no_JSON_says_nothing(body: bytes) -> None:
    """HTML, truncated and empty bodies give no message that could be repeated."""
    assert read_error(body) == ProviderError()


def test_numbers_beyond_bounds_do_not_hide_the_message() -> None:
    """An error is read even with a number in it that no machine holds."""
    assert read_error(b'{"error":{"message":"m","x":1e999}}').message == "m"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "detail", "code", "type", "param", "loc", "msg"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_any_JSON_is_read_without_failing(value: Any) -> None:
    """Whatever a host sends, the fields have the types they are said to have."""
    found = read_error(json.dumps(value).encode())
    assert isinstance(found.message, str | None)
    assert isinstance(found.code, str | int | None)
    assert isinstance(found.type, str | None)
    assert isinstance(found.param, str | None)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_without_failing(body: bytes) -> None:
    """No body makes the reader raise."""
    assert isinstance(read_error(body), ProviderError)
