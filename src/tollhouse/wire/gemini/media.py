"""Pictures, files, sound and films for Gemini: data in the request, or a place to fetch from.

API reference: ai.google.dev/gemini-api/docs/file-input-methods, ai.google.dev/api/caching#FileData
and cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference#filedata. Google's own
API fetches films from YouTube, its own uploads, and since Gemini 2.5 any public https URL; Vertex
fetches https and Cloud Storage, and has to be told the type.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..neutral.losses import Losses
from ..neutral.parts import Audio, Media

_BEGINNINGS: Mapping[str, str] = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi0": "application/pdf",
}
"""How the base64 of a file of each type begins."""
_ENDINGS: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "mp4": "video/mp4",
    "mov": "video/mov",
    "webm": "video/webm",
    "mpeg": "video/mpeg",
    "mp3": "audio/mp3",
    "wav": "audio/wav",
}
_SOUNDS: Mapping[str, str] = {"mpeg": "audio/mp3", "pcm16": "audio/pcm", "m4a": "audio/mp4"}
_YOUTUBE = re.compile(r"https://(?:www\.|m\.)?(?:youtube\.com|youtu\.be)/", re.IGNORECASE)
_UPLOAD = re.compile(r"https://generativelanguage\.googleapis\.com/\w+/files/", re.IGNORECASE)
_FILM = "video/mp4"


class Host:
    """Who fetches: what it can fetch from where."""

    __slots__ = ("fetches_urls", "vertex")

    def __init__(self, *, vertex: bool, fetches_urls: bool) -> None:
        self.vertex = vertex
        self.fetches_urls = fetches_urls

    def part(self, media: Media, at: str, what: str, losses: Losses) -> dict[str, Any]:
        """The part of a request for it; a refusal names what could not be said."""
        if media.data is not None:
            media_type = media.media_type or _type_of_data(media.data)
            if media_type is None:
                raise losses.essential(at, f"{what} of a type that is not told")
            return {"inlineData": {"mimeType": media_type, "data": media.data}}
        if media.url is None:
            raise losses.essential(at, f"{what} by the id of an upload elsewhere")
        if not self._can_fetch(media.url):
            raise losses.essential(at, f"{what} by such a URL")
        media_type = media.media_type or _type_of_url(media.url)
        if media_type is not None:
            return {"fileData": {"mimeType": media_type, "fileUri": media.url}}
        if self.vertex:
            raise losses.essential(at, f"{what} by a URL that does not tell its type")
        return {"fileData": {"fileUri": media.url}}

    def _can_fetch(self, url: str) -> bool:
        scheme = url.partition(":")[0].lower()
        if self.vertex:
            return scheme in {"gs", "https", "http"}
        if _YOUTUBE.match(url) or _UPLOAD.match(url):
            return True
        return scheme == "https" and self.fetches_urls


def sound(audio: Audio) -> dict[str, Any]:
    """The part of a request for sound."""
    name = audio.format.lower()
    media_type = _SOUNDS.get(name) or (name if "/" in name else f"audio/{name}")
    return {"inlineData": {"mimeType": media_type, "data": audio.data}}


def _type_of_data(data: str) -> str | None:
    for beginning, media_type in _BEGINNINGS.items():
        if data.startswith(beginning):
            return media_type
    return None


def _type_of_url(url: str) -> str | None:
    if _YOUTUBE.match(url):
        return _FILM
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return _ENDINGS.get(path.rpartition(".")[2].lower()) if "." in path else None
