"""The keys of an issuer, over real sockets: when they are asked for, what is believed meanwhile."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.answers import Answer, drops, error, html, json_answer, redirect, silent
from fakes.certificates import authority
from fakes.http_server import Behaviour
from fakes.issuer import FakeIssuer
from fakes.tokens import public_jwk, rsa_key
from pipeline.rig import SetClock
from tollhouse.core.issuer import Issuer
from tollhouse.core.model import Timeouts
from tollhouse.pipeline.issuer_keys import PAUSE_SECONDS, IssuerKeys, KeysUnavailable
from tollhouse.upstream import documents
from tollhouse.upstream.documents import FetchedDocuments
from tollhouse.upstream.fast_transport import FastTransport

REFRESH, STALE = 300.0, 3600.0
A_MOMENT = 0.001


class Desk:
    """The keys of an issuer that can be told what to do, at a time that can be set."""

    def __init__(self, issuer: FakeIssuer, **settings: Any) -> None:
        self.issuer = issuer
        self.clock = SetClock()
        self.transport = FastTransport()
        usual: dict[str, Any] = {"jwks_url": issuer.jwks_url}
        usual |= {"jwks_refresh": REFRESH, "jwks_max_stale": STALE}
        noun = Issuer(issuer.name, frozenset({"tollhouse"}), (), **(usual | settings))
        self.keys = IssuerKeys(noun, FetchedDocuments(self.transport), self.clock)

    async def ids(self, kid: str | None = "first", algorithm: str = "RS256") -> list[str | None]:
        """The ids of the keys that are found."""
        return [key.id for key in await self.keys.find(kid, algorithm)]

    async def unavailable(self, kid: str = "first") -> bool:
        """Whether nothing can be said."""
        try:
            await self.keys.find(kid, "RS256")
        except KeysUnavailable:
            return True
        return False

    async def fetched(self, fetches: int) -> None:
        """Wait until the issuer was asked so often and nothing is under way."""
        async with asyncio.timeout(5):
            while self.issuer.fetches < fetches or self.keys._fetching is not None:
                await asyncio.sleep(A_MOMENT)


@pytest.fixture(name="issuer")
async def _issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer() as made:
        yield made


@pytest.fixture(name="desk")
async def _desk(issuer: FakeIssuer) -> AsyncIterator[Desk]:
    made = Desk(issuer)
    yield made
    await made.transport.aclose()


async def test_nothing_is_fetched_before_it_is_needed(desk: Desk) -> None:
    """A gateway starts without its issuers."""
    assert desk.issuer.calls == []
    assert await desk.ids() == ["first"]
    assert desk.issuer.fetches == 1


async def test_keys_are_fetched_once_for_all_who_wait(desk: Desk) -> None:
    """However many tokens come at once, and later while the keys are fresh."""
    desk.issuer.fails(_slowly(desk.issuer, 0.1))
    found = await asyncio.gather(*(desk.ids() for _ in range(50)))
    assert found == [["first"]] * 50
    desk.clock.time += REFRESH - 1
    assert await desk.ids() == ["first"]
    assert desk.issuer.fetches == 1


async def test_rotation_is_seen_with_the_first_token_of_the_new_key(desk: Desk) -> None:
    """A key that is not there is asked for at once; the old one goes on being good."""
    await desk.ids()
    desk.clock.time += PAUSE_SECONDS
    desk.issuer.rotate("second")
    assert await desk.ids("second") == ["second"]
    assert await desk.ids("first") == ["first"]
    assert desk.issuer.fetches == 2


async def test_unknown_keys_are_asked_for_once_in_a_while(desk: Desk) -> None:
    """Whoever makes up key ids, one after the other or all at once, costs one fetch a pause."""
    await desk.ids()
    for second in range(21):
        desk.clock.time += 1
        made_up = await asyncio.gather(*(desk.ids(f"{second}-{n}") for n in range(10)))
        assert made_up == [[]] * 10
    assert desk.issuer.fetches == 1 + 21 // PAUSE_SECONDS


async def test_unknown_algorithms_of_a_known_key_cost_no_more(desk: Desk) -> None:
    """A key that cannot do what a token says is as good as none."""
    await desk.ids()
    for _ in range(10):
        assert await desk.ids("first", "ES256") == []
    assert desk.issuer.fetches == 1


async def test_old_keys_are_renewed_without_anybody_waiting(desk: Desk) -> None:
    """While the issuer takes its time, what is known goes on being used."""
    await desk.ids()
    desk.issuer.fails(_slowly(desk.issuer, 0.3))
    desk.clock.time += REFRESH
    async with asyncio.timeout(0.2):
        assert await desk.ids() == ["first"]
        assert await desk.ids() == ["first"]
    await desk.fetched(2)
    desk.clock.time += REFRESH - 1
    assert await desk.ids() == ["first"]
    assert desk.issuer.fetches == 2


async def test_withdrawn_key_is_out_once_the_keys_are_renewed(desk: Desk) -> None:
    """What the issuer no longer publishes is no longer believed."""
    desk.issuer.rotate("second")
    assert await desk.ids("first") == ["first"]
    desk.issuer.withdraw("first")
    desk.clock.time += REFRESH
    await desk.ids("first")
    await desk.fetched(2)
    assert await desk.ids("first") == []
    assert await desk.ids("second") == ["second"]


FAILURES: dict[str, Behaviour] = {
    "503": error(503),
    "404": error(404),
    "a redirect to other keys": redirect("http://127.0.0.1:1/keys"),
    "closed": drops(),
    "a page": html(),
    "no keys": json_answer({"keys": []}),
    "no list": json_answer({"keys": None}),
    "keys of another kind": json_answer({"keys": [{"kty": "oct", "k": "AAAA", "kid": "first"}]}),
    "half an answer": Answer(b'{"keys": [', 200),
    "a weak key": json_answer({"keys": [public_jwk(rsa_key("weak", 1024), "first")]}),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_outage_of_the_issuer_is_lived_through(
    desk: Desk, failure: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    """Its keys are used until they are too old; then nothing passes, and nothing is refused."""
    caplog.set_level(logging.WARNING, "tollhouse")
    assert await desk.ids() == ["first"]
    desk.issuer.fails(failure)
    for _ in range(9):
        desk.clock.time += STALE / 10
        assert await desk.ids() == ["first"]
        await desk.fetched(2)
    desk.clock.time += STALE / 10
    assert await desk.unavailable()
    line = caplog.records[0]
    assert line.getMessage() == "the keys of an issuer cannot be had"
    assert vars(line)["issuer"] == desk.issuer.name
    desk.issuer.recovers()
    assert await desk.unavailable()
    desk.clock.time += PAUSE_SECONDS
    assert await desk.ids() == ["first"]


async def test_key_that_may_be_new_is_not_refused_in_an_outage(desk: Desk) -> None:
    """It can be found out only with the issuer; known keys go on."""
    await desk.ids()
    desk.issuer.fails(error(503))
    desk.clock.time += PAUSE_SECONDS
    assert await desk.unavailable("second")
    assert await desk.unavailable("third")
    assert await desk.ids("first") == ["first"]
    assert desk.issuer.fetches == 2
    desk.issuer.recovers()
    desk.clock.time += PAUSE_SECONDS
    assert await desk.ids("second") == []


async def test_issuer_that_was_never_there_is_asked_once_in_a_while(desk: Desk) -> None:
    """Each token is told at once that it cannot be checked."""
    desk.issuer.fails(error(500))
    assert all(await asyncio.gather(*(desk.unavailable() for _ in range(20))))
    assert await desk.unavailable()
    assert desk.issuer.fetches == 1
    desk.clock.time += PAUSE_SECONDS
    assert await desk.unavailable()
    assert desk.issuer.fetches == 2


async def test_silent_issuer_is_not_waited_for_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch has its time limit; who comes meanwhile waits for the same one."""
    short = _short_limits(monkeypatch)
    desk.issuer.fails(silent())
    async with asyncio.timeout(short + 2):
        assert all(await asyncio.gather(*(desk.unavailable() for _ in range(20))))
    assert desk.issuer.fetches == 1


async def test_who_leaves_does_not_take_the_fetch_along(desk: Desk) -> None:
    """The first to ask goes away; those who wait for the same keys get them."""
    desk.issuer.fails(_slowly(desk.issuer, 0.2))
    first = asyncio.create_task(desk.ids())
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(desk.ids()) for _ in range(3)]
    await asyncio.sleep(0.05)
    first.cancel()
    assert await asyncio.gather(*others) == [["first"]] * 3
    assert first.cancelled()
    assert desk.issuer.fetches == 1


# --- Discovery ---


async def test_keys_are_found_by_discovery(issuer: FakeIssuer) -> None:
    """An issuer that is a URL says itself where its keys are, each time they are fetched."""
    desk = Desk(issuer, jwks_url=None)
    assert await desk.ids() == ["first"]
    desk.clock.time += REFRESH
    await desk.ids()
    await desk.fetched(2)
    paths = [call.path for call in issuer.calls]
    assert paths == ["/.well-known/openid-configuration", "/keys"] * 2
    await desk.transport.aclose()


@pytest.mark.parametrize(
    "fields",
    [
        {"issuer": "https://elsewhere.example"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
    ids=repr,
)
async def test_discovery_document_of_somebody_else_leads_nowhere(
    issuer: FakeIssuer, fields: dict[str, Any]
) -> None:
    """Another issuer's, or one that points where nobody should be asked."""
    issuer.discovery = fields
    desk = Desk(issuer, jwks_url=None)
    assert await desk.unavailable()
    assert issuer.fetches == 0
    await desk.transport.aclose()


async def test_issuer_is_verified_by_its_certificate(tmp_path: Path) -> None:
    """With its own authority where ``ca_file`` names one, and not without."""
    ours = authority()
    async with FakeIssuer(tls=ours.serving("127.0.0.1", tmp_path)) as issuer:
        trusting = Desk(issuer, jwks_url=None, ca_file=ours.file(tmp_path))
        assert await trusting.ids() == ["first"]
        wary = Desk(issuer)
        assert await wary.unavailable()
        assert issuer.fetches == 1
        for desk in (trusting, wary):
            await desk.transport.aclose()


def _slowly(issuer: FakeIssuer, seconds: float) -> Behaviour:
    """The issuer's sound answer, late."""

    def play(call: Any) -> Iterable[Any]:
        (answer,) = [issuer._sound(call)]
        assert isinstance(answer, Answer)
        return replace(answer, before=seconds)(call)

    return play


def _short_limits(monkeypatch: pytest.MonkeyPatch) -> float:
    """Short time limits for a fetch; how long it may take now, in seconds."""
    short = 0.3
    monkeypatch.setattr(documents, "TIMEOUTS", Timeouts(short, short, short, short))
    return short
