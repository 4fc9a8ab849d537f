"""Sessions as callers: what is remembered of them, for how long, and what happens in an outage."""

import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from fakes.answers import error
from fakes.issuer import AUDIENCE, FakeIssuer
from pipeline.rig import ACME, SetClock, Shelf
from tollhouse.core.caller import Caller, CredentialKind, Role
from tollhouse.core.errors import Code, TollhouseError
from tollhouse.core.issuer import ClaimRules, Issuer
from tollhouse.core.tenants import Org
from tollhouse.pipeline.callers import FRESH_SECONDS, UNKNOWN_SECONDS, Callers
from tollhouse.pipeline.issuer_keys import PAUSE_SECONDS
from tollhouse.pipeline.sessions import Sessions
from tollhouse.ports import CallerStore
from tollhouse.upstream.documents import FetchedDocuments
from tollhouse.upstream.fast_transport import FastTransport

LEEWAY = 30.0
STALE = 600.0
ROLES = {"admin": Role.ORG_ADMIN, "user": Role.MEMBER}


@dataclass
class Orgs(Shelf):
    """A store in memory with orgs that counts who asks for them."""

    orgs: dict[str, Org] = field(default_factory=lambda: {"acme": ACME})
    asked_for_orgs: list[str] = field(default_factory=list)

    async def org(self, slug: str) -> Org | None:
        """One org."""
        self._check()
        self.asked_for_orgs.append(slug)
        return self.orgs.get(slug)


class Desk:
    """Callers that believe an issuer; time stands still until it is moved."""

    def __init__(self, issuer: FakeIssuer, **rules: Any) -> None:
        self.issuer = issuer
        self.shelf = Orgs()
        self.clock = SetClock(time.time())
        self.transport = FastTransport()
        mapping = ClaimRules(**{"org": ("org",), "role": ("role",), "role_map": ROLES, **rules})
        known = Issuer(
            name=issuer.name,
            audience=frozenset({AUDIENCE}),
            claims=(mapping,),
            jwks_url=issuer.jwks_url,
            leeway=LEEWAY,
            jwks_refresh=300,
            jwks_max_stale=STALE,
        )
        store = cast("CallerStore", self.shelf)
        documents = FetchedDocuments(self.transport)
        sessions = Sessions([known], documents, store, self.clock)
        self.callers = Callers(store, self.clock, sessions=sessions.resolve)

    async def code(self, token: str) -> Code | None:
        """What is wrong with a token; None when it is good."""
        try:
            await self.callers.resolve(token)
        except TollhouseError as wrong:
            return wrong.code
        return None


@pytest.fixture(name="issuer")
async def _issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer() as made:
        yield made


@pytest.fixture(name="desk")
async def _desk(issuer: FakeIssuer) -> AsyncIterator[Desk]:
    made = Desk(issuer)
    yield made
    await made.transport.aclose()


async def test_session_is_its_users_caller(desk: Desk) -> None:
    """User and role are the token's, the plan is the org's, and it is one to the audit trail."""
    claims = desk.issuer.claims(role="admin")
    caller = await desk.callers.resolve(desk.issuer.signed(claims))
    assert caller == Caller(
        CredentialKind.SESSION,
        "ada",
        org="acme",
        plan="pro",
        user="ada",
        role=Role.ORG_ADMIN,
        expires_at=claims["exp"] + LEEWAY,
    )
    assert caller.actor == "session:ada"


async def test_plan_of_the_token_counts_where_it_is_mapped(issuer: FakeIssuer) -> None:
    """Else the org's does."""
    desk = Desk(issuer, plan=("plan",))
    caller = await desk.callers.resolve(issuer.token(plan="enterprise"))
    assert caller.plan == "enterprise"
    await desk.transport.aclose()


async def test_session_is_verified_once_while_it_is_fresh(desk: Desk) -> None:
    """For a minute neither the issuer nor the store is asked again; after it, the store is."""
    token = desk.issuer.token()
    for _ in range(5):
        await desk.callers.resolve(token)
    desk.clock.time += FRESH_SECONDS - 1
    await desk.callers.resolve(token)
    assert (desk.shelf.asked_for_orgs, desk.issuer.fetches) == (["acme"], 1)
    desk.clock.time += 1
    await desk.callers.resolve(token)
    assert (desk.shelf.asked_for_orgs, desk.issuer.fetches) == (["acme"] * 2, 1)


async def test_session_ends_while_it_is_remembered(desk: Desk) -> None:
    """A token with ten seconds to go is good for those and the leeway, and no minute."""
    token = desk.issuer.token(exp=int(desk.clock.time) + 10)
    assert await desk.code(token) is None
    desk.clock.time += 39
    assert await desk.code(token) is None
    desk.clock.time += 1
    assert await desk.code(token) is Code.INVALID_API_KEY
    desk.shelf.down = True
    assert await desk.code(token) is Code.INVALID_API_KEY


async def test_wrong_token_is_remembered_for_a_moment(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A flood of one wrong token is verified once a second."""
    caplog.set_level(logging.DEBUG, "tollhouse.identity")
    token = desk.issuer.token(aud="billing")
    for _ in range(20):
        assert await desk.code(token) is Code.INVALID_API_KEY
    assert len(caplog.records) == 1
    desk.clock.time += UNKNOWN_SECONDS + 0.1
    await desk.code(token)
    assert [vars(line)["reason"] for line in caplog.records] == [
        "it is meant for somebody else"
    ] * 2


async def test_G01_no_token_is_remembered(desk: Desk) -> None:
    """Only digests are, of good tokens and of wrong ones."""
    good, wrong = desk.issuer.token(), desk.issuer.token(aud="billing")
    await desk.code(good)
    await desk.code(wrong)
    remembered = repr(vars(desk.callers))
    for token in (good, wrong):
        assert token.split(".")[1] not in remembered


async def test_worthless_tokens_do_not_reach_the_issuer(desk: Desk) -> None:
    """What its claims rule out needs no key, and what nobody signed reaches no store."""
    for claims in ({"exp": 1}, {"aud": "billing"}, {"iss": "https://elsewhere.example"}):
        assert await desk.code(desk.issuer.token(**claims)) is Code.INVALID_API_KEY
    assert desk.issuer.fetches == 0
    assert await desk.code(desk.issuer.token()[:-8]) is Code.INVALID_API_KEY
    assert (desk.issuer.fetches, desk.shelf.asked_for_orgs) == (1, [])


@pytest.mark.parametrize(
    "claims",
    [{"org": "' OR 1=1 --"}, {"org": "acme\0"}, {"org": None}, {"role": "owner"}],
    ids=repr,
)
async def test_unmapped_claims_do_not_reach_the_store(desk: Desk, claims: dict[str, Any]) -> None:
    """What cannot be a slug is not looked up."""
    assert await desk.code(desk.issuer.token(**claims)) is Code.FORBIDDEN
    assert desk.shelf.asked_for_orgs == []


async def test_org_that_is_made_later_is_there(desk: Desk) -> None:
    """A good session of an unknown org is 403 until the org is made, and no longer."""
    token = desk.issuer.token(org="globex")
    assert await desk.code(token) is Code.FORBIDDEN
    desk.shelf.orgs["globex"] = Org("globex", "free")
    assert await desk.code(token) is None


async def test_org_that_is_deleted_or_changed_is_noticed(desk: Desk) -> None:
    """Whatever changes callers empties the memory of sessions as well."""
    token = desk.issuer.token()
    await desk.callers.resolve(token)
    desk.shelf.orgs["acme"] = Org("acme", "free")
    desk.callers.forget_all()
    assert (await desk.callers.resolve(token)).plan == "free"
    desk.shelf.orgs.clear()
    desk.callers.forget_all()
    assert await desk.code(token) is Code.FORBIDDEN


async def test_J04_known_sessions_go_on_while_the_store_is_away(desk: Desk) -> None:
    """Until they end; one that nobody has seen is 503, and one that is wrong is still 401."""
    token = desk.issuer.token()
    await desk.callers.resolve(token)
    desk.shelf.down = True
    desk.clock.time += FRESH_SECONDS + 1
    assert (await desk.callers.resolve(token)).org == "acme"
    assert await desk.code(desk.issuer.token(sub="grace")) is Code.STORE_UNAVAILABLE
    assert await desk.code(desk.issuer.token(aud="billing")) is Code.INVALID_API_KEY
    desk.clock.time += 300
    assert await desk.code(token) is Code.INVALID_API_KEY


async def test_outage_of_the_issuer_passes_nobody_by(desk: Desk) -> None:
    """Its keys are used for their time; then a session is 503 until they can be had again."""
    await desk.code(desk.issuer.token())
    desk.issuer.fails(error(503))
    end = int(desk.clock.time) + 7200
    token = desk.issuer.token(exp=end)
    desk.clock.time += STALE - 1
    assert await desk.code(token) is None
    desk.clock.time += FRESH_SECONDS + 1
    with pytest.raises(TollhouseError) as raised:
        await desk.callers.resolve(token)
    assert (raised.value.code, raised.value.status) == (Code.ISSUER_UNAVAILABLE, 503)
    assert raised.value.headers["retry-after"]
    assert await desk.code(desk.issuer.token(aud="billing", exp=end)) is Code.INVALID_API_KEY
    desk.issuer.recovers()
    desk.clock.time += PAUSE_SECONDS
    assert await desk.code(token) is None


async def test_token_of_a_new_key_during_an_outage_can_come_back(desk: Desk) -> None:
    """It is neither passed nor remembered as wrong."""
    await desk.code(desk.issuer.token())
    desk.issuer.fails(error(503))
    desk.clock.time += PAUSE_SECONDS
    desk.issuer.rotate("second")
    token = desk.issuer.token()
    assert await desk.code(token) is Code.ISSUER_UNAVAILABLE
    desk.issuer.recovers()
    desk.clock.time += PAUSE_SECONDS
    assert await desk.code(token) is None


async def test_withdrawn_key_signs_nobody_in(desk: Desk) -> None:
    """Once the keys are renewed and the minute is over, its sessions are out."""
    end = int(desk.clock.time) + 7200
    old = desk.issuer.token(exp=end)
    assert await desk.code(old) is None
    desk.issuer.rotate("second")
    desk.issuer.withdraw("first")
    desk.clock.time += PAUSE_SECONDS
    assert await desk.code(desk.issuer.token(exp=end)) is None
    desk.clock.time += FRESH_SECONDS
    assert await desk.code(old) is Code.INVALID_API_KEY


async def test_without_issuers_no_session_is_good(issuer: FakeIssuer) -> None:
    """A token is refused like any other unknown credential."""
    callers = Callers(cast("CallerStore", Orgs()), SetClock(time.time()))
    with pytest.raises(TollhouseError) as raised:
        await callers.resolve(issuer.token())
    assert raised.value.code is Code.INVALID_API_KEY


def test_gateway_without_issuers_does_not_load_what_verifies_them() -> None:
    """It takes more memory than anything else that most gateways never use."""
    looked = "import sys, tollhouse.app; print('joserfc' in sys.modules)"
    command = [sys.executable, "-c", looked]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - ours
    assert ran.stdout.strip() == "False"
