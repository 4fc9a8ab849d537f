"""Every refusal before the provider is asked, at every endpoint that can give it; no call is made.

A table of what can be wrong with a request and one of endpoints, multiplied.
"""

from collections.abc import Callable
from typing import Any

import pytest

from e2e.endpoints import ALL, LONG, MOST, TROUBLE, Table
from e2e.stage import error_of
from tollhouse.core.errors import Code
from tollhouse.core.needs import Endpoint

pytestmark = pytest.mark.asyncio(loop_scope="module")

Ask = Callable[[Table, Endpoint], Any]
Row = tuple[int, Code, str | None, frozenset[Endpoint], Ask]

TEXT = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES})
EMBEDDINGS = frozenset({Endpoint.EMBEDDINGS})
FORM = frozenset(endpoint for endpoint in Endpoint if endpoint.multipart)
WHOLE_ONLY = {Endpoint.IMAGES_VARIATIONS, Endpoint.RERANK, Endpoint.MODERATIONS}
STREAMING = ALL - EMBEDDINGS - WHOLE_ONLY

FOREIGN = {"authorization": "Bearer iak_no_body"}
NO_KEY = {"authorization": ""}
AS_JSON = {"content-type": "application/json"}
AS_FORM = {"content-type": "multipart/form-data; boundary=x"}
AS_TEXT = {"content-type": "text/plain"}
PACKED = {"content-encoding": "br"}
MANY = {f"x-{number}": "1" for number in range(101)}

WRONG: dict[str, Row] = {
    "key": (401, Code.INVALID_API_KEY, None, ALL, lambda t, e: t.ask(e, "sound", headers=FOREIGN)),
    "no_key": (
        401,
        Code.INVALID_API_KEY,
        None,
        ALL,
        lambda t, e: t.ask(e, "sound", headers=NO_KEY),
    ),
    "not_json": (
        *(400, Code.INVALID_REQUEST_ERROR, None, ALL - FORM),
        lambda t, e: t.send(e, content=b'{"model":', headers=AS_JSON),
    ),
    "not_a_form": (
        *(400, Code.INVALID_REQUEST_ERROR, None, FORM),
        lambda t, e: t.send(e, content=b"--x\r\n", headers=AS_FORM),
    ),
    "no_model": (
        *(400, Code.INVALID_REQUEST_ERROR, "model", ALL),
        lambda t, e: t.send(e, files={"file": b""}) if e.multipart else t.send(e, json={}),
    ),
    "too_large": (
        *(413, Code.REQUEST_TOO_LARGE, None, ALL),
        lambda t, e: t.ask(e, "sound", padding="x" * MOST),
    ),
    "media_type": (
        *(415, Code.UNSUPPORTED_MEDIA_TYPE, None, ALL),
        lambda t, e: t.send(e, content=b"{}", headers=AS_TEXT),
    ),
    "coding": (
        *(415, Code.UNSUPPORTED_MEDIA_TYPE, None, ALL),
        lambda t, e: t.ask(e, "sound", headers=PACKED),
    ),
    "headers": (
        431,
        Code.HEADERS_TOO_LARGE,
        None,
        ALL,
        lambda t, e: t.ask(e, "sound", headers=MANY),
    ),
    "method": (405, Code.METHOD_NOT_ALLOWED, None, ALL, lambda t, e: t.send(e, method="GET")),
    "path": (
        *(404, Code.UNKNOWN_URL, None, ALL),
        lambda t, e: t.gw.client.post(f"/v1/{e.path}/more", json={}),
    ),
    "unknown": (404, Code.MODEL_NOT_FOUND, "model", ALL, lambda t, e: t.ask(e, "of-nobody")),
    "disabled": (403, Code.MODEL_DISABLED, "model", ALL, lambda t, e: t.ask(e, "disabled")),
    "retired": (410, Code.MODEL_RETIRED, "model", ALL, lambda t, e: t.ask(e, "retired")),
    "kept": (403, Code.MODEL_NOT_ALLOWED, "model", ALL, lambda t, e: t.ask(e, "kept")),
    "tier": (
        *(403, Code.TIER_INSUFFICIENT, "model", ALL),
        lambda t, e: t.ask(e, "premium", client=t.poor),
    ),
    "type": (400, Code.ENDPOINT_NOT_SUPPORTED, "model", ALL, lambda t, e: t.ask(e, "other")),
    "stream": (
        *(400, Code.CAPABILITY_NOT_SUPPORTED, "stream", STREAMING),
        lambda t, e: t.ask(e, "still", stream=True),
    ),
    "tokens": (
        *(400, Code.MAX_TOKENS_EXCEEDED, "max_tokens", TEXT),
        lambda t, e: t.ask(e, "small", max_tokens=11),
    ),
    "context": (
        *(400, Code.CONTEXT_LENGTH_EXCEEDED, None, frozenset(LONG)),
        lambda t, e: t.ask(e, "small", **LONG[e]),
    ),
    "unsayable": (
        *(400, Code.UNSUPPORTED_PARAMETER, "top_k", frozenset({Endpoint.MESSAGES})),
        lambda t, e: t.ask(e, "sound", top_k=5),
    ),
    "dimensions": (
        *(400, Code.INVALID_DIMENSIONS, "dimensions", EMBEDDINGS),
        lambda t, e: t.ask(e, "sized", dimensions=9),
    ),
}


@pytest.mark.parametrize(
    ("case", "endpoint"),
    [(case, endpoint) for case, row in WRONG.items() for endpoint in sorted(row[3])],
)
async def test_H05_what_is_wrong_with_a_request_is_said_before_the_provider_is_asked(
    table: Table, case: str, endpoint: Endpoint
) -> None:
    """Status, code and field of every refusal, at every endpoint, without an upstream call."""
    status, code, param, _, ask = WRONG[case]
    before = table.up.count
    answer = await ask(table, endpoint)
    assert answer.status_code == status, answer.text
    told = error_of(answer)
    assert (told["code"], told["param"]) == (code, param)
    assert answer.headers["content-type"] == "application/json"
    assert table.up.count == before


# --- Models ---

MODELS: dict[str, tuple[str, str, int, Code]] = {
    "unknown": ("GET", "/v1/models/completion/nothing", 404, Code.MODEL_NOT_FOUND),
    "encoded": ("GET", "/v1/models/completion%2Fnothing", 404, Code.MODEL_NOT_FOUND),
    "not_text": ("GET", "/v1/models/%FF%FE", 404, Code.MODEL_NOT_FOUND),
    "dots": ("GET", "/v1/models/../../etc/passwd", 404, Code.UNKNOWN_URL),
    "disabled": ("GET", "/v1/models/completion/disabled", 403, Code.MODEL_DISABLED),
    "retired": ("GET", "/v1/models/completion/retired", 410, Code.MODEL_RETIRED),
    "kept": ("GET", "/v1/models/completion/kept", 403, Code.MODEL_NOT_ALLOWED),
    "method": ("OPTIONS", "/v1/models", 405, Code.METHOD_NOT_ALLOWED),
    "nowhere": ("GET", "/v2/anything", 404, Code.UNKNOWN_URL),
    "scanner": ("GET", "/.env", 404, Code.UNKNOWN_URL),
    "livez": ("POST", "/livez", 405, Code.METHOD_NOT_ALLOWED),
}


@pytest.mark.parametrize("case", list(MODELS))
async def test_H05_looking_up_models_fails_in_the_same_shape(table: Table, case: str) -> None:
    """The list, one model and every path that is none of ours."""
    method, path, status, code = MODELS[case]
    answer = await table.gw.client.request(method, path)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD"


async def test_H05_looking_up_models_needs_a_key(table: Table) -> None:
    """Neither the list nor a model is shown to nobody."""
    async with table.gw.as_caller("nobody") as nobody:
        for path in ("/v1/models", "/v1/models/completion/sound"):
            answer = await nobody.get(path)
            assert (answer.status_code, error_of(answer)["code"]) == (401, Code.INVALID_API_KEY)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_H05_a_tier_is_refused_with_the_plans_that_have_it(table: Table) -> None:
    """Looking a model up is gated by the plan as well."""
    answer = await table.poor.get("/v1/models/completion/premium")
    assert answer.status_code == 403
    assert error_of(answer)["plans"] == ["enterprise", "pro"]


# --- Completeness ---

ADMIN = {
    Code.USER_IDENTITY_REQUIRED,
    Code.FORBIDDEN,
    Code.NOT_FOUND,
    Code.MODEL_EXISTS,
    Code.ORG_EXISTS,
    Code.IN_USE,
    Code.VERSION_CONFLICT,
    Code.VALIDATION_FAILED,
    Code.IDEMPOTENCY_KEY_REUSED,
    Code.IDEMPOTENCY_KEY_IN_USE,
    Code.SYSTEM_MODEL_READ_ONLY,
}
OURS = {
    Code.GATEWAY_OVERLOADED,
    Code.GATEWAY_DRAINING,
    Code.LEDGER_UNAVAILABLE,
    Code.STORE_UNAVAILABLE,
    Code.ISSUER_UNAVAILABLE,
    Code.INTERNAL_ERROR,
}
BARE = {Code.UPSTREAM_UNREACHABLE, Code.REQUEST_TIMEOUT}
"""Of no script: a port on which nobody listens, and a client that stops half-way."""


async def test_every_code_of_the_data_plane_has_a_test() -> None:
    """A new code needs a row, here or among the errors behind the gate."""
    before = {code for _, code, *_ in WRONG.values()}
    after = {code for _, code, _ in TROUBLE.values()}
    assert before | after | OURS | BARE | ADMIN == set(Code)
