"""JSON schemas for Gemini: one row a keyword, what becomes of it and what is told."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.wire.gemini.schema import sanitised

NULL = {"type": "null"}
STRING = {"type": "string"}
WHOLE = {"type": "integer"}


def of_property(schema: Any, **root: Any) -> tuple[Any, list[str]]:
    """What becomes of the schema of a property."""
    written, dropped = sanitised({"type": "object", "properties": {"x": schema}, **root})
    return written["properties"]["x"], dropped


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "description": "d", "title": "t", "enum": ["a", "b"], "default": "a"},
        {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a"},
        {"type": "string", "format": "date-time"},
        {"type": "integer", "minimum": 0, "maximum": 5, "format": "int32"},
        {"type": "integer", "enum": [1, 2]},
        {"type": "array", "items": STRING, "minItems": 1, "maxItems": 2, "uniqueItems": True},
        {"type": "array", "prefixItems": [STRING, WHOLE]},
        {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
        {"type": "object", "additionalProperties": STRING},
        {"type": "object", "additionalProperties": False, "propertyOrdering": ["a"]},
        {"anyOf": [STRING, NULL], "default": None},
        {},
    ],
)
def test_h14_known_keywords_stay(schema: dict[str, Any]) -> None:
    """What Gemini takes goes on as it is."""
    assert of_property(schema) == (schema, [])


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, {"anyOf": [STRING, NULL]}),
        ({"type": ["string"]}, STRING),
        (
            {"type": ["integer", "null"], "description": "d", "default": None, "minimum": 1},
            {
                "description": "d",
                "default": None,
                "anyOf": [{"type": "integer", "minimum": 1}, NULL],
            },
        ),
        (
            {"type": ["array", "string"], "items": STRING, "minLength": 2},
            {"anyOf": [{"type": "array", "items": STRING}, {"type": "string", "minLength": 2}]},
        ),
        (
            {"type": ["string", "null"], "enum": ["a", None]},
            {"anyOf": [{"type": "string", "enum": ["a"]}, NULL]},
        ),
        (
            {"type": ["string", "integer"], "enum": ["a", 1]},
            {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1]}]},
        ),
        ({"enum": ["a", None]}, {"anyOf": [{"type": "string", "enum": ["a"]}, NULL]}),
        ({"enum": ["a"]}, {"enum": ["a"], "type": "string"}),
        ({"type": "string", "nullable": True}, {"anyOf": [STRING, NULL]}),
        ({"type": "string", "nullable": False}, STRING),
        ({"const": "a"}, {"enum": ["a"], "type": "string"}),
        ({"const": 1}, {"enum": [1], "type": "integer"}),
        ({"const": 1.5}, {"enum": [1.5], "type": "number"}),
        ({"const": None}, NULL),
        ({"oneOf": [STRING, WHOLE]}, {"anyOf": [STRING, WHOLE]}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 9, "maximum": 5}, {**WHOLE, "maximum": 5}),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": False}, {**WHOLE, "minimum": 3}),
        (
            {"type": ["integer", "null"], "exclusiveMinimum": 0},
            {"anyOf": [{"type": "integer", "minimum": 1}, NULL]},
        ),
        ({"type": "string", "format": "uri"}, {**STRING, "description": "Format: uri"}),
        (
            {"type": "string", "format": "email", "description": "Whose"},
            {"type": "string", "description": "Whose (Format: email)"},
        ),
        (
            {"type": "string", "description": "Whose", "format": "email"},
            {"type": "string", "description": "Whose (Format: email)"},
        ),
        (
            {"type": "array", "items": [STRING, WHOLE]},
            {"type": "array", "prefixItems": [STRING, WHOLE]},
        ),
        ({"allOf": [{"type": "string"}, {"minLength": 2}]}, {"type": "string", "minLength": 2}),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
                    {"properties": {"b": WHOLE}, "required": ["b"]},
                ]
            },
            {
                "type": "object",
                "properties": {"b": WHOLE, "a": STRING},
                "required": ["a", "b"],
            },
        ),
        (True, {}),
    ],
)
def test_h14_what_can_be_said_otherwise_is(schema: Any, expected: dict[str, Any]) -> None:
    """Nothing that matters is lost, so nothing is told."""
    assert of_property(schema) == (expected, [])


@pytest.mark.parametrize(
    ("schema", "expected", "told"),
    [
        *[
            ({"type": "string", keyword: value}, STRING, keyword)
            for keyword, value in {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": "x",
                "$comment": "x",
                "strict": True,
                "examples": ["a"],
                "example": "a",
                "deprecated": True,
                "readOnly": True,
                "contentEncoding": "base64",
                "not": {"type": "null"},
                "if": {"minLength": 1},
                "patternProperties": {"^a": STRING},
                "propertyNames": STRING,
                "unevaluatedProperties": False,
                "dependentRequired": {"a": ["b"]},
                "minProperties": 1,
                "multipleOf": 2,
                "discriminator": {"propertyName": "a"},
                "x-order": 1,
                "const": {"a": 1},
                "exclusiveMinimum": True,
            }.items()
        ],
        ({"type": "number", "exclusiveMaximum": 1}, {"type": "number", "maximum": 1}, None),
        ({"const": True}, {"type": "boolean"}, "const"),
        ({"enum": [True, False]}, {"type": "boolean"}, ""),
        ({"enum": [{"a": 1}]}, {}, "enum"),
        ({"type": "object", "required": ["a"]}, {"type": "object"}, "required"),
        ({"$ref": "https://example.com/schema"}, {}, "$ref"),
        ({"$ref": "#/nowhere", "description": "d"}, {"description": "d"}, "$ref"),
        (False, {}, "false"),
        ({"type": []}, {}, "type"),
        ({"type": ["string", "null"], "anyOf": [STRING]}, {"anyOf": [STRING]}, "type"),
        *[
            ({"type": "string", keyword: 1.5 if keyword != "minLength" else "1"}, STRING, keyword)
            for keyword in ("format", "enum", "minLength", "anyOf", "properties", "required")
        ],
    ],
)
def test_h14_what_cannot_be_said_is_told(schema: Any, expected: Any, told: str | None) -> None:
    """Every keyword that is left out is named, once."""
    written, dropped = of_property(schema)
    assert written == expected
    name = "exclusiveMaximum" if told is None else told
    assert dropped == ([name] if name else [])


def test_references_are_put_in_place() -> None:
    """Definitions of both drafts, with what stands beside the reference, at the root as well."""
    address = {"type": "object", "properties": {"street": STRING}, "required": ["street"]}
    for key in ("$defs", "definitions"):
        schema = {"$ref": f"#/{key}/A", "description": "Where"}
        written, dropped = of_property(schema, **{key: {"A": address}})
        assert written == {**address, "description": "Where"}
        assert not dropped
        root, dropped = sanitised({"$ref": f"#/{key}/A", key: {"A": address}})
        assert root == address
        assert not dropped
    one_of_all = {"allOf": [{"$ref": "#/$defs/A"}], "description": "Where"}
    assert of_property(one_of_all, **{"$defs": {"A": address}})[0] == {
        **address,
        "description": "Where",
    }


def test_what_holds_itself_stays_a_reference() -> None:
    """A tree has no end: its definition stays, and what is cleaned elsewhere is cleaned there."""
    node = {
        "type": "object",
        "properties": {"name": {"const": "n"}, "kids": {"items": {"$ref": "#/definitions/Node"}}},
        "$comment": "x",
    }
    written, dropped = of_property({"$ref": "#/definitions/Node"}, definitions={"Node": node})
    kids = {"items": {"$ref": "#/$defs/Node"}}
    clean = {
        "type": "object",
        "properties": {"name": {"enum": ["n"], "type": "string"}, "kids": kids},
    }
    assert written == clean
    assert dropped == ["$comment"]
    root, _ = sanitised({"$ref": "#/definitions/Node", "definitions": {"Node": node}})
    assert root["$defs"] == {"Node": clean}


def test_names_of_properties_are_no_keywords() -> None:
    """A tool may well have a parameter called ``not``, ``$ref`` or ``const``."""
    properties = {"not": STRING, "const": WHOLE, "$ref": STRING, "strict": STRING, "enum": WHOLE}
    schema = {"type": "object", "properties": properties, "required": ["not", "$ref"]}
    assert sanitised(schema) == (schema, [])


def test_what_is_told_fits_into_a_header() -> None:
    """A client may call a keyword anything, and as many of them as it likes."""
    schema: dict[str, Any] = {"a\r\nb": 1, "é": 1, "x" * 99: 1, "": 1}
    assert sanitised(schema)[1] == ["other"]
    assert len(sanitised({f"x-{n}": n for n in range(999)})[1]) == 32


def test_a_schema_without_a_type_is_an_object() -> None:
    """Parameters are always an object."""
    assert sanitised({}) == ({"type": "object"}, [])
    assert sanitised({"properties": {"a": STRING}})[0]["type"] == "object"


def test_a_schema_cannot_grow_without_bounds() -> None:
    """References that double at every level, and unions of unions, stay small and fast."""
    defs: dict[str, Any] = {
        f"A{n}": {
            "properties": {name: {"$ref": f"#/$defs/A{n + 1}"} for name in "ab"},
            "allOf": [{"$ref": f"#/$defs/A{n + 1}"}] * 3,
        }
        for n in range(30)
    }
    written, _ = sanitised({"$ref": "#/$defs/A0", "$defs": defs | {"A30": STRING}})
    assert len(json.dumps(written)) < 2_000_000
    looped = {"allOf": [{"$ref": "#/$defs/L"}] * 100}
    sanitised({"$ref": "#/$defs/L", "$defs": {"L": looped}})
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"items": deep}
    assert sanitised(deep)[1] == ["depth"]


_KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "items", "anyOf", "oneOf", "allOf", "$ref", "$defs", "enum"),
        *("const", "required", "nullable", "exclusiveMinimum", "minimum", "format", "x", "not"),
        *("description", "additionalProperties", "prefixItems", "definitions", "title"),
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["string", "object", "array", "#", "#/$defs/x", "#/properties/x", "null"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYWORDS, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(_KEYWORDS, _VALUES, max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_schema_can_be_sanitised(schema: dict[str, Any]) -> None:
    """Whatever a client takes for a schema, nothing is raised and no unknown keyword goes on."""
    written, _ = sanitised(schema)
    assert not _unknown(written)


def _unknown(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    found = schema.keys() & {"not", "oneOf", "allOf", "const", "nullable", "exclusiveMinimum", "x"}
    for keyword in ("properties", "$defs"):
        inner = schema.get(keyword)
        for value in inner.values() if isinstance(inner, dict) else ():
            found |= _unknown(value)
    return found | _unknown(schema.get("items"))


def test_a_type_that_is_listed_twice_counts_once() -> None:
    """What lists of lists hold is not written out once more for each of them."""
    schema: Any = STRING
    for _ in range(30):
        schema = {"type": ["array", "array", "null"], "items": schema}
    written, _ = of_property(schema)
    assert len(json.dumps(written)) < 100_000
    assert [one["type"] for one in written["anyOf"]] == ["array", "null"]


def test_types_that_are_none_are_left_out() -> None:
    """Only words are types, and not more than there are."""
    assert of_property({"type": [["string"], 1, "integer"]}) == (WHOLE, [])
    assert of_property({"type": [[["string"]]]}) == ({}, ["type"])
    many, dropped = of_property({"type": [f"t{i}" for i in range(5000)]})
    assert len(many["anyOf"]) < 10
    assert dropped == ["type"]


@pytest.mark.parametrize("step", ["²", "-1", "1_0", "9" * 5000])
def test_a_step_into_a_list_that_is_no_place(step: str) -> None:
    """Such a reference refers to nothing."""
    assert of_property({"anyOf": [{"$ref": f"#/properties/x/anyOf/{step}"}]})[1] == ["$ref"]


def test_an_enum_of_nothing_but_null() -> None:
    """It is a null."""
    assert of_property({"enum": [None, None]}) == (NULL, ["enum"])


def test_a_long_all_of_and_long_lists_in_it() -> None:
    """Some parts are taken, the rest is told, and it takes no time to speak of."""
    parts = [{"properties": {f"a{i}": STRING}, "required": [f"a{i}"]} for i in range(5000)]
    written, dropped = of_property({"allOf": parts})
    assert "a0" in written["properties"]
    assert dropped == ["allOf"]
    names = [f"a{i}" for i in range(30_000)]
    both = [{"required": names}, {"required": names}]
    written, _ = of_property({"properties": dict.fromkeys(names, STRING), "allOf": both})
    assert written["required"] == names


def test_definitions_of_one_name_are_told_apart() -> None:
    """The last step of a reference names what stays; others of that name are numbered."""
    inner = {"properties": {"y": {"$ref": "#/$defs/b/n"}}}
    defs = {"a": {"n": {"properties": {"x": {"$ref": "#/$defs/a/n"}}}}, "b": {"n": inner}}
    written, _ = sanitised({"anyOf": [{"$ref": f"#/$defs/{k}/n"} for k in "ab"], "$defs": defs})
    assert len(written["$defs"]) == 2
