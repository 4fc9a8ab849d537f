"""OpenAI's official SDK asks for embeddings of providers that spell them another way.

The SDK asks for base64 unless told otherwise, and decodes it: vectors must come in that form from
hosts that know only numbers.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from e2e.stage import exact, per_million
from e2e.vendors import Vendors
from fakes.answers import Answer, json_answer
from fakes.gemini_answers import Gemini
from fakes.http_server import Behaviour, Call, Step

pytestmark = pytest.mark.asyncio(loop_scope="module")

VECTORS = [[0.25, -0.5, 0.0], [0.25, -0.5, 1.0]]
"""All of them can be said in 32 bits."""
_COUNTED = (("content-type", "application/json"), ("x-amzn-bedrock-input-token-count", "6"))


def _titan(call: Call) -> Iterator[Step]:
    return json_answer({"embedding": VECTORS[0], "inputTextTokenCount": 3})(call)


def _cohere_at_bedrock(call: Call) -> Iterator[Step]:
    body = {"embeddings": {"float": VECTORS[: len(call.json["texts"])]}, "id": "x"}
    return Answer(json.dumps(body).encode(), headers=_COUNTED)(call)


def _cohere(call: Call) -> Iterator[Step]:
    vectors = {"float": VECTORS[: len(call.json["texts"])]}
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 6}}
    return json_answer({"id": "x", "embeddings": vectors, "meta": meta})(call)


class Host(NamedTuple):
    """Where embeddings are made, and how."""

    place: str
    model: str
    answer: Behaviour
    texts: int = 2
    """How many a call takes."""
    size: str = ""
    """Where the request says how long a vector is to be."""


HOSTS = {
    "gemini": Host("gemini", "gemini-embedding-001", Gemini(), size="outputDimensionality"),
    "vertex": Host("vertex", "text-embedding-005", Gemini(), size="outputDimensionality"),
    "titan": Host("converse", "amazon.titan-embed-text-v2:0", _titan, 1, "dimensions"),
    "bedrock-cohere": Host(
        "converse", "cohere.embed-v4:0", _cohere_at_bedrock, size="output_dimension"
    ),
    "cohere": Host("cohere", "embed-v4.0", _cohere, size="output_dimension"),
}
EVERYWHERE = pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)


@pytest_asyncio.fixture(name="client", scope="module", loop_scope="module")
async def _client(vendors: Vendors) -> AsyncIterator[Any]:
    url = f"{vendors.gw.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=vendors.gw.key, max_retries=0, timeout=20) as made:
        yield made


async def model_at(vendors: Vendors, host: Host) -> str:
    """A new model at a host, without what only conversations have."""
    config = {"api": None} if host.place == "converse" else {}
    return await vendors.model(
        host.place,
        host.answer,
        type="embeddings",
        upstream_model=host.model,
        pricing={"input_per_1m_tokens": "2"},
        provider_config=config,
    )


@EVERYWHERE
async def test_vectors_come_as_the_sdk_asks_for_them(
    vendors: Vendors, client: Any, host: Host
) -> None:
    """In base64, which is the SDK's default, and as numbers: the same, with what they cost."""
    model_id = await model_at(vendors, host)
    texts = ["one", "two"][: host.texts]
    for encoding in ({}, {"encoding_format": "float"}):
        answer = await client.embeddings.create(model=model_id, input=texts, **encoding)
        assert (answer.object, answer.model) == ("list", model_id)
        assert [one.embedding for one in answer.data] == VECTORS[: host.texts]
        assert [one.index for one in answer.data] == list(range(host.texts))
        assert answer.usage.prompt_tokens == answer.usage.total_tokens == 3 * host.texts
        assert exact(answer.usage.cost) == per_million((3 * host.texts, "2"))
        assert "base64" not in vendors.asked[-1].body.decode()
        assert all(text in vendors.asked[-1].body.decode() for text in texts)


@EVERYWHERE
async def test_a_length_is_asked_for_in_the_provider_s_words(
    vendors: Vendors, client: Any, host: Host
) -> None:
    """``dimensions`` reaches the provider by its own name."""
    model_id = await model_at(vendors, host)
    await client.embeddings.create(model=model_id, input="one", dimensions=256)
    assert f'"{host.size}":256' in vendors.asked[-1].body.decode()


async def test_several_texts_are_refused_where_a_call_takes_one(
    vendors: Vendors, client: Any
) -> None:
    """Titan embeds one text a call: 400 naming the field, and nothing is sent."""
    model_id = await model_at(vendors, HOSTS["titan"])
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model=model_id, input=["one", "two"])
    assert caught.value.param == "input"
    assert vendors.asked == []
