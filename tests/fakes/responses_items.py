"""A response that thinks, speaks and calls, in the order in which models do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fakes import response_items
from fakes.answers import Shape
from fakes.http_server import Call, Step
from fakes.openai_answers import ToolCall
from fakes.response_object import USAGE

CIPHER = response_items.CIPHER


@dataclass(frozen=True, slots=True)
class Items:
    """A response with what is given."""

    text: str | None = "Hello there, how can I help?"
    thought: str | None = None
    """The summary of the thoughts; their cipher is ``CIPHER``."""
    calls: Sequence[ToolCall] = ()
    words: int = 5
    usage: Mapping[str, Any] = field(default_factory=lambda: dict(USAGE))
    shape: Shape = field(default_factory=Shape)

    def __call__(self, call: Call) -> Iterator[Step]:
        """Answer a call."""
        return response_items.Items(self.items(), self.words, self.usage, shape=self.shape)(call)

    def items(self) -> list[response_items.Item]:
        """The output."""
        made = [] if self.thought is None else [response_items.thought(self.thought, "rs_fake")]
        if self.text is not None:
            made.append(response_items.message(self.text, "msg_fake"))
        made += [response_items.call(one.id, one.name, one.arguments) for one in self.calls]
        return made
