"""Masks what looks like a credential in any text that is about to be written somewhere.

It is the last net: no line is written with a credential in it on purpose. A mask may hide too much
and never too little; known forms keep their first characters, to tell a reader what was there.
"""

import re

_SHAPES = re.compile(
    r"""
      \b(?P<org>iak_)[A-Za-z0-9_-]+
    | \b(?P<user>at:)[A-Za-z0-9_-]+:[A-Za-z0-9_-]{8,}
    | \b(?P<vendor>sk-|gsk_|xai-|pplx-|hf_|AIza|AKIA|gh[pous]_)[A-Za-z0-9_-]{4,}
    | \b(?P<jwt>eyJ)[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*
    | \b(?P<scheme>(?:[Bb]earer|BEARER|[Bb]asic|BASIC)[ ]+)[A-Za-z0-9._~+/=:-]+
    | (?P<userinfo>://)[^/\s@"']+(?=@)
    """,
    re.VERBOSE,
)
_NAMED = re.compile(
    r"""
    (?P<name>(?:api[-_]?key|secret|secret[-_]key|password|passwd|authorization|access[-_]token
              |[?&](?:key|token|sig|signature|code)))
    (?P<sign>\\?["']\s*[:=]\s*\\?["'] | \s*[:=]\s*\\?["']?)
    [^\s"'&,;}\])\\]+
    """,
    re.VERBOSE | re.IGNORECASE,
)


# Looking for these first is a hundred times faster than the patterns, and nearly every line has
# none of them. Each match of a pattern holds one, in lower case.
_SHAPE_MARKS = (
    *(
        "iak_",
        "at:",
        "sk-",
        "gsk_",
        "xai-",
        "pplx-",
        "hf_",
        "aiza",
        "akia",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
    ),
    *("eyj", "bearer ", "basic ", "://"),
)
_NAME_MARKS = ("api", "secret", "passw", "authorization", "access", "?", "&")
# No mark is made of these alone.
_OF_UUIDS = b"0123456789abcdef-\n"
_ALL_MARKS = (*_SHAPE_MARKS, *_NAME_MARKS)


def redact(text: str) -> str:
    """The text with every credential-shaped part replaced by ``***``."""
    lowered = text.lower()
    for mark in _SHAPE_MARKS:
        if mark in lowered:
            text = _SHAPES.sub(_masked, text)
            break
    for mark in _NAME_MARKS:
        if mark in lowered:
            return _NAMED.sub(r"\g<name>\g<sign>***", text)
    return text


def is_plain(text: str) -> bool:
    """Whether nothing in the text so much as begins like what ``redact`` masks."""
    if not text.encode(errors="replace").translate(None, _OF_UUIDS):
        return True
    lowered = text.lower()
    return not any(map(lowered.__contains__, _ALL_MARKS))


def _masked(match: re.Match[str]) -> str:
    return f"{match[match.lastgroup]}***" if match.lastgroup else "***"
