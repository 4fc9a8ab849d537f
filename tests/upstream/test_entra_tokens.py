"""Tokens of Microsoft Entra: asked for by the book, and refusals told without secrets."""

import pytest

from fakes.answers import Answer, html, json_answer
from fakes.http_server import Behaviour
from fakes.transports import up
from fakes.upstream import FakeUpstream
from tollhouse.core.model import CloudIdentity, IdentityKind, Secret
from tollhouse.upstream.entra_tokens import EntraTokens
from tollhouse.upstream.fast_transport import FastTransport
from tollhouse.upstream.renewed import NoToken
from upstream.token_calls import START, StillClock, TokenEndpoint

__all__ = ["up"]

SECRET = "s~cret+/&="


def tokens(up: FakeUpstream, clock: StillClock | None = None, **fields: str) -> EntraTokens:
    """The tokens of an application, from the server under test."""
    identity = CloudIdentity(
        IdentityKind.ENTRA,
        tenant_id=fields.get("tenant_id", "my-tenant"),
        client_id="app-1",
        client_secret=Secret(SECRET),
        authority=up.origin + fields.get("slash", ""),
    )
    return EntraTokens(identity, FastTransport(), clock or StillClock())


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_token_is_asked_for_by_the_applications_own_credential(
    up: FakeUpstream, slash: str
) -> None:
    """The form, the scope and the tenant's URL are those of the client credentials grant."""
    endpoint = TokenEndpoint()
    up.script(endpoint)
    assert await tokens(up, slash=slash).token() == "token-1"
    (call,) = up.calls
    assert (call.method, call.path) == ("POST", "/my-tenant/oauth2/v2.0/token")
    assert call.header("content-type") == "application/x-www-form-urlencoded"
    assert endpoint.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "app-1",
            "client_secret": SECRET,
            "scope": "https://cognitiveservices.azure.com/.default",
        }
    ]


@pytest.mark.parametrize("seconds", [3600, "3600", 3600.0])
async def test_a_token_is_kept_until_it_is_nearly_over(up: FakeUpstream, seconds: object) -> None:
    """Its length may be a number or, at older endpoints, a string."""
    up.script(TokenEndpoint(seconds))
    clock = StillClock()
    given = tokens(up, clock)
    assert {await given.token() for _ in range(3)} == {"token-1"}
    clock.at = START + 3580
    assert await given.token() == "token-2"


REFUSAL = {
    "error": "invalid_client",
    "error_description": f"AADSTS7000215: Invalid client secret provided: {SECRET}. Trace ID: 12",
}


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (json_answer(REFUSAL, 401), "Entra refused: 401 invalid_client AADSTS7000215"),
        (json_answer({"error": f"x {SECRET}"}, 400), "Entra refused: 400"),
        (json_answer(REFUSAL), "Entra refused: 200 invalid_client AADSTS7000215"),
        (html(502), "Entra answered 502 with something that is no token"),
        (json_answer({"access_token": "x"}), "Entra's answer has no token, or no end of it"),
        (json_answer({"expires_in": 5}), "Entra's answer has no token, or no end of it"),
        (json_answer({"expires_in": "soon"}), "Entra answered 200 with something that is no token"),
        (Answer(b"null"), "Entra answered 200 with something that is no token"),
        (Answer(b" " * 70_000), "Entra's answer is too large"),
    ],
)
async def test_what_is_no_token_is_told_in_our_words(
    up: FakeUpstream, behaviour: Behaviour, told: str
) -> None:
    """Entra's words may hold the secret, so only its code and number are repeated."""
    up.script(behaviour)
    with pytest.raises(NoToken) as failure:
        await tokens(up).token()
    assert str(failure.value) == told
    assert SECRET not in repr(failure.value.__cause__)


async def test_an_endpoint_out_of_reach_is_told(up: FakeUpstream) -> None:
    """Nothing listens there."""
    given = tokens(up)
    await up.server.stop()
    with pytest.raises(NoToken, match="out of reach"):
        await given.token()


def test_an_application_has_three_parts(up: FakeUpstream) -> None:
    """A tenant, a client and a secret: without one of them there is nothing to ask with."""
    with pytest.raises(ValueError, match="tenant id"):
        EntraTokens(CloudIdentity(IdentityKind.ENTRA), FastTransport(), StillClock())


async def test_the_tenant_cannot_leave_its_place(up: FakeUpstream) -> None:
    """It is one segment of the path."""
    up.script(TokenEndpoint())
    await tokens(up, tenant_id="a/../b?c").token()
    assert up.calls[0].path == "/a%2F..%2Fb%3Fc/oauth2/v2.0/token"
