"""The admin plane's use cases, built from what a process has, for HTTP and the shell alike."""

from collections.abc import Mapping

from ..catalogue.writing import Seal
from ..core.hosts import PUBLIC_ONLY, Reach
from ..core.model import Provider
from ..core.policy import FailoverPolicy
from ..pipeline.callers import Callers
from ..pipeline.live import LiveCatalogue
from ..ports import Clock, Ids, Store
from .audit_queries import AuditQueries
from .catalogue_queries import CatalogueQueries
from .catalogue_writes import CatalogueWrites
from .commits import Commits
from .dead_letters import DeadLetters
from .dialects.org.queries import OrgModelQueries
from .dialects.org.repeats import Repeats
from .dialects.org.writes import OrgModelWrites
from .dialects.personal.desk import PersonalModels
from .explaining import Explaining
from .issuing import KEYS, TOKENS, Issuing
from .ledger_queries import LedgerQueries
from .model_writing import ModelWriting
from .orgs import Orgs
from .previewing import Previewing
from .prompts import Prompts
from .providers import Breakers, Providers
from .replacement import Replacement
from .retiring import Retiring
from .scheduler import Scheduler
from .scheduling import Scheduling
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
        reach: Reach = PUBLIC_ONLY,
    ) -> None:
        forget = callers.forget_all
        self.callers = callers
        self.live = live
        self.ids = ids
        self.trail = Trail(store, clock, ids)
        self.commits = Commits(store, live, clock, ids, forget)
        writing = ModelWriting(store, self.commits, self.trail, clock, ids, seal, reach)
        self.models = CatalogueWrites(writing)
        self.replacement = Replacement(writing)
        self.personal = PersonalModels(writing, live)
        self.catalogue = CatalogueQueries(store, live, clock)
        self.org_model_queries = OrgModelQueries(live, clock)
        self.repeats = Repeats(store, clock)
        self.org_models = OrgModelWrites(writing, self.org_model_queries, self.repeats)
        self.prompts = Prompts(self.commits, live, self.trail, clock, ids)
        self.orgs = Orgs(store, live, self.trail, clock, ids, forget)
        self.keys = Issuing(KEYS, store, self.trail, clock, ids, forget)
        self.tokens = Issuing(TOKENS, store, self.trail, clock, ids, forget)
        self.previewing = Previewing(store, self.models, clock, max_hops=max_hops)
        self.retiring = Retiring(store, live, clock)
        self.scheduling = Scheduling(store, self.models, self.trail, clock, ids)
        self.scheduler = Scheduler(store, self.models, self.trail, clock)
        self.explaining = Explaining(store, live, clock, max_hops=max_hops)
        self.providers = Providers(providers, live, breakers)
        self.audit = AuditQueries(store)
        self.dead_letters = DeadLetters(store, self.trail, clock)
        self.ledger = LedgerQueries(store)
