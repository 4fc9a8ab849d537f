"""Why an answer ended, in Anthropic's words and in neutral ones.

API reference: docs.claude.com/en/api/handling-stop-reasons.
"""

from ..neutral.answer import Stop

READ: dict[str, Stop] = {
    "end_turn": Stop.END,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.CONTEXT,
    "stop_sequence": Stop.STOP_SEQUENCE,
    "tool_use": Stop.TOOLS,
    "refusal": Stop.REFUSED,
    "pause_turn": Stop.PAUSED,
    "compaction": Stop.PAUSED,
}
WRITTEN: dict[Stop, str] = {
    Stop.END: "end_turn",
    Stop.LENGTH: "max_tokens",
    Stop.CONTEXT: "model_context_window_exceeded",
    Stop.STOP_SEQUENCE: "stop_sequence",
    Stop.TOOLS: "tool_use",
    Stop.FILTERED: "refusal",
    Stop.REFUSED: "refusal",
    Stop.PAUSED: "pause_turn",
    Stop.FAILED: "end_turn",
}
_SOUND = frozenset({Stop.END, Stop.STOP_SEQUENCE, Stop.TOOLS})


def read_stop(word: str | None, *, called: bool) -> Stop:
    """The provider's word; ``called`` says whether a tool call is among the parts.

    A word that is new to us is taken for a sound end.
    """
    stop = READ.get(word or "", Stop.END)
    return Stop.TOOLS if called and stop in _SOUND else stop
