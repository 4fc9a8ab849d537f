"""The fake Gemini is one to Google's own SDK: every answer is understood as it is meant."""

import importlib
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fakes.gemini_answers import (
    RESPONSE_ID,
    SIGNATURE,
    USAGE,
    FunctionCall,
    Gemini,
    blocked,
    google_error,
    parallel,
)
from fakes.transports import up
from fakes.upstream import FakeUpstream

__all__ = ["up"]


def _sdk(name: str) -> Any:
    with warnings.catch_warnings():
        # What the SDK's own imports warn of is not ours.
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            pytest.skip("google-genai is not installed")


pytestmark = pytest.mark.filterwarnings("default")


@asynccontextmanager
async def client(up: FakeUpstream) -> AsyncIterator[Any]:
    """Google's SDK, calling the server under test."""
    genai = _sdk("google.genai")
    options = {"base_url": up.origin, "api_version": "v1beta"}
    made = genai.Client(api_key="AIza-test", http_options=options)
    async with made.aio as sdk:
        yield sdk.models


SAID = [
    Gemini("Hi there"),
    Gemini("Hi there", thoughts="I think so.", signature=SIGNATURE),
    Gemini("", calls=parallel()),
    Gemini("Well", calls=[FunctionCall("now")], finish_reason="STOP"),
    Gemini("Cut", finish_reason="MAX_TOKENS"),
]
THINKING = {"thinking_config": {"include_thoughts": True}}


def _understood(answers: list[Any]) -> tuple[Any, ...]:
    """Text, thoughts, calls, signatures and the finish reason, as the SDK has them."""
    parts = [
        part
        for answer in answers
        for part in (answer.candidates[0].content.parts or [])
        if answer.candidates
    ]
    return (
        "".join(part.text for part in parts if part.text and not part.thought),
        "".join(part.text for part in parts if part.text and part.thought),
        [(p.function_call.name, p.function_call.args) for p in parts if p.function_call],
        sum(part.thought_signature is not None for part in parts),
        answers[-1].candidates[0].finish_reason.value,
    )


def _meant(said: Gemini) -> tuple[Any, ...]:
    return (
        said.text,
        said.thoughts,
        [(one.name, one.args) for one in said.calls],
        sum(one.signature is not None for one in said.calls) + (said.signature is not None),
        said.finish_reason,
    )


@pytest.mark.parametrize("said", SAID)
async def test_the_sdk_understands_whole_and_streamed_answers(
    up: FakeUpstream, said: Gemini
) -> None:
    """Both say the same to Google's own client, and tell the same usage."""
    up.script(said)
    async with client(up) as models:
        asked = {"model": "gemini-x", "contents": "Hi", "config": THINKING}
        whole = await models.generate_content(**asked)
        stream = await models.generate_content_stream(**asked)
        pieces = [piece async for piece in stream]
    assert _understood([whole]) == _meant(said)
    assert _understood(pieces) == _meant(said)
    for answer in (whole, *pieces):
        assert answer.response_id == RESPONSE_ID
        usage = answer.usage_metadata
        assert usage.total_token_count == USAGE["totalTokenCount"]
        assert usage.thoughts_token_count == USAGE["thoughtsTokenCount"]
    assert [call.path for call in up.calls] == [
        "/v1beta/models/gemini-x:generateContent",
        "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
    ]
    assert {call.header("x-goog-api-key") for call in up.calls} == {"AIza-test"}


@pytest.mark.parametrize("config", [None, {"thinking_config": {"thinking_budget": 512}}])
async def test_thoughts_are_not_told_unless_they_are_asked_for(
    up: FakeUpstream, config: dict[str, Any] | None
) -> None:
    """They are signed and counted all the same."""
    said = Gemini("Hi there", thoughts="I think so.", signature=SIGNATURE)
    up.script(said)
    async with client(up) as models:
        asked = {"model": "gemini-x", "contents": "Hi", "config": config}
        whole = await models.generate_content(**asked)
        pieces = [piece async for piece in await models.generate_content_stream(**asked)]
    for answers in ([whole], pieces):
        text, thoughts, _, signed, _ = _understood(answers)
        assert (text, thoughts, signed) == ("Hi there", "", 1)
        assert answers[-1].usage_metadata.thoughts_token_count == USAGE["thoughtsTokenCount"]


async def test_the_sdk_understands_counts_and_vectors(up: FakeUpstream) -> None:
    """Counting and embedding are answered by the method that the URL names."""
    up.script(Gemini(tokens=7))
    async with client(up) as models:
        counted = await models.count_tokens(model="gemini-x", contents="Hi")
        vectors = await models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
    assert counted.total_tokens == 7
    assert [one.values for one in vectors.embeddings] == [[0.25, -0.5, 0], [0.25, -0.5, 1]]


async def test_the_sdk_understands_a_blocked_prompt(up: FakeUpstream) -> None:
    """No candidates, and why."""
    up.script(blocked("SAFETY"))
    async with client(up) as models:
        answer = await models.generate_content(model="gemini-x", contents="Hi")
    assert not answer.candidates
    assert answer.prompt_feedback.block_reason.value == "SAFETY"


async def test_the_sdk_understands_errors(up: FakeUpstream) -> None:
    """The status, its name and the message."""
    errors = _sdk("google.genai.errors")
    up.script(google_error(400, "INVALID_ARGUMENT", "no such thing"))
    async with client(up) as models:
        with pytest.raises(errors.ClientError) as refusal:
            await models.generate_content(model="gemini-x", contents="Hi")
    assert (refusal.value.code, refusal.value.status) == (400, "INVALID_ARGUMENT")
    assert refusal.value.message == "no such thing"
