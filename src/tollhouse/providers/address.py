"""Where a target is reached and with what headers; nothing here comes from a client.

Adding a provider is a file with one function of this shape and a row in ``_PROTOCOLS``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..core.model import Target
from ..core.needs import Endpoint
from . import azure, openai


@dataclass(frozen=True, slots=True)
class Address:
    """A URL and the headers that go with it, the credential among them."""

    url: str
    headers: tuple[tuple[str, str], ...]


_PROTOCOLS: dict[str, Callable[[Target, Endpoint], tuple[str, tuple[str, str] | None]]] = {
    "openai": openai.locate,
    "azure": azure.locate,
}
PROTOCOLS = frozenset(_PROTOCOLS)


def address(target: Target, endpoint: Endpoint) -> Address:
    """The address of an endpoint at a target's provider."""
    url, credential = _PROTOCOLS[target.provider.protocol](target, endpoint)
    headers = target.provider.headers + target.headers
    return Address(url, (*headers, credential) if credential else headers)
