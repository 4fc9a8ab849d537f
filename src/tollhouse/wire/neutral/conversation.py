"""A request in neutral form: what is asked of a model, whichever dialect asks.

Readers make it of a client's body, writers make a target's body of it. Absent is None everywhere:
a writer says only what the client said. What a reader does not know it puts into ``unknown`` by the
path of the field, so that it is refused or told as dropped, never lost.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from ...core.dialect import Dialect
from .parts import Part, Text


class Role(StrEnum):
    """Who speaks. Results of tools are the user's."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Message(msgspec.Struct, frozen=True):
    """One turn. Several in a row may have one role; writers join them where a target wants that."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    at: str = ""


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call. ``schema`` is a JSON schema, decoded; None: no input."""

    name: str
    description: str | None = None
    schema: Mapping[str, object] | None = None
    strict: bool | None = None
    cache: str | None = None
    at: str = ""


class VendorTool(msgspec.Struct, frozen=True):
    """A tool that a vendor runs itself (web search, code execution), as it was written."""

    kind: str
    written: msgspec.Raw
    at: str = ""


class Choice(StrEnum):
    """Whether tools are called."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    NAMED = "named"


class ToolChoice(msgspec.Struct, frozen=True):
    """How tools are chosen. ``allowed`` narrows the choice to some of those given."""

    choice: Choice = Choice.AUTO
    name: str | None = None
    allowed: tuple[str, ...] = ()


class OutputFormat(msgspec.Struct, frozen=True):
    """JSON as an answer: by a schema, or any object when ``schema`` is None."""

    schema: Mapping[str, object] | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class ReasoningAsked(msgspec.Struct, frozen=True):
    """How much thinking is asked for, in the words the client used; the others are None."""

    effort: str | None = None
    """``none``, ``minimal``, ``low``, ``medium``, ``high``, ``xhigh``, ``max``."""
    budget: int | None = None
    """Tokens; 0 is none, -1 leaves it to the model."""
    adaptive: bool = False
    """The model decides (Anthropic's adaptive thinking)."""
    disabled: bool = False
    show: bool | None = None
    """Whether thoughts, or a summary of them, are wanted in the answer."""


class Sampling(msgspec.Struct, frozen=True):
    """Knobs: a target that lacks one may be allowed to do without it."""

    temperature: msgspec.Raw | None = None
    """Numbers stay as they were spelled; no target is sent 0.30000000000000004."""
    top_p: msgspec.Raw | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: msgspec.Raw | None = None
    frequency_penalty: msgspec.Raw | None = None
    logit_bias: msgspec.Raw | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    user: str | None = None
    metadata: msgspec.Raw | None = None
    prompt_cache_key: str | None = None
    store: bool | None = None


NO_SAMPLING = Sampling()


class Conversation(msgspec.Struct, frozen=True):
    """What is asked. ``dialect`` is the client's; paths in it are the client's too."""

    dialect: Dialect
    messages: tuple[Message, ...]
    stream: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool | VendorTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    output: OutputFormat | None = None
    reasoning: ReasoningAsked | None = None
    sampling: Sampling = NO_SAMPLING
    choices: int = 1
    """Answers asked for; only chat can say more than one."""
    unknown: Mapping[str, msgspec.Raw] = {}
    """Fields that the neutral form has no place for, by their path."""

    def systems(self) -> tuple[Text, ...]:
        """All instructions in order, wherever they stood: most targets take them in one place."""
        return tuple(
            part
            for message in self.messages
            if message.role is Role.SYSTEM
            for part in message.parts
            if isinstance(part, Text)
        )

    def turns(self) -> tuple[Message, ...]:
        """The messages that are not instructions, neighbours of one role joined into one turn."""
        joined: list[list[Message]] = []
        for message in self.messages:
            if message.role is Role.SYSTEM:
                continue
            if joined and joined[-1][0].role is message.role:
                joined[-1].append(message)
            else:
                joined.append([message])
        return tuple(_one_turn(messages) for messages in joined)


def _one_turn(messages: list[Message]) -> Message:
    """Neighbours as one; all at once, for there may be as many as a body can hold."""
    if len(messages) == 1:
        return messages[0]
    parts = tuple(part for message in messages for part in message.parts)
    return msgspec.structs.replace(messages[0], parts=parts)
