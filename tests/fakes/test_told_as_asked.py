"""The fakes tell what was asked for, as real providers do: thoughts, ciphers, echoes."""

from typing import Any

import pytest

from fakes.anthropic_answers import Message
from fakes.playing import asked, body_of, events_of
from fakes.response_items import CIPHER, EARLY_CIPHER, Items, message, thought

THINKS = Items([thought("Hm."), message("Hi")])
CIPHERED = {"include": ["reasoning.encrypted_content"]}


@pytest.mark.parametrize("reasoning", [None, {"effort": "high"}, {"summary": "auto"}])
@pytest.mark.parametrize("include", [{}, CIPHERED], ids=["plain", "ciphered"])
def test_a_response_thinks_as_it_is_asked(
    reasoning: dict[str, str] | None, include: dict[str, Any]
) -> None:
    """Summary and cipher come each for itself, and the item comes in any case."""
    given = {"reasoning": reasoning, **include}
    whole = body_of(THINKS, asked(**given))["output"][0]
    events = events_of(THINKS, asked(stream=True, **given))
    summarised = "summary" in (reasoning or {})
    assert bool(whole["summary"]) is summarised
    assert whole.get("encrypted_content") == (CIPHER if include else None)
    assert any("reasoning_summary" in event["type"] for event in events) is summarised
    added, done = [event["item"] for event in events if "item" in event][:2]
    assert done == whole
    assert added.get("encrypted_content") == (EARLY_CIPHER if include else None)
    assert events[-1]["response"]["output"][0] == whole


def test_a_response_echoes_what_was_asked() -> None:
    """What was left out is told by its default, and strictness is one."""
    schema = {"type": "json_schema", "name": "s", "schema": {}}
    tools = [{"type": "function", "name": "f", "parameters": {}, "strict": False}]
    given = {"temperature": 0.5, "store": False, "metadata": {"a": "b"}, "instructions": "Be kind."}
    told = body_of(Items(), asked(text={"format": schema}, tools=tools, user=None, **given))
    assert {name: told[name] for name in given} == given
    assert told["text"]["format"] == {**schema, "description": None, "strict": True}
    assert (told["tools"][0]["strict"], told["tools"][0]["description"]) == (False, None)
    assert (told["user"], told["parallel_tool_calls"], told["top_p"]) == (None, True, 1.0)


def test_deltas_are_padded_unless_that_is_declined() -> None:
    """Their sizes tell nothing."""
    for declined in (False, True):
        options = {"stream_options": {"include_obfuscation": not declined}}
        events = events_of(Items(), asked(stream=True, **options))
        deltas = [event for event in events if "delta" in event]
        assert deltas
        assert all(("obfuscation" in delta) is not declined for delta in deltas)


def test_a_message_thinks_where_that_is_asked_for() -> None:
    """Else there is neither the block nor a count of it."""
    said = Message("Hi", thinking="Hm.")
    for thinking, kinds in ((None, ["text"]), ({"type": "enabled"}, ["thinking", "text"])):
        whole = body_of(said, asked(thinking=thinking))
        assert [block["type"] for block in whole["content"]] == kinds
        assert ("output_tokens_details" in whole["usage"]) is (thinking is not None)
