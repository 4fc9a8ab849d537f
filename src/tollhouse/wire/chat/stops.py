"""Why an answer ended, in chat's words and in those that its hosts made up.

API reference: platform.openai.com/docs/api-reference/chat/object (``finish_reason``).
"""

from ..neutral.answer import Stop

READ: dict[str, Stop] = {
    "stop": Stop.END,
    "length": Stop.LENGTH,
    "tool_calls": Stop.TOOLS,
    "function_call": Stop.TOOLS,
    "content_filter": Stop.FILTERED,
    # What hosts say besides.
    "end_turn": Stop.END,
    "eos": Stop.END,
    "tool_use": Stop.TOOLS,
    "tool_call": Stop.TOOLS,
    "stop_sequence": Stop.STOP_SEQUENCE,
    "max_tokens": Stop.LENGTH,
    "model_length": Stop.CONTEXT,
    "model_context_window_exceeded": Stop.CONTEXT,
    "refusal": Stop.REFUSED,
    "safety": Stop.FILTERED,
    "recitation": Stop.FILTERED,
    "sensitive": Stop.FILTERED,
    "guardrails": Stop.FILTERED,
    "prohibited_content": Stop.FILTERED,
    "error": Stop.FAILED,
    "abort": Stop.FAILED,
    "network_error": Stop.FAILED,
    "insufficient_system_resource": Stop.FAILED,
    "malformed_function_call": Stop.FAILED,
}

WRITTEN: dict[Stop, str] = {
    Stop.END: "stop",
    Stop.LENGTH: "length",
    Stop.CONTEXT: "length",
    Stop.STOP_SEQUENCE: "stop",
    Stop.TOOLS: "tool_calls",
    Stop.FILTERED: "content_filter",
    # OpenAI says "stop" behind a refusal in words; one without words would look like an answer.
    Stop.REFUSED: "content_filter",
    # There is more to come; "stop" would say that there is not.
    Stop.PAUSED: "length",
    # No word of chat's means that the model failed; this one says not to trust what there is.
    Stop.FAILED: "content_filter",
}

_SOUND = frozenset({Stop.END, Stop.STOP_SEQUENCE, Stop.TOOLS})


def read_stop(reason: str | None, *, calls: bool, refused: bool) -> Stop:
    """The stop that a provider's word stands for, given whether tools were called.

    Words that nobody knows are a sound end. A call wins over those, and a refusal in words does;
    that the model waits for tools which it did not call is never said.
    """
    word = (reason or "stop").lower()
    found = READ.get(word) or READ.get(word.partition(":")[2].strip()) or Stop.END
    if found not in _SOUND:
        return found
    if calls:
        return Stop.TOOLS
    if refused:
        return Stop.REFUSED
    return Stop.END if found is Stop.TOOLS else found


def written_stop(stop: Stop, *, refusal: bool) -> str:
    """Chat's word; ``refusal`` is whether the answer holds a refusal in words."""
    return "stop" if refusal and stop is Stop.REFUSED else WRITTEN[stop]
