"""Where a target is reached and with what headers; nothing here comes from a client.

Adding a provider is a file with one function of this shape, a row in ``_locate`` and one in
``dialects``.
"""

from ..core.dialect import Dialect
from ..core.model import Address, Target
from ..core.needs import Endpoint
from . import anthropic, azure, bedrock, cohere, gemini, openai, vertex
from .dialects import dialect_of

ANTHROPIC_VERSION = "2023-06-01"
"""The version of Anthropic's protocol that is spoken unless the client names another."""

_Header = tuple[str, str]
_Located = tuple[str, _Header | None]

_AT_OPENAI = {Dialect.CHAT: Endpoint.CHAT, Dialect.RESPONSES: Endpoint.RESPONSES}


def address(target: Target, endpoint: Endpoint, *, stream: bool = False) -> Address:
    """Where a target is asked what a client asks at ``endpoint``; some stream elsewhere."""
    url, credential = _locate(target, endpoint, stream=stream)
    headers = _merged(target.provider.headers, target.headers)
    if target.provider.protocol == "anthropic":
        headers = _merged((("anthropic-version", ANTHROPIC_VERSION),), headers)
    return Address(url, _merged(headers, (credential,)) if credential else headers)


def model_name(target: Target, endpoint: Endpoint) -> str:
    """What the body calls the model: where the URL does not name a deployment, the body has to."""
    if target.deployment is not None and azure.named_in_body(target, _spoken(target, endpoint)):
        return target.deployment
    return target.upstream_model


def _locate(target: Target, endpoint: Endpoint, *, stream: bool) -> _Located:
    dialect, spoken = dialect_of(target, endpoint), _spoken(target, endpoint)
    match target.provider.protocol:
        case "openai":
            return openai.locate(target, spoken)
        case "azure":
            return azure.locate(target, spoken)
        case "anthropic":
            return anthropic.locate(target, endpoint)
        case "bedrock":
            return bedrock.locate(target, endpoint, dialect, stream=stream)
        case "gemini":
            return gemini.locate(target, endpoint, stream=stream)
        case "vertex":
            return vertex.locate(target, endpoint, dialect, stream=stream)
        case "cohere":
            return cohere.locate(target, endpoint)
        case unknown:
            raise ValueError(f"there is no protocol called {unknown}")


def _spoken(target: Target, endpoint: Endpoint) -> Endpoint:
    """The endpoint of OpenAI's that a client's is translated to, or its own."""
    dialect = dialect_of(target, endpoint)
    return endpoint if dialect is None else _AT_OPENAI.get(dialect, endpoint)


def _merged(general: tuple[_Header, ...], own: tuple[_Header, ...]) -> tuple[_Header, ...]:
    """Both; of equal names the second one's counts."""
    if not (general and own):
        return general or own
    taken = {name.lower() for name, _ in own}
    return (*[header for header in general if header[0].lower() not in taken], *own)
