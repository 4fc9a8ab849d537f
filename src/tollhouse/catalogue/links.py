"""What must hold between documents: unique names, known references, no failover cycle.

Everything here reads a model's ``Links``, which are taken from the raw document, so that a model
with other faults still takes part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..core.history import Document
from .faults import ModelFault

MAX_CYCLES = 20
_SHOWN_HOPS = 8


@dataclass(frozen=True, slots=True)
class Links:
    """The other documents that a model's names."""

    aliases: tuple[str, ...] = ()
    failover: tuple[str, ...] = ()
    failover_is_list: bool = False
    parent: str | None = None
    replacement: str | None = None
    prompt: str | None = None
    org: str | None = None
    """The slug of the org that the model belongs to, or its user is of."""


def read_links(raw: Document) -> Links:
    """The links of a document; values of a wrong type are left out."""
    failover, owner = raw.get("failover"), raw.get("owner")
    return Links(
        aliases=_names(raw.get("aliases")),
        failover=_names(failover if isinstance(failover, list) else [failover]),
        failover_is_list=isinstance(failover, list),
        parent=_name(raw.get("parent_model_id")),
        replacement=_name(raw.get("replacement_model_id")),
        prompt=_name(raw.get("system_prompt_id")),
        org=_name(owner.get("slug")) if isinstance(owner, dict) else None,
    )


def resolve_aliases(links: Mapping[str, Links]) -> tuple[dict[str, str], list[ModelFault]]:
    """Every alias with its model, and the names that would mean two models."""
    aliases: dict[str, str] = {}
    faults = []
    for model_id, own in links.items():
        for index, alias in enumerate(own.aliases):
            path = f"aliases[{index}]"
            if alias in links:
                faults.append(ModelFault(model_id, path, f"is the id of a model: {alias}"))
            elif (first := aliases.setdefault(alias, model_id)) != model_id:
                faults.append(ModelFault(model_id, path, f"is also an alias of {first}: {alias}"))
                other = f"aliases[{links[first].aliases.index(alias)}]"
                faults.append(ModelFault(first, other, f"is also an alias of {model_id}: {alias}"))
    return aliases, faults


def reference_faults(links: Mapping[str, Links]) -> Iterator[ModelFault]:
    """Names of models that do not exist. Aliases do not count: a reference names an id."""
    for model_id, own in links.items():
        for index, name in enumerate(own.failover):
            if name not in links:
                path = f"failover[{index}]" if own.failover_is_list else "failover"
                yield ModelFault(model_id, path, f"names no model: {name}")
        if own.replacement is not None and own.replacement not in links:
            yield ModelFault(model_id, "replacement_model_id", f"names no model: {own.replacement}")
        if own.parent is not None and own.parent not in links:
            yield ModelFault(model_id, "parent_model_id", f"names no model: {own.parent}")


def cycle_faults(links: Mapping[str, Links]) -> Iterator[ModelFault]:
    """Failover chains that come back to where they began, told to every model on them."""
    graph = {model_id: own.failover for model_id, own in links.items() if own.failover}
    for _ in range(MAX_CYCLES):
        cycle = _find_cycle(graph)
        if not cycle:
            return
        for index, model_id in enumerate(cycle):
            turned = [*cycle[index:], *cycle[:index]]
            yield ModelFault(model_id, "failover", f"makes a cycle: {_chain(turned)}")
        first, second = cycle[0], cycle[1 % len(cycle)]
        graph[first] = tuple(name for name in graph[first] if name != second)


def _find_cycle(graph: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One cycle, in failover order, or nothing; a walk without recursion, each model once."""
    finished: set[str] = set()
    for start in graph:
        path = {} if start in finished else {start: iter(graph[start])}
        while path:
            model_id, hops = next(reversed(path.items()))
            for hop in hops:
                if hop in path:
                    names = list(path)
                    return names[names.index(hop) :]
                if hop in graph and hop not in finished:
                    path[hop] = iter(graph[hop])
                    break
            else:
                finished.add(model_id)
                path.popitem()
    return []


def _chain(cycle: list[str]) -> str:
    shown = cycle[:_SHOWN_HOPS]
    if len(cycle) > _SHOWN_HOPS:
        shown.append(f"… {len(cycle) - _SHOWN_HOPS} more")
    return " → ".join([*shown, cycle[0]])


def _names(values: object) -> tuple[str, ...]:
    listed = values if isinstance(values, list) else []
    return tuple(value for value in listed if isinstance(value, str))


def _name(value: object) -> str | None:
    return value if isinstance(value, str) else None
