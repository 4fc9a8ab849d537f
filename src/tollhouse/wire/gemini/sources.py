"""What a Gemini answer rests on, as citations; and its tokens' probabilities in chat's spelling.

API reference: ai.google.dev/api/generate-content#GroundingMetadata and #LogprobsResult. Google
counts a segment's place in bytes of UTF-8; a citation counts characters. A segment is only
believed where its words stand there.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ..json_object import owned, raw
from ..neutral.parts import Citation
from .chunk import ABSENT, Chosen, Grounding, GroundingChunk, LogprobsResult, Segment

_NOWHERE = (None, None)


def citations(grounding: Grounding, text: str) -> Iterator[Citation]:
    """The sources of a text: one for each that a segment names, and one for each unnamed."""
    chunks = grounding.grounding_chunks or []
    named = set()
    for support in grounding.grounding_supports or ():
        start, end = place(support.segment, text)
        for index in support.grounding_chunk_indices or ():
            if 0 <= index < len(chunks) and (found := _citation(chunks[index], start, end)):
                named.add(index)
                yield found
    for index, chunk in enumerate(chunks):
        if index not in named and (found := _citation(chunk, None, None)):
            yield found


def place(segment: Segment | None, text: str) -> tuple[int | None, int | None]:
    """Where a segment stands in a text, in characters; nowhere if it is of another text."""
    if segment is None or segment.end_index is None:
        return _NOWHERE
    coded = text.encode()
    start, end = segment.start_index or 0, segment.end_index
    if not 0 <= start <= end <= len(coded):
        return _found(segment, text)
    try:
        before, words = coded[:start].decode(), coded[start:end].decode()
    except UnicodeDecodeError:
        return _found(segment, text)
    if segment.text is not None and segment.text != words:
        return _found(segment, text)
    return len(before), len(before) + len(words)


def _found(segment: Segment, text: str) -> tuple[int | None, int | None]:
    """Google's counts are now and then off by some bytes; the words are not."""
    start = text.find(segment.text) if segment.text else -1
    return _NOWHERE if start < 0 else (start, start + len(segment.text or ""))


def _citation(chunk: GroundingChunk, start: int | None, end: int | None) -> Citation | None:
    source = chunk.web or chunk.retrieved_context
    if source is None or not (source.uri or source.title):
        return None
    return Citation(source.uri, source.title, source.text, start, end)


def logprobs(result: LogprobsResult | None) -> msgspec.Raw | None:
    """In the form of ``choices[].logprobs``, numbers as they were spelled."""
    if result is None or not result.chosen_candidates:
        return None
    tops = result.top_candidates or []
    tokens = []
    for step, chosen in enumerate(result.chosen_candidates):
        top = tops[step].candidates or [] if step < len(tops) else []
        token = _token(chosen)
        token["top_logprobs"] = [_token(other) for other in top]
        tokens.append(token)
    return raw({"content": tokens, "refusal": None})


def _token(chosen: Chosen) -> dict[str, Any]:
    token = chosen.token or ""
    return {
        "token": token,
        "logprob": 0 if chosen.log_probability == ABSENT else owned(chosen.log_probability),
        "bytes": list(token.encode(errors="replace")),
    }
