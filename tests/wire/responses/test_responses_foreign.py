"""What we wrote for a client of responses never goes to OpenAI; all else goes as it is."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Vendor
from tollhouse.core.needs import Endpoint
from tollhouse.wire.neutral.signatures import Kind, pack
from tollhouse.wire.openai.request import body_for_hop, read_json
from tollhouse.wire.responses.foreign import without_foreign

OPENAIS = {"type": "reasoning", "id": "rs_0a", "summary": [], "encrypted_content": "gAAAAA=="}
SAID = {"type": "message", "role": "assistant", "content": "by tollhouse: rs_tollhouse_1"}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def thought(cipher: str | None, item_id: str | None = "rs_1", **more: Any) -> dict[str, Any]:
    """A reasoning item."""
    told = {"id": item_id, "encrypted_content": cipher}
    return {"type": "reasoning", "summary": [], **{k: v for k, v in told.items() if v}, **more}


def sent(*items: Any) -> Any:
    """What is left of a conversation."""
    body = json.dumps({"model": "a", "input": list(items)}).encode()
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    asked = read_json(fields, Endpoint.RESPONSES)
    made = body_for_hop(
        fields, asked, upstream_model="b", params={}, stream_usage=True, system_prompt=None
    )
    return json.loads(made)["input"]


@pytest.mark.parametrize(
    "item",
    [
        thought(pack(Vendor.ANTHROPIC, Kind.SIGNATURE, "c2ln")),
        thought(pack(Vendor.ANTHROPIC, Kind.HIDDEN, "c2ln")),
        thought(pack(Vendor.GOOGLE, Kind.CALL, "c2ln", call_id="c")),
        thought(pack(Vendor.OPENAI, Kind.CALL, "c2ln", call_id="c")),
        thought(None, "rs_tollhouse_0_1", summary=[{"type": "summary_text", "text": "Hm"}]),
        thought("gAAAAA==", "rs_tollhouse_0_1"),
        {"type": "item_reference", "id": "rs_tollhouse_0_1"},
        {"id": "rs_tollhouse_0_1"},
    ],
)
def test_H02_a_thought_of_another_vendor_stays_behind(item: Any) -> None:
    """What stood around it goes on, OpenAI's own thoughts among it."""
    assert sent(SAID, OPENAIS, item, CALL) == [SAID, OPENAIS, CALL]


def test_H02_what_openai_made_gets_back_to_it() -> None:
    """A cipher that another gateway of ours had made part of its own is told as that one did."""
    inner = pack(Vendor.ANTHROPIC, Kind.SIGNATURE, "c2ln")
    packed = thought(pack(Vendor.OPENAI, Kind.HIDDEN, inner), x=1)
    assert sent(packed, SAID) == [thought(inner, x=1), SAID]


@pytest.mark.parametrize(
    "given",
    [
        b'"tollhouse: rs_tollhouse_1"',
        b'[ {"role": "user", "content":"rs_tollhouse_1 tollhouse:anthropic:signature:x"} ]',
        b'[{"type":"reasoning","id":"rs_0","summary":[{"text":"tollhouse:"}], "x": 1.50}]',
        b'[{"type":7,"id":"rs_tollhouse_1"}]',
        b'[{"type":"item_reference","id":"msg_tollhouse"}]',
        b"{}",
        b"[1]",
    ],
)
def test_what_is_none_of_ours_stays_byte_for_byte(given: bytes) -> None:
    """Words about us are not from us, and what has no shape is not ours to judge."""
    raw = msgspec.Raw(given)
    assert without_foreign(raw) is raw
