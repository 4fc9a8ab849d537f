"""What Anthropic's official SDK makes of errors, counts, betas and threads behind the gateway."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic, beta_async_tool

from e2e.claude import HELLO, answered, claude_for
from e2e.stage import ANTHROPIC_ERRORS
from e2e.vendors import CLAUDES, TALKING, Said, Vendors, failing
from fakes.answers import Shape, json_answer
from fakes.anthropic_answers import Message
from fakes.gemini_answers import NEWLINE, Gemini
from fakes.http_server import Behaviour, End
from fakes.openai_answers import Chat, ToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYWHERE = pytest.mark.parametrize("place", TALKING)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
COUNTING = frozenset({"anthropic", "converse", "invoke", "gemini", "vertex", "vertex-claude"})
CALL = ToolCall("weather", '{"city": "Oslo"}', "call_1")
BROKEN: dict[str, Behaviour] = {
    "anthropic": Message(shape=Shape(stop_after=5, end=End.CLOSE)),
    "openai": Chat(shape=Shape(stop_after=3, end=End.CLOSE)),
    "gemini": Gemini(shape=Shape(newline=NEWLINE, done=0, stop_after=2, end=End.CLOSE)),
}
"""Streams that end too early, with words before that."""


@pytest_asyncio.fixture(name="claude", scope="module", loop_scope="module")
async def _claude(vendors: Vendors) -> AsyncIterator[Any]:
    async with claude_for(vendors) as client:
        yield client


async def raised(client: Any, *, stream: bool = False, **asked: Any) -> Any:
    """The exception that a request ends in, after a look at what every one of them holds."""
    with pytest.raises(anthropic.APIStatusError) as caught:
        await answered(client, stream=stream, **asked)
    error: Any = caught.value
    assert error.body["type"] == "error"
    assert error.body["request_id"] == error.response.headers["x-request-id"] == error.request_id
    assert error.type == told(error)["type"]
    assert error.type in ANTHROPIC_ERRORS
    assert error.api_message == told(error)["message"]
    return error


def told(error: Any) -> Any:
    """What stands in ``error``."""
    return error.body["error"]


# --- Refused by the gateway ---


async def test_a_wrong_key_is_an_authentication_error(vendors: Vendors, claude: Any) -> None:
    """401, in ``x-api-key`` and as a bearer token alike, without a word of the key."""
    model_id = await vendors.model("anthropic", Said())
    for wrong in ({"api_key": "sk-ant-canary"}, {"api_key": None, "auth_token": "canary"}):
        error = await raised(claude.with_options(**wrong), model=model_id)
        assert isinstance(error, anthropic.AuthenticationError)
        assert told(error)["code"] == "invalid_api_key"
        assert "canary" not in error.response.text
    assert vendors.asked == []


async def test_an_auth_token_is_as_good_as_a_key(vendors: Vendors) -> None:
    """The SDK's other way to present a credential is taken too."""
    model_id = await vendors.model("anthropic", Said())
    async with AsyncAnthropic(base_url=vendors.gw.url, auth_token=vendors.gw.key) as client:
        answer = await answered(client, stream=False, model=model_id)
    assert answer.model == model_id


@BOTH_WAYS
async def test_an_unknown_model_is_not_found(claude: Any, *, stream: bool) -> None:
    """404 for an id that the catalogue does not have."""
    error = await raised(claude, stream=stream, model="claude-none-such")
    assert isinstance(error, anthropic.NotFoundError)
    assert (error.type, told(error)["param"]) == ("not_found_error", "model")


@BOTH_WAYS
async def test_a_knob_that_a_provider_lacks_is_a_bad_request(
    vendors: Vendors, claude: Any, *, stream: bool
) -> None:
    """400 naming the field; where the model allows it, the knob is dropped and told."""
    knob = {"extra_body": {"top_k": 5}}
    strict = await vendors.model("openai", Said())
    error = await raised(claude, stream=stream, model=strict, **knob)
    assert isinstance(error, anthropic.BadRequestError)
    assert told(error)["param"] == "top_k"
    assert told(error)["code"] == "unsupported_parameter"
    assert vendors.asked == []
    lenient = await vendors.model("openai", Said(), provider_config={"unsupported_params": "drop"})
    raw = await claude.messages.with_raw_response.create(
        model=lenient,
        max_tokens=50,
        messages=HELLO,
        extra_body={"top_k": 5},
    )
    assert raw.headers["x-tollhouse-dropped-params"] == "top_k"
    assert "top_k" not in vendors.sent


async def test_a_gateway_without_room_is_unavailable(
    vendors: Vendors, claude: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 of the type that says overload, which the SDK takes for a passing fault."""
    monkeypatch.setattr(vendors.gw.app.state, "_max_inflight", 0)
    error = await raised(claude, model="any")
    assert isinstance(error, anthropic.InternalServerError)
    assert (error.status_code, error.type) == (503, "overloaded_error")


# --- Told by the provider ---


@EVERYWHERE
async def test_what_a_provider_refuses_is_a_bad_request(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """The provider's own words reach the application, whole and streamed."""
    model_id = await vendors.model(place, failing(place, 400, "that is too warm"))
    for stream in (False, True):
        error = await raised(claude, stream=stream, model=model_id)
        assert isinstance(error, anthropic.BadRequestError)
        assert error.api_message == "that is too warm"
        assert error.response.headers["x-should-retry"] == "false"


@EVERYWHERE
async def test_a_provider_s_trouble_is_told_as_what_it_is(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """A limit is a 429; all else is a 502 with the attempt, and never the application's 401."""
    limited = await vendors.model(place, failing(place, 429))
    error = await raised(claude, model=limited)
    assert isinstance(error, anthropic.RateLimitError)
    assert error.type == "rate_limit_error"
    for status, code in ((500, "upstream_error"), (401, "upstream_auth_error")):
        model_id = await vendors.model(place, failing(place, status, "secret-canary"))
        error = await raised(claude, stream=True, model=model_id)
        assert isinstance(error, anthropic.InternalServerError)
        assert (error.status_code, error.type) == (502, "api_error")
        assert told(error)["code"] == code
        (attempt,) = told(error)["attempts"]
        assert (attempt["model"], attempt["status"]) == (model_id, status)
        assert "secret-canary" not in error.response.text


@pytest.mark.parametrize("place", BROKEN)
async def test_a_stream_that_breaks_raises(vendors: Vendors, claude: Any, place: str) -> None:
    """Behind the text that came, the error event is an exception and not a clean end."""
    model_id = await vendors.model(place, BROKEN[place])
    asked = {"model": model_id, "max_tokens": 50, "messages": HELLO}
    async with claude.messages.stream(**asked) as stream:
        assert await anext(stream.text_stream)
        with pytest.raises(anthropic.APIStatusError) as caught:
            await stream.get_final_message()
    assert told(caught.value)["code"] == "upstream_disconnected"


# --- Counts, versions and betas ---


@EVERYWHERE
async def test_tokens_are_counted_where_the_provider_counts(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """A count is the provider's own; where there is none, the error says so and nothing is sent."""
    model_id = await vendors.model(place)
    asked: dict[str, Any] = {"model": model_id, "messages": HELLO, "system": "Be kind."}
    if place in COUNTING:
        counted = await claude.messages.count_tokens(**asked)
        assert counted.input_tokens == 12
        assert "Be kind." in vendors.asked[-1].body.decode()
        return
    with pytest.raises(anthropic.BadRequestError) as caught:
        await claude.messages.count_tokens(**asked)
    assert told(caught.value)["code"] == "endpoint_not_supported"
    assert vendors.asked == []


@EVERYWHERE
async def test_betas_and_versions_are_for_claude_alone(
    vendors: Vendors, claude: Any, place: str
) -> None:
    """Anthropic hears of both as the client said them; no other vendor hears of either."""
    model_id = await vendors.model(place, Said())
    betas = ["context-1m-2025-08-07", "made-up-2099-01-01"]
    await claude.beta.messages.create(
        model=model_id,
        max_tokens=50,
        messages=HELLO,
        betas=betas,
        extra_headers={"anthropic-version": "2023-06-01"},
    )
    call = vendors.asked[-1]
    passed = place in CLAUDES and place != "converse"
    header, told = call.header("anthropic-beta"), vendors.sent.get("anthropic_beta")
    if place == "invoke":
        assert (header, told) == (None, betas)
    elif passed:
        assert header is not None
        assert (header.split(","), told) == (betas, None)
    else:
        assert (header, told) == (None, None)
    assert (call.header("anthropic-version") == "2023-06-01") is (place == "anthropic")
    version = vendors.sent.get("anthropic_version")
    hosts = {"invoke": "bedrock-2023-05-31", "vertex-claude": "vertex-2023-10-16"}
    assert version == hosts.get(place)


# --- Threads ---


def rejected(status: int, kind: str, code: str) -> Behaviour:
    """How Anthropic turns a thread down."""
    error = {"type": kind, "message": "no thread", "details": {"error_code": code}}
    return json_answer({"type": "error", "error": error, "request_id": "req_x"}, status)


@pytest.mark.parametrize(
    ("no", "again"),
    [
        (rejected(404, "not_found_error", "thread_not_found"), "create"),
        (rejected(400, "invalid_request_error", "thread_unsupported_request"), None),
    ],
    ids=["lost", "unsupported"],
)
async def test_a_thread_that_anthropic_lost_is_begun_anew(
    vendors: Vendors, claude: Any, no: Behaviour, again: str | None
) -> None:
    """Anthropic's own code reaches the SDK, which sends the whole conversation instead."""

    @beta_async_tool
    async def weather(city: str) -> str:
        """Tell the weather.

        Args:
            city: Where.
        """
        return f"rain in {city}"

    said: tuple[Said | Behaviour, ...] = (Said(None, [CALL]), no, Said("Rain in Oslo."))
    model_id = await vendors.model("anthropic", *said)
    runner = claude.beta.messages.tool_runner(
        model=model_id,
        max_tokens=50,
        messages=HELLO,
        tools=[weather],
    )
    final: Any = await runner.until_done()
    assert final.content[0].text == "Rain in Oslo."
    first, lost, last = (call.json for call in vendors.asked)
    assert first["thread"] == {"type": "create"}
    assert lost["thread"]["type"] == "continue"
    assert last.get("thread") == ({"type": again} if again else None)
    assert len(last["messages"]) == 3


async def test_a_model_with_a_prompt_of_its_own_keeps_no_thread(
    vendors: Vendors, claude: Any
) -> None:
    """A thread would keep the first turn's prompt, so it is refused in words the SDK acts on."""
    model_id = await vendors.model("anthropic", Said(), system_prompt="Be kind.")
    error = await raised(claude, model=model_id, extra_body={"thread": {"type": "create"}})
    assert error.error_code == "thread_unsupported_request"
    assert told(error)["param"] == "thread"
    assert vendors.asked == []
    await answered(claude, stream=False, model=model_id, extra_body={"thread": None})
    assert "Be kind." in vendors.sent["system"]
