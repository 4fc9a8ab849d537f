"""What the generations of Gemini can be asked for, told by a model's name.

API reference: ai.google.dev/gemini-api/docs/thinking (levels, budgets and their bounds),
ai.google.dev/gemini-api/docs/openai (what an effort stands for) and
ai.google.dev/gemini-api/docs/file-input-methods (files by URL). A name without a number, such as an
alias for the latest model, is taken for one of the newest generation.
"""

import re
from enum import StrEnum

import msgspec

_GENERATION = re.compile(r"gemini-(?:[a-z]+-)*(\d+(?:\.\d+)?)")
_NEWEST = 3.0
_BUDGETS_SINCE = 2.5
_LEVELS_SINCE = 3.0
_LEAST_LITE, _LEAST_PRO = 512, 128
_MOST, _MOST_PRO = 24_576, 32_768


class Thinks(StrEnum):
    """How thinking is asked for."""

    NOT = "not"
    BUDGET = "budget"
    LEVEL = "level"


class Family(msgspec.Struct, frozen=True):
    """What is known of a model by its name."""

    thinks: Thinks
    generation: float
    is_pro: bool = False
    least: int = 0
    """Of a thinking budget, in tokens; less of it than this, but for none, is refused."""
    most: int = _MOST

    @property
    def always_thinks(self) -> bool:
        """Whether thinking cannot be turned off."""
        return self.is_pro

    @property
    def checks_signatures(self) -> bool:
        """Whether a call that comes back without a signature is refused."""
        return self.generation >= _LEVELS_SINCE

    @property
    def takes_media_in_results(self) -> bool:
        """Whether a tool's result may hold an image or a file."""
        return self.generation >= _LEVELS_SINCE

    @property
    def fetches_urls(self) -> bool:
        """Whether Google's own API fetches a file from any public URL."""
        return self.generation >= _BUDGETS_SINCE


def family_of(model: str) -> Family:
    """A model's family; the name may stand behind a publisher's path."""
    name = model.lower().rsplit("/", 1)[-1]
    if "gemini" not in name:
        return Family(Thinks.NOT, 0)
    found = _GENERATION.search(name)
    generation = float(found[1]) if found else _NEWEST
    pro = "-pro" in name
    if generation >= _LEVELS_SINCE:
        return Family(Thinks.LEVEL, generation, is_pro=pro)
    if "robotics" in name:
        return Family(Thinks.BUDGET, generation)
    if generation < _BUDGETS_SINCE or "-image" in name:
        return Family(Thinks.NOT, generation)
    if pro:
        return Family(Thinks.BUDGET, generation, is_pro=True, least=_LEAST_PRO, most=_MOST_PRO)
    least = _LEAST_LITE if "-lite" in name else 0
    return Family(Thinks.BUDGET, generation, least=least)
