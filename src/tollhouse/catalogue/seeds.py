"""Reading a catalogue file: models, orgs and prompts, or every fault of it with its path."""

from dataclasses import dataclass
from typing import Any

from ..core.errors import CallerError, FieldFault, invalid_fields
from ..core.history import Document
from ..core.tenants import Org
from .names import slug_fault
from .prompt_writing import kept_prompt
from .writing import Seal, new_document

PLANS = frozenset({"free", "pro", "enterprise"})
_ANY_UID = "00000000-0000-0000-0000-000000000000"
_ORG_FIELDS = frozenset({"slug", "plan", "name"})


@dataclass(frozen=True, slots=True)
class Seeds:
    """The content of a catalogue file, checked."""

    models: tuple[Document, ...]
    """Bodies in file order, ready for ``new_document``."""
    orgs: tuple[Org, ...]
    prompts: tuple[Document, ...] = ()
    """Bodies with their ids, ready for ``kept_prompt``."""


def read_seeds(content: Any, *, plans: frozenset[str] = PLANS, seal: Seal | None = None) -> Seeds:
    """Check what a catalogue file holds, ``{models, orgs, prompts}`` as its YAML reads; or 422.

    ``seal`` is only tried out: bodies keep their keys as they are in the file.
    """
    if content is None:
        return Seeds((), ())
    if not isinstance(content, dict):
        raise invalid_fields([FieldFault("document", "must hold models and orgs")])
    faults = [
        FieldFault(str(name), "is not a known field")
        for name in content
        if name not in {"models", "orgs", "prompts"}
    ]
    models = _items(content, "models", faults)
    orgs = _items(content, "orgs", faults)
    prompts = _items(content, "prompts", faults)
    for index, body in enumerate(prompts):
        faults += _prompt_faults(body, f"prompts[{index}]")
    for index, body in enumerate(models):
        faults += _model_faults(body, f"models[{index}]", seal)
    for index, org in enumerate(orgs):
        faults += _org_faults(org, f"orgs[{index}]", plans)
    faults += _repeated(models, "models", "model_id")
    faults += _repeated(orgs, "orgs", "slug")
    faults += _repeated(prompts, "prompts", "prompt_id")
    if faults:
        raise invalid_fields(faults)
    return Seeds(
        tuple(models),
        tuple(Org(slug=org["slug"], plan=org["plan"], name=org.get("name")) for org in orgs),
        tuple(prompts),
    )


def _items(content: Document, name: str, faults: list[FieldFault]) -> list[Any]:
    items = content.get(name)
    if items is None:
        return []
    if not isinstance(items, list):
        faults.append(FieldFault(name, "must be a list"))
        return []
    return items


def _model_faults(body: Any, path: str, seal: Seal | None) -> list[FieldFault]:
    try:
        new_document(body, uid=_ANY_UID, now=0, actor="", source="seed", seal=seal)
    except CallerError as error:
        return _below(path, error)
    return []


def _prompt_faults(body: Any, path: str) -> list[FieldFault]:
    try:
        kept_prompt(body, now=0, actor="")
    except CallerError as error:
        return _below(path, error)
    return []


def _below(path: str, error: CallerError) -> list[FieldFault]:
    whole = "document"
    return [
        FieldFault(path if one.path == whole else f"{path}.{one.path}", one.message)
        for one in error.fields
    ]


def _org_faults(org: Any, path: str, plans: frozenset[str]) -> list[FieldFault]:
    if not isinstance(org, dict):
        return [FieldFault(path, "must be an object")]
    faults = [
        FieldFault(f"{path}.{name}", "is not a known field")
        for name in org
        if name not in _ORG_FIELDS
    ]
    slug, plan, name = org.get("slug"), org.get("plan"), org.get("name")
    fault = slug_fault(slug) if isinstance(slug, str) else "must be a string"
    if fault:
        faults.append(FieldFault(f"{path}.slug", "is required" if slug is None else fault))
    if not isinstance(plan, str) or plan not in plans:
        faults.append(FieldFault(f"{path}.plan", f"must be one of {', '.join(sorted(plans))}"))
    if name is not None and not isinstance(name, str):
        faults.append(FieldFault(f"{path}.name", "must be a string"))
    return faults


def _repeated(items: list[Any], path: str, key: str) -> list[FieldFault]:
    first: dict[str, int] = {}
    faults = []
    for index, item in enumerate(items):
        name = item.get(key) if isinstance(item, dict) else None
        if isinstance(name, str) and first.setdefault(name, index) != index:
            message = f"is also that of {path}[{first[name]}]"
            faults.append(FieldFault(f"{path}[{index}].{key}", message))
    return faults
