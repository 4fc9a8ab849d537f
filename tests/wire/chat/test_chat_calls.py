"""Tool calls in streams, however a host numbers them."""

from typing import Any

import pytest

from tollhouse.wire.neutral.answer import Stop
from tollhouse.wire.neutral.events import ArgumentsDelta, PartEnded
from tollhouse.wire.neutral.parts import Text, ToolCall
from wire.chat.chat_streams import CALLS, DONE, ROLE, calls, chunk, piece, play, read, sse

TWO = [ToolCall("t1", "f", '{"a":1}'), ToolCall("t2", "g", '{"b":2}')]

NUMBERED: dict[str, list[dict[str, Any]]] = {
    "as OpenAI does it": [
        piece(0, "t1", name="f", arguments=""),
        piece(0, arguments='{"a":'),
        piece(0, arguments="1}"),
        piece(1, "t2", name="g", arguments=""),
        piece(1, arguments='{"b":2}'),
    ],
    "numbers that begin with 1, and a gap": [
        piece(1, "t1", name="f", arguments='{"a":1}'),
        piece(4, "t2", name="g", arguments='{"b":2}'),
    ],
    "all at 0 with an id each": [
        piece(0, "t1", name="f", arguments='{"a":1}'),
        piece(0, "t2", name="g", arguments='{"b":2}'),
    ],
    "all at 0 with an id each, in pieces": [
        piece(0, "t1", name="f", arguments=""),
        piece(0, arguments='{"a":1}'),
        piece(0, "t2", name="g", arguments='{"b":'),
        piece(0, arguments="2}"),
    ],
    "no numbers": [
        piece(None, "t1", name="f", arguments='{"a":1}'),
        piece(None, "t2", name="g", arguments='{"b":2}'),
    ],
    "no numbers, later pieces without an id": [
        piece(None, "t1", name="f", arguments='{"a"'),
        piece(None, arguments=":1}"),
        piece(None, "t2", name="g", arguments='{"b":2'),
        piece(None, arguments="}"),
    ],
    "id and name on every piece": [
        piece(0, "t1", name="f", arguments='{"a":'),
        piece(0, "t1", name="f", arguments="1}"),
        piece(1, "t2", name="g", arguments='{"b":'),
        piece(1, "t2", name="g", arguments="2}"),
    ],
    "an empty name on later pieces": [
        piece(0, "t1", name="f", arguments=""),
        piece(0, name="", arguments='{"a":1}'),
        piece(1, "t2", name="g"),
        piece(1, "", name="", arguments='{"b":2}'),
    ],
    "id and name on different pieces": [
        piece(0, "t1"),
        piece(0, name="f"),
        piece(0, arguments='{"a":1}'),
        piece(1, name="g"),
        piece(1, "t2", arguments='{"b":2}'),
    ],
    "openers first": [
        piece(0, "t1", name="f", arguments=""),
        piece(1, "t2", name="g", arguments=""),
        piece(0, arguments='{"a":1}'),
        piece(1, arguments='{"b":2}'),
    ],
    "in turn": [
        piece(0, "t1", name="f", arguments='{"a"'),
        piece(1, "t2", name="g", arguments='{"b"'),
        piece(0, arguments=":1}"),
        piece(1, arguments=":2}"),
    ],
    "in turn, the second one done first": [
        piece(0, "t1", name="f", arguments='{"a":'),
        piece(1, "t2", name="g", arguments='{"b":2}'),
        piece(0, arguments="1}"),
    ],
}


@pytest.mark.parametrize("pieces", NUMBERED.values(), ids=NUMBERED.keys())
def test_B06_every_way_to_number(pieces: list[dict[str, Any]]) -> None:
    """Two calls come out as two calls, whole and in order, each piece in a chunk of its own."""
    heard = read(ROLE, *[calls(one) for one in pieces], CALLS, DONE)
    assert heard.parts == TWO
    assert heard.stop is Stop.TOOLS


@pytest.mark.parametrize("pieces", NUMBERED.values(), ids=NUMBERED.keys())
def test_B06_all_pieces_in_one_chunk(pieces: list[dict[str, Any]]) -> None:
    """The same where all pieces come at once."""
    assert read(ROLE, calls(*pieces), CALLS, DONE).parts == TWO


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, name="f", arguments='{"a":1}'), piece(1, name="g", arguments='{"b":2}')],
        [piece(0, name="f", arguments='{"a":1}'), piece(0, name="g", arguments='{"b":2}')],
        [piece(None, name="f", arguments='{"a":1}'), piece(None, name="g", arguments='{"b":2}')],
        [
            piece(0, name="f"),
            piece(0, arguments='{"a":1}'),
            piece(1, name="g"),
            piece(1, arguments='{"b":2}'),
        ],
    ],
)
def test_ids_are_made_where_there_are_none(pieces: list[dict[str, Any]]) -> None:
    """A made id tells calls apart, and answers too."""
    heard = read(ROLE, *[calls(one) for one in pieces], CALLS, DONE)
    assert heard.parts == [
        ToolCall("call_c1_0", "f", '{"a":1}'),
        ToolCall("call_c1_1", "g", '{"b":2}'),
    ]


def test_arguments_come_as_they_are_generated() -> None:
    """The first call does not wait for anything."""
    heard = play([sse(ROLE, *[calls(one) for one in NUMBERED["as OpenAI does it"][:3]])])
    deltas = [event.json for event in heard.events if isinstance(event, ArgumentsDelta)]
    assert deltas == ['{"a":', "1}"]


def test_a_call_is_told_as_complete_when_the_next_begins() -> None:
    """The second call need not wait for the end where the first is whole."""
    heard = play([sse(ROLE, *[calls(one) for one in NUMBERED["as OpenAI does it"]])])
    assert PartEnded(0) in heard.events
    assert ArgumentsDelta('{"b":2}') in heard.events


def test_a_bracket_is_not_yet_the_end() -> None:
    """A call is complete when its JSON is, not when a bracket closes."""
    pieces = [
        piece(0, "t1", name="f", arguments='{"a":{}'),
        piece(1, "t2", name="g", arguments='{"b":2}'),
        piece(0, arguments="}"),
    ]
    heard = read(ROLE, *[calls(one) for one in pieces], CALLS, DONE)
    assert heard.parts == [ToolCall("t1", "f", '{"a":{}}'), TWO[1]]


def test_no_arguments_stay_none() -> None:
    """A call without arguments has none, and words may follow it."""
    heard = read(ROLE, calls(piece(0, "t1", name="f")), chunk({"content": "so"}), CALLS, DONE)
    assert heard.parts == [ToolCall("t1", "f", ""), Text("so")]


def test_arguments_as_an_object() -> None:
    """Some hosts give the object in place of its text."""
    told = {"index": 0, "id": "t1", "function": {"name": "f", "arguments": {"a": 1.50}}}
    assert read(ROLE, calls(told), CALLS, DONE).parts == [ToolCall("t1", "f", '{"a":1.5}')]


def test_the_legacy_way() -> None:
    """A function call without id and number is a tool call."""
    heard = read(
        ROLE,
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"a":'}}),
        chunk({"function_call": {"arguments": "1}"}}),
        chunk(finish="function_call"),
        DONE,
    )
    assert heard.parts == [ToolCall("call_c1_0", "f", '{"a":1}')]
    assert heard.stop is Stop.TOOLS


def test_custom_tools() -> None:
    """Free text is kept, brackets or not."""
    pieces = [
        {"index": 0, "id": "t1", "type": "custom", "custom": {"name": "f", "input": "{"}},
        {"index": 0, "custom": {"input": "}"}},
        {"index": 0, "custom": {"input": " x"}},
    ]
    heard = read(ROLE, *[calls(one) for one in pieces], CALLS, DONE)
    assert heard.parts == [ToolCall("t1", "f", "{} x", custom=True)]


def test_H02_googles_signature() -> None:
    """A signature on any piece belongs to its call."""
    signed = piece(0, "t1", name="f", arguments="{}") | {
        "extra_content": {"google": {"thought_signature": "sig"}}
    }
    assert read(ROLE, calls(signed), CALLS, DONE).parts == [ToolCall("t1", "f", "{}", "sig")]


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, "t1", arguments="{}")],
        [*NUMBERED["as OpenAI does it"], piece(0, arguments="more")],
    ],
)
def test_calls_that_cannot_be_told_are_malformed(pieces: list[dict[str, Any]]) -> None:
    """A call without a name, and one that goes on behind its end, are no answer."""
    heard = read(ROLE, *[calls(one) for one in pieces], CALLS, DONE)
    assert heard.malformed
    assert not heard.ended
