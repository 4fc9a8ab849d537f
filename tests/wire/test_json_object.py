"""Bodies told from what is none, and objects edited without touching their values."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.slowness import in_time
from tollhouse.core.errors import CallerError, Code
from tollhouse.wire.json_object import (
    NOT_JSON,
    owned,
    raw,
    read_object,
    read_request,
    text_of,
    write_body,
    write_object,
    write_value,
)

DEEP = b'{"model":"m","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
ESCAPED_MODEL = b'"mod\\u0065l"'

BAD = {
    "no body": (b"", "no body"),
    "blank": (b" \r\n\t", "no body"),
    "not JSON": (b"hello", "not valid JSON"),
    "a form": (b"model=m&stream=1", "not valid JSON"),
    "truncated": (b'{"model":"m"', "not valid JSON"),
    "trailing": (b'{"model":"m"} {}', "not valid JSON"),
    "trailing comma": (b'{"model":"m",}', "not valid JSON"),
    "comment": (b'{"model":"m" /* hi */}', "not valid JSON"),
    "single quotes": (b"{'model':'m'}", "not valid JSON"),
    "NaN": (b'{"model":"m","temperature":NaN}', "not valid JSON"),
    "Infinity": (b'{"model":"m","temperature":-Infinity}', "not valid JSON"),
    "leading zero": (b'{"model":"m","n":01}', "not valid JSON"),
    "raw line break in a string": (b'{"model":"m","a":"x\ny"}', "not valid JSON"),
    "bad escape": (b'{"model":"m","a":"\\x"}', "not valid JSON"),
    "half a surrogate": (b'{"model":"m","a":"\\ud800"}', "not valid JSON"),
    "byte order mark": (b'\xef\xbb\xbf{"model":"m"}', "not valid JSON"),
    "UTF-16": ('{"model":"m"}'.encode("utf-16"), "not valid UTF-8"),
    "a list": (b"[]", "must be a JSON object"),
    "a list of objects": (b'[{"model":"m"}]', "must be a JSON object"),
    "null": (b"null", "must be a JSON object"),
    "a string": (b'"model"', "must be a JSON object"),
    "a number": (b"42", "must be a JSON object"),
    "bad UTF-8 in a value": (b'{"model":"m","a":"\xff"}', "not valid UTF-8"),
    "bad UTF-8 in a name": (b'{"model":"m","\xff":1}', "not valid UTF-8"),
    "cut letter": (b'{"model":"\xe6\x97"}', "not valid UTF-8"),
    "deep": (DEEP, "nested too deeply"),
    "deep object": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
}


@pytest.mark.parametrize(("body", "message"), BAD.values(), ids=BAD)
def test_a_bad_body_is_a_400_that_says_what_is_wrong(body: bytes, message: str) -> None:
    """Every body that is no JSON object is refused, in a sentence and as a bad request."""
    with pytest.raises(CallerError, match=message) as caught:
        read_request(body)
    assert (caught.value.code, caught.value.status) == (Code.INVALID_REQUEST_ERROR, 400)


TWICE = {
    "plain": b'{"model":"a","model":"b"}',
    "apart": b'{"model":"a","x":{"model":"c"},"y":[{"model":"d"}],"model":"b"}',
    "same": b'{"model":"a","model":"a"}',
    "escaped": b'{"model":"a",' + ESCAPED_MODEL + b':"b"}',
    "escaped first": b"{" + ESCAPED_MODEL + b':"a","model":"b"}',
    "all escaped": b'{"\\u006d\\u006F\\u0064\\u0065\\u006c":"a","m\\u006fdel":"b"}',
    "null first": b'{"model":null,"model":"b"}',
    "null last": b'{"model":"b","model":null}',
    "objects": b'{"model":{},"model":"b"}',
    "thrice": b'{"model":"a","model":"b","model":"c"}',
    "spaced": b'{ "model" : "a" , "model"\n: "b" }',
    "large": b'{"model":"a","x":"' + b"A" * 100_000 + b'","model":"b"}',
    "large and escaped": b'{"x":"' + b"A" * 100_000 + b'",' + ESCAPED_MODEL + b':1,"model":"b"}',
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_model_given_twice_is_refused(body: bytes) -> None:
    """Two readers may disagree on which one counts, so none is taken, however it is spelled."""
    with pytest.raises(CallerError, match="more than once") as caught:
        read_request(body)
    assert caught.value.param == "model"


def test_a_second_model_of_a_value_that_cannot_be_read_is_refused() -> None:
    """A number beyond all bounds in the first one does not hide the second."""
    with pytest.raises(CallerError) as caught:
        read_request(b'{"model":1e999,"model":"b"}')
    assert caught.value.param == "model"


ONCE = {
    "in values": b'{"model":"a","messages":[{"content":"\\"model\\": and \\"model\\""}]}',
    "below the top level": b'{"model":"a","x":{"model":"b"},"y":[{"model":"c"},{"model":"d"}]}',
    "as a value": b'{"model":"model","x":"model","y":["model","model"]}',
    "other letters": b'{"model":"a","Model":"b","model ":"c","models":"d"}',
    "escapes elsewhere": b'{"model":"caf\\u0065","x":"\\u006d\\u006f"}',
    "escaped but once": b"{" + ESCAPED_MODEL + b':"a"}',
    "none": b'{"x":1}',
    "large and spaced": b'{ "model": "a", "x": "' + b'\\"model\\":' * 10_000 + b'" }',
}


@pytest.mark.parametrize("body", ONCE.values(), ids=ONCE)
def test_what_only_looks_like_a_second_model_is_accepted(body: bytes) -> None:
    """Only the top level's names count; text and inner objects may say model as they like."""
    assert {name: json.loads(bytes(value)) for name, value in read_request(body).items()} == (
        json.loads(body)
    )


def test_another_field_given_twice_is_the_last_one() -> None:
    """As in nearly every reader; the upstream is sent that one alone."""
    assert write_object(read_request(b'{"model":"a","n":1,"n":2}')) == b'{"model":"a","n":2}'


def test_looking_for_a_second_model_is_quick_however_the_body_is_made() -> None:
    """A body made to be slow to look through is looked through at the speed of its reading."""
    body = b'{"model":"a","x":{"model":1},"y":[' + b"[]," * 1_000_000 + b"[]]}"
    began = time.perf_counter()
    read_request(body)
    in_time(time.perf_counter() - began, 2)


UNTOUCHED = [
    "9007199254740993",
    "2.50",
    "1e400",
    "-0.0",
    "1E+2",
    "1" * 400,
    '"\\u00e9\\/\\u0041"',
    '"日本🙂\u2028"',
    '{"b":1,"a":[1,2.50,{}],"b":2}',
    "[ 1 ,\n2 ]",
    "null",
    "true",
    '{"foo":{"bar":[1,2.50]}}',
]


@pytest.mark.parametrize("value", UNTOUCHED)
def test_H01_values_keep_their_spelling(value: str) -> None:
    """Numbers, escapes, white space and doubled names inside a value survive byte for byte."""
    body = f'{{"model":"m","unknown":{value}}}'.encode()
    fields = read_request(body)
    fields["model"] = raw("other")
    assert write_object(fields) == f'{{"model":"other","unknown":{value}}}'.encode()


def test_H01_names_keep_their_order() -> None:
    """Fields are written in the order in which they came."""
    body = b'{"z":1,"model":"m","a":2,"\xc3\xa9":3}'
    assert write_object(read_request(body)) == body


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=6), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_object_survives(value: dict[str, Any], ascii_only: bool, compact: bool) -> None:  # noqa: FBT001 - drawn
    """Reading and writing gives the same object, and a compact one byte for byte."""
    separators = (",", ":") if compact else None
    body = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    if any("\ud800" <= letter <= "\udfff" for letter in json.dumps(value, ensure_ascii=False)):
        return
    fields = read_request(body.encode())
    assert json.loads(write_object(fields)) == value
    assert all(bytes(part).decode() in body for part in fields.values())
    if compact and not ascii_only:
        assert write_object(fields).decode() == body


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_no_bytes_but_an_object_are_an_answer(data: bytes) -> None:
    """Anything at all can be looked at without an exception."""
    fields = read_object(data)
    assert fields is None or isinstance(json.loads(data), dict)


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"1", b'{"\xff":1}', b"<html>", DEEP])
def test_what_is_no_object_has_no_fields(data: bytes) -> None:
    """A provider's answer that is no object is told by None, not by an exception."""
    assert read_object(data) is None


@pytest.mark.parametrize("size", [10, 300_000])
def test_large_and_small_bodies_are_written_alike(size: int) -> None:
    """Only the way they are put together differs: order, names and values are the same."""
    body = b'{"a\\"b":1.50,"text":"' + b"x" * size + b'","\xc3\xbc":[1, 2]}'
    fields = read_request(body)
    assert write_body(fields) == write_object(fields)
    assert read_object(write_body(fields)) == fields


def test_what_could_just_be_read_may_be_too_deep_to_be_written() -> None:
    """It is the client's fault, and said to be; a body less deep is written."""
    value: Any = []
    for _ in range(400):
        value = [value]
    assert write_value({"x": value}).startswith(b'{"x":[[')
    for _ in range(2000):
        value = [value]
    with pytest.raises(CallerError) as error:
        write_value({"x": value})
    assert error.value.code is Code.INVALID_REQUEST_ERROR
    assert "too deeply" in error.value.message


def test_what_a_provider_wrote_can_stand_in_anything() -> None:
    """A copy of it is on one line and in UTF-8, and says the same."""
    assert bytes(owned(msgspec.Raw(b'{"a":\r\n 1.50}'))) == b'{"a":   1.50}'
    assert json.loads(bytes(owned(msgspec.Raw('["é🙂"]'.encode())))) == ["é🙂"]
    assert json.loads(bytes(owned(msgspec.Raw(b'["\xff"]')))) == ["\ufffd"]


def test_what_a_client_acts_on_is_read_or_not() -> None:
    """Nothing is put in place of what is no letter."""
    assert text_of(msgspec.Raw('{"a": "é"}'.encode())) == '{"a": "é"}'
    with pytest.raises(NOT_JSON):
        text_of(msgspec.Raw(b'{"a":"\xff"}'))
