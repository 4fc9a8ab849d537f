"""Reads the settings file: YAML with ``${NAME}`` references, as plain data plus every fault.

Rules that hold here:

- a reference is resolved after the YAML is parsed, so a variable's value is always text and can
  never add a key; it is swapped for a mark before parsing, so it may stand where YAML would not
  allow its braces (``{api_key: ${KEY}}``);
- no message holds a value of the file or of a variable.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from ..core.errors import FieldFault

_WRITTEN = re.compile(r"\$\$\{|\$\{[^{}\n]*\}")
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?\}")
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_DEEPEST = 12
_ESCAPE = "$${"


class _Yaml(yaml.SafeLoader):
    """Safe YAML in which ``2024-10-21`` is text: no setting is a date, some look like one."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it as an instance attribute
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(path: Path, environ: Mapping[str, str]) -> tuple[dict[str, object], list[FieldFault]]:
    """The file's data with references resolved, and what is wrong with it.

    A value that cannot be had is None and named by a fault.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return {}, [FieldFault(str(path), f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return {}, [FieldFault(str(path), "is not UTF-8 text")]
    return _Reading(str(path), environ).of(text)


def parse_scalar(text: str) -> object:
    """YAML's reading of a value given outside the file; ``ValueError`` when it is none."""
    try:
        return _Yaml(text).get_single_data()
    except (yaml.YAMLError, ValueError):
        raise ValueError("is not a YAML value") from None


class _Reading:
    """One pass over one file."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._name = name
        self._environ = environ
        self._references: list[str] = []
        self._faults: list[FieldFault] = []

    def of(self, text: str) -> tuple[dict[str, object], list[FieldFault]]:
        if _OPEN in text:
            return {}, [FieldFault(self._name, f"holds the private character U+{ord(_OPEN):04X}")]
        try:
            self._loader = _Yaml(_WRITTEN.sub(self._mark, text))
            node = self._loader.get_single_node()
        except yaml.YAMLError as error:
            return {}, [FieldFault(self._name, f"is not YAML: {_where(error)}")]
        value = {} if node is None else self._value(node, "", 0)
        if isinstance(value, dict):
            return value, self._faults
        if not self._faults:
            self._fault("", "must be a mapping of sections")
        return {}, self._faults

    def _mark(self, match: re.Match[str]) -> str:
        self._references.append(match.group())
        return f"{_OPEN}{len(self._references) - 1}{_CLOSE}"

    def _fault(self, path: str, message: str) -> None:
        self._faults.append(FieldFault(path or self._name, message))

    def _value(self, node: yaml.Node, path: str, depth: int) -> object:
        if depth > _DEEPEST:
            self._fault(path, "is nested too deep")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(item, f"{path}[{index}]", depth + 1)
                for index, item in enumerate(node.value)
            ]
        try:
            value: object = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._fault(path, "is not a plain YAML value")
            return None
        return self._resolved(value, path) if isinstance(value, str) else value

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            # Settings' names are text, so a bare `on` or `8080` is taken as it is written.
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else _OPEN
            if _OPEN in key:
                self._fault(path, "has a key that is not plain text")
                continue
            here = f"{path}.{key}" if path else key
            if key in found:
                self._fault(here, "is given twice")
            else:
                found[key] = self._value(value_node, here, depth + 1)
        return found

    def _resolved(self, text: str, path: str) -> str | None:
        """The text with its references replaced.

        None when one is missing, or when there is nothing but references and all came out empty.
        """
        if _OPEN not in text:
            return text
        values = {
            mark.group(): self._variable(self._references[int(mark.group(1))], path)
            for mark in _MARK.finditer(text)
        }
        if None in values.values():
            return None
        return _MARK.sub(lambda mark: values[mark.group()] or "", text) or None

    def _variable(self, reference: str, path: str) -> str | None:
        if reference == _ESCAPE:
            return "${"
        named = _NAMED.fullmatch(reference)
        if named is None:
            self._fault(path, "has a reference that is neither ${NAME} nor ${NAME:-default}")
            return None
        name, default = named.groups()
        value = self._environ.get(name) or default
        if value is None:
            self._fault(path, f"the environment variable {name} is not set, or empty")
        return value


def _where(error: yaml.YAMLError) -> str:
    """Line, column and YAML's own complaint, which holds no value of the file."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "a character that YAML does not allow"
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
