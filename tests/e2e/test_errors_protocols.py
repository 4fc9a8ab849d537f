"""Every provider's refusals as clients of every dialect are told of them: a table a provider.

What is the client's own mistake keeps its status and its redacted words; all else is told as the
provider's or the gateway's trouble, without a word of the provider's.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from e2e.speakers import DIALECTS, ask
from e2e.stage import Stage
from e2e.vendors import PLACES, TALKING, Said, Vendors, speaking
from fakes import anthropic_answers, bedrock_answers
from fakes.answers import Answer, error, html, json_answer
from fakes.gateway import PROVIDER_KEY
from fakes.gemini_answers import Gemini, blocked, error_object
from fakes.http_server import Behaviour, Call
from fakes.responses_answers import Responses
from fakes.upstream import played
from tollhouse.core.record import Outcome

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = pytest.mark.parametrize("dialect", DIALECTS)
TOKEN = f"ya29.{'a1B2' * 6}"
TOLD = (
    "https://internal.example/v1 arn:aws:bedrock:eu-central-1:123456789012:model/x "
    f"projects/our-project {TOKEN} ops@example.com"
)
LEAKS = ("internal", "arn:aws", "123456789012", "our-project", TOKEN, "ops@")
"""What a provider may tell of itself and of us."""
INFO = "type.googleapis.com/google.rpc.ErrorInfo"
Made = Callable[[str], Behaviour]
"""An error with these words."""


@dataclass(frozen=True)
class Row:
    """What a provider answers, and what becomes of a request that has no other hop."""

    place: str
    made: Made
    fault: str
    """As records and headers have it."""
    status: int
    code: str
    says: str = ""
    """Words that the provider puts before the others."""
    retry_after: str | None = None


def rejected(place: str, made: Made, code: str, status: int = 400, says: str = "") -> Row:
    """The client's mistake."""
    return Row(place, made, "rejected", status, code, says)


def ours(place: str, made: Made, says: str = "") -> Row:
    """The gateway's key, account or country."""
    return Row(place, made, "auth", 502, "upstream_auth_error", says)


def missing(place: str, made: Made, says: str = "") -> Row:
    """The gateway's name of the model."""
    return Row(place, made, "model_missing", 502, "upstream_model_missing", says)


def limited(place: str, made: Made, after: str | None = None) -> Row:
    """Too much at once."""
    return Row(place, made, "rate_limited", 429, "upstream_rate_limited", retry_after=after)


def failed(place: str, made: Made, status: int) -> Row:
    """The provider's own trouble."""
    return Row(place, made, f"status_{status}", 502, "upstream_error")


def claude(status: int, kind: str) -> Made:
    """Anthropic's."""
    return lambda words: anthropic_answers.error(status, kind, words)


def aws(status: int, kind: str) -> Made:
    """Bedrock's, with its name in a header."""
    return lambda words: played(bedrock_answers.error(status, kind, words))


def old_aws(status: int, kind: str) -> Made:
    """AWS's older form, with its name in the body."""
    return lambda words: json_answer({"__type": f"com.amazon#{kind}", "Message": words}, status)


def google(
    status: int, name: str, *details: Any, retry: str | None = None, listed: bool = False
) -> Made:
    """Google's; some methods put it into a list."""

    def made(words: str) -> Answer:
        told = error_object(status, name, words, retry=retry)
        told["details"] = [*told.get("details", []), *details]
        return json_answer([{"error": told}] if listed else {"error": told}, status)

    return made


def openai(status: int, code: str | None, kind: str = "invalid_request_error") -> Made:
    """OpenAI's."""
    return lambda words: error(status, words, code=code, kind=kind)


CREDIT = "Your credit balance is too low to access the Anthropic API."
NO_MODEL = "The provided model identifier is invalid."
KEY_REASON = {"@type": INFO, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
NOT_HERE = "User location is not supported for the API use."

ANTHROPICS = [
    rejected("anthropic", claude(400, "invalid_request_error"), "upstream_rejected"),
    ours("anthropic", claude(400, "invalid_request_error"), CREDIT),
    ours("anthropic", claude(401, "authentication_error")),
    ours("anthropic", claude(402, "billing_error")),
    ours("anthropic", claude(403, "permission_error")),
    missing("anthropic", claude(404, "not_found_error")),
    failed("anthropic", claude(409, "conflict_error"), 409),
    rejected("anthropic", claude(413, "request_too_large"), "request_too_large", 413),
    limited("anthropic", claude(429, "rate_limit_error")),
    failed("anthropic", claude(500, "api_error"), 500),
    failed("anthropic", claude(504, "timeout_error"), 504),
    failed("anthropic", claude(529, "overloaded_error"), 529),
    missing("vertex-claude", google(404, "NOT_FOUND")),
    limited("vertex-claude", claude(429, "rate_limit_error")),
]
BEDROCKS = [
    rejected("converse", aws(400, "ValidationException"), "ValidationException"),
    rejected("converse", old_aws(400, "ValidationException"), "ValidationException"),
    missing("converse", aws(400, "ValidationException"), NO_MODEL),
    limited("converse", aws(400, "ServiceQuotaExceededException")),
    ours("converse", aws(403, "AccessDeniedException")),
    ours("converse", old_aws(403, "UnrecognizedClientException")),
    ours("converse", aws(403, "ExpiredTokenException")),
    missing("converse", aws(404, "ResourceNotFoundException")),
    failed("converse", aws(408, "ModelTimeoutException"), 408),
    failed("converse", aws(424, "ModelErrorException"), 424),
    limited("converse", aws(429, "ThrottlingException")),
    limited("converse", aws(429, "ModelNotReadyException")),
    failed("converse", aws(500, "InternalServerException"), 500),
    failed("converse", aws(503, "ServiceUnavailableException"), 503),
    rejected("invoke", aws(400, "ValidationException"), "ValidationException"),
    limited("invoke", aws(429, "ThrottlingException")),
    failed("invoke", aws(424, "ModelErrorException"), 424),
]
GOOGLES = [
    rejected("gemini", google(400, "INVALID_ARGUMENT"), "INVALID_ARGUMENT"),
    rejected("gemini", google(400, "FAILED_PRECONDITION", listed=True), "FAILED_PRECONDITION"),
    ours("gemini", google(400, "INVALID_ARGUMENT", KEY_REASON)),
    ours("gemini", google(400, "FAILED_PRECONDITION"), NOT_HERE),
    ours("gemini", google(401, "UNAUTHENTICATED")),
    ours("gemini", google(403, "PERMISSION_DENIED")),
    missing("gemini", google(404, "NOT_FOUND")),
    limited("gemini", google(429, "RESOURCE_EXHAUSTED")),
    limited("gemini", google(429, "RESOURCE_EXHAUSTED", retry="34.074824224s"), "35"),
    limited("vertex", google(429, "RESOURCE_EXHAUSTED", retry="34s", listed=True), "34"),
    failed("gemini", google(499, "CANCELLED"), 499),
    failed("gemini", google(500, "INTERNAL"), 500),
    failed("gemini", google(503, "UNAVAILABLE"), 503),
    failed("vertex", google(504, "DEADLINE_EXCEEDED"), 504),
]
OPENAIS = [
    rejected("openai", openai(400, "context_length_exceeded"), "context_length_exceeded"),
    rejected("openai", openai(400, None), "upstream_rejected"),
    ours("openai", openai(401, "invalid_api_key")),
    limited("openai", openai(429, "insufficient_quota", "insufficient_quota")),
    failed("openai", openai(503, None, "service_unavailable"), 503),
    rejected("responses", openai(400, "invalid_prompt"), "invalid_prompt"),
    limited("responses", openai(429, "rate_limit_exceeded")),
    failed("responses", openai(500, "server_error", "server_error"), 500),
    failed("responses", lambda _: Responses(outcome="failed"), 500),
]
ROWS = [*ANTHROPICS, *BEDROCKS, *GOOGLES, *OPENAIS]
_CLAUDES = {400: "invalid_request_error", 413: "request_too_large", 429: "rate_limit_error"}
_OPENAIS = {429: "rate_limit_error", 502: "server_error"}


def kind_of(dialect: str, status: int) -> str:
    """The ``type`` of an error of this status."""
    if dialect == "messages":
        return _CLAUDES.get(status, "api_error")
    return _OPENAIS.get(status, "invalid_request_error")


def key_of(place: str) -> str:
    """The key that the provider is sent."""
    return PROVIDER_KEY if PLACES[place][0] in {"openai", "anthropic"} else "k" * 24


def name_of(row: Row) -> str:
    """For people who read the results."""
    return f"{row.place}-{row.fault}-{row.code}"


@pytest.mark.parametrize("row", ROWS, ids=name_of)
async def test_a_refusal_is_told_in_every_clients_own_words(vendors: Vendors, row: Row) -> None:
    """Status, code and type are the dialect's; keys, addresses and names behind us are nobody's."""
    upstream, key = PLACES[row.place][1], key_of(row.place)
    words = f"{row.says} Bad: {TOLD} {key} of {upstream}".strip()
    model_id = await vendors.model(row.place, row.made(words))
    for dialect in DIALECTS:
        told = await ask(vendors.gw, dialect, model_id)
        shown: dict[str, Any] = told.error or {}
        assert (told.status, shown["code"]) == (row.status, row.code), dialect
        assert shown["type"] == kind_of(dialect, row.status)
        assert told.answer.headers.get("retry-after") == row.retry_after
        assert (told.header("attempts"), told.header("failover")) == ("1", row.fault)
        assert not [leak for leak in (*LEAKS, key, upstream) if leak in told.answer.text]
        if row.fault == "rejected":
            assert shown["message"].startswith(f"{row.says} Bad:".strip())
            assert shown["message"].endswith(f"of {model_id}")
        else:
            assert "Bad" not in told.answer.text
        hopeless = row.fault in {"rejected", "auth", "model_missing"}
        assert told.answer.headers.get("x-should-retry") == ("false" if hopeless else None)


@EACH
async def test_a_refusal_is_on_record(vendors: Vendors, dialect: str) -> None:
    """With the provider's status, the fault's class and no cost."""
    model_id = await vendors.model("converse", aws(429, "ThrottlingException")("no"))
    told = await ask(vendors.gw, dialect, model_id)
    record = await Stage(vendors.up, vendors.gw).record(told.answer)
    assert (record.status, record.http_status) == (Outcome.UPSTREAM_ERROR, 429)
    assert (record.code, record.cost) == ("upstream_rate_limited", 0)
    (attempt,) = record.attempts
    assert (attempt.result, attempt.status) == ("rate_limited", 429)


@EACH
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_prompt_that_google_will_not_answer_is_an_answer(
    vendors: Vendors, dialect: str, *, stream: bool
) -> None:
    """A blocked prompt is filtered, in the client's word for it; its tokens are paid for."""
    made: Behaviour = blocked()
    if stream:
        body = b"data: " + blocked().body + b"\r\n\r\n"
        made = Answer(body, headers=(("content-type", "text/event-stream"),))
    model_id = await vendors.model("gemini", made)
    told = await ask(vendors.gw, dialect, model_id, stream=stream)
    assert (told.status, told.ended, told.text) == (200, True, "")
    word = {"chat": "content_filter", "messages": "refusal", "responses": "content_filter"}
    assert json.dumps(word[dialect]) in told.answer.text
    assert told.usage is not None
    assert told.usage["cost"] is not None


@pytest.mark.parametrize("place", TALKING)
async def test_H04_what_is_no_answer_is_an_error(vendors: Vendors, place: str) -> None:
    """A 200 that is cut off, null, empty, HTML or another provider's is nobody's answer."""
    model_id = await vendors.model(place)
    other = "gemini" if place not in {"gemini", "vertex"} else "openai"
    sound = json.dumps(Gemini().whole()).encode()
    if place not in {"gemini", "vertex"}:
        call = Call("POST", "/x", [], b'{"model":"m"}', 1, 0.0)
        sound = [one for one in speaking(place, Said())(call) if isinstance(one, bytes)][-1]
    for body in (sound[: len(sound) // 2], sound[:-1], b"null", b"", b"[]", b"{}"):
        vendors.plays(place, Answer(body))
        for dialect in DIALECTS:
            told = await ask(vendors.gw, dialect, model_id)
            assert told.error is not None, body
            assert (told.status, told.error["code"]) == (502, "upstream_invalid_response")
    for made in (html(), speaking(other, Said())):
        vendors.plays(place, made)
        told = await ask(vendors.gw, "chat", model_id)
        assert (told.status, told.header("failover")) == (502, "invalid_response")
