"""Everything but chat through the official SDK: each kind of work with its own way of pricing."""

import base64
import struct
from decimal import Decimal
from typing import Any

import pytest

from e2e.sdk import Sdk
from e2e.stage import Stage, exact, per_million, spent
from fakes.answers import Stream, json_answer, typed
from fakes.openai_answers import Completion, Embeddings, Images, Transcription, speech
from fakes.responses_answers import Responses

pytestmark = pytest.mark.asyncio(loop_scope="module")

INPUT_ONLY = {"input_per_1m_tokens": "0.02"}
# The SDK marks these two operations of the reference so; applications call them all the same.
OLD = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
SOUND = ("note.mp3", b"ID3" + bytes(range(256)), "audio/mpeg")


# --- Embeddings ---


async def test_H12_embeddings_come_as_floats_from_base64(stage: Stage, sdk: Sdk) -> None:
    """The SDK asks for base64 by default, gets it untouched, and decodes the vectors."""
    model_id = await stage.model(Embeddings(4), type="embeddings", pricing=INPUT_ONLY)
    answer = await sdk(lambda c: c.embeddings.create(model=model_id, input=["one", "two"]))
    assert stage.calls(model_id)[-1].json["encoding_format"] == "base64"
    first, second = (row.embedding for row in answer.data)
    assert first == [(0 + 1) / 8 + place / 16 for place in range(4)]
    assert second == [(1 + 1) / 8 + place / 16 for place in range(4)]
    assert answer.model == model_id
    assert exact(answer.usage.cost) == per_million((8, "0.02")) == Decimal("0.00000016")


async def test_H12_embeddings_can_be_asked_for_as_floats_or_base64(stage: Stage, sdk: Sdk) -> None:
    """What is asked for is what comes, digit for digit and byte for byte."""
    model_id = await stage.model(Embeddings(3), type="embeddings", pricing=INPUT_ONLY)
    plain = await sdk(
        lambda c: c.embeddings.create(model=model_id, input="one", encoding_format="float")
    )
    assert plain.data[0].embedding == [0.125, 0.1875, 0.25]
    packed = await sdk(
        lambda c: c.embeddings.create(model=model_id, input="one", encoding_format="base64")
    )
    assert struct.unpack("<3f", base64.b64decode(packed.data[0].embedding)) == (0.125, 0.1875, 0.25)
    assert exact(plain.usage.cost) == exact(packed.usage.cost) == per_million((8, "0.02"))


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]], ids=["one", "several"])
async def test_H12_embeddings_of_tokens(stage: Stage, sdk: Sdk, tokens: Any) -> None:
    """Arrays of token numbers go on as they are."""
    model_id = await stage.model(type="embeddings", pricing=INPUT_ONLY)
    answer = await sdk(lambda c: c.embeddings.create(model=model_id, input=tokens))
    assert stage.calls(model_id)[-1].json["input"] == tokens
    assert len(answer.data) == (1 if isinstance(tokens[0], int) else 2)
    assert exact(answer.usage.cost) == per_million((8, "0.02"))


async def test_embeddings_of_an_offered_size(stage: Stage, sdk: Sdk) -> None:
    """Dimensions that the model has are asked of the provider."""
    model_id = await stage.model(type="embeddings", supported_dimensions=[2, 8], pricing=INPUT_ONLY)
    answer = await sdk(lambda c: c.embeddings.create(model=model_id, input="one", dimensions=8))
    assert len(answer.data[0].embedding) == 8


# --- Images ---

DRAWN = {"input_per_1m_tokens": "5", "image_output_per_1m_tokens": "40"}


async def test_pictures_come_in_base64_priced_by_tokens(stage: Stage, sdk: Sdk) -> None:
    """The picture's bytes are the provider's, and its tokens have the picture price."""
    model_id = await stage.model(type="image_generation", pricing=DRAWN)
    answer = await sdk(lambda c: c.images.generate(model=model_id, prompt="a toll house"))
    assert base64.b64decode(answer.data[0].b64_json) == b"\x89PNG fake"
    assert exact(answer.usage.cost) == per_million((9, "5"), (272, "40")) == Decimal("0.010925")


async def test_A21_three_pictures_by_url_are_priced_each(stage: Stage, sdk: Sdk) -> None:
    """Three pictures at 0.04 are 0.12, although the provider told no usage."""
    model_id = await stage.model(
        Images(usage=None), type="image_generation", pricing={"per_image": "0.04"}
    )
    answer = await sdk(
        lambda c: c.images.generate(
            model=model_id, prompt="a toll house", n=3, response_format="url"
        )
    )
    assert [picture.url for picture in answer.data] == ["https://images.example/1.png"] * 3
    assert exact(answer.usage.cost) == 3 * Decimal("0.04") == Decimal("0.12")


@OLD
async def test_pictures_are_edited_and_varied(stage: Stage, sdk: Sdk) -> None:
    """A picture uploaded in a form arrives whole, with only the model's name changed."""
    model_id = await stage.model(type="image_generation", pricing=DRAWN)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    edited = await sdk(
        lambda c: c.images.edit(
            model=model_id, image=("a.png", picture, "image/png"), prompt="a gate"
        )
    )
    varied = await sdk(
        lambda c: c.images.create_variation(model=model_id, image=("a.png", picture), n=2)
    )
    for call in stage.calls(model_id):
        assert call.form["image"] == picture
        assert call.form["model"] == f"{model_id}-upstream".encode()
    assert len(varied.data) == 2
    for answer in (edited, varied):
        assert exact(answer.usage.cost) == per_million((9, "5"), (272, "40"))


async def test_a_picture_can_be_streamed(stage: Stage, sdk: Sdk) -> None:
    """Pictures in the making come as events, the last one with the cost."""
    usage = {"input_tokens": 9, "output_tokens": 272, "total_tokens": 281}
    partial = {
        "type": "image_generation.partial_image",
        "b64_json": "AAAA",
        "partial_image_index": 0,
    }
    done = {"type": "image_generation.completed", "b64_json": "BBBB", "usage": usage}
    script = Stream([typed(event["type"], event) for event in (partial, done)])  # type: ignore[arg-type]
    model_id = await stage.model(script, type="image_generation", pricing=DRAWN)
    events = await sdk.events(
        lambda c: c.images.generate(model=model_id, prompt="a gate", stream=True, partial_images=1)
    )
    assert [event.b64_json for event in events] == ["AAAA", "BBBB"]
    assert exact(events[-1].usage.cost) == per_million((9, "5"), (272, "40"))


# --- Sound ---


@OLD
@pytest.mark.parametrize("kind", ["transcriptions", "translations"])
async def test_recordings_are_transcribed_and_priced_by_the_second(
    stage: Stage, sdk: Sdk, kind: str
) -> None:
    """An uploaded file arrives whole, and its length as the provider counts it is priced."""
    model_id = await stage.model(type="transcription", pricing={"per_second": "0.0001"})
    answer = await sdk(lambda c: getattr(c.audio, kind).create(model=model_id, file=SOUND))
    assert answer.text == "the quick brown fox"
    assert stage.calls(model_id)[-1].form["file"] == SOUND[1]
    assert exact(_cost(answer)) == 4 * Decimal("0.0001") == Decimal("0.0004")


def _cost(answer: Any) -> Any:
    """The cost in a usage that the SDK may or may not know for the endpoint."""
    usage = answer.usage
    return usage["cost"] if isinstance(usage, dict) else usage.cost


async def test_a_transcript_can_be_plain_text(stage: Stage, sdk: Sdk) -> None:
    """Text comes as text, and its cost, which has no other place, in the header."""
    model_id = await stage.model(
        Transcription("Übersetzung"), type="transcription", pricing={"per_request": "0.006"}
    )
    raw = await sdk(
        lambda c: c.audio.transcriptions.with_raw_response.create(
            model=model_id, file=SOUND, response_format="text"
        )
    )
    assert raw.text == "Übersetzung\n"
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert raw.headers["x-tollhouse-cost"] == "0.006"
    assert raw.headers["x-tollhouse-cost-status"] == "exact"


async def test_a_verbose_transcript_is_priced_by_its_duration(stage: Stage, sdk: Sdk) -> None:
    """Where only the duration is told, that is what is priced."""
    model_id = await stage.model(
        Transcription(seconds=3.5, usage=None),
        type="transcription",
        pricing={"per_second": "0.0001"},
    )
    answer = await sdk(
        lambda c: c.audio.transcriptions.create(
            model=model_id, file=SOUND, response_format="verbose_json"
        )
    )
    assert answer.duration == 3.5
    assert exact(_cost(answer)) == Decimal("3.5") * Decimal("0.0001") == Decimal("0.00035")


async def test_a_transcript_can_be_streamed(stage: Stage, sdk: Sdk) -> None:
    """Pieces of a transcript come as events, the last one with usage and cost."""
    usage = {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}
    delta = {"type": "transcript.text.delta", "delta": "the "}
    done = {"type": "transcript.text.done", "text": "the fox", "usage": usage}
    model_id = await stage.model(Stream([delta, done]), type="transcription")
    events = await sdk.events(
        lambda c: c.audio.transcriptions.create(model=model_id, file=SOUND, stream=True)
    )
    assert [event.type for event in events] == [delta["type"], done["type"]]
    assert exact(_cost(events[-1])) == per_million((14, "3"), (45, "15"))


async def test_speech_is_bytes_priced_by_the_character(stage: Stage, sdk: Sdk) -> None:
    """The sound is the provider's, byte for byte; the text asked for is what is priced."""
    text = "Zölle und 日本"
    model_id = await stage.model(speech, type="speech", pricing={"per_character": "0.000015"})
    raw = await sdk(
        lambda c: c.audio.speech.with_raw_response.create(model=model_id, voice="alloy", input=text)
    )
    assert raw.content == b"ID3\x04\x00" + bytes(range(256)) * 8
    assert raw.headers["content-type"] == "audio/mpeg"
    assert exact(raw.headers["x-tollhouse-cost"]) == 12 * Decimal("0.000015") == Decimal("0.00018")
    record = await stage.record(raw.headers["x-request-id"])
    assert spent(record) == Decimal("0.00018")


# --- Responses and completions ---


async def test_a_response_is_answered_with_its_cost(stage: Stage, sdk: Sdk) -> None:
    """The responses API passes through, with usage under its own names."""
    model_id = await stage.model(Responses())
    answer = await sdk(lambda c: c.responses.create(model=model_id, input="Hello"))
    assert answer.output_text == Responses().text
    assert (answer.model, answer.status) == (model_id, "completed")
    assert exact(answer.usage.cost) == per_million((12, "3"), (5, "15")) == Decimal("0.000111")


async def test_a_response_is_streamed_with_its_cost(stage: Stage, sdk: Sdk) -> None:
    """Typed events come in order, the model set in each, the cost in the last."""
    model_id = await stage.model(Responses())
    events = await sdk.events(
        lambda c: c.responses.create(model=model_id, input="Hello", stream=True)
    )
    said = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(said) == Responses().text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert events[0].response.model == events[-1].response.model == model_id
    assert exact(events[-1].response.usage.cost) == per_million((12, "3"), (5, "15"))


async def test_the_response_stream_helper_has_the_answer_and_its_cost(
    stage: Stage, sdk: Sdk
) -> None:
    """``responses.stream()`` puts the response together, cost included."""
    model_id = await stage.model(Responses())
    _, final = await sdk.accumulated(
        lambda c: c.responses.stream(model=model_id, input="Hello"), "get_final_response"
    )
    assert final.output_text == Responses().text
    assert exact(final.usage.cost) == per_million((12, "3"), (5, "15"))


@pytest.mark.parametrize("stream", [False, True])
async def test_legacy_completions_are_priced(stage: Stage, sdk: Sdk, *, stream: bool) -> None:
    """The old completions API answers, whole and streamed, with the same cost."""
    model_id = await stage.model(Completion())
    ask: Any = {"model": model_id, "prompt": "Once"}
    if stream:
        events = await sdk.events(lambda c: c.completions.create(**ask, stream=True))
        text = "".join(event.choices[0].text for event in events)
        usage = events[-1].usage
    else:
        answer = await sdk(lambda c: c.completions.create(**ask))
        text, usage = answer.choices[0].text, answer.usage
    assert text == "once upon a time"
    assert exact(usage.cost) == per_million((12, "3"), (5, "15"))


async def test_moderations_and_reranking_are_priced_by_request(stage: Stage, sdk: Sdk) -> None:
    """Work without a usage of its own has the price per request, in the answer and the header."""
    moderator = await stage.model(type="moderation", pricing={"per_request": "0.0002"})
    answer = await sdk(lambda c: c.moderations.create(model=moderator, input="peace"))
    assert answer.results[0].flagged is False
    assert answer.usage["cost"] == 0.0002
    ranker = await stage.model(type="rerank", pricing={"input_per_1m_tokens": "0.05"})
    body = {"model": ranker, "query": "toll", "documents": ["a", "b"]}
    ranked = await sdk(lambda c: c.post("/rerank", body=body, cast_to=object))
    assert [row["index"] for row in ranked["results"]] == [0, 1]
    assert exact(ranked["usage"]["cost"]) == per_million((21, "0.05")) == Decimal("0.00000105")


# --- Models ---


async def test_F01_models_are_listed_and_found_by_ids_with_slashes(stage: Stage, sdk: Sdk) -> None:
    """Every id of the list can be retrieved, whatever it holds, and its name is what answers."""
    odd = [
        await stage.model(name=name)
        for name in ("bedrock/anthropic.claude:0", "a/b/c", "at@home+x", "ft:gpt-4o:org::id")
    ]
    listed = [model.id for model in await sdk.pages(lambda c: c.models.list())]
    assert set(odd) <= set(listed)
    assert len(listed) == len(set(listed))
    for model_id in odd:
        found = await sdk(lambda c, one=model_id: c.models.retrieve(one))  # type: ignore[misc]
        assert (found.id, found.object) == (model_id, "model")
        assert found.type == "completion"
        assert found.lifecycle_state == "active"
        assert found.pricing["input_per_1m_tokens"] == "3"


async def test_answers_without_a_usage_get_one(stage: Stage, sdk: Sdk) -> None:
    """A whole answer that told no usage has an estimated one, so that ``usage.cost`` is there."""
    model_id = await stage.model(
        json_answer(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": "x",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": "Hello"},
                        "finish_reason": "stop",
                    }
                ],
            }
        )
    )
    turns = [{"role": "user", "content": "Hello"}]
    answer = await sdk(lambda c: c.chat.completions.create(model=model_id, messages=turns))
    assert answer.usage.total_tokens > 0
    assert answer.usage.cost > 0
    assert answer.usage.cost_details["status"] == "estimated"
