"""Whole answers: told from what only looks like one, and completed."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.needs import Endpoint
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.openai.answer import MODEL_FIELD, Answer, read_answer

USAGE = '{"prompt_tokens":3, "total_tokens": 3.0}'
SOUND: dict[Endpoint, str] = {
    Endpoint.CHAT: '"choices":[{"message":{"content":"hi"}}]',
    Endpoint.COMPLETIONS: '"choices":[{"text":"hi"}]',
    Endpoint.RESPONSES: '"output":[{"type":"message"}],"status":"completed","error":null',
    Endpoint.EMBEDDINGS: '"data":[{"embedding":[0.10,-1e-7],"index":0}]',
    Endpoint.IMAGES_GENERATIONS: '"data":[{"b64_json":"AA"},{"url":"x"}]',
    Endpoint.IMAGES_EDITS: '"data":[{"b64_json":"AA"}]',
    Endpoint.IMAGES_VARIATIONS: '"data":[{"b64_json":"AA"}]',
    Endpoint.SPEECH: '"audio":"AAAA"',
    Endpoint.TRANSCRIPTIONS: '"text":"","duration":8.470000267028809',
    Endpoint.TRANSLATIONS: '"text":"hi"',
    Endpoint.RERANK: '"results":[{"index":0,"relevance_score":0.9}]',
    Endpoint.MODERATIONS: '"results":[{"flagged":false}]',
}
OPENAI = [one for one in Endpoint if one not in {Endpoint.MESSAGES, Endpoint.COUNT_TOKENS}]
"""The endpoints of OpenAI's protocol."""
EVERYWHERE = pytest.mark.parametrize("endpoint", OPENAI)


def body_of(endpoint: Endpoint, more: str = f'"usage":{USAGE}') -> bytes:
    """A sound answer."""
    return f'{{"id":"x","model":"up","n":9007199254740993,{SOUND[endpoint]},{more}}}'.encode()


def answer(endpoint: Endpoint, body: bytes | None = None) -> Answer:
    """An answer that is one."""
    found = read_answer(body_of(endpoint) if body is None else body, endpoint)
    assert isinstance(found, Answer)
    return found


ANSWERED = [one for one in OPENAI if one is not Endpoint.SPEECH]
"""Those that are answered in JSON."""


def refusal(body: bytes | str, endpoint: Endpoint) -> NotAnAnswer:
    """An answer that is none."""
    found = read_answer(body.encode() if isinstance(body, str) else body, endpoint)
    assert isinstance(found, NotAnAnswer)
    return found


@EVERYWHERE
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b'""',
        b'"ok"',
        b"[]",
        b"[{}]",
        b"{}",
        b"true",
        b"0",
        b"<!doctype html><title>502</title>",
        b'{"choices":[{"message":{"content":"hi"}}],"data":[],"output":',
        b"\xff\xfe",
        b'{"\xff":1}',
        b"data: {}\n\n",
        b"[" * 5000,
    ],
)
def test_H04_a_body_that_is_no_answer_is_none(body: bytes, endpoint: Endpoint) -> None:
    """Null, empty, HTML, truncated and bare values are trouble on every endpoint, with a reason."""
    found = refusal(body, endpoint)
    assert found.error is None
    assert found.reason


@EVERYWHERE
def test_H04_an_answer_cut_anywhere_is_none(endpoint: Endpoint) -> None:
    """No prefix of an answer is one."""
    body = body_of(endpoint)
    for end in range(len(body)):
        assert isinstance(read_answer(body[:end], endpoint), NotAnAnswer)


@EVERYWHERE
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"error":{"code":502, "message":"x"}}', '{"code":502, "message":"x"}'),
        ('{"error":"overloaded"}', '"overloaded"'),
        ('{"error":{"code":429},"choices":[],"data":[]}', '{"code":429}'),
        ('{"object":"error","message":"x","code":400}', None),
        ('{"type":"error","error":{"type":"overloaded_error"}}', '{"type":"overloaded_error"}'),
    ],
)
def test_H04_an_error_in_a_200_is_an_error(
    body: str, error: str | None, endpoint: Endpoint
) -> None:
    """The provider's error object is kept as it is, for its code to be read."""
    assert refusal(body, endpoint).error == (error or body).encode()


@EVERYWHERE
@pytest.mark.parametrize("nothing", ["null", '""', "{}", "[]", "false"])
def test_an_error_that_says_nothing_is_none(nothing: str, endpoint: Endpoint) -> None:
    """Some hosts always send the field."""
    answer(endpoint, body_of(endpoint, f'"error":{nothing}'))


@pytest.mark.parametrize("endpoint", ANSWERED)
def test_an_object_without_what_makes_an_answer_is_none(endpoint: Endpoint) -> None:
    """Choices, data, output, text or results: absent or null, it is no answer."""
    assert "the body has no" in refusal('{"id":"x","model":"m"}', endpoint).reason
    nulls = {name: None for body in SOUND.values() for name in json.loads(f"{{{body}}}")}
    assert refusal(json.dumps(nulls), endpoint).error is None


@EVERYWHERE
def test_an_answer_is_completed_and_nothing_else_changes(endpoint: Endpoint) -> None:
    """The model is the served one, the usage ours, and every other byte the provider's."""
    written = answer(endpoint).write(endpoint, "served/one", b'{"cost":0.10}')
    expected = body_of(endpoint, '"usage":{"cost":0.10}').replace(b'"up"', b'"served/one"')
    assert written == expected


@EVERYWHERE
def test_an_answer_without_model_or_usage_gets_them(endpoint: Endpoint) -> None:
    """Usage always; a model where the endpoint's answers have one."""
    body = f"{{{SOUND[endpoint]}}}".encode()
    written = json.loads(answer(endpoint, body).write(endpoint, "served", b"{}"))
    assert written["usage"] == {}
    assert written.get("model") == ("served" if endpoint in MODEL_FIELD else None)


def test_writing_does_not_change_the_answer() -> None:
    """It can be written twice."""
    one = answer(Endpoint.CHAT)
    assert one.write(Endpoint.CHAT, "a", b"{}") == one.write(Endpoint.CHAT, "a", b"{}")
    assert one.usage == USAGE.encode()


@pytest.mark.parametrize(
    ("more", "usage"),
    [
        (f'"usage":{USAGE}', USAGE.encode()),
        ('"usage":"none"', b'"none"'),
        ('"usage":null', None),
        ('"usage":{}', None),
        ('"x":1', None),
    ],
)
def test_usage_is_handed_on_as_it_was_written(more: str, usage: bytes | None) -> None:
    """Null and empty tell nothing."""
    assert answer(Endpoint.CHAT, body_of(Endpoint.CHAT, more)).usage == usage


@pytest.mark.parametrize(
    ("tier", "told"), [('"flex"', "flex"), ("null", None), ("5", None), ('"\xff"', "ÿ")]
)
def test_the_service_tier_is_text_or_nothing(tier: str, told: str | None) -> None:
    """Other types tell nothing."""
    body = body_of(Endpoint.CHAT, f'"service_tier":{tier}')
    assert answer(Endpoint.CHAT, body).service_tier == told


def test_text_that_is_not_UTF_8_is_passed_on_and_told_as_nothing() -> None:
    """What cannot be read is not ours to judge, and nothing fails on it."""
    body = body_of(Endpoint.CHAT, '"service_tier":"?"').replace(b"?", b"\xff")
    one = answer(Endpoint.CHAT, body)
    assert one.service_tier is None
    assert b"\xff" in one.write(Endpoint.CHAT, "m", b"{}")


def test_H12_embeddings_are_never_parsed() -> None:
    """Base64 and floats go on as they are, and are not counted as images."""
    for vector in ('"AACAPwAAAEA="', "[0.10, 1e-7,-0.0]"):
        body = f'{{"object":"list","data":[{{"embedding":{vector}}}],"model":"up"}}'.encode()
        one = answer(Endpoint.EMBEDDINGS, body)
        assert vector.encode() in one.write(Endpoint.EMBEDDINGS, "m", b"{}")
        assert (one.images, one.content_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("data", "images"), [("[{},{}]", 2), ("[]", 0), ('"x"', 0), ('{"a":1}', 0), ("5", 0)]
)
def test_A21_images_are_counted(data: str, images: int) -> None:
    """As many as the list has."""
    body = f'{{"data":{data}}}'.encode()
    assert answer(Endpoint.IMAGES_GENERATIONS, body).images == images


def test_the_length_of_audio_is_handed_on_as_it_was_written() -> None:
    """Digits and all; absent it is None."""
    assert answer(Endpoint.TRANSCRIPTIONS).seconds == b"8.470000267028809"
    assert answer(Endpoint.TRANSLATIONS).seconds is None


@pytest.mark.parametrize(
    "endpoint", [Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES, Endpoint.TRANSCRIPTIONS]
)
def test_the_size_of_the_content_is_known_for_an_estimate(endpoint: Endpoint) -> None:
    """Choices, output or text."""
    assert answer(endpoint).content_bytes > 0


@given(st.binary(max_size=80), st.sampled_from(list(Endpoint)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_looked_at_without_failing(body: bytes, endpoint: Endpoint) -> None:
    """Whatever a provider sends, it is an answer or it is not."""
    found: Any = read_answer(body, endpoint)
    assert isinstance(found, Answer | NotAnAnswer)


@pytest.mark.parametrize("own", [b"null", b'"Mine."'])
def test_instructions_are_told_as_the_clients_own(own: bytes) -> None:
    """Where the provider repeats others; where it repeats none, none are added."""
    found = answer(
        Endpoint.RESPONSES, body_of(Endpoint.RESPONSES, '"instructions":"canary","usage":null')
    )
    told = found.write(Endpoint.RESPONSES, "m", b"{}", instructions=msgspec.Raw(own))
    assert b'"instructions":' + own in told
    assert b"canary" not in told
    assert b'"canary"' in found.write(Endpoint.RESPONSES, "m", b"{}")
    without = answer(Endpoint.RESPONSES)
    assert b"instructions" not in without.write(
        Endpoint.RESPONSES, "m", b"{}", instructions=msgspec.Raw(own)
    )
