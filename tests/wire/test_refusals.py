"""What a protocol says of a refusal beside its status: our own trouble is not the client's."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import bedrock_answers
from fakes.gemini_answers import error_object
from tollhouse.wire.openai.errors import ProviderError, read_error
from tollhouse.wire.refusals import Refined, refine

PROTOCOLS = ("openai", "azure", "anthropic", "bedrock", "gemini", "vertex", "cohere")


def refined(protocol: str, status: int, body: Any, **headers: str) -> Refined:
    """A body of this protocol as it is meant."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refine(protocol, status, read_error(written), written, named)


@pytest.mark.parametrize(
    ("status", "kind", "message", "meant", "code"),
    [
        (429, "ThrottlingException", "slow", 429, "ThrottlingException"),
        (400, "ValidationException", "too long", 400, "ValidationException"),
        (
            *(400, "ValidationException", "The provided model identifier is invalid."),
            *(404, "model_not_found"),
        ),
        (400, "ServiceQuotaExceededException", "full", 429, "ServiceQuotaExceededException"),
        (424, "ModelErrorException", "it broke", 424, "ModelErrorException"),
        (503, "ServiceUnavailableException", "later", 503, "ServiceUnavailableException"),
    ],
)
def test_an_exception_of_bedrock_has_its_name_in_a_header(
    status: int, kind: str, message: str, meant: int, code: str
) -> None:
    """It is the code; a model that does not exist and a used-up quota are not the client's."""
    _, headers, body = bedrock_answers.error(status, kind, message)
    told = refine("bedrock", status, read_error(body), body, headers)
    assert told == Refined(meant, ProviderError(message, code))


def test_an_exception_of_bedrock_may_be_named_in_its_body() -> None:
    """AWS's older form."""
    body = {"__type": "com.amazon.coral.service#UnrecognizedClientException", "Message": "no"}
    told = refined("bedrock", 403, body).told
    assert (told.message, told.code) == ("no", "UnrecognizedClientException")


def test_a_time_to_come_back_is_read_of_googles_body() -> None:
    """Whole, in a list, or as the bare error object of a stream."""
    error = error_object(429, "RESOURCE_EXHAUSTED", "slow down", retry="34.5s")
    for body in ({"error": error}, [{"error": error}], error):
        for protocol in ("gemini", "vertex"):
            told = refined(protocol, 429, body)
            assert (told.status, told.retry_after) == (429, 34.5)
            assert (told.told.code, told.told.type) == (429, "RESOURCE_EXHAUSTED")
    assert refined("openai", 429, {"error": error}).retry_after is None


def test_a_key_that_google_does_not_know_is_ours() -> None:
    """The status is 400; its reason tells the truth."""
    error = error_object(400, "INVALID_ARGUMENT", "API key not valid.")
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    assert refined("gemini", 400, {"error": {**error, "details": [info]}}).status == 401
    assert refined("gemini", 400, {"error": error}).status == 400


def test_a_country_that_google_does_not_serve_is_ours() -> None:
    """It is that of the gateway, not of the client."""
    told = "User location is not supported for the API use."
    error = error_object(400, "FAILED_PRECONDITION", told)
    assert refined("gemini", 400, {"error": error}).status == 403


def test_an_account_without_money_is_ours() -> None:
    """Anthropic tells it as a bad request."""
    message = "Your credit balance is too low to access the Anthropic API."
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    assert refined("anthropic", 400, body).status == 402
    assert refined("openai", 400, body).status == 400


@given(
    st.sampled_from(PROTOCOLS),
    st.integers(400, 599),
    st.binary(max_size=40) | st.sampled_from([b"[]", b"null", b'{"error":7}', b'{"error":[]}']),
    st.text(max_size=10),
)
@settings(max_examples=80, deadline=None)
def test_any_refusal_is_read_without_failing(
    protocol: str, status: int, body: bytes, header: str
) -> None:
    """What is nothing known keeps its status."""
    told = refine(protocol, status, read_error(body), body, {"x-amzn-errortype": header})
    assert told.status in {status, 429}
