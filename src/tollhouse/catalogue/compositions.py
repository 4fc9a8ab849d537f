"""The system prompts of a catalogue, composed once each, and which models may name them.

A model may name a prompt of the system's or of its own org. Another org's is told as one that is
not there, so that nobody finds out by asking.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..core.errors import FieldFault
from ..core.history import StoredPrompt
from ..core.model import SystemPrompt
from .documents.prompt import read_prompt
from .faults import ModelFault
from .links import Links

_FIELD = "system_prompt_id"
_SHOWN = 64
"""Characters of a name that a fault repeats."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A system prompt, read. As long as its document stays the same, so does this object."""

    stored: StoredPrompt
    org: str | None
    """The slug of the org that it belongs to; None: it is the system's."""
    prompt: SystemPrompt | None
    """What it puts in front; None for nothing, which is what no enabled particles make."""
    faults: tuple[FieldFault, ...]


def read_compositions(
    prompts: Iterable[StoredPrompt], known: Mapping[str, Composition]
) -> dict[str, Composition]:
    """The prompts by id; those that are as they were are taken from ``known``."""
    return {
        stored.prompt_id: _kept(known.get(stored.prompt_id), stored) or _read(stored)
        for stored in prompts
    }


def composition_faults(compositions: Mapping[str, Composition]) -> Iterator[ModelFault]:
    """What is wrong with the prompts themselves."""
    for prompt_id, made in compositions.items():
        for fault in made.faults:
            yield ModelFault(f"system prompt {prompt_id}", fault.path, fault.message)


def prompt_reference_faults(
    links: Mapping[str, Links], compositions: Mapping[str, Composition]
) -> Iterator[ModelFault]:
    """Names of prompts that do not exist, or that are another org's."""
    for model_id, own in links.items():
        if own.prompt is not None:
            named = compositions.get(own.prompt)
            if named is None or named.org not in (None, own.org):
                message = f"names no system prompt that this model may use: {own.prompt[:_SHOWN]}"
                yield ModelFault(model_id, _FIELD, message)


def _kept(known: Composition | None, stored: StoredPrompt) -> Composition | None:
    # As with models, the version alone would not do: a write that was given up had one too.
    return known if known is not None and known.stored == stored else None


def _read(stored: StoredPrompt) -> Composition:
    document, faults = read_prompt(stored.document)
    if document is None:
        return Composition(stored, None, None, faults)
    if document.prompt_id != stored.prompt_id:
        faults = (FieldFault("prompt_id", f"is kept as {stored.prompt_id}"),)
    prompt = SystemPrompt.of(document.text) if document.text else None
    return Composition(stored, document.org, prompt, faults)
