"""How closely Gemini looks at pictures: OpenAI's ``detail``.

API reference: ai.google.dev/gemini-api/docs/media-resolution. It is said once for all media of a
request, and since Gemini 3 of each part. What cannot be said so is left out: it is a hint.
"""

from collections.abc import Mapping
from typing import Any

from .family import Family

_LEVELS: Mapping[str | None, str] = {
    "low": "MEDIA_RESOLUTION_LOW",
    "high": "MEDIA_RESOLUTION_HIGH",
    "original": "MEDIA_RESOLUTION_HIGH",
}
"""``auto`` is what happens anyhow."""


class Resolutions:
    """Collects the media of one request; says of them what the model can be told."""

    __slots__ = ("_family", "_media")

    def __init__(self, family: Family) -> None:
        self._family = family
        self._media: list[tuple[dict[str, Any] | None, str | None]] = []
        """Parts of the request, and what is wanted of each."""

    def add(self, part: dict[str, Any] | None, detail: str | None) -> None:
        """A picture, a file or a film; None for one within a result, of which nothing is said."""
        self._media.append((part, _LEVELS.get(detail)))

    def settle(self) -> dict[str, Any]:
        """What the ``generationConfig`` says; where it cannot say all, parts are told apart."""
        wanted = {level for _, level in self._media}
        said = wanted - {None}
        if not said or not self._family.takes_resolution:
            return {}
        if self._family.takes_resolution_of_each and len(wanted) > 1:
            for part, level in self._media:
                if part is not None and level is not None:
                    part["mediaResolution"] = {"level": level}
            return {}
        return {"mediaResolution": said.pop()} if len(said) == 1 else {}
