"""One spelling of the admin plane."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from ..errors import Tell
from ..openapi_operations import ADMIN_ERRORS, ErrorShape


@dataclass(frozen=True, slots=True)
class Dialect:
    """What answers the paths below a prefix, and how it tells what went wrong."""

    prefix: str
    """With a slash at both ends; empty for every path."""
    application: ASGIApp
    tell: Tell
    routes: Sequence[BaseRoute] = ()
    """What the application serves, each made by ``resources.methods.at``."""
    errors: ErrorShape = ADMIN_ERRORS
    """What ``tell`` tells, for the document of the plane."""
