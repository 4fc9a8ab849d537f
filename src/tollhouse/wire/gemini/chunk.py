"""What Gemini answers with: a whole answer and each event of a stream have one shape.

API reference: ai.google.dev/api/generate-content#GenerateContentResponse. What is not named here is
skipped; what is may be absent or null.
"""

from typing import Any

import msgspec

from ..json_object import NOT_JSON, read_object

ABSENT = msgspec.Raw()
"""Stands for a raw field that was not told: of a ``Raw`` msgspec takes no ``None``."""


class FunctionCall(msgspec.Struct, gc=False):
    """A call; ``args`` is an object, left out where it is empty."""

    name: str = ""
    id: str | None = None
    args: msgspec.Raw = ABSENT


class Blob(msgspec.Struct, gc=False, rename="camel"):
    """Data in base64."""

    mime_type: str | None = None
    data: str | None = None


class AnswerPart(msgspec.Struct, rename="camel"):
    """A part of the answer, or a piece of one."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    executable_code: Any = None
    code_execution_result: Any = None
    tool_call: Any = None
    """A vendor's own tool at work, as is the next."""
    tool_response: Any = None
    file_data: Any = None


class Content(msgspec.Struct):
    """One turn of the model."""

    parts: list[AnswerPart] | None = None


class Web(msgspec.Struct, gc=False):
    """A page, or a document that was retrieved."""

    uri: str | None = None
    title: str | None = None
    text: str | None = None


class GroundingChunk(msgspec.Struct, rename="camel"):
    """A source."""

    web: Web | None = None
    retrieved_context: Web | None = None


class Segment(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Where in the answer; the indexes count bytes of UTF-8."""

    start_index: int | None = None
    end_index: int | None = None
    text: str | None = None


class GroundingSupport(msgspec.Struct, rename="camel"):
    """Which sources a segment rests on."""

    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class Grounding(msgspec.Struct, rename="camel"):
    """What the answer rests on."""

    grounding_chunks: list[GroundingChunk] | None = None
    grounding_supports: list[GroundingSupport] | None = None


class Chosen(msgspec.Struct, gc=False, rename="camel"):
    """A token, and the logarithm of its probability as it was spelled."""

    token: str | None = None
    log_probability: msgspec.Raw = ABSENT


class Top(msgspec.Struct):
    """The likeliest tokens of one step."""

    candidates: list[Chosen] | None = None


class LogprobsResult(msgspec.Struct, rename="camel"):
    """What was chosen in each step, and from what."""

    chosen_candidates: list[Chosen] | None = None
    top_candidates: list[Top] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer of those asked for."""

    content: Content | None = None
    finish_reason: str | None = None
    index: int | None = None
    grounding_metadata: Grounding | None = None
    logprobs_result: LogprobsResult | None = None


class Feedback(msgspec.Struct, gc=False, rename="camel"):
    """Told of a prompt that was blocked."""

    block_reason: str | None = None


class Chunk(msgspec.Struct, rename="camel"):
    """A whole answer, or an event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: msgspec.Raw = ABSENT
    response_id: str | None = None
    error: msgspec.Raw = ABSENT

    def first(self) -> Candidate | None:
        """The candidate that counts; the gateway asks for one."""
        for candidate in self.candidates or ():
            if not candidate.index:
                return candidate
        return None


class _Usage(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: Any = None
    total_token_count: Any = None
    service_tier: Any = None
    traffic_type: Any = None


decode = msgspec.json.Decoder(Chunk).decode
_usage = msgspec.json.Decoder(_Usage)
_errors = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
NOTHING = (b"", b"null", b"{}")
_TRAFFIC = {
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
    "PROVISIONED_THROUGHPUT": "provisioned_throughput",
}


class UsageTold(msgspec.Struct, frozen=True, gc=False):
    """A usage as it was written; one without counts only tells the tier."""

    written: bytes
    counts: bool
    tier: str | None


def usage_of(written: msgspec.Raw) -> UsageTold | None:
    """The usage of a chunk, if it tells one."""
    if bytes(written) in NOTHING:
        return None
    try:
        told = _usage.decode(written)
    except NOT_JSON:
        return UsageTold(bytes(written), True, None)
    counts = told.prompt_token_count is not None or told.total_token_count is not None
    return UsageTold(bytes(written), counts, _tier(told))


def _tier(told: _Usage) -> str | None:
    if isinstance(told.service_tier, str):
        return told.service_tier.lower()
    return _TRAFFIC.get(told.traffic_type) if isinstance(told.traffic_type, str) else None


def error_in(body: bytes) -> bytes | None:
    """The error object of a body that is ``{"error": …}`` or a list with one."""
    fields = read_object(body)
    if fields is None:
        try:
            listed = _errors.decode(body)
        except NOT_JSON:
            return None
        fields = listed[0] if listed else {}
    error = fields.get("error")
    return None if error is None or bytes(error) in NOTHING else bytes(error)
