"""The turns of a conversation as Gemini's ``contents``.

API reference: ai.google.dev/api/caching#Content and ai.google.dev/gemini-api/docs/function-calling.
The results of tools stand in a turn of their own, right behind the calls. For signatures see
ai.google.dev/gemini-api/docs/thought-signatures: Gemini 3 refuses the first call of each step since
the user last spoke if it has none, and for calls that another model made there is a word that takes
the place of one.
"""

import base64
from typing import Any

import msgspec

from ...core.dialect import Vendor
from ..json_object import read_object
from ..neutral.conversation import Message, Role
from ..neutral.losses import Losses
from ..neutral.parts import (
    Audio,
    Document,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from .family import Family
from .media import Host, sound
from .resolution import Resolutions

UNSIGNED = "skip_thought_signature_validator"
"""In place of a signature, for a call that Gemini did not make."""
_MODEL, _USER, _RESULTS = "model", "user", "results"


class Turns:
    """Messages in, contents out."""

    def __init__(self, family: Family, host: Host, losses: Losses) -> None:
        self._family = family
        self._host = host
        self._losses = losses
        self._contents: list[tuple[str, list[dict[str, Any]]]] = []
        self._beside: list[dict[str, Any]] = []
        """What came with results and has to stand behind all of them."""
        self._signature: str | None = None
        """Of the next text of this turn, which may be of another message."""
        self._resolutions = Resolutions(family)

    def add(self, message: Message) -> None:
        """One message; instructions have a place of their own."""
        if message.name is not None:
            self._losses.knob(f"{message.at}.name")
        if message.role is Role.SYSTEM:
            for part in message.parts:
                if not isinstance(part, Text):
                    raise self._losses.essential(message.at, "instructions that are not text")
            return
        speaker = _MODEL if message.role is Role.ASSISTANT else _USER
        for part in message.parts:
            self._part(speaker, part)

    def contents(self) -> list[dict[str, Any]]:
        """All of them."""
        self._flush_signature()
        self._flush_beside()
        if self._family.checks_signatures:
            self._sign()
        if self._host.vertex and not self._family.takes_call_ids_at_vertex:
            self._forget_ids()
        return [
            {"role": _MODEL if speaker == _MODEL else _USER, "parts": parts}
            for speaker, parts in self._contents
        ]

    def resolution(self) -> dict[str, Any]:
        """What the ``generationConfig`` says of their media; parts may say it themselves."""
        return self._resolutions.settle()

    def _put(self, speaker: str, part: dict[str, Any]) -> None:
        if speaker != _MODEL:
            self._flush_signature()
        if speaker != _RESULTS:
            self._flush_beside()
        if not self._contents or self._contents[-1][0] != speaker:
            self._contents.append((speaker, []))
        self._contents[-1][1].append(part)

    def _flush_beside(self) -> None:
        beside, self._beside = self._beside, []
        for part in beside:
            self._put(_USER, part)

    def _part(self, speaker: str, part: Part) -> None:
        match part:
            case Text() | Refusal():
                self._text(speaker, part.text)
            case Reasoning():
                self._thought(part)
            case ToolCall():
                self._call(part)
            case ToolResult():
                self._put(_RESULTS, self._result(part))
            case Audio():
                self._put(speaker, sound(part))
            case Opaque():
                raise self._losses.essential(part.at, f"a part of the type {part.kind}")
            case Image() | Document() | Video():
                self._show(speaker, part)

    def _show(self, speaker: str, part: Image | Document | Video) -> None:
        for written in self._file(part):
            self._put(speaker, written)
            if speaker != _MODEL:
                self._look(part, written)
            elif isinstance(part, Image) and part.signature:
                written["thoughtSignature"] = part.signature

    # --- What the model said ---

    def _text(self, speaker: str, text: str) -> None:
        if not text:
            return
        written: dict[str, Any] = {"text": text}
        if speaker == _MODEL and self._signature is not None:
            written["thoughtSignature"] = self._signature
            self._signature = None
        self._put(speaker, written)

    def _thought(self, thought: Reasoning) -> None:
        """Only Google's own go back. A signature belongs to the text beside it."""
        if thought.vendor is not Vendor.GOOGLE:
            return
        if thought.text:
            self._put(_MODEL, {"text": thought.text, "thought": True})
        signature = thought.signature or thought.hidden
        if not signature:
            return
        last = self._last_of_model()
        if (
            last is not None
            and "text" in last
            and not last.keys() & {"thought", "thoughtSignature"}
        ):
            last["thoughtSignature"] = signature
            return
        self._flush_signature()
        self._signature = signature

    def _last_of_model(self) -> dict[str, Any] | None:
        if not self._contents or self._contents[-1][0] != _MODEL:
            return None
        return self._contents[-1][1][-1]

    def _flush_signature(self) -> None:
        signature, self._signature = self._signature, None
        if signature is not None:
            self._put(_MODEL, {"text": "", "thoughtSignature": signature})

    def _call(self, call: ToolCall) -> None:
        if call.custom:
            raise self._losses.essential(call.at, "a call of a tool that takes free text")
        arguments = call.arguments.strip() or "{}"
        if read_object(arguments.encode()) is None:
            raise self._losses.essential(call.at, "a call whose arguments are not a JSON object")
        self._flush_signature()
        written: dict[str, Any] = {
            "functionCall": {
                "id": call.id,
                "name": call.name,
                "args": msgspec.Raw(arguments.encode()),
            }
        }
        if call.signature:
            written["thoughtSignature"] = call.signature
        self._put(_MODEL, written)

    def _sign(self) -> None:
        """The word for unsigned calls, where one would be missed."""
        for speaker, parts in reversed(self._contents):
            if speaker == _USER:
                return
            first = next((part for part in parts if "functionCall" in part), None)
            if first is not None:
                first.setdefault("thoughtSignature", UNSIGNED)

    def _forget_ids(self) -> None:
        """Calls and results without ids: each result has the place of its call."""
        called: dict[str, int] = {}
        for speaker, parts in self._contents:
            if speaker == _MODEL:
                calls = [part["functionCall"] for part in parts if "functionCall" in part]
                called = {call.pop("id"): place for place, call in enumerate(calls)}
            elif speaker == _RESULTS:
                results = [part["functionResponse"] for part in parts]
                parts.sort(key=lambda part: called.get(part["functionResponse"]["id"], len(called)))
                for result in results:
                    del result["id"]

    # --- What it was given ---

    def _result(self, result: ToolResult) -> dict[str, Any]:
        if result.name is None:
            raise self._losses.essential(result.at, "a tool's result without its call")
        texts: list[str] = []
        media: list[dict[str, Any]] = []
        for part in result.content:
            match part:
                case Text():
                    texts.append(part.text)
                case Image() | Document():
                    self._file_of_result(part, texts, media)
                case Opaque():
                    raise self._losses.essential(part.at, f"a part of the type {part.kind}")
        said = {"error" if result.is_error else "output": "\n".join(texts)}
        written: dict[str, Any] = {"id": result.call_id, "name": result.name, "response": said}
        if media:
            written["parts"] = media
        return {"functionResponse": written}

    def _file_of_result(
        self, part: Image | Document, texts: list[str], media: list[dict[str, Any]]
    ) -> None:
        """In the result where that is possible, else right behind the results."""
        if isinstance(part, Document) and part.text is not None:
            texts += [text for text in (part.context, part.text) if text]
            return
        for written in self._file(part):
            if "text" in written:
                texts.append(written["text"])
            elif "inlineData" in written and self._family.takes_media_in_results:
                media.append(written)
                self._look(part, None)
            else:
                self._beside.append(written)
                self._look(part, written)

    def _look(self, part: Image | Document | Video, written: dict[str, Any] | None) -> None:
        self._resolutions.add(written, part.detail if isinstance(part, Image) else None)

    def _file(self, part: Image | Document | Video) -> list[dict[str, Any]]:
        if not isinstance(part, Document):
            what = "an image" if isinstance(part, Image) else "a film"
            return [self._host.part(part.media, part.at, what, self._losses)]
        if part.cited:
            self._losses.knob(f"{part.at}.citations")
        if part.text is None:
            written = self._host.part(part.media, part.at, "a file", self._losses)
        else:
            data = base64.b64encode(part.text.encode()).decode()
            written = {"inlineData": {"mimeType": "text/plain", "data": data}}
        return [{"text": part.context}, written] if part.context else [written]
