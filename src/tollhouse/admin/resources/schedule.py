"""Changes to come over HTTP."""

from dataclasses import replace
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import Code
from ...core.schedule import ScheduleState
from ..entrance import Entrance
from ..forms import LaterPatch
from ..openapi_operations import BY_ID, Operation, choice, described, page, text
from ..openapi_shapes import Listed, ScheduledShown
from ..parameters import Parameters
from ..scheduling import Scheduling, show_scheduled
from .answers import document, listed, nothing
from .methods import at
from .paths import name_after

_PATH = "/admin/v1/schedule"
SCHEDULED = Operation(
    "Schedule a patch of a model",
    ScheduledShown,
    201,
    body=LaterPatch,
    errors=(Code.MODEL_NOT_FOUND,),
    if_match=True,
    answer_headers=("location",),
    below="/schedule",
)
SCHEDULE_BY_QUERY = replace(SCHEDULED, query=BY_ID, below="")


class ScheduleResource:
    """``/admin/v1/schedule``, and the scheduling of a patch below its model."""

    def __init__(self, entrance: Entrance, scheduling: Scheduling) -> None:
        self._entrance = entrance
        self._scheduling = scheduling

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            at("/admin/v1/model/schedule", POST=self._by_query),
            at(_PATH, GET=self._list),
            at(f"{_PATH}/{{id:path}}", GET=self._get, DELETE=self._delete),
        ]

    async def create(self, request: Request, model_id: str, *parameters: str) -> Response:
        """Schedule the patch in the request's body for one model."""
        writing = await self._entrance.write(request, "model.scheduled", model_id, *parameters)
        entry = await self._scheduling.create(
            writing.by, model_id, await writing.body(), if_match=writing.if_match
        )
        location = {"location": f"{_PATH}/{quote(entry.id)}"}
        return document(show_scheduled(entry), status=201, headers=location)

    @described(SCHEDULE_BY_QUERY)
    async def _by_query(self, request: Request) -> Response:
        return await self.create(request, Parameters(request, "id").name("id"), "id")

    @described(
        Operation(
            "List changes to come",
            Listed[ScheduledShown],
            query=(*choice("state", [s.value for s in ScheduleState]), *text("model"), *page()),
        )
    )
    async def _list(self, request: Request) -> Response:
        reading = await self._entrance.read(request, "state", "model", "cursor", "limit")
        asked = reading.asked
        page = await self._scheduling.page(
            reading.caller,
            state=asked.choice("state", [one.value for one in ScheduleState]),
            model_id=asked.text("model"),
            limit=asked.limit(),
            cursor=asked.cursor(),
        )
        return listed(page, show_scheduled)

    @described(Operation("One change to come", ScheduledShown, errors=(Code.NOT_FOUND,)))
    async def _get(self, request: Request) -> Response:
        schedule_id = name_after(request, f"{_PATH}/")
        reading = await self._entrance.read(request)
        return document(show_scheduled(await self._scheduling.one(reading.caller, schedule_id)))

    @described(Operation("Take a change to come back", status=204, errors=(Code.NOT_FOUND,)))
    async def _delete(self, request: Request) -> Response:
        schedule_id = name_after(request, f"{_PATH}/")
        writing = await self._entrance.write(request, "model.unscheduled", schedule_id)
        await self._scheduling.cancel(writing.by, schedule_id)
        return nothing()
