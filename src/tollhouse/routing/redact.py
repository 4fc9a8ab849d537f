"""Making a provider's text safe to repeat: no secret, no address, no name that is not the client's.

Known secrets go first, exactly; then everything that looks like a credential, an address or an
account of ours. What looks like a secret and is none is lost, which costs a reader little. The
patterns read any text in time proportional to its length.
"""

import re
from collections.abc import Mapping, Sequence

LONGEST = 2000
"""Characters that may be repeated."""

_READ = 8 * LONGEST
"""Characters that are looked at."""

_QUOTE = 20
"""Letters and digits in a row that are taken for a quotation."""
_LEAST = 8
"""How many a text must have, to be told from chance."""

_GONE = "[redacted]"
_TRACEBACK = "Traceback (most recent call last)"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
_LETTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|\w", re.DOTALL)
"""A letter, or something written in an escape."""
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{32,}")

_PATTERNS = tuple(
    (re.compile(pattern, re.ASCII), put)
    for pattern, put in (
        # Addresses: of the provider, of hosts behind it, of people.
        (r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>]+", "[url]"),
        (r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", "[email]"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d{1,5})?", "[address]"),
        # Credentials by their scheme or their maker's prefix, whole or half masked.
        (r"(?i:\bbearer)[ :=]+[A-Za-z0-9._~+/=*:-]{8,}", _GONE),
        (r"(?i:\b(?:basic|token))[ :=]+[A-Za-z0-9._~+/=*:-]{16,}", _GONE),
        (r"\beyJ[A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_.-]+", _GONE),
        (r"\b(?:sk|pk|rk|xai|nvapi|pplx)-[A-Za-z0-9_.*-]{6,}", _GONE),
        (r"\b(?:iak|gsk|hf|r8|fw|csk|gh[pousr])_[A-Za-z0-9_.*-]{6,}", _GONE),
        (r"\bat:[A-Za-z0-9_-]{1,200}:[A-Za-z0-9_*-]+", _GONE),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}", _GONE),
        (r"\bAIza[A-Za-z0-9_-]{20,}", _GONE),
        (r"\bya29\.[A-Za-z0-9._-]{8,}", _GONE),
        (
            r"(?i:\b(?:api[-_ ]?key|secret|password|authorization))[\"']?\s?[:=]\s?[^\s,;]{6,}",
            _GONE,
        ),
        # Accounts of ours with the provider.
        (r"\b(?:org-|proj_|acct_|user-)[A-Za-z0-9]{8,}", _GONE),
        (r"\barn:aws[a-z-]*:[^\s\"'<>]+", _GONE),
        (r"\bprojects/[A-Za-z0-9:._-]+", "projects/[redacted]"),
        (r"\b[0-9a-fA-F]{32,}\b", _GONE),
    )
)


def redact(
    text: str,
    secrets: Sequence[str] = (),
    replace: Mapping[str, str] | None = None,
    *,
    unquoted: str = "",
) -> str:
    """``text`` without secrets, addresses and control characters, at most ``LONGEST`` characters.

    ``secrets`` are removed wherever they stand; ``replace`` gives for a provider's own name of a
    model the one that the client knows; of ``unquoted`` no part is left that could be recognised.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, _GONE)
    text = _CONTROL.sub(" ", text.partition(_TRACEBACK)[0])
    if len(text) > _READ:
        # The last word may be the first half of something that would have been recognised.
        text = text[:_READ].rpartition(" ")[0]
    if unquoted:
        text = _without_quotes(text, unquoted)
    names = sorted((replace or {}).items(), key=lambda pair: len(pair[0]), reverse=True)
    for index, (name, _) in enumerate(names):
        # Kept as a mark meanwhile: the client's name for it is not to be taken for a secret.
        text = _whole(name).sub(f"\x00{index}\x00", text)
    for pattern, put in _PATTERNS:
        text = pattern.sub(put, text)
    text = _RUN.sub(_opaque, text)
    for index, (_, served) in enumerate(names):
        text = text.replace(f"\x00{index}\x00", served)
    text = text.strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _without_quotes(text: str, source: str) -> str:
    """The text without what it has in common with a source over the length of a quotation.

    Letters and digits are compared, for a quotation may be escaped and have other white space.
    """
    sought, _ = _letters(source)
    length = min(_QUOTE, len(sought))
    if length < _LEAST:
        return text
    known = {sought[start : start + length] for start in range(len(sought) - length + 1)}
    letters, spans = _letters(text)
    kept: list[str] = []
    place = done = 0
    while place + length <= len(letters):
        if letters[place : place + length] not in known:
            place += 1
            continue
        kept += (text[done : spans[place][0]], _GONE)
        while letters[place : place + length] in known:
            place += 1
        done = spans[place + length - 2][1]
        place += length - 1
    return "".join([*kept, text[done:]])


def _letters(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The letters and digits of a text, in lower case, and where each stands."""
    letters: list[str] = []
    spans: list[tuple[int, int]] = []
    for found in _LETTER.finditer(text):
        letter = found[0]
        if letter[0] == "\\":
            code = letter[2:]
            letter = chr(int(code, 16)) if code else ""
        if letter.isalnum():
            letters.append(letter.lower()[0])
            spans.append(found.span())
    return "".join(letters), spans


def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-]|\.\w)")


def _opaque(found: re.Match[str]) -> str:
    """Long runs of mixed letters and digits are keys and data; words and paths are not mixed."""
    run = found[0]
    mixed = run.lower() != run and run.upper() != run and any(map(str.isdigit, run))
    return _GONE if mixed else run
