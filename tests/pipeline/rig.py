"""What the pipeline lives among in these tests: a set clock, a store of dictionaries, ears."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tollhouse.core.caller import Caller, CredentialKind
from tollhouse.core.errors import Refusal
from tollhouse.core.history import StoredCatalogue, Versions
from tollhouse.core.model import Model, Provider, Target, Timeouts
from tollhouse.core.money import RATE_UNIT
from tollhouse.core.needs import Endpoint, ModelType, Needs
from tollhouse.core.prices import PriceClass, PriceTable
from tollhouse.core.record import Attempt, Record
from tollhouse.core.snapshot import Snapshot
from tollhouse.core.tenants import Credential, Org
from tollhouse.identity.credentials import digest, mint_org_key
from tollhouse.pipeline.call import Call
from tollhouse.pipeline.flight import Flight
from tollhouse.pipeline.meter import Meter
from tollhouse.ports import StoreUnavailable
from tollhouse.wire.openai.request import Asked

NOW = 1_760_000_000.0
ACME = Org("acme", "pro")
CALLER = Caller(CredentialKind.ORG_KEY, "key-1", org="acme", plan="pro")
PROVIDER = Provider("p", "openai", "https://provider.example/v1")
TIERS = {"standard": frozenset({"free", "pro"}), "premium": frozenset({"pro"})}


@dataclass
class SetClock:
    """Stands still until it is moved."""

    time: float = NOW

    def now(self) -> float:
        """Unix seconds."""
        return self.time

    def monotonic(self) -> float:
        """The same."""
        return self.time


class FixedIds:
    """No chance."""

    part = 0.5

    def uuid(self) -> str:
        """Always the same."""
        return "00000000-0000-7000-8000-000000000000"

    def secret(self, nbytes: int) -> str:
        """Of the right length, and known."""
        return "s" * nbytes

    def fraction(self) -> float:
        """Jitter."""
        return self.part


@dataclass
class Shelf:
    """A store in memory that can go away, be slow, and count who asks."""

    versions_now: Versions = field(default_factory=Versions)
    catalogue: StoredCatalogue = field(default_factory=lambda: StoredCatalogue(0, ()))
    credentials: dict[str, tuple[Credential, Org]] = field(default_factory=dict)
    down: bool = False
    asked: int = 0
    loads: int = 0
    before_answer: Any = None
    """Called once a credential has been read and before it is handed over."""

    async def versions(self) -> Versions:
        """The counters."""
        self._check()
        return self.versions_now

    async def load(self) -> StoredCatalogue:
        """The documents."""
        self._check()
        self.loads += 1
        return self.catalogue

    async def credential(self, credential_id: str) -> tuple[Credential, Org] | None:
        """A credential with its org."""
        self._check()
        self.asked += 1
        found = self.credentials.get(credential_id)
        if self.before_answer is not None:
            self.before_answer()
        return found

    def keep(self, name: str = "k1", org: Org = ACME, **fields: Any) -> str:
        """Keep a key; returns its text."""
        key = mint_org_key(name, "s" * 32)
        credential = Credential(
            **{"id": name, "kind": "org_key", "org": org.slug, "digest": digest(key), **fields}
        )
        self.credentials[name] = credential, org
        return key

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("gone")


@dataclass
class Ears:
    """An observer that remembers."""

    attempts: list[Attempt] = field(default_factory=list)
    closed_records: list[Record] = field(default_factory=list)
    breakers: list[tuple[str, str, bool]] = field(default_factory=list)
    up: list[bool] = field(default_factory=list)
    rejected: int = 0

    def admitted(self) -> None:
        """Not of interest."""

    def left(self) -> None:
        """Not of interest."""

    def refused(self, refusal: Refusal, *, model: str | None, caller: Caller | None) -> None:
        """Not of interest."""

    def attempted(self, attempt: Attempt) -> None:
        """An attempt ended."""
        self.attempts.append(attempt)

    def failed_over(self, from_model: str, to_model: str, reason: str) -> None:
        """Not of interest."""

    def breaker(self, model: str, provider: str, *, is_open: bool) -> None:
        """A breaker changed."""
        self.breakers.append((model, provider, is_open))

    def closed(self, record: Record) -> None:
        """A request ended."""
        self.closed_records.append(record)

    def store_up(self, *, is_up: bool) -> None:
        """The store answers, or not."""
        self.up.append(is_up)

    def catalogue_rejected(self) -> None:
        """A version was refused."""
        self.rejected += 1


@dataclass
class Book:
    """A ledger in memory."""

    opened: list[Record] = field(default_factory=list)
    closed: list[Record] = field(default_factory=list)

    def open(self, record: Record) -> None:
        """A request was admitted."""
        self.opened.append(record)

    def close(self, record: Record) -> None:
        """It ended."""
        self.closed.append(record)


def prices(entry: str = "3", output: str = "15", **fields: Any) -> PriceTable:
    """Prices for a million tokens."""
    rates = {
        PriceClass.INPUT: int(entry) * RATE_UNIT // 10**6,
        PriceClass.OUTPUT: int(output) * RATE_UNIT // 10**6,
    }
    return PriceTable(**{"currency": "USD", "rates": rates, "version": 1, **fields})


def model(model_id: str = "m", provider: Provider = PROVIDER, **fields: Any) -> Model:
    """A model that everybody may use; what is the target's goes there."""
    own = {name: fields.pop(name) for name in ("retries", "max_parallel") if name in fields}
    usual: dict[str, Any] = {
        "type": ModelType.COMPLETION,
        "target": Target(provider, f"{model_id}-upstream", Timeouts(), **own),
        "pricing": prices(),
        "public": {"id": model_id, "object": "model"},
    }
    return Model(model_id, **(usual | fields))


def snapshot(*models: Model, version: int = 1, **fields: Any) -> Snapshot:
    """A catalogue of these models."""
    ids: Mapping[str, Model] = {one.model_id: one for one in models}
    return Snapshot(version=version, models=ids, tiers=TIERS, **fields)


def call(model_id: str = "m", **fields: Any) -> Call:
    """A chat of ten bytes of prompt."""
    asked = Asked(model=model_id, needs=Needs(endpoint=Endpoint.CHAT, input_bytes=10))
    given: dict[str, Any] = {"caller": CALLER, "asked": asked, "request_id": "r-1"}
    return Call(Endpoint.CHAT, **{**given, "started": NOW, "fields": {}, **fields})


def record(**fields: Any) -> Record:
    """A record that was just opened."""
    usual = {"id": "i", "request_id": "r-1", "started_at": 0, "endpoint": "chat"}
    return Record(**{**usual, "requested_model": "m", "model": "m", **fields})


@dataclass
class Aloft:
    """A flight and who hears of it; must be made inside a task."""

    clock: SetClock = field(default_factory=SetClock)
    book: Book = field(default_factory=Book)
    ears: Ears = field(default_factory=Ears)
    flight: Flight = field(init=False)

    def __post_init__(self) -> None:
        self.flight = Flight(
            call(),
            model(),
            record(),
            task=asyncio.current_task(),
            clock=self.clock,
            ledger=self.book,
            observer=self.ears,
        )


def metered(usage: bytes, one: Model | None = None) -> Meter:
    """A meter that was told a usage."""
    meter = Meter(call(), one or model())
    meter.complete(usage, None)
    return meter
