"""The admin plane's use cases, built from what a process has, for HTTP and the shell alike."""

from collections.abc import Mapping

from ..catalogue.writing import Seal
from ..core.model import Provider
from ..core.policy import FailoverPolicy
from ..pipeline.callers import Callers
from ..pipeline.live import LiveCatalogue
from ..ports import Clock, Ids, Store
from .audit_queries import AuditQueries
from .catalogue_queries import CatalogueQueries
from .catalogue_writes import CatalogueWrites
from .commits import Commits
from .explaining import Explaining
from .issuing import KEYS, TOKENS, Issuing
from .ledger_queries import LedgerQueries
from .orgs import Orgs
from .providers import Breakers, Providers
from .replacement import Replacement
from .trail import Trail


class AdminPlane:
    """Everything an admin can do. One per process: its writes wait for each other."""

    def __init__(
        self,
        *,
        store: Store,
        live: LiveCatalogue,
        callers: Callers,
        clock: Clock,
        ids: Ids,
        seal: Seal | None,
        providers: Mapping[str, Provider],
        breakers: Breakers = dict,
        max_hops: int = FailoverPolicy().max_attempts,
    ) -> None:
        forget = callers.forget_all
        self.callers = callers
        self.live = live
        self.ids = ids
        self.trail = Trail(store, clock, ids)
        self.commits = Commits(store, live, clock, ids, forget)
        self.models = CatalogueWrites(store, self.commits, self.trail, clock, ids, seal)
        self.replacement = Replacement(store, self.commits, self.trail, clock, ids, seal)
        self.catalogue = CatalogueQueries(store, live, clock)
        self.orgs = Orgs(store, live, self.trail, clock, ids, forget)
        self.keys = Issuing(KEYS, store, self.trail, clock, ids, forget)
        self.tokens = Issuing(TOKENS, store, self.trail, clock, ids, forget)
        self.explaining = Explaining(store, live, clock, max_hops=max_hops)
        self.providers = Providers(providers, live, breakers)
        self.audit = AuditQueries(store)
        self.ledger = LedgerQueries(store)
