"""JSON schemas, made to fit what Gemini takes of them.

API reference: ai.google.dev/api/generate-content#GenerationConfig (``responseJsonSchema`` names the
keywords) and ai.google.dev/gemini-api/docs/structured-output. An unknown keyword is refused with
the whole request, so none is passed on.

What there is another word for is said in it: ``const``, a list of types, ``nullable``, ``oneOf``,
``allOf``, exclusive bounds, formats (which become words of the description) and references (which
are put in place; only those to something that holds itself stay). All else is left out and told.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_NUMBER = (int, float)
_KEPT: Mapping[str, type | tuple[type, ...]] = {
    "type": (str, list),
    "format": str,
    "title": str,
    "description": str,
    "default": object,
    "enum": list,
    "items": (Mapping, bool, list),
    "prefixItems": list,
    "minItems": _NUMBER,
    "maxItems": _NUMBER,
    "uniqueItems": bool,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "minLength": _NUMBER,
    "maxLength": _NUMBER,
    "pattern": str,
    "anyOf": list,
    "properties": Mapping,
    "additionalProperties": (Mapping, bool),
    "required": list,
    "propertyOrdering": list,
}
"""The documented ones, and those that real requests show to be taken as well, and what each is."""
_FORMATS = frozenset({"date-time", "date", "time", "int32", "int64", "float", "double", "enum"})
_SAID_OTHERWISE = frozenset({"$defs", "definitions", "$ref"})
_OF_ALL_TYPES = ("title", "description", "default")
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_MOST_NODES = 4000
"""Of a schema with all references put in place; no tool that a model understands comes near."""
_MOST_PARTS = 64
"""Of an ``allOf``; each of them is put into all that came before."""
_DEEPEST = 64
_MOST_TOLD = 32
_PLACE = re.compile(r"[0-9]{1,6}")
_NAME = re.compile(r"[A-Za-z0-9$_.-]{1,40}")


def sanitised(schema: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """The schema for Gemini, and the keywords that were left out, each once."""
    cleaner = _Cleaner(schema)
    written = cleaner.clean(schema, 0)
    if "type" not in written and "anyOf" not in written and "$ref" not in written:
        written = {"type": "object", **written}
    defs = cleaner.defs()
    return ({**written, "$defs": defs} if defs else written), cleaner.dropped


class _Cleaner:
    """One pass over one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.dropped: list[str] = []
        self._root = root
        self._nodes = 0
        self._within: list[str] = []
        """The references that are being put in place just now."""
        self._kept: dict[str, str] = {}
        """References that stay, and the names of their definitions …"""
        self._names: set[str] = set()
        """… and these names alone."""

    def clean(self, schema: Any, depth: int) -> dict[str, Any]:
        """One schema, without what Gemini does not know."""
        self._nodes += 1
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            if schema is False or isinstance(schema, Mapping):
                self._drop("false" if schema is False else "depth")
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference, schema, depth)
        schema = self._merged(_spelled_out(schema, self._drop), depth)
        if isinstance(schema.get("$ref"), str):
            return self.clean(schema, depth + 1)
        types = schema.get("type")
        if isinstance(types, list):
            return self._of_several_types(schema, types, depth)
        written: dict[str, Any] = {}
        for keyword, value in schema.items():
            if keyword in _KEPT and isinstance(value, _KEPT[keyword]):
                self._keep(keyword, value, written, depth)
            elif keyword not in _SAID_OTHERWISE:
                self._drop(keyword)
        return self._consistent(written)

    def defs(self) -> dict[str, Any]:
        """The definitions that are still referred to."""
        defs: dict[str, Any] = {}
        while missing := [item for item in self._kept.items() if item[1] not in defs]:
            for reference, name in missing:
                defs[name] = {}
                self._within = [reference]
                target = self._resolved(reference)
                defs[name] = self.clean({} if target is None else target, 0)
        return defs

    def _drop(self, keyword: str) -> None:
        # It is told in a header, and a client may call a keyword anything.
        name = keyword if _NAME.fullmatch(keyword) else "other"
        if name not in self.dropped and len(self.dropped) < _MOST_TOLD:
            self.dropped.append(name)

    # --- Keyword by keyword ---

    def _keep(self, keyword: str, value: Any, written: dict[str, Any], depth: int) -> None:
        match keyword:
            case "properties":
                written[keyword] = {
                    str(name): self.clean(inner, depth + 1) for name, inner in value.items()
                }
            case "items" if isinstance(value, list):
                written["prefixItems"] = [self.clean(inner, depth + 1) for inner in value]
            case "items":
                written[keyword] = self.clean(value, depth + 1)
            case "anyOf" | "prefixItems":
                written[keyword] = [self.clean(inner, depth + 1) for inner in value]
            case "additionalProperties" if isinstance(value, Mapping):
                written[keyword] = self.clean(value, depth + 1)
            case "format" if value not in _FORMATS:
                told = f"Format: {value}"
                before = written.get("description")
                written["description"] = f"{before} ({told})" if before else told
            case "description" if "description" in written:
                written[keyword] = f"{value} ({written[keyword]})"
            case "enum":
                self._enum(value, written)
            case _:
                written[keyword] = value

    def _enum(self, values: Any, written: dict[str, Any]) -> None:
        """Only strings and numbers can be listed."""
        kinds = {type(value) for value in values}
        if not kinds:
            self._drop("enum")
        elif kinds <= {bool}:
            written.setdefault("type", "boolean")
            if len(set(values)) == 1:
                self._drop("enum")
        elif kinds <= {str} or kinds <= {int, float}:
            written["enum"] = values
            written.setdefault("type", "string" if str in kinds else _number(kinds))
        else:
            self._drop("enum")

    def _consistent(self, written: dict[str, Any]) -> dict[str, Any]:
        """What is required has to be there."""
        required, properties = written.get("required"), written.get("properties")
        if isinstance(required, list):
            known = properties if isinstance(properties, Mapping) else {}
            there = [name for name in required if isinstance(name, str) and name in known]
            if len(there) < len(required):
                self._drop("required")
            if there:
                written["required"] = there
            else:
                del written["required"]
        return written

    # --- Schemas of schemas ---

    def _of_several_types(
        self, schema: Mapping[str, Any], types: list[Any], depth: int
    ) -> dict[str, Any]:
        """A list of types: a choice between schemas of one type each."""
        # What is said of a type stands in each schema of it, so none may be listed twice.
        distinct = list(dict.fromkeys(kind for kind in types if isinstance(kind, str)))
        if len(distinct) > len(_KEYWORDS_OF_TYPES):
            self._drop("type")
            del distinct[len(_KEYWORDS_OF_TYPES) :]
        if "anyOf" in schema or not distinct:
            self._drop("type")
            return self.clean(_without(schema, "type"), depth)
        if len(distinct) == 1:
            return self.clean({**schema, "type": distinct[0]}, depth)
        about = {name: schema[name] for name in _OF_ALL_TYPES if name in schema}
        rest = _without(schema, *_OF_ALL_TYPES)
        return self.clean({**about, "anyOf": [_of_type(rest, kind) for kind in distinct]}, depth)

    def _merged(self, schema: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        """``allOf`` put into the schema itself; what is said twice is said as it was said first."""
        together = schema.get("allOf")
        if not isinstance(together, list):
            return schema
        merged: dict[str, Any] = _without(schema, "allOf")
        if len(together) > _MOST_PARTS:
            self._drop("allOf")
        for inner in together[:_MOST_PARTS]:
            self._nodes += 1
            if self._nodes > _MOST_NODES:
                self._drop("allOf")
                break
            part = inner
            if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
                if len(together) == 1 and "properties" not in merged:
                    return {**merged, "$ref": part["$ref"]}
                part = self._resolved(part["$ref"]) or {}
            if not isinstance(part, Mapping) or ("allOf" in part and depth > _DEEPEST):
                self._drop("allOf")
                continue
            if "allOf" in part:
                part = self._merged(part, depth + _DEEPEST // 4)
            self._merge(merged, _spelled_out(part, self._drop))
        return merged

    def _merge(self, merged: dict[str, Any], part: Mapping[str, Any]) -> None:
        for keyword, value in part.items():
            if keyword not in merged:
                merged[keyword] = value
            elif keyword == "properties" and _are(Mapping, value, merged[keyword]):
                merged[keyword] = {**value, **merged[keyword]}
            elif keyword == "required" and _are(list, value, merged[keyword]):
                known = {name for name in merged[keyword] if isinstance(name, str)}
                more = (name for name in value if not isinstance(name, str) or name not in known)
                merged[keyword] = [*merged[keyword], *more]
            elif merged[keyword] != value and keyword not in {"title", "description"}:
                self._drop("allOf")

    def _referred(self, reference: str, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """What a reference stands for, or the reference where that has no end."""
        target = self._resolved(reference)
        if target is None:
            self._drop("$ref")
            return self.clean(_without(schema, "$ref"), depth + 1)
        if reference in self._within or self._nodes > _MOST_NODES:
            return {"$ref": f"#/$defs/{self._name_of(reference)}"}
        self._within.append(reference)
        beside = _without(schema, "$ref", "$defs", "definitions")
        written = self.clean({**target, **beside}, depth + 1)
        if self._within and self._within[-1] == reference:
            self._within.pop()
        return written

    def _name_of(self, reference: str) -> str:
        """The name of a definition: the last step of the reference, apart from all others."""
        if reference not in self._kept:
            name = unique = reference.rpartition("/")[2] or "root"
            number = len(self._names)
            while unique in self._names:
                unique = f"{name}_{number}"
                number += 1
            self._kept[reference] = unique
            self._names.add(unique)
        return self._kept[reference]

    def _resolved(self, reference: str) -> Mapping[str, Any] | None:
        """What a JSON pointer into this schema points to."""
        if not reference.startswith("#"):
            return None
        found: Any = self._root
        for coded in reference[1:].split("/")[1:]:
            step = coded.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and _PLACE.fullmatch(step) and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found if isinstance(found, Mapping) else None


def _spelled_out(schema: Mapping[str, Any], drop: Callable[[str], None]) -> Mapping[str, Any]:
    """The words that Gemini lacks in those that it has."""
    written = dict(schema)
    _const(written, drop)
    if "oneOf" in written and "anyOf" not in written:
        written["anyOf"] = written.pop("oneOf")
    if written.pop("nullable", False) is True and isinstance(written.get("type"), str):
        written["type"] = [written["type"], "null"]
    values = written.get("enum")
    if isinstance(values, list) and None in values and len(values) > 1:
        written["enum"] = [value for value in values if value is not None]
        if isinstance(written.get("type"), str):
            written["type"] = [written["type"], "null"]
        elif "type" not in written:
            kinds = [_TYPES.get(type(value), "string") for value in written["enum"][:1]]
            written["type"] = [*kinds, "null"]
    if not isinstance(written.get("type"), list):
        _inclusive(written, "exclusiveMinimum", "minimum", 1, max, drop)
        _inclusive(written, "exclusiveMaximum", "maximum", -1, min, drop)
    return written


def _const(written: dict[str, Any], drop: Callable[[str], None]) -> None:
    if "const" in written:
        value = written.pop("const")
        if value is None:
            written["type"] = "null"
        elif isinstance(value, bool):
            written["type"] = "boolean"
            drop("const")
        elif isinstance(value, str | int | float):
            written["enum"] = [value]
        else:
            drop("const")


def _inclusive(
    written: dict[str, Any],
    exclusive: str,
    inclusive: str,
    step: int,
    tighter: Callable[[Any, Any], Any],
    drop: Callable[[str], None],
) -> None:
    """An exclusive bound: of integers the next one, of numbers the bound itself, which is told."""
    if exclusive not in written:
        return
    bound = written.pop(exclusive)
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        if bound is not False:
            drop(exclusive)
        return
    if written.get("type") == "integer" and isinstance(bound, int):
        bound += step
    else:
        drop(exclusive)
    other = written.get(inclusive)
    is_number = isinstance(other, int | float) and not isinstance(other, bool)
    written[inclusive] = tighter(bound, other) if is_number else bound


_KEYWORDS_OF_TYPES: Mapping[str, tuple[str, ...]] = {
    "null": (),
    "boolean": (),
    "string": ("enum", "format", "minLength", "maxLength", "pattern"),
    "integer": ("enum", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "number": ("enum", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "object": ("properties", "additionalProperties", "required", "propertyOrdering"),
}


def _of_type(schema: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """What a schema of several types says of one of them; what is nobody's is the last one's."""
    of_others = {
        keyword
        for other, keywords in _KEYWORDS_OF_TYPES.items()
        if other != kind
        for keyword in keywords
    } - set(_KEYWORDS_OF_TYPES.get(str(kind), ()))
    if kind == "null":
        return {"type": "null"}
    written = {name: value for name, value in schema.items() if name not in of_others}
    written["type"] = kind
    values = written.get("enum")
    if isinstance(values, list):
        fitting = [value for value in values if _is_of(value, kind)]
        written["enum"] = fitting
        if not fitting:
            del written["enum"]
    return written


def _is_of(value: Any, kind: Any) -> bool:
    own = _TYPES.get(type(value))
    return own == kind or (own == "integer" and kind == "number")


def _are(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) for value in values)


def _number(kinds: set[type]) -> str:
    return "integer" if kinds == {int} else "number"


def _without(schema: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in names}
