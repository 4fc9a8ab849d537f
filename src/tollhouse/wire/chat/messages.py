"""The messages of a client's chat body, in neutral form.

API reference: platform.openai.com/docs/api-reference/chat/create. Fields that answers have and
that clients send back with them (``annotations``, ``index``, a host's own) are skipped.
"""

from collections.abc import Callable

import msgspec

from ...core.errors import invalid
from ..client_values import read_value
from ..neutral.conversation import Message, Role
from ..neutral.parts import (
    Audio,
    Document,
    Image,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from .shapes import NULL, Call, ExtraContent, Function, Piece, Thoughts
from .thoughts import read_thoughts

CACHE_SHORT = "5m"
_REMOTE = ("http://", "https://", "gs://", "s3://")
_INSTRUCTIONS = frozenset({"system", "developer"})
_PDF = "application/pdf"
_NOTHING = frozenset({b"null", b"[]", b"{}"})


class CacheControl(msgspec.Struct, gc=False):
    """A mark behind a part or a tool, as LiteLLM and OpenRouter spell Anthropic's."""

    ttl: str | None = None

    @property
    def mark(self) -> str:
        """How long."""
        return "1h" if self.ttl == "1h" else CACHE_SHORT


class _Url(msgspec.Struct, gc=False):
    url: str
    detail: str | None = None
    format: str | None = None


class _InputAudio(msgspec.Struct, gc=False):
    data: str
    format: str


class _File(msgspec.Struct, gc=False):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None
    format: str | None = None


class _Breakpoint(msgspec.Struct, gc=False):
    ttl: str | None = None

    @property
    def mark(self) -> str:
        """Half a day is the longer mark; half an hour, which is the default, the shorter."""
        return "1h" if self.ttl == "12h" else CACHE_SHORT


class _Part(msgspec.Struct):
    type: str
    text: str | None = None
    image_url: str | _Url | None = None
    input_audio: _InputAudio | None = None
    file: _File | None = None
    refusal: str | None = None
    video_url: str | _Url | None = None
    document_url: str | None = None
    document_name: str | None = None
    thinking: str | list[Piece] | None = None
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: _Breakpoint | None = None
    """OpenAI's own mark."""
    extra_content: ExtraContent | None = None

    @property
    def cache(self) -> str | None:
        """The mark behind it, however it is spelled."""
        if self.cache_control is not None:
            return self.cache_control.mark
        breakpoint_ = self.prompt_cache_breakpoint
        return None if breakpoint_ is None else breakpoint_.mark


class _Message(Thoughts):
    role: str = ""
    content: str | list[_Part] | None = None
    name: str | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None
    function_call: Function | None = None
    refusal: str | None = None
    audio: msgspec.Raw = NULL
    images: list[_Part] | None = None
    """OpenRouter's: pictures that the assistant made."""
    cache_control: CacheControl | None = None
    prefix: bool | None = None
    """Mistral, DeepSeek; Moonshot calls it ``partial``."""
    partial: bool | None = None


_messages = msgspec.json.Decoder(list[_Message])


class MessageReader:
    """Reads all messages of one body; remembers the tools that were called."""

    def __init__(self) -> None:
        self.unknown: dict[str, msgspec.Raw] = {}
        """Fields that steer and that the neutral form has no place for, by their path."""
        self._names: dict[str, str] = {}
        """The names of the tools that were called, by call."""
        self._latest: dict[str, str] = {}
        """The last call of each name."""

    def read(self, given: msgspec.Raw | None) -> tuple[Message, ...]:
        """Read the value of ``messages``."""
        if given is None:
            raise invalid("messages is required.", "messages")
        messages = read_value(_messages, given, "messages")
        if not messages:
            raise invalid("messages is empty.", "messages")
        read = [self._message(message, f"messages[{i}]") for i, message in enumerate(messages)]
        found = tuple([message for message in read if message.parts])
        if not found:
            raise invalid("messages says nothing.", "messages")
        return found

    def _message(self, message: _Message, at: str) -> Message:
        role = message.role
        if role == "user":
            return Message(Role.USER, self._user(message, at), message.name, at)
        if role in _INSTRUCTIONS:
            return Message(Role.SYSTEM, self._instructions(message, at), message.name, at)
        if role == "assistant":
            return Message(Role.ASSISTANT, self._assistant(message, at), message.name, at)
        if role in {"tool", "function"}:
            return Message(Role.USER, (self._result(message, at),), None, at)
        known = "system, developer, user, assistant, tool or function"
        raise invalid(f"{at}.role must be {known}.", f"{at}.role")

    def _instructions(self, message: _Message, at: str) -> tuple[Part, ...]:
        parts = _marked(_content(message.content, at), message.cache_control)
        for part in parts:
            if not isinstance(part, Text):
                raise invalid(f"{at}.content must be text.", f"{at}.content")
        return parts

    def _user(self, message: _Message, at: str) -> tuple[Part, ...]:
        if message.content is None:
            raise invalid(f"{at}.content is required.", f"{at}.content")
        parts = _content(message.content, at)
        # Words that are none are still a turn of the user's.
        return _marked(parts, message.cache_control) or (Text(""),)

    def _assistant(self, message: _Message, at: str) -> tuple[Part, ...]:
        for name in ("prefix", "partial"):
            if getattr(message, name):
                self.unknown[f"{at}.{name}"] = msgspec.Raw(b"true")
        calls = message.tool_calls or []
        ids = {call.id for call in calls if call.id}
        thoughts, signatures = read_thoughts(message, ids, at)
        parts: list[Part] = [*thoughts, *_content(message.content, at)]
        if message.refusal:
            parts.append(Refusal(message.refusal))
        parts += _pieces(message.images, f"{at}.images")
        if bytes(message.audio) not in _NOTHING:
            parts.append(Opaque("audio", f"{at}.audio"))
        parts += [
            self._call(call, signatures, f"{at}.tool_calls[{i}]") for i, call in enumerate(calls)
        ]
        if message.function_call is not None:
            parts.append(self._function_call(message.function_call, at))
        return _marked(tuple(parts), message.cache_control)

    def _call(self, call: Call, signatures: dict[str, str], at: str) -> ToolCall:
        if not call.id:
            raise invalid(f"{at}.id is required.", f"{at}.id")
        signature = call.signature or signatures.get(call.id)
        if call.custom is not None:
            field, name, arguments = "custom", call.custom.name, call.custom.input or ""
        else:
            function = call.function or Function()
            field, name, arguments = "function", function.name, function.json()
        if not name:
            raise invalid(f"{at}.{field}.name is required.", f"{at}.{field}.name")
        self._names[call.id] = name
        self._latest[name] = call.id
        return ToolCall(
            call.id, name, arguments, signature=signature, custom=field == "custom", at=at
        )

    def _function_call(self, call: Function, at: str) -> ToolCall:
        """The legacy way, without an id: its result follows by the function's name."""
        path = f"{at}.function_call"
        if not call.name:
            raise invalid(f"{path}.name is required.", f"{path}.name")
        made = f"call_{len(self._names)}"
        self._names[made] = call.name
        self._latest[call.name] = made
        return ToolCall(made, call.name, call.json(), at=path)

    def _result(self, message: _Message, at: str) -> ToolResult:
        call_id = message.tool_call_id
        if message.role == "function":
            call_id = self._latest.get(message.name or "")
            if call_id is None:
                raise invalid(f"{at}.name is of no function called before.", f"{at}.name")
        if not call_id:
            raise invalid(f"{at}.tool_call_id is required.", f"{at}.tool_call_id")
        content: list[Text | Image | Document | Reasoning | Opaque] = []
        for part in _content(message.content, at):
            if isinstance(part, Text | Image | Document | Reasoning | Opaque):
                content.append(part)
            else:
                content.append(Opaque(type(part).__name__.lower(), f"{at}.content"))
        return ToolResult(
            call_id,
            tuple(content),
            name=self._names.get(call_id) or message.name,
            cache=message.cache_control.mark if message.cache_control else None,
            at=at,
        )


# --- Parts ---


def _content(content: str | list[_Part] | None, at: str) -> tuple[Part, ...]:
    """The parts of a message; words that are none are left out."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return _pieces(content, f"{at}.content")


def _pieces(pieces: list[_Part] | None, at: str) -> tuple[Part, ...]:
    parts = (_part(piece, f"{at}[{i}]") for i, piece in enumerate(pieces or ()))
    return tuple(part for part in parts if not (isinstance(part, Text) and not part.text))


def _part(part: _Part, at: str) -> Part:
    reader = _READERS.get(part.type)
    return Opaque(part.type, at) if reader is None else reader(part, at)


def _text(part: _Part, at: str) -> Part:
    if part.text is None:
        raise invalid(f"{at}.text is required.", f"{at}.text")
    return Text(part.text, part.cache)


def _image(part: _Part, at: str) -> Part:
    given = _url(part.image_url, f"{at}.image_url")
    signature = part.extra_content.signature if part.extra_content else None
    return Image(_media(given.url, given.format, at), given.detail, part.cache, at, signature)


def _video(part: _Part, at: str) -> Part:
    given = _url(part.video_url, f"{at}.video_url")
    return Video(_media(given.url, given.format, at), at)


def _audio(part: _Part, at: str) -> Part:
    given = part.input_audio
    if given is None:
        raise invalid(f"{at}.input_audio is required.", f"{at}.input_audio")
    return Audio(given.data, given.format, at)


def _document_url(part: _Part, at: str) -> Part:
    given = _url(part.document_url, f"{at}.document_url")
    return Document(_media(given.url, None, at), name=part.document_name, cache=part.cache, at=at)


def _file(part: _Part, at: str) -> Part:
    given = part.file
    if given is None or not (given.file_data or given.file_id):
        raise invalid(f"{at}.file.file_data is required.", f"{at}.file.file_data")
    data, name = given.file_data, given.filename
    if data is None and (given.file_id or "").startswith(_REMOTE):
        data = given.file_id
    if data is None:
        media = Media(given.format, file_id=given.file_id)
    elif data.startswith(("data:", *_REMOTE)):
        media = _media(data, given.format, f"{at}.file.file_data")
    else:
        is_pdf = (name or "").lower().endswith(".pdf")
        media = Media(given.format or (_PDF if is_pdf else None), data=data)
    return Document(media, name=name, cache=part.cache, at=at)


def _refusal(part: _Part, at: str) -> Part:
    if part.refusal is None:
        raise invalid(f"{at}.refusal is required.", f"{at}.refusal")
    return Refusal(part.refusal)


def _thinking(part: _Part, at: str) -> Part:
    return Reasoning(Piece(thinking=part.thinking).thought(), at=at)


_READERS: dict[str, Callable[[_Part, str], Part]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
    "refusal": _refusal,
    "video_url": _video,
    "document_url": _document_url,
    "thinking": _thinking,
}


def _url(given: str | _Url | None, at: str) -> _Url:
    if isinstance(given, str):
        given = _Url(given)
    if given is None or not given.url:
        raise invalid(f"{at} is required.", at)
    return given


def _media(url: str, media_type: str | None, at: str) -> Media:
    """A thing by URL; one that holds the thing itself is taken apart."""
    if not url[:5].lower().startswith("data:"):
        return Media(media_type, url=url)
    head, comma, data = url.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise invalid(f"{at}: a data URL must be in base64.", at)
    return Media(head[5:].split(";")[0] or media_type, data=data)


def _marked(parts: tuple[Part, ...], cache: CacheControl | None) -> tuple[Part, ...]:
    """The mark of a whole message stands behind its last part."""
    if cache is None or not parts:
        return parts
    last = parts[-1]
    if not isinstance(last, Text | Image | Document | ToolCall):
        return parts
    return (*parts[:-1], msgspec.structs.replace(last, cache=cache.mark))
