"""Bodies of Anthropic's clients, read."""

import json
from typing import Any

from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.json_object import read_request
from tollhouse.wire.neutral.conversation import Conversation

HELLO = [{"role": "user", "content": "Hello"}]


def read(**fields: Any) -> Conversation:
    """Read a body of these fields; one message where none is given."""
    body = {"model": "m", "max_tokens": 10, "messages": HELLO} | fields
    return read_conversation(read_request(json.dumps(body).encode()))
