"""A gateway's admin plane on a real store behind a real socket, with a clock that can be set."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tollhouse.admin.application import admin_application
from tollhouse.admin.plane import AdminPlane
from tollhouse.admin.trail import Author
from tollhouse.catalogue.compile import Compiler, Environment
from tollhouse.core.caller import Caller, CredentialKind, Role
from tollhouse.core.model import Provider, Secret, Timeouts
from tollhouse.identity import sealing
from tollhouse.pipeline.callers import Callers
from tollhouse.pipeline.live import LiveCatalogue
from tollhouse.store.sql import SqlStore, open_store
from tollhouse.system import SystemIds

BOOTSTRAP = "bootstrap-token-of-thirty-two-characters-and-more"
NOON = 1_900_000_000.0
"""When a test begins, in Unix seconds: 2030-03-17T17:46:40Z."""
SEALING_KEY = b"k" * 32
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS, and loading the certificates takes longer than a test."""
PROVIDERS = {
    "openai": Provider(
        "openai",
        "openai",
        "https://api.openai.com/v1",
        api_key=Secret("sk-canary-of-the-provider"),
        headers=(("x-team", "canary-header"),),
    ),
    "spare": Provider(
        "spare", "openai", "https://user:canary-user@spare.example/v1?k=canary-query"
    ),
}
OPERATOR = Author(Caller(CredentialKind.LOCAL, "shell", role=Role.SYSTEM_ADMIN), "from-the-shell")


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    time: float = NOON

    def now(self) -> float:
        """Unix seconds."""
        return self.time

    def monotonic(self) -> float:
        """The same, which never goes back in these tests."""
        return self.time


def seal(text: str) -> str:
    """Seal as the composition root does."""
    return sealing.seal(SEALING_KEY, text, os.urandom(12))


def unseal(sealed: str) -> str:
    """Open what was sealed."""
    return sealing.unseal(SEALING_KEY, sealed)


@dataclass
class House:
    """One worker's admin plane, and ways to call it."""

    store: SqlStore
    live: LiveCatalogue
    callers: Callers
    plane: AdminPlane
    clock: SetClock
    application: ASGIApp
    url: str = ""
    breakers: dict[tuple[str, str], str] = field(default_factory=dict)
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, credential: str | None = BOOTSTRAP) -> httpx.AsyncClient:
        """A client with a credential of its own."""
        headers = {} if credential is None else {"authorization": f"Bearer {credential}"}
        client = httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=60,
            trust_env=False,
            verify=NO_CERTIFICATES,
        )
        self.clients.append(client)
        return client

    async def org(self, slug: str, plan: str = "pro") -> str:
        """An org, made by the operator."""
        await self.plane.orgs.create(OPERATOR, {"slug": slug, "plan": plan})
        return slug

    async def key(self, org: str) -> str:
        """A key of an org: the secret itself."""
        return (await self.plane.keys.create(OPERATOR, {"org": org})).secret

    async def token(self, role: str, org: str, user: str = "ada") -> str:
        """A token of a user with a role in an org: the secret itself."""
        body = {"user": user, "org": org, "role": role}
        return (await self.plane.tokens.create(OPERATOR, body)).secret

    async def model(self, model_id: str, **fields: Any) -> dict[str, Any]:
        """A model, made by the operator."""
        stored = await self.plane.models.create(OPERATOR, body(model_id, **fields))
        return stored.document

    async def events(self, **wanted: str) -> list[dict[str, Any]]:
        """The audit trail as the API tells it, newest first."""
        response = await self.client().get("/admin/v1/audit", params=wanted)
        data: list[dict[str, Any]] = response.json()["data"]
        return data


def body(model_id: str, **fields: Any) -> dict[str, Any]:
    """A small model document as a client sends it."""
    return {"model_id": model_id, "type": "completion", "provider": "openai", **fields}


def build(url: str, clock: SetClock) -> House:
    """A worker over a database; call ``live.load`` to begin with what is in it."""
    store = open_store(url)
    environment = Environment(
        providers=PROVIDERS,
        tiers={
            "standard": frozenset({"free", "pro", "enterprise"}),
            "premium": frozenset({"pro", "enterprise"}),
        },
        unseal=unseal,
        timeouts=Timeouts(),
    )
    live = LiveCatalogue(store, Compiler(environment))
    callers = Callers(store, clock, bootstrap_token=BOOTSTRAP)
    breakers: dict[tuple[str, str], str] = {}
    plane = AdminPlane(
        store=store,
        live=live,
        callers=callers,
        clock=clock,
        ids=SystemIds(),
        seal=seal,
        providers=PROVIDERS,
        breakers=lambda: breakers,
    )
    application = admin_application(plane)
    return House(store, live, callers, plane, clock, application, breakers=breakers)


@asynccontextmanager
async def open_house(file: Path, clock: SetClock) -> AsyncIterator[House]:
    """A worker that listens."""
    house = build(f"sqlite:///{file}", clock)
    await house.live.load()
    async with listening(house.application) as url:
        house.url = url
        yield house
        for client in house.clients:
            await client.aclose()
    await house.store.aclose()


@asynccontextmanager
async def listening(application: ASGIApp) -> AsyncIterator[str]:
    """The application behind uvicorn's protocol on a free port; its base URL."""
    config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        for task in list(state.tasks):
            await task


def take_away(file: Path) -> Path:
    """Lose a store: the file is elsewhere, and that is what is returned."""
    return file.rename(file.with_suffix(".away"))


def bring_back(away: Path) -> None:
    """Have the store again."""
    away.rename(away.with_suffix(".db"))


def fields_of(response: httpx.Response) -> Mapping[str, str]:
    """The faults of an error answer by their paths."""
    return {one["path"]: one["message"] for one in response.json()["error"]["fields"]}


def code_of(response: httpx.Response) -> str:
    """The code of an error answer, which has the one shape that they all have."""
    content = response.json()
    assert set(content) == {"error"}
    assert set(content["error"]) == {"code", "message", "fields"}
    assert content["error"]["message"]
    assert response.headers["x-request-id"]
    code: str = content["error"]["code"]
    return code
