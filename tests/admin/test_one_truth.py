"""What is listed, what the gate lets through, what is explained and what a request gets: one set.

For random catalogues, orgs and callers. In one process thousands of verdicts are compared; the same
over HTTP on a running gateway, where requests are really sent.
"""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.random_catalogues import ORGS, USER, catalogues, renamed
from e2e.soaking import soak_seconds
from fakes.gateway import RunningGateway, chat
from fakes.upstream import FakeUpstream
from tollhouse.catalogue.compile import CatalogueInvalid, Compiler, Environment
from tollhouse.catalogue.writing import new_document
from tollhouse.core.caller import Caller, CredentialKind, Role
from tollhouse.core.errors import CallerError
from tollhouse.core.history import StoredCatalogue, StoredModel
from tollhouse.core.model import Provider
from tollhouse.core.needs import CapabilityNeed, Endpoint, ModelType, Needs
from tollhouse.core.snapshot import Snapshot
from tollhouse.gate.gate import decide
from tollhouse.pipeline.explain import explain
from tollhouse.pipeline.listing import Listing
from tollhouse.pipeline.live import LiveCatalogue

LONG_RUN = soak_seconds() is not None
NOW = 1_800_000_000.0
TIERS = {
    "standard": frozenset({"free", "pro", "enterprise"}),
    "premium": frozenset({"pro", "enterprise"}),
}
ENDPOINTS = {ModelType.COMPLETION: Endpoint.CHAT, ModelType.EMBEDDINGS: Endpoint.EMBEDDINGS}
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
CALLERS = [
    *(Caller(CredentialKind.ORG_KEY, slug, org=slug, plan=plan) for slug, plan in ORGS.items()),
    Caller(CredentialKind.USER_TOKEN, "t", org="acme", plan="pro", user=USER, role=Role.MEMBER),
]


def _environment() -> Environment:
    provider = Provider("up", "openai", "https://up.example/v1")
    return Environment(providers={"up": provider}, tiers=TIERS, unseal=lambda text: text)


def _compiled(documents: list[dict[str, Any]]) -> tuple[StoredCatalogue, Snapshot] | None:
    """The catalogue, if it is one: chance may make a child that its parent does not allow."""
    stored = []
    try:
        for number, body in enumerate(documents):
            uid = f"00000000-0000-4000-8000-{number:012}"
            made = new_document(body, uid=uid, now=NOW, actor="a", source="import")
            stored.append(StoredModel(made["model_id"], 1, made))
        catalogue = StoredCatalogue(1, stored)
        return catalogue, Compiler(_environment()).compile(catalogue)
    except (CallerError, CatalogueInvalid):
        return None


class _Nothing:
    """A store that nobody asks."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@settings(
    max_examples=5000 if LONG_RUN else 300,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=QUIET,
)
@given(documents=catalogues(), caller=st.sampled_from(CALLERS))
def test_list_gate_and_explanation_are_one(documents: list[dict[str, Any]], caller: Caller) -> None:
    """Each id is served by the same model whoever says so, and listed if by itself."""
    compiled = _compiled(documents)
    if compiled is None:
        return
    live = LiveCatalogue(_Nothing(), Compiler(_environment()))
    live.swap(*compiled)
    snapshot = live.snapshot
    listed = {one["id"] for one in Listing(live).all(caller, NOW)}
    served = {}
    for model_id, model in snapshot.models.items():
        verdict = decide(snapshot, model_id, caller, Needs(), NOW)
        served[model_id] = verdict.model.model_id if verdict.allowed and verdict.model else None
        looked_up = Listing(live).one(model_id, caller, NOW)
        assert isinstance(looked_up, dict) is verdict.allowed
        for capabilities in ((), (CapabilityNeed("streaming", "stream"),)):
            needs = Needs(endpoint=ENDPOINTS[model.type], capabilities=capabilities)
            judged = decide(snapshot, model_id, caller, needs, NOW)
            told = explain(snapshot, model_id, caller, needs, NOW, max_hops=4)
            assert told["allowed"] is judged.allowed
            assert told["code"] == (None if judged.allowed else judged.refusals[0].code)
            if judged.allowed and judged.model is not None:
                assert told["hops"][0]["model"] == judged.model.model_id
            assert verdict.allowed or not judged.allowed
    hidden = {i for i, model in snapshot.models.items() if model.display.hidden}
    assert listed == {i for i, by in served.items() if by == i} - hidden


# --- Over HTTP ---


@dataclass
class Running:
    """A gateway and a client for each caller, by the org or user it is."""

    gateway: RunningGateway
    clients: dict[str, httpx.AsyncClient]
    numbers: "itertools.count[int]"


@pytest_asyncio.fixture(name="running", scope="module", loop_scope="module")
async def _running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    orgs = [{"slug": slug, "plan": plan} for slug, plan in ORGS.items()]
    folder = tmp_path_factory.mktemp("truth")
    async with (
        FakeUpstream() as up,
        RunningGateway(
            folder, providers={"up": up.url}, models=[], orgs=orgs, tiers=TIERS_YAML
        ) as gw,
    ):
        clients = {slug: gw.as_caller(await gw.new_key(slug)) for slug in ORGS}
        body = {"user": USER, "org": "acme", "role": "member"}
        token = (await gw.admin.post("/admin/v1/tokens", json=body)).json()["token"]
        clients[USER] = gw.as_caller(token)
        yield Running(gw, clients, itertools.count())


TIERS_YAML = {name: sorted(plans) for name, plans in TIERS.items()}


@pytest.mark.asyncio(loop_scope="module")
@settings(
    max_examples=200 if LONG_RUN else 8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=QUIET,
)
@given(documents=catalogues(), who=st.sampled_from([*ORGS, USER]), stream=st.booleans())
async def test_request_gets_what_is_listed_and_explained(
    running: Running, documents: list[dict[str, Any]], who: str, *, stream: bool
) -> None:
    """The catalogue made by POST, and each of its models asked for; all compared by id."""
    prefix = f"e{next(running.numbers)}/"
    made = {}
    for document in documents:
        answer = await running.gateway.admin.post("/v1/models", json=renamed(document, prefix))
        assert answer.status_code in {201, 422}, answer.text
        if answer.status_code == 201:
            made[answer.json()["model_id"]] = answer.json()
    client = running.clients[who]
    listed = {one["id"] for one in (await client.get("/v1/models")).json()["data"]}
    types = {name: model.type for name, model in running.gateway.app.live.snapshot.models.items()}
    for model_id, document in made.items():
        embeds = types[model_id] is ModelType.EMBEDDINGS
        asked = await _ask(client, model_id, stream=stream, embeds=embeds)
        told = await _explained(running, who, model_id, stream=stream, embeds=embeds)
        assert (asked.status_code == 200) is told["allowed"], (asked.text, told)
        served = asked.headers.get("x-tollhouse-model") if told["allowed"] else None
        if told["allowed"]:
            assert served == told["hops"][0]["model"]
        else:
            assert asked.json()["error"]["code"] == told["code"]
        hidden = (document.get("display") or {}).get("hidden", False)
        plain = await _ask(client, model_id, stream=False, embeds=embeds)
        by_itself = plain.is_success and plain.headers["x-tollhouse-model"] == model_id
        assert (model_id in listed) is (by_itself and not hidden)


async def _ask(
    client: httpx.AsyncClient, model_id: str, *, stream: bool, embeds: bool
) -> httpx.Response:
    if embeds:
        return await client.post("/v1/embeddings", json={"model": model_id, "input": "Hello"})
    more: dict[str, Any] = {"stream": True} if stream else {}
    return await client.post("/v1/chat/completions", json=chat(model_id, **more))


async def _explained(
    running: Running, who: str, model_id: str, *, stream: bool, embeds: bool
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model_id, "endpoint": "embeddings" if embeds else "chat"}
    if stream and not embeds:
        body["needs"] = ["streaming"]
    # A user asks for itself; for an org's key the admin does.
    client = running.clients[USER] if who == USER else running.gateway.admin
    if who != USER:
        body["org"] = who
    answer = await client.post("/admin/v1/explain", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
