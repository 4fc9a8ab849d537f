"""Reads files of policy tests: who asks for what, and what must come of it.

A file is YAML: ``tests``, a list of cases. A case says who asks (``org``, whose plan is looked up,
or ``plan``), for which ``model``, and optionally on which ``endpoint`` (chat), with which ``needs``
and ``max_tokens``, and ``at`` which time (now). It ends in one of two:

- ``allow``: the ids that would be tried, in order, as a list; or one id, which must come first;
- ``refuse``: the code of the refusal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..admin.times import read_time
from ..core.errors import Code

_FIELDS = {
    "name": str,
    "org": str,
    "plan": str,
    "model": str,
    "endpoint": str,
    "needs": list,
    "max_tokens": int,
    "at": str,
    "allow": (str, list),
    "refuse": str,
}
_WORDS = {
    str: "must be text",
    list: "must be a list of texts",
    int: "must be a whole number above 0",
    (str, list): "must be a model id or a list of them",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One policy test."""

    place: str
    """The file and the number of the case in it, from 1."""
    name: str
    model: str
    org: str | None = None
    plan: str | None = None
    endpoint: str = "chat"
    needs: tuple[str, ...] = ()
    max_tokens: int | None = None
    at: float | None = None
    """Unix seconds."""
    allow: str | tuple[str, ...] | None = None
    refuse: str | None = None

    def holds(self, told: dict[str, Any]) -> bool:
        """Whether an explanation is what was expected."""
        if self.refuse is not None:
            return not told["allowed"] and bool(told["code"] == self.refuse)
        tried = tuple(hop["model"] for hop in told["hops"])
        if not told["allowed"]:
            return False
        return tried[0] == self.allow if isinstance(self.allow, str) else tried == self.allow

    def expected(self) -> dict[str, Any]:
        """What was expected, as results show it."""
        if self.refuse is not None:
            return {"refuse": self.refuse}
        return {"allow": [self.allow, "…"] if isinstance(self.allow, str) else self.allow}


def read_cases(files: Sequence[Path]) -> tuple[list[Case], list[str]]:
    """The cases of all files, and every fault of every file as a sentence."""
    cases: list[Case] = []
    faults: list[str] = []
    for file in files:
        try:
            content = yaml.load(file.read_bytes(), Loader=_Yaml)  # noqa: S506 - a safe loader's child
        except OSError as error:
            faults.append(f"{file}: cannot be read: {error.strerror}")
            continue
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            faults.append(f"{file}: is not YAML{f' at line {mark.line + 1}' if mark else ''}")
            continue
        found = content.get("tests") if isinstance(content, dict) else None
        if not isinstance(found, list) or set(content) != {"tests"}:
            faults.append(f"{file}: must hold tests, a list, and nothing else")
            continue
        for number, raw in enumerate(found, 1):
            place = f"{file}:{number}"
            wrong = list(_faults(raw))
            if wrong:
                faults += (f"{place}: {one}" for one in wrong)
            else:
                cases.append(_case(place, raw))
    return cases, faults


class _Yaml(yaml.SafeLoader):
    """Safe YAML in which times stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it as an instance attribute
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _faults(raw: Any) -> Iterable[str]:
    if not isinstance(raw, dict):
        yield "must be a mapping"
        return
    for name, value in raw.items():
        if name not in _FIELDS:
            yield f"{name} is not a known field"
        elif not _fits(value, _FIELDS[name]):
            yield f"{name} {_WORDS[_FIELDS[name]]}"
    if "model" not in raw:
        yield "model is required"
    if ("org" in raw) + ("plan" in raw) == 0:
        yield "org or plan is required"
    if ("allow" in raw) + ("refuse" in raw) != 1:
        yield "one of allow and refuse is required"
    if isinstance(raw.get("refuse"), str) and raw["refuse"] not in list(Code):
        yield f"refuse is no code: {raw['refuse']}"
    if isinstance(raw.get("at"), str) and read_time(raw["at"]) is None:
        yield "at must be a time as 2027-01-31T00:00:00Z"


def _fits(value: Any, kind: Any) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if isinstance(value, list):
        return kind is not str and all(isinstance(one, str) for one in value)
    return isinstance(value, kind)


def _case(place: str, raw: dict[str, Any]) -> Case:
    allow = raw.get("allow")
    return Case(
        place=place,
        name=raw.get("name") or f"{raw.get('org') or raw.get('plan')} asks for {raw['model']}",
        model=raw["model"],
        org=raw.get("org"),
        plan=raw.get("plan"),
        endpoint=raw.get("endpoint", "chat"),
        needs=tuple(raw.get("needs", ())),
        max_tokens=raw.get("max_tokens"),
        at=read_time(raw["at"]) if "at" in raw else None,
        allow=tuple(allow) if isinstance(allow, list) else allow,
        refuse=raw.get("refuse"),
    )
