"""Looking models up in this dialect: one, or a filtered list; answered from memory.

A filter is compared with what is shown, so that everything on a list is what was asked for.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ....core.caller import Caller
from ....core.errors import CallerError, Code
from ....core.history import StoredCatalogue
from ....core.model import OwnerKind
from ....core.snapshot import Snapshot
from ....identity.roles import Permission
from ....pipeline.live import LiveCatalogue
from ....ports import Clock, Page
from ...cursors import read_cursor, write_cursor
from .access import acting_org
from .directory import Directory, Entry
from .shown import OrgModel, can, description, display_name, show, streams

_READ = (Permission.MODELS_READ, "read models")


@dataclass(frozen=True, slots=True)
class OrgModelFilter:
    """What a list is narrowed to; None asks for nothing."""

    enabled: bool | None = None
    is_system_model: bool | None = None
    is_recommended: bool | None = None
    lifecycle_state: str | None = None
    model_tier: str | None = None
    supports_streaming: bool | None = None
    supports_tools: bool | None = None
    supports_vision: bool | None = None
    supports_reasoning: bool | None = None
    parent_model_id: str | None = None
    """The parent's uid."""
    search: str | None = None
    """A part of the display name, the description or the model id, in any case."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A model's document in this dialect and the version it is at."""

    document: OrgModel
    version: int


class OrgModelQueries:
    """Reads models for the members of an org."""

    def __init__(self, live: LiveCatalogue, clock: Clock) -> None:
        self._live = live
        self._clock = clock
        self._known = Directory(live.stored, live.snapshot)

    def one(self, caller: Caller, uid: str) -> Shown:
        """One model; 404 when there is none for this caller's org."""
        org = acting_org(caller, *_READ)
        directory = self.directory()
        entry = directory.find(uid, org)
        if entry is None:
            raise no_such_model()
        return Shown(show(entry, directory, org, self._clock.now()), entry.stored.version)

    def page(
        self, caller: Caller, wanted: OrgModelFilter, *, limit: int, cursor: str | None
    ) -> Page:
        """One page of models by uid, the system's and the org's own."""
        org = acting_org(caller, *_READ)
        directory, now = self.directory(), self._clock.now()
        entries = directory.listed(org)
        tests = list(_tests(wanted, directory, org, now))
        start = bisect_right(entries, read_cursor(cursor), key=_uid) if cursor else 0
        rows: list[Entry] = []
        for entry in entries[start:]:
            if not all(test(entry) for test in tests):
                continue
            if len(rows) == limit:
                return Page(_shown(rows, directory, org, now), write_cursor(rows[-1].uid))
            rows.append(entry)
        return Page(_shown(rows, directory, org, now))

    def coming(self, stored: StoredCatalogue, snapshot: Snapshot, model_id: str, org: str) -> Shown:
        """A model of an org as it is shown once this state of the catalogue is in force."""
        self._known = directory = Directory(stored, snapshot)
        entry = directory.named(model_id, org)
        if entry is None:
            raise no_such_model()
        return Shown(show(entry, directory, org, self._clock.now()), entry.stored.version)

    def name(self, caller: Caller, uid: str) -> str:
        """The model id behind a uid, for the trail; the uid where it is none of this caller's."""
        entry = self.directory().find(uid, caller.org) if caller.org is not None else None
        return uid if entry is None else entry.model.model_id

    def directory(self) -> Directory:
        """The models that are in force."""
        if self._known.snapshot is not self._live.snapshot:
            self._known = Directory(self._live.stored, self._live.snapshot)
        return self._known


def no_such_model() -> CallerError:
    """The 404 for a model that is not there, or not for this org."""
    return CallerError(
        Code.MODEL_NOT_FOUND,
        "There is no model with this id for this organisation. GET /org/v1/models lists them.",
    )


def _shown(rows: list[Entry], directory: Directory, org: str, now: float) -> list[OrgModel]:
    return [show(entry, directory, org, now) for entry in rows]


def _uid(entry: Entry) -> str:
    return entry.uid


def _tests(
    wanted: OrgModelFilter, directory: Directory, org: str, now: float
) -> Iterator[Callable[[Entry], bool]]:
    for name, read in _FLAGS.items():
        flag = getattr(wanted, name)
        if flag is not None:
            yield _is(read, flag=flag)
    if wanted.lifecycle_state is not None:
        yield lambda entry: entry.model.lifecycle(now).value == wanted.lifecycle_state
    if wanted.model_tier is not None:
        yield lambda entry: entry.model.tier == wanted.model_tier
    if wanted.parent_model_id is not None:
        parent = directory.find(wanted.parent_model_id, org)
        # Those without a parent have no such field: there is no parent by an empty name.
        parent_id = parent.model.model_id if parent is not None else ""
        yield lambda entry: entry.document.get("parent_model_id") == parent_id
    if wanted.search is not None:
        sought = wanted.search.casefold()
        yield lambda entry: any(
            sought in text.casefold() for text in _texts(entry, directory.parent_of(entry))
        )


def _is(read: Callable[[Entry], bool], *, flag: bool) -> Callable[[Entry], bool]:
    return lambda entry: read(entry) is flag


_FLAGS: dict[str, Callable[[Entry], bool]] = {
    "enabled": lambda entry: entry.document.get("enabled") is not False,
    "is_system_model": lambda entry: entry.model.owner.kind is OwnerKind.SYSTEM,
    "is_recommended": lambda entry: entry.model.is_recommended,
    "supports_streaming": lambda entry: streams(entry.model),
    "supports_tools": lambda entry: can(entry.model, "tools"),
    "supports_vision": lambda entry: can(entry.model, "vision"),
    "supports_reasoning": lambda entry: can(entry.model, "reasoning"),
}


def _texts(entry: Entry, parent: Entry | None) -> Iterator[str]:
    yield entry.model.model_id
    yield display_name(entry, parent)
    yield description(entry, parent) or ""
