"""Anthropic: messages below ``/v1``, with an ``x-api-key`` header.

Reference: docs.claude.com/en/api/overview. ``base_url`` ends before ``/v1``.
"""

from ..core.model import Target
from ..core.needs import Endpoint


def locate(target: Target, endpoint: Endpoint) -> tuple[str, tuple[str, str] | None]:
    """The URL, and the key."""
    provider = target.provider
    path = "messages/count_tokens" if endpoint is Endpoint.COUNT_TOKENS else "messages"
    url = f"{provider.base_url.rstrip('/')}/v1/{path}"
    if provider.api_key is None:
        return url, None
    return url, ("x-api-key", provider.api_key.reveal())
