"""Whole answers in OpenAI's dialect: told from things that only look like one, and completed."""

import msgspec

from ...core.needs import Endpoint, ModelType
from ..json_object import NOT_JSON, Fields, raw, read_object, write_body, write_object
from ..neutral.answer import NotAnAnswer

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
_string: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_NULL = msgspec.Raw(b"null")
_ERROR = msgspec.Raw(b'"error"')
_NO_ERROR = (b"null", b'""', b"{}", b"[]", b"false")
_NO_USAGE = (b"null", b"{}")
MODEL_FIELD = frozenset(
    {Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.RESPONSES, Endpoint.EMBEDDINGS}
)
"""Endpoints whose answers always name a model."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An answer with its fields still raw."""

    fields: Fields
    endpoint: Endpoint

    @property
    def usage(self) -> bytes | None:
        """The usage object as the provider wrote it."""
        return usage_in(self.fields)

    @property
    def service_tier(self) -> str | None:
        """The processing tier that the provider says it used."""
        return string_field(self.fields, "service_tier")

    @property
    def content_bytes(self) -> int:
        """Roughly how much text the answer holds, for an estimate."""
        content = self.fields.get("choices", self.fields.get("output", self.fields.get("text")))
        return 0 if content is None else len(content)

    @property
    def images(self) -> int:
        """How many images it holds."""
        if self.endpoint.model_type is not ModelType.IMAGE_GENERATION:
            return 0
        try:
            return len(msgspec.json.decode(self.fields["data"], type=list[msgspec.Raw]))
        except (KeyError, *NOT_JSON):
            return 0

    @property
    def seconds(self) -> bytes | None:
        """The length of the audio as the provider wrote it, where a transcript tells it."""
        duration = self.fields.get("duration")
        return bytes(duration) if duration is not None else None

    def write(
        self,
        endpoint: Endpoint,
        model: str,
        usage: bytes,
        *,
        instructions: msgspec.Raw | None = None,
    ) -> bytes:
        """The client's body: the served model's id, the completed usage, all else as it was.

        ``instructions`` are the client's own, where the provider repeats others.
        """
        fields = dict(self.fields)
        if instructions is not None and "instructions" in fields:
            fields["instructions"] = instructions
        if "model" in fields or endpoint in MODEL_FIELD:
            fields["model"] = raw(model)
        fields["usage"] = msgspec.Raw(usage)
        return write_body(fields)


def read_answer(body: bytes, endpoint: Endpoint) -> Answer | NotAnAnswer:
    """Tell an answer from an error in a 200, ``null``, HTML and cut-off JSON."""
    fields = read_object(body)
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    error = error_in(fields)
    if error is not None:
        return NotAnAnswer(error, "the body is an error")
    required = _REQUIRED.get(endpoint) or tuple(fields)
    for name in required:
        if fields.get(name, _NULL) != _NULL:
            return Answer(fields, endpoint)
    return NotAnAnswer(None, f"the body has no {required[0] if required else 'fields'}")


def error_in(fields: Fields) -> bytes | None:
    """The error that an object carries or is, as raw JSON, or None."""
    error = fields.get("error")
    if error is not None and bytes(error) not in _NO_ERROR:
        return bytes(error)
    if fields.get("object") == _ERROR:
        return write_object(fields)
    return None


def usage_in(fields: Fields) -> bytes | None:
    """The usage that an object tells, as raw JSON; an empty one tells nothing."""
    usage = fields.get("usage")
    if usage is None:
        return None
    told = bytes(usage)
    return None if told in _NO_USAGE else told


def string_field(fields: Fields, name: str) -> str | None:
    """A string field, or None if it is absent or something else."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        return _string.decode(value)
    except NOT_JSON:
        return None
