"""Every endpoint with a sound request for it, and models of every kind for it to meet.

For tables of errors: for each type of model there is one that is sound, one for every check of the
gate that refuses it, and one for every misbehaviour of a provider.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from fakes.answers import drops, error, head_then, html, json_answer, rate_limited, silent
from fakes.gateway import RunningGateway, model
from fakes.http_server import Behaviour, End
from fakes.upstream import FakeUpstream, refused_url
from tollhouse.core.errors import Code
from tollhouse.core.needs import Endpoint, ModelType

MOST = 20_000
"""Bytes that a body may have here."""
ALL = frozenset(Endpoint) - {Endpoint.COUNT_TOKENS}
"""Those that a host of OpenAI's protocol can serve."""
USUAL: dict[Endpoint, dict[str, Any]] = {
    Endpoint.CHAT: {"messages": [{"role": "user", "content": "Hello"}]},
    Endpoint.COMPLETIONS: {"prompt": "Once"},
    Endpoint.RESPONSES: {"input": "Hello"},
    Endpoint.MESSAGES: {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5},
    Endpoint.EMBEDDINGS: {"input": "Hello"},
    Endpoint.IMAGES_GENERATIONS: {"prompt": "a gate"},
    Endpoint.SPEECH: {"input": "Hello", "voice": "alloy"},
    Endpoint.RERANK: {"query": "a", "documents": ["b"]},
    Endpoint.MODERATIONS: {"input": "Hello"},
}
LONG: dict[Endpoint, dict[str, Any]] = {
    Endpoint.CHAT: {"messages": [{"role": "user", "content": "word " * 100}]},
    Endpoint.COMPLETIONS: {"prompt": "word " * 100},
    Endpoint.RESPONSES: {"input": "word " * 100},
    Endpoint.MESSAGES: {"messages": [{"role": "user", "content": "word " * 100}]},
    Endpoint.EMBEDDINGS: {"input": "word " * 100},
}

TROUBLE: dict[str, tuple[Behaviour, Code, int]] = {
    "rejected": (error(400, "no such voice"), Code.UPSTREAM_REJECTED, 400),
    "rejected_413": (error(413), Code.UPSTREAM_REJECTED, 413),
    "rejected_415": (error(415), Code.UPSTREAM_REJECTED, 415),
    "rejected_422": (error(422), Code.UPSTREAM_REJECTED, 422),
    "limited": (rate_limited("90"), Code.UPSTREAM_RATE_LIMITED, 429),
    "error": (error(500), Code.UPSTREAM_ERROR, 502),
    "html_503": (html(503), Code.UPSTREAM_ERROR, 502),
    "unauthorised": (error(401), Code.UPSTREAM_AUTH_ERROR, 502),
    "forbidden": (error(403), Code.UPSTREAM_AUTH_ERROR, 502),
    "missing": (error(404), Code.UPSTREAM_MODEL_MISSING, 502),
    "null": (json_answer(None), Code.UPSTREAM_INVALID_RESPONSE, 502),
    "html": (html(), Code.UPSTREAM_INVALID_RESPONSE, 502),
    "drops": (drops(), Code.UPSTREAM_DISCONNECTED, 502),
    "silent": (silent(), Code.UPSTREAM_TIMEOUT, 504),
    "stalls": (head_then(b"1\r\n{\r\n", End.HANG), Code.UPSTREAM_IDLE_TIMEOUT, 504),
    "error_in_200": (json_answer({"error": {"code": 429}}), Code.UPSTREAM_RATE_LIMITED, 429),
}


class Table:
    """The running gateway and how its endpoints are asked."""

    def __init__(self, gw: RunningGateway, up: FakeUpstream, poor: httpx.AsyncClient) -> None:
        self.gw = gw
        self.up = up
        self.poor = poor
        """A client of an org on the free plan."""

    async def ask(
        self,
        endpoint: Endpoint,
        named: str,
        *,
        client: httpx.AsyncClient | None = None,
        headers: Any = None,
        **fields: Any,
    ) -> httpx.Response:
        """A sound request for the endpoint's model of that name, with more fields."""
        fields = {"model": f"{endpoint.model_type}/{named}", **fields}
        client = client or self.gw.client
        url = f"/v1/{endpoint.path}"
        if endpoint.multipart:
            files = {"file": ("a.bin", b"sound"), "image": ("a.png", b"picture")}
            data = {name: str(value).lower() for name, value in fields.items()}
            return await client.post(url, data=data, files=files, headers=headers)
        return await client.post(url, json=USUAL[endpoint] | fields, headers=headers)

    async def send(self, endpoint: Endpoint, **request: Any) -> httpx.Response:
        """Any request at all to the endpoint."""
        client = request.pop("client", self.gw.client)
        method = request.pop("method", "POST")
        answer: httpx.Response = await client.request(method, f"/v1/{endpoint.path}", **request)
        return answer


def documents() -> list[dict[str, Any]]:
    """For each type of model one of each kind."""
    made = []
    for kind in ModelType:
        fields: dict[str, Any] = {"type": kind.value, "pricing": None, "upstream_model": "sound"}
        other = "speech" if kind is not ModelType.SPEECH else "rerank"
        kinds: dict[str, dict[str, Any]] = {
            "sound": {},
            "disabled": {"enabled": False},
            "retired": {"end_of_life_at": "2020-01-01T00:00:00Z"},
            "kept": {"org_slugs": ["somebody-else"]},
            "premium": {"tier": "premium"},
            "other": {"type": other},
            "still": {"capabilities": {"streaming": False}},
            "small": {"limits": {"max_tokens": 10, "context_window": 50}},
            "unreachable": {"provider": "nobody"},
        }
        if kind is ModelType.EMBEDDINGS:
            kinds["sized"] = {"dimensions": 8}
        limits = {"timeouts": {"first_byte": 0.08, "idle": 0.08}}
        for name in TROUBLE:
            kinds[name] = {"upstream_model": name, "provider_config": limits}
        made += [model(f"{kind}/{name}", **(fields | more)) for name, more in kinds.items()]
    return made


@asynccontextmanager
async def every_endpoint(folder: Path) -> AsyncIterator[Table]:
    """A gateway with all of these models."""
    async with FakeUpstream() as up:
        for name, (behaviour, _, _) in TROUBLE.items():
            up.script(behaviour, model=name)
        async with (
            RunningGateway(
                folder,
                providers={"up": up.url, "nobody": refused_url()},
                models=documents(),
                orgs=[{"slug": "acme", "plan": "pro"}, {"slug": "poor", "plan": "free"}],
                server={"max_body_bytes": MOST},
                failover={"retries": 0},
            ) as gw,
            gw.as_caller(await gw.new_key("poor")) as poor,
        ):
            yield Table(gw, up, poor)
