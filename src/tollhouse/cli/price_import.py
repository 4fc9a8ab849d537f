"""Published prices into the catalogue: what would change, field by field, and then one write.

A plan is made against the store and shown; it is kept only as it was shown. A model that somebody
else wrote in between stops it, and nothing is written.
"""

import importlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..admin.commits import Draft
from ..catalogue.merge import merge
from ..catalogue.price_sources import genai_prices
from ..catalogue.price_sources.book import PriceBook, PriceEntry, Unplaced
from ..catalogue.price_sources.matching import Finder, Found, sought
from ..catalogue.price_sources.patches import (
    differences,
    fact_patch,
    kind_of,
    price_patch,
    usable,
)
from ..catalogue.price_sources.reading import NoPriceListError, read_list
from ..catalogue.writing import apply_patch, public_document
from ..core.errors import CallerError, FieldFault, invalid_fields
from ..core.history import AuditEvent, Document, StoredCatalogue, StoredModel
from ..core.needs import ModelType
from .desk import Desk
from .exits import Stop, wrong_use
from .progress import tracked

PACKAGE = "genai-prices"
"""Instead of a file: the data of the installed package."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How prices are to be taken."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """Entries of the list by ``model_id``, in place of looking for one."""
    limits: bool = False
    """Take limits, dimensions and capabilities too."""
    keep: bool = False
    """Leave prices alone that the list does not tell."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One field of one model."""

    model_id: str
    entry: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Remark:
    """A price of a matched entry that was not taken."""

    model_id: str
    entry: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A model without an entry; ``candidates`` when several could be meant."""

    model_id: str
    candidates: tuple[str, ...]


@dataclass(slots=True)
class PricePlan:
    """What an import of prices comes to."""

    source: str
    changes: list[PriceChange] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    unplaced: list[Remark] = field(default_factory=list)
    unreadable: list[Remark] = field(default_factory=list)
    """Prices that have a place and cannot be read; their models stay as they are."""
    patches: dict[str, Document] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """Of the documents that the patches were made for."""

    def shown(self, *, written: bool) -> Document:
        """All of it, for programs."""
        names = ("source", "changes", "unchanged", "unmatched", "unplaced", "unreadable")
        return {name: getattr(self, name) for name in names} | {"written": written}


def read_book(source: str, now: float) -> PriceBook:
    """The list in a file, or of the installed package where the name is its and no file's."""
    path = Path(source)
    if source == PACKAGE and not path.exists():
        return genai_prices.read(_package_data(), now)
    try:
        return read_list(path.read_bytes(), now)
    except NoPriceListError as error:
        raise wrong_use(f"{source} {error}") from None


def _package_data() -> list[dict[str, Any]]:
    try:
        data = importlib.import_module("genai_prices.data")
    except ImportError:
        raise Stop(
            "the package genai-prices is not installed: pip install 'tollhouse[prices]',"
            " or give the file of its data"
        ) from None
    return genai_prices.from_package(data.providers)


async def plan_prices(desk: Desk, book: PriceBook, wishes: Wishes) -> PricePlan:
    """Work out what a list changes; wrong use when a mapping names what is not there."""
    stored = await desk.store.load()
    models = [(one, kind) for one in stored.models if (kind := kind_of(one.document)) is not None]
    finder, plan = Finder(book), PricePlan(book.title)
    _check_mapping(wishes.mapping, finder, {one.model_id for one, _ in models})
    bases = {
        name: (provider.protocol, provider.base_url)
        for name, provider in desk.settings.provider_map().items()
    }
    for model, kind in tracked(models, "Matching prices"):
        mapped = wishes.mapping.get(model.model_id)
        if mapped is not None:
            found = Found(finder.entry(mapped))
        else:
            found = finder.find(sought(model.document, bases))
        if found.entry is None:
            plan.unmatched.append(Unmatched(model.model_id, found.candidates))
        else:
            _plan_one(plan, model, kind, found.entry, book, wishes)
    return plan


def _check_mapping(mapping: Mapping[str, str], finder: Finder, models: Collection[str]) -> None:
    faults = [
        f"--map: the catalogue prices no model {one!r}" for one in mapping if one not in models
    ]
    faults += [
        f"--map: the list has no entry {entry!r}"
        for entry in mapping.values()
        if finder.entry(entry) is None
    ]
    if faults:
        raise wrong_use(*faults)


def _plan_one(
    plan: PricePlan,
    model: StoredModel,
    kind: ModelType,
    entry: PriceEntry,
    book: PriceBook,
    wishes: Wishes,
) -> None:
    def remarks(found: Sequence[Unplaced]) -> list[Remark]:
        return [Remark(model.model_id, entry.id, one.field, one.value, one.reason) for one in found]

    told, unusable = usable(entry, kind)
    plan.unplaced += remarks((*entry.unplaced, *unusable))
    plan.unreadable += remarks(entry.faults)
    patch: Document = {}
    if told and not entry.faults:
        current = model.document.get("pricing") or {}
        if prices := price_patch(current, told, book, keep=wishes.keep):
            patch["pricing"] = prices
    if wishes.limits:
        facts, left = fact_patch(entry, model.document, kind)
        patch |= facts
        plan.unplaced += remarks(left)
    changed = differences(model.document, merge(model.document, patch))
    if not changed:
        if not entry.faults:
            plan.unchanged.append(model.model_id)
        return
    plan.patches[model.model_id] = patch
    plan.versions[model.model_id] = model.version
    plan.changes += [PriceChange(model.model_id, entry.id, *one) for one in changed]


async def keep_prices(desk: Desk, plan: PricePlan, *, dry_run: bool = False) -> None:
    """Write what a plan says, in one change; 422 with every fault of every document."""

    async def compute(stored: StoredCatalogue) -> Draft:
        present = {one.model_id: one for one in stored.models}
        put: list[StoredModel] = []
        events: list[AuditEvent] = []
        faults: list[FieldFault] = []
        for model_id, patch in tracked(plan.patches.items(), "Writing prices"):
            current = present.get(model_id)
            if current is None or current.version != plan.versions[model_id]:
                raise Stop(f"{model_id} was changed meanwhile; nothing was written: look again")
            try:
                document = _priced(desk, current, patch)
            except CallerError as error:
                faults += (FieldFault(f"{model_id}: {f.path}", f.message) for f in error.fields)
                continue
            put.append(StoredModel(model_id, document["version"], document))
            events.append(_event(desk, current, document))
        if faults:
            raise invalid_fields(faults)
        return Draft(tuple(put), events=tuple(events), places={one: one for one in plan.patches})

    if dry_run:
        await desk.plane.commits.rehearse(compute)
    else:
        await desk.plane.commits.keep(desk.by, compute)


def _priced(desk: Desk, current: StoredModel, patch: Document) -> Document:
    document = apply_patch(
        current.document,
        patch,
        now=desk.clock.now(),
        actor=desk.caller.actor,
        seal=desk.seal,
    )
    return {**document, "source": "import"}


def _event(desk: Desk, current: StoredModel, document: Document) -> AuditEvent:
    now = desk.clock.now()
    return desk.plane.trail.event(
        desk.by,
        "model.updated",
        current.model_id,
        org=None,
        before=public_document(current.document, now=now),
        after=public_document(document, now=now),
    )
