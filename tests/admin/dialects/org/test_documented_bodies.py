"""Seeds 000, 001 and 002, the bodies: every field with its bounds, nullability and examples."""

import pytest

from admin.dialects.org.org_desk import BASE, PATH, PROMPT, Desk, faults_of, new
from admin.dialects.org.seeds import CREATE, REFUSED, UPDATE, Said

UPDATES = pytest.mark.parametrize("said", UPDATE, ids=str)
CREATES = pytest.mark.parametrize("said", CREATE, ids=str)


@UPDATES
async def test_an_update_takes_what_the_document_allows(desk: Desk, said: Said) -> None:
    """Examples, bounds and all in between are a 200 that shows the value that was sent."""
    uid = (await desk.create())["id"]
    for value in said.good:
        shown = await desk.patch(uid, **{said.name: value})
        assert (shown[said.name], type(shown[said.name])) == (value, type(value)), said.quotes
        assert await desk.get(uid) == shown


@UPDATES
async def test_an_update_refuses_what_the_document_does_not_allow(desk: Desk, said: Said) -> None:
    """A 422 whose JSON pointer names the field, and nothing is changed."""
    before = await desk.create()
    for value in said.bad:
        answer = await desk.http.patch(f"{PATH}/{before['id']}", json={said.name: value})
        (pointer,) = faults_of(answer)
        assert pointer.startswith(f"#/{said.name}"), (said.quotes, value)
    assert await desk.get(before["id"]) == before


@UPDATES
async def test_a_null_takes_back_what_was_set(desk: Desk, said: Said) -> None:
    """``| null``: the default is in force again; a parent, which has none, cannot be taken away."""
    uid = (await desk.create())["id"]
    await desk.patch(uid, **{said.name: said.good[0]})
    answer = await desk.http.patch(f"{PATH}/{uid}", json={said.name: None})
    if said.null is REFUSED:
        assert set(faults_of(answer)) == {f"#/{said.name}"}
    else:
        assert answer.status_code == 200, said.quotes
        assert answer.json()[said.name] == said.null


@UPDATES
async def test_what_an_update_does_not_name_stays(desk: Desk, said: Said) -> None:
    """Absent is not null: an update of one field leaves each of the others as it was."""
    before = await desk.create(
        displayName="Full",
        contextWindow=8192,
        maxTokensPerRequest=4096,
        supportsStreaming=False,
        metadata={"a": [1, None]},
        systemPromptId=PROMPT,
        systemPrompt="Be brief.",
    )
    after = await desk.patch(before["id"], **{said.name: said.good[0]})
    assert {**after, said.name: None} == {**before, said.name: None}


@CREATES
async def test_a_create_takes_what_the_document_allows(desk: Desk, said: Said) -> None:
    """Examples, bounds and all in between are a 201 that shows the value that was sent."""
    for value in said.good:
        answer = await desk.http.post(PATH, json={**new(), said.name: value})
        assert answer.status_code == 201, (said.quotes, value, answer.text)
        shown = answer.json()
        assert (shown[said.name], type(shown[said.name])) == (value, type(value)), said.quotes
        assert await desk.get(shown["id"]) == shown


@CREATES
async def test_a_create_refuses_what_the_document_does_not_allow(desk: Desk, said: Said) -> None:
    """A 422 whose JSON pointer names the field, and nothing is made."""
    before = desk.house.live.snapshot
    for value in said.bad:
        answer = await desk.http.post(PATH, json={**new(), said.name: value})
        (pointer,) = faults_of(answer)
        assert pointer.startswith(f"#/{said.name}"), (said.quotes, value)
    assert desk.house.live.snapshot is before


@CREATES
async def test_a_field_left_out_of_a_create_or_null_has_its_default(desk: Desk, said: Said) -> None:
    """The parent and a name are required; the rest is the parent's, or on, or nothing."""
    for body in ({**new(), said.name: None}, new(**{said.name: None})):
        answer = await desk.http.post(PATH, json=body)
        if said.null is REFUSED:
            assert set(faults_of(answer)) == {f"#/{said.name}"}
        else:
            assert answer.status_code == 201, said.quotes
            assert answer.json()[said.name] == said.null


async def test_every_fault_is_named_at_once(desk: Desk) -> None:
    """One answer holds all faults of a body, unknown fields among them."""
    body = {
        "parentModelId": "",
        "contextWindow": 0,
        "maxTokensPerRequest": "x",
        "enabled": "yes",
        "displayname": "x",
        "context_window": 5,
    }
    assert set(faults_of(await desk.http.post(PATH, json=body))) == {
        *("#/parentModelId", "#/displayName", "#/contextWindow", "#/maxTokensPerRequest"),
        *("#/enabled", "#/displayname", "#/context_window"),
    }


async def test_a_parent_is_named_by_the_id_it_is_called_by_too(desk: Desk) -> None:
    """``parentModelId`` takes the ``modelId`` of a system model of at most 36 characters."""
    made = await desk.create(parentModelId="large")
    assert made["parentModelId"] == BASE
    assert (await desk.create(parentModelId=BASE.upper()))["parentModelId"] == BASE


async def test_user_models_must_reference_a_system_model(desk: Desk) -> None:
    """Neither an org's model nor one that is kept for another org can be a parent."""
    own = await desk.create()
    theirs = await desk.system("theirs", org_slugs=["globex"])
    for parent in (own["id"], own["modelId"], theirs, "theirs"):
        for answer in (
            await desk.http.post(PATH, json=new(parentModelId=parent)),
            await desk.http.patch(f"{PATH}/{own['id']}", json={"parentModelId": parent}),
        ):
            assert faults_of(answer) == {
                "#/parentModelId": "names no system model that this organisation may use"
            }


LIMITS = [("contextWindow", 8193, 8192), ("maxTokensPerRequest", 1001, 1000)]


@pytest.mark.parametrize(("name", "over", "most"), LIMITS)
async def test_limits_are_within_the_parents(desk: Desk, name: str, over: int, most: int) -> None:
    """What the parent allows can be lowered and not raised, by a new parent either."""
    small = await desk.system("small", limits={"context_window": 8192, "max_tokens": 1000})
    answers = [await desk.http.post(PATH, json=new(parentModelId=small, **{name: over}))]
    own = await desk.create(parentModelId=small, **{name: most})
    answers.append(await desk.http.patch(f"{PATH}/{own['id']}", json={name: over}))
    roomy = await desk.create(**{name: over})
    answers.append(await desk.http.patch(f"{PATH}/{roomy['id']}", json={"parentModelId": small}))
    for answer in answers:
        assert faults_of(answer) == {f"#/{name}": f"is over the parent's {most}"}
    assert (await desk.patch(roomy["id"], parentModelId=small, **{name: None}))[name] == most


async def test_streams_are_the_parents_to_offer(desk: Desk) -> None:
    """A model can do without streams that its parent has, and cannot have those it has not."""
    mute = await desk.system("mute", capabilities={"streaming": False})
    assert (await desk.create(parentModelId=mute))["supportsStreaming"] is False
    own = await desk.create(parentModelId=mute, supportsStreaming=False)
    for answer in (
        await desk.http.post(PATH, json=new(parentModelId=mute, supportsStreaming=True)),
        await desk.http.patch(f"{PATH}/{own['id']}", json={"supportsStreaming": True}),
        await desk.http.patch(
            f"{PATH}/{(await desk.create())['id']}",
            json={"supportsStreaming": True, "parentModelId": mute},
        ),
    ):
        assert faults_of(answer) == {
            "#/supportsStreaming": "cannot be switched on: the parent does not stream"
        }


READ_ONLY = [
    *("id", "modelId", "model_id", "uid", "isSystemModel", "createdAt", "updatedAt", "provider"),
    *("modelName", "supportsTools", "supportsVision", "supportsReasoning", "creditMultiplier"),
    *("modelTier", "lifecycleState", "endOfLifeAt", "deprecationMessage", "replacementModelId"),
    *("isRecommended", "description", "owner", "org_slugs", "pricing", "connection", "failover"),
    *("provider_config", "aliases", "capabilities", "limits", "version", "tier", "__proto__"),
]


async def test_what_is_not_the_orgs_to_say_is_refused(desk: Desk) -> None:
    """Fields of the answer and of the native document are no fields of a body here."""
    own = await desk.create()
    body = dict.fromkeys(READ_ONLY, "x")
    expected = {f"#/{name}": "is not a known field" for name in READ_ONLY}
    assert faults_of(await desk.http.patch(f"{PATH}/{own['id']}", json=body)) == expected
    assert faults_of(await desk.http.post(PATH, json={**new(), **body})) == expected
    assert await desk.get(own["id"]) == own
