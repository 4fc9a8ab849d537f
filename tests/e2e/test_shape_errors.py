"""Every error of a provider, or of ours, at every endpoint: its status and OpenAI's shape."""

from collections.abc import Callable
from typing import Any

import pytest

from e2e.endpoints import ALL, TROUBLE, Table
from e2e.stage import error_of
from fakes.gateway import RunningGateway
from tollhouse.core.errors import Code, GatewayError
from tollhouse.core.needs import Endpoint
from tollhouse.ports import StoreUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOPELESS = {Code.UPSTREAM_REJECTED, Code.UPSTREAM_AUTH_ERROR, Code.UPSTREAM_MODEL_MISSING}
"""Trouble that another try would meet again."""


# --- The provider ---


@pytest.mark.parametrize("endpoint", sorted(ALL))
@pytest.mark.parametrize("trouble", list(TROUBLE))
async def test_H05_what_is_wrong_with_the_provider_is_told_in_the_same_shape(
    table: Table, trouble: str, endpoint: Endpoint
) -> None:
    """Status and code of every upstream fault, at every endpoint, with the attempt made."""
    _, code, status = TROUBLE[trouble]
    answer = await table.ask(endpoint, trouble)
    assert answer.status_code == status, answer.text
    told = error_of(answer)
    shown = "provider_error" if code is Code.UPSTREAM_REJECTED else code
    assert told["code"] == shown
    (attempt,) = told["attempts"]
    assert attempt["model"] == f"{endpoint.model_type}/{trouble}"
    hopeless = code in HOPELESS
    assert answer.headers.get("x-should-retry") == ("false" if hopeless else None)


@pytest.mark.parametrize("endpoint", sorted(ALL))
async def test_H05_a_provider_that_nobody_reaches_is_a_502(
    table: Table, endpoint: Endpoint
) -> None:
    """A refused connection is told as such, at every endpoint."""
    answer = await table.ask(endpoint, "unreachable")
    assert answer.status_code == 502
    assert error_of(answer)["code"] == Code.UPSTREAM_UNREACHABLE


# --- Ourselves ---


def fails(raised: Exception) -> Callable[..., Any]:
    """A function that raises."""

    def fail(*_args: object, **_named: object) -> None:
        raise raised

    return fail


def in_the_store(*_args: object) -> Any:
    """A store that does not answer."""
    raise StoreUnavailable


OURS: dict[str, tuple[Code, int, Callable[[RunningGateway], tuple[Any, str, Any]]]] = {
    "full": (Code.GATEWAY_OVERLOADED, 503, lambda gw: (gw.app.state, "_max_inflight", 0)),
    "draining": (Code.GATEWAY_DRAINING, 503, lambda gw: (gw.app.state, "draining", True)),
    "ledger": (
        Code.LEDGER_UNAVAILABLE,
        503,
        lambda gw: (gw.app.journal, "open", fails(GatewayError(Code.LEDGER_UNAVAILABLE, "No."))),
    ),
    "bug": (Code.INTERNAL_ERROR, 500, lambda gw: (gw.app.live, "snapshot", None)),
}


@pytest.mark.parametrize("endpoint", sorted(ALL))
@pytest.mark.parametrize("case", list(OURS))
async def test_H05_what_is_wrong_with_the_gateway_is_told_in_the_same_shape(
    table: Table, case: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Overload, draining, a full ledger and a bug of ours: no stack, no internals, no call."""
    code, status, spoil = OURS[case]
    before = table.up.count
    monkeypatch.setattr(*spoil(table.gw))
    answer = await table.ask(endpoint, "sound")
    assert answer.status_code == status, answer.text
    told = error_of(answer)
    assert told["code"] == code
    ours = {"api_error", "overloaded_error"} if endpoint is Endpoint.MESSAGES else {"server_error"}
    assert told["type"] in ours
    assert "Traceback" not in answer.text
    assert "snapshot" not in answer.text
    assert table.up.count == before


@pytest.mark.parametrize("endpoint", sorted(ALL))
async def test_H05_a_key_that_cannot_be_checked_is_a_503(
    table: Table, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store is out of reach an unknown key is not told from a wrong one."""
    monkeypatch.setattr(table.gw.app.store, "credential", in_the_store)
    unseen = {"authorization": f"Bearer iak_{endpoint}0000000000_{'s' * 43}"}
    answer = await table.ask(endpoint, "sound", headers=unseen)
    assert (answer.status_code, error_of(answer)["code"]) == (503, Code.STORE_UNAVAILABLE)
    assert (await table.ask(endpoint, "sound")).status_code == 200
