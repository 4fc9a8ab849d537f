"""What the generations of Gemini can be asked for, told by a model's name.

API reference: ai.google.dev/gemini-api/docs/thinking and
docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking (levels, budgets and their
bounds), ai.google.dev/gemini-api/docs/openai (what an effort stands for),
ai.google.dev/gemini-api/docs/file-input-methods (files by URL) and …/docs/media-resolution. A name
without a number, such as an alias for the latest model, is taken for one of the newest generation.
"""

import re
from enum import StrEnum

import msgspec

_GENERATION = re.compile(r"gemini-(?:[a-z]+-)*(\d+(?:\.\d+)?)")
_NEWEST = 3.7
_BUDGETS_SINCE = 2.5
_LEVELS_SINCE = 3.0
_SECOND_PRO = 3.1
"""Pro before it knows no level between low and high."""
_NEVER_MINIMAL = 3.7
"""From here on Flash cannot all but leave off thinking; Flash-Lite can."""
_RESOLUTIONS_SINCE = 2.0
_LOW, _MEDIUM, _HIGH = "LOW", "MEDIUM", "HIGH"
MINIMAL = "MINIMAL"
"""The level at which hardly anything is thought: the nearest to no thinking since Gemini 3."""
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
    is_lite: bool = False
    least: int = 0
    """Of a thinking budget, in tokens; less of it than this, but for none, is refused."""
    most: int = _MOST

    @property
    def always_thinks(self) -> bool:
        """Whether thinking cannot be turned off."""
        if self.thinks is Thinks.LEVEL:
            return MINIMAL not in self.levels
        return self.is_pro

    @property
    def levels(self) -> tuple[str, ...]:
        """How much it can be asked to think since there are levels, from the least on."""
        if self.is_pro and self.generation < _SECOND_PRO:
            return (_LOW, _HIGH)
        if self.is_pro or (self.generation >= _NEVER_MINIMAL and not self.is_lite):
            return (_LOW, _MEDIUM, _HIGH)
        return (MINIMAL, _LOW, _MEDIUM, _HIGH)

    @property
    def checks_signatures(self) -> bool:
        """Whether a call that comes back without a signature is refused."""
        return self.generation >= _LEVELS_SINCE

    @property
    def takes_media_in_results(self) -> bool:
        """Whether a tool's result may hold an image or a file."""
        return self.generation >= _LEVELS_SINCE

    @property
    def takes_call_ids_at_vertex(self) -> bool:
        """Whether Vertex takes ids of calls and of results; for older models it refuses them."""
        return self.generation >= _LEVELS_SINCE

    @property
    def takes_resolution(self) -> bool:
        """Whether it can be told how closely to look at pictures."""
        return self.generation >= _RESOLUTIONS_SINCE

    @property
    def takes_resolution_of_each(self) -> bool:
        """Whether it can be told so of each picture."""
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
    pro, lite = "-pro" in name, "-lite" in name
    if generation >= _LEVELS_SINCE:
        return Family(Thinks.LEVEL, generation, is_pro=pro, is_lite=lite)
    if "robotics" in name:
        return Family(Thinks.BUDGET, generation)
    if generation < _BUDGETS_SINCE or "-image" in name:
        return Family(Thinks.NOT, generation)
    if pro:
        return Family(Thinks.BUDGET, generation, is_pro=True, least=_LEAST_PRO, most=_MOST_PRO)
    least = _LEAST_LITE if lite else 0
    return Family(Thinks.BUDGET, generation, is_lite=lite, least=least)
