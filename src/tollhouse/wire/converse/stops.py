"""Why a Converse answer ended.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, under
``stopReason``.
"""

from ..neutral.answer import Stop

READ: dict[str, Stop] = {
    "end_turn": Stop.END,
    "tool_use": Stop.TOOLS,
    "max_tokens": Stop.LENGTH,
    "stop_sequence": Stop.STOP_SEQUENCE,
    "guardrail_intervened": Stop.FILTERED,
    "content_filtered": Stop.FILTERED,
    "malformed_model_output": Stop.FAILED,
    "malformed_tool_use": Stop.FAILED,
    "model_context_window_exceeded": Stop.CONTEXT,
    "refusal": Stop.REFUSED,
    "pause_turn": Stop.PAUSED,
}
"""Bedrock's words; the last two are Anthropic's, which come through where Bedrock has none."""

_SOUND = frozenset({Stop.END, Stop.STOP_SEQUENCE, Stop.TOOLS})


def stop_of(reason: str, *, calls: bool) -> Stop:
    """The stop that a reason stands for; ``calls`` says whether the answer has tool calls.

    ``tool_use`` without a call for the client is the end of a turn in which only tools of the
    provider's own were used.
    """
    stop = READ.get(reason, Stop.END)
    if stop in _SOUND and calls:
        return Stop.TOOLS
    return Stop.END if stop is Stop.TOOLS else stop
