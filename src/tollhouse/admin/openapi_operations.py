"""What an operation of the admin plane says of itself, beside its handler.

A resource puts ``@described(Operation(...))`` on a handler, once for every operation that the
handler serves; the document at ``/admin/openapi.json`` is made of these and of the routes. A
handler without one fails a test. What any operation can be answered with (a wrong credential, a
role that does not reach, a lost store, …) is added by the document and need not be said.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..core.errors import Code

Handler = TypeVar("Handler", bound=Callable[..., Any])
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter."""

    name: str
    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    summary: str
    answer: Any = None
    """The type of the answer's JSON, for pydantic to describe; None: it has no body."""
    status: int = 200
    query: tuple[Parameter, ...] = ()
    body: Any = None
    """The type of the request's JSON; None: there is none."""
    body_optional: bool = False
    errors: tuple[Code, ...] = ()
    """Codes that it can be refused with, beyond those that any operation can."""
    if_match: bool = False
    """Whether it heeds ``If-Match``, and so can be a 412."""
    request_headers: tuple[str, ...] = ()
    answer_headers: tuple[str, ...] = ()
    below: str = ""
    """The end of the path, where one handler serves several."""
    public: bool = False
    """Whether it asks for no credential."""


Said = Operation | Callable[[Any], Operation]
"""An operation, or what makes it of the resource that a handler belongs to."""


def described(*operations: Said) -> Callable[[Handler], Handler]:
    """Say what a handler serves."""

    def say(handler: Handler) -> Handler:
        handler.operations = operations  # type: ignore[attr-defined]
        return handler

    return say


def operations_of(handler: Any) -> list[Operation]:
    """What a handler says that it serves; nothing where it says nothing."""
    said: Iterable[Said] = getattr(handler, "operations", ())
    return [one if isinstance(one, Operation) else one(handler.__self__) for one in said]


# --- Parameters ---


def text(*names: str) -> tuple[Parameter, ...]:
    """Filters by a text."""
    return tuple(Parameter(name, {"type": "string"}) for name in names)


def flag(*names: str) -> tuple[Parameter, ...]:
    """Filters by true or false."""
    return tuple(Parameter(name, {"type": "string", "enum": ["true", "false"]}) for name in names)


def choice(name: str, values: Iterable[str]) -> tuple[Parameter, ...]:
    """A filter by one of a fixed set."""
    return (Parameter(name, {"type": "string", "enum": list(values)}),)


def page(usual: int = 100, most: int = 1000) -> tuple[Parameter, ...]:
    """Where a page of a list begins, and how long it is."""
    bounds = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return (Parameter("cursor", {"type": "string"}), Parameter("limit", bounds))


TIME: Schema = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}
BY_ID = (Parameter("id", {"type": "string", "minLength": 1}, required=True),)
"""The id of a model in the query, for proxies that mangle slashes in paths."""


# --- How a dialect tells errors ---


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """The JSON of every error of one dialect."""

    media_type: str
    schema: Schema
    code: tuple[str, ...] = field(default=("error", "code"))
    """Where the code stands in it."""


def _object(required: Iterable[str], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_STRING: Schema = {"type": "string"}
ADMIN_ERRORS = ErrorShape(
    "application/json",
    _object(
        ["error"],
        error=_object(
            ["code", "message", "fields"],
            code=_STRING,
            message=_STRING,
            fields={
                "type": "array",
                "items": _object(["path", "message"], path=_STRING, message=_STRING),
            },
        ),
    ),
)
PROBLEMS = ErrorShape(
    "application/problem+json",
    _object(
        ["type", "title", "status", "detail", "code"],
        type=_STRING,
        title=_STRING,
        status={"type": "integer"},
        detail=_STRING,
        code=_STRING,
        errors={
            "type": "array",
            "items": _object(["path", "detail"], path=_STRING, detail=_STRING, pointer=_STRING),
        },
    ),
    code=("code",),
)
"""Problem details (RFC 9457)."""
