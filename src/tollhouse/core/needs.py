"""What a request asks of a model: its endpoint, its capabilities and its size."""

from collections.abc import Sequence
from typing import Self

import msgspec

from .label import Label

_FORM = "form"


class ModelType(Label):
    """What kind of work a model does."""

    COMPLETION = "completion"
    EMBEDDINGS = "embeddings"
    IMAGE_GENERATION = "image_generation"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    RERANK = "rerank"
    MODERATION = "moderation"


class Endpoint(Label):
    """The operations of the data plane; the value is the label used in metrics and records."""

    path: str
    """The path below ``/v1/``, here and at a host that speaks the same protocol."""
    model_type: ModelType
    """The type of model that serves it."""
    multipart: bool
    """Whether its body is ``multipart/form-data`` rather than JSON."""

    def __new__(cls, label: str, path: str, model_type: ModelType, body: str = "json") -> Self:
        """Make a member of a row of the table below."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.path = path
        member.model_type = model_type
        member.multipart = body == _FORM
        return member

    CHAT = "chat", "chat/completions", ModelType.COMPLETION
    COMPLETIONS = "completions", "completions", ModelType.COMPLETION
    RESPONSES = "responses", "responses", ModelType.COMPLETION
    MESSAGES = "messages", "messages", ModelType.COMPLETION
    COUNT_TOKENS = "count_tokens", "messages/count_tokens", ModelType.COMPLETION
    EMBEDDINGS = "embeddings", "embeddings", ModelType.EMBEDDINGS
    IMAGES_GENERATIONS = "images_generations", "images/generations", ModelType.IMAGE_GENERATION
    IMAGES_EDITS = "images_edits", "images/edits", ModelType.IMAGE_GENERATION, _FORM
    IMAGES_VARIATIONS = "images_variations", "images/variations", ModelType.IMAGE_GENERATION, _FORM
    SPEECH = "speech", "audio/speech", ModelType.SPEECH
    TRANSCRIPTIONS = "transcriptions", "audio/transcriptions", ModelType.TRANSCRIPTION, _FORM
    TRANSLATIONS = "translations", "audio/translations", ModelType.TRANSCRIPTION, _FORM
    RERANK = "rerank", "rerank", ModelType.RERANK
    MODERATIONS = "moderations", "moderations", ModelType.MODERATION


def endpoint_named(label: str) -> Endpoint | None:
    """The endpoint of this label."""
    return _BY_LABEL.get(label)


_BY_LABEL = {endpoint.value: endpoint for endpoint in Endpoint}


class CapabilityNeed(msgspec.Struct, frozen=True, gc=False):
    """A capability the request cannot do without, and the body field that asks for it."""

    capability: str
    param: str


class Needs(msgspec.Struct, frozen=True, gc=False):
    """What the gate must know of a request. ``endpoint`` is None when a model is only looked up."""

    endpoint: Endpoint | None = None
    capabilities: tuple[CapabilityNeed, ...] = ()
    max_tokens: int | None = None
    """The largest output the request asks for."""
    max_tokens_param: str = "max_tokens"
    """The body field that asks for it."""
    dimensions: int | None = None
    input_bytes: int = 0
    """Size of the text in the input, an upper bound of twice its words."""
    texts: Sequence[str] = ()
    """The texts, by reference, for counting words when the bound says it could matter."""
    token_count: int = 0
    """Tokens given as numbers (embeddings and completions accept them)."""

    def input_floor(self) -> int:
        """A count of tokens that no tokenizer can undercut: words never share a token."""
        return self.token_count + sum(len(text.split()) for text in self.texts)
