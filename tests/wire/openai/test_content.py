"""What inputs hold: texts, tokens, and parts that ask for a capability."""

import json
import time
from typing import Any

import msgspec
import pytest

from fakes.slowness import in_time
from tollhouse.core.errors import CallerError
from tollhouse.core.needs import Endpoint
from tollhouse.wire.openai.content import Content, input_field, read_content

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
FILE = {"type": "file", "file": {"file_id": "f"}}
TEXT = {"type": "text", "text": "look"}
DEEP = "[" * 5000 + "]" * 5000


def read(value: Any, endpoint: Endpoint = Endpoint.CHAT) -> Content:
    """What is found in a value."""
    return read_content(msgspec.Raw(json.dumps(value).encode()), endpoint)


def says(content: Any, **more: Any) -> list[dict[str, Any]]:
    """One message."""
    return [{"role": "user", "content": content, **more}]


CHATS: list[tuple[Any, set[str], list[str]]] = [
    (says("hi"), set(), ["hi"]),
    (says(None), set(), []),
    ([], set(), []),
    ([{"role": "assistant", "tool_calls": [{"id": "x"}]}], set(), []),
    (says([TEXT]), set(), ["look"]),
    (says([TEXT, IMAGE]), {"vision"}, ["look"]),
    (says([AUDIO, FILE]), {"audio", "files"}, []),
    (says([{"type": "refusal", "refusal": "no"}]), set(), []),
    # Text that merely mentions an image is none.
    (says('{"type":"image_url"}'), set(), ['{"type":"image_url"}']),
    (says([{"type": "text", "text": "image_url"}]), set(), ["image_url"]),
    # Parts that try to look like text.
    (says([{**IMAGE, "text": "x"}]), {"vision"}, ["x"]),
    (says(IMAGE), {"vision"}, []),
    (says("hi", output=[IMAGE]), {"vision"}, ["hi"]),
]


@pytest.mark.parametrize(("messages", "kinds", "texts"), CHATS)
def test_parts_of_a_conversation_ask_for_capabilities(
    messages: Any, kinds: set[str], texts: list[str]
) -> None:
    """Images, audio and files are told by their part's type, and texts are gathered."""
    found = read(messages)
    assert (set(found.capabilities), list(found.texts)) == (kinds, texts)


@pytest.mark.parametrize("letter", ["\\u0069mage_url", "image\\u005furl", "image_ur\\u006c"])
def test_escaped_spellings_of_a_type_are_found(letter: str) -> None:
    """JSON may spell any letter with an escape; it means the same."""
    raw = f'[{{"content":[{{"t\\u0079pe":"{letter}"}}]}}]'.encode()
    assert read_content(msgspec.Raw(raw), Endpoint.CHAT).capabilities == {"vision"}


ODD = [
    {"content": 5},
    {"content": [5]},
    {"content": ["text"]},
    {"content": [[]]},
    {"content": [{"type": 7}]},
    {"content": [{"type": "text", "text": {"value": "x"}}]},
    {"content": {"type": None}},
    {"content": True},
    "just text",
    None,
    7,
    [],
    {"content": 1.5, "weight": 1e300},
]


@pytest.mark.parametrize("odd", ODD)
def test_a_message_of_an_unknown_shape_hides_no_image(odd: Any) -> None:
    """What the reference does not have is left to the provider, but an image beside it counts."""
    assert read([odd]).capabilities == set()
    assert read([odd, *says([IMAGE])]).capabilities == {"vision"}
    assert read([*says([[IMAGE]]), odd]).capabilities == {"vision"}


@pytest.mark.parametrize("value", [None, 5, "text", {}, {"a": 1}, [1.5]])
def test_messages_that_are_none_ask_for_nothing(value: Any) -> None:
    """The provider refuses them; the gate has nothing to say."""
    assert read(value).capabilities == set()


@pytest.mark.parametrize("number", ["1e999", "-1e-999"])
def test_numbers_beyond_bounds_hide_no_image(number: str) -> None:
    """An odd message with a number that no machine holds does not stop the reading."""
    raw = f'[{{"content":5,"x":{number}}},{json.dumps(says([IMAGE])[0])}]'.encode()
    assert read_content(msgspec.Raw(raw), Endpoint.CHAT).capabilities == {"vision"}


@pytest.mark.parametrize("inner", [DEEP, "9" * 5000])
def test_odd_messages_that_cannot_be_read_are_refused(inner: str) -> None:
    """What cannot be looked through at all might hold anything."""
    raw = msgspec.Raw(f'[{{"content":5,"x":{inner}}}]'.encode())
    with pytest.raises(CallerError) as caught:
        read_content(raw, Endpoint.CHAT)
    assert caught.value.param == "messages"


RESPONSES: list[tuple[Any, set[str], list[str]]] = [
    ("hi", set(), ["hi"]),
    (says("hi"), set(), ["hi"]),
    (says([{"type": "input_text", "text": "a"}]), set(), ["a"]),
    (says([{"type": "input_image", "image_url": "https://x"}]), {"vision"}, []),
    (says([{"type": "input_file", "file_id": "f"}]), {"files"}, []),
    (says([{"type": "input_audio"}]), {"audio"}, []),
    ([{"type": "function_call_output", "output": "done"}], set(), ["done"]),
    (
        [{"type": "function_call_output", "output": [{"type": "input_image"}, TEXT]}],
        {"vision"},
        ["look"],
    ),
    (
        [{"type": "computer_call_output", "output": {"type": "computer_screenshot"}}],
        {"vision"},
        [],
    ),
    ([{"type": "item_reference", "id": "x"}], set(), []),
    ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}]}], set(), []),
]


@pytest.mark.parametrize(("given", "kinds", "texts"), RESPONSES)
def test_items_of_responses_ask_for_capabilities(
    given: Any, kinds: set[str], texts: list[str]
) -> None:
    """Input items, tool outputs among them, are read like messages."""
    found = read(given, Endpoint.RESPONSES)
    assert (set(found.capabilities), list(found.texts)) == (kinds, texts)


@pytest.mark.parametrize("endpoint", [Endpoint.EMBEDDINGS, Endpoint.COMPLETIONS])
@pytest.mark.parametrize(
    ("given", "texts", "tokens"),
    [
        ("one two", ["one two"], 0),
        (["a", "a longer text", "b"], ["a longer text"], 0),
        ([1, 2, 3], [], 3),
        ([[1, 2, 3], [4, 5], [6]], [], 3),
        ([], [], 0),
        ([[]], [], 0),
        ({"text": "x"}, [], 0),
        ([{"type": "image_url"}], [], 0),
        ([1.5], [], 0),
    ],
)
def test_the_largest_of_several_inputs_counts(
    endpoint: Endpoint, given: Any, texts: list[str], tokens: int
) -> None:
    """Each input has the context window to itself, as text or as tokens."""
    found = read(given, endpoint)
    assert (list(found.texts), found.tokens) == (texts, tokens)


def test_speech_is_its_text() -> None:
    """The text to be spoken is the input."""
    assert read("Hello", Endpoint.SPEECH).texts == ("Hello",)
    assert read(["Hello"], Endpoint.SPEECH).texts == ()


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_every_endpoint_has_an_input(endpoint: Endpoint) -> None:
    """No input, or one of any shape, is read without an exception."""
    assert read_content(None, endpoint) == Content()
    for value in ({"a": [1]}, "x", 1):
        assert read(value, endpoint).capabilities == set()
    assert input_field(endpoint) in {"messages", "prompt", "input"}


def test_an_image_is_skipped_over_not_copied() -> None:
    """Five megabytes of image take a few milliseconds."""
    part = {"type": "image_url", "image_url": {"url": "A" * 5_000_000}}
    raw = msgspec.Raw(json.dumps(says([TEXT, part])).encode())
    began = time.perf_counter()
    assert read_content(raw, Endpoint.CHAT).capabilities == {"vision"}
    in_time(time.perf_counter() - began, 0.25)
