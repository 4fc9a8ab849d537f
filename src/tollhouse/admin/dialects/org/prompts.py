"""System prompts in this dialect: an org's own, and the system's for reading.

Who calls acts for the org of its credential: a system admin has here the reach of an admin of that
org, and everybody else's prompts are not there. Fields have the bounds of the native document.
"""

from contextlib import AsyncExitStack
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ....catalogue.documents.model import LongText
from ....catalogue.documents.prompt import Particles, Title
from ....catalogue.prompt_writing import public_prompt
from ....core.caller import Caller, Role
from ....core.errors import Code
from ....core.history import Document, Repeat, StoredCatalogue
from ....core.snapshot import Snapshot
from ....identity.roles import Permission
from ....ports import Page
from ...commits import Draft
from ...entrance import Entrance, Reading, Writing
from ...forms import Form
from ...openapi_operations import Operation, described, page
from ...preconditions import etag
from ...prompts import Prompts
from ...resources.answers import document, nothing
from ...resources.methods import at
from ...trail import Affair, Author
from .access import acting_org
from .described import OrgListed, OrgPromptShown
from .models import LONGEST_PAGE, USUAL_PAGE, envelope
from .repeats import HEADER, Answered, Repeats, Turn

PATH = "/org/v1/system-prompts"
_CREATED = 201


class NewPrompt(Form):
    """``POST /v1/system-prompts``."""

    name: Title
    description: LongText | None = None
    particles: Particles


class PromptPatch(Form):
    """``PATCH /v1/system-prompts/{id}``: what is not sent stays; a null description is none."""

    name: Title = ""
    description: LongText | None = None
    particles: Particles = []  # noqa: RUF012 - a default stands here for what is not sent


class PromptResource:
    """``/org/v1/system-prompts`` and one below it."""

    def __init__(self, entrance: Entrance, prompts: Prompts, repeats: Repeats) -> None:
        self._entrance = entrance
        self._prompts = prompts
        self._repeats = repeats

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            at(PATH, GET=self._list, POST=self._create),
            at(f"{PATH}/{{id}}", GET=self._get, PATCH=self._patch, DELETE=self._delete),
        ]

    @described(
        Operation(
            "System prompts of the org and of the system",
            OrgListed[OrgPromptShown],
            query=page(USUAL_PAGE, LONGEST_PAGE),
        )
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "cursor", "limit")
        limit = reading.asked.limit(USUAL_PAGE, LONGEST_PAGE)
        cursor = reading.asked.cursor()
        page = self._prompts.page(_reader(reading), limit=limit, cursor=cursor)
        return document(envelope(Page([_show(row) for row in page.rows], page.next_cursor)))

    @described(
        Operation(
            "Create a system prompt of the org",
            OrgPromptShown,
            201,
            body=NewPrompt,
            errors=(Code.IDEMPOTENCY_KEY_IN_USE, Code.IDEMPOTENCY_KEY_REUSED),
            request_headers=(HEADER,),
            answer_headers=("etag", "location"),
        )
    )
    async def _create(self, request: Request) -> Response:
        writing = await self._entrance.write(request, "prompt.created", "")
        body = await writing.body()
        async with AsyncExitStack() as stack:
            async with writing.trail.refusals(writing.by, writing.action, "") as affair:
                by, org = _writer(writing, affair)
                sent = NewPrompt.read(body).sent()
                keys = request.headers.getlist(HEADER)
                turn = await stack.enter_async_context(
                    self._repeats.turn(org, keys, f"POST {PATH}", body)
                )
            answering = _Answering(turn, status=_CREATED)
            if turn.answered is None:
                await self._prompts.create(by, sent, answer=answering)
            return (turn.answered or answering.answered).response()

    @described(
        Operation(
            "One system prompt", OrgPromptShown, errors=(Code.NOT_FOUND,), answer_headers=("etag",)
        )
    )
    async def _get(self, request: Request) -> Response:
        reading = await self._entrance.read(request)
        shown = self._prompts.one(_reader(reading), _id(request))
        return document(_show(shown), headers={"etag": etag(shown["version"])})

    @described(
        Operation(
            "Change a system prompt of the org",
            OrgPromptShown,
            body=PromptPatch,
            errors=(Code.NOT_FOUND,),
            if_match=True,
            answer_headers=("etag",),
        )
    )
    async def _patch(self, request: Request) -> Response:
        prompt_id = _id(request)
        writing = await self._entrance.write(request, "prompt.updated", prompt_id)
        body = await writing.body()
        async with writing.trail.refusals(writing.by, writing.action, prompt_id) as affair:
            by, _ = _writer(writing, affair)
            sent = PromptPatch.read(body).sent()
        answering = _Answering(Turn(None))
        await self._prompts.patch(by, prompt_id, sent, if_match=writing.if_match, answer=answering)
        return answering.answered.response()

    @described(
        Operation(
            "Delete a system prompt of the org",
            status=204,
            errors=(Code.NOT_FOUND, Code.IN_USE),
            if_match=True,
        )
    )
    async def _delete(self, request: Request) -> Response:
        prompt_id = _id(request)
        writing = await self._entrance.write(request, "prompt.deleted", prompt_id)
        async with writing.trail.refusals(writing.by, writing.action, prompt_id) as affair:
            by, _ = _writer(writing, affair)
        await self._prompts.delete(by, prompt_id, if_match=writing.if_match)
        return nothing()


class _Answering:
    """Makes the answer to a write of what will be kept, so that it can be kept with it."""

    answered: Answered

    def __init__(self, turn: Turn, *, status: int = 200) -> None:
        self._turn = turn
        self._status = status

    def __call__(self, draft: Draft, stored: StoredCatalogue, _: Snapshot) -> Repeat | None:
        (put,) = draft.put_prompts
        headers = {
            "etag": etag(put.version),
            "x-tollhouse-catalogue-version": str(stored.version),
        }
        if self._status == _CREATED:
            headers["location"] = f"{PATH}/{put.prompt_id}"
        self.answered = Answered.of(_show(public_prompt(put.document)), self._status, headers)
        return self._turn.keep(self.answered)


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found


def _reader(reading: Reading) -> Caller:
    acting_org(reading.caller, Permission.PROMPTS_READ, "read system prompts")
    return _within_its_org(reading.caller)


def _writer(writing: Writing, affair: Affair) -> tuple[Author, str]:
    """Who writes here, and for which org; 403 for a caller that may not."""
    caller = writing.by.caller
    org = affair.org = acting_org(caller, Permission.PROMPTS_WRITE, "write system prompts")
    return replace(writing.by, caller=_within_its_org(caller)), org


def _within_its_org(caller: Caller) -> Caller:
    """The caller with a reach that ends at its org."""
    return replace(caller, role=Role.ORG_ADMIN) if caller.role is Role.SYSTEM_ADMIN else caller


def _show(prompt: Document) -> Document:
    """A public document under the names that the fields have here."""
    return {
        "id": prompt["prompt_id"],
        "name": prompt["name"],
        "description": prompt.get("description"),
        "isSystemPrompt": prompt["owner"]["kind"] == "system",
        "particles": prompt["particles"],
        "composedText": prompt["composed_text"],
        "createdAt": prompt["created_at"],
        "updatedAt": prompt["updated_at"],
    }
