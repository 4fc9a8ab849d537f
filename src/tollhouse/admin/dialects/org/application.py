"""The organisation dialect as one ASGI application: its resources, its errors."""

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from ...entrance import Entrance
from ...errors import handlers
from ...openapi_operations import PROBLEMS
from ...plane import AdminPlane
from ..dialect import Dialect
from .models import OrgModelResource
from .problems import problem
from .prompts import PromptResource

PREFIX = "/org/"


def org_dialect(entrance: Entrance, plane: AdminPlane) -> Dialect:
    """Everything below ``/org/``, over a plane's use cases."""
    routes: list[BaseRoute] = [
        *OrgModelResource(entrance, plane.org_models, plane.org_model_queries).routes(),
        *PromptResource(entrance, plane.prompts, plane.repeats).routes(),
    ]
    application = Starlette(routes=routes, exception_handlers=handlers(problem))
    application.router.redirect_slashes = False
    return Dialect(PREFIX, application, problem, routes, PROBLEMS)
