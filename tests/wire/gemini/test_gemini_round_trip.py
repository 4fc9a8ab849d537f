"""What Gemini signs comes back to it through every client dialect, as a client would send it."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from fakes.gemini_answers import SIGNATURE, Gemini, parallel
from tollhouse.wire.anthropic import conversation as messages_conversation
from tollhouse.wire.anthropic import reply as messages_reply
from tollhouse.wire.chat import conversation as chat_conversation
from tollhouse.wire.chat import reply as chat_reply
from tollhouse.wire.gemini.answer import read_answer
from tollhouse.wire.gemini.request import write_request
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.neutral.conversation import Conversation
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.responses import conversation as responses_conversation
from tollhouse.wire.responses import reply as responses_reply
from wire.gemini.gemini_said import piece

ASKED = {"role": "user", "content": "x"}


def by_chat(answer: Answer, heading: Heading) -> Conversation:
    """The next turn of a client of chat completions."""
    told = msgspec.json.decode(chat_reply.write_answer(answer, heading, b"{}"))
    said = told["choices"][0]["message"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "5"}
        for call in said.get("tool_calls", [])
    ]
    return _read(chat_conversation.read_conversation, messages=[ASKED, said, *results])


def by_messages(answer: Answer, heading: Heading) -> Conversation:
    """The next turn of Anthropic's client."""
    said = msgspec.json.decode(messages_reply.write_answer(answer, heading, b"{}"))["content"]
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "5"}
        for block in said
        if block["type"] == "tool_use"
    ]
    turns = [ASKED, {"role": "assistant", "content": said}]
    given = [{"role": "user", "content": results}] if results else []
    return _read(messages_conversation.read_conversation, messages=turns + given, max_tokens=5)


def by_responses(answer: Answer, heading: Heading) -> Conversation:
    """The next turn of a client of responses."""
    said = msgspec.json.decode(responses_reply.write_answer(answer, heading, b"{}"))["output"]
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "5"}
        for item in said
        if item["type"] == "function_call"
    ]
    return _read(responses_conversation.read_conversation, input=[ASKED, *said, *results])


def _read(reader: Callable[..., Conversation], **fields: Any) -> Conversation:
    return reader(read_request(msgspec.json.encode({"model": "m", **fields})))


CLIENTS = (by_chat, by_messages, by_responses)


@pytest.mark.parametrize("client", CLIENTS)
def test_h02_signatures_come_back(client: Callable[[Answer, Heading], Conversation]) -> None:
    """The text's and the call's signature stand where Gemini put them; no other is made up."""
    said = Gemini("Well", thoughts="I think.", signature=SIGNATURE, calls=parallel())
    answer = read_answer(msgspec.json.encode(said.whole()))
    assert isinstance(answer, Answer)
    conversation = client(answer, Heading("id1", "m", 1))
    losses = Losses(allowed=False)
    body = write_request(conversation, "gemini-3-pro-preview", losses)
    contents = msgspec.json.decode(msgspec.json.encode(body["contents"]))
    parts = [part for part in contents[1]["parts"] if not part.get("thought")]
    assert parts == [
        {"text": "Well", "thoughtSignature": SIGNATURE},
        *[one.part() for one in parallel()],
    ]
    results = [part["functionResponse"]["name"] for part in contents[2]["parts"]]
    assert results == ["add", "multiply"]


THOUGHT = {"text": "I think.", "thought": True}
AGAIN = {"text": "I think again.", "thought": True}
SAID = {"text": "Well", "thoughtSignature": "c2E="}
SAID_MORE = {"text": "So", "thoughtSignature": "c2I="}
PLAIN = {"text": "Well"}
SEALED = {"text": "", "thoughtSignature": "c2M="}
CALLED = {
    "functionCall": {"id": "c1", "name": "f", "args": {"a": 1}},
    "thoughtSignature": "c2Q=",
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "parts",
    [
        (THOUGHT, SAID),
        (THOUGHT, SAID, CALLED),
        (THOUGHT, PLAIN, CALLED),
        (THOUGHT, CALLED),
        (THOUGHT, SEALED),
        (THOUGHT, SEALED, CALLED),
        (SAID,),
        (SAID, CALLED),
        (PLAIN, CALLED),
    ],
)
def test_a_whole_answer_comes_back_as_it_was(
    client: Callable[[Answer, Heading], Conversation], parts: tuple[dict[str, Any], ...]
) -> None:
    """Each part with its own signature, whichever client carried it."""
    assert _without_thoughts(_sent_back(client, parts)) == _without_thoughts(parts)


@pytest.mark.parametrize("client", [by_messages, by_responses])
@pytest.mark.parametrize(
    "parts",
    [
        (THOUGHT, SAID, AGAIN, SAID_MORE),
        (THOUGHT, SAID, CALLED, AGAIN, SAID_MORE),
        (THOUGHT, PLAIN, CALLED, SAID_MORE),
        (THOUGHT, CALLED, AGAIN, SAID),
    ],
)
def test_thoughts_between_texts_come_back_in_order(
    client: Callable[[Answer, Heading], Conversation], parts: tuple[dict[str, Any], ...]
) -> None:
    """Chat has one text and all thoughts before it; the others keep the order."""
    assert _without_thoughts(_sent_back(client, parts)) == _without_thoughts(parts)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("parts", [(THOUGHT, SAID), (THOUGHT, SAID, CALLED), (THOUGHT, SEALED)])
def test_thoughts_that_carry_a_signature_come_back_too(
    client: Callable[[Answer, Heading], Conversation], parts: tuple[dict[str, Any], ...]
) -> None:
    """They are known to be Google's; those without one are nobody's where a client has no word."""
    assert _sent_back(client, parts) == list(parts)


def test_a_signature_behind_a_thought_waits_for_the_text() -> None:
    """Chat puts all thoughts first: the last signature is the text's, the other stands alone."""
    parts = (THOUGHT, SAID, AGAIN, SAID_MORE)
    assert _sent_back(by_chat, parts) == [
        THOUGHT,
        AGAIN,
        {"text": "", "thoughtSignature": "c2E="},
        {"text": "WellSo", "thoughtSignature": "c2I="},
    ]


def _without_thoughts(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for part in parts if not part.get("thought")]


def _sent_back(
    client: Callable[[Answer, Heading], Conversation], parts: tuple[dict[str, Any], ...]
) -> list[Any]:
    """The model's parts of the next request."""
    answer = read_answer(msgspec.json.encode(piece(*parts, finishReason="STOP")))
    assert isinstance(answer, Answer)
    conversation = client(answer, Heading("id1", "m", 1))
    body = write_request(conversation, "gemini-2.5-pro", Losses(allowed=False))
    contents = msgspec.json.decode(msgspec.json.encode(body["contents"]))
    said: list[Any] = contents[1]["parts"]
    return said
