"""The list of models: exactly what the gate lets through, kept for as long as it holds."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from pipeline.rig import CALLER, NOW, Shelf, model, snapshot
from tollhouse.core.caller import Caller
from tollhouse.core.errors import Code
from tollhouse.core.history import StoredCatalogue
from tollhouse.core.model import Display, Model, Owner, OwnerKind
from tollhouse.core.needs import Needs
from tollhouse.gate.gate import decide
from tollhouse.pipeline.listing import Listing
from tollhouse.pipeline.live import LiveCatalogue

DAY = 86_400.0
OTHERS = {
    "same": CALLER,
    "free plan": replace(CALLER, plan="free"),
    "another org": replace(CALLER, org="other"),
    "a user": replace(CALLER, user="ada"),
    "another user": replace(CALLER, user="bob"),
    "no org": replace(CALLER, org=None, plan=None),
}
MODELS = [
    model("plain"),
    model("off", enabled=False),
    model("hidden", display=Display(hidden=True)),
    model("ours", org_slugs=frozenset({"acme"})),
    model("theirs", org_slugs=frozenset({"other"})),
    model("premium", tier="premium"),
    model("retired", end_of_life_at=NOW - 1),
    model("ending", end_of_life_at=NOW + DAY, replacement_model_id="plain"),
    model("orgs-own", owner=Owner(OwnerKind.ORG, slug="acme")),
    model("adas", owner=Owner(OwnerKind.USER, id="ada", slug="acme")),
    model("shared", owner=Owner(OwnerKind.USER, id="ada", slug="acme", shared=True)),
    model(
        "moved", end_of_life_at=NOW - 1, replacement_model_id="plain", redirect_on_end_of_life=True
    ),
    model("slash/id:1", aliases=("alias",)),
]


@dataclass
class Shop:
    """A listing over a catalogue that can be swapped."""

    live: LiveCatalogue = field(init=False)
    listing: Listing = field(init=False)

    def __post_init__(self) -> None:
        self.live = LiveCatalogue(cast("Any", Shelf()), cast("Any", None))
        self.listing = Listing(self.live)
        self.put(*MODELS, version=1)

    def put(self, *models: Model, version: int, **fields: Any) -> None:
        """Put a catalogue in force."""
        aliases = {alias: one.model_id for one in models for alias in one.aliases}
        made = snapshot(*models, version=version, aliases=aliases, **fields)
        self.live.swap(StoredCatalogue(version, ()), made)

    def ids(self, caller: Caller = CALLER, now: float = NOW) -> list[str]:
        """What a caller is shown."""
        return [str(one["id"]) for one in self.listing.all(caller, now)]


@pytest.fixture(name="shop")
def _shop() -> Shop:
    return Shop()


def test_F05_a_key_sees_what_it_may_use(shop: Shop) -> None:
    """Neither the disabled, the retired, the hidden, nor what belongs to others."""
    mine = {"plain", "ours", "premium", "ending", "orgs-own", "shared", "moved", "slash/id:1"}
    assert set(shop.ids()) == mine
    assert len(shop.ids()) == len(mine)
    assert "premium" not in shop.ids(OTHERS["free plan"])
    assert "theirs" in shop.ids(OTHERS["another org"])
    assert "adas" in shop.ids(OTHERS["a user"])


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("days", [-2, 0, 2])
def test_F05_the_list_is_the_gate(shop: Shop, who: str, days: int) -> None:
    """For every model: listed if and only if the gate lets it through and it is not hidden."""
    caller, now = OTHERS[who], NOW + days * DAY
    listed = shop.ids(caller, now)
    for one in MODELS:
        verdict = decide(shop.live.snapshot, one.model_id, caller, Needs(), now)
        assert (one.model_id in listed) == (verdict.allowed and not one.display.hidden)
        found = shop.listing.one(one.model_id, caller, now)
        assert isinstance(found, dict) == verdict.allowed


def test_F03_a_new_catalogue_is_listed_at_once(shop: Shop) -> None:
    """The version is part of what the list is kept under."""
    before = shop.listing.all(CALLER, NOW)
    assert shop.listing.all(CALLER, NOW) is before
    shop.put(model("new"), version=2)
    assert shop.ids() == ["new"]


def test_F10_a_date_that_passes_changes_the_list_without_a_write(shop: Shop) -> None:
    """Kept up to the next date and not a moment longer."""
    kept = shop.listing.all(CALLER, NOW)
    assert shop.listing.all(CALLER, NOW + DAY - 1) is kept
    assert "ending" in shop.ids(now=NOW + DAY - 1)
    assert "ending" not in shop.ids(now=NOW + DAY)
    assert shop.listing.all(CALLER, NOW + 5 * DAY) is shop.listing.all(CALLER, NOW + 9 * DAY)


def test_F14_callers_do_not_share_a_list(shop: Shop) -> None:
    """Whoever asks first, each sees its own."""
    seen = {who: shop.ids(caller) for who, caller in OTHERS.items()}
    again = {who: shop.ids(caller) for who, caller in reversed(OTHERS.items())}
    assert again == seen
    assert seen["same"] != seen["free plan"] != seen["another org"] != seen["a user"]


def test_F17_the_tag_changes_with_whatever_could_change_an_answer(shop: Shop) -> None:
    """Version, a date that passes, org, plan and user; and with nothing else."""
    tag = shop.listing.etag(CALLER, NOW)
    assert tag.startswith('"')
    assert shop.listing.etag(replace(CALLER, credential_id="another"), NOW + 5) == tag
    assert shop.listing.etag(CALLER, NOW + DAY) != tag
    tags = {shop.listing.etag(caller, NOW) for caller in OTHERS.values()}
    assert len(tags) == len(OTHERS)
    shop.put(*MODELS, version=2)
    assert shop.listing.etag(CALLER, NOW) != tag


def test_F10_a_model_says_when_it_ends_and_what_comes_after(shop: Shop) -> None:
    """The state is worked out as it is shown."""
    shown = shop.listing.one("ending", CALLER, NOW)
    assert isinstance(shown, dict)
    assert (shown["lifecycle_state"], shown["replacement_model_id"]) == ("deprecated", "plain")
    assert shown["end_of_life_at"] == int(NOW + DAY)
    plain = shop.listing.one("plain", CALLER, NOW)
    assert isinstance(plain, dict)
    assert plain["lifecycle_state"] == "active"
    assert "end_of_life_at" not in plain


def test_F01_one_model_is_found_by_id_and_by_alias(shop: Shop) -> None:
    """An alias shows the model under its own id."""
    for name in ("slash/id:1", "alias"):
        shown = shop.listing.one(name, CALLER, NOW)
        assert isinstance(shown, dict)
        assert shown["id"] == "slash/id:1"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nowhere", Code.MODEL_NOT_FOUND),
        ("adas", Code.MODEL_NOT_FOUND),
        ("off", Code.MODEL_DISABLED),
        ("retired", Code.MODEL_RETIRED),
        ("theirs", Code.MODEL_NOT_ALLOWED),
    ],
)
def test_F14_one_model_is_refused_as_a_request_would_be(shop: Shop, name: str, code: Code) -> None:
    """With the gate's own reason."""
    found = shop.listing.one(name, CALLER, NOW)
    assert isinstance(found, tuple)
    assert found[0].code is code


def test_C08_a_hidden_model_is_shown_to_who_asks_for_it(shop: Shop) -> None:
    """Hidden keeps it out of the list only."""
    assert isinstance(shop.listing.one("hidden", CALLER, NOW), dict)
