"""Azure OpenAI: OpenAI's dialect at deployment URLs, with an ``api-key`` header.

Reference: learn.microsoft.com/azure/ai-services/openai/reference. The responses API is not below a
deployment; there the model in the body names it.
"""

from urllib.parse import quote

from ..core.model import Target
from ..core.needs import Endpoint


def locate(target: Target, endpoint: Endpoint) -> tuple[str, tuple[str, str] | None]:
    """The URL of the deployment, and the key."""
    provider = target.provider
    base = f"{provider.base_url.rstrip('/')}/openai"
    if endpoint is not Endpoint.RESPONSES:
        base += f"/deployments/{quote(target.deployment or target.upstream_model, safe='')}"
    version = quote(target.api_version or provider.api_version or "", safe="")
    url = f"{base}/{endpoint.path}?api-version={version}"
    if provider.api_key is None:
        return url, None
    return url, ("api-key", provider.api_key.reveal())
