"""Cohere: rerankings and embeddings of the second version of its API, with a bearer key.

Reference: docs.cohere.com/reference/rerank and docs.cohere.com/reference/embed. ``base_url`` ends
before the version, or in it.
"""

import re

from ..core.model import Target
from ..core.needs import Endpoint

Header = tuple[str, str]

_VERSION = re.compile(r"/v[12]$")


def credential(api_key: str) -> Header:
    """The header with the key."""
    return ("authorization", f"Bearer {api_key}")


def rerank_url(base_url: str) -> str:
    """Where documents are put in order."""
    return _url(base_url, "rerank")


def embed_url(base_url: str) -> str:
    """Where texts are embedded."""
    return _url(base_url, "embed")


def _url(base_url: str, operation: str) -> str:
    return f"{_VERSION.sub('', base_url.rstrip('/'))}/v2/{operation}"


def locate(target: Target, endpoint: Endpoint) -> tuple[str, Header | None]:
    """The URL of what is asked at ``endpoint``, and the key."""
    provider = target.provider
    key = None if provider.api_key is None else credential(provider.api_key.reveal())
    if endpoint is Endpoint.EMBEDDINGS:
        return embed_url(provider.base_url), key
    return rerank_url(provider.base_url), key
