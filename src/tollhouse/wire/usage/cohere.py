"""How Cohere tells what a call used: units that it bills, in ``meta`` of the answer.

API reference: docs.cohere.com/reference/rerank and docs.cohere.com/reference/embed. Rerankers are
billed by the search unit (a query with up to 100 documents), embeddings by the token, those of
images apart from those of text.
"""

from typing import Any

import msgspec

from ...core.usage import Unusable, Usage
from .counts import Count, Reader, believed


class _Billed(msgspec.Struct, frozen=True, gc=False):
    search_units: Count = None
    input_tokens: Count = None
    output_tokens: Count = None
    image_tokens: Count = None
    total_tokens: Count = None
    """Hosts that rerank by the token and answer in Cohere's form."""


class _Told(msgspec.Struct, frozen=True, gc=False):
    billed_units: _Billed | None = None


_reader = Reader(_Told)


def read_usage(raw: Any) -> Usage | Unusable:
    """Read a ``meta`` object, as JSON bytes or decoded."""
    told = _reader.read(raw)
    if isinstance(told, Unusable):
        return told
    units = told.billed_units
    if units is None:
        return Unusable("the billed units are not told")
    words = units.total_tokens if units.input_tokens is None else units.input_tokens
    pictures = units.image_tokens
    if words is None and pictures is None and units.search_units is None:
        return Unusable("the billed units are not told")
    return believed(
        Usage(
            input_tokens=(words or 0) + (pictures or 0),
            image_input_tokens=pictures or 0,
            output_tokens=units.output_tokens or 0,
            searches=units.search_units or 0,
        )
    )
