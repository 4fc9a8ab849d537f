"""Which entry of a price list is a model of the catalogue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .book import Origin, PriceBook, PriceEntry

MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Sought:
    """A model to be found in a list."""

    model_id: str
    origin: Origin
    names: tuple[str, ...]
    """The upstream's name of it first, then its own and its aliases."""


@dataclass(frozen=True, slots=True)
class Found:
    """The entry of a model, or why there is none."""

    entry: PriceEntry | None
    name: str = ""
    """The name that led to it."""
    candidates: tuple[str, ...] = ()
    """Entries of which each could be meant; empty when none could."""


class Finder:
    """Looks models up in one list."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._by_name: dict[str, list[PriceEntry]] = {}
        self._with_clauses: dict[str, list[PriceEntry]] = {}
        self._by_id = {entry.id: entry for entry in book.entries}
        for entry in book.entries:
            for name in entry.names:
                self._by_name.setdefault(name, []).append(entry)
            if entry.matches is not None:
                self._with_clauses.setdefault(entry.provider, []).append(entry)

    def entry(self, entry_id: str) -> PriceEntry | None:
        """The entry of an id, as a mapping names it."""
        return self._by_id.get(entry_id)

    def find(self, model: Sought) -> Found:
        """Find a model at its own provider; where that is not known, under a name of one only.

        A price of another provider is not taken for a model's: it may well differ.
        """
        providers = self._book.providers_at(model.origin)
        candidates: dict[str, PriceEntry] = {}
        for name in dict.fromkeys(one.lower() for one in model.names):
            entries = self._by_name.get(name, [])
            if providers:
                entry = self._at(providers, entries, name)
                if entry is not None:
                    return Found(entry, name)
            elif len(entries) == 1:
                return Found(entries[0], name)
            candidates.update((entry.id, entry) for entry in entries)
        return Found(None, candidates=tuple(candidates)[:MOST_CANDIDATES])

    def _at(
        self, providers: Iterable[str], entries: Iterable[PriceEntry], name: str
    ) -> PriceEntry | None:
        """A provider's entry: the one of just this name, else the first that says it matches."""
        for provider in providers:
            for entry in entries:
                if entry.provider == provider:
                    return entry
            for entry in self._with_clauses.get(provider, ()):
                if entry.matches is not None and entry.matches(name):
                    return entry
        return None


def sought(document: Mapping[str, object], bases: Mapping[str, tuple[str, str]]) -> Sought:
    """What is looked for; ``bases`` are the protocol and base URL of the providers by name."""
    model_id = str(document["model_id"])
    connection = document.get("connection")
    provider = document.get("provider")
    if isinstance(connection, dict):
        origin = Origin(None, connection.get("protocol"), connection.get("base_url"))
    else:
        name = provider if isinstance(provider, str) else None
        protocol, base_url = bases.get(name or "", (None, None))
        origin = Origin(name, protocol, base_url)
    aliases = document.get("aliases")
    names = [document.get("upstream_model"), model_id]
    names += aliases if isinstance(aliases, list) else []
    return Sought(model_id, origin, tuple(name for name in names if isinstance(name, str)))
