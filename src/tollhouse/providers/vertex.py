"""Vertex AI: Google's models and Anthropic's, under a project and a location.

Reference: cloud.google.com/vertex-ai/generative-ai/docs/reference/rest and
docs.anthropic.com/en/api/claude-on-vertex-ai. The credential is a short-lived bearer token.
"""

from urllib.parse import quote

from ..core.dialect import Dialect
from ..core.model import Target
from ..core.needs import Endpoint

Header = tuple[str, str]

_VERSION = "v1"
_ANTHROPIC_COUNT = "count-tokens"


def generate_url(project: str, location: str, model: str, *, stream: bool, base_url: str) -> str:
    """Where one of Google's models answers a conversation."""
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return _url(base_url, project, location, "google", model, method)


def count_url(project: str, location: str, model: str, *, base_url: str) -> str:
    """Where the tokens of a conversation with one of Google's models are counted."""
    return _url(base_url, project, location, "google", model, "countTokens")


def embed_url(project: str, location: str, model: str, *, base_url: str) -> str:
    """Where texts are embedded."""
    return _url(base_url, project, location, "google", model, "predict")


def anthropic_url(project: str, location: str, model: str, *, stream: bool, base_url: str) -> str:
    """Where one of Anthropic's models answers, in its own dialect."""
    method = "streamRawPredict" if stream else "rawPredict"
    return _url(base_url, project, location, "anthropic", model, method)


def anthropic_count_url(project: str, location: str, *, base_url: str) -> str:
    """Where tokens are counted for Anthropic's models; the body names the model."""
    return _url(base_url, project, location, "anthropic", _ANTHROPIC_COUNT, "rawPredict")


def _url(
    base_url: str, project: str, location: str, publisher: str, model: str, method: str
) -> str:
    base = base_url.rstrip("/")
    place = f"projects/{quote(project, safe='')}/locations/{quote(location, safe='')}"
    # A version of a model stands behind an @, which belongs to the name.
    name = quote(model, safe="@")
    return f"{base}/{_VERSION}/{place}/publishers/{publisher}/models/{name}:{method}"


def locate(
    target: Target, endpoint: Endpoint, dialect: Dialect | None, *, stream: bool
) -> tuple[str, Header | None]:
    """The URL of what is asked at ``endpoint``; a key, where one is given, is a bearer token."""
    provider, model = target.provider, target.upstream_model
    project, location, base = provider.project or "", provider.location or "", provider.base_url
    key = provider.api_key
    bearer = None if key is None else ("authorization", f"Bearer {key.reveal()}")
    counts = endpoint is Endpoint.COUNT_TOKENS
    if endpoint is Endpoint.EMBEDDINGS:
        url = embed_url(project, location, model, base_url=base)
    elif dialect is Dialect.MESSAGES:
        if counts:
            url = anthropic_count_url(project, location, base_url=base)
        else:
            url = anthropic_url(project, location, model, stream=stream, base_url=base)
    elif counts:
        url = count_url(project, location, model, base_url=base)
    else:
        url = generate_url(project, location, model, stream=stream, base_url=base)
    return url, bearer
