"""How a command ends: one of four exit codes, and what went wrong in sentences on stderr."""

import sys
from collections.abc import Iterator
from enum import IntEnum


class ExitCode(IntEnum):
    """What scripts may rely on (contract section 2)."""

    DONE = 0
    FINDING = 1
    """The command worked, and found what it was asked to look for."""
    WRONG_USE = 2
    COULD_NOT = 3


class Stop(Exception):
    """Ends the command: sentences for stderr, and the exit code."""

    def __init__(self, *sentences: str, code: ExitCode = ExitCode.COULD_NOT) -> None:
        super().__init__(*sentences)
        self.sentences = sentences
        self.code = code


def wrong_use(*sentences: str) -> Stop:
    """The end of a command that was asked for something that cannot be meant."""
    return Stop(*sentences, code=ExitCode.WRONG_USE)


def tell(sentence: str) -> None:
    """One sentence, in one line, on stderr: stdout holds nothing but what was asked for."""
    print("tollhouse:", *sentence.split(), file=sys.stderr, flush=True)


def explained(error: Exception) -> Stop | None:
    """How the command ends after an error of ours; None for one that nobody foresaw."""
    if isinstance(error, Stop):
        return error
    sentences = tuple(_sentences(error))
    if not sentences:
        return None
    return Stop(*sentences)


def _sentences(error: Exception) -> Iterator[str]:
    """What to tell of an error; nothing for one that is not ours."""
    from ..catalogue.faults import CatalogueInvalid
    from ..core.errors import TollhouseError
    from ..ports import StoreUnavailable
    from ..settings import SettingsInvalid
    from ..store.address import StoreUrlError

    if isinstance(error, SettingsInvalid):
        yield from (f"{fault.path}: {fault.message}" for fault in error.faults)
    elif isinstance(error, CatalogueInvalid):
        yield from (f"the catalogue: {fault}" for fault in error.faults)
    elif isinstance(error, TollhouseError):
        if error.fields:
            yield from (f"{fault.path}: {fault.message}" for fault in error.fields)
        else:
            yield error.message
    elif isinstance(error, StoreUnavailable | StoreUrlError):
        yield str(error)
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        yield f"{where}{error.strerror or error}"
