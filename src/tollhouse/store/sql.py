"""The store over SQLite or PostgreSQL: one set of statements, grouped by table."""

from . import revision
from .address import parse
from .audit import AuditTrail
from .callers import CallerTables
from .catalogue import CatalogueTables
from .deliveries import DeliveryTable
from .engine import SECONDS, Database
from .records import RecordTable
from .repeats import RepeatTable
from .resealing import SealedKeys
from .schedule import ScheduleTable
from .usage import UsageTable


class SqlStore(
    CatalogueTables,
    CallerTables,
    RepeatTable,
    ScheduleTable,
    AuditTrail,
    DeliveryTable,
    RecordTable,
    UsageTable,
    SealedKeys,
):
    """``ports.Store``."""

    async def schema_ok(self) -> bool:
        """Whether the schema is one that this version's statements work on."""
        return await self._database.inspect(revision.whole)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._database.aclose()


def open_store(url: str, *, seconds: float = SECONDS) -> SqlStore:
    """A store at a URL; connects when first asked. No call takes longer than ``seconds``.

    ``StoreUrlError`` for a URL that cannot be used, or a driver that is not installed.
    """
    return SqlStore(Database(parse(url), seconds=seconds))
