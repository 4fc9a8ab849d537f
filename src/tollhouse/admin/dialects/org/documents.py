"""From this dialect's fields to the native document's, and from its faults back again.

``metadata`` goes past the merge: it is any JSON value, kept as it was sent, where a merge patch
would lay one object over the other and drop the nulls in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from ....catalogue.storable import plain
from ....core.errors import CallerError, Code, FieldFault, invalid_fields
from ....core.history import Document, StoredCatalogue, StoredModel

SPELLED = {
    "display.name": "displayName",
    "limits.context_window": "contextWindow",
    "limits.max_tokens": "maxTokensPerRequest",
    "capabilities": "supportsStreaming",
    "capabilities.streaming": "supportsStreaming",
    "system_prompt_id": "systemPromptId",
    "system_prompt": "systemPrompt",
    "parent_model_id": "parentModelId",
}
"""Fields of the native document by the names that they have here."""


def native_fields(sent: Document) -> Document:
    """What was sent, as a native merge patch; parent and metadata are not in it."""
    patch: Document = {}
    for name, path in _PATHS.items():
        if name in sent:
            _put(patch, path, sent[name])
    if "supports_streaming" in sent:
        # On is the parent's to say: a model of an org can only take it back.
        switched = False if sent["supports_streaming"] is False else None
        _put(patch, ("capabilities", "streaming"), switched)
    return patch


_PATHS = {
    "display_name": ("display", "name"),
    "context_window": ("limits", "context_window"),
    "max_tokens_per_request": ("limits", "max_tokens"),
    "enabled": ("enabled",),
    "system_prompt_id": ("system_prompt_id",),
    "system_prompt": ("system_prompt",),
}


def put_metadata(document: Document, sent: Document) -> None:
    """Put what was sent as metadata in the place of what there was; null is none."""
    if "metadata" in sent:
        document.pop("metadata", None)
        if sent["metadata"] is not None:
            document.update(plain({"metadata": sent["metadata"]}))


def parent_of(stored: StoredCatalogue, org: str, name: str) -> StoredModel:
    """The system model that an org means by a uid or an id; 422 when it has none by that name."""
    by_uid = (one for one in stored.models if one.document["uid"] == name.lower())
    by_id = (one for one in stored.models if one.model_id == name)
    for one in chain(by_uid, by_id):
        if is_system(one.document) and is_open_to(one.document, org):
            return one
    message = "names no system model that this organisation may use"
    raise invalid_fields([FieldFault("parentModelId", message)])


def streaming_fault(parent: Document, sent: Document) -> Iterator[FieldFault]:
    """What is wrong with asking for streams of a parent that has none."""
    capabilities = parent.get("capabilities") or {}
    if sent.get("supports_streaming") is True and capabilities.get("streaming") is False:
        yield FieldFault("supportsStreaming", "cannot be switched on: the parent does not stream")


def is_system(document: Document) -> bool:
    """Whether it is the system's."""
    kind: str = (document.get("owner") or {}).get("kind", "system")
    return kind == "system"


def is_of(document: Document, org: str) -> bool:
    """Whether it is this org's."""
    owner = document.get("owner") or {}
    return owner.get("kind") == "org" and owner.get("slug") == org


def is_open_to(document: Document, org: str) -> bool:
    """Whether it is there for this org, whatever its state and tier."""
    slugs: list[str] = document.get("org_slugs") or []
    return not slugs or org in slugs


@contextmanager
def spelled_here() -> Iterator[None]:
    """Let faults of the native document out under the names that the fields have here."""
    try:
        yield
    except CallerError as error:
        if error.code is not Code.VALIDATION_FAILED:
            raise
        named = [FieldFault(SPELLED.get(one.path, one.path), one.message) for one in error.fields]
        raise invalid_fields(list(dict.fromkeys(named))) from None


def _put(patch: Document, path: tuple[str, ...], value: Any) -> None:
    *outer, last = path
    for name in outer:
        patch = patch.setdefault(name, {})
    patch[last] = value
