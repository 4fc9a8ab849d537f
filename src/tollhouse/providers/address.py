"""Where a target is reached and with what headers; nothing here comes from a client.

Adding a provider is a file with one function of this shape and a row in ``_PROTOCOLS``.
"""

from collections.abc import Callable

from ..core.model import Address, Target
from ..core.needs import Endpoint
from . import azure, openai

_Header = tuple[str, str]

_PROTOCOLS: dict[str, Callable[[Target, Endpoint], tuple[str, _Header | None]]] = {
    "openai": openai.locate,
    "azure": azure.locate,
}
PROTOCOLS = frozenset(_PROTOCOLS)


def address(target: Target, endpoint: Endpoint) -> Address:
    """The address of an endpoint at a target's provider; worked out once."""
    known = target.addresses.get(endpoint)
    if known is None:
        known = target.addresses[endpoint] = _locate(target, endpoint)
    return known


def model_name(target: Target, endpoint: Endpoint) -> str:
    """What the body calls the model: where the URL does not name a deployment, the body has to."""
    if target.deployment is not None and endpoint is Endpoint.RESPONSES:
        return target.deployment
    return target.upstream_model


def _locate(target: Target, endpoint: Endpoint) -> Address:
    url, credential = _PROTOCOLS[target.provider.protocol](target, endpoint)
    headers = _merged(target.provider.headers, target.headers)
    return Address(url, _merged(headers, (credential,)) if credential else headers)


def _merged(general: tuple[_Header, ...], own: tuple[_Header, ...]) -> tuple[_Header, ...]:
    """Both; of equal names the second one's counts."""
    if not (general and own):
        return general or own
    taken = {name.lower() for name, _ in own}
    return (*[header for header in general if header[0].lower() not in taken], *own)
