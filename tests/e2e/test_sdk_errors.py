"""Errors as an application meets them: the official SDK's own exceptions and what they hold."""

from typing import Any

import openai
import pytest

from e2e.sdk import Sdk
from e2e.stage import Stage, assert_shape
from fakes.answers import Shape, error, rate_limited, silent
from fakes.http_server import End
from fakes.openai_answers import Chat

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = [{"role": "user", "content": "Hello"}]
PAST = "2020-01-01T00:00:00Z"


def told(raised: Any, status: int, code: str, param: str | None = None) -> Any:
    """What an exception holds, after a look at all that every one of them should."""
    assert raised.status_code == status
    assert raised.code == raised.body["code"] == code
    assert raised.param == param
    assert raised.type == raised.body["type"]
    assert_shape(raised.body)
    assert raised.request_id == raised.body["request_id"]
    assert raised.body["message"] in raised.message
    return raised.body


def ask(model_id: str, **fields: Any) -> Any:
    """A chat, for either client."""
    return lambda c: c.chat.completions.create(model=model_id, messages=HELLO, **fields)


async def test_an_unknown_key_is_an_authentication_error(stage: Stage, sdk: Sdk) -> None:
    """401, for every credential that is wrong, without a word of it."""
    model_id = await stage.model()
    for key in ("iak_nobody_000000000000", "sk-proj-secret-canary", "at:none:none"):
        raised = await sdk.raised(
            lambda c, key=key: c.with_options(api_key=key).chat.completions.create(  # type: ignore[misc]
                model=model_id, messages=HELLO
            )
        )
        assert isinstance(raised, openai.AuthenticationError)
        told(raised, 401, "invalid_api_key")
        assert key not in str(raised)
    assert stage.calls(model_id) == []


async def test_a_disabled_model_is_a_permission_error(stage: Stage, sdk: Sdk) -> None:
    """403 for each way in which the catalogue says no."""
    refusals: dict[str, dict[str, Any]] = {
        "model_disabled": {"enabled": False},
        "model_not_allowed": {"org_slugs": ["somebody-else"]},
    }
    for code, fields in refusals.items():
        model_id = await stage.model(**fields)
        raised = await sdk.raised(ask(model_id))
        assert isinstance(raised, openai.PermissionDeniedError)
        told(raised, 403, code, "model")
        assert stage.calls(model_id) == []


async def test_an_unknown_model_is_not_found_and_close_ones_are_named(
    stage: Stage, sdk: Sdk
) -> None:
    """404 for a mistyped id, with ids that the caller may have meant."""
    model_id = await stage.model(name="claude-sonnet-latest")
    raised = await sdk.raised(ask(model_id.replace("sonnet", "sonet")))
    assert isinstance(raised, openai.NotFoundError)
    body = told(raised, 404, "model_not_found", "model")
    assert model_id in body["close_ids"]
    raised = await sdk.raised(lambda c: c.models.retrieve("no/such:model"))
    assert isinstance(raised, openai.NotFoundError)
    told(raised, 404, "model_not_found", "model")


async def test_a_retired_model_is_gone_and_its_successor_named(stage: Stage, sdk: Sdk) -> None:
    """410, which the SDK has no class of its own for, with the replacement."""
    successor = await stage.model()
    model_id = await stage.model(end_of_life_at=PAST, replacement_model_id=successor)
    raised = await sdk.raised(ask(model_id))
    assert type(raised) is openai.APIStatusError
    body = told(raised, 410, "model_retired", "model")
    assert body["replacement_model"] == successor
    assert successor in raised.message


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"max_tokens": 101}, "max_tokens_exceeded", "max_tokens"),
        ({"stream": True}, "capability_not_supported", "stream"),
        ({"n": 0}, "invalid_request_error", "n"),
        ({"tools": [{"type": "function"}]}, "capability_not_supported", "tools"),
    ],
    ids=["tokens", "stream", "n", "tools"],
)
async def test_what_a_model_cannot_do_is_a_bad_request(
    stage: Stage, sdk: Sdk, fields: dict[str, Any], code: str, param: str
) -> None:
    """400, naming the field, before the provider is asked."""
    model_id = await stage.model(
        limits={"max_tokens": 100}, capabilities={"streaming": False, "tools": False}
    )
    raised = await sdk.raised(ask(model_id, **fields))
    assert isinstance(raised, openai.BadRequestError)
    told(raised, 400, code, param)
    assert stage.calls(model_id) == []


@pytest.mark.parametrize("stream", [False, True])
async def test_what_the_provider_refuses_is_a_bad_request(
    stage: Stage, sdk: Sdk, *, stream: bool
) -> None:
    """The provider's own 400, with its words and its code, for a stream as well."""
    refused = error(400, "temperature is too high", code="invalid_value", param="temperature")
    model_id = await stage.model(refused)
    raised = await sdk.raised(ask(model_id, stream=stream), streamed=stream)
    assert isinstance(raised, openai.BadRequestError)
    body = told(raised, 400, "invalid_value", "temperature")
    assert body["message"] == "temperature is too high"
    assert raised.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_s_rate_limit_is_a_rate_limit_error(
    stage: Stage, sdk: Sdk, *, stream: bool
) -> None:
    """429 with the time to wait."""
    model_id = await stage.model(rate_limited("77"))
    raised = await sdk.raised(ask(model_id, stream=stream), streamed=stream)
    assert isinstance(raised, openai.RateLimitError)
    told(raised, 429, "upstream_rate_limited")
    assert raised.response.headers["retry-after"] == "77"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (error(500, "secret-canary"), 502, "upstream_error"),
        (error(503), 502, "upstream_error"),
        (error(401, "bad key secret-canary"), 502, "upstream_auth_error"),
        (error(404), 502, "upstream_model_missing"),
        (silent(), 504, "upstream_timeout"),
    ],
    ids=["500", "503", "401", "404", "silent"],
)
async def test_a_provider_s_trouble_is_a_server_error(
    stage: Stage, sdk: Sdk, behaviour: Any, status: int, code: str, *, stream: bool
) -> None:
    """502 or 504 with the attempts, and never a 401 for a key that is not the application's."""
    model_id = await stage.model(behaviour, provider_config={"timeouts": {"first_byte": 0.1}})
    raised = await sdk.raised(ask(model_id, stream=stream), streamed=stream)
    assert isinstance(raised, openai.InternalServerError)
    body = told(raised, status, code)
    (attempt,) = body["attempts"]
    assert (attempt["model"], attempt["provider"]) == (model_id, "up")
    assert "secret-canary" not in raised.response.text


async def test_B03_B10_a_stream_that_breaks_raises(stage: Stage, sdk: Sdk) -> None:
    """The error event behind the text becomes an exception, not a clean end."""
    model_id = await stage.model(Chat(shape=Shape(stop_after=3, end=End.CLOSE)))
    raised = await sdk.raised(ask(model_id, stream=True), streamed=True)
    body: Any = raised.body
    assert type(raised) is openai.APIError
    assert raised.code == "upstream_disconnected"
    assert_shape(body)


async def test_C05_the_sdk_s_own_retries_stop_where_they_cannot_help(
    stage: Stage, sdk: Sdk
) -> None:
    """A client that tries again on its own does so for passing trouble only."""
    refused = await stage.model(error(401), name="refused")
    await sdk.raised(
        lambda c: c.with_options(max_retries=2).chat.completions.create(
            model=refused, messages=HELLO
        )
    )
    assert len(stage.calls(refused)) == 1
    passing = await stage.model(error(500), error(500), error(503), name="passing")
    await sdk.raised(
        lambda c: c.with_options(max_retries=1).chat.completions.create(
            model=passing, messages=HELLO
        )
    )
    assert len(stage.calls(passing)) == 2
