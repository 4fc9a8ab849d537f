"""What a request asks of a model: its endpoint, its capabilities and its size."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class ModelType(StrEnum):
    """What kind of work a model does."""

    COMPLETION = "completion"
    EMBEDDINGS = "embeddings"
    IMAGE_GENERATION = "image_generation"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    RERANK = "rerank"
    MODERATION = "moderation"


class Endpoint(StrEnum):
    """The operations of the data plane; the value is the label used in metrics and records."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    IMAGES_GENERATIONS = "images_generations"
    IMAGES_EDITS = "images_edits"
    IMAGES_VARIATIONS = "images_variations"
    SPEECH = "speech"
    TRANSCRIPTIONS = "transcriptions"
    TRANSLATIONS = "translations"
    RERANK = "rerank"
    MODERATIONS = "moderations"

    @property
    def path(self) -> str:
        """The path below ``/v1/`` at an OpenAI-compatible host."""
        return _PATHS[self]

    @property
    def model_type(self) -> ModelType:
        """The type of model that serves it."""
        return _TYPES[self]

    @property
    def multipart(self) -> bool:
        """Whether its body is ``multipart/form-data`` rather than JSON."""
        return self in _MULTIPART


_PATHS = {
    Endpoint.CHAT: "chat/completions",
    Endpoint.COMPLETIONS: "completions",
    Endpoint.RESPONSES: "responses",
    Endpoint.EMBEDDINGS: "embeddings",
    Endpoint.IMAGES_GENERATIONS: "images/generations",
    Endpoint.IMAGES_EDITS: "images/edits",
    Endpoint.IMAGES_VARIATIONS: "images/variations",
    Endpoint.SPEECH: "audio/speech",
    Endpoint.TRANSCRIPTIONS: "audio/transcriptions",
    Endpoint.TRANSLATIONS: "audio/translations",
    Endpoint.RERANK: "rerank",
    Endpoint.MODERATIONS: "moderations",
}
_TYPES = {
    Endpoint.CHAT: ModelType.COMPLETION,
    Endpoint.COMPLETIONS: ModelType.COMPLETION,
    Endpoint.RESPONSES: ModelType.COMPLETION,
    Endpoint.EMBEDDINGS: ModelType.EMBEDDINGS,
    Endpoint.IMAGES_GENERATIONS: ModelType.IMAGE_GENERATION,
    Endpoint.IMAGES_EDITS: ModelType.IMAGE_GENERATION,
    Endpoint.IMAGES_VARIATIONS: ModelType.IMAGE_GENERATION,
    Endpoint.SPEECH: ModelType.SPEECH,
    Endpoint.TRANSCRIPTIONS: ModelType.TRANSCRIPTION,
    Endpoint.TRANSLATIONS: ModelType.TRANSCRIPTION,
    Endpoint.RERANK: ModelType.RERANK,
    Endpoint.MODERATIONS: ModelType.MODERATION,
}
_MULTIPART = frozenset(
    {
        Endpoint.IMAGES_EDITS,
        Endpoint.IMAGES_VARIATIONS,
        Endpoint.TRANSCRIPTIONS,
        Endpoint.TRANSLATIONS,
    }
)


class CapabilityNeed(msgspec.Struct, frozen=True):
    """A capability the request cannot do without, and the body field that asks for it."""

    capability: str
    param: str


class Needs(msgspec.Struct, frozen=True):
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
