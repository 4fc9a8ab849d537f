"""What would happen to a request of an org, of a key or of one's own, as the pipeline says."""

from collections.abc import Mapping
from typing import Any

from ..core.caller import Caller, CredentialKind
from ..core.errors import FieldFault, invalid_fields
from ..core.needs import CapabilityNeed, Needs, endpoint_named
from ..identity.roles import Permission
from ..pipeline.explain import explain
from ..pipeline.live import LiveCatalogue
from ..ports import CallerStore, Clock
from .forms import Explanation
from .ownership import check, check_any


class Explaining:
    """Explains; nothing is sent and nothing is changed."""

    def __init__(
        self, store: CallerStore, live: LiveCatalogue, clock: Clock, *, max_hops: int
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._max_hops = max_hops

    async def explain(self, asker: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """Check by check and hop by hop; 403 for another org's view, 422 for a faulty question."""
        check_any(asker, Permission.MODELS_READ, "ask for explanations")
        form = Explanation.read(body)
        caller = await self._stand_in(asker, form)
        needs = Needs(
            endpoint=endpoint_named(form.endpoint),
            capabilities=tuple(CapabilityNeed(name, "needs") for name in form.needs),
            max_tokens=form.max_tokens,
        )
        return explain(
            self._live.snapshot,
            form.model,
            caller,
            needs,
            self._clock.now(),
            max_hops=self._max_hops,
        )

    async def _stand_in(self, asker: Caller, form: Explanation) -> Caller:
        """Who the question is about."""
        if form.org is not None and form.key is not None:
            raise invalid_fields([FieldFault("key", "cannot stand beside org: give one of them")])
        if form.key is not None:
            return await self._holder(asker, form.key)
        if form.org is None and asker.org is not None:
            return asker
        if form.org is None:
            raise invalid_fields([FieldFault("org", "is required, or key")])
        check(asker, Permission.ORGS_READ, form.org, "explain for another org")
        org = await self._store.org(form.org)
        if org is None:
            raise invalid_fields([FieldFault("org", "is not an org of this gateway")])
        return Caller(CredentialKind.ORG_KEY, "", org=org.slug, plan=org.plan)

    async def _holder(self, asker: Caller, key_id: str) -> Caller:
        found = await self._store.credential(key_id)
        if found is None or found[0].kind != CredentialKind.ORG_KEY:
            raise invalid_fields([FieldFault("key", "is not the id of a key")])
        credential, org = found
        check(asker, Permission.KEYS_READ, org.slug, "explain for another org")
        return Caller(CredentialKind.ORG_KEY, credential.id, org=org.slug, plan=org.plan)
