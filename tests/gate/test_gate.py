"""The gate as a whole: exact ids, lifecycle and redirects, hidden refusals, the list, close ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.samples import (
    ACME,
    ADA,
    ADA_SHARED,
    CHAT,
    NOW,
    OTHERS,
    TIERS,
    caller,
    model,
    needing,
    snapshot,
)
from tollhouse.core.caller import Caller
from tollhouse.core.errors import Code
from tollhouse.core.model import Display, Lifecycle, Model, Owner
from tollhouse.core.needs import Needs
from tollhouse.core.snapshot import Snapshot
from tollhouse.gate.gate import close_ids, decide, judge, listing


def _codes(catalogue: Snapshot, requested: str, who: Caller | None = None) -> list[Code]:
    verdict = decide(catalogue, requested, who or caller(), CHAT, NOW)
    return [one.code for one in verdict.refusals]


def test_allowed_request_names_the_model_that_serves() -> None:
    """An id and an alias lead to the model, with no reason against it."""
    subject = model(aliases=("fast",))
    for name in ("a/model", "fast"):
        verdict = decide(snapshot(subject), name, caller(), CHAT, NOW)
        assert verdict.allowed
        assert verdict.model is subject
        assert verdict.refusals == ()
        assert verdict.redirected_from is None


@pytest.mark.parametrize(
    "requested",
    [
        "bedrockz/x",
        "bedrock",
        "bedrock/",
        "bedrock/X",
        "BEDROCK/x",
        " bedrock/x",
        "bedrock/x ",
        "bedrock%2Fx",
        "bedrock//x",
        "bedrock/./x",
        "bedrock/../bedrock/x",
        "/bedrock/x",
        "bedrock/x\0",
        "bedrock/x\u200b",
        "openai/bedrock/x",
        "*",
        "bedrock/*",
        "",
    ],
)
def test_F04_only_the_exact_id_is_the_model(requested: str) -> None:
    """No prefix, case, white space, encoding or wildcard leads to a model."""
    catalogue = snapshot(model("bedrock/x"))
    assert _codes(catalogue, "bedrock/x") == []
    verdict = decide(catalogue, requested, caller(), CHAT, NOW)
    assert verdict.model is None
    assert [one.code for one in verdict.refusals] == [Code.MODEL_NOT_FOUND]


def test_F09_alias_is_gated_as_its_model() -> None:
    """An alias opens nothing that its model keeps closed."""
    catalogue = snapshot(model("secret", aliases=("open",), org_slugs=OTHERS, tier="closed"))
    refused = [Code.MODEL_NOT_ALLOWED, Code.TIER_INSUFFICIENT]
    assert _codes(catalogue, "open") == _codes(catalogue, "secret") == refused


def test_C08_hidden_model_is_callable_but_not_listed() -> None:
    """A model kept for failover is out of the list and out of the suggestions, not out of use."""
    catalogue = snapshot(model("spare", display=Display(hidden=True)), model("main"))
    assert _codes(catalogue, "spare") == []
    assert [one.model_id for one in listing(catalogue, caller(), NOW)] == ["main"]
    assert close_ids(catalogue, "sparee", caller(), NOW) == ()


def test_C01_hop_is_judged_by_the_same_checks() -> None:
    """A hop that the caller may not use is refused as if it had been asked for."""
    hop = model("b", org_slugs=OTHERS)
    catalogue = snapshot(model("a", failover=("b",)), hop)
    refusals = judge(hop, caller(), CHAT, NOW, catalogue)
    assert refusals == decide(catalogue, "b", caller(), CHAT, NOW).refusals
    assert [one.code for one in refusals] == [Code.MODEL_NOT_ALLOWED]


def test_H13_hop_that_cannot_keep_to_a_schema_is_refused() -> None:
    """A target known not to give JSON by schema is left out, not asked for prose."""
    hop = model("b", capabilities={"json_schema": False})
    needs = needing(("json_schema", "response_format"))
    refusals = judge(hop, caller(), needs, NOW, snapshot(hop))
    assert [(one.code, one.param) for one in refusals] == [
        (Code.CAPABILITY_NOT_SUPPORTED, "response_format")
    ]


def test_message_repeats_only_so_much_of_what_was_asked() -> None:
    """An id of any length gives a message of bounded length."""
    message = decide(snapshot(), "x" * 10_000, caller(), CHAT, NOW).refusals[0].message
    assert len(message) < 300


# --- Lifecycle ---


def test_F10_model_retires_by_the_clock() -> None:
    """The same snapshot serves before the end of life and refuses from then on."""
    subject = model(end_of_life_at=NOW)
    catalogue = snapshot(subject)
    assert decide(catalogue, "a/model", caller(), CHAT, NOW - 0.5).allowed
    assert subject.lifecycle(NOW - 0.5) is Lifecycle.DEPRECATED
    assert not decide(catalogue, "a/model", caller(), CHAT, NOW).allowed
    assert subject.lifecycle(NOW) is Lifecycle.END_OF_LIFE


def test_F10_retired_model_is_refused_with_its_replacement_not_swapped() -> None:
    """Without a redirect nothing is substituted: the client is told what to use."""
    old = model("old", end_of_life_at=0.0, replacement_model_id="new", deprecation_message="Bye.")
    verdict = decide(snapshot(old, model("new")), "old", caller(), CHAT, NOW)
    assert [one.code for one in verdict.refusals] == [Code.MODEL_RETIRED]
    refusal = verdict.refusals[0]
    assert refusal.code.status == 410
    assert refusal.replacement == "new"
    assert "Bye. Use 'new' instead." in refusal.message


def test_replacement_that_the_caller_may_not_know_of_is_not_named() -> None:
    """Another org's model stays unknown, as a replacement too."""
    old = model("old", end_of_life_at=0.0, replacement_model_id="new")
    catalogue = snapshot(old, model("new", owner=ACME))
    refusal = decide(catalogue, "old", caller("other"), CHAT, NOW).refusals[0]
    assert refusal.replacement is None
    assert "new" not in refusal.message


def _redirecting(model_id: str, to: str, **fields: object) -> Model:
    return model(
        model_id,
        end_of_life_at=0.0,
        replacement_model_id=to,
        redirect_on_end_of_life=True,
        **fields,
    )


def test_redirect_serves_the_replacement() -> None:
    """With a redirect, a retired model's requests go to its replacement, and it says so."""
    verdict = decide(snapshot(_redirecting("old", "new"), model("new")), "old", caller(), CHAT, NOW)
    assert verdict.allowed
    assert verdict.model is not None
    assert (verdict.model.model_id, verdict.redirected_from) == ("new", "old")


def test_redirect_is_gated_afresh() -> None:
    """A redirect opens nothing: the replacement's own reasons count, and are told by its name."""
    catalogue = snapshot(_redirecting("old", "new"), model("new", tier="closed"))
    verdict = decide(catalogue, "old", caller(), CHAT, NOW)
    assert [one.code for one in verdict.refusals] == [Code.TIER_INSUFFICIENT]
    assert "'new'" in verdict.refusals[0].message
    needs = needing(("vision", "messages"))
    blind = snapshot(_redirecting("old", "new"), model("new", capabilities={"vision": False}))
    assert not decide(blind, "old", caller(), needs, NOW).allowed


def test_redirect_follows_a_chain_of_retired_models() -> None:
    """A replacement that has itself been replaced leads on."""
    catalogue = snapshot(_redirecting("a", "b"), _redirecting("b", "c"), model("c"))
    verdict = decide(catalogue, "a", caller(), CHAT, NOW)
    assert verdict.model is not None
    assert (verdict.model.model_id, verdict.redirected_from) == ("c", "a")


@pytest.mark.parametrize(
    "catalogue",
    [
        snapshot(_redirecting("a", "b"), _redirecting("b", "a")),
        snapshot(*(_redirecting(chr(97 + i), chr(98 + i)) for i in range(12)), model("m")),
        snapshot(_redirecting("a", "gone")),
        snapshot(_redirecting("a", "b"), model("b", owner=Owner(ACME.kind, slug="other"))),
        snapshot(_redirecting("a", "b"), model("b", end_of_life_at=0.0)),
    ],
    ids=["circle", "too long", "gone", "invisible", "retired for good"],
)
def test_redirect_to_nowhere_is_the_refusal_of_the_retired_model(catalogue: Snapshot) -> None:
    """Where no replacement can serve, the request is refused as retired, in bounded time."""
    verdict = decide(catalogue, "a", caller(), CHAT, NOW)
    assert [one.code for one in verdict.refusals] == [Code.MODEL_RETIRED]
    assert verdict.model is catalogue.models["a"]
    assert listing(catalogue, caller(), NOW) == [
        one
        for one in catalogue.models.values()
        if decide(catalogue, one.model_id, caller(), Needs(), NOW).allowed
    ]


def test_C09_disabled_model_is_refused_even_with_a_redirect() -> None:
    """Disabled comes before retired: no redirect, no failover."""
    catalogue = snapshot(_redirecting("old", "new", enabled=False), model("new"))
    assert _codes(catalogue, "old")[0] is Code.MODEL_DISABLED


# --- Hidden refusals ---


@pytest.mark.parametrize(
    "subject",
    [
        model("m", enabled=False),
        model("m", org_slugs=OTHERS),
        model("m", tier="closed"),
        model("m", end_of_life_at=0.0, tier="closed"),
        _redirecting("m", "n"),
    ],
    ids=["disabled", "org", "tier", "retired and tier", "redirected and tier"],
)
def test_hidden_denial_reads_like_an_unknown_id(subject: Model) -> None:
    """With ``hide_denied`` a 403 is the 404 of an unknown id; the log keeps the reason."""
    rest = (model("n", tier="closed"), model("other-model"))
    shown = decide(snapshot(subject, *rest, hide_denied=True), "m", caller(), CHAT, NOW)
    unknown = decide(snapshot(*rest, hide_denied=True), "m", caller(), CHAT, NOW)
    assert shown.refusals[0] == unknown.refusals[0]
    assert shown.refusals[0].code is Code.MODEL_NOT_FOUND
    assert {one.code.status for one in shown.refusals[1:]} & {403}


def test_hidden_denial_leaves_other_refusals_alone() -> None:
    """What is no 403 is told as it is."""
    catalogue = snapshot(model("m", capabilities={"tools": False}), hide_denied=True)
    verdict = decide(catalogue, "m", caller(), needing(("tools", "tools")), NOW)
    assert [one.code for one in verdict.refusals] == [Code.CAPABILITY_NOT_SUPPORTED]


# --- The list ---

NAMES = st.sampled_from(["a", "b", "c", "d"])
OWNERS = st.sampled_from([Owner(), Owner(), ACME, ADA, ADA_SHARED])


@st.composite
def catalogues(draw: st.DrawFn) -> Snapshot:
    """Small catalogues with every kind of reason for and against a model."""
    models = [
        model(
            name,
            owner=draw(OWNERS),
            enabled=draw(st.booleans()),
            display=Display(hidden=draw(st.booleans())),
            org_slugs=draw(st.sampled_from([frozenset(), frozenset({"acme"}), OTHERS])),
            tier=draw(st.sampled_from(sorted(TIERS))),
            end_of_life_at=draw(st.sampled_from([None, NOW - 1, NOW, NOW + 1])),
            replacement_model_id=draw(st.none() | NAMES),
            redirect_on_end_of_life=draw(st.booleans()),
        )
        for name in draw(st.sets(NAMES))
    ]
    return snapshot(*models, hide_denied=draw(st.booleans()))


CALLERS = st.builds(
    caller,
    org=st.sampled_from([None, "acme", "other"]),
    plan=st.sampled_from([None, "free", "pro"]),
    user=st.sampled_from([None, "ada", "bob"]),
)


@given(catalogues(), CALLERS)
def test_F05_list_is_exactly_what_the_gate_lets_through(catalogue: Snapshot, who: Caller) -> None:
    """A model is listed if and only if the gate allows it and it is not hidden."""
    allowed = {
        name
        for name, one in catalogue.models.items()
        if decide(catalogue, name, who, Needs(), NOW).allowed and not one.display.hidden
    }
    assert {one.model_id for one in listing(catalogue, who, NOW)} == allowed


@given(catalogues(), CALLERS)
def test_F05_close_ids_are_among_the_listed(catalogue: Snapshot, who: Caller) -> None:
    """A suggestion never names a model that the caller could not list."""
    listed = {one.model_id for one in listing(catalogue, who, NOW)}
    for requested in ("a", "bb", "x/c", "D"):
        assert set(close_ids(catalogue, requested, who, NOW)) <= listed


@given(catalogues(), CALLERS)
def test_verdict_is_allowed_exactly_without_refusals(catalogue: Snapshot, who: Caller) -> None:
    """Every verdict has a model to serve or a reason not to."""
    for name in ("a", "b", "c", "d", "e"):
        verdict = decide(catalogue, name, who, CHAT, NOW)
        assert verdict.allowed is not bool(verdict.refusals)
        assert verdict.model is not None or not verdict.allowed


@given(catalogues(), CALLERS)
def test_F15_every_listed_id_resolves_to_its_model(catalogue: Snapshot, who: Caller) -> None:
    """List and look-up are one index: each listed id is there once and leads to what is listed."""
    listed = listing(catalogue, who, NOW)
    assert len({one.model_id for one in listed}) == len(listed)
    assert all(catalogue.find(one.model_id) is one for one in listed)


def test_list_keeps_the_order_of_the_catalogue() -> None:
    """Models are listed in the order in which the catalogue has them."""
    names = ["z", "a", "m"]
    catalogue = snapshot(*map(model, names))
    assert [one.model_id for one in listing(catalogue, caller(), NOW)] == names
