"""What a question to the gate says of a request: its endpoint, what it needs, its size.

Unknown words are wrong use: the gate lets pass what it knows nothing of, so a misspelt need would
be answered with a yes.
"""

from collections.abc import Sequence

from ..core.caller import Caller, CredentialKind
from ..core.needs import CapabilityNeed, Endpoint, Needs, endpoint_named
from ..core.snapshot import Snapshot

_ASKED_FOR = frozenset(
    {
        *("streaming", "tools", "parallel_tools", "vision", "audio", "files"),
        *("json_schema", "reasoning"),
    }
)


def endpoint_of(name: str) -> Endpoint:
    """The endpoint of this name; ``ValueError`` says which there are."""
    endpoint = endpoint_named(name)
    if endpoint is None:
        raise ValueError(f"{name!r} is no endpoint: there are {', '.join(Endpoint)}")
    return endpoint


def needs_of(
    snapshot: Snapshot,
    endpoint: str,
    names: Sequence[str],
    *,
    max_tokens: int | None = None,
    input_tokens: int = 0,
) -> Needs:
    """The needs of a request; ``ValueError`` for a word that neither gate nor catalogue knows."""
    known = _ASKED_FOR.union(*(model.capabilities for model in snapshot.models.values()))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no capability: there are {', '.join(sorted(known))}")
    return Needs(
        endpoint=endpoint_of(endpoint),
        capabilities=tuple(CapabilityNeed(name, "needs") for name in names),
        max_tokens=max_tokens,
        token_count=input_tokens,
    )


def member(org: str | None, plan: str | None) -> Caller:
    """Somebody with a key of an org on a plan."""
    return Caller(CredentialKind.ORG_KEY, "", org=org, plan=plan)
