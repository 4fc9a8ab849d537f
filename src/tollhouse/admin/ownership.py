"""Whose model a document is, and what of it a caller may see and change.

A caller whose permission reaches as far as the system's models and its own org's sees of them what
an application can know. How a provider is called, and which other orgs have a model, is for those
who run the gateway.
"""

from ..core.caller import Caller
from ..core.errors import CallerError, Code
from ..core.history import Document
from ..core.model import Model
from ..gate.refusals import visible
from ..identity.roles import Permission, Scope, allows, scope_of

_HOW_IT_IS_CALLED = (
    "provider",
    "upstream_model",
    "connection",
    "provider_config",
    "metadata",
    "system_prompt",
    "system_prompt_id",
    "created_by",
    "updated_by",
)


def may_see(caller: Caller, model: Model) -> bool:
    """Whether a caller may know of a model: by the gate's own rule, unless it may see them all."""
    if scope_of(caller, Permission.MODELS_READ) is Scope.ALL:
        return True
    return open_to(model, caller)


def open_to(model: Model, caller: Caller) -> bool:
    """Whether a model is there for a caller's org, whatever its state and tier."""
    return visible(model, caller) and (not model.org_slugs or caller.org in model.org_slugs)


def seen_by(caller: Caller, document: Document) -> Document:
    """The part of a public document that a caller may see."""
    owner = document.get("owner") or {}
    mine = owner.get("kind") == "org" and owner.get("slug") == caller.org
    if mine or scope_of(caller, Permission.MODELS_READ) is Scope.ALL:
        return document
    shown = {name: value for name, value in document.items() if name not in _HOW_IT_IS_CALLED}
    if shown.get("org_slugs"):
        shown["org_slugs"] = [slug for slug in shown["org_slugs"] if slug == caller.org]
    return shown


def org_of(document: Document) -> str | None:
    """The org that a model belongs to, or that its user is of; None: it is the system's."""
    slug: str | None = (document.get("owner") or {}).get("slug")
    return slug


def check_may_write(caller: Caller, document: Document) -> None:
    """Raise a 403 unless a caller may have a document like this one."""
    owner = document.get("owner") or {}
    if owner.get("kind") == "user":
        allowed = scope_of(caller, Permission.MODELS_WRITE) is Scope.ALL
    else:
        allowed = allows(caller, Permission.MODELS_WRITE, owner.get("slug"))
    if not allowed:
        raise forbidden("change this model")


def check(caller: Caller, permission: Permission, org: str | None, what: str) -> None:
    """Raise a 403 unless a caller has a permission for what belongs to ``org``."""
    if not allows(caller, permission, org):
        raise forbidden(what)


def check_any(caller: Caller, permission: Permission, what: str) -> None:
    """Raise a 403 if a caller has a permission for nothing at all."""
    if scope_of(caller, permission) is None:
        raise forbidden(what)


def org_within(caller: Caller, permission: Permission, org: str | None, what: str) -> str | None:
    """The org to narrow a list to: ``org``, else the caller's own; None: none, it may see them all.

    403 for another org than the caller's, and for a caller without one.
    """
    if scope_of(caller, permission) is Scope.ALL:
        return org
    org = org or caller.org
    check(caller, permission, org, what)
    return org


def forbidden(what: str) -> CallerError:
    """The 403 for a role that does not reach."""
    return CallerError(Code.FORBIDDEN, f"This credential's role does not allow it to {what}.")
