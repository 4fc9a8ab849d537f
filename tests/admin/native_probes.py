"""What a caller or a provider sees of one model: the observations that tests of updates compare."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from admin.native import Native
from fakes.gateway import chat

Probe = Callable[[Native, str], Awaitable[Any]]
"""Asks a running gateway about a model by its id."""


def verdict(answer: httpx.Response) -> Any:
    """200, or the code of the refusal."""
    return 200 if answer.status_code == 200 else answer.json()["error"]["code"]


def asking(**fields: Any) -> Probe:
    """Whether a chat with these fields is served."""

    async def probe(native: Native, model_id: str) -> Any:
        return verdict(await native.stage.chat(model_id, **fields))

    return probe


def embedding(**fields: Any) -> Probe:
    """Whether an embedding with these fields is made."""

    async def probe(native: Native, model_id: str) -> Any:
        return verdict(await _embed(native, model_id, fields))

    return probe


def sent(name: str, **fields: Any) -> Probe:
    """What the provider is sent under a name of the body."""

    async def probe(native: Native, model_id: str) -> Any:
        assert verdict(await native.stage.chat(model_id, **fields)) == 200
        return native.stage.up.calls[-1].json.get(name)

    return probe


def sent_embedding(name: str, **fields: Any) -> Probe:
    """The same of an embedding."""

    async def probe(native: Native, model_id: str) -> Any:
        assert verdict(await _embed(native, model_id, fields)) == 200
        return native.stage.up.calls[-1].json.get(name)

    return probe


def header_sent(name: str) -> Probe:
    """A header that the provider is sent."""

    async def probe(native: Native, model_id: str) -> Any:
        assert verdict(await native.stage.chat(model_id)) == 200
        return native.stage.up.calls[-1].header(name)

    return probe


def header_got(name: str) -> Probe:
    """A header of the answer."""

    async def probe(native: Native, model_id: str) -> Any:
        return (await native.stage.chat(model_id)).headers.get(name)

    return probe


def usage(name: str) -> Probe:
    """A part of the answer's usage."""

    async def probe(native: Native, model_id: str) -> Any:
        return (await native.stage.chat(model_id)).json()["usage"].get(name)

    return probe


async def path_called(native: Native, model_id: str) -> str:
    """The path and query that the provider is called at."""
    assert verdict(await native.stage.chat(model_id)) == 200
    return native.stage.up.calls[-1].path


async def listed(native: Native, model_id: str) -> bool:
    """Whether a key finds the model in its list, which must be what it may call."""
    data = (await native.stage.gw.client.get("/v1/models")).json()["data"]
    return model_id in {one["id"] for one in data}


async def recommended(native: Native, model_id: str) -> Any:
    """What the list says of it."""
    answer = await native.stage.gw.client.get(f"/v1/models/{model_id}")
    return answer.json().get("is_recommended")


async def by_alias(native: Native, model_id: str) -> Any:
    """Whether the other name leads to it."""
    return verdict(await native.stage.chat(f"also-{model_id.partition('-')[0]}"))


async def to_the_poor(native: Native, model_id: str) -> Any:
    """What an org on the free plan gets."""
    client = native.stage.gw.as_caller(await native.stage.gw.new_key("poor"))
    return verdict(await client.post("/v1/chat/completions", json=chat(model_id)))


async def two_at_once(native: Native, model_id: str) -> Any:
    """What two requests get that are under way together."""
    answers = await asyncio.gather(*(native.stage.chat(model_id) for _ in range(2)))
    return sorted(answer.status_code for answer in answers)


async def _embed(native: Native, model_id: str, fields: Mapping[str, Any]) -> httpx.Response:
    body = {"model": model_id, "input": "Hello", **fields}
    return await native.stage.gw.client.post("/v1/embeddings", json=body)
