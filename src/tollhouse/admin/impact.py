"""What a change of the catalogue would have done to requests that were made, and who gains by it.

Pure: two snapshots, the ledger's records and the orgs go in. A request is judged again by the gate
and the plan that it would meet now, once with each snapshot, and priced twice from its recorded
usage by the function that prices answers. What the ledger does not keep of a request (the
capabilities it needed but for streaming, the output it asked for, the size of its input) is not
judged: ``UNTOLD`` names the fields whose effect cannot be seen for that reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..core.caller import Caller, CredentialKind
from ..core.charge import Charge
from ..core.errors import Code, Refused
from ..core.model import Model
from ..core.money import Cost
from ..core.needs import CapabilityNeed, Needs, endpoint_named
from ..core.record import Record
from ..core.snapshot import Snapshot
from ..core.tenants import Org
from ..core.usage import Usage
from ..gate.gate import decide
from ..pipeline.admission import plan
from ..pricing.charge import charge, total

UNTOLD = ("capabilities", "dimensions", "limits", "supported_dimensions", "system_prompt")
"""Beginnings of fields that can refuse a request for what no record tells of it."""
_TOLD = "capabilities.streaming"
_ANYTHING = Needs()
_STREAM = (CapabilityNeed("streaming", "stream"),)
_Hops = tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The catalogue before and after, and the moment at which requests meet it."""

    before: Snapshot
    after: Snapshot
    now: float
    """Unix seconds."""
    max_hops: int


@dataclass(frozen=True, slots=True)
class Access:
    """An org that may use a model on one side of a change only."""

    org: str
    model: str
    code: Code
    """Why not on the other side."""


@dataclass(slots=True)
class Effect:
    """What becomes of the requests of one group; costs are those of the re-priced ones."""

    requests: int = 0
    refused: dict[Code, int] = field(default_factory=dict)
    repriced: int = 0
    rerouted: int = 0
    cost_before: dict[str, Cost] = field(default_factory=dict)
    """By currency, in ``10**-10`` of it."""
    cost_after: dict[str, Cost] = field(default_factory=dict)
    unpriced_before: int = 0
    unpriced_after: int = 0

    @property
    def weight(self) -> tuple[int, int, int]:
        """How much of an effect it is, the worst first."""
        return sum(self.refused.values()), self.repriced, self.rerouted


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of all requests that are alike to the gate."""

    refused: Code | None = None
    """Set for those that are let in before the change only."""
    before: _Hops = ()
    after: _Hops = ()

    @property
    def rerouted(self) -> bool:
        return list(map(_where, self.before)) != list(map(_where, self.after))


_LEFT_ALONE = _Fate()


class Tally:
    """Counts what a change does to requests, in all and by org and key."""

    def __init__(self, change: Change, orgs: Mapping[str, Org]) -> None:
        self._change = change
        self._orgs = orgs
        self._fates: dict[tuple[object, ...], _Fate] = {}
        self._drawn = any(
            model.brownouts
            for snapshot in (change.before, change.after)
            for model in snapshot.models.values()
        )
        self.total = Effect()
        self.by_org: dict[str | None, Effect] = {}
        self.by_key: dict[tuple[str | None, str | None], Effect] = {}

    def add(self, records: Iterable[Record]) -> None:
        """Count some more requests."""
        for record in records:
            fate = self._fate(record)
            costs = self._costs(record, fate)
            groups = (
                self.total,
                self.by_org.setdefault(record.org, Effect()),
                self.by_key.setdefault((record.org, record.key_id), Effect()),
            )
            for effect in groups:
                _count(effect, fate, costs)

    def _fate(self, record: Record) -> _Fate:
        asked = record.requested_model
        drawn = record.request_id if self._drawn else None
        alike = (record.org, record.user, record.endpoint, record.stream, asked, drawn)
        fate = self._fates.get(alike)
        if fate is None:
            fate = self._fates[alike] = _fate(self._change, _caller(record, self._orgs), record)
        return fate

    def _costs(self, record: Record, fate: _Fate) -> tuple[Charge, Charge] | None:
        """What the request costs before and after; None where nothing was used, or is not."""
        if not fate.before or not fate.after:
            return None
        served = record.served_model or record.model
        used = list(_used(record, served))
        if not used:
            return None
        successor = _successor(served, fate)
        after = [(successor if model == served else model, usage) for model, usage in used]
        return _priced(self._change.before, used), _priced(self._change.after, after)


def affected(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """The ids of models that are not what they were, children that inherit a change among them."""
    ids = before.models.keys() | after.models.keys()
    return frozenset(
        name
        for name in ids
        if (old := before.models.get(name)) is not (new := after.models.get(name))
        and (old is None or new is None or _content(old) != _content(new))
    )


def concerned(before: Snapshot, after: Snapshot, changed: frozenset[str]) -> frozenset[str]:
    """The ids that may have served a request which one of the changed models has a part in."""
    leads_to: dict[str, set[str]] = {}
    comes_from: dict[str, set[str]] = {}
    for snapshot in (before, after):
        for model in snapshot.models.values():
            for name in _leads_to(model, snapshot):
                leads_to.setdefault(model.model_id, set()).add(name)
                comes_from.setdefault(name, set()).add(model.model_id)
    return _reach(_reach(changed, comes_from), leads_to)


def access(change: Change, models: Iterable[str], orgs: Iterable[Org]) -> Iterator[Access]:
    """Where an org is let in before a change and not after; of the reverse change, its gains."""
    for model_id in sorted(models):
        for org in orgs:
            caller = Caller(CredentialKind.ORG_KEY, "", org=org.slug, plan=org.plan)
            old = decide(change.before, model_id, caller, _ANYTHING, change.now)
            new = decide(change.after, model_id, caller, _ANYTHING, change.now)
            if old.allowed and not new.allowed:
                yield Access(org.slug, model_id, new.refusals[0].code)


def untold(fields: Iterable[str]) -> list[str]:
    """Those of some changed fields whose effect on requests cannot be seen in the ledger."""
    return [name for name in fields if name.startswith(UNTOLD) and name != _TOLD]


def _content(model: Model) -> Model:
    """A model without the numbers that every write moves on."""
    pricing = None if model.pricing is None else replace(model.pricing, version=0)
    return replace(model, version=0, pricing=pricing)


def _leads_to(model: Model, snapshot: Snapshot) -> Iterator[str]:
    yield from model.failover
    successor = snapshot.find(model.replacement_model_id or "")
    if successor is not None and model.redirect_on_end_of_life:
        yield successor.model_id


def _reach(start: frozenset[str], ways: Mapping[str, set[str]]) -> frozenset[str]:
    seen, ahead = set(start), list(start)
    while ahead:
        further = ways.get(ahead.pop(), set()) - seen
        seen |= further
        ahead += further
    return frozenset(seen)


def _caller(record: Record, orgs: Mapping[str, Org]) -> Caller:
    org = orgs.get(record.org or "")
    return Caller(
        CredentialKind.ORG_KEY,
        record.key_id or "",
        org=record.org,
        plan=None if org is None else org.plan,
        user=record.user,
    )


def _fate(change: Change, caller: Caller, record: Record) -> _Fate:
    needs = Needs(
        endpoint=endpoint_named(record.endpoint), capabilities=_STREAM if record.stream else ()
    )

    def hops(snapshot: Snapshot) -> _Hops:
        asked = record.requested_model
        route = plan(snapshot, asked, caller, needs, change.now, change.max_hops, record.request_id)
        return route.hops

    try:
        before = hops(change.before)
    except Refused:
        return _LEFT_ALONE  # refused by now whatever this change does
    try:
        return _Fate(before=before, after=hops(change.after))
    except Refused as refused:
        return _Fate(refused=refused.code)


def _where(model: Model) -> tuple[str, str, str, str]:
    target = model.target
    provider = target.provider
    return model.model_id, provider.name, provider.base_url, target.upstream_model


def _used(record: Record, served: str) -> Iterator[tuple[str, Usage]]:
    """What was billed, by the model that it was billed for."""
    attempts = [(one.model, one.usage) for one in record.attempts if one.usage is not None]
    if not attempts and record.usage is not None:
        attempts = [(served, record.usage)]
    yield from attempts


def _successor(served: str, fate: _Fate) -> str:
    """The model that would have answered: where a hop had failed, the same one if it is left."""
    if served != fate.before[0].model_id and any(hop.model_id == served for hop in fate.after):
        return served
    return fate.after[0].model_id


def _priced(snapshot: Snapshot, used: Sequence[tuple[str, Usage]]) -> Charge:
    models = ((snapshot.models.get(name), usage) for name, usage in used)
    return total(charge(model.pricing if model else None, usage) for model, usage in models)


def _count(effect: Effect, fate: _Fate, costs: tuple[Charge, Charge] | None) -> None:
    effect.requests += 1
    if fate.refused is not None:
        effect.refused[fate.refused] = effect.refused.get(fate.refused, 0) + 1
        return
    effect.rerouted += fate.rerouted
    if costs is None:
        return
    old, new = costs
    if (old.cost, old.cost and old.currency) == (new.cost, new.cost and new.currency):
        return
    effect.repriced += 1
    effect.unpriced_before += _add(effect.cost_before, old)
    effect.unpriced_after += _add(effect.cost_after, new)


def _add(costs: dict[str, Cost], part: Charge) -> bool:
    """Add a charge to the sum of its currency; True when it has no cost to add."""
    if part.cost is None or part.currency is None:
        return True
    costs[part.currency] = costs.get(part.currency, 0) + part.cost
    return False
