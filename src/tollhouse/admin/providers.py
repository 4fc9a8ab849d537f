"""The connections that models are called through: the configuration's and the models' own.

No credential and no value of a header is in here; a base URL is shown without user and query.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from ..core.caller import Caller
from ..core.history import Document
from ..core.model import Provider
from ..identity.roles import Permission
from ..pipeline.live import LiveCatalogue
from .ownership import check

Breakers = Callable[[], Mapping[tuple[str, str], Any]]
"""The state of every target's breaker that has one, by model and provider."""

_SOUND = "closed"


class Providers:
    """Shows connections with the health of what is called through them."""

    def __init__(
        self, configured: Mapping[str, Provider], live: LiveCatalogue, breakers: Breakers
    ) -> None:
        self._configured = configured
        self._live = live
        self._breakers = breakers

    def all(self, caller: Caller) -> list[Document]:
        """Every connection by name, and the breaker of each of its models."""
        check(caller, Permission.PROVIDERS_READ, None, "see the providers")
        states = self._breakers()
        providers = dict(self._configured)
        targets: dict[str, list[Document]] = {}
        for model_id, model in sorted(self._live.snapshot.models.items()):
            provider = model.target.provider
            providers.setdefault(provider.name, provider)
            state = states.get((model_id, provider.name), _SOUND)
            targets.setdefault(provider.name, []).append(
                {"model": model_id, "breaker": getattr(state, "value", state)}
            )
        return [_show(providers[name], targets.get(name, [])) for name in sorted(providers)]


def _show(provider: Provider, targets: list[Document]) -> Document:
    parts = urlsplit(provider.base_url)
    return {
        "name": provider.name,
        "protocol": provider.protocol,
        "base_url": urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")),
        "api_key_set": provider.api_key is not None,
        "api_version": provider.api_version,
        "headers": [name for name, _ in provider.headers],
        "timeouts": msgspec.structs.asdict(provider.timeouts),
        "max_connections": provider.max_connections,
        "models": targets,
    }
