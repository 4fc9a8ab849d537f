"""The checks of the gate: each one passed and refused, in order, with every reason kept."""

from itertools import combinations
from typing import Any

import pytest

from gate.samples import (
    ACME,
    ADA,
    ADA_SHARED,
    CHAT,
    NOW,
    caller,
    model,
    needing,
    snapshot,
)
from tollhouse.core.caller import Caller, Role
from tollhouse.core.errors import Code, Refusal
from tollhouse.core.model import Limits, Model, Owner, OwnerKind, SystemPrompt
from tollhouse.core.needs import Endpoint, ModelType, Needs
from tollhouse.gate.gate import decide, judge, listing
from tollhouse.gate.refusals import visible

EMBED = model(type=ModelType.EMBEDDINGS, supported_dimensions=(256, 512))
WORDS = needing(input_bytes=40, texts=("one two three", "four five"))


def _codes(subject: Model, who: Caller, needs: Needs, now: float = NOW) -> list[Code]:
    verdict = decide(snapshot(subject), subject.model_id, who, needs, now)
    return [one.code for one in verdict.refusals]


def _only(subject: Model, needs: Needs = CHAT, who: Caller | None = None) -> Refusal:
    refusals = judge(subject, who or caller(), needs, NOW, snapshot(subject))
    assert len(refusals) == 1
    return refusals[0]


# check, model, caller, needs, expected code (None: let through)
TABLE: list[tuple[str, Model, Caller, Needs, Code | None]] = [
    ("3 system model", model(), caller(), CHAT, None),
    ("3 own org's", model(owner=ACME), caller(), CHAT, None),
    ("3 another org's", model(owner=ACME), caller("other"), CHAT, Code.MODEL_NOT_FOUND),
    ("3 no org", model(owner=ACME), caller(None), CHAT, Code.MODEL_NOT_FOUND),
    ("3 own", model(owner=ADA), caller(user="ada"), CHAT, None),
    ("3 colleague's", model(owner=ADA), caller(user="bob"), CHAT, Code.MODEL_NOT_FOUND),
    ("3 a key of the org", model(owner=ADA), caller(), CHAT, Code.MODEL_NOT_FOUND),
    ("3 shared", model(owner=ADA_SHARED), caller(user="bob"), CHAT, None),
    ("3 shared, key", model(owner=ADA_SHARED), caller(), CHAT, None),
    ("3 shared elsewhere", model(owner=ADA_SHARED), caller("other"), CHAT, Code.MODEL_NOT_FOUND),
    ("4 on", model(enabled=True), caller(), CHAT, None),
    ("4 off", model(enabled=False), caller(), CHAT, Code.MODEL_DISABLED),
    ("5 none", model(end_of_life_at=None), caller(), CHAT, None),
    ("5 ahead", model(end_of_life_at=NOW + 0.001), caller(), CHAT, None),
    ("5 now", model(end_of_life_at=NOW), caller(), CHAT, Code.MODEL_RETIRED),
    ("5 past", model(end_of_life_at=NOW - 1), caller(), CHAT, Code.MODEL_RETIRED),
    ("6 listed", model(org_slugs=frozenset({"acme", "x"})), caller(), CHAT, None),
    ("6 not", model(org_slugs=frozenset({"acme2"})), caller(), CHAT, Code.MODEL_NOT_ALLOWED),
    ("6 no org", model(org_slugs=frozenset({"x"})), caller(None), CHAT, Code.MODEL_NOT_ALLOWED),
    ("7 standard", model(), caller(plan="free"), CHAT, None),
    ("7 premium", model(tier="premium"), caller(plan="pro"), CHAT, None),
    ("7 too low", model(tier="premium"), caller(plan="free"), CHAT, Code.TIER_INSUFFICIENT),
    ("7 no plan", model(), caller(plan=None), CHAT, Code.TIER_INSUFFICIENT),
    ("7 unknown plan", model(), caller(plan="gold"), CHAT, Code.TIER_INSUFFICIENT),
    ("7 empty tier", model(tier="closed"), caller(), CHAT, Code.TIER_INSUFFICIENT),
    ("7 unknown tier", model(tier="gone"), caller(), CHAT, Code.TIER_INSUFFICIENT),
    ("8 fits", EMBED, caller(), Needs(Endpoint.EMBEDDINGS), None),
    ("8 look-up", EMBED, caller(), Needs(), None),
    ("8 does not", EMBED, caller(), CHAT, Code.ENDPOINT_NOT_SUPPORTED),
    ("9 unknown", model(), caller(), needing(("vision", "messages")), None),
    ("9 has", model(capabilities={"vision": True}), caller(), needing(("vision", "m")), None),
    (
        "9 has not",
        model(capabilities={"vision": False}),
        caller(),
        needing(("vision", "messages")),
        Code.CAPABILITY_NOT_SUPPORTED,
    ),
    ("9 not needed", model(capabilities={"vision": False}), caller(), CHAT, None),
    ("10 no limit", model(), caller(), needing(max_tokens=10**9), None),
    ("10 at most", model(limits=Limits(None, 5)), caller(), needing(max_tokens=5), None),
    (
        "10 over",
        model(limits=Limits(None, 5)),
        caller(),
        needing(max_tokens=6),
        Code.MAX_TOKENS_EXCEEDED,
    ),
    ("10 fits", model(limits=Limits(5)), caller(), WORDS, None),
    ("10 too long", model(limits=Limits(4)), caller(), WORDS, Code.CONTEXT_LENGTH_EXCEEDED),
    ("10 tokens fit", model(limits=Limits(4)), caller(), needing(token_count=4), None),
    (
        "10 tokens do not",
        model(limits=Limits(4)),
        caller(),
        needing(token_count=5),
        Code.CONTEXT_LENGTH_EXCEEDED,
    ),
    ("10 dimension", EMBED, caller(), Needs(Endpoint.EMBEDDINGS, dimensions=256), None),
    (
        "10 no such dimension",
        EMBED,
        caller(),
        Needs(Endpoint.EMBEDDINGS, dimensions=300),
        Code.INVALID_DIMENSIONS,
    ),
    (
        "10 only the default dimension",
        model(type=ModelType.EMBEDDINGS, dimensions=8),
        caller(),
        Needs(Endpoint.EMBEDDINGS, dimensions=9),
        Code.INVALID_DIMENSIONS,
    ),
    (
        "10 the default among others",
        model(type=ModelType.EMBEDDINGS, dimensions=8, supported_dimensions=(8, 9)),
        caller(),
        Needs(Endpoint.EMBEDDINGS, dimensions=9),
        None,
    ),
    (
        "10 dimensions unknown",
        model(type=ModelType.EMBEDDINGS),
        caller(),
        Needs(Endpoint.EMBEDDINGS, dimensions=9),
        None,
    ),
]


@pytest.mark.parametrize(
    ("subject", "who", "needs", "code"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_check_passes_or_refuses(
    subject: Model, who: Caller, needs: Needs, code: Code | None
) -> None:
    """Each check lets through what it should and refuses the rest with its own code alone."""
    assert _codes(subject, who, needs) == ([code] if code else [])


@pytest.mark.parametrize("kind", list(ModelType))
@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_C14_model_serves_exactly_the_endpoints_of_its_type(
    endpoint: Endpoint, kind: ModelType
) -> None:
    """Every type against every endpoint."""
    expected = [] if endpoint.model_type is kind else [Code.ENDPOINT_NOT_SUPPORTED]
    assert _codes(model(type=kind), caller(), Needs(endpoint)) == expected


FAULTS: list[tuple[Code, dict[str, Any]]] = [
    (Code.MODEL_DISABLED, {"enabled": False}),
    (Code.MODEL_RETIRED, {"end_of_life_at": NOW - 1}),
    (Code.MODEL_NOT_ALLOWED, {"org_slugs": frozenset({"other"})}),
    (Code.TIER_INSUFFICIENT, {"tier": "closed"}),
    (Code.ENDPOINT_NOT_SUPPORTED, {"type": ModelType.EMBEDDINGS}),
    (Code.CAPABILITY_NOT_SUPPORTED, {"capabilities": {"tools": False}}),
    (Code.MAX_TOKENS_EXCEEDED, {"limits": Limits(None, 5)}),
]
DEMANDING = needing(("tools", "tools"), max_tokens=6)


@pytest.mark.parametrize(
    "picked", [pick for size in range(1, len(FAULTS) + 1) for pick in combinations(FAULTS, size)]
)
def test_every_reason_is_kept_in_the_contracts_order(
    picked: tuple[tuple[Code, dict[str, Any]], ...],
) -> None:
    """Whatever is wrong together, all of it is told, and the first check's reason leads."""
    fields: dict[str, Any] = {}
    for _, fault in picked:
        fields |= fault
    assert _codes(model(**fields), caller(), DEMANDING) == [code for code, _ in picked]


def test_every_missing_capability_is_a_reason_of_its_own() -> None:
    """A request that needs three things a model has not is told all three, each by its field."""
    subject = model(capabilities={"streaming": False, "vision": False, "audio": False})
    needs = needing(("streaming", "stream"), ("vision", "messages"), ("audio", "modalities"))
    refusals = judge(subject, caller(), needs, NOW, snapshot(subject))
    assert [one.param for one in refusals] == ["stream", "messages", "modalities"]


def test_limits_are_all_judged() -> None:
    """Output and input over the limits are two reasons."""
    subject = model(limits=Limits(4, 5))
    needs = needing(max_tokens=6, input_bytes=40, texts=("a b c d e",))
    codes = [one.code for one in judge(subject, caller(), needs, NOW, snapshot(subject))]
    assert codes == [Code.MAX_TOKENS_EXCEEDED, Code.CONTEXT_LENGTH_EXCEEDED]


def test_model_that_may_not_be_known_of_gives_no_other_reason() -> None:
    """Another org's model is unknown: whether it is enabled or retired is not told."""
    subject = model(owner=ACME, enabled=False, end_of_life_at=0.0, tier="closed")
    assert _codes(subject, caller("other"), CHAT) == [Code.MODEL_NOT_FOUND]
    refusals = judge(subject, caller("other"), CHAT, NOW, snapshot(subject))
    assert [one.code for one in refusals] == [Code.MODEL_NOT_FOUND]


def test_system_admin_is_a_caller_like_any_other() -> None:
    """A role opens no model on the data plane."""
    admin = caller(None, None, role=Role.SYSTEM_ADMIN, user="root")
    assert not visible(model(owner=ACME), admin)
    assert _codes(model(), admin, CHAT) == [Code.TIER_INSUFFICIENT]


def test_users_of_one_id_in_two_orgs_are_two() -> None:
    """Whoever makes tokens in one org is nobody in another, whatever name it gives itself."""
    for owner in (ADA, ADA_SHARED):
        assert visible(model(owner=owner), caller("acme", user="ada"))
        assert not visible(model(owner=owner), caller("globex", user="ada"))
        assert not visible(model(owner=owner), caller(None, user="ada"))


def test_owner_without_a_name_is_nobodys() -> None:
    """An org's model without a slug and a user's without an id are visible to nobody."""
    nobody = caller(None, user=None)
    assert not visible(model(owner=Owner(OwnerKind.ORG)), nobody)
    assert not visible(model(owner=Owner(OwnerKind.USER, shared=True)), nobody)


class Uncountable(str):
    """A text that may not be counted."""

    __slots__ = ()

    def split(self, *_: Any, **__: Any) -> list[str]:
        """Fail."""
        raise AssertionError("counted")


def test_short_input_is_not_counted() -> None:
    """Words are counted only when the size says that they could be too many."""
    subject = model(limits=Limits(context_window=10))
    needs = needing(input_bytes=21, texts=(Uncountable("a b c"),))
    assert judge(subject, caller(), needs, NOW, snapshot(subject)) == ()


def test_short_input_with_a_system_prompt_is_not_counted() -> None:
    """The prompt is counted beforehand, and once: only the input's size has to be looked at."""
    subject = model(limits=Limits(context_window=10), system_prompt=SystemPrompt.of("one two"))
    fits = needing(input_bytes=17, texts=(Uncountable("a b c"),))
    assert judge(subject, caller(), fits, NOW, snapshot(subject)) == ()


@pytest.mark.parametrize(("words", "refused"), [(7, False), (8, True)])
def test_a_system_prompt_takes_up_room(words: int, *, refused: bool) -> None:
    """Three words of it and seven of the input are ten; its text is not in the refusal."""
    prompt = SystemPrompt.of("canary canary canary")
    subject = model(limits=Limits(context_window=10), system_prompt=prompt)
    needs = needing(input_bytes=100, texts=("a " * words,))
    refusals = judge(subject, caller(), needs, NOW, snapshot(subject))
    assert [one.code for one in refusals] == [Code.CONTEXT_LENGTH_EXCEEDED] * refused
    assert not any("canary" in one.message for one in refusals)
    assert all("at least 11 tokens" in one.message for one in refusals)


def test_a_prompt_that_fills_the_window_leaves_nothing_to_ask() -> None:
    """Such a model is not listed either: no request of it could pass."""
    subject = model(limits=Limits(context_window=2), system_prompt=SystemPrompt.of("a b c"))
    assert judge(subject, caller(), Needs(), NOW, snapshot(subject))
    assert listing(snapshot(subject), caller(), NOW) == []


def test_messages_name_the_id_as_requested_and_say_what_to_do() -> None:
    """A developer reads the id that the application sent, not the one it resolved to."""
    subject = model(aliases=("fast",), enabled=False)
    refusal = decide(snapshot(subject), "fast", caller(), CHAT, NOW).refusals[0]
    assert "'fast'" in refusal.message
    assert "a/model" not in refusal.message
    assert "enable it" in refusal.message


def test_tier_refusal_names_the_plans_that_have_it() -> None:
    """The developer learns which plan would do."""
    refusal = _only(model(tier="premium"), who=caller(plan="free"))
    assert refusal.plans == ("enterprise", "pro")
    assert "enterprise, pro" in refusal.message
    assert "free" in refusal.message


def test_limit_refusal_names_the_field_and_the_limit() -> None:
    """The field is the one that the client used."""
    needs = needing(max_tokens=6, max_tokens_param="max_completion_tokens")
    refusal = _only(model(limits=Limits(None, 5)), needs)
    assert refusal.param == "max_completion_tokens"
    assert "5" in refusal.message


def test_dimension_refusal_names_those_there_are() -> None:
    """The developer learns which dimensions the model gives."""
    refusal = _only(EMBED, Needs(Endpoint.EMBEDDINGS, dimensions=3))
    assert refusal.param == "dimensions"
    assert "256, 512" in refusal.message
