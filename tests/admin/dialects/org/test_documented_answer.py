"""Seeds 000, 001 and 002, the answer: every field with its type, default and examples."""

from datetime import UTC, datetime
from typing import Any

import pytest

from admin.dialects.org.org_desk import BASE, PARENT, PATH, PROMPT, Desk, new
from admin.dialects.org.seeds import ANSWER

EXTRA = {"modelId"}
"""What the documents do not have: the id that applications call the model by."""
NEXT = "660e8400-e29b-41d4-a716-446655440001"


@pytest.mark.parametrize(("name", "kind", "says"), ANSWER, ids=[row[0] for row in ANSWER])
async def test_every_answer_has_the_field(desk: Desk, name: str, kind: Any, says: str) -> None:
    """Of a create, an update, a look-up and a list; of an org's model and of the system's."""
    made = await desk.http.post(PATH, json=new())
    uid = made.json()["id"]
    updated = await desk.http.patch(f"{PATH}/{uid}", json={"enabled": True})
    listed = (await desk.http.get(PATH)).json()["data"]
    shown = [made.json(), updated.json(), await desk.get(uid), await desk.get(BASE), *listed]
    assert (made.status_code, updated.status_code) == (201, 200)
    for one in shown:
        assert isinstance(one[name], kind), says
        assert set(one) == {row[0] for row in ANSWER} | EXTRA


async def test_an_org_model_inherits_what_its_parent_has(desk: Desk) -> None:
    """``NULL for user models``: provider and name; capabilities and multiplier are the parent's."""
    made = await desk.create(displayName="reasoning-model 3.5 Sonnet")
    assert made["displayName"] == "reasoning-model 3.5 Sonnet"
    assert (made["provider"], made["modelName"]) == (None, None)
    assert (made["isSystemModel"], made["parentModelId"]) == (False, BASE)
    assert made["creditMultiplier"] == 2
    assert made["description"] == "Advanced language model for complex tasks"
    for name in ("supportsTools", "supportsVision", "supportsReasoning", "supportsStreaming"):
        assert made[name] is True


async def test_a_system_model_shows_who_provides_it(desk: Desk) -> None:
    """``isSystemModel: true``, with the provider's name and the provider's name for it."""
    shown = await desk.get(BASE)
    assert (shown["id"], shown["modelId"], shown["displayName"]) == (BASE, "large", "Large")
    assert (shown["isSystemModel"], shown["parentModelId"]) == (True, None)
    assert (shown["provider"], shown["modelName"]) == ("openai", "large-modelo")
    assert shown["creditMultiplier"] == 2


async def test_defaults_of_the_answer(desk: Desk) -> None:
    """``default:false``, ``default:standard``, ``default:active``, nulls and empty metadata."""
    await desk.system("bare", PARENT, limits=None)
    shown = await desk.get(PARENT)
    for name in ("supportsTools", "supportsVision", "supportsReasoning", "isRecommended"):
        assert shown[name] is False
    assert (shown["modelTier"], shown["lifecycleState"]) == ("standard", "active")
    for name in ("description", "maxTokensPerRequest", "creditMultiplier", "endOfLifeAt"):
        assert shown[name] is None
    for name in ("deprecationMessage", "replacementModelId", "systemPromptId", "systemPrompt"):
        assert shown[name] is None
    assert shown["metadata"] == {}
    assert shown["displayName"] == "bare"
    # What is not known bounds nothing: the window is the widest that a model under it can have.
    assert shown["contextWindow"] == 2_000_000
    assert (await desk.create(parentModelId=PARENT, contextWindow=2_000_000))["contextWindow"]


async def test_capabilities_that_are_known_to_be_missing_are_false(desk: Desk) -> None:
    """The parent says what there is."""
    none = dict.fromkeys(("streaming", "tools", "vision", "reasoning"), False)
    made = await desk.create(parentModelId=await desk.system("poor", capabilities=none))
    for name in ("supportsTools", "supportsVision", "supportsReasoning", "supportsStreaming"):
        assert made[name] is False


async def test_times_are_told_as_the_examples_are(desk: Desk) -> None:
    """``2025-09-08T06:33:19Z``: when it was created, and when it was last updated."""
    desk.house.clock.time = datetime(2025, 9, 8, 6, 33, 19, tzinfo=UTC).timestamp()
    made = await desk.create()
    assert made["createdAt"] == made["updatedAt"] == "2025-09-08T06:33:19Z"
    desk.house.clock.time += 60
    updated = await desk.patch(made["id"], enabled=False)
    assert updated["createdAt"] == "2025-09-08T06:33:19Z"
    assert updated["updatedAt"] == "2025-09-08T06:34:19Z"


async def test_the_tier_is_the_parents(desk: Desk) -> None:
    """``'premium' models require a Pro or Enterprise subscription``: examples of both."""
    premium = await desk.system("best", tier="premium")
    assert (await desk.create())["modelTier"] == "standard"
    assert (await desk.create(parentModelId=premium))["modelTier"] == "premium"


async def test_recommended_models_are_the_curators_choice(desk: Desk) -> None:
    """``Curated``: the operator says it of system models; an org's model is not one of them."""
    await desk.operate("large", is_recommended=True)
    assert (await desk.get(BASE))["isRecommended"] is True
    assert (await desk.create())["isRecommended"] is False


async def test_lifecycle_states_follow_the_switch_and_the_clock(desk: Desk) -> None:
    """``active``, ``disabled``, ``deprecated``, ``end_of_life``: of a model and of its children."""
    notice = "This model is scheduled for retirement on 2026-06-01. Please migrate to large-modelo."
    desk.house.clock.time = datetime(2026, 5, 31, tzinfo=UTC).timestamp()
    await desk.system("next", NEXT)
    own = (await desk.create())["id"]
    assert (await desk.get(own))["lifecycleState"] == "active"
    assert (await desk.patch(own, enabled=False))["lifecycleState"] == "disabled"
    assert (await desk.patch(own, enabled=True))["lifecycleState"] == "active"

    await desk.operate("large", deprecation_message=notice, replacement_model_id="next")
    # Only present when there is an end of life that it tells of.
    assert (await desk.get(BASE))["deprecationMessage"] is None
    await desk.operate("large", end_of_life_at="2026-06-01T00:00:00Z")
    for state, hours in (("deprecated", 0), ("deprecated", 23), ("end_of_life", 1)):
        desk.house.clock.time += hours * 3600
        for uid in (BASE, own):
            shown = await desk.get(uid)
            assert shown["lifecycleState"] == state
            assert shown["endOfLifeAt"] == "2026-06-01T00:00:00Z"
            assert shown["deprecationMessage"] == notice
            assert shown["replacementModelId"] == NEXT

    await desk.operate("large", end_of_life_at=None, enabled=False)
    shown = await desk.get(own)
    # Its own switch is on; that of its parent is not.
    assert (shown["enabled"], shown["lifecycleState"]) == (True, "disabled")
    assert (shown["endOfLifeAt"], shown["deprecationMessage"]) == (None, None)


async def test_a_replacement_that_the_org_may_not_know_of_is_not_told(desk: Desk) -> None:
    """The id of a model that is kept for others is none of this org's business."""
    await desk.system("theirs", NEXT, org_slugs=["globex"])
    await desk.operate("large", replacement_model_id="theirs")
    assert (await desk.get(BASE))["replacementModelId"] is None


async def test_a_system_models_own_affairs_are_not_told(desk: Desk) -> None:
    """Its metadata and prompts are for those who run the gateway."""
    await desk.operate("large", metadata={"contract": "secret"}, system_prompt="House rules.")
    await desk.operate("large", system_prompt_id=PROMPT)
    shown = await desk.get(BASE)
    assert (shown["metadata"], shown["systemPromptId"], shown["systemPrompt"]) == ({}, None, None)


async def test_metadata_comes_back_as_it_was_sent(desk: Desk) -> None:
    """It is replaced as a whole, not merged, and a null inside it is a value."""
    own = await desk.create(metadata={"a": {"b": 1, "c": None}, "d": [None, 1.5]})
    assert own["metadata"] == {"a": {"b": 1, "c": None}, "d": [None, 1.5]}
    assert (await desk.patch(own["id"], metadata={"a": {"x": 1}}))["metadata"] == {"a": {"x": 1}}
    assert desk.native(own["modelId"])["metadata"] == {"a": {"x": 1}}


async def test_a_change_of_the_parent_shows_at_once(desk: Desk) -> None:
    """Inheritance is live: nothing of the parent's is copied into the child."""
    own = await desk.create()
    await desk.operate(
        "large",
        capabilities={"vision": False, "streaming": False},
        limits={"context_window": 100_000, "max_tokens": 2_000},
        tier="premium",
        credit_multiplier=5,
    )
    shown = await desk.get(own["id"])
    assert (shown["supportsVision"], shown["supportsStreaming"]) == (False, False)
    assert (shown["contextWindow"], shown["maxTokensPerRequest"]) == (100_000, 2_000)
    assert (shown["modelTier"], shown["creditMultiplier"]) == ("premium", 5)
    kept = desk.native(own["modelId"])
    assert not {"capabilities", "limits", "tier", "pricing", "provider"} & set(kept)
