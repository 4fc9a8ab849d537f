"""Azure OpenAI: OpenAI's dialect, with an ``api-key`` header.

Two generations of the interface are spoken. With a dated ``api_version`` a request goes to the URL
of its deployment, but for the responses API, which reads it from the body. With ``v1``, or
``preview`` for what is not released yet, there are OpenAI's own paths below ``/openai/v1``, and
every body names the deployment.

Reference: learn.microsoft.com/azure/ai-services/openai/reference and …/api-version-lifecycle.
"""

from urllib.parse import quote

from ..core.model import Target
from ..core.needs import Endpoint

_UNDATED = {"v1": "", "preview": "?api-version=preview"}


def locate(target: Target, endpoint: Endpoint) -> tuple[str, tuple[str, str] | None]:
    """The URL, and the key."""
    provider = target.provider
    base, version = f"{provider.base_url.rstrip('/')}/openai", _version(target)
    if version in _UNDATED:
        url = f"{base}/v1/{endpoint.path}{_UNDATED[version]}"
    else:
        if not named_in_body(target, endpoint):
            base += f"/deployments/{quote(target.deployment or target.upstream_model, safe='')}"
        url = f"{base}/{endpoint.path}?api-version={quote(version, safe='')}"
    if provider.api_key is None:
        return url, None
    return url, ("api-key", provider.api_key.reveal())


def named_in_body(target: Target, endpoint: Endpoint) -> bool:
    """Whether the body, and not the URL, says which deployment is meant."""
    return endpoint is Endpoint.RESPONSES or _version(target) in _UNDATED


def _version(target: Target) -> str:
    return target.api_version or target.provider.api_version or ""
