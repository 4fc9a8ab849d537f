"""Who sees a personal model, and what each of them may do with it.

Its owner may do everything. What is shared is seen and called by the owner's org. The admins of
that org see every personal model in it, and may switch one off and on again, but not have it call
another place, nor read its key: nobody can. A system admin may change and delete any. To everybody
else it is not there. Two orgs may each have a user of the same id: they are not the same user.
"""

from dataclasses import dataclass

from ....core.caller import Caller, Role
from ....core.history import Document
from ....identity.roles import Permission, Scope, scope_of


@dataclass(frozen=True, slots=True)
class Rights:
    """What one caller may do with one model."""

    owner: bool
    sees: bool
    edits: bool
    switches: bool
    """May set ``is_active``, if nothing else."""


def rights(caller: Caller, document: Document) -> Rights:
    """The rights of a caller to a model document; none to one that is not personal."""
    owner = document.get("owner") or {}
    if owner.get("kind") != "user" or not document.get("connection"):
        return Rights(owner=False, sees=False, edits=False, switches=False)
    at_home = caller.org is not None and caller.org == owner.get("slug")
    writes = scope_of(caller, Permission.PERSONAL_WRITE)
    reads = scope_of(caller, Permission.PERSONAL_READ)
    own = at_home and caller.user is not None and caller.user == owner.get("id")
    admin = at_home and caller.role is Role.ORG_ADMIN
    everything = writes is Scope.ALL
    shared = at_home and owner.get("shared") is True
    edits = everything or (own and writes is not None)
    return Rights(
        owner=own,
        sees=reads is Scope.ALL or (reads is not None and (own or admin or shared)),
        edits=edits,
        switches=edits or admin,
    )
