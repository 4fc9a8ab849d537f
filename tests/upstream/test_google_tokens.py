"""Tokens of Google Cloud: signed for, exchanged and renewed against an endpoint on loopback."""

import asyncio
import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fakes.answers import html, json_answer
from fakes.http_server import Behaviour
from fakes.transports import up
from fakes.upstream import FakeUpstream
from tollhouse.upstream import google_tokens
from tollhouse.upstream.google_tokens import GoogleTokens
from tollhouse.upstream.renewed import NoToken
from upstream.token_calls import StillClock, TokenEndpoint

pytest.importorskip("google.auth", reason="google-auth is not installed")
__all__ = ["up"]

EMAIL = "gateway@project.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def private_key() -> str:
    """A service account's key, in PEM."""
    return (
        rsa.generate_private_key(65537, 2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


@pytest.fixture
def key_file(tmp_path: Path, private_key: str, up: FakeUpstream) -> Callable[..., str]:
    """Writes a service account's file whose tokens the server under test gives."""

    def write(**fields: Any) -> str:
        info = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "k1",
            "private_key": private_key,
            "client_email": EMAIL,
            "token_uri": f"{up.origin}/token",
            **fields,
        }
        file = tmp_path / "key.json"
        file.write_text(json.dumps(info))
        return str(file)

    return write


@pytest.fixture
def clock() -> StillClock:
    """The real time, for google-auth reads it from the machine."""
    return StillClock(time.time())


def _claims(assertion: str) -> dict[str, Any]:
    body = assertion.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def test_a_service_account_gets_a_token(
    up: FakeUpstream, key_file: Callable[..., str], clock: StillClock
) -> None:
    """The assertion is signed for the account and the scope of Google Cloud; the token is kept."""
    endpoint = TokenEndpoint()
    up.script(endpoint)
    tokens = GoogleTokens(key_file(), clock)
    assert {await tokens.token() for _ in range(3)} == {"token-1"}
    (form,) = endpoint.forms
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = _claims(form["assertion"])
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"


async def test_a_token_is_renewed(
    up: FakeUpstream, key_file: Callable[..., str], clock: StillClock
) -> None:
    """Nearly over, it is exchanged for another; many at once make one call."""
    up.script(TokenEndpoint())
    tokens = GoogleTokens(key_file(), clock)
    assert await tokens.token() == "token-1"
    clock.at += 3590
    assert set(await asyncio.gather(*[tokens.token() for _ in range(10)])) == {"token-2"}
    assert len(up.calls) == 2


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "authorized_user", "refresh_token": "r"}, "google.oauth2.credentials"),
        (
            {
                "type": "external_account",
                "audience": "//iam.googleapis.com/projects/1/x",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "credential_source": {"file": "/var/run/token"},
            },
            "google.auth.identity_pool",
        ),
    ],
)
def test_other_files(key_file: Callable[..., str], fields: dict[str, Any], kind: str) -> None:
    """What gcloud writes for a developer, and a workload's federated identity."""
    file = key_file(client_id="c", client_secret="s", **fields)
    with httpx.Client() as client:
        found = google_tokens._load(file, google_tokens._Asking(client))
    assert type(found).__module__ == kind


async def test_application_default_credentials(
    up: FakeUpstream,
    key_file: Callable[..., str],
    clock: StillClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a file of its own, what the process's environment names is used."""
    up.script(TokenEndpoint())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file())
    assert await GoogleTokens(None, clock).token() == "token-1"


async def test_the_event_loop_goes_on(
    up: FakeUpstream, key_file: Callable[..., str], clock: StillClock
) -> None:
    """google-auth waits for the network in a thread of its own."""
    seen = []
    up.script(lambda call: seen.append(threading.current_thread()) or TokenEndpoint()(call))  # type: ignore[func-returns-value]
    tokens = GoogleTokens(key_file(), clock)
    # The server runs on this very loop: were it blocked, no answer would ever come.
    assert await asyncio.wait_for(tokens.token(), 10) == "token-1"
    assert seen == [threading.current_thread()]


SECRET = "s-very-secret"


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (json_answer({"error": "invalid_grant", "x": SECRET}, 400), "Google gave no token"),
        (html(200), "Google gave no token"),
        (json_answer({"expires_in": 3600}), "Google gave no token"),
    ],
)
async def test_refusals_are_told_in_our_words(
    up: FakeUpstream,
    key_file: Callable[..., str],
    clock: StillClock,
    behaviour: Behaviour,
    told: str,
) -> None:
    """What the endpoint said is not repeated."""
    up.script(behaviour)
    with pytest.raises(NoToken, match=told) as failure:
        await GoogleTokens(key_file(), clock).token()
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize("fields", [{"private_key": "no key"}, {"client_email": None}, {"type": 3}])
async def test_a_file_that_cannot_be_used_is_told(
    key_file: Callable[..., str], clock: StillClock, fields: dict[str, Any]
) -> None:
    """Nothing of it is repeated, either."""
    with pytest.raises(NoToken):
        await GoogleTokens(key_file(**fields), clock).token()


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}", None])
async def test_a_file_that_is_none_is_told(
    tmp_path: Path, clock: StillClock, content: bytes | None
) -> None:
    """Not JSON, not an object, or not there at all."""
    file = tmp_path / "key.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(NoToken, match="cannot be"):
        await GoogleTokens(str(file), clock).token()


def test_without_the_extra_it_says_what_to_install(
    clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator is told the command."""
    monkeypatch.setattr(google_tokens, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"pip install 'tollhouse\[vertex\]'"):
        GoogleTokens(None, clock)


def test_google_auth_is_not_loaded_before_it_is_needed() -> None:
    """Who calls no Vertex pays nothing for it."""
    code = (
        "import sys, tollhouse.upstream.google_tokens, tollhouse.upstream.entra_tokens;"
        "print([name for name in sys.modules if name.startswith('google')])"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert told.stdout.strip() == "[]"
