"""Requests that a provider has no words for: refused by name, passed over, or dropped and told."""

from typing import Any

import pytest

from e2e.speakers import DIALECTS, PATHS, Heard, ask, asked
from e2e.vendors import HELLO as SAID
from e2e.vendors import Said, Vendors, failing, speaking
from tollhouse.pipeline import gateway
from tollhouse.pipeline.admission import route

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = pytest.mark.parametrize("dialect", DIALECTS)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
DROP = {"provider_config": {"unsupported_params": "drop"}}
DROPPED = "x-tollhouse-dropped-params"
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
SPOKEN = [{"role": "user", "content": [{"type": "text", "text": "Hear this"}, SOUND]}]
HOSTED = {"type": "file_search", "vector_store_ids": ["vs_1"]}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
NO_SCHEMA = {"response_format": {"type": "json_object"}}

Case = tuple[str, str, list[Any] | None, dict[str, Any], str]
ESSENTIALS: dict[str, Case] = {
    "n, Anthropic": ("chat", "anthropic", None, {"n": 2}, "n"),
    "n, Converse": ("chat", "converse", None, {"n": 2}, "n"),
    "n, invoke": ("chat", "invoke", None, {"n": 2}, "n"),
    "n, Gemini": ("chat", "gemini", None, {"n": 2}, "n"),
    "n, responses": ("chat", "responses", None, {"n": 2}, "n"),
    "sound, Anthropic": ("chat", "anthropic", SPOKEN, {}, "messages[1].content[1]"),
    "sound, responses": ("chat", "responses", SPOKEN, {}, "messages[1].content[1]"),
    "JSON, Anthropic": ("chat", "anthropic", None, NO_SCHEMA, "response_format"),
    "JSON, Converse": ("chat", "converse", None, NO_SCHEMA, "response_format"),
    "a vendor's tool, Anthropic": ("responses", "anthropic", None, {"tools": [HOSTED]}, "tools[0]"),
    "a vendor's tool, Gemini": ("responses", "gemini", None, {"tools": [HOSTED]}, "tools[0]"),
    "a vendor's tool, Converse": ("messages", "converse", None, {"tools": [SEARCH]}, "tools[0]"),
    "a vendor's tool, chat": ("messages", "openai", None, {"tools": [SEARCH]}, "tools[0]"),
    "a vendor's tool, responses": ("messages", "responses", None, {"tools": [SEARCH]}, "tools[0]"),
}
"""What cannot be done without: who asks, whom, the turns, more fields, and the field's name."""
KNOBS: dict[str, Case] = {
    "top_k, chat": ("messages", "openai", None, {"top_k": 5}, "top_k"),
    "top_k, responses": ("messages", "responses", None, {"top_k": 5}, "top_k"),
    "seed, Anthropic": ("chat", "anthropic", None, {"seed": 7}, "seed"),
    "seed, Converse": ("chat", "converse", None, {"seed": 7}, "seed"),
    "logit_bias, Gemini": ("chat", "gemini", None, {"logit_bias": {"1": 5}}, "logit_bias"),
    "store, Anthropic": ("chat", "anthropic", None, {"store": True}, "store"),
    "verbosity, Gemini": (
        *("responses", "gemini", None, {"text": {"verbosity": "low"}}, "text.verbosity"),
    ),
    "unknown, Anthropic": ("chat", "anthropic", None, {"min_p": 0.1}, "min_p"),
    "unknown, Converse": ("responses", "converse", None, {"min_p": 0.1}, "min_p"),
    "unknown, chat": ("messages", "openai", None, {"min_p": 0.1}, "min_p"),
}
"""What a model may be allowed to do without."""
FAMILIAR = {"chat": "openai", "responses": "responses", "messages": "anthropic"}
"""Where each dialect is the provider's own, so that everything can be said."""


async def asking(vendors: Vendors, model_id: str, case: Case, **more: Any) -> Heard:
    """Ask a model what the case says."""
    dialect, _, turns, fields, _ = case
    return await ask(vendors.gw, dialect, model_id, turns, **fields, **more)


async def planned(
    vendors: Vendors, dialect: str, model_id: str, turns: list[Any] | None, fields: dict[str, Any]
) -> Any:
    """What the gateway would do with a request."""
    body, dry = asked(dialect, model_id, turns, **fields), {"x-tollhouse-dry-run": "true"}
    answer = await vendors.gw.client.post(PATHS[dialect], json=body, headers=dry)
    return answer.json()


async def chain(vendors: Vendors, case: Case, **fields: Any) -> list[str]:
    """Three models: the first and the last can say everything, the one between cannot."""
    familiar = FAMILIAR[case[0]]
    last = await vendors.model(familiar)
    middle = await vendors.model(case[1], **fields)
    return [await vendors.model(familiar, failover=[middle, last]), middle, last]


def refused(told: Heard, param: str) -> None:
    """A 400 that names the client's own field."""
    assert told.status == 400
    assert told.error is not None
    assert (told.error["code"], told.error["param"]) == ("unsupported_parameter", param)
    assert param in told.error["message"]
    assert told.header("attempts") is None


@pytest.mark.parametrize("case", [*ESSENTIALS.values(), *KNOBS.values()], ids=ESSENTIALS | KNOBS)
async def test_a_model_that_cannot_be_told_refuses_and_sends_nothing(
    vendors: Vendors, case: Case
) -> None:
    """The requested model's own lack is the client's to know of: no failover hides it."""
    dialect, place, turns, fields, param = case
    spare = await vendors.model(FAMILIAR[dialect])
    model_id = await vendors.model(place, Said(), failover=spare)
    refused(await asking(vendors, model_id, case), param)
    assert vendors.asked == []
    plan = await planned(vendors, dialect, model_id, turns, fields)
    assert (plan["allowed"], plan["code"]) == (False, "unsupported_parameter")
    (failed,) = [check for check in plan["checks"] if not check["passed"]]
    assert failed["check"] == "provider"
    assert [one["param"] for one in failed["reasons"]] == [param]


@pytest.mark.parametrize("case", [*ESSENTIALS.values(), *KNOBS.values()], ids=ESSENTIALS | KNOBS)
async def test_H13_a_hop_that_cannot_be_told_is_passed_over(vendors: Vendors, case: Case) -> None:
    """The next one that can is asked; the plan says which was left out, and for which field."""
    dialect, _, turns, fields, param = case
    first, middle, last = await chain(vendors, case)
    plan = await planned(vendors, dialect, first, turns, fields)
    assert [hop["model"] for hop in plan["hops"]] == [first, last]
    (skipped,) = plan["skipped"]
    assert skipped["model"] == middle
    assert [(one["code"], one["param"]) for one in skipped["reasons"]] == [
        ("unsupported_parameter", param)
    ]
    familiar = FAMILIAR[dialect]
    vendors.plays(familiar, failing(familiar, 500), Said())
    told = await asking(vendors, first, case)
    assert (told.text, told.header("model"), told.header("attempts")) == (SAID, last, "2")
    assert len(vendors.asked) == 2
    assert told.answer.headers.get(DROPPED) is None


async def test_no_hop_is_written_for_when_none_is_wanted(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither behind an answer nor behind the client's own mistake."""
    wanted: list[str] = []

    def noted(*given: Any) -> Any:
        wanted.append("hops")
        return route(*given)

    monkeypatch.setattr(gateway, "route", noted)
    spare = await vendors.model("anthropic")
    first = await vendors.model("openai", failover=spare)
    refusing, broken = failing("openai", 400), failing("openai", 500)
    vendors.plays("openai", Said(), refusing, broken, speaking("anthropic", Said()))
    statuses = [(await ask(vendors.gw, "chat", first)).status for _ in range(2)]
    assert (statuses, wanted) == ([200, 400], [])
    assert (await ask(vendors.gw, "chat", first)).status == 200
    assert wanted == ["hops"]


@pytest.mark.parametrize("case", KNOBS.values(), ids=KNOBS)
@BOTH_WAYS
async def test_a_model_may_do_without_a_knob_and_says_so(
    vendors: Vendors, case: Case, *, stream: bool
) -> None:
    """What was dropped is named as the client wrote it, and not sent."""
    model_id = await vendors.model(case[1], Said(), **DROP)
    told = await asking(vendors, model_id, case, stream=stream)
    assert (told.text, told.ended) == (SAID, True)
    assert told.answer.headers[DROPPED] == case[-1]
    (sent,) = vendors.asked
    assert case[-1].rpartition(".")[2] not in str(sent.json)


@pytest.mark.parametrize("case", ESSENTIALS.values(), ids=ESSENTIALS)
async def test_what_is_essential_is_never_dropped(vendors: Vendors, case: Case) -> None:
    """Another answer than was asked for is no answer."""
    model_id = await vendors.model(case[1], Said(), **DROP)
    refused(await asking(vendors, model_id, case), case[-1])
    assert vendors.asked == []


@BOTH_WAYS
async def test_dropped_knobs_are_those_of_the_hop_that_served(
    vendors: Vendors, *, stream: bool
) -> None:
    """A hop that failed has dropped nothing that matters."""
    asked_for: dict[str, Any] = {"seed": 7, "stream": stream}
    sound = await vendors.model("openai")
    lacking = await vendors.model("anthropic", **DROP)
    first = await vendors.model("anthropic", failover=sound, **DROP)
    vendors.plays("openai", failing("anthropic", 500), Said())
    told = await ask(vendors.gw, "chat", first, **asked_for)
    assert (told.text, told.header("model")) == (SAID, sound)
    assert DROPPED not in told.answer.headers
    assert vendors.asked[-1].json["seed"] == 7
    second = await vendors.model("openai", failover=lacking)
    vendors.plays("anthropic", failing("openai", 500), Said())
    told = await ask(vendors.gw, "chat", second, **asked_for)
    assert (told.text, told.header("model")) == (SAID, lacking)
    assert told.answer.headers[DROPPED] == "seed"


ODD = ["x\r\nset-cookie: a=b", "a b", "a, b", "naïve", "\u2028", "x" * 65, "", '"', "\x7f", "😀"]


@EACH
@BOTH_WAYS
async def test_a_field_that_a_client_made_up_is_not_repeated_in_a_header(
    vendors: Vendors, dialect: str, *, stream: bool
) -> None:
    """Only what looks like the name of a field is; a refusal names it in JSON, where it is safe."""
    place = "anthropic" if dialect != "messages" else "openai"
    model_id = await vendors.model(place, Said(), **DROP)
    fields: dict[str, Any] = dict.fromkeys(ODD, 1)
    told = await ask(vendors.gw, dialect, model_id, stream=stream, min_p=1, **fields)
    assert (told.text, told.ended) == (SAID, True)
    named = told.answer.headers[DROPPED].split(", ")
    assert set(named) == {"min_p", "_unknown"}
    assert "set-cookie" not in told.answer.headers
    strict = await vendors.model(place)
    for name in filter(None, ODD):
        one: dict[str, Any] = {name: 1}
        refused(await ask(vendors.gw, dialect, strict, **one), name)


@EACH
async def test_many_dropped_fields_do_not_make_a_long_header(
    vendors: Vendors, dialect: str
) -> None:
    """A client cannot blow its own answer's head up."""
    place = "anthropic" if dialect != "messages" else "openai"
    model_id = await vendors.model(place, Said(), **DROP)
    fields: dict[str, Any] = {f"f{'x' * 60}{n}": n for n in range(500)}
    told = await ask(vendors.gw, dialect, model_id, **fields)
    assert told.text == SAID
    assert len(told.answer.headers[DROPPED]) < 4096
