"""How usage objects of OpenAI's endpoints are read."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Usage
from tollhouse.wire.usage.openai import read_seconds, read_usage
from wire.usage.usage_rows import CHAT, case, chat, ins, outs

READ = [
    case("plain", chat(10, 5), input=10, output=5),
    case("A10 explicit zeros", chat(0, 0), input=0, output=0),
    case(
        "OpenAI chat",
        chat(
            2006,
            300,
            **ins(cached_tokens=1920, audio_tokens=0),
            **outs(
                reasoning_tokens=128,
                audio_tokens=0,
                accepted_prediction_tokens=7,
                rejected_prediction_tokens=9,
            ),
        ),
        input=2006,
        cached_input=1920,
        output=300,
        reasoning=128,
    ),
    case(
        "OpenAI audio",
        chat(100, 50, **ins(audio_tokens=80), **outs(audio_tokens=30)),
        input=100,
        audio_input=80,
        output=50,
        audio_output=30,
    ),
    case(
        "OpenAI cache writes",
        chat(2600, 9, **ins(cached_tokens=2000, cache_write_tokens=400)),
        input=2600,
        cached_input=2000,
        cache_write=400,
        output=9,
    ),
    case(
        "pictures in and out of a chat",
        chat(300, 1300, **ins(image_tokens=258), **outs(image_tokens=1290)),
        input=300,
        image_input=258,
        output=1300,
        image_output=1290,
    ),
    case(
        "details that are null",
        chat(10, 5, prompt_tokens_details=None, completion_tokens_details=None),
        input=10,
        output=5,
    ),
    case(
        "counts in details that are null",
        chat(10, 5, **ins(cached_tokens=None), **outs(reasoning_tokens=None)),
        input=10,
        output=5,
    ),
    case(
        "A03 unknown fields of any type",
        chat(10, 5, queue_time=0.1, x_groq={"id": []}, usage_note="free", is_byok=False),
        input=10,
        output=5,
    ),
    case(
        "OpenAI responses",
        {
            "input_tokens": 19,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens": 118,
            "output_tokens_details": {"reasoning_tokens": 64},
            "total_tokens": 137,
        },
        Endpoint.RESPONSES,
        input=19,
        cached_input=4,
        output=118,
        reasoning=64,
    ),
    case(
        "hosts that fill both names of a chat",
        chat(9, 12, input_tokens=0, output_tokens=0, input_tokens_details=None),
        input=9,
        output=12,
    ),
    case(
        "hosts that fill both names of a response",
        {"prompt_tokens": 0, "completion_tokens": 0, "input_tokens": 9, "output_tokens": 12},
        Endpoint.RESPONSES,
        input=9,
        output=12,
    ),
    case(
        "OpenAI embeddings", {"prompt_tokens": 4, "total_tokens": 4}, Endpoint.EMBEDDINGS, input=4
    ),
    case("Voyage embeddings", {"total_tokens": 3}, Endpoint.EMBEDDINGS, input=3),
    case("Voyage rerank", {"total_tokens": 26}, Endpoint.RERANK, input=26),
    case("Cohere rerank", {"search_units": 2}, Endpoint.RERANK, searches=2),
    case(
        "completion by way of the total",
        {"prompt_tokens": 9, "total_tokens": 14},
        input=9,
        output=5,
    ),
    case(
        "prompt by way of the total",
        {"completion_tokens": 5, "total_tokens": 14},
        input=9,
        output=5,
    ),
    case(
        "B15 a total that is only the output", chat(100, 20, total_tokens=20), input=100, output=20
    ),
    case(
        "A07 a total that fits nothing", chat(100, 20, total_tokens=999_999), input=100, output=20
    ),
    case("a whole number with a point", chat(10, 5) | {"prompt_tokens": 10.0}, input=10, output=5),
    # Images.
    case(
        "A21 gpt-image, no output details",
        {
            "input_tokens": 23,
            "input_tokens_details": {"text_tokens": 23, "image_tokens": 0},
            "output_tokens": 1056,
            "total_tokens": 1079,
        },
        Endpoint.IMAGES_GENERATIONS,
        input=23,
        output=1056,
        image_output=1056,
    ),
    case(
        "A21 gpt-image, output details",
        {
            "input_tokens": 400,
            "input_tokens_details": {"text_tokens": 77, "image_tokens": 323},
            "output_tokens": 1100,
            "output_tokens_details": {"text_tokens": 44, "image_tokens": 1056},
        },
        Endpoint.IMAGES_EDITS,
        input=400,
        image_input=323,
        output=1100,
        image_output=1056,
    ),
    case(
        "A21 only the text of an image's output is told",
        {"input_tokens": 4, "output_tokens": 1100, "output_tokens_details": {"text_tokens": 44}},
        Endpoint.IMAGES_VARIATIONS,
        input=4,
        output=1100,
        image_output=1056,
    ),
    # Audio.
    case(
        "a transcript by tokens",
        {
            "type": "tokens",
            "input_tokens": 14,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
            "output_tokens": 45,
            "total_tokens": 59,
        },
        Endpoint.TRANSCRIPTIONS,
        input=14,
        audio_input=14,
        output=45,
    ),
    case(
        "a transcript by tokens without details",
        {"type": "tokens", "input_tokens": 14, "output_tokens": 45},
        Endpoint.TRANSLATIONS,
        input=14,
        audio_input=14,
        output=45,
    ),
    case(
        "a transcript by length",
        {"type": "duration", "seconds": 12.345678},
        Endpoint.TRANSCRIPTIONS,
        microseconds=12_345_678,
    ),
    case("silence", {"type": "duration", "seconds": 0}, Endpoint.TRANSCRIPTIONS, microseconds=0),
    case(
        "speech",
        {"input_tokens": 14, "output_tokens": 101, "total_tokens": 115},
        Endpoint.SPEECH,
        input=14,
        output=101,
        audio_output=101,
    ),
]


@pytest.mark.parametrize(("told", "endpoint", "expected"), READ)
def test_every_convention_is_read_into_one(
    told: dict[str, Any], endpoint: Endpoint, expected: Usage
) -> None:
    """Bytes and decoded objects give the same usage, with input and output inclusive."""
    assert read_usage(json.dumps(told).encode(), endpoint) == expected
    assert read_usage(told, endpoint) == expected


def test_what_the_caller_counted_is_added() -> None:
    """The service tier, images and characters are not in the usage object."""
    assert read_usage(chat(1, 2), CHAT, service_tier="flex") == Usage(
        input_tokens=1, output_tokens=2, service_tier="flex"
    )
    assert read_usage(
        {"cost_in_usd_ticks": 200_000_000}, Endpoint.IMAGES_GENERATIONS, images=1
    ) == Usage(images=1, upstream_cost=200_000_000)
    assert read_usage({}, Endpoint.SPEECH, characters=9) == Usage(characters=9)


def test_raw_slices_are_read_as_they_are() -> None:
    """A slice of a larger document needs no copy."""
    assert read_usage(msgspec.Raw(b'{"prompt_tokens":4}'), Endpoint.EMBEDDINGS) == Usage(
        input_tokens=4
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"12.5", 12_500_000),
        (b"8.470000267028809", 8_470_000),
        (3, 3_000_000),
        (0.1, 100_000),
        (b'"12"', None),
        (b"-1", None),
        (b"1e400", None),
        (b"nonsense", None),
        (True, None),
    ],
)
def test_lengths_are_whole_microseconds(raw: Any, expected: int | None) -> None:
    """Seconds in any spelling of a JSON number, and nothing else."""
    assert read_seconds(raw) == expected


def test_B15_a_later_usage_replaces_an_earlier_one() -> None:
    """Input told again with the output is not added to what was told before."""
    first, last = chat(100, 0), chat(100, 20)
    assert read_usage(last, CHAT) == Usage(input_tokens=100, output_tokens=20)
    assert read_usage(last, CHAT) == read_usage(first | last, CHAT)


def test_B16_usage_counts_whatever_ended_the_answer() -> None:
    """A usage that comes with length or content_filter is a usage like any other."""
    chunk = (
        b'{"choices":[{"finish_reason":"length"}],'
        b'"usage":{"prompt_tokens":7,"completion_tokens":9}}'
    )
    told = msgspec.json.decode(chunk, type=dict[str, msgspec.Raw])["usage"]
    assert read_usage(told, CHAT) == Usage(input_tokens=7, output_tokens=9)


@pytest.mark.parametrize(
    "chunk",
    [
        b'{"usage":{"prompt_tokens":7,"completion_tokens":9}}',
        b'{"choices":null,"usage":{"prompt_tokens":7,"completion_tokens":9}}',
        b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9}}',
        b'{"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":7,"completion_tokens":9}}',
    ],
)
def test_A03_B17_usage_counts_whatever_chunk_it_came_on(chunk: bytes) -> None:
    """Choices or none, the usage is the same."""
    told = msgspec.json.decode(chunk, type=dict[str, msgspec.Raw])["usage"]
    assert read_usage(told, CHAT) == Usage(input_tokens=7, output_tokens=9)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1), st.data())
def test_A02_A03_a_stream_of_running_totals_reads_as_its_last(
    steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    """However usage is spread over chunks, the last one is what a whole answer would tell."""
    chunks: list[bytes] = []
    entered = left = 0
    for more_in, more_out in steps:
        entered, left = entered + more_in, left + more_out
        if data.draw(st.booleans()):
            chunks.append(b"null")
        chunks.append(json.dumps(chat(entered, left)).encode())
    told = [chunk for chunk in chunks if chunk != b"null"]
    assert read_usage(told[-1], CHAT) == read_usage(chat(entered, left), CHAT)
