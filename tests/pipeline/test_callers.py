"""Who calls: what is remembered, for how long, and what is known while the store is away."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from pipeline.rig import ACME, NOW, SetClock, Shelf
from tollhouse.core.caller import Caller, CredentialKind, Role
from tollhouse.core.errors import Code, TollhouseError
from tollhouse.core.tenants import Org
from tollhouse.identity.credentials import digest, mint_org_key, mint_user_token
from tollhouse.pipeline import callers
from tollhouse.pipeline.callers import FRESH_SECONDS, UNKNOWN_SECONDS, Callers
from tollhouse.ports import CallerStore

BOOTSTRAP = "bootstrap-token-of-thirty-two-characters-and-more"


class Desk:
    """Callers over a store in memory."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.shelf = Shelf()
        store = cast("CallerStore", self.shelf)
        self.callers = Callers(store, self.clock, bootstrap_token=BOOTSTRAP)

    async def code(self, credential: str | None, *, admin_plane: bool = False) -> Code | None:
        """What is wrong with a credential; None when it is good."""
        try:
            await self.callers.resolve(credential, admin_plane=admin_plane)
        except TollhouseError as error:
            return error.code
        return None


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


async def test_a_key_is_its_orgs_caller(desk: Desk) -> None:
    """Org and plan come from the store, by the key alone."""
    caller = await desk.callers.resolve(desk.shelf.keep())
    assert caller == Caller(CredentialKind.ORG_KEY, "k1", org="acme", plan="pro")


async def test_a_token_is_its_user(desk: Desk) -> None:
    """User and role come with it."""
    token = mint_user_token("t1", "s" * 32)
    ada = {"user": "ada", "role": "member"}
    desk.shelf.keep("t1", ACME, kind="user_token", digest=digest(token), **ada)
    caller = await desk.callers.resolve(token)
    assert (caller.kind, caller.user, caller.role) == ("user_token", "ada", Role.MEMBER)


async def test_a_caller_is_looked_up_once_while_it_is_fresh(desk: Desk) -> None:
    """A second request asks nobody; after a minute the store is asked again."""
    key = desk.shelf.keep()
    for _ in range(5):
        await desk.callers.resolve(key)
    assert desk.shelf.asked == 1
    desk.clock.time += FRESH_SECONDS + 1
    await desk.callers.resolve(key)
    assert desk.shelf.asked == 2


async def test_G08_an_unknown_key_is_remembered_for_a_moment_only(desk: Desk) -> None:
    """A flood of one wrong key asks once a second, and a key made meanwhile works then."""
    key = mint_org_key("k1", "s" * 32)
    for _ in range(5):
        assert await desk.code(key) is Code.INVALID_API_KEY
    assert desk.shelf.asked == 1
    desk.shelf.keep()
    desk.clock.time += UNKNOWN_SECONDS + 0.1
    assert await desk.code(key) is None


async def test_G08_a_key_made_by_this_worker_works_at_once(desk: Desk) -> None:
    """Whatever writes keys empties the memory of unknown ones too."""
    key = mint_org_key("k1", "s" * 32)
    assert await desk.code(key) is Code.INVALID_API_KEY
    desk.shelf.keep()
    desk.callers.forget_all()
    assert await desk.code(key) is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "sk-from-elsewhere",
        "iak_k1_short",
        "Bearer x",
        mint_org_key("k2", "s" * 32),
        mint_org_key("k1", "t" * 32),
        mint_user_token("k1", "s" * 32),
        digest(mint_org_key("k1", "s" * 32)),
        "eyJhbGciOiJub25lIn0.e30.",
    ],
    ids=lambda text: str(text)[:12],
)
async def test_G10_every_wrong_credential_is_told_the_same(desk: Desk, wrong: str | None) -> None:
    """Missing, malformed, unknown, another's secret, another kind, the digest itself: one 401."""
    desk.shelf.keep()
    with pytest.raises(TollhouseError) as raised:
        await desk.callers.resolve(wrong)
    assert (raised.value.code, raised.value.status) == (Code.INVALID_API_KEY, 401)
    assert raised.value.message == (
        "The API key is missing, malformed, unknown, revoked or expired."
    )
    assert not wrong or wrong not in repr(vars(raised.value))


@pytest.mark.parametrize(
    "fields",
    [{"enabled": False}, {"revoked_at": NOW - 1}, {"expires_at": NOW}],
    ids=["disabled", "revoked", "expired"],
)
async def test_G07_a_key_that_is_no_longer_good_is_401(
    desk: Desk, fields: dict[str, object]
) -> None:
    """Whatever ended it."""
    assert await desk.code(desk.shelf.keep(**fields)) is Code.INVALID_API_KEY  # type: ignore[arg-type]


async def test_G07_a_key_expires_while_it_is_remembered(desk: Desk) -> None:
    """The date counts on every use, not at the look-up."""
    key = desk.shelf.keep(expires_at=NOW + 10)
    assert await desk.code(key) is None
    desk.clock.time += 10
    assert await desk.code(key) is Code.INVALID_API_KEY


async def test_G07_the_old_secret_ends_with_its_overlap(desk: Desk) -> None:
    """After a rotation the previous secret is good until its time, remembered or not."""
    old, new = mint_org_key("k1", "o" * 32), mint_org_key("k1", "n" * 32)
    desk.shelf.keep(digest=digest(new), previous_digest=digest(old), previous_until=NOW + 10)
    assert await desk.code(old) is None
    desk.clock.time += 10
    assert await desk.code(old) is Code.INVALID_API_KEY
    assert await desk.code(new) is None


async def test_G07_a_revoked_key_is_refused_once_forgotten(desk: Desk) -> None:
    """Revoking empties the cache, and with it what was kept for a store that is away."""
    key = desk.shelf.keep()
    await desk.callers.resolve(key)
    desk.shelf.keep(revoked_at=NOW)
    desk.callers.forget_all()
    assert await desk.code(key) is Code.INVALID_API_KEY
    desk.shelf.down = True
    desk.clock.time += FRESH_SECONDS + 1
    assert await desk.code(key) is Code.STORE_UNAVAILABLE


async def test_G07_a_look_up_that_a_revocation_overtakes_is_not_remembered(desk: Desk) -> None:
    """What was read before the key was revoked may answer this request, and no later one."""
    key = desk.shelf.keep()

    def revoke() -> None:
        desk.shelf.before_answer = None
        desk.shelf.keep(revoked_at=NOW)
        desk.callers.forget_all()

    desk.shelf.before_answer = revoke
    await desk.callers.resolve(key)
    assert await desk.code(key) is Code.INVALID_API_KEY


async def test_G08_a_look_up_that_a_creation_overtakes_is_not_remembered(desk: Desk) -> None:
    """A key that was not there yet when it was looked for is not unknown from then on."""
    key = mint_org_key("k1", "s" * 32)

    def create() -> None:
        desk.shelf.before_answer = None
        desk.shelf.keep()
        desk.callers.forget_all()

    desk.shelf.before_answer = create
    assert await desk.code(key) is Code.INVALID_API_KEY
    assert await desk.code(key) is None


async def test_J04_known_callers_go_on_while_the_store_is_away(desk: Desk) -> None:
    """However long ago they were seen; one that nobody has seen is 503 and may come back."""
    key = desk.shelf.keep()
    await desk.callers.resolve(key)
    desk.shelf.down = True
    desk.clock.time += FRESH_SECONDS * 100
    assert (await desk.callers.resolve(key)).org == "acme"
    with pytest.raises(TollhouseError) as raised:
        await desk.callers.resolve(mint_org_key("k9", "s" * 32))
    assert (raised.value.code, raised.value.status) == (Code.STORE_UNAVAILABLE, 503)
    assert raised.value.headers["retry-after"]
    desk.shelf.down = False
    assert await desk.code(mint_org_key("k9", "s" * 32)) is Code.INVALID_API_KEY


async def test_J04_a_known_key_is_not_a_way_in_for_another_secret(desk: Desk) -> None:
    """While the store is away the id of a known key with a wrong secret is not known."""
    await desk.callers.resolve(desk.shelf.keep())
    desk.shelf.down = True
    assert await desk.code(mint_org_key("k1", "x" * 32)) is Code.STORE_UNAVAILABLE


async def test_who_was_looked_up_longest_ago_is_forgotten_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered has a bound; a caller that came back since is not the oldest."""
    monkeypatch.setattr(callers, "CACHED_CALLERS", 2)
    first, second, third = (desk.shelf.keep(name) for name in ("k1", "k2", "k3"))
    await desk.callers.resolve(first)
    await desk.callers.resolve(second)
    desk.clock.time += FRESH_SECONDS
    await desk.callers.resolve(first)
    await desk.callers.resolve(third)
    desk.shelf.down = True
    assert await desk.code(second) is Code.STORE_UNAVAILABLE
    assert [await desk.code(key) for key in (first, third)] == [None, None]


async def test_G01_no_secret_is_remembered(desk: Desk) -> None:
    """Callers are known by digests, in what is remembered of good ones and of wrong ones."""
    good, wrong = desk.shelf.keep(), mint_org_key("k2", "t" * 32)
    await desk.callers.resolve(good)
    await desk.code(wrong)
    remembered = repr(vars(desk.callers))
    assert digest(good) in remembered
    assert digest(wrong) in remembered
    assert "s" * 32 not in remembered
    assert "t" * 32 not in remembered


async def test_a_plan_that_changed_is_in_force_once_forgotten(desk: Desk) -> None:
    """The org's plan is part of what is remembered, and goes with it."""
    key = desk.shelf.keep()
    await desk.callers.resolve(key)
    desk.shelf.keep(org=replace(ACME, plan="free"))
    assert (await desk.callers.resolve(key)).plan == "pro"
    desk.callers.forget_all()
    assert (await desk.callers.resolve(key)).plan == "free"


async def test_the_bootstrap_token_is_for_the_admin_plane(desk: Desk) -> None:
    """It is the system's admin there and nobody on the data plane, without asking the store."""
    caller = await desk.callers.resolve(BOOTSTRAP, admin_plane=True)
    assert (caller.kind, caller.role, caller.org) == ("bootstrap", Role.SYSTEM_ADMIN, None)
    assert await desk.code(BOOTSTRAP) is Code.INVALID_API_KEY
    assert await desk.code(f"{BOOTSTRAP}x", admin_plane=True) is Code.INVALID_API_KEY
    assert desk.shelf.asked == 0


async def test_G06_without_a_bootstrap_token_nothing_stands_for_it() -> None:
    """An absent token is no empty one."""
    callers = Callers(cast("CallerStore", Shelf()), SetClock())
    for wrong in (None, "", "None"):
        with pytest.raises(TollhouseError):
            await callers.resolve(wrong, admin_plane=True)


async def test_many_requests_of_a_new_key_are_all_answered(desk: Desk) -> None:
    """Look-ups that run side by side do not disturb each other."""
    key = desk.shelf.keep(org=Org("acme", "free"))
    found = await asyncio.gather(*(desk.callers.resolve(key) for _ in range(20)))
    assert {caller.plan for caller in found} == {"free"}
