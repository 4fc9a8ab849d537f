"""The documents of system prompts that a write makes: checked and stamped; or a 422 for all faults.

Pure: ids and time are arguments. Which models use a prompt, and whether they may, is told by
compiling the whole catalogue before the write is kept.
"""

from typing import Any

from ..core.errors import FieldFault, invalid_fields
from ..core.history import Document
from .documents.fields import write_time
from .documents.prompt import read_prompt
from .merge import merge
from .writing import readable

READ_ONLY = (
    "prompt_id",
    "composed_text",
    "version",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
)
"""Fields that the gateway sets. A patch may repeat them, so that what was read can be sent back."""
_SYSTEM = {"kind": "system"}


def new_prompt(
    body: Any, *, prompt_id: str, now: float, actor: str, owner: Document | None = None
) -> Document:
    """The document that a create makes; ``owner`` is whose it is when the body does not say."""
    sent = readable(body)
    faults = [
        FieldFault(name, "is set by the gateway: leave it out")
        for name in READ_ONLY
        if sent.get(name) is not None
    ]
    draft = {"owner": owner or _SYSTEM, **_own(merge({}, sent))}
    draft |= {"prompt_id": prompt_id, "version": 1}
    draft |= {"created_at": write_time(now), "created_by": actor}
    return _settled(draft, now, actor, faults)


def apply_prompt_patch(current: Document, patch: Any, *, now: float, actor: str) -> Document:
    """The next version of a document under a merge patch (RFC 7396); 422 with every fault."""
    sent = readable(patch)
    shown = public_prompt(current)
    faults = [
        FieldFault(name, "is set by the gateway and is another value now")
        for name in READ_ONLY
        if name in sent and sent[name] != shown.get(name)
    ]
    draft = merge(current, _own(sent))
    draft["version"] = current["version"] + 1
    return _settled(draft, now, actor, faults)


def kept_prompt(body: Any, *, now: float, actor: str, current: Document | None = None) -> Document:
    """The document of a prompt that comes with its id, as in a catalogue file; 422 if faulty.

    ``current`` is what is kept under that id, of which this is the next version.
    """
    sent = readable(body)
    prompt_id = sent.pop("prompt_id", None)
    if not isinstance(prompt_id, str):
        raise invalid_fields([FieldFault("prompt_id", "is required")])
    document = new_prompt(sent, prompt_id=prompt_id, now=now, actor=actor)
    if current is None:
        return document
    kept = {name: current[name] for name in ("created_at", "created_by")}
    return {**document, **kept, "version": current["version"] + 1}


def prompt_body(document: Document) -> Document:
    """What makes this prompt again in another store: its id, and what is the writer's to say."""
    return {"prompt_id": document["prompt_id"], **_own(document)}


def public_prompt(document: Document) -> Document:
    """A stored document as its readers see it: with the text that its particles make."""
    read, _ = read_prompt(document)
    return document if read is None else {**document, "composed_text": read.text}


def _own(sent: Document) -> Document:
    """What is the writer's to say."""
    return {name: value for name, value in sent.items() if name not in READ_ONLY}


def _settled(draft: Document, now: float, actor: str, faults: list[FieldFault]) -> Document:
    """The draft, stamped and in its stored form, unless it has a fault."""
    draft |= {"updated_at": write_time(now), "updated_by": actor}
    document, shape_faults = read_prompt(draft)
    if faults or document is None:
        raise invalid_fields([*faults, *shape_faults])
    return document.model_dump(exclude_none=True)
