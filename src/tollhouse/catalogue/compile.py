"""Documents in, an immutable snapshot out; or all faults of all models at once.

Reading a document and building its effective model is remembered per model for as long as the
document (and its parent's) stays the same, so that a change costs what it changes plus one pass
over the links. Documents handed in must not be edited in place afterwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.errors import FieldFault
from ..core.history import StoredCatalogue, StoredModel
from ..core.model import Model
from ..core.snapshot import Snapshot, Spelling
from .documents.model import ModelDocument, read_document
from .effective import Environment, Unusable, build
from .faults import CatalogueInvalid, ModelFault
from .inheritance import inherit, inheritance_faults
from .links import Links, cycle_faults, read_links, reference_faults, resolve_aliases
from .rules import document_faults, typed_faults

__all__ = ["CatalogueInvalid", "Compiler", "Environment", "ModelFault"]


@dataclass(frozen=True, slots=True)
class _Read:
    """A document, read."""

    stored: StoredModel
    document: ModelDocument | None
    links: Links
    faults: tuple[FieldFault, ...]


@dataclass(frozen=True, slots=True)
class _Built:
    """What a document made, under the parent it had."""

    read: _Read
    parent: _Read | None
    model: Model | None
    faults: tuple[FieldFault, ...]


class Compiler:
    """Compiles catalogues for one environment. Only a memory of the last one is kept."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._reads: Mapping[str, _Read] = {}
        self._built: Mapping[str, _Built] = {}
        self._names: tuple[str, ...] = ()
        self._spellings: tuple[Spelling, ...] = ()

    def compile(self, stored: StoredCatalogue) -> Snapshot:
        """The snapshot of these documents; ``CatalogueInvalid`` with every fault."""
        reads, faults = self._read_all(stored.models)
        links = {model_id: read.links for model_id, read in reads.items()}
        aliases, alias_faults = resolve_aliases(links)
        built = {model_id: self._build(read, reads) for model_id, read in reads.items()}
        self._reads, self._built = reads, built
        faults += alias_faults
        faults += reference_faults(links)
        faults += cycle_faults(links)
        for model_id, made in built.items():
            if made.faults:
                faults += (ModelFault(model_id, one.path, one.message) for one in made.faults)
        if faults:
            raise CatalogueInvalid(sorted(set(faults), key=lambda one: (one.model_id, one.path)))
        return Snapshot(
            version=stored.version,
            models={i: made.model for i, made in built.items() if made.model is not None},
            aliases=aliases,
            tiers=self._environment.tiers,
            hide_denied=self._environment.hide_denied,
            spellings=self._spell((*reads, *aliases)),
        )

    def _read_all(self, models: Iterable[StoredModel]) -> tuple[dict[str, _Read], list[ModelFault]]:
        reads: dict[str, _Read] = {}
        faults = []
        for stored in models:
            if stored.model_id in reads:
                faults.append(ModelFault(stored.model_id, "model_id", "is there twice"))
                continue
            known = self._reads.get(stored.model_id)
            same = known is not None and _same(known.stored, stored)
            reads[stored.model_id] = known if known is not None and same else _read(stored)
        return reads, faults

    def _build(self, read: _Read, reads: Mapping[str, _Read]) -> _Built:
        parent = reads.get(read.links.parent) if read.links.parent is not None else None
        known = self._built.get(read.stored.model_id)
        if known is not None and known.read is read and known.parent is parent:
            return known
        if read.document is None:
            return _Built(read, parent, None, read.faults)
        if read.links.parent is None:
            return self._made(read, None, read.document)
        if parent is None or parent.document is None:
            return _Built(read, parent, None, read.faults)
        faults = (
            *inheritance_faults(read.document, parent.document),
            *typed_faults(read.stored.document, parent.document.type),
        )
        return self._made(read, parent, inherit(read.document, parent.document), faults)

    def _made(
        self,
        read: _Read,
        parent: _Read | None,
        document: ModelDocument,
        faults: tuple[FieldFault, ...] = (),
    ) -> _Built:
        faults = (*read.faults, *faults)
        try:
            above = parent.document if parent is not None else None
            model = build(read.stored, document, self._environment, parent=above)
        except Unusable as error:
            return _Built(read, parent, None, (*faults, *error.faults))
        return _Built(read, parent, None if faults else model, faults)

    def _spell(self, names: tuple[str, ...]) -> tuple[Spelling, ...]:
        if self._names != names:
            self._names, self._spellings = names, spellings(names)
        return self._spellings


def spellings(names: Iterable[str]) -> tuple[Spelling, ...]:
    """Every name under its lower-case form and under its last segment's, sorted."""
    spelled = set()
    for name in names:
        lower = name.lower()
        spelled.add((lower, name))
        spelled.add((lower.rpartition("/")[2], name))
    return tuple(sorted(spelled))


def _same(known: StoredModel, stored: StoredModel) -> bool:
    # The version alone would not do: a write that was computed and then given up had one too.
    return known is stored or (
        known.version == stored.version
        and (known.document is stored.document or known.document == stored.document)
    )


def _read(stored: StoredModel) -> _Read:
    raw = stored.document
    document, faults = read_document(raw)
    faults = (*faults, *document_faults(raw)) if isinstance(raw, dict) else faults
    if document is not None and document.model_id != stored.model_id:
        faults = (*faults, FieldFault("model_id", f"is kept as {stored.model_id}"))
    links = read_links(raw) if isinstance(raw, dict) else Links()
    return _Read(stored, document, links, faults)
