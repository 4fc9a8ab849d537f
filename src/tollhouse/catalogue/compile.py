"""Documents in, an immutable snapshot out; or all faults of all models at once.

Reading a document and building its effective model is remembered per model for as long as the
document (its parent's, and its system prompt's) stays the same, so that a change costs what it
changes plus one pass over the links. Documents handed in must not be edited in place afterwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.errors import FieldFault
from ..core.history import StoredCatalogue, StoredModel
from ..core.model import Model
from ..core.snapshot import Snapshot, Spelling
from .compositions import (
    Composition,
    composition_faults,
    prompt_reference_faults,
    read_compositions,
)
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
class _Sources:
    """What a model is made of; the same objects make the same model."""

    read: _Read
    parent: _Read | None
    composition: Composition | None


@dataclass(frozen=True, slots=True)
class _Built:
    """What the sources made."""

    sources: _Sources
    model: Model | None
    faults: tuple[FieldFault, ...]


class Compiler:
    """Compiles catalogues for one environment. Only a memory of the last one is kept."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._compositions: Mapping[str, Composition] = {}
        self._reads: Mapping[str, _Read] = {}
        self._built: Mapping[str, _Built] = {}
        self._names: tuple[str, ...] = ()
        self._spellings: tuple[Spelling, ...] = ()

    def compile(self, stored: StoredCatalogue) -> Snapshot:
        """The snapshot of these documents; ``CatalogueInvalid`` with every fault."""
        compositions = read_compositions(stored.prompts, self._compositions)
        reads, faults = self._read_all(stored.models)
        links = {model_id: read.links for model_id, read in reads.items()}
        aliases, alias_faults = resolve_aliases(links)
        built = {i: self._build(read, reads, compositions) for i, read in reads.items()}
        self._compositions, self._reads, self._built = compositions, reads, built
        faults += alias_faults
        faults += reference_faults(links)
        faults += cycle_faults(links)
        faults += composition_faults(compositions)
        faults += prompt_reference_faults(links, compositions)
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

    def _build(
        self, read: _Read, reads: Mapping[str, _Read], compositions: Mapping[str, Composition]
    ) -> _Built:
        links = read.links
        parent = reads.get(links.parent) if links.parent is not None else None
        composition = compositions.get(links.prompt) if links.prompt is not None else None
        known = self._built.get(read.stored.model_id)
        if (
            known is not None
            and (of := known.sources).read is read
            and of.parent is parent
            and of.composition is composition
        ):
            return known
        return self._build_anew(_Sources(read, parent, composition))

    def _build_anew(self, sources: _Sources) -> _Built:
        read, parent = sources.read, sources.parent
        if read.document is None:
            return _Built(sources, None, read.faults)
        if read.links.parent is None:
            return self._made(sources, read.document)
        if parent is None or parent.document is None:
            return _Built(sources, None, read.faults)
        faults = (
            *inheritance_faults(read.document, parent.document),
            *typed_faults(read.stored.document, parent.document.type),
        )
        return self._made(sources, inherit(read.document, parent.document), faults)

    def _made(
        self, sources: _Sources, document: ModelDocument, faults: tuple[FieldFault, ...] = ()
    ) -> _Built:
        faults = (*sources.read.faults, *faults)
        parent, composition = sources.parent, sources.composition
        try:
            model = build(
                sources.read.stored,
                document,
                self._environment,
                parent=parent.document if parent is not None else None,
                composed=composition.prompt if composition is not None else None,
            )
        except Unusable as error:
            return _Built(sources, None, (*faults, *error.faults))
        return _Built(sources, None if faults else model, faults)

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
