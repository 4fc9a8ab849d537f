"""The body that one hop gets: the client's own, but for a few named values."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.wire.json_object import Fields, read_request
from tollhouse.wire.multipart import parse_form
from tollhouse.wire.openai.request import (
    STEERING_FIELDS,
    body_for_hop,
    form_for_hop,
    read_json,
)

HELLO = [{"role": "user", "content": "hi"}]


def fields_of(body: str | bytes | dict[str, Any]) -> Fields:
    """The fields of a body."""
    if isinstance(body, dict):
        body = json.dumps(body)
    return read_request(body.encode() if isinstance(body, str) else body)


def hop(
    body: str | bytes | dict[str, Any],
    endpoint: Endpoint = Endpoint.CHAT,
    *,
    model: str = "up/stream",
    params: dict[str, Any] | None = None,
    stream_usage: bool = True,
    prompt: str | None = None,
) -> str:
    """What a hop is sent."""
    fields = fields_of(body)
    sent = body_for_hop(
        fields,
        read_json(fields, endpoint),
        upstream_model=model,
        params={name: json.dumps(value).encode() for name, value in (params or {}).items()},
        stream_usage=stream_usage,
        system_prompt=prompt,
    )
    return sent.decode()


def test_H01_only_the_name_changes() -> None:
    """Unknown fields, number spellings, key order and inner white space go on as they came."""
    body = (
        '{"foo":{"bar":[1,2.50], "x": 1e400},"model":"a","seed":9007199254740993,'
        '"messages":[{"role":"user","content":"caf\\u00e9 日本"}],"temperature":1.0}'
    )
    assert hop(body) == body.replace('"model":"a"', '"model":"up/stream"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False))
READ = {"model", "stream", "stream_options", "n", "messages", "tools", "functions", "modalities"}
READ |= {"response_format", "max_tokens", "max_completion_tokens", "max_output_tokens"}
NAMES = st.text(alphabet="abcdefghij_é日", max_size=8).filter(
    lambda name: name not in READ | STEERING_FIELDS
)


@given(st.dictionaries(NAMES, JSON, max_size=5), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_H01_all_other_values_are_byte_identical(
    others: dict[str, str],
    stream: bool,  # noqa: FBT001 - drawn
    prompted: bool,  # noqa: FBT001 - drawn
) -> None:
    """Whatever else a body holds, it goes on byte for byte and in its order."""
    if any("NaN" in value or "Infinity" in value for value in others.values()):
        return
    given = {"model": '"a"', "stream": json.dumps(stream), "messages": '[{"content":"x"}]'} | others
    body = (
        "{"
        + ",".join(
            f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in given.items()
        )
        + "}"
    )
    if any("\ud800" <= letter <= "\udfff" for letter in body):
        return
    sent = fields_of(hop(body, prompt="be kind" if prompted else None))
    changed = {"model"} | ({"messages"} if prompted else set())
    assert [name for name in sent if name != "stream_options"] == list(given)
    assert "stream_options" in sent or not stream
    for name, value in given.items():
        if name not in changed:
            assert bytes(sent[name]).decode() == value


def test_C17_every_hop_is_made_from_the_original() -> None:
    """Nothing of one hop's name, defaults, prompt or options shows in the next one's body."""
    fields = fields_of({"model": "a", "stream": True, "messages": HELLO, "api_base": "x"})
    before = {name: bytes(value) for name, value in fields.items()}
    asked = read_json(fields, Endpoint.CHAT)

    def send(model: str, prompt: str | None, params: dict[str, bytes]) -> dict[str, Any]:
        sent: dict[str, Any] = json.loads(
            body_for_hop(
                fields,
                asked,
                upstream_model=model,
                params=params,
                stream_usage=prompt is None,
                system_prompt=prompt,
            )
        )
        return sent

    first = send("one", "first prompt", {"top_p": b"0.5"})
    second = send("two", None, {"temperature": b"1"})
    assert (first["model"], first["top_p"], len(first["messages"])) == ("one", 0.5, 2)
    assert second == {
        "model": "two",
        "stream": True,
        "messages": HELLO,
        "temperature": 1,
        "stream_options": {"include_usage": True},
    }
    assert {name: bytes(value) for name, value in fields.items()} == before


@pytest.mark.parametrize("name", sorted(STEERING_FIELDS))
def test_G02_what_would_steer_a_host_is_not_sent_on(name: str) -> None:
    """Addresses, credentials and other models of the client's never reach an upstream."""
    sent = json.loads(hop({"model": "a", name: "http://127.0.0.1:9", "messages": HELLO}))
    assert sent == {"model": "up/stream", "messages": HELLO}


def test_defaults_go_under_what_the_client_sent() -> None:
    """A field that the client gave, null included, keeps its value; others get the default."""
    sent = json.loads(
        hop(
            {"model": "a", "temperature": 0.1, "top_p": None},
            params={"temperature": 1, "top_p": 1, "extra": {"a": [1]}},
        )
    )
    assert sent == {"model": "up/stream", "temperature": 0.1, "top_p": None, "extra": {"a": [1]}}


# --- Usage on streams ---


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, '{"include_usage":true}'),
        ({"stream_options": None}, '{"include_usage":true}'),
        ({"stream_options": {}}, '{"include_usage":true}'),
        ({"stream_options": {"include_usage": False}}, '{"include_usage":true}'),
        (
            {"stream_options": {"x": 1, "include_usage": False}},
            '{"x":1,"include_usage":true}',
        ),
    ],
)
@pytest.mark.parametrize("endpoint", [Endpoint.CHAT, Endpoint.COMPLETIONS])
def test_A08_usage_is_always_asked_for(
    given: dict[str, Any], sent: str, endpoint: Endpoint
) -> None:
    """Whatever the client asked, the upstream is asked for usage, and other options stay."""
    body = fields_of(hop({"model": "a", "stream": True, **given}, endpoint))
    assert bytes(body["stream_options"]).decode() == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, None),
        ({"include_usage": True}, None),
        ({"include_usage": True, "x": 1}, '{"x":1}'),
        ({"x": 1}, '{"x":1}'),
    ],
)
def test_A08_a_host_that_refuses_the_question_is_not_asked(given: Any, sent: str | None) -> None:
    """Not by us and not by the client, who gets a usage chunk of ours all the same."""
    body = fields_of(
        hop({"model": "a", "stream": True, "stream_options": given}, stream_usage=False)
    )
    options = body.get("stream_options")
    assert (bytes(options).decode() if options is not None else None) == sent


@pytest.mark.parametrize(
    ("endpoint", "stream"),
    [
        (Endpoint.CHAT, False),
        (Endpoint.RESPONSES, True),
        (Endpoint.SPEECH, True),
        (Endpoint.EMBEDDINGS, True),
    ],
)
def test_nobody_else_is_asked_for_usage(endpoint: Endpoint, stream: bool) -> None:  # noqa: FBT001 - a table
    """Whole answers have it, and other streams know no such option."""
    assert "stream_options" not in hop({"model": "a", "stream": stream}, endpoint)


# --- The model's own prompt ---


@pytest.mark.parametrize(
    ("messages", "sent"),
    [
        ("[]", '[{"role":"system","content":"be\\n\\"kind\\""}]'),
        (" [ ] ", '[{"role":"system","content":"be\\n\\"kind\\""}]'),
        (
            '[{"role":"user"}, {"n":1.0}]',
            '[{"role":"system","content":"be\\n\\"kind\\""},{"role":"user"}, {"n":1.0}]',
        ),
        ("null", "null"),
        ('{"role":"user"}', '{"role":"user"}'),
        ('"hi"', '"hi"'),
        ("5", "5"),
    ],
)
def test_a_prompt_goes_in_front_of_the_messages(messages: str, sent: str) -> None:
    """The client's messages follow byte for byte; what is no list is left to the provider."""
    body = hop(f'{{"model":"a","messages":{messages}}}', prompt='be\n"kind"')
    assert body == f'{{"model":"up/stream","messages":{sent}}}'


def test_a_prompt_without_messages_stays_out() -> None:
    """The provider says what is missing."""
    assert hop({"model": "a"}, prompt="x") == '{"model":"up/stream"}'


@pytest.mark.parametrize(
    ("given", "sent"),
    [({}, "P"), ({"instructions": None}, "P"), ({"instructions": "I"}, "P\n\nI")],
)
def test_a_prompt_goes_in_front_of_instructions(given: dict[str, Any], sent: str) -> None:
    """Responses have a field for it, and the client's own instructions follow."""
    body = json.loads(hop({"model": "a", **given}, Endpoint.RESPONSES, prompt="P"))
    assert body["instructions"] == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, "P"),
        ({"prompt": None}, "P"),
        ({"prompt": "x"}, "P\n\nx"),
        ({"prompt": ["x", "y"]}, ["P\n\nx", "P\n\ny"]),
    ],
)
def test_a_prompt_goes_in_front_of_every_legacy_prompt(given: dict[str, Any], sent: Any) -> None:
    """One text or several, each gets it."""
    body = json.loads(hop({"model": "a", **given}, Endpoint.COMPLETIONS, prompt="P"))
    assert body["prompt"] == sent


@pytest.mark.parametrize(
    ("endpoint", "given"),
    [
        (Endpoint.COMPLETIONS, {"prompt": [1, 2]}),
        (Endpoint.COMPLETIONS, {"prompt": [[1], [2]]}),
        (Endpoint.COMPLETIONS, {"prompt": {"a": 1}}),
        (Endpoint.COMPLETIONS, {"prompt": [1.5]}),
        (Endpoint.RESPONSES, {"instructions": [1]}),
    ],
)
def test_a_prompt_that_has_no_place_is_not_dropped(
    endpoint: Endpoint, given: dict[str, Any]
) -> None:
    """Input in a form that the prompt cannot be put in front of is refused, naming the field."""
    with pytest.raises(CallerError) as caught:
        hop({"model": "a", **given}, endpoint, prompt="P")
    assert caught.value.param == next(iter(given))
    hop({"model": "a", **given}, endpoint)


def test_a_prompt_does_not_touch_other_endpoints() -> None:
    """Only conversations have a place for one."""
    assert hop({"model": "a", "input": "x"}, Endpoint.EMBEDDINGS, prompt="P") == (
        '{"model":"up/stream","input":"x"}'
    )


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_a_body_for_every_endpoint(endpoint: Endpoint) -> None:
    """The name is this hop's, whatever is asked."""
    assert json.loads(hop({"model": "a", "x": 1}, endpoint)) == {"model": "up/stream", "x": 1}


# --- Forms ---


def test_a_form_gets_the_name_and_the_defaults() -> None:
    """Strings as they are, other values as JSON; the client's fields win and steering ones go."""
    text = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"model": "a", "language": "en", "api_base": "http://x"}.items()
    )
    form = parse_form(f"{text}--b--\r\n".encode(), "multipart/form-data; boundary=b")
    params = {"language": b'"de"', "prompt": b'"say \\"hi\\""', "temperature": b"0.50"}
    sent = form_for_hop(form, upstream_model="whisper-1", params=params)
    again = parse_form(sent, form.content_type)
    assert {part.name: again.text(part.name) for part in again.parts} == {
        "prompt": 'say "hi"',
        "temperature": "0.50",
        "model": "whisper-1",
        "language": "en",
    }


def test_a_large_image_is_not_walked() -> None:
    """A hop of five megabytes is made without decoding them."""
    image = "A" * 5_000_000
    fields = fields_of(b'{"model":"a","messages":[{"content":"' + image.encode() + b'"}]}')
    asked = read_json(fields, Endpoint.CHAT)
    sent = body_for_hop(
        fields, asked, upstream_model="b", params={}, stream_usage=True, system_prompt=None
    )
    assert msgspec.json.decode(sent)["messages"][0]["content"] == image
