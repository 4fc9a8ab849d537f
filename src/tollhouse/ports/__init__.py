"""What the inside asks of the outside: clocks, ids, upstream calls, the store, the ledger, metrics.

Each port has one contract suite in ``tests/contract`` that every implementation passes.
"""

from .calls import Documents, Exchange, Transport, UpstreamRequest
from .machine import Clock, Ids
from .observing import Ledger, Observer
from .stores import (
    AuditStore,
    CallerStore,
    CatalogueStore,
    DeliveryStore,
    LedgerStore,
    Page,
    RecordSink,
    RepeatStore,
    ScheduleStore,
    StaleVersion,
    Store,
    StoreUnavailable,
    UsageQuery,
)

__all__ = [
    "AuditStore",
    "CallerStore",
    "CatalogueStore",
    "Clock",
    "DeliveryStore",
    "Documents",
    "Exchange",
    "Ids",
    "Ledger",
    "LedgerStore",
    "Observer",
    "Page",
    "RecordSink",
    "RepeatStore",
    "ScheduleStore",
    "StaleVersion",
    "Store",
    "StoreUnavailable",
    "Transport",
    "UpstreamRequest",
    "UsageQuery",
]
