"""What a client asks, read from its body or its form."""

import json
from typing import Any

import pytest

from tollhouse.core.errors import CallerError, Code
from tollhouse.core.needs import CapabilityNeed, Endpoint
from tollhouse.wire.json_object import read_request
from tollhouse.wire.multipart import Form, parse_form
from tollhouse.wire.openai.request import Asked, read_form, read_json

WRAPPED = 18446744073686646784
"""A number that is negative to whoever counts in 64 bits."""


def ask(endpoint: Endpoint = Endpoint.CHAT, /, **body: Any) -> Asked:
    """Read a body of these fields."""
    return read_json(read_request(json.dumps({"model": "m", **body}).encode()), endpoint)


def needs(endpoint: Endpoint = Endpoint.CHAT, /, **body: Any) -> set[tuple[str, str]]:
    """The capabilities a body asks for, with the fields that do."""
    asked = ask(endpoint, **body).needs.capabilities
    return {(need.capability, need.param) for need in asked}


def refused(endpoint: Endpoint = Endpoint.CHAT, /, **body: Any) -> str | None:
    """The field that a body is refused for."""
    with pytest.raises(CallerError) as caught:
        ask(endpoint, **body)
    assert (caught.value.code, caught.value.status) == (Code.INVALID_REQUEST_ERROR, 400)
    return caught.value.param


# --- The model ---


@pytest.mark.parametrize(
    "model",
    [
        None,
        "",
        5,
        1.5,
        True,
        [],
        ["m"],
        {},
        {"id": "m"},
        "m" * 129,
        "a\x00b",
        "a b",
        " m",
        "m\n",
        "\t",
        "a\u00a0b",
        "a\u2028b",
        "a\u200bb",
        "a\x7fb",
    ],
)
def test_a_model_that_is_no_name_is_refused(model: Any) -> None:
    """Missing, empty, of another type, too long, with controls or white space: 400 for model."""
    assert refused(model=model) == "model"


def test_a_body_without_a_model_is_refused() -> None:
    """The model is required on every endpoint."""
    for endpoint in Endpoint:
        with pytest.raises(CallerError, match="required") as caught:
            read_json(read_request(b'{"messages":[]}'), endpoint)
        assert caught.value.param == "model"


@pytest.mark.parametrize(
    "model", ["m", "m" * 128, "bedrock/anthropic.claude:1@eu+x", "日本", "..", "%2F", "a/../b", "/"]
)
def test_a_name_is_taken_as_it_is(model: str) -> None:
    """Whether the catalogue has it is not asked here, and nothing is decoded or trimmed."""
    assert ask(model=model).model == model


# --- Streams ---


@pytest.mark.parametrize("stream", ["true", 1, 0, "", [], {}, 1.0])
def test_stream_is_true_or_false(stream: Any) -> None:
    """Anything else is a 400 naming the field."""
    assert refused(stream=stream) == "stream"


@pytest.mark.parametrize(("stream", "streamed"), [(True, True), (False, False), (None, False)])
def test_a_stream_is_asked_for_and_needs_the_capability(stream: Any, streamed: bool) -> None:  # noqa: FBT001 - a table
    """A streamed answer needs a model that streams."""
    assert ask(stream=stream).stream is streamed
    assert needs(stream=stream) == ({("streaming", "stream")} if streamed else set())


@pytest.mark.parametrize("endpoint", [Endpoint.EMBEDDINGS, Endpoint.RERANK, Endpoint.MODERATIONS])
def test_where_nothing_streams_the_field_is_just_a_field(endpoint: Endpoint) -> None:
    """Hosts ignore it there, so a whole answer is expected."""
    assert not ask(endpoint, stream=True).stream
    assert needs(endpoint, stream=True) == set()


@pytest.mark.parametrize("options", ["x", 1, [], True])
def test_stream_options_are_an_object(options: Any) -> None:
    """Anything else is a 400 naming the field."""
    assert refused(stream=True, stream_options=options) == "stream_options"


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (None, False),
        ({}, False),
        ({"include_usage": True}, True),
        ({"include_usage": False}, False),
        ({"include_usage": None}, False),
        ({"include_usage": "true"}, False),
        ({"include_obfuscation": True}, False),
    ],
)
def test_usage_is_asked_for_with_true(options: Any, asked: bool) -> None:  # noqa: FBT001 - a table
    """Only a true ``include_usage`` asks for the extra chunk."""
    assert ask(stream=True, stream_options=options).include_usage is asked


# --- Bounds ---


@pytest.mark.parametrize("n", [0, -1, 129, WRAPPED, -WRAPPED, 10**30, 1.5, 1.0, "1", True, [1]])
def test_A07_n_is_a_whole_number_in_bounds(n: Any) -> None:
    """Negative, overflowing, fractional and typed-as-text counts never get past the door."""
    assert refused(n=n) == "n"


@pytest.mark.parametrize(("n", "choices"), [(None, 1), (1, 1), (3, 3), (128, 128)])
def test_n_is_how_many_answers(n: int | None, choices: int) -> None:
    """Absent or null it is one."""
    assert ask(n=n).choices == choices


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize("value", [0, -1, "10", 1.5, True, [], {}, -WRAPPED])
def test_A07_the_output_asked_for_is_a_positive_whole_number(field: str, value: Any) -> None:
    """Anything else is a 400 naming the field it stands in."""
    assert refused(**{field: value}) == field


def test_the_largest_output_asked_for_counts() -> None:
    """A small limit in one field does not hide a large one in another."""
    asked = ask(max_completion_tokens=10, max_tokens=WRAPPED).needs
    assert (asked.max_tokens, asked.max_tokens_param) == (WRAPPED, "max_tokens")
    asked = ask(max_completion_tokens=10, max_tokens=None).needs
    assert (asked.max_tokens, asked.max_tokens_param) == (10, "max_completion_tokens")
    assert ask().needs.max_tokens is None
    asked = ask(Endpoint.RESPONSES, max_output_tokens=7).needs
    assert (asked.max_tokens, asked.max_tokens_param) == (7, "max_output_tokens")


def test_legacy_completions_may_ask_for_no_output() -> None:
    """With ``echo`` that scores a text; elsewhere it makes no sense."""
    assert ask(Endpoint.COMPLETIONS, max_tokens=0).needs.max_tokens == 0
    assert refused(Endpoint.COMPLETIONS, max_tokens=-1) == "max_tokens"


@pytest.mark.parametrize("value", [0, -1, 1_000_001, "256", 1.5, True])
def test_dimensions_are_a_whole_number_in_bounds(value: Any) -> None:
    """Checked for embeddings; elsewhere it is somebody else's field."""
    assert refused(Endpoint.EMBEDDINGS, dimensions=value) == "dimensions"
    assert ask(Endpoint.CHAT, dimensions=value).needs.dimensions is None


def test_dimensions_are_told_to_the_gate() -> None:
    """As a number, or not at all."""
    assert ask(Endpoint.EMBEDDINGS, dimensions=256).needs.dimensions == 256
    assert ask(Endpoint.EMBEDDINGS).needs.dimensions is None


def test_the_size_of_the_input_is_told_to_the_gate() -> None:
    """Its bytes, its texts and its tokens, for the context window."""
    asked = ask(messages=[{"role": "user", "content": "one two"}]).needs
    assert asked.input_floor() == 2
    assert asked.input_bytes >= len("one two")
    assert ask(Endpoint.COMPLETIONS, prompt="one two three").needs.input_floor() == 3
    assert ask(Endpoint.EMBEDDINGS, input=[[1, 2], [3]]).needs.input_floor() == 2
    assert ask().needs.input_bytes == 0


def test_the_length_of_speech_is_counted_in_characters() -> None:
    """Letters, not bytes; only where text is to be spoken."""
    assert ask(Endpoint.SPEECH, input="日本🙂").characters == 3
    assert ask(Endpoint.SPEECH).characters == 0
    assert ask(Endpoint.EMBEDDINGS, input="abc").characters == 0


# --- Capabilities ---

TOOL = {"type": "function", "function": {"name": "f"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}
IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]

NEEDS: list[tuple[Endpoint, dict[str, Any], set[tuple[str, str]]]] = [
    (Endpoint.CHAT, {}, set()),
    (Endpoint.CHAT, {"tools": [TOOL]}, {("tools", "tools")}),
    (Endpoint.CHAT, {"tools": []}, set()),
    (Endpoint.CHAT, {"tools": None}, set()),
    (Endpoint.CHAT, {"functions": [{"name": "f"}]}, {("tools", "functions")}),
    (
        Endpoint.CHAT,
        {"tools": [TOOL], "parallel_tool_calls": True},
        {("tools", "tools"), ("parallel_tools", "parallel_tool_calls")},
    ),
    (Endpoint.CHAT, {"tools": [TOOL], "parallel_tool_calls": False}, {("tools", "tools")}),
    (Endpoint.CHAT, {"parallel_tool_calls": True}, set()),
    (Endpoint.CHAT, {"tool_choice": "auto"}, set()),
    (Endpoint.CHAT, {"messages": IMAGE}, {("vision", "messages")}),
    (Endpoint.CHAT, {"modalities": ["text", "audio"]}, {("audio", "modalities")}),
    (Endpoint.CHAT, {"modalities": ["text"]}, set()),
    (Endpoint.CHAT, {"modalities": "audio"}, set()),
    (Endpoint.CHAT, {"modalities": None}, set()),
    (Endpoint.CHAT, {"response_format": SCHEMA}, {("json_schema", "response_format")}),
    (Endpoint.CHAT, {"response_format": {"type": "json_object"}}, set()),
    (Endpoint.CHAT, {"response_format": "json_schema"}, set()),
    (Endpoint.CHAT, {"response_format": None}, set()),
    (Endpoint.CHAT, {"response_format": {"type": 5}}, set()),
    (Endpoint.CHAT, {"text": {"format": SCHEMA}}, set()),
    (Endpoint.RESPONSES, {"text": {"format": SCHEMA}}, {("json_schema", "text")}),
    (Endpoint.RESPONSES, {"text": {"format": {"type": "text"}}}, set()),
    (Endpoint.RESPONSES, {"text": {}}, set()),
    (Endpoint.RESPONSES, {"text": None}, set()),
    (Endpoint.RESPONSES, {"response_format": SCHEMA}, set()),
    (Endpoint.RESPONSES, {"tools": [{"type": "web_search"}]}, {("tools", "tools")}),
    (
        Endpoint.RESPONSES,
        {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
        {("vision", "input")},
    ),
    (
        Endpoint.CHAT,
        {"messages": [{"role": "user", "content": 'send {"type":"image_url"} please'}]},
        set(),
    ),
]


@pytest.mark.parametrize(("endpoint", "body", "expected"), NEEDS)
def test_what_a_body_needs_of_its_model(
    endpoint: Endpoint, body: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    """Tools, images, audio, files and schemas are found, each with the field that asks."""
    assert needs(endpoint, **body) == expected


def test_escaped_spellings_need_the_same() -> None:
    """A schema spelled with escapes is a schema, and a list of white space holds no tools."""
    body = (
        b'{"model":"m","r\\u0065sponse_format":{"typ\\u0065":"json\\u005fschema"},"tools":[ \n ]}'
    )
    asked = read_json(read_request(body), Endpoint.CHAT)
    assert asked.needs.capabilities == (CapabilityNeed("json_schema", "response_format"),)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 60])
def test_numbers_beyond_bounds_are_numbers(number: str) -> None:
    """They are the provider's to judge, wherever they stand."""
    body = f'{{"model":"m","tools":[{number}],"modalities":[{number}],"x":{number}}}'
    assert read_json(read_request(body.encode()), Endpoint.CHAT).needs.capabilities == (
        CapabilityNeed("tools", "tools"),
    )


# --- Forms ---


def form(**fields: str) -> Form:
    """A form of text fields."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return parse_form(("".join(parts) + "--b--\r\n").encode(), "multipart/form-data; boundary=b")


@pytest.mark.parametrize("model", ["", "m" * 129, "a\x00b", "a b", "m\n"])
def test_a_form_needs_a_name_too(model: str) -> None:
    """The model of a form obeys the same rules."""
    with pytest.raises(CallerError) as caught:
        read_form(form(model=model), Endpoint.TRANSCRIPTIONS)
    assert caught.value.param == "model"
    with pytest.raises(CallerError) as caught:
        read_form(form(x="y"), Endpoint.TRANSCRIPTIONS)
    assert caught.value.param == "model"


@pytest.mark.parametrize(
    ("written", "streamed"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("0", False), ("", False)],
)
def test_a_form_may_ask_for_a_stream(written: str, streamed: bool) -> None:  # noqa: FBT001 - a table
    """As true or 1, where the endpoint can stream at all."""
    asked = read_form(form(model="m", stream=written), Endpoint.TRANSCRIPTIONS)
    assert asked.stream is streamed
    assert bool(asked.needs.capabilities) is streamed
    assert not read_form(form(model="m", stream=written), Endpoint.IMAGES_VARIATIONS).stream


@pytest.mark.parametrize("written", ["yes", "on", "t", "2", "null", "[true]"])
def test_a_form_asks_for_a_stream_plainly(written: str) -> None:
    """What one reader takes for true and another for false is refused."""
    with pytest.raises(CallerError) as caught:
        read_form(form(model="m", stream=written), Endpoint.TRANSCRIPTIONS)
    assert caught.value.param == "stream"


@pytest.mark.parametrize(
    "n", ["0", "00", "-1", "129", "1000000", str(WRAPPED), "1.0", "x", "\uff11", "+1", " 1"]
)
def test_A07_n_of_a_form_is_in_bounds(n: str) -> None:
    """However many digits it has, and whatever digits they are."""
    with pytest.raises(CallerError) as caught:
        read_form(form(model="m", n=n), Endpoint.IMAGES_EDITS)
    assert caught.value.param == "n"


@pytest.mark.parametrize(("n", "choices"), [("1", 1), ("003", 3), ("128", 128), ("", 1)])
def test_n_of_a_form_is_how_many_images(n: str, choices: int) -> None:
    """An empty field is none."""
    assert read_form(form(model="m", n=n), Endpoint.IMAGES_EDITS).choices == choices


@pytest.mark.parametrize(
    ("written", "is_text"),
    [("text", True), ("srt", True), ("vtt", True), ("json", False), ("verbose_json", False)],
)
def test_a_transcript_may_be_asked_for_as_text(written: str, is_text: bool) -> None:  # noqa: FBT001 - a table
    """Three formats are text; the rest is JSON."""
    asked = read_form(form(model="m", response_format=written), Endpoint.TRANSCRIPTIONS)
    assert asked.text_answer is is_text
