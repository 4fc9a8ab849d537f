"""OpenAI and the many hosts that speak its protocol.

Reference: platform.openai.com/docs/api-reference/authentication. ``base_url`` includes ``/v1``.
"""

from ..core.model import Target
from ..core.needs import Endpoint


def locate(target: Target, endpoint: Endpoint) -> tuple[str, tuple[str, str] | None]:
    """The URL, and the bearer credential where the provider has one."""
    provider = target.provider
    url = f"{provider.base_url.rstrip('/')}/{endpoint.path}"
    if provider.api_key is None:
        return url, None
    return url, ("authorization", f"Bearer {provider.api_key.reveal()}")
