"""Sound bytes made unsound: mutations of JSON, and of bytes whatever they are.

Most mutations keep the structure, for a reader that stops at the first byte shows little: a value
becomes one of another type, a field is lost, doubled, renamed or moved, a piece of another seed
comes in, something is nested deeply or is as long as nothing sensible. The rest is done to bytes.
"""

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Any

_TOKEN = re.compile(rb'"@@(\d+)@@"')
_TWICE = re.compile(rb'@@[a-z]+(?=":)')
_NEEDED = frozenset({"model", "max_tokens", "messages", "input", "role", "content", "type"})
_PART = 0.05
"""Of the odd values those that are broken, and those that are large."""
_LONGEST, _MOST = 400, 10
"""Characters of a string and entries of a list that a seed keeps."""


def _nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * depth + closing * depth


ODD: tuple[bytes, ...] = (
    *(b"null", b"true", b"false", b"0", b"-0", b"-1", b"1", b"2", b"1.0", b"1.5", b"-0.0", b"1e2"),
    *(b"1e400", b"-1E400", b"1e-400", b"1e308", b"2147483648", b"9223372036854775808"),
    *(b"-9223372036854775809", b"18446744073709551616", b"1" + b"0" * 30, b"0.1", b"1e-7"),
    *(b'""', b'" "', b'"a"', b'"null"', b'"{"', b'"}"', b'"[]"', b'"{}"', b'"\\u0000"', b'"\\n"'),
    *(b'"\\ud83d\\ude00"', b'"\\ufeff"', '"\u2028\x85ﬁ🙂"'.encode(), '"²"'.encode()),
    *(b'"\\r\\n\\r\\ndata: x\\n\\n"', b'"data:image/png;base64,AAAA"', b'"data:,"', b'"https://a"'),
    *(b'"tollhouse:google:call:%zz:x"', b'"tollhouse:openai:hidden:x"', b'"tollhouse:::"'),
    *(b"[]", b"{}", b"[null]", b"[[]]", b"[{}]", b'{"":null}', b'{"type":null}', b'{"type":"x"}'),
    *(
        b'[""]',
        b"[0,1]",
        b'{"a":{"a":{"a":[]}}}',
        b'[{"type":"text"}]',
        b'"AAAA"',
        b'"@"',
        b"[1e5]",
    ),
)
"""What may stand in place of a value …"""
BROKEN: tuple[bytes, ...] = (
    *(
        b"NaN",
        b"-Infinity",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"True",
        b"nul",
        b"",
        b",",
        b"}",
        b'"',
        b"[1,]",
    ),
    *(
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\\x"',
        b'"\n"',
        b'"\xff"',
        b'"\xc3"',
        b'"\xed\xa0\x80"',
    ),
    *(b'"\xf4\x90\x80\x80"', b'{"a":1,}', b"/**/1", b"'a'", b"\xef\xbb\xbf1"),
)
"""… what is no JSON …"""
LARGE: tuple[bytes, ...] = (
    *(_nested(depth) for depth in (40, 150, 400, 20_000)),
    *(_nested(depth, b'{"a":', b"}").replace(b":}", b":0}", 1) for depth in (70, 480)),
    b'"' + b"x" * 70_000 + b'"',
    b'"' + b"\\u00e9" * 3000 + b'"',
    b"9" * 4400,
    b"0." + b"1" * 5000,
    b"[" + b"{}," * 3000 + b"{}]",
    b'{"properties":' * 200 + b"{}" + b"}" * 200,
    b'{"items":' * 300 + b"{}" + b"}" * 300,
)
"""… what is large …"""
EDGES: tuple[bytes, ...] = tuple(
    one
    for depth in range(900, 1004, 4)
    for one in (_nested(depth), _nested(depth, b'{"a":', b"}").replace(b":}", b":0}", 1))
)
"""… and what is as deep as decoders and encoders still go, give or take the callers' depth."""
_PLACES = ODD + BROKEN + LARGE + EDGES


class Words:
    """What else may stand somewhere: the words that readers look for, and pieces of seeds."""

    def __init__(self, words: Sequence[str], seeds: Sequence[bytes], *, edges: bool = True) -> None:
        self.edges = edges
        self.words = tuple(words) or ("type",)
        self.pieces = tuple(piece for seed in seeds for piece in _pieces_in(seed)) or ({},)


def _pieces_in(seed: bytes) -> Iterator[Any]:
    try:
        whole = json.loads(seed)
    except ValueError:
        return
    for holder, place in _places(whole):
        if isinstance(holder[place], dict | list) and holder[place]:
            yield holder[place]


def shrunk(value: Any) -> Any:
    """A value with its long strings and lists cut: small examples are many examples."""
    if isinstance(value, dict):
        return {name: shrunk(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shrunk(inner) for inner in value[:_MOST]]
    if isinstance(value, Decimal):
        return float(value)
    return value[:_LONGEST] if isinstance(value, str) else value


def thinned(dice: Random, value: Any, keep: float | None = None, depth: int = 4) -> Any:
    """A value with many of its fields and entries left out, so that not all is met at once."""
    keep = dice.choice((0.1, 0.3, 0.6, 0.9)) if keep is None else keep
    if not depth or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        kept = [one for one in value if dice.random() < keep] or value[:1]
        return [thinned(dice, one, 0.97, depth - 1) for one in kept]
    return {
        name: thinned(dice, inner, None if isinstance(inner, list) else 1.0, depth - 1)
        for name, inner in value.items()
        if name in _NEEDED or dice.random() < keep
    }


# --- JSON ---


def json_of(dice: Random, seed: bytes, words: Words) -> bytes:
    """A JSON text with a few things wrong, or other than they were."""
    try:
        whole = {"it": json.loads(seed)}
    except (ValueError, RecursionError):
        return rough(dice, seed)
    for _ in range(few(dice)):
        _change(dice, whole, words)
    if dice.random() < 0.02:
        _empty(dice, whole)
    return _written(dice, whole["it"])


def few(dice: Random) -> int:
    """How many things go wrong at once."""
    return dice.choice((0, 1, 1, 1, 1, 2, 2, 3, 5, 9))


def _places(whole: Any) -> list[tuple[Any, Any]]:
    """Every value below, as its holder and where it is in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [whole]
    while waiting:
        holder = waiting.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for place, value in pairs:
            found.append((holder, place))
            if isinstance(value, dict | list):
                waiting.append(value)
    return found


def _change(dice: Random, whole: dict[str, Any], words: Words) -> None:
    places = _places(whole)
    holder, place = dice.choice(places)
    if holder is whole and dice.random() < 0.9:
        holder, place = dice.choice(places)
    value = holder[place]
    match dice.randrange(13):
        case 0 | 1 | 2:
            holder[place] = _odd(dice, words)
        case 3:
            _lose(holder, place, whole)
        case 4:
            _double(dice, holder, place, words)
        case 5 if isinstance(holder, dict) and holder is not whole:
            holder[dice.choice(words.words)] = holder.pop(place)
        case 6 if isinstance(value, str):
            holder[place] = dice.choice(words.words)
        case 7:
            holder[place] = _copied(dice.choice(words.pieces))
        case 8:
            other, there = dice.choice(places)
            holder[place] = _copied(other[there]) if there in _keys(other) else None
        case 9:
            holder[place] = dice.choice(([value], {dice.choice(words.words): value}, [value] * 3))
        case 10 if isinstance(value, dict | list):
            _reorder(dice, value, words)
        case _:
            holder[place] = _near(dice, value, words)


def _keys(holder: Any) -> Any:
    return holder if isinstance(holder, dict) else range(len(holder))


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _odd(dice: Random, words: Words) -> str:
    """A token that stands for bytes which no encoder would write."""
    which, at = dice.random(), dice.randrange(len(ODD))
    if which < _PART:
        at = len(ODD) + dice.randrange(len(BROKEN))
    elif which < 2 * _PART:
        at = len(ODD) + len(BROKEN) + dice.randrange(len(LARGE))
    elif which < 2.5 * _PART and words.edges:
        at = len(_PLACES) - 1 - dice.randrange(len(EDGES))
    return f"@@{at}@@"


def _lose(holder: Any, place: Any, whole: dict[str, Any]) -> None:
    if holder is not whole:
        del holder[place]


def _double(dice: Random, holder: Any, place: Any, words: Words) -> None:
    """A field twice, perhaps with another value; an entry of a list several times."""
    if isinstance(holder, list):
        holder[place:place] = [_copied(holder[place])] * dice.choice((1, 1, 2, 20))
    else:
        holder[f"{place}@@{'abc'[dice.randrange(3)]}"] = dice.choice(
            (holder[place], _odd(dice, words))
        )


def _reorder(dice: Random, value: Any, words: Words) -> None:
    if isinstance(value, list):
        dice.shuffle(value)
        value.insert(dice.randint(0, len(value)), _copied(dice.choice(words.pieces)))
    else:
        value[dice.choice(words.words)] = dice.choice((_odd(dice, words), dice.choice(words.words)))


def _near(dice: Random, value: Any, words: Words) -> Any:
    """A value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return dice.choice((value - 1, value + 1, value + 10**6, value + 0.5, -1, -(10**13), 2**31))
    if isinstance(value, str):
        at = dice.randint(0, len(value))
        return dice.choice((value[:at], value[at:], value * 2, value[:at] + "é\n\0" + value[at:]))
    return _odd(dice, words)


def _empty(dice: Random, whole: dict[str, Any]) -> None:
    """Nulls everywhere."""
    for holder, place in _places(whole):
        if place in _keys(holder) and dice.random() < 0.5 and holder is not whole:
            holder[place] = None


def _written(dice: Random, value: Any) -> bytes:
    indent = 1 if dice.random() < 0.03 else None
    written = json.dumps(value, ensure_ascii=dice.random() < 0.5, indent=indent)
    coded = written.encode(errors="surrogatepass")
    coded = _TOKEN.sub(lambda found: _PLACES[int(found[1]) % len(_PLACES)], coded)
    return _TWICE.sub(b"", coded)


# --- Bytes ---


def rough(dice: Random, data: bytes) -> bytes:
    """Bytes with some flipped, lost, added, doubled, or cut off."""
    made = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 12))):
        at = dice.randint(0, len(made))
        end = min(len(made), at + dice.choice((1, 1, 2, 5, 40)))
        match dice.randrange(7):
            case 0 if at < len(made):
                made[at] ^= 1 << dice.randrange(8)
            case 1:
                del made[at:end]
            case 2:
                made[at:at] = dice.randbytes(dice.randint(1, 6))
            case 3:
                made[at:at] = dice.choice(ODD)
            case 4:
                made[at:at] = made[at:end]
            case 5:
                made[at:at] = dice.choice((b"\n\n", b"\r", b"\r\n\r\n", b"data: ", b"\0" * 16))
            case _:
                if dice.random() < 0.3:
                    del made[at:]
    return bytes(made)


def cut(dice: Random, data: bytes) -> list[bytes]:
    """Bytes as a network may bring them."""
    most = dice.choice((1, 3, 17, 200, 5000))
    if len(data) > 400 * most:
        most = len(data) // 400
    pieces: list[bytes] = []
    start = 0
    while start < len(data):
        end = start + dice.randint(0 if pieces and pieces[-1] else 1, most)
        pieces.append(data[start:end])
        start = end
    return pieces
