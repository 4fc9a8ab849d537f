"""Pictures and files as responses spell them: a URL, a data URL or the id of an upload.

Reference: platform.openai.com/docs/api-reference/responses/create (``input_image``,
``input_file``).
"""

import re

from ...core.errors import invalid
from ..neutral.parts import Media

_DATA = "data:"
_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),(.*)", re.DOTALL)
_PDF = "application/pdf"


def media_of_url(url: str, at: str) -> Media:
    """The media that a URL names or, as a data URL, holds."""
    if url[: len(_DATA)].lower() != _DATA:
        return Media(url=url)
    found = _DATA_URL.fullmatch(f"{_DATA}{url[len(_DATA) :]}")
    if found is None or not found[2].lower().endswith(";base64"):
        raise invalid(f"{at} must be a URL, or a data URL in base64.", at)
    return Media(media_type=found[1].lower() or None, data=found[3])


def media_of_file(data: str, name: str | None, at: str) -> Media:
    """The media of ``file_data``: a data URL, or bare base64 whose type only the name tells."""
    if data[: len(_DATA)].lower() == _DATA:
        return media_of_url(data, at)
    pdf = name is not None and name.lower().endswith(".pdf")
    return Media(media_type=_PDF if pdf else None, data=data)


def url_of(media: Media, otherwise: str) -> str | None:
    """The URL, or the data as a data URL; ``otherwise`` is the type where none is told."""
    if media.data is not None:
        return f"data:{media.media_type or otherwise};base64,{media.data}"
    return media.url
