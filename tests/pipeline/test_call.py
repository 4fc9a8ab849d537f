"""A request as the pipeline takes it: the body that each hop gets, and what answers repeat."""

from typing import Any

import msgspec
import pytest

from pipeline.rig import CALLER, NOW, model
from tollhouse.core.model import SystemPrompt
from tollhouse.core.needs import Endpoint
from tollhouse.pipeline.call import Call, read_call
from tollhouse.pipeline.lanes.pass_through import pass_through

PROMPTED = model("prompted", system_prompt=SystemPrompt.of("Be brief."))
PLAIN = model("plain")


def read(endpoint: Endpoint, **body: Any) -> Call:
    """A call with this body."""
    return read_call(
        endpoint,
        msgspec.json.encode({"model": "m", **body}),
        "application/json",
        caller=CALLER,
        request_id="r",
        started=NOW,
        failover=True,
    )


def test_each_hop_gets_its_own_models_prompt() -> None:
    """From the same original, in any order, and none gets another's."""
    call = read(Endpoint.CHAT, messages=[{"role": "user", "content": "Hi"}])
    bodies = [
        msgspec.json.decode(pass_through(one.target, Endpoint.CHAT).write(call, one).body)
        for one in (PROMPTED, PLAIN, PROMPTED)
    ]
    assert [len(body["messages"]) for body in bodies] == [2, 1, 2]
    assert bodies[0] == bodies[2]
    assert bodies[0]["messages"][0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("body", "told"),
    [({}, b"null"), ({"instructions": None}, b"null"), ({"instructions": "Mine."}, b'"Mine."')],
)
def test_a_response_repeats_the_clients_own_instructions(body: dict[str, Any], told: bytes) -> None:
    """Where the model's prompt was put before them; null where there were none."""
    call = read(Endpoint.RESPONSES, input="Hi", **body)
    found = call.instructions_told(PROMPTED)
    assert found is not None
    assert bytes(found) == told
    assert call.instructions_told(PLAIN) is None


def test_other_answers_repeat_no_instructions() -> None:
    """Chats have none."""
    call = read(Endpoint.CHAT, messages=[], instructions="Mine.")
    assert call.instructions_told(PROMPTED) is None
