"""Merge patches, by the examples of RFC 7396 and by their laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.catalogue.merge import changed_fields, merge

JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_F02_examples_of_the_standard(target: Any, patch: Any, result: Any) -> None:
    """Every example of RFC 7396, appendix A, comes out as printed there."""
    assert merge(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_F02_patch_applied_twice_is_applied_once(target: Any, patch: Any) -> None:
    """A merge patch is idempotent, and leaves its arguments as they were."""
    before = repr((target, patch))
    once = merge(target, patch)
    assert merge(once, patch) == once
    assert repr((target, patch)) == before


@given(OBJECTS)
def test_F08_empty_patch_changes_nothing(target: Any) -> None:
    """What a patch does not name stays as it is."""
    assert merge(target, {}) == target


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"a": 2}, ("a",)),
        ({"a": 1}, {}, ("a",)),
        ({}, {"a": None}, ("a",)),
        ({"a": 1}, {"a": True}, ("a",)),
        ({"p": {"in": "1", "out": "2"}}, {"p": {"in": "3", "out": "2"}}, ("p.in",)),
        ({"p": {"in": "1"}}, {}, ("p",)),
        ({"l": [1, 2]}, {"l": [2, 1]}, ("l",)),
        ({"b": 1, "a": {"x": {"y": 1}}}, {"a": {"x": {"y": 2}}}, ("a.x.y", "b")),
    ],
)
def test_changed_fields_are_named(before: Any, after: Any, changed: tuple[str, ...]) -> None:
    """The paths of what differs: objects are entered, lists are one value."""
    assert changed_fields(before, after) == changed


@given(OBJECTS, OBJECTS)
def test_equal_documents_have_no_changed_fields(before: Any, after: Any) -> None:
    """No path is named exactly when nothing differs, down to true against one."""
    assert (changed_fields(before, after) == ()) is (_text(before) == _text(after))


def _text(value: Any) -> str:
    """A spelling that tells true from one and does not depend on the order of names."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_text(value[name])}" for name in sorted(value)) + "}"
    return repr(value)
