"""Bedrock's errors, and counting: small answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import bedrock_answers as fake
from fakes.recorded import Recording, each
from tollhouse.core.dialect import Vendor
from tollhouse.wire.converse.count import read_count, write_count
from tollhouse.wire.converse.errors import error_object, error_type
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.conversation import Message, ReasoningAsked, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Reasoning, Text
from wire.converse.sound import CALL, CLAUDE, HI, RESULT, asking, assistant, judge, user


@pytest.mark.parametrize(
    ("header", "body", "told"),
    [
        ("ThrottlingException", b"{}", "ThrottlingException"),
        ("ThrottlingException:http://internal/coral/", b"", "ThrottlingException"),
        ("aws.x#AccessDeniedException:http://a", b"{}", "AccessDeniedException"),
        ("", b'{"__type":"com.amazon.x#ValidationException"}', "ValidationException"),
        ("", b'{"code":"ResourceNotFoundException"}', "ResourceNotFoundException"),
        ("", b'{"message":"no"}', None),
        ("", b"<html>", None),
        ("ValidationException", b'{"message":"too long"}', "ValidationException"),
    ],
)
def test_the_type_of_an_error_is_bare(header: str, body: bytes, told: str | None) -> None:
    """From the header or the body, without a namespace or a URL."""
    assert error_type({"x-amzn-errortype": header}, body) == told


def test_a_made_refusal_tells_its_type() -> None:
    """The fake's, which AWS's own SDK understands."""
    _, headers, body = fake.error(503, "ServiceUnavailableException", "later")
    assert error_type(headers, body) == "ServiceUnavailableException"


@pytest.mark.parametrize("name", ["message", "Message"])
def test_a_model_that_does_not_exist_is_missing(name: str) -> None:
    """To Bedrock it is a mistake of the request; it is ours."""
    body = json.dumps({name: "The provided model identifier is invalid."}).encode()
    assert error_type({"x-amzn-errortype": "ValidationException"}, body) == "model_not_found"


@pytest.mark.parametrize("recording", each("bedrock-converse", "bedrock-count-tokens"))
def test_recorded_refusals_are_told_apart(recording: Recording) -> None:
    """The missing model from all others, whose type was not recorded."""
    if not recording.is_answer:
        missing = "does-not-exist" in recording.path or recording.path.count(":O/")
        told = error_type(recording.headers, recording.body)
        assert told == ("model_not_found" if missing else None)


@given(st.text(max_size=20), st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_error_is_read_without_failing(header: str, body: bytes) -> None:
    """Whatever stands where an error should."""
    assert error_type({"x-amzn-errortype": header}, body) != ""
    assert json.loads(error_object(header, body)).keys() == {"code", "type", "message"}


def test_counting_is_asked_for_what_tokens_are_made_of() -> None:
    """Messages, instructions, tools and the model's own fields; no limits, no tiers."""
    system = Message(Role.SYSTEM, (Text("Be brief."),))
    signed = Reasoning("Hm", vendor=Vendor.ANTHROPIC, signature="c2ln")
    conversation = asking(
        system,
        HI,
        assistant(signed, CALL),
        user(RESULT),
        max_tokens=4096,
        reasoning=ReasoningAsked(budget=1024),
    )
    body = write_count(conversation, CLAUDE, Losses(allowed=False))
    asked = body["input"]["converse"]
    assert set(asked) == {"messages", "system", "toolConfig", "additionalModelRequestFields"}
    judge(json.loads(json.dumps({"input": {"converse": {**asked, "messages": []}}})), "CountTokens")
    plain = write_count(asking(), CLAUDE, Losses(allowed=False))
    assert plain == {"input": {"converse": {"messages": [{"role": "user", "content": [TEXT]}]}}}


TEXT = {"text": "Hi"}


@pytest.mark.parametrize("recording", each("bedrock-count-tokens"))
def test_recorded_counts_are_read(recording: Recording) -> None:
    """A number; a refusal is none."""
    counted = read_count(recording.body)
    if recording.is_answer:
        assert counted == json.loads(recording.body)["inputTokens"]
    else:
        assert isinstance(counted, NotAnAnswer)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"inputTokens":"7"}', b'{"inputTokens":1e99}', b'{"inputTokens":-7}']
)
def test_what_counts_nothing_is_no_count(body: bytes) -> None:
    """Nothing is raised."""
    assert isinstance(read_count(body), NotAnAnswer)
