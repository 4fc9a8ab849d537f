"""The documents that a write makes: checked, sealed, stamped; or a 422 with every fault.

Pure: ids, time and the function that seals a provider's key are arguments. What needs the rest of
the catalogue (references, cycles, inheritance) is told by compiling it before the write is kept.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import FieldFault, invalid_fields
from ..core.history import Document
from .documents.fields import key_fault, parse_time, write_time
from .documents.model import read_document
from .effective import DEFAULT_TIER
from .merge import merge
from .rules import document_faults
from .storable import plain, storage_faults

Seal = Callable[[str], str]
"""Encrypts a provider's key for the store."""

READ_ONLY = (
    "uid",
    "lifecycle_state",
    "version",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "source",
    "deprecated_at",
)
"""Fields that the gateway sets. A patch may repeat them, so that what was read can be sent back."""

_PORTS = {"http": 80, "https": 443}
_IDENTITY = ("model_id", "uid", "created_at", "created_by", "source")


def new_document(
    body: Any, *, uid: str, now: float, actor: str, source: str, seal: Seal | None = None
) -> Document:
    """The document that a create makes; 422 with every fault. ``source`` is seed, api or import."""
    sent = readable(body)
    faults = [
        FieldFault(name, "is set by the gateway: leave it out")
        for name in READ_ONLY
        if sent.get(name) is not None
    ]
    sent = _sealed(sent, {}, seal, faults)
    draft = merge({}, {name: value for name, value in sent.items() if name not in READ_ONLY})
    draft |= {"uid": uid, "version": 1, "source": source}
    draft |= {"created_at": write_time(now), "created_by": actor}
    return _settled(draft, {}, now, actor, faults)


def apply_patch(
    current: Document, patch: Any, *, now: float, actor: str, seal: Seal | None = None
) -> Document:
    """The next version of a document under a merge patch (RFC 7396); 422 with every fault."""
    sent = readable(patch)
    faults = _fixed_faults(sent, public_document(current, now=now))
    sent = _sealed(sent, current, seal, faults)
    own = {name: value for name, value in sent.items() if name not in (*READ_ONLY, "model_id")}
    draft = merge(current, own)
    for name, default in _defaults(draft).items():
        if name not in current and draft.get(name) == default:
            draft.pop(name, None)  # a default that was only shown is not written down
    draft["version"] = current["version"] + 1
    return _settled(draft, current, now, actor, faults)


def replace_document(
    current: Document, body: Any, *, now: float, actor: str, seal: Seal | None = None
) -> Document:
    """The next version of a document when all of it is sent anew; 422 with every fault.

    What the body leaves out is gone, but for the provider's key: it is kept as a patch keeps it.
    """
    sent = readable(body)
    faults = _fixed_faults(sent, public_document(current, now=now))
    sent = _sealed(sent, current, seal, faults)
    own = {name: value for name, value in sent.items() if name not in (*READ_ONLY, "model_id")}
    kept = {name: current[name] for name in _IDENTITY}
    key = _object(current.get("connection")).get("api_key_sealed")
    if key and isinstance(own.get("connection"), dict):
        kept["connection"] = {"api_key_sealed": key}
    draft = merge(kept, own)
    draft["version"] = current["version"] + 1
    return _settled(draft, current, now, actor, faults)


def restore_document(current: Document, old: Document, *, now: float, actor: str) -> Document:
    """The next version of a document with the content of an earlier one; 422 with every fault."""
    kept = {name: current[name] for name in _IDENTITY}
    draft = {**old, **kept, "version": current["version"] + 1}
    return _settled(draft, current, now, actor, [])


def public_document(document: Document, *, now: float) -> Document:
    """A stored document as anybody may see it: with defaults and lifecycle state, no secret."""
    shown = {**_defaults(document), **document}
    shown["lifecycle_state"] = _lifecycle_state(document, now)
    connection = document.get("connection")
    if isinstance(connection, dict):
        open_part = {k: v for k, v in connection.items() if k != "api_key_sealed"}
        shown["connection"] = {**open_part, "api_key_set": bool(connection.get("api_key_sealed"))}
    return shown


def body_of(document: Document) -> Document:
    """What a client would send to make this document: no read-only field, no secret."""
    shown = {name: value for name, value in document.items() if name not in READ_ONLY}
    if isinstance(shown.get("connection"), dict):
        hidden = ("api_key_sealed", "api_key_set")
        shown["connection"] = {k: v for k, v in shown["connection"].items() if k not in hidden}
    return shown


def readable(body: Any) -> Document:
    """A body in its plain form; 422 for one that is no object or that no store could keep."""
    if not isinstance(body, dict):
        raise invalid_fields([FieldFault("document", "must be an object")])
    faults = list(storage_faults(body))
    if faults:
        raise invalid_fields(faults)
    return plain(body)


def _defaults(document: Document) -> Document:
    """The values that stand for absent fields and that people look for."""
    shown: Document = {"enabled": True, "owner": {"kind": "system"}}
    if document.get("parent_model_id") is None:
        shown["tier"] = DEFAULT_TIER
    return shown


def _fixed_faults(sent: Document, shown: Document) -> list[FieldFault]:
    """Fields of a patch that cannot change, unless they say what is so already."""
    faults = [
        FieldFault(name, "is set by the gateway and is another value now")
        for name in READ_ONLY
        if name in sent and sent[name] != shown.get(name)
    ]
    if "model_id" in sent and sent["model_id"] is None:
        faults.append(FieldFault("model_id", "is required"))
    elif "model_id" in sent and sent["model_id"] != shown["model_id"]:
        faults.append(FieldFault("model_id", f"cannot be changed; it is {shown['model_id']}"))
    return faults


def _sealed(
    sent: Document, current: Document, seal: Seal | None, faults: list[FieldFault]
) -> Document:
    """The body with its provider's key sealed."""
    connection = sent.get("connection")
    if not isinstance(connection, dict):
        return sent
    connection = dict(connection)
    present = _object(current.get("connection"))
    has_key = bool(present.get("api_key_sealed"))
    if "api_key_sealed" in connection:
        del connection["api_key_sealed"]
        faults.append(FieldFault("connection.api_key_sealed", "is not a known field"))
    if connection.pop("api_key_set", has_key) is not has_key:
        faults.append(FieldFault("connection.api_key_set", "is set by the gateway: send api_key"))
    if "api_key" not in connection:
        if has_key and _elsewhere(connection, present):
            # Else whoever may edit the address could have the stored key sent to a host of theirs.
            message = "must be given again (or null) when base_url names another host"
            faults.append(FieldFault("connection.api_key", message))
        return {**sent, "connection": connection}
    key = connection.pop("api_key")
    if key is None:
        connection["api_key_sealed"] = None
    elif fault := key_fault(key):
        faults.append(FieldFault("connection.api_key", fault))
    elif seal is None:
        message = "cannot be kept: the gateway has no auth.secret_key to encrypt it with"
        faults.append(FieldFault("connection.api_key", message))
    else:
        connection["api_key_sealed"] = seal(key)
    return {**sent, "connection": connection}


def _elsewhere(connection: Document, present: Document) -> bool:
    """Whether a new base URL has another scheme, host or port than the present one."""
    if "base_url" not in connection:
        return False
    return _origin(connection["base_url"]) != _origin(present.get("base_url"))


def _origin(url: Any) -> tuple[object, ...]:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ()
    return parts.scheme, parts.hostname, port


def _settled(
    draft: Document, current: Document, now: float, actor: str, faults: list[FieldFault]
) -> Document:
    """The draft, stamped and in its stored form, unless it has a fault."""
    draft |= {"updated_at": write_time(now), "updated_by": actor}
    _announce(draft, current, now)
    document, shape_faults = read_document(draft)
    faults = [*faults, *shape_faults, *document_faults(draft)]
    if faults or document is None:
        raise invalid_fields(list(dict.fromkeys(faults)))
    return document.model_dump(exclude_unset=True)


def _announce(draft: Document, current: Document, now: float) -> None:
    """Keep when the end of life was announced: at the write that set it first."""
    if draft.get("end_of_life_at") is None:
        draft.pop("deprecated_at", None)
    elif current.get("end_of_life_at") is None or current.get("deprecated_at") is None:
        draft["deprecated_at"] = write_time(now)
    else:
        draft["deprecated_at"] = current["deprecated_at"]


def _lifecycle_state(document: Document, now: float) -> str:
    if document.get("enabled") is False:
        return "disabled"
    try:
        ends = parse_time(document["end_of_life_at"])
    except (KeyError, TypeError, ValueError):
        return "active"
    return "end_of_life" if now >= ends else "deprecated"


def _object(value: Any) -> Document:
    return value if isinstance(value, dict) else {}
