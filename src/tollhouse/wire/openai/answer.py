"""Whole answers in OpenAI's dialect: told from things that only look like one, and completed."""

from dataclasses import dataclass

import msgspec

from ...core.needs import Endpoint
from ..json_object import Fields, raw, read_object, write_object

# What an answer must have to be one; transcripts have their text, and other shapes vary by host.
_REQUIRED: dict[Endpoint, tuple[str, ...]] = {
    Endpoint.CHAT: ("choices",),
    Endpoint.COMPLETIONS: ("choices",),
    Endpoint.RESPONSES: ("output", "status"),
    Endpoint.EMBEDDINGS: ("data", "embeddings"),
    Endpoint.IMAGES_GENERATIONS: ("data",),
    Endpoint.IMAGES_EDITS: ("data",),
    Endpoint.IMAGES_VARIATIONS: ("data",),
    Endpoint.TRANSCRIPTIONS: ("text",),
    Endpoint.TRANSLATIONS: ("text",),
    Endpoint.RERANK: ("results", "data"),
    Endpoint.MODERATIONS: ("results",),
}
_EMPTY = frozenset({b"null", b"", b'""', b"{}", b"[]", b"false"})
MODEL_FIELD = frozenset(
    {Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES, Endpoint.EMBEDDINGS}
)
"""Endpoints whose answers always name a model."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its fields still raw."""

    fields: Fields

    @property
    def usage(self) -> bytes | None:
        """The usage object as the provider wrote it."""
        usage = self.fields.get("usage")
        return bytes(usage) if usage is not None and bytes(usage) != b"null" else None

    @property
    def service_tier(self) -> str | None:
        """The processing tier that the provider says it used."""
        return string_field(self.fields, "service_tier")

    @property
    def content_bytes(self) -> int:
        """Roughly how much the answer holds, for an estimate."""
        return max((len(memoryview(value)) for value in self.fields.values()), default=0)

    @property
    def images(self) -> int:
        """How many images ``data`` holds."""
        try:
            return len(msgspec.json.decode(self.fields["data"], type=list[msgspec.Raw]))
        except (KeyError, msgspec.DecodeError):
            return 0

    @property
    def seconds(self) -> bytes | None:
        """The length of the audio as the provider wrote it, where a transcript tells it."""
        duration = self.fields.get("duration")
        return bytes(duration) if duration is not None else None

    def write(self, endpoint: Endpoint, model: str, usage: bytes) -> bytes:
        """The client's body: the served model's id, the completed usage, all else as it was."""
        fields = dict(self.fields)
        if "model" in fields or endpoint in MODEL_FIELD:
            fields["model"] = raw(model)
        fields["usage"] = msgspec.Raw(usage)
        return write_object(fields)


@dataclass(frozen=True, slots=True)
class NotAnAnswer:
    """A 200 that is none: ``error`` is the provider's error object, where it sent one."""

    error: bytes | None
    reason: str


def read_answer(body: bytes, endpoint: Endpoint) -> Answer | NotAnAnswer:
    """Tell an answer from an error in a 200, ``null``, HTML and cut-off JSON."""
    fields = read_object(body)
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    error = error_in(fields)
    if error is not None:
        return NotAnAnswer(error, "the body is an error")
    required = _REQUIRED.get(endpoint, ())
    if required and not any(bytes(fields.get(name, b"null")) != b"null" for name in required):
        return NotAnAnswer(None, f"the body has no {required[0]}")
    return Answer(fields)


def error_in(fields: Fields) -> bytes | None:
    """The error that an object carries or is, as raw JSON, or None."""
    error = fields.get("error")
    if error is not None and bytes(error) not in _EMPTY:
        return bytes(error)
    if bytes(fields.get("object", b"")) == b'"error"':
        return write_object(fields)
    return None


def string_field(fields: Fields, name: str) -> str | None:
    """A string field, or None if it is absent or something else."""
    value = fields.get(name)
    if value is None or not bytes(value).startswith(b'"'):
        return None
    found: str = msgspec.json.decode(value, type=str)
    return found
