"""Why a response ended, in its words and in the neutral ones.

Reference: platform.openai.com/docs/api-reference/responses/object (``status`` and
``incomplete_details.reason``). There is no word for a stop sequence, and calls of tools are a
completed response like any other.
"""

from ..neutral.answer import Stop

COMPLETED = "completed"
FAILED = "failed"
INCOMPLETE = "incomplete"

READ: dict[str, Stop] = {
    COMPLETED: Stop.END,
    "max_output_tokens": Stop.LENGTH,
    "content_filter": Stop.FILTERED,
}
"""A status, or the reason of an incomplete one; any other reason is ``Stop.LENGTH``: it was cut."""

WRITTEN: dict[Stop, str] = {
    Stop.END: COMPLETED,
    Stop.TOOLS: COMPLETED,
    Stop.STOP_SEQUENCE: COMPLETED,
    Stop.LENGTH: "max_output_tokens",
    # There is more to come; "completed" would say that there is not.
    Stop.PAUSED: "max_output_tokens",
    Stop.CONTEXT: "max_output_tokens",
    Stop.FILTERED: "content_filter",
    Stop.REFUSED: "content_filter",
    Stop.FAILED: FAILED,
}
"""``completed``, ``failed``, or the reason of an incomplete response."""


def read_stop(status: str | None, reason: str | None, *, calls: bool, refused: bool) -> Stop:
    """Why it ended, given whether the model called tools or declined in words."""
    if status == INCOMPLETE:
        return READ.get(reason or "", Stop.LENGTH)
    if calls:
        return Stop.TOOLS
    return Stop.REFUSED if refused else Stop.END


def written_stop(stop: Stop, *, refusal: bool) -> str:
    """What is written; a refusal in words is an answer like any other."""
    return COMPLETED if refusal and stop is Stop.REFUSED else WRITTEN[stop]
