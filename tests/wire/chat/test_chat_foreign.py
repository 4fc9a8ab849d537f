"""OpenAI itself gets a conversation in its own words; every other host gets it as it was sent."""

from typing import Any

import msgspec
import pytest

from tollhouse.core.model import Provider, Target, Timeouts
from tollhouse.core.needs import Endpoint
from tollhouse.pipeline.lanes.pass_through import pass_through
from tollhouse.wire.chat.foreign import without_foreign

THOUGHT = {
    "type": "reasoning.text",
    "text": "hm",
    "signature": "s",
    "format": "anthropic-claude-v1",
}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SIGNED = CALL | {"extra_content": {"google": {"thought_signature": "s"}}}
ANSWER = {"role": "assistant", "content": None, "tool_calls": [CALL]}
MARKED = ANSWER | {
    "reasoning_content": "hm",
    "reasoning_details": [THOUGHT],
    "thinking_blocks": [THOUGHT],
    "tool_calls": [SIGNED],
}
ASK = {"role": "user", "content": 'what is "reasoning_details"?', "name": "ada"}


def written(value: Any) -> msgspec.Raw:
    """A value as a client writes it, with odd spaces that have to survive."""
    return msgspec.Raw(msgspec.json.format(msgspec.json.encode(value), indent=1))


def test_what_others_invented_is_taken_out() -> None:
    """Thoughts, their signatures and those of calls; the rest of the conversation stays."""
    found = without_foreign(written([ASK, MARKED, ASK]))
    assert msgspec.json.decode(found) == [ASK, ANSWER, ASK]


@pytest.mark.parametrize("messages", [[ASK, ANSWER], [], "Hello", [1], {"a": "reasoning"}, None])
def test_what_holds_none_of_it_stays_byte_for_byte(messages: Any) -> None:
    """Words of a user are nobody's fields, and what is no conversation is not for us to judge."""
    given = written(messages)
    assert bytes(without_foreign(given)) == bytes(given)


@pytest.mark.parametrize(
    ("protocol", "base", "endpoint", "judged"),
    [
        ("openai", "https://api.openai.com/v1", Endpoint.CHAT, True),
        ("azure", "https://r.openai.azure.com", Endpoint.CHAT, True),
        ("openai", "https://openrouter.ai/api/v1", Endpoint.CHAT, False),
        ("openai", "https://api.openai.com.evil.example/v1", Endpoint.CHAT, False),
        ("openai", "https://api.openai.com/v1", Endpoint.COMPLETIONS, False),
    ],
)
def test_only_openai_judges_so(
    protocol: str, base: str, endpoint: Endpoint, *, judged: bool
) -> None:
    """Hosts that invented such fields want them back."""
    target = Target(Provider("p", protocol, base, api_version="v"), "m", Timeouts())
    assert pass_through(target, endpoint).at_openai is judged
