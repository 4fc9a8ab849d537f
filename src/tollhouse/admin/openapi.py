"""The OpenAPI 3.1 document of the admin plane, made of its routes and of what they say.

Shapes of bodies and answers are the pydantic shapes that read and check them, where there are such;
the rules that look at more than one field are in no schema: a 422 names what they find. An id in a
path may hold slashes, which OpenAPI has no word for: percent-encoded it always works.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal, cast

from pydantic import TypeAdapter
from starlette.routing import Route

from ..core.errors import Code
from .dialects.dialect import Dialect
from .openapi_operations import ErrorShape, Operation, Schema, operations_of
from .resources.methods import Methods

_Mode = Literal["validation", "serialization"]
_REF = "#/components/schemas/{model}"
_CONVERTOR = re.compile(r"\{(\w+):\w+\}")
_PARAMETER = re.compile(r"\{(\w+)\}")
_ANYBODY = (
    Code.INVALID_REQUEST_ERROR,
    Code.HEADERS_TOO_LARGE,
    Code.INTERNAL_ERROR,
)
_CALLER = (
    Code.INVALID_API_KEY,
    Code.USER_IDENTITY_REQUIRED,
    Code.FORBIDDEN,
    Code.STORE_UNAVAILABLE,
    Code.ISSUER_UNAVAILABLE,
)
_BODY = (Code.UNSUPPORTED_MEDIA_TYPE, Code.REQUEST_TOO_LARGE, Code.VALIDATION_FAILED)
_HEADERS = ("authorization", "x-api-key", "api-key", "x-prismeai-api-key")


@dataclass(frozen=True, slots=True)
class Described:
    """One operation where it is found."""

    method: str
    path: str
    operation: Operation
    errors: ErrorShape

    @property
    def key(self) -> str:
        """The name of the operation in the document."""
        words = re.sub(r"\W+", "_", f"{self.method.lower()} {self.path}")
        return words.strip("_")

    def codes(self) -> list[Code]:
        """Every code that it can be answered with."""
        said = self.operation
        codes = [*_ANYBODY, *(() if said.public else _CALLER), *said.errors]
        if said.body is not None:
            codes += _BODY
        if said.if_match:
            codes.append(Code.VERSION_CONFLICT)
        if "{" in self.path:
            codes.append(Code.UNKNOWN_URL)
        return list(dict.fromkeys(codes))


def operations(dialects: Iterable[Dialect]) -> Iterator[Described]:
    """Every operation that the routes of these dialects say they serve."""
    for dialect, route, method, handler in _handlers(dialects):
        query = cast("Methods", route.app).query
        for said in operations_of(handler):
            path = _CONVERTOR.sub(r"{\1}", route.path) + said.below
            operation = replace(said, query=(*query, *said.query))
            yield Described(method, path, operation, dialect.errors)


def undescribed(dialects: Iterable[Dialect]) -> list[str]:
    """The methods and paths that say nothing of themselves."""
    return [
        f"{method} {route.path}"
        for _, route, method, handler in _handlers(dialects)
        if not operations_of(handler)
    ]


def describe(dialects: Iterable[Dialect], version: str) -> dict[str, Any]:
    """The document."""
    every = list(operations(dialects))
    schemas, refusals = _Schemas(every), _Refusals()
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for one in every:
        paths[one.path][one.method.lower()] = _operation(one, schemas, refusals)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tollhouse: the admin plane",
            "version": version,
            "description": "Every GET answers HEAD too. A request that is too slow is a 408.",
        },
        "security": [{name: []} for name in _HEADERS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.definitions,
            "responses": refusals.made,
            "securitySchemes": _security(),
        },
    }


def _handlers(dialects: Iterable[Dialect]) -> Iterator[tuple[Dialect, Route, str, Any]]:
    for dialect in dialects:
        for route in dialect.routes:
            route = cast("Route", route)
            for method, handler in cast("Methods", route.app).handlers.items():
                if method != "HEAD":
                    yield dialect, route, method, handler


class _Schemas:
    """The shapes of all operations, described by pydantic in one go."""

    def __init__(self, every: Iterable[Described]) -> None:
        inputs: list[tuple[tuple[str, _Mode], _Mode, TypeAdapter[Any]]] = []
        for one in every:
            said = one.operation
            if said.body is not None:
                mode: _Mode = "validation"
                inputs.append(((one.key, mode), mode, TypeAdapter(said.body)))
            if said.answer is not None:
                mode = "serialization"
                inputs.append(((one.key, mode), mode, TypeAdapter(said.answer)))
        made, rest = TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self._made = {key: schema for (key, _), schema in made.items()}
        self.definitions: Mapping[str, Any] = rest.get("$defs", {})

    def body(self, one: Described) -> Any:
        """The schema of an operation's request."""
        return self._made[(one.key, "validation")]

    def answer(self, one: Described) -> Any:
        """The schema of an operation's answer."""
        return self._made[(one.key, "serialization")]


def _operation(one: Described, schemas: _Schemas, refusals: "_Refusals") -> dict[str, Any]:
    said = one.operation
    told: dict[str, Any] = {
        "operationId": one.key,
        "summary": said.summary,
        "parameters": list(_parameters(one)),
        "responses": _responses(one, schemas, refusals),
    }
    if said.body is not None:
        schema = {"schema": schemas.body(one)}
        content = {"application/json": schema, "application/merge-patch+json": schema}
        told["requestBody"] = {"required": not said.body_optional, "content": content}
    if said.public:
        told["security"] = []
    return told


def _parameters(one: Described) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(one.path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for said in one.operation.query:
        yield {"name": said.name, "in": "query", "required": said.required, "schema": said.schema}
    headers = one.operation.request_headers
    for name in (*headers, *(("If-Match",) if one.operation.if_match else ())):
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _responses(one: Described, schemas: _Schemas, refusals: "_Refusals") -> dict[str, Any]:
    said = one.operation
    done: dict[str, Any] = {"description": HTTPStatus(said.status).phrase}
    if said.answer is not None:
        done["content"] = {"application/json": {"schema": schemas.answer(one)}}
    if said.answer_headers:
        done["headers"] = {name: {"schema": {"type": "string"}} for name in said.answer_headers}
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in one.codes():
        by_status[code.status].append(code)
    refused = {
        str(status): refusals.named(one.errors, status, codes)
        for status, codes in by_status.items()
    }
    return {str(said.status): done, **dict(sorted(refused.items()))}


class _Refusals:
    """The answers that say no, each set of codes described once."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def named(self, shape: ErrorShape, status: int, codes: list[Code]) -> dict[str, str]:
        """A reference to the answer with this status and one of these codes."""
        kind = "problem" if "problem" in shape.media_type else "error"
        name = "-".join([kind, str(status), *sorted(code.value for code in codes)])
        self.made.setdefault(name, _refused(shape, codes))
        return {"$ref": f"#/components/responses/{name}"}


def _refused(shape: ErrorShape, codes: list[Code]) -> dict[str, Any]:
    names = sorted(code.value for code in codes)
    schema = copy.deepcopy(shape.schema)
    properties: Schema = schema["properties"]
    *outer, last = shape.code
    for step in outer:
        properties = properties[step]["properties"]
    properties[last] = {"type": "string", "enum": names}
    content = {shape.media_type: {"schema": schema}}
    return {"description": ", ".join(names), "content": content}


def _security() -> dict[str, Any]:
    keys = {
        name: {"type": "apiKey", "in": "header", "name": name}
        for name in _HEADERS
        if name != "authorization"
    }
    return {"authorization": {"type": "http", "scheme": "bearer"}, **keys}
