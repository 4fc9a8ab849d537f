"""What a Gemini answer rests on, as citations; and its tokens' probabilities in chat's spelling.

API reference: ai.google.dev/api/generate-content#GroundingMetadata and #LogprobsResult. Google
counts a segment's place in bytes of UTF-8; a citation counts characters. A segment is only
believed where its words stand there.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import msgspec

from ..json_object import raw
from ..neutral.parts import Citation
from .chunk import Chosen, Grounding, GroundingChunk, LogprobsResult, Segment

_NOWHERE = (None, None)
_BLOCK = 1024
"""Bytes of a text between two counts of the characters so far."""
_INSIDE = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 with which no character begins."""
_MOST_SEARCHED = 4 * 1024 * 1024
"""Characters that are looked through, in all, for words that do not stand where they should."""


class Sources:
    """The sources of one text, however often they are told: some streams do so in every event.

    They are placed once the text is complete. To look at what there is of it each time that they
    are told would take longer with every event.
    """

    __slots__ = ("_named", "_told")

    def __init__(self) -> None:
        self._told: dict[Citation, Citation] = {}
        """Each by itself: the one of all that are equal that is kept."""
        self._named: dict[Segment | None, dict[Citation, None]] = {}
        """The sources that a segment rests on, in the order in which they were told."""

    def add(self, grounding: Grounding) -> None:
        """More of them, or the same again."""
        sources = [self._kept(chunk) for chunk in grounding.grounding_chunks or ()]
        for support in grounding.grounding_supports or ():
            named: dict[Citation, None] | None = None
            for index in support.grounding_chunk_indices or ():
                if 0 <= index < len(sources) and (source := sources[index]) is not None:
                    if named is None:
                        named = self._named.setdefault(support.segment, {})
                    named[source] = None

    def _kept(self, chunk: GroundingChunk) -> Citation | None:
        source = _citation(chunk)
        return None if source is None else self._told.setdefault(source, source)

    def citations(self, text: str) -> Iterator[Citation]:
        """One for each source that a segment names, and one for each unnamed."""
        if not self._told:
            return
        places = _Places(text)
        named: set[Citation] = set()
        for segment, sources in self._named.items():
            start, end = places.of(segment)
            named.update(sources)
            for source in sources:
                yield Citation(source.url, source.title, source.cited, start, end)
        yield from (source for source in self._told if source not in named)


class _Places:
    """Where segments stand in one text, in characters; nowhere if they are of another text."""

    __slots__ = ("_before", "_coded", "_searched", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._coded = text.encode()
        blocks = range(0, 0 if self._is_ascii() else len(self._coded), _BLOCK)
        counts = (_characters(self._coded[start : start + _BLOCK]) for start in blocks)
        self._before = list(accumulate(counts, initial=0))
        """Characters that begin before each block."""
        self._searched = 0

    def _is_ascii(self) -> bool:
        return len(self._coded) == len(self._text)

    def of(self, segment: Segment | None) -> tuple[int | None, int | None]:
        """The place of a segment."""
        if segment is None or segment.end_index is None:
            return _NOWHERE
        first, last = segment.start_index or 0, segment.end_index
        if 0 <= first <= last <= len(self._coded) and self._stands(segment.text, first, last):
            start, end = self._character(first), self._character(last)
            if start is not None and end is not None:
                return start, end
        return self._found(segment.text)

    def _stands(self, words: str | None, first: int, last: int) -> bool:
        if words is None:
            return True
        coded = words.encode()
        return len(coded) == last - first and self._coded.startswith(coded, first)

    def _character(self, offset: int) -> int | None:
        """How many characters stand before a byte; None for one inside of a character."""
        if self._is_ascii():
            return offset
        if offset < len(self._coded) and self._coded[offset] in _INSIDE:
            return None
        block = offset // _BLOCK
        return self._before[block] + _characters(self._coded[block * _BLOCK : offset])

    def _found(self, words: str | None) -> tuple[int | None, int | None]:
        """Google's counts are now and then off by some bytes; the words are not."""
        if not words or self._searched > _MOST_SEARCHED:
            return _NOWHERE
        self._searched += len(self._text)
        start = self._text.find(words)
        return _NOWHERE if start < 0 else (start, start + len(words))


def _characters(coded: bytes) -> int:
    """How many characters begin in these bytes."""
    return len(coded.translate(None, _INSIDE))


def _citation(chunk: GroundingChunk) -> Citation | None:
    source = chunk.web or chunk.retrieved_context
    if source is None or not (source.uri or source.title):
        return None
    return Citation(source.uri, source.title, source.text)


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
    token, told = chosen.token or "", bytes(chosen.log_probability)
    return {
        "token": token,
        "logprob": msgspec.Raw(told) if told[:1].isdigit() or told[:1] == b"-" else 0,
        "bytes": list(token.encode(errors="replace")),
    }
