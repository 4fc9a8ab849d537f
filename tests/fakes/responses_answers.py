"""Sound answers of OpenAI's responses API that say something: whole, and as its typed events."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fakes.answers import Shape
from fakes.http_server import Call, Step
from fakes.response_items import Items, message
from fakes.response_object import USAGE


@dataclass(frozen=True, slots=True)
class Responses:
    """A response, whole or streamed as the request asks; ``outcome`` is its last status."""

    text: str = "Hello there, how can I help?"
    words: int = 5
    usage: Any = field(default_factory=lambda: dict(USAGE))
    outcome: str = "completed"
    """``completed``, ``incomplete`` or ``failed``."""
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        said = [message(self.text, "msg_fake")]
        return Items(said, self.words, self.usage, self.outcome, self.shape)(call)
