"""Who acts for which org in this dialect."""

from ....core.caller import Caller
from ....identity.roles import Permission
from ...ownership import check, forbidden


def acting_org(caller: Caller, permission: Permission, what: str) -> str:
    """The org that a caller acts for; 403 without one, and for a role that does not reach.

    A system admin acts for the org of its own token, and for no other: the native dialect is where
    every org's models are in reach. The bootstrap token has no org.
    """
    if caller.org is None:
        raise forbidden(f"{what}: here one acts for an organisation, and it belongs to none")
    check(caller, permission, caller.org, what)
    return caller.org
