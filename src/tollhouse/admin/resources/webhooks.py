"""What webhooks missed, over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import CallerError, Code
from ..dead_letters import DeadLetters
from ..entrance import Entrance
from ..openapi_operations import Operation, described, page, text
from ..openapi_reports import LetterShown
from ..openapi_shapes import Listed
from .answers import document, listed
from .methods import at
from .paths import name_after

_PATH = "/admin/v1/webhooks/dead-letters"
_RETRY = "/retry"


class WebhookResource:
    """``/admin/v1/webhooks/dead-letters``."""

    def __init__(self, entrance: Entrance, letters: DeadLetters) -> None:
        self._entrance = entrance
        self._letters = letters

    def routes(self) -> list[Route]:
        """Its paths."""
        return [at(_PATH, GET=self._list), at(f"{_PATH}/{{id:path}}", POST=self._retry)]

    @described(
        Operation(
            "Events that a webhook missed",
            Listed[LetterShown],
            query=(*text("webhook"), *page()),
        )
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "webhook", "cursor", "limit")
        asked = reading.asked
        page = await self._letters.page(
            reading.caller,
            webhook=asked.text("webhook"),
            limit=asked.limit(),
            cursor=asked.cursor(),
        )
        return listed(page)

    @described(
        Operation(
            "Send a missed event again",
            LetterShown,
            errors=(Code.NOT_FOUND,),
            below=_RETRY,
        )
    )
    async def _retry(self, request: Request) -> Response:
        name = name_after(request, f"{_PATH}/")
        letter_id = name.removesuffix(_RETRY)
        if letter_id == name:
            raise CallerError(Code.UNKNOWN_URL, "There is nothing at this path.")
        writing = await self._entrance.write(request, "webhook.retried", letter_id)
        return document(await self._letters.retry(writing.by, letter_id))
