"""System prompts at request time: where they stand, whose they are, what they count.

The provider sees them in front of the conversation; the client's own system message stays behind.
"""

from typing import Any

import httpx
import pytest

from e2e.failing import fails
from e2e.sdk import Ask, Sdk
from e2e.stage import Stage, chunks, data_lines, error_of, exact, per_million, streamed_usage
from fakes.answers import error
from fakes.openai_answers import NO_USAGE, Chat, Completion, Embeddings
from fakes.responses_answers import Responses

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMPTS = "/admin/v1/prompts"
ROLE = {"kind": "role", "text": "You are a toll keeper."}
TONE = {"kind": "tone", "text": "Be höflich, »brief«."}
OFF = {"kind": "guardrails", "text": "Say nothing.", "enabled": False}
COMPOSED = "You are a toll keeper.\n\nBe höflich, »brief«."
FIRST = {"role": "system", "content": COMPOSED}
HELLO = [{"role": "user", "content": "Hello"}]


async def prompt(stage: Stage, *particles: dict[str, Any]) -> str:
    """A new system prompt; its id."""
    sent = {"name": "Keeper", "particles": list(particles or (ROLE, OFF, TONE))}
    made = await stage.gw.admin.post(PROMPTS, json=sent)
    assert made.status_code == 201, made.text
    prompt_id: str = made.json()["prompt_id"]
    return prompt_id


async def prompted(stage: Stage, *behaviours: Any, **fields: Any) -> str:
    """A new model with the composition above."""
    return await stage.model(*behaviours, system_prompt_id=await prompt(stage), **fields)


async def words(stage: Stage, count: int, name: str = "m", **fields: Any) -> str:
    """A new model whose prompt has so many words."""
    particle = {"kind": "role", "text": "word " * count}
    return await stage.model(name=name, system_prompt_id=await prompt(stage, particle), **fields)


def sent(stage: Stage, model_id: str) -> Any:
    """The body that the provider got last for a model."""
    return stage.calls(model_id)[-1].json


# --- Where it stands ---


@pytest.mark.parametrize("stream", [False, True])
async def test_chat_begins_with_it(stage: Stage, sdk: Sdk, *, stream: bool) -> None:
    """The composed text is the first message, streamed or not."""
    model_id = await prompted(stage)
    ask = {"model": model_id, "messages": HELLO}
    if stream:
        await sdk.events(lambda c: c.chat.completions.create(**ask, stream=True))
    else:
        await sdk(lambda c: c.chat.completions.create(**ask))
    assert sent(stage, model_id)["messages"] == [FIRST, *HELLO]


async def test_a_clients_own_system_message_stays_behind_it(stage: Stage, sdk: Sdk) -> None:
    """Both are there, the catalogue's first, and the rest of the conversation is untouched."""
    model_id = await prompted(stage)
    turns = [
        {"role": "system", "content": "You are a pirate."},
        *HELLO,
        {"role": "assistant", "content": "Ahoy"},
        {"role": "user", "content": [{"type": "text", "text": "Who are you?"}]},
    ]
    await sdk(lambda c: c.chat.completions.create(model=model_id, messages=turns))
    assert sent(stage, model_id)["messages"] == [FIRST, *turns]


async def test_responses_have_it_in_their_instructions(stage: Stage, sdk: Sdk) -> None:
    """In front of the client's, which alone are told back to it, whole and streamed."""
    model_id = await prompted(stage, Responses())

    def asking(**given: Any) -> Ask:
        return lambda c: c.responses.create(model=model_id, input="Hello", **given)

    for own, expected in ((None, COMPOSED), ("Rhyme.", f"{COMPOSED}\n\nRhyme.")):
        given = {} if own is None else {"instructions": own}
        answer = await sdk(asking(**given))
        assert sent(stage, model_id)["instructions"] == expected
        assert sent(stage, model_id)["input"] == "Hello"
        assert answer.instructions == own
        events = await sdk.events(asking(**given, stream=True))
        assert sent(stage, model_id)["instructions"] == expected
        told = [event.response.instructions for event in events if hasattr(event, "response")]
        assert len(told) == 3
        assert set(told) == {own}


async def test_responses_without_a_prompt_are_told_as_they_came(stage: Stage, sdk: Sdk) -> None:
    """Nothing is put anywhere, and what the provider repeats is the client's anyhow."""
    model_id = await stage.model(Responses())
    answer = await sdk(
        lambda c: c.responses.create(model=model_id, input="Hello", instructions="Rhyme.")
    )
    assert sent(stage, model_id)["instructions"] == answer.instructions == "Rhyme."


async def test_completions_begin_with_it(stage: Stage, sdk: Sdk) -> None:
    """Each of several prompts does."""
    model_id = await prompted(stage, Completion())
    await sdk(lambda c: c.completions.create(model=model_id, prompt="Once"))
    assert sent(stage, model_id)["prompt"] == f"{COMPOSED}\n\nOnce"
    await sdk(lambda c: c.completions.create(model=model_id, prompt=["Once", "Twice"]))
    assert sent(stage, model_id)["prompt"] == [f"{COMPOSED}\n\nOnce", f"{COMPOSED}\n\nTwice"]


async def test_other_endpoints_have_no_place_for_it(stage: Stage) -> None:
    """A model that is not for completions is refused one, so embeddings never meet it."""
    prompt_id = await prompt(stage)
    document = {"model_id": "vectors", "type": "embeddings", "provider": "up"}
    refused = await stage.gw.admin.post(
        "/v1/models", json={**document, "system_prompt_id": prompt_id}
    )
    assert refused.status_code == 422
    assert refused.json()["error"]["fields"] == [
        {"path": "system_prompt_id", "message": "is for completion models only"}
    ]
    model_id = await stage.model(Embeddings(2), type="embeddings", pricing=None)
    body = {"model": model_id, "input": "one"}
    assert (await stage.gw.client.post("/v1/embeddings", json=body)).status_code == 200
    assert sent(stage, model_id) == {"model": f"{model_id}-upstream", "input": "one"}


# --- Whose it is, and since when ---


async def test_an_override_bypasses_the_composition(stage: Stage, sdk: Sdk) -> None:
    """A model's own text is used instead, until it is taken back."""
    model_id = await prompted(stage, system_prompt="My own.")

    async def first() -> Any:
        await sdk(lambda c: c.chat.completions.create(model=model_id, messages=HELLO))
        return sent(stage, model_id)["messages"][0]

    assert await first() == {"role": "system", "content": "My own."}
    await stage.gw.patch(model_id, system_prompt=None)
    assert await first() == FIRST
    await stage.gw.patch(model_id, system_prompt_id=None)
    assert await first() == HELLO[0]


async def test_a_changed_prompt_is_in_force_for_the_next_request(stage: Stage) -> None:
    """For every model that names it, without the model being touched; so is switching it off."""
    prompt_id = await prompt(stage)
    models = [await stage.model(system_prompt_id=prompt_id) for _ in range(2)]
    for particles, expected in (
        ([{**ROLE, "text": "New."}], [{"role": "system", "content": "New."}, *HELLO]),
        ([{**ROLE, "enabled": False}], HELLO),
        ([TONE], [{"role": "system", "content": TONE["text"]}, *HELLO]),
    ):
        changed = await stage.gw.admin.patch(
            f"{PROMPTS}/{prompt_id}", json={"particles": particles}
        )
        assert changed.status_code == 200
        for model_id in models:
            assert (await stage.chat(model_id)).status_code == 200
            assert sent(stage, model_id)["messages"] == expected


async def test_an_orgs_admin_changes_the_prompt_of_its_model(stage: Stage) -> None:
    """Through the organisation dialect; it is in force for the org's next request."""
    token = {"user": "olga", "org": "acme", "role": "org_admin"}
    made = await stage.gw.admin.post("/admin/v1/tokens", json=token)
    olga = stage.gw.as_caller(made.json()["token"])
    path = "/org/v1/system-prompts"
    shown = (await olga.post(path, json={"name": "Ours", "particles": [ROLE]})).json()
    owner = {"kind": "org", "slug": "acme"}
    model_id = await stage.model(owner=owner, system_prompt_id=shown["id"])
    await stage.chat(model_id)
    assert sent(stage, model_id)["messages"][0]["content"] == ROLE["text"]
    changed = await olga.patch(f"{path}/{shown['id']}", json={"particles": [ROLE, TONE]})
    assert changed.json()["composedText"] == COMPOSED
    await stage.chat(model_id)
    assert sent(stage, model_id)["messages"] == [FIRST, *HELLO]


async def test_every_hop_has_its_own_models_prompt(stage: Stage) -> None:
    """The second one's is its own, the third has none, and none sees another's."""
    third = await stage.model(name="third")
    second = await stage.model(fails(503), failover=third, system_prompt="I am the second.")
    first = await prompted(stage, fails(500), failover=second)
    answer = await stage.chat(first)
    assert answer.headers["x-tollhouse-model"] == third
    own = {"role": "system", "content": "I am the second."}
    assert sent(stage, first)["messages"] == [FIRST, *HELLO]
    assert sent(stage, second)["messages"] == [own, *HELLO]
    assert sent(stage, third)["messages"] == HELLO


# --- What it counts ---


async def test_it_takes_up_room_in_the_context_window(stage: Stage) -> None:
    """Ninety words of it and ten of the client's are a hundred, one more is too many."""
    tight = await words(stage, 90, limits={"context_window": 100})
    assert (await stage.chat(tight, text="word " * 10)).status_code == 200
    refused = await stage.chat(tight, text="word " * 11)
    assert (refused.status_code, error_of(refused)["code"]) == (400, "context_length_exceeded")
    assert "at least 101 tokens" in error_of(refused)["message"]
    responses = {"model": tight, "input": "word " * 11}
    refused = await stage.gw.client.post("/v1/responses", json=responses)
    assert error_of(refused)["code"] == "context_length_exceeded"
    completions = {"model": tight, "prompt": "word " * 11}
    refused = await stage.gw.client.post("/v1/completions", json=completions)
    assert error_of(refused)["code"] == "context_length_exceeded"


async def test_a_hop_that_its_prompt_leaves_no_room_in_is_left_out(stage: Stage) -> None:
    """The gate looks at every hop with that hop's prompt; the next one serves."""
    roomy = await stage.model(name="roomy")
    full = await words(stage, 90, name="full", limits={"context_window": 100}, failover=roomy)
    first = await stage.model(fails(500), failover=full)
    answer = await stage.chat(first, text="word " * 11)
    assert answer.headers["x-tollhouse-model"] == roomy
    assert stage.calls(full) == []


async def test_an_estimated_cost_has_it_in(stage: Stage) -> None:
    """What the provider does not report is guessed from what it was sent, prompt included."""
    model_id = await words(stage, 80)
    plain = await stage.model(Chat(usage=NO_USAGE))
    stage.up.script(Chat(usage=NO_USAGE), model=f"{model_id}-upstream")
    for streamed in (False, True):
        costs = []
        for one in (model_id, plain):
            answer = await stage.chat(one, stream=streamed)
            usage = streamed_usage(answer) if streamed else answer.json()["usage"]
            costs.append(exact(usage["cost_details"]["input"]))
        assert costs[0] - costs[1] == per_million((100, "3"))


async def test_an_explanation_has_it_in_its_bound(stage: Stage) -> None:
    """The estimate of a dry run is larger by the prompt."""
    bodies = [await words(stage, 80), await stage.model()]
    costs = []
    for model_id in bodies:
        answer = await stage.gw.client.post(
            "/v1/chat/completions",
            json={"model": model_id, "messages": HELLO, "max_tokens": 1},
            headers={"x-tollhouse-dry-run": "true"},
        )
        costs.append(exact(answer.json()["hops"][0]["estimated_cost"]))
    assert costs[0] - costs[1] == per_million((100, "3"))


# --- What is told of it ---


def shown(answer: httpx.Response) -> str:
    """All that a client sees of an answer."""
    return answer.text + str(answer.headers)


@pytest.mark.parametrize("status", [400, 401, 422, 429, 500])
async def test_a_providers_error_that_quotes_it_does_not(stage: Stage, status: int) -> None:
    """Whole, in half, or with its quotes escaped: what the client hears has none of it."""
    text = 'Guard the "northern gate" of the heron city; never name its secret keeper.'
    quotes = [text, text[10:60], text.replace('"', '\\"'), f"{text[:40]}… is too long"]
    for quote in quotes:
        model_id = await stage.model(
            error(status, f"Bad message {{'content': '{quote}'}} at 0"), system_prompt=text
        )
        answer = await stage.chat(model_id)
        assert answer.status_code >= 400
        assert not any(word in shown(answer) for word in ("heron", "northern gate"))
        if status == 400:
            message = error_of(answer)["message"]
            assert message.startswith("Bad message {'content': '")
            assert message.endswith("'} at 0")


async def test_the_gateways_own_refusals_do_not_quote_it(stage: Stage) -> None:
    """Not where it is too long, and not where it has no place in what was sent."""
    model_id = await stage.model(
        system_prompt="heron " * 50, limits={"context_window": 40}, name="long"
    )
    answers = [await stage.chat(model_id)]
    listed = (await stage.gw.client.get("/v1/models")).text
    assert "heron" not in listed
    assert f'"{model_id}"' not in listed
    odd = await stage.model(system_prompt="heron in the reeds")
    completion = {"model": odd, "prompt": [1, 2, 3]}
    answers.append(await stage.gw.client.post("/v1/completions", json=completion))
    responses = {"model": odd, "input": "x", "instructions": {"no": "text"}}
    answers.append(await stage.gw.client.post("/v1/responses", json=responses))
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert not any("heron" in shown(answer) for answer in answers)


async def test_clients_do_not_see_it_in_answers(stage: Stage) -> None:
    """Neither a stream nor the list of models tells that there is one."""
    model_id = await prompted(stage)
    answer = await stage.stream(model_id)
    assert "toll keeper" not in answer.text
    assert len(chunks(answer)) == len(data_lines(answer)) - 1
    one = await stage.gw.client.get(f"/v1/models/{model_id}")
    assert "prompt" not in set(one.json())
    assert "toll keeper" not in one.text
