"""System prompts over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...catalogue.prompt_writing import public_prompt
from ...core.errors import Code
from ...core.history import Document
from ...pipeline.live import LiveCatalogue
from ..entrance import Entrance
from ..openapi_operations import Operation, described, page, text
from ..openapi_shapes import Listed, PromptPatchSent, PromptSent, PromptShown
from ..preconditions import etag
from ..prompts import Prompts
from .answers import document, listed, nothing
from .methods import at
from .paths import name_after

_PATH = "/admin/v1/prompts"


class PromptResource:
    """``/admin/v1/prompts`` and one below it."""

    def __init__(self, entrance: Entrance, prompts: Prompts, live: LiveCatalogue) -> None:
        self._entrance = entrance
        self._prompts = prompts
        self._live = live

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            at(_PATH, GET=self._list, POST=self._create),
            at(f"{_PATH}/{{id:path}}", GET=self._get, PATCH=self._patch, DELETE=self._delete),
        ]

    @described(Operation("List system prompts", Listed[PromptShown], query=(*text("org"), *page())))
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "org", "cursor", "limit")
        asked = reading.asked
        return listed(
            self._prompts.page(
                reading.caller, limit=asked.limit(), cursor=asked.cursor(), org=asked.text("org")
            )
        )

    @described(
        Operation(
            "Create a system prompt",
            PromptShown,
            201,
            body=PromptSent,
            answer_headers=("etag", "location"),
        )
    )
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, "prompt.created", "")
        stored = await self._prompts.create(writing.by, await writing.body())
        response = self._shown(public_prompt(stored.document), status=201)
        response.headers["location"] = f"{_PATH}/{stored.prompt_id}"
        return response

    @described(
        Operation(
            "One system prompt", PromptShown, errors=(Code.NOT_FOUND,), answer_headers=("etag",)
        )
    )
    async def _get(self, request: Request) -> Response:
        prompt_id = name_after(request, f"{_PATH}/")
        reading = await self._entrance.read(request)
        return self._shown(self._prompts.one(reading.caller, prompt_id))

    @described(
        Operation(
            "Change a system prompt",
            PromptShown,
            body=PromptPatchSent,
            errors=(Code.NOT_FOUND,),
            if_match=True,
            answer_headers=("etag",),
        )
    )
    async def _patch(self, request: Request) -> Response:
        prompt_id = name_after(request, f"{_PATH}/")
        writing = await self._entrance.write(request, "prompt.updated", prompt_id)
        stored = await self._prompts.patch(
            writing.by, prompt_id, await writing.body(), if_match=writing.if_match
        )
        return self._shown(public_prompt(stored.document))

    @described(
        Operation(
            "Delete a system prompt",
            status=204,
            errors=(Code.NOT_FOUND, Code.IN_USE),
            if_match=True,
        )
    )
    async def _delete(self, request: Request) -> Response:
        prompt_id = name_after(request, f"{_PATH}/")
        writing = await self._entrance.write(request, "prompt.deleted", prompt_id)
        await self._prompts.delete(writing.by, prompt_id, if_match=writing.if_match)
        return nothing()

    def _shown(self, shown: Document, *, status: int = 200) -> Response:
        headers = {
            "etag": etag(shown["version"]),
            "x-tollhouse-catalogue-version": str(self._live.snapshot.version),
        }
        return document(shown, status=status, headers=headers)
