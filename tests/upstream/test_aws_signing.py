"""Credentials of AWS: found off the event loop, renewed in time, and missed with a word."""

import asyncio
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tollhouse.upstream.aws_signing import AwsSigner, MissingExtra, NoCredentials

told: Any = pytest.importorskip("botocore.exceptions", reason="AWS's SDK is not installed")

URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"


@dataclass
class Clock:
    """Time that stands still until it is moved."""

    at: float = 1_763_640_000.0

    def now(self) -> float:
        """Unix seconds."""
        return self.at

    def monotonic(self) -> float:
        """The same."""
        return self.at


@dataclass
class Frozen:
    """Keys, as botocore hands them out."""

    access_key: str
    secret_key: str = "secret"
    token: str | None = None


@dataclass
class Source:
    """Keys that expire, as botocore's do: it renews them when it is asked within 15 minutes."""

    clock: Clock
    lifetime: float = 3600
    given: int = 0
    expires: float = 0.0
    threads: set[int] = field(default_factory=set)
    failure: Exception | None = None
    held: threading.Event | None = None

    def refresh_needed(self, refresh_in: int | None = None) -> bool:
        """Whether less than this is left."""
        return self.expires - self.clock.at < (900 if refresh_in is None else refresh_in)

    def get_frozen_credentials(self) -> Frozen:
        """The keys, renewed if need be."""
        self.threads.add(threading.get_ident())
        if self.held is not None:
            self.held.wait(5)
        if self.refresh_needed():
            if self.failure is not None:
                raise self.failure
            self.given += 1
            self.expires = self.clock.at + self.lifetime
        return Frozen(f"KEY{self.given}")


def signer(clock: Clock, find: Callable[[], Any]) -> AwsSigner:
    """A signer with a chain of one's own."""
    return AwsSigner("us-east-1", clock, find=find)


async def key(made: AwsSigner) -> str:
    """The key that a request is signed with."""
    headers = await made.headers("POST", URL, {}, b"{}")
    return headers["authorization"].partition("Credential=")[2].partition("/")[0]


async def until(true: Callable[[], bool]) -> None:
    """Wait for what happens behind the requests."""
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


async def test_configured_keys_are_used_as_they_are() -> None:
    """Without asking anyone."""
    made = AwsSigner(
        "us-east-1",
        Clock(),
        access_key_id="AKID",
        secret_access_key="s",
        session_token="t",
        find=lambda: pytest.fail("the chain was asked"),
    )
    headers = await made.headers("POST", URL, {}, b"")
    assert headers.keys() == {"authorization", "x-amz-date", "x-amz-security-token"}
    assert await key(made) == "AKID"


async def test_the_chain_is_asked_off_the_event_loop_and_once() -> None:
    """However many requests come at once."""
    clock = Clock()
    source = Source(clock)
    finds: list[int] = []

    def find() -> Source:
        finds.append(threading.get_ident())
        return source

    made = signer(clock, find)
    assert set(await asyncio.gather(*[key(made) for _ in range(20)])) == {"KEY1"}
    assert len(finds) == 1
    assert threading.get_ident() not in {*finds, *source.threads}


async def test_keys_that_expire_soon_are_renewed_behind_the_requests() -> None:
    """Nobody waits while they are still good for ten minutes, and one renewal is under way."""
    clock = Clock()
    source = Source(clock)
    made = signer(clock, lambda: source)
    assert await key(made) == "KEY1"
    clock.at += 3600 - 700
    source.held = threading.Event()
    assert [await key(made) for _ in range(5)] == ["KEY1"] * 5
    source.held.set()
    await until(lambda: source.given == 2)
    source.held = None
    while await key(made) == "KEY1":
        await asyncio.sleep(0.001)
    assert await key(made) == "KEY2"
    assert source.given == 2


async def test_keys_that_have_expired_are_renewed_before_the_request() -> None:
    """Once, for all who wait."""
    clock = Clock()
    source = Source(clock)
    made = signer(clock, lambda: source)
    await key(made)
    clock.at += 4000
    assert set(await asyncio.gather(*[key(made) for _ in range(10)])) == {"KEY2"}
    assert source.given == 2


async def test_old_keys_serve_while_they_are_good() -> None:
    """Whoever renews them may be down; afterwards there are none."""
    clock = Clock()
    source = Source(clock)
    made = signer(clock, lambda: source)
    await key(made)
    source.failure = told.CredentialRetrievalError(provider="x", error_msg="down")
    for left in (700, 500, 30):
        clock.at = source.expires - left
        assert await key(made) == "KEY1"
        await asyncio.sleep(0.01)
    clock.at = source.expires + 1
    with pytest.raises(NoCredentials):
        await key(made)
    source.failure = None
    clock.at += 100
    assert await key(made) == "KEY2"


@pytest.mark.parametrize(
    "failure",
    [
        told.ProfileNotFound(profile="none"),
        told.ClientError({"Error": {"Code": "AccessDenied", "Message": "s3cret"}}, "AssumeRole"),
        OSError("s3cret"),
        RuntimeError("s3cret"),
    ],
)
async def test_a_chain_that_fails_is_a_declared_error(failure: Exception) -> None:
    """Its text is not shown, and it is not asked again at once."""
    clock, finds = Clock(), 0

    def find() -> Source:
        nonlocal finds
        finds += 1
        raise failure

    made = signer(clock, find)
    for _ in range(3):
        with pytest.raises(NoCredentials) as error:
            await key(made)
        assert "s3cret" not in str(error.value)
    assert finds == 1
    clock.at += 6
    with pytest.raises(NoCredentials):
        await key(made)
    assert finds == 2


async def test_a_chain_that_finds_nothing_is_a_declared_error() -> None:
    """With the reason."""
    with pytest.raises(NoCredentials, match="no AWS credentials were found"):
        await key(signer(Clock(), lambda: None))


async def test_the_real_chain_reads_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And a profile of the shared files."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    shared = tmp_path / "credentials"
    shared.write_text("[other]\naws_access_key_id=AKFILE\naws_secret_access_key=s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert await key(AwsSigner("us-east-1", Clock())) == "AKENV"
    assert await key(AwsSigner("us-east-1", Clock(), profile="other")) == "AKFILE"
    with pytest.raises(NoCredentials, match="ProfileNotFound"):
        await key(AwsSigner("us-east-1", Clock(), profile="none"))


async def test_without_the_extra_the_chain_is_missed_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the start, naming what to install; configured keys need nothing."""
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tollhouse\[bedrock\]'"):
        AwsSigner("us-east-1", Clock())
    assert issubclass(MissingExtra, ValueError)
    made = AwsSigner("us-east-1", Clock(), access_key_id="AK", secret_access_key="s")
    assert await key(made) == "AK"
