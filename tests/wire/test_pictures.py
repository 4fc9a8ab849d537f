"""Pictures that a model makes: in its answer, and on their way back to it."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import Response

from tollhouse.core.dialect import Dialect
from tollhouse.wire import tongues
from tollhouse.wire.json_object import read_request, write_value
from tollhouse.wire.neutral.answer import Answer
from tollhouse.wire.neutral.heading import Heading
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.responses.foreign import without_foreign
from tollhouse.wire.sse import FrameSplitter, data_of
from tollhouse.wire.translated_stream import TranslatedStream

HEADING = Heading("0b1f", "acme/painter", 1_760_000_000)
PNG = "iVBORw0KGgo="
DRAWN = {"inlineData": {"mimeType": "image/png", "data": PNG}, "thoughtSignature": "c2ln"}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "Look:"}, DRAWN]}, "finishReason": "STOP"}]
}
SAID = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Look:"}],
}
ITEM = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG}
RESPONSE = {"id": "r1", "status": "completed", "output": [SAID, ITEM]}
WHOLE = {Dialect.GEMINI: GEMINI, Dialect.RESPONSES: RESPONSE}
STREAMS: dict[Dialect, list[dict[str, Any]]] = {
    Dialect.GEMINI: [GEMINI],
    Dialect.RESPONSES: [
        {"type": "response.output_text.delta", "delta": "Look:", "output_index": 0},
        {"type": "response.output_item.done", "output_index": 0, "item": SAID},
        {"type": "response.output_item.added", "output_index": 1, "item": ITEM | {"result": None}},
        {"type": "response.output_item.done", "output_index": 1, "item": ITEM},
        {"type": "response.completed", "response": {"id": "r1", "status": "completed"}},
    ],
}
SHOWN = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
SIGNED = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
"""What Google's is told with besides, so that it can be sent back."""


def whole(client: Dialect, provider: Dialect) -> Any:
    """What a client gets of the provider's answer."""
    answer = tongues.target(provider).read_answer(json.dumps(WHOLE[provider]).encode())
    assert isinstance(answer, Answer)
    return json.loads(tongues.client(client).write_answer(answer, HEADING, b"null"))


def streamed(client: Dialect, provider: Dialect) -> list[Any]:
    """The same of the provider's stream: every event's data."""
    reader = tongues.target(provider).events()
    stream = TranslatedStream(
        reader, tongues.client(client).writer(HEADING), complete=lambda *_told, **_more: b"null"
    )
    frames = "".join(f"data: {json.dumps(event)}\n\n" for event in STREAMS[provider])
    out = stream.feed(frames.encode()) + stream.end()
    assert stream.finished
    told = [data_of(frame) or b"" for frame in FrameSplitter().feed(out)]
    return [json.loads(data) for data in told if data != b"[DONE]"]


@pytest.mark.parametrize("provider", WHOLE)
def test_chat_clients_see_them(provider: Dialect) -> None:
    """In ``images``, whole and as a delta, which the official SDK can take."""
    shown = SHOWN | (SIGNED if provider is Dialect.GEMINI else {})
    assert whole(Dialect.CHAT, provider)["choices"][0]["message"]["images"] == [shown]
    chunks = streamed(Dialect.CHAT, provider)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert [one["images"] for one in deltas if "images" in one] == [[{"index": 0, **shown}]]
    assert "".join(one.get("content", "") for one in deltas) == "Look:"
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk)


@pytest.mark.parametrize("provider", WHOLE)
def test_responses_clients_see_them(provider: Dialect) -> None:
    """As an item of OpenAI's own tool for images, in the stream and in its last event."""
    events = streamed(Dialect.RESPONSES, provider)
    for response in (whole(Dialect.RESPONSES, provider), events[-1]["response"]):
        text, picture = Response.model_validate(response).output
        assert text.type == "message"
        assert picture.type == "image_generation_call"
        assert picture.result == PNG
    kinds = [event["type"] for event in events if event.get("output_index") == 1]
    assert kinds == ["response.output_item.added", "response.output_item.done"]


@pytest.mark.parametrize("provider", WHOLE)
def test_messages_clients_get_the_rest(provider: Dialect) -> None:
    """Their protocol has no pictures of the assistant's."""
    assert whole(Dialect.MESSAGES, provider)["content"] == [{"type": "text", "text": "Look:"}]
    events = streamed(Dialect.MESSAGES, provider)
    started = [event for event in events if event["type"] == "content_block_start"]
    stopped = [event for event in events if event["type"] == "content_block_stop"]
    assert [event["index"] for event in started] == [event["index"] for event in stopped] == [0]


def asked_again(client: Dialect, provider: Dialect = Dialect.GEMINI) -> dict[str, Any]:
    """The request of a client that goes on from an answer."""
    answer = whole(client, provider)
    more = {"role": "user", "content": "Now in red."}
    if client is Dialect.CHAT:
        return {"messages": [answer["choices"][0]["message"], more]}
    return {"input": [*answer["output"], more]}


def written(target: Dialect, client: Dialect, body: dict[str, Any]) -> Any:
    """What a provider is asked."""
    conversation = tongues.client(client).read_conversation(read_request(json.dumps(body).encode()))
    losses = Losses(allowed=False)
    return json.loads(write_value(tongues.target(target).write_request(conversation, "m", losses)))


def test_gemini_gets_its_own_back() -> None:
    """With its signature, which chat clients carry."""
    body = written(Dialect.GEMINI, Dialect.CHAT, asked_again(Dialect.CHAT))
    assert body["contents"][0] == {"role": "model", "parts": [{"text": "Look:"}, DRAWN]}
    body = written(Dialect.GEMINI, Dialect.RESPONSES, asked_again(Dialect.RESPONSES))
    unsigned = {"inlineData": DRAWN["inlineData"]}
    assert body["contents"][0] == {"role": "model", "parts": [{"text": "Look:"}, unsigned]}


@pytest.mark.parametrize("client", [Dialect.CHAT, Dialect.RESPONSES])
@pytest.mark.parametrize(
    "target", [Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES, Dialect.CONVERSE]
)
def test_no_other_provider_takes_one_of_the_assistants(target: Dialect, client: Dialect) -> None:
    """The client's own field is named before anything is sent."""
    with pytest.raises(Unsupported) as refusal:
        written(target, client, asked_again(client))
    places = {Dialect.CHAT: "messages[0].images[0]", Dialect.RESPONSES: "input[1]"}
    assert refusal.value.param == places[client]


def test_openai_is_not_sent_items_that_it_never_made() -> None:
    """It looks pictures up by their ids; its own stay byte for byte."""
    ours = asked_again(Dialect.RESPONSES)["input"]
    fields = read_request(json.dumps({"input": ours}).encode())
    kept = json.loads(bytes(without_foreign(fields["input"])))
    assert [item.get("type", "message") for item in kept] == ["message", "message"]
    own = read_request(json.dumps({"input": [ITEM]}).encode())["input"]
    assert without_foreign(own) is own


@pytest.mark.parametrize(
    ("modalities", "told"),
    [(["image", "text"], ["IMAGE", "TEXT"]), (["image"], ["IMAGE"]), (["text"], None)],
)
def test_gemini_is_asked_for_pictures(modalities: list[str], told: list[str] | None) -> None:
    """By the field that chat has for it."""
    body = {"messages": [{"role": "user", "content": "Draw."}], "modalities": modalities}
    config = written(Dialect.GEMINI, Dialect.CHAT, body).get("generationConfig", {})
    assert config.get("responseModalities") == told


@pytest.mark.parametrize("target", [Dialect.GEMINI, Dialect.MESSAGES, Dialect.RESPONSES])
def test_sound_is_asked_of_nobody(target: Dialect) -> None:
    """And pictures of Gemini only."""
    kind = "audio" if target is Dialect.GEMINI else "image"
    body = {"messages": [{"role": "user", "content": "Draw."}], "modalities": ["text", kind]}
    with pytest.raises(Unsupported) as refusal:
        written(target, Dialect.CHAT, body)
    assert refusal.value.param == "modalities"
