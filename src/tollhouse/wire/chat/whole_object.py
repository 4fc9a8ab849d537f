"""Tells when text that comes in pieces has become a whole JSON object.

Theory of operation. As a rule all of the text is there when it is first asked about, and is read.
Else the braces and brackets outside of strings are counted, and no piece is looked at twice,
however often it is asked: the text may be an object once as many are closed as were opened, and is
read again then. What is no object at that point will not become one.
"""

import re
from collections.abc import Sequence

import msgspec

from ..json_object import NOT_JSON

_SIGN = re.compile(r'["{}\[\]]')
_QUOTED_SIGN = re.compile(r'["\\]')
_QUOTE, _ESCAPE, _OPENING = '"', "\\", "{["
_anything = msgspec.json.Decoder(msgspec.Raw)


class WholeObject:
    """Looks at the pieces of one text."""

    __slots__ = ("_closed", "_depth", "_quoted", "_seen", "_skipped", "_whole")

    def __init__(self) -> None:
        self._seen = 0
        """Pieces that were looked at."""
        self._depth = 0
        self._quoted = False
        """Whether the next piece begins inside of a string …"""
        self._skipped = 0
        """… and how much of it belongs to an escape."""
        self._closed = False
        """Whether what was opened first is closed again."""
        self._whole = False

    def is_in(self, pieces: Sequence[str]) -> bool:
        """Whether the pieces are one; they are those of the last time, and perhaps more."""
        first, more = not self._seen, "".join(pieces[self._seen :])
        self._seen = len(pieces)
        if self._closed:
            self._whole = self._whole and not more.strip()
        elif first and _is_object(more):
            self._closed = self._whole = True
        else:
            self._count(more)
            if self._closed:
                self._whole = _is_object("".join(pieces))
        return self._whole

    def _count(self, text: str) -> None:
        place = self._skipped
        while found := (_QUOTED_SIGN if self._quoted else _SIGN).search(text, place):
            place, sign = found.end(), found[0]
            if sign == _ESCAPE:
                place += 1
            elif sign == _QUOTE:
                self._quoted = not self._quoted
            elif sign in _OPENING:
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth <= 0:
                    self._closed = True
                    return
        self._skipped = max(0, place - len(text))


def _is_object(text: str) -> bool:
    try:
        _anything.decode(text)
    except NOT_JSON:
        return False
    return text.lstrip().startswith("{")
