"""Requests to clouds carry a signature or a token; those to anybody else pass as they are."""

import pytest
from msgspec.structs import replace

from fakes.transports import up
from fakes.upstream import FakeUpstream
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.model import CloudIdentity, IdentityKind, Provider, Secret, Timeouts
from tollhouse.ports import UpstreamRequest
from tollhouse.upstream.authorized import AuthorizedTransport
from tollhouse.upstream.fast_transport import FastTransport
from upstream.token_calls import StillClock, TokenEndpoint

__all__ = ["up"]

BODY = b'{"messages":[]}'
PATH = "/model/eu.anthropic.claude-sonnet-4-20250514-v1%3A0/converse"


def request(up: FakeUpstream, identity: CloudIdentity | None, path: str = PATH) -> UpstreamRequest:
    """A request to a provider that is called as this."""
    provider = Provider("p", "bedrock", up.origin, identity=identity)
    headers = (("content-type", "application/json"), ("Authorization", "of the configuration"))
    return UpstreamRequest(provider, "POST", up.origin + path, headers, BODY, Timeouts())


async def sent(up: FakeUpstream, asked: UpstreamRequest) -> dict[str, str]:
    """The headers that reach the provider."""
    transport = AuthorizedTransport(FastTransport(), StillClock())
    exchange = await transport.send(asked)
    assert not isinstance(exchange, Fault)
    exchange.close()
    await transport.aclose()
    call = up.calls[-1]
    assert call.body == BODY
    return {name.lower(): value for name, value in call.headers}


async def test_a_request_to_aws_is_signed(up: FakeUpstream) -> None:
    """With the region's scope, over the body and the path as it is sent; once, by us."""
    keys = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": Secret("s" * 40)}
    identity = CloudIdentity(IdentityKind.AWS, region="eu-central-1", **keys)  # type: ignore[arg-type]
    headers = await sent(up, request(up, identity))
    signed = headers["authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/bedrock/aws4_request" in signed
    assert "x-amz-date" in headers
    assert up.calls[-1].path == PATH
    other = await sent(up, replace(request(up, identity), body=BODY))
    assert other["authorization"] == signed


async def test_a_request_to_azure_carries_a_token(up: FakeUpstream) -> None:
    """Fetched once, for all that are sent while it holds."""
    identity = CloudIdentity(
        *(IdentityKind.ENTRA,),
        tenant_id="t",
        client_id="c",
        client_secret=Secret("hidden"),
        authority=up.origin,
    )
    transport = AuthorizedTransport(FastTransport(), StillClock())
    endpoint = TokenEndpoint()
    up.script(endpoint)
    for _ in range(2):
        exchange = await transport.send(request(up, identity))
        assert not isinstance(exchange, Fault)
        exchange.close()
    bearers = [call.header("authorization") for call in up.calls if call.path == PATH]
    assert bearers == ["Bearer token-1", "Bearer token-1"]
    assert [call.path for call in up.calls].count("/t/oauth2/v2.0/token") == 1
    await transport.aclose()


async def test_without_a_credential_nothing_is_sent(up: FakeUpstream) -> None:
    """It is a fault of the credential, told without it, and no byte reached the provider."""
    identity = CloudIdentity(IdentityKind.GOOGLE, credentials_file="/nowhere/at-all.json")
    transport = AuthorizedTransport(FastTransport(), StillClock())
    fault = await transport.send(request(up, identity))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.sent) == (FaultKind.AUTH, False)
    assert up.count == 0
    await transport.aclose()


@pytest.mark.parametrize("path", ["/v1/messages", PATH])
async def test_anybody_else_is_called_as_configured(up: FakeUpstream, path: str) -> None:
    """A provider with a key of its own is none of this room's business."""
    headers = await sent(up, request(up, None, path))
    assert headers["authorization"] == "of the configuration"
