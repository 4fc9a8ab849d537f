"""JSON Merge Patch (RFC 7396) over plain values, and what it changed."""

from typing import Any

from ..core.history import Document


def merge(target: Any, patch: Any) -> Any:
    """The target with a patch applied: absent keeps, null removes, objects merge, lists replace.

    Neither argument is changed; parts that the patch does not touch are shared with the target.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def changed_fields(before: Document, after: Document) -> tuple[str, ...]:
    """Dotted paths of what differs, sorted; an object is entered, a list is one value."""
    return tuple(sorted(_changed(before, after, "")))


def value_at(document: Document, path: str) -> Any:
    """What stands at a dotted path; None where there is nothing.

    A name may hold a dot itself: the longest one that is there is meant.
    """
    here: Any = document
    while path and isinstance(here, dict):
        names = [name for name in here if path == name or path.startswith(f"{name}.")]
        if not names:
            return None
        name = max(names, key=len)
        here, path = here[name], path[len(name) + 1 :]
    return None if path else here


def _changed(before: Document, after: Document, prefix: str) -> list[str]:
    paths: list[str] = []
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            paths += _changed(old, new, f"{prefix}{name}.")
        elif name not in before or name not in after or not _same(old, new):
            paths.append(f"{prefix}{name}")
    return paths


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        return not _changed(old, new, "")
    # True equals 1 to Python, not to JSON.
    return isinstance(old, bool) is isinstance(new, bool) and bool(old == new)
