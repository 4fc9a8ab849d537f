"""Who asks, for what, and with what body: the way into every resource.

Identity comes from the credential alone. An org's key is a credential, but nobody's in particular:
it cannot act here. A write that is turned away at the entrance leaves an audit event as one that
its use case refuses does; without a known caller there is nobody to name, and none is left.
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from ..core.caller import Caller, CredentialKind
from ..core.errors import CallerError, Code
from ..identity import credentials
from ..pipeline.callers import Callers
from .bodies import MAX_BYTES, read_object
from .parameters import Parameters
from .trail import Author, Trail


@dataclass(frozen=True, slots=True)
class Reading:
    """A request to see something."""

    caller: Caller
    asked: Parameters


@dataclass(frozen=True, slots=True)
class Writing:
    """A request to change something."""

    by: Author
    asked: Parameters
    if_match: str | None
    request: Request
    trail: Trail
    action: str
    target: str

    async def body(self, *, limit: int = MAX_BYTES, optional: bool = False) -> dict[str, Any]:
        """Its JSON object; one that cannot be used is in the trail."""
        async with self.trail.refusals(self.by, self.action, self.target):
            return await read_object(self.request, limit=limit, optional=optional)


class Entrance:
    """Identifies callers and reads what they ask."""

    def __init__(self, callers: Callers, trail: Trail) -> None:
        self._callers = callers
        self._trail = trail

    async def read(self, request: Request, *parameters: str) -> Reading:
        """Let a reader in; 401, 403 for an org's key, 400 for other than these query parameters."""
        author = await self._identify(request)
        _check_user(author)
        return Reading(author.caller, Parameters(request, *parameters))

    async def write(self, request: Request, action: str, target: str, *parameters: str) -> Writing:
        """Let a writer in; a known caller that is turned away is in the trail."""
        by = await self._identify(request)
        async with self._trail.refusals(by, action, target):
            _check_user(by)
            asked = Parameters(request, *parameters)
        if_match = ", ".join(request.headers.getlist("if-match")) or None
        return Writing(by, asked, if_match, request, self._trail, action, target)

    async def _identify(self, request: Request) -> Author:
        credential = credentials.from_headers(request.scope["headers"])
        caller = await self._callers.resolve(credential, admin_plane=True)
        return Author(caller, request.state.request_id)


def _check_user(author: Author) -> None:
    if author.caller.kind is CredentialKind.ORG_KEY:
        raise CallerError(
            Code.USER_IDENTITY_REQUIRED,
            "An org's key carries no user identity: use a user access token or a session.",
        )
