"""What is wrong with a catalogue: every fault, with the model and the field it is in."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFault:
    """One fault of one model; ``path`` is dotted, as in ``limits.max_tokens``."""

    model_id: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.model_id}: {self.path} {self.message}"


class CatalogueInvalid(Exception):
    """The catalogue cannot be compiled; carries every fault of every model."""

    def __init__(self, faults: Sequence[ModelFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults[:20])))
