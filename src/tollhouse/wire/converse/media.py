"""Pictures, documents, films and sound as blocks of Converse.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html.
Bedrock takes data, and objects in S3 by their URI; it fetches nothing else, and neither does the
gateway.
"""

import base64
import re
from typing import Any

from ..neutral.losses import Losses
from ..neutral.parts import Audio, Document, Image, Media, Video

_IMAGES = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_IMAGES_BY_DATA = {"iVBORw0KGgo": "png", "/9j/": "jpeg", "R0lGOD": "gif", "UklGR": "webp"}
"""How the formats begin, in base64."""
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/json": "txt",
    "application/xml": "txt",
}
_DOCUMENT_FORMATS = frozenset(_DOCUMENTS.values())
_VIDEOS = {
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/mpg": "mpg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
_EXTENSIONS = {"jpg": "jpeg", "3gp": "three_gp"}
_SOUNDS = frozenset(
    "mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm".split()  # noqa: SIM905
)
_SOUND_NAMES = {"pcm16": "pcm"}

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")
_SPACES = re.compile(r"\s+")
_LONGEST_NAME = 180
"""Of the 200 characters that Bedrock takes; a number may follow."""


class Names:
    """Names of documents as Bedrock takes them: few characters, no name twice in a request.

    They follow from the request alone, so that a prompt that was cached is found again.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}
        """How often a name was wanted; looking for a free one from 1 on would take ever longer."""
        self._given = 0

    def of(self, name: str | None) -> str:
        """The name of the next document."""
        self._given += 1
        plain = _SPACES.sub(" ", _NOT_IN_NAMES.sub("-", name or "")).strip()[:_LONGEST_NAME]
        if not plain.strip("- "):
            plain = f"Document {self._given}"
        unique, number = plain, self._numbers.get(plain, 1)
        while unique.casefold() in self._taken:
            number += 1
            unique = f"{plain} ({number})"
        self._numbers[plain] = number
        self._taken.add(unique.casefold())
        return unique


def image_block(image: Image, losses: Losses) -> dict[str, Any]:
    """A picture."""
    media = image.media
    source = _source(media, image.at, "an image", losses)
    kind = _IMAGES.get(media.media_type or "")
    if kind is None and media.media_type in {None, "", "image/*", "application/octet-stream"}:
        kind = _by_data(media) or _by_extension(media.url, frozenset(_IMAGES.values()))
    if kind is None:
        raise losses.essential(image.at, _of_type("an image", media))
    return {"image": {"format": kind, "source": source}}


def document_block(document: Document, names: Names, losses: Losses) -> dict[str, Any]:
    """A file to be read."""
    media, text = document.media, document.text
    kind = _DOCUMENTS.get((media.media_type or "").partition(";")[0].strip().lower())
    if kind is None:
        kind = _by_extension(document.name or media.url, _DOCUMENT_FORMATS)
    if kind is None and (text is not None or (media.media_type or "").startswith("text/")):
        kind = "txt"
    if kind is None:
        raise losses.essential(document.at, _of_type("a document", media))
    block: dict[str, Any] = {"format": kind, "name": names.of(document.name)}
    if text is None:
        block["source"] = _source(media, document.at, "a document", losses)
    elif document.cited:
        block["source"] = {"text": text}  # positions in it are what citations tell
    else:
        block["source"] = {"bytes": base64.b64encode(text.encode()).decode()}
    if document.context:
        block["context"] = document.context
    if document.cited:
        block["citations"] = {"enabled": True}
    return {"document": block}


def video_block(video: Video, losses: Losses) -> dict[str, Any]:
    """A film."""
    media = video.media
    source = _source(media, video.at, "a video", losses)
    kind = _VIDEOS.get(media.media_type or "")
    if kind is None and not media.media_type:
        kind = _by_extension(media.url, frozenset(_VIDEOS.values()))
    if kind is None:
        raise losses.essential(video.at, _of_type("a video", media))
    return {"video": {"format": kind, "source": source}}


def audio_block(audio: Audio, losses: Losses) -> dict[str, Any]:
    """Sound."""
    kind = _SOUND_NAMES.get(audio.format, audio.format)
    if kind not in _SOUNDS:
        raise losses.essential(audio.at, f"audio in the format {audio.format}")
    return {"audio": {"format": kind, "source": {"bytes": audio.data}}}


def _source(media: Media, at: str, what: str, losses: Losses) -> dict[str, Any]:
    if media.data is not None:
        return {"bytes": media.data}
    if media.url is not None and media.url.startswith("s3://"):
        return {"s3Location": {"uri": media.url}}
    if media.url is not None:
        raise losses.essential(at, f"{what} by URL")
    raise losses.essential(at, f"{what} uploaded to another vendor")


def _by_data(media: Media) -> str | None:
    data = media.data or ""
    return next((kind for start, kind in _IMAGES_BY_DATA.items() if data.startswith(start)), None)


def _by_extension(name: str | None, formats: frozenset[str]) -> str | None:
    extension = (name or "").rpartition(".")[2].lower()
    kind = _EXTENSIONS.get(extension, extension)
    return kind if kind in formats else None


def _of_type(what: str, media: Media) -> str:
    return f"{what} of the type {media.media_type}" if media.media_type else f"{what} of no type"
