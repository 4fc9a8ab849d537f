"""Statuses and error codes read as faults: contract section 7's table."""

import pytest

from tollhouse.core.faults import Fault, FaultKind
from tollhouse.routing.classify import fault_for_status, status_for_error_code

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((400, 405, 406, 411, 413, 415, 422, 431, 451), FaultKind.REJECTED),
        ((401, 402, 403), FaultKind.AUTH),
        ((404, 410), FaultKind.MODEL_MISSING),
        ((408, 409, 424, 499, 500, 501, 502, 503, 504, 520, 529), FaultKind.STATUS),
        ((429,), FaultKind.RATE_LIMITED),
        ((101, 200, 204, 301, 302, 303, 304, 307, 308, 600), FaultKind.INVALID_RESPONSE),
    ],
)
def test_C03_every_status_has_its_kind(statuses: tuple[int, ...], kind: FaultKind) -> None:
    """Each status a provider may answer with is one kind of fault and keeps its number."""
    for status in statuses:
        fault = fault_for_status(status, {}, NOW)
        assert (fault.kind, fault.status, fault.sent) == (kind, status, True)


def test_C06_time_to_come_back_is_kept() -> None:
    """The provider's Retry-After is part of the fault, whatever the status."""
    for status in (429, 503):
        assert fault_for_status(status, {"retry-after": "7"}, NOW).retry_after == 7
    assert fault_for_status(429, {}, NOW).retry_after is None


def test_C06_a_header_names_the_time_better_than_a_body() -> None:
    """What a body says of the time counts where no header does."""
    assert fault_for_status(429, {}, NOW, retry_after=34.5).retry_after == 34.5
    assert fault_for_status(429, {"retry-after": "7"}, NOW, retry_after=34.5).retry_after == 7


def test_words_of_a_refusal_are_the_clients() -> None:
    """A refused request keeps the redacted message, the code and the parameter."""
    fault = fault_for_status(
        400, {}, NOW, code="context_length_exceeded", message="too long", param="messages[0].x"
    )
    assert (fault.message, fault.code, fault.param) == (
        "too long",
        "context_length_exceeded",
        "messages[0].x",
    )


@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 500, 503])
def test_G01_other_words_are_dropped(status: int) -> None:
    """Text about the provider's own trouble is in no fault; its code may be, for the log."""
    fault = fault_for_status(status, {}, NOW, code="x_1", message="key sk-1", param="authorization")
    assert (fault.message, fault.param, fault.code) == (None, None, "x_1")
    assert "sk-1" not in repr(fault)


def test_free_text_is_no_code() -> None:
    """A code or parameter that is a sentence, empty or endless is dropped."""
    for text in ("", "a sentence", "x" * 129, "a\nb", "é", "http://x"):
        fault = fault_for_status(400, {}, NOW, code=text, param=text)
        assert (fault.code, fault.param) == (None, None)


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((429,), 429),
        (("429",), 429),
        ((503, "invalid_request_error"), 503),
        (("insufficient_quota",), 429),
        (("rate_limit_exceeded",), 429),
        (("server_error",), 500),
        (("overloaded_error",), 529),
        (("invalid_request_error",), 400),
        (("context_length_exceeded", "invalid_request_error"), 400),
        (("content_filter",), 400),
        (("invalid_api_key",), 401),
        (("model_not_found",), 404),
        (("RESOURCE_EXHAUSTED",), 429),
        (("billing_error",), 402),
        (("throttlingException",), 429),
        (("modelStreamErrorException",), 424),
        (("modelTimeoutException",), 408),
        (("internalServerException",), 500),
        (("serviceUnavailableException",), 503),
        (("validationException",), 400),
        ((500, "INVALID_ARGUMENT"), 500),
        (("CANCELLED",), 499),
        (("DEADLINE_EXCEEDED",), 504),
        (("vector_store_timeout",), 504),
        (("image_parse_error",), 400),
        ((None, "server_error"), 500),
        (("nobody knows", "rate_limit_error"), 429),
        ((), 502),
        ((None,), 502),
        (("nobody knows",), 502),
        ((200,), 502),
        (("200",), 502),
        ((12345,), 502),
        ((True,), 502),
        (("٤٢٩",), 502),
        (([], {}), 502),
    ],
)
def test_error_inside_a_200_stands_for_a_status(codes: tuple[object, ...], status: int) -> None:
    """The first known code counts, as a number, a number in a string or a name; else 502."""
    assert status_for_error_code(*codes) == status


def test_every_code_leads_to_a_fault_that_is_not_a_200() -> None:
    """An error in a 200 is never taken for an answer that cannot be read as an error."""
    for code in ("429", "server_error", "invalid_request_error", "?"):
        fault: Fault = fault_for_status(status_for_error_code(code), {}, NOW)
        assert fault.kind is not FaultKind.INVALID_RESPONSE
