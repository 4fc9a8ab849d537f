"""Why Gemini stops, in neutral words.

API reference: ai.google.dev/api/generate-content#FinishReason and
cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse. ``STOP`` is
said of a stop sequence too; which it was is not told.
"""

from collections.abc import Mapping

from ..neutral.answer import Stop

READ: Mapping[str, Stop] = {
    "STOP": Stop.END,
    "FINISH_REASON_UNSPECIFIED": Stop.END,
    "MAX_TOKENS": Stop.LENGTH,
    "CONTINUATION": Stop.LENGTH,
    "SAFETY": Stop.FILTERED,
    "RECITATION": Stop.FILTERED,
    "LANGUAGE": Stop.FILTERED,
    "BLOCKLIST": Stop.FILTERED,
    "PROHIBITED_CONTENT": Stop.FILTERED,
    "SPII": Stop.FILTERED,
    "IMAGE_SAFETY": Stop.FILTERED,
    "IMAGE_PROHIBITED_CONTENT": Stop.FILTERED,
    "IMAGE_RECITATION": Stop.FILTERED,
    "MODEL_ARMOR": Stop.FILTERED,
    "ESCALATION": Stop.FILTERED,
    "PUP_LIMITED_DISABLED": Stop.FILTERED,
    "MALFORMED_FUNCTION_CALL": Stop.FAILED,
    "UNEXPECTED_TOOL_CALL": Stop.FAILED,
    "TOO_MANY_TOOL_CALLS": Stop.FAILED,
    "MISSING_THOUGHT_SIGNATURE": Stop.FAILED,
    "MALFORMED_RESPONSE": Stop.FAILED,
    "IMAGE_OTHER": Stop.FAILED,
    "NO_IMAGE": Stop.FAILED,
    "OTHER": Stop.FAILED,
}


def stop_of(reason: str, *, called: bool) -> Stop:
    """The neutral reason; a word that is not known yet is no sound end."""
    stop = READ.get(reason, Stop.FAILED)
    return Stop.TOOLS if called and stop is Stop.END else stop
