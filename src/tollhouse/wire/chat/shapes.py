"""The shapes of chat messages, as clients and providers write them, for typed decoding.

API reference: platform.openai.com/docs/api-reference/chat; openrouter.ai/docs for
``reasoning_details``; ai.google.dev/gemini-api/docs/openai for ``extra_content``. Fields that are
not here are skipped. What a host may spell in two ways has a union, and nothing is required that
some host leaves out.
"""

import msgspec

from ..json_object import raw, text_of

NULL = msgspec.Raw(b"null")


# --- Of a message, whoever wrote it ---


class Function(msgspec.Struct, gc=False):
    """What is called. Some hosts give the arguments as an object in place of its text."""

    name: str | None = None
    arguments: str | dict[str, msgspec.Raw] | None = None

    def json(self) -> str:
        """The arguments as JSON text; "" where there are none."""
        given = self.arguments
        if given is None or isinstance(given, str):
            return given or ""
        return text_of(raw(given))

    @property
    def says_something(self) -> bool:
        """Whether there is a name or an argument; some hosts write an empty one for no call."""
        return bool(self.name or self.arguments)


class Custom(msgspec.Struct, gc=False):
    """A call with free text."""

    name: str | None = None
    input: str | None = None


class Google(msgspec.Struct, gc=False):
    """Google's own words in its OpenAI-compatible spelling."""

    thought_signature: str | None = None


class ExtraContent(msgspec.Struct, gc=False):
    """What vendors add to a tool call; we to a picture, too."""

    google: Google | None = None

    @property
    def signature(self) -> str | None:
        """Google's, where there is one."""
        return self.google.thought_signature if self.google else None


class Call(msgspec.Struct):
    """A tool call, or a piece of one in a stream."""

    id: str | None = None
    index: int | None = None
    type: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: ExtraContent | None = None

    @property
    def signature(self) -> str | None:
        """Google's, where there is one."""
        return self.extra_content.signature if self.extra_content else None


class Detail(msgspec.Struct, gc=False):
    """One of OpenRouter's ``reasoning_details``."""

    type: str | None = None
    text: str | None = None
    summary: str | None = None
    data: str | None = None
    signature: str | None = None
    format: str | None = None
    id: str | None = None
    index: int | None = None


class ThinkingBlock(msgspec.Struct, gc=False):
    """One of LiteLLM's ``thinking_blocks``, which are Anthropic's."""

    type: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None


class Thoughts(msgspec.Struct):
    """The reasoning in a message, in all its spellings."""

    reasoning_content: str | None = None
    """DeepSeek, and most hosts of open models."""
    reasoning: str | None = None
    """OpenRouter, Groq, vLLM."""
    reasoning_details: list[Detail] | None = None
    thinking_blocks: list[ThinkingBlock] | None = None


# --- Of a provider's answer ---


class Piece(msgspec.Struct):
    """A part of an answer where the content is a list (Mistral)."""

    type: str | None = None
    text: str | None = None
    thinking: "str | list[Piece] | None" = None

    def thought(self) -> str:
        """The words of a piece of thinking."""
        given = self.thinking
        if isinstance(given, list):
            return "".join([piece.text or "" for piece in given])
        return given or ""


class UrlCitation(msgspec.Struct, gc=False):
    """A page of the web."""

    url: str | None = None
    title: str | None = None
    content: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class Annotation(msgspec.Struct):
    """A source of an answer."""

    type: str | None = None
    url_citation: UrlCitation | None = None


class Said(Thoughts):
    """A provider's message, or a piece of it in a stream."""

    content: str | list[Piece] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    annotations: list[Annotation] | None = None


class Groq(msgspec.Struct):
    """Groq's own words; its older streams tell usage nowhere else."""

    usage: msgspec.Raw = NULL
