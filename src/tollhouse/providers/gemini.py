"""Google's own API of Gemini: where each of its methods is, and how the key is sent.

Reference: ai.google.dev/api/generate-content. ``base_url`` is without a version, as in
``https://generativelanguage.googleapis.com``, or ends in one. The key goes into a header: in the
URL it would stand in every log on its way.
"""

import re
from urllib.parse import quote

from ..core.model import Target
from ..core.needs import Endpoint

Header = tuple[str, str]

_VERSION = "v1beta"
_HAS_VERSION = re.compile(r"/v\d\w*$")


def credential(api_key: str) -> tuple[str, str]:
    """The header with the key."""
    return ("x-goog-api-key", api_key)


def generate_url(base_url: str, model: str, *, stream: bool) -> str:
    """Where a conversation is answered."""
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return _url(base_url, model, method)


def count_url(base_url: str, model: str) -> str:
    """Where a conversation's tokens are counted."""
    return _url(base_url, model, "countTokens")


def embed_url(base_url: str, model: str) -> str:
    """Where texts are embedded."""
    return _url(base_url, model, "batchEmbedContents")


def _url(base_url: str, model: str, method: str) -> str:
    base = base_url.rstrip("/")
    if not _HAS_VERSION.search(base):
        base = f"{base}/{_VERSION}"
    return f"{base}/models/{quote(model.removeprefix('models/'), safe='')}:{method}"


def locate(target: Target, endpoint: Endpoint, *, stream: bool) -> tuple[str, Header | None]:
    """The URL of what is asked at ``endpoint``, and the key."""
    provider, model = target.provider, target.upstream_model
    key = None if provider.api_key is None else credential(provider.api_key.reveal())
    if endpoint is Endpoint.COUNT_TOKENS:
        return count_url(provider.base_url, model), key
    if endpoint is Endpoint.EMBEDDINGS:
        return embed_url(provider.base_url, model), key
    return generate_url(provider.base_url, model, stream=stream), key
