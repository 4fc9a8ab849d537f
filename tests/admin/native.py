"""A running gateway with the native dialect's callers, and its update as seed 003 documents it.

The seed is the page "Update a model": ``PATCH /v1/models/{model_id}``. ``UPDATABLE`` is its table
of fields: for each what a body may hold, and what it may not, with the path that the 422 names.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from e2e.stage import Stage, staged
from fakes.issuer import FakeIssuer

SECRET_KEY = base64.b64encode(hashlib.sha256(b"a key for tests").digest()).decode()


@dataclass
class Native:
    """A stage, and a client for each credential that the seed names."""

    stage: Stage
    issuer: FakeIssuer
    access_token: str

    @property
    def admin(self) -> httpx.AsyncClient:
        """The bootstrap admin."""
        return self.stage.gw.admin

    def user(self) -> httpx.AsyncClient:
        """Who has a user access token (at:*), as a system admin."""
        return self.stage.gw.as_caller(self.access_token)

    def session(self) -> httpx.AsyncClient:
        """Who has a session JWT, as a system admin."""
        return self.stage.gw.as_caller(self.issuer.token(sub="ada", org="acme", role="root"))

    async def events(self, target: str) -> list[dict[str, Any]]:
        """The audit trail of a model, newest first."""
        answer = await self.admin.get("/admin/v1/audit", params={"target": target})
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    async def shown(self, model_id: str) -> dict[str, Any]:
        """A model's document."""
        answer = await self.admin.get("/admin/v1/model", params={"id": model_id})
        document: dict[str, Any] = answer.json()
        return document

    async def patch(self, model_id: str, /, **fields: Any) -> httpx.Response:
        """An update that must hold."""
        answer = await self.admin.patch(f"/v1/models/{model_id}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer


@asynccontextmanager
async def native_gateway(folder: Path) -> AsyncIterator[Native]:
    """The gateway, with an issuer of sessions and a key for secrets."""
    async with FakeIssuer() as issuer:
        auth = {
            "allow_private_upstreams": True,
            "jwt": [issuer.settings()],
            "secret_key": SECRET_KEY,
        }
        async with staged(folder, auth=auth) as stage:
            body = {"user": "ada", "org": "acme", "role": "system_admin"}
            made = await stage.gw.admin.post("/admin/v1/tokens", json=body)
            assert made.status_code == 201, made.text
            yield Native(stage, issuer, made.json()["token"])


@dataclass(frozen=True)
class Updatable:
    """One field of the seed's list."""

    name: str
    allowed: Sequence[Any]
    refused: Sequence[tuple[Any, str]]
    """A value, and the path that the 422 names."""
    kind: str = "completion"
    """The type of the model whose field it is."""
    required: bool = False
    """Whether null is refused, there being nothing that an absent value could mean."""


LONG = "x" * 65
SPARE = "spare"
"""A model for others to fail over to."""

UPDATABLE = [
    Updatable(
        "type",
        ["completion", "embeddings", "image_generation"],
        [(LONG, "type"), ("chat", "type"), ("", "type"), (7, "type"), (["completion"], "type")],
        required=True,
    ),
    Updatable(
        "display",
        [{"label": "Haiku", "brand": "Anthropic", "hidden": True}, {"hidden": False}, {}],
        [
            ("Haiku", "display"),
            ({"hidden": "yes"}, "display.hidden"),
            ({"label": 1}, "display.label"),
            ({"labels": "Haiku"}, "display.labels"),
        ],
    ),
    Updatable(
        "capabilities",
        [{"streaming": True, "tools": False}, {"vision": True}, {}],
        [
            (["tools"], "capabilities"),
            ({"tools": "yes"}, "capabilities.tools"),
            ({"Tools!": True}, "capabilities.Tools!"),
        ],
    ),
    Updatable(
        "limits",
        [
            {"context_window": 200_000, "max_tokens": 8192},
            {"context_window": 1, "max_tokens": 1},
            {"context_window": 2_000_000, "max_tokens": 200_000},
            {},
        ],
        [
            ({"context_window": 0}, "limits.context_window"),
            ({"context_window": 2_000_001}, "limits.context_window"),
            ({"max_tokens": 0}, "limits.max_tokens"),
            ({"max_tokens": 200_001}, "limits.max_tokens"),
            ({"max_tokens": 1.5}, "limits.max_tokens"),
            ({"max_output": 5}, "limits.max_output"),
            (4096, "limits"),
        ],
    ),
    Updatable(
        "failover",
        [SPARE, [SPARE], []],
        [("x" * 129, "failover"), ("nowhere", "failover"), (7, "failover"), ("", "failover")],
    ),
    Updatable(
        "region", ["eu-west-3", "x" * 64, ""], [(LONG, "region"), (7, "region"), (["eu"], "region")]
    ),
    Updatable(
        "dimensions",
        [1, 1536, 3072],
        [(0, "dimensions"), (-1, "dimensions"), ("1536", "dimensions"), (1.5, "dimensions")],
        kind="embeddings",
    ),
    Updatable(
        "supported_dimensions",
        [[256, 1024], [3072], []],
        [
            ([0], "supported_dimensions[0]"),
            ([256, 256], "supported_dimensions"),
            ([256, "1024"], "supported_dimensions[1]"),
            (256, "supported_dimensions"),
        ],
        kind="embeddings",
    ),
    Updatable(
        "metrics",
        [{"latency_ms": 12.5, "throughput": {"tokens_per_second": [80, 120]}}, {}],
        [("fast", "metrics"), ([1], "metrics")],
    ),
    Updatable(
        "provider_config",
        [
            {"max_parallel": 8, "timeouts": {"total": 30}, "params": {"temperature": 0.2}},
            {"headers": {"x-team": "a"}, "retries": 0},
            {},
        ],
        [
            ({"max_parallel": 0}, "provider_config.max_parallel"),
            ({"retries": 11}, "provider_config.retries"),
            ({"timeouts": {"total": 0}}, "provider_config.timeouts.total"),
            ({"api_base": "http://example.com"}, "provider_config.api_base"),
            ({"headers": {"authorization": "x"}}, "provider_config.headers.authorization"),
            ("fast", "provider_config"),
        ],
    ),
    Updatable(
        "tags",
        [["fast", "x" * 64], ["ünï"], []],
        [
            ([LONG], "tags[0]"),
            ([""], "tags[0]"),
            (["a", "a"], "tags"),
            ("fast", "tags"),
            ([7], "tags[0]"),
        ],
    ),
    Updatable("enabled", [False, True], [("false", "enabled"), (0, "enabled")]),
    Updatable(
        "pricing",
        [
            {"input_per_1m_tokens": "0.25", "output_per_1m_tokens": "1.25"},
            {"per_request": "0"},
            {"input_per_1m_tokens": "3", "tiers": [{"above_input_tokens": 200_000}]},
        ],
        [
            ({"input_per_1m_tokens": "-1"}, "pricing.input_per_1m_tokens"),
            ({"input_per_1m_tokens": "cheap"}, "pricing.input_per_1m_tokens"),
            ({"input": "1"}, "pricing.input"),
            ({"per_character": "1"}, "pricing.per_character"),
            ("free", "pricing"),
        ],
    ),
    Updatable(
        "org_slugs",
        [["acme"], ["acme", "globex"], []],
        [
            ("acme", "org_slugs"),
            (["acme", "acme"], "org_slugs"),
            ([7], "org_slugs[0]"),
            ([""], "org_slugs[0]"),
        ],
    ),
]
