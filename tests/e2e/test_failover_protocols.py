"""Failover from one provider's protocol to another's, for clients of every dialect.

Every hop is written from what the client sent, so a request that comes by failover is the same as
one that is asked for at once.
"""

from typing import Any

import pytest

from e2e.speakers import DIALECTS, HELLO, SYSTEM, Heard, ask, repeated, thinking, tool
from e2e.stage import Stage, exact, per_million, spent
from e2e.vendors import HELLO as SAID
from e2e.vendors import SIGNATURES, Said, Vendors, failing
from fakes.answers import Shape, Stream, json_answer, typed
from fakes.anthropic_answers import Message
from fakes.anthropic_answers import error as anthropic_error
from fakes.bedrock_answers import STREAM_HEADERS, event, exception
from fakes.gemini_answers import error_object, google_error
from fakes.http_server import Behaviour
from fakes.openai_answers import ToolCall
from fakes.upstream import played
from tollhouse.core.record import CostStatus, Record

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = pytest.mark.parametrize("dialect", DIALECTS)
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
DEAR = {"input_per_1m_tokens": "100", "output_per_1m_tokens": "100"}
FAILED = {"status": "failed", "output": [], "error": {"code": "server_error", "message": "no"}}


def events(*told: dict[str, Any]) -> Behaviour:
    """A stream of typed events and no end."""
    return Stream([typed(one["type"], one) for one in told], Shape(done=0))


def google(*told: dict[str, Any]) -> Behaviour:
    """A stream of Google's."""
    return Stream(list(told), Shape(done=0, newline="\r\n"))


def frames(*told: bytes) -> Behaviour:
    """A stream of Bedrock's."""
    return played((200, STREAM_HEADERS, b"".join(told)))


BEGUN = {"type": "message_start", "message": Message().whole("claude") | {"content": []}}
BEFORE_CONTENT: dict[str, tuple[Behaviour, str]] = {
    "openai": (Stream([{"error": {"message": "no", "code": 503}}]), "status_503"),
    "anthropic": (
        events(BEGUN, {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}),
        "status_529",
    ),
    "converse": (
        frames(event("messageStart", role="assistant"), exception("throttlingException", "no")),
        "rate_limited",
    ),
    "invoke": (frames(exception("modelStreamErrorException", "no")), "status_424"),
    "gemini": (
        google({"error": error_object(503, "UNAVAILABLE", "no")}),
        "status_503",
    ),
    "responses": (
        events(
            {"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1"}},
            {"type": "error", "sequence_number": 1, "code": "server_error", "message": "no"},
        ),
        "status_500",
    ),
}
"""How a provider fails in a stream before it has said anything, and what that is called."""
AT_ONCE: dict[str, tuple[Behaviour, str]] = {
    "openai": (failing("openai", 500), "status_500"),
    "anthropic": (anthropic_error(529, "overloaded_error"), "status_529"),
    "converse": (failing("converse", 429), "rate_limited"),
    "invoke": (failing("invoke", 500), "status_500"),
    "gemini": (google_error(503, "UNAVAILABLE", "no"), "status_503"),
    "responses": (json_answer(FAILED), "status_500"),
}
HOPS = [
    ("openai", "anthropic"),
    ("anthropic", "converse"),
    ("converse", "gemini"),
    ("gemini", "responses"),
    ("responses", "vertex-claude"),
    ("invoke", "openai"),
]
SPARES = dict(HOPS)


async def pair(vendors: Vendors, first: str, spare: str, **fields: Any) -> tuple[str, str]:
    """A dear model at one place that fails over to one with usual prices at another."""
    other = await vendors.model(spare)
    return await vendors.model(first, failover=other, pricing=DEAR, **fields), other


async def record_of(vendors: Vendors, heard: Heard) -> Record:
    """What the ledger has of an answer."""
    return await Stage(vendors.up, vendors.gw).record(heard.answer)


@EACH
@BOTH_WAYS
@pytest.mark.parametrize(("first", "spare"), HOPS)
async def test_another_protocol_answers_in_place_of_the_first(
    vendors: Vendors, dialect: str, first: str, spare: str, *, stream: bool
) -> None:
    """It is asked just as if it had been asked for, and its answer, price and name are told."""
    model_id, other = await pair(vendors, first, spare)
    vendors.plays(spare, AT_ONCE[first][0], Said())
    told = await ask(vendors.gw, dialect, model_id, stream=stream)
    assert (told.text, told.ended, told.error) == (SAID, True, None)
    assert told.header("model") == other
    assert told.header("requested-model") == model_id
    assert (told.header("attempts"), told.header("failover")) == ("2", AT_ONCE[first][1])
    assert told.usage is not None
    cost = exact(told.usage["cost"])
    record = await record_of(vendors, told)
    assert [(one.model, one.result) for one in record.attempts] == [
        (model_id, AT_ONCE[first][1]),
        (other, "ok"),
    ]
    assert (record.served_model, record.model) == (other, model_id)
    assert (spent(record), record.cost_status) == (cost, CostStatus.EXACT)
    output = 12 if spare == "gemini" else 5
    assert cost == per_million((12, "3"), (output, "15"))
    failed, by_failover = vendors.asked
    for sent in (failed, by_failover):
        assert HELLO in sent.body.decode()
        assert SYSTEM in sent.body.decode()
    vendors.plays(spare, Said())
    await ask(vendors.gw, dialect, other, stream=stream)
    (at_once,) = vendors.asked
    assert (by_failover.path, by_failover.body) == (at_once.path, at_once.body)


@EACH
@pytest.mark.parametrize("first", BEFORE_CONTENT)
async def test_B04_B05_an_error_before_content_is_a_failover(
    vendors: Vendors, dialect: str, first: str
) -> None:
    """Nothing of the stream that failed is told, and another protocol's takes its place."""
    behaviour, label = BEFORE_CONTENT[first]
    spare = SPARES[first]
    model_id, other = await pair(vendors, first, spare)
    vendors.plays(spare, behaviour, Said())
    told = await ask(vendors.gw, dialect, model_id, stream=True)
    assert (told.text, told.ended, told.error) == (SAID, True, None)
    assert (told.header("model"), told.header("failover")) == (other, label)
    record = await record_of(vendors, told)
    assert [one.result for one in record.attempts] == [label, "ok"]


@EACH
async def test_a_chain_leads_through_every_protocol(vendors: Vendors, dialect: str) -> None:
    """Each hop is written from the client's own request, not from what the one before was sent."""
    places = ("openai", "anthropic", "converse", "gemini")
    models = [await vendors.model(place) for place in places[1:]]
    first = await vendors.model(places[0], failover=models)
    tools = [tool(dialect)]
    vendors.plays("gemini", *(AT_ONCE[place][0] for place in places[:3]), Said())
    told = await ask(vendors.gw, dialect, first, tools=tools)
    assert (told.text, told.header("model")) == (SAID, models[-1])
    by_failover = [(call.path, call.body) for call in vendors.asked]
    assert len(by_failover) == 4
    for place, model_id, sent in zip(places, [first, *models], by_failover, strict=True):
        vendors.plays(place, Said())
        alone = await ask(
            vendors.gw, dialect, model_id, tools=tools, headers={"x-tollhouse-failover": "off"}
        )
        assert alone.status == 200
        assert (vendors.asked[0].path, vendors.asked[0].body) == sent


SIGNED = ("anthropic", "converse", "gemini", "responses")
VENDOR_OF = {
    "anthropic": "anthropic",
    "converse": "anthropic",
    "vertex-claude": "anthropic",
    "gemini": "google",
    "responses": "openai",
    "openai": "openai",
}
STRANGERS = [
    (signer, stranger)
    for signer in SIGNED
    for stranger in ("anthropic", "converse", "gemini", "responses")
    if VENDOR_OF[signer] != VENDOR_OF[stranger]
]
FRIENDS = [("anthropic", "vertex-claude"), ("vertex-claude", "converse"), ("converse", "anthropic")]
CALL = ToolCall("weather", '{"city": "Oslo"}', "call_1")


async def second_turn(
    vendors: Vendors, dialect: str, signer: str, other: str
) -> tuple[bytes, bytes]:
    """What the signer and its failover are sent of a turn that the signer had answered."""
    model_id, _ = await pair(vendors, signer, other)
    tools = [tool(dialect)]
    vendors.plays(signer, Said(None, [CALL], "Let me think."))
    answer = await ask(vendors.gw, dialect, model_id, tools=tools, **thinking(dialect))
    turns = repeated(dialect, answer.answer, {"call_1": "rain"})
    vendors.plays(other, failing(signer, 500), Said())
    told = await ask(vendors.gw, dialect, model_id, turns, tools=tools)
    assert (told.text, told.header("attempts")) == (SAID, "2")
    sent, by_failover = vendors.asked
    assert b"rain" in by_failover.body
    return sent.body, by_failover.body


@EACH
@pytest.mark.parametrize(("signer", "stranger"), STRANGERS)
async def test_H02_signatures_go_to_their_vendor_and_to_no_other(
    vendors: Vendors, dialect: str, signer: str, stranger: str
) -> None:
    """What a vendor signed goes back to it whole; one that takes its place never sees it."""
    signature = SIGNATURES[signer].encode()
    sent, by_failover = await second_turn(vendors, dialect, signer, stranger)
    assert signature in sent
    assert b"tollhouse" not in sent
    assert signature not in by_failover
    assert b"tollhouse" not in by_failover


@EACH
@pytest.mark.parametrize(("signer", "friend"), FRIENDS)
async def test_H02_another_host_of_the_same_vendor_gets_its_signatures(
    vendors: Vendors, dialect: str, signer: str, friend: str
) -> None:
    """Anthropic's thoughts hold wherever its models run."""
    signature = SIGNATURES[signer].encode()
    sent, by_failover = await second_turn(vendors, dialect, signer, friend)
    assert signature in sent
    assert signature in by_failover


async def test_a_chat_host_is_sent_what_the_client_of_chat_has_sent(vendors: Vendors) -> None:
    """Chat has no field of one vendor alone: such a body goes on byte for byte, thoughts too."""
    model_id, _ = await pair(vendors, "anthropic", "openai")
    vendors.plays("anthropic", Said(None, [CALL], "Let me think."))
    first = await ask(vendors.gw, "chat", model_id, tools=[tool("chat")], **thinking("chat"))
    turns = repeated("chat", first.answer, {"call_1": "rain"})
    vendors.plays("openai", failing("anthropic", 500), Said())
    await ask(vendors.gw, "chat", model_id, turns)
    assert vendors.sent["messages"][1:] == turns
