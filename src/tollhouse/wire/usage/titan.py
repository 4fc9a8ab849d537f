"""How embeddings models on Bedrock tell what a call used.

API reference: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html.
Titan tells it in the answer. Every model tells it in the header
``x-amzn-bedrock-input-token-count``, which stands here as ``inputTokenCount``.
"""

from typing import Any

import msgspec

from ...core.usage import Unusable, Usage
from .counts import Count, Reader


class _Told(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    input_text_token_count: Count = None
    input_token_count: Count = None


_reader = Reader(_Told)


def read_usage(raw: Any) -> Usage | Unusable:
    """Read the count of an answer or of its header, as JSON bytes or decoded."""
    told = _reader.read(raw)
    if isinstance(told, Unusable):
        return told
    count = told.input_text_token_count
    if count is None:
        count = told.input_token_count
    return Unusable("the input tokens are not told") if count is None else Usage(count)
