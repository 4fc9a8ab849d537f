"""The client's side of embeddings: what is asked, and vectors as the client wants them."""

import base64
import json
import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError
from tollhouse.wire.embeddings.openai_side import (
    Asked,
    Embedded,
    embedded,
    leave_out_others,
    one_text,
    read_asked,
    string_of,
    write_answer,
)
from tollhouse.wire.json_object import read_object, read_request
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.losses import Losses, Unsupported

STRICT = Losses(allowed=False)


def asked(body: str) -> Asked:
    """A body, read."""
    return read_asked(read_request(body.encode()), STRICT)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"model":"m","input":"a"}', Asked(("a",))),
        ('{"input":["a","b"],"dimensions":256}', Asked(("a", "b"), 256)),
        ('{"input":"a","encoding_format":"float","dimensions":null}', Asked(("a",))),
        ('{"input":"a","encoding_format":"base64"}', Asked(("a",), base64=True)),
        ('{"input":"a","encoding_format":null}', Asked(("a",))),
        ('{"input":"a","user":"u"}', Asked(("a",), others={"user": msgspec.Raw(b'"u"')})),
    ],
)
def test_a_body_is_read(body: str, told: Asked) -> None:
    """One text or several; fields that a target may lack are kept apart."""
    assert asked(body) == told


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("{}", "input"),
        ('{"input":null}', "input"),
        ('{"input":""}', "input"),
        ('{"input":[]}', "input"),
        ('{"input":["a",""]}', "input[1]"),
        ('{"input":["a",5]}', "input"),
        ('{"input":{"a":1}}', "input"),
        ('{"input":"a","dimensions":0}', "dimensions"),
        ('{"input":"a","dimensions":"256"}', "dimensions"),
        ('{"input":"a","encoding_format":"hex"}', "encoding_format"),
        ('{"input":"a","encoding_format":5}', "encoding_format"),
    ],
)
def test_what_cannot_be_used_is_named(body: str, param: str) -> None:
    """With a 400, before anything is sent."""
    with pytest.raises(CallerError) as told:
        asked(body)
    assert (told.value.status, told.value.param) == (400, param)


@pytest.mark.parametrize("tokens", ["[1,2]", "[[1,2],[3]]"])
def test_H12_tokens_in_place_of_text_are_refused_as_such(tokens: str) -> None:
    """They are another tokenizer's, and mean nothing to this model."""
    with pytest.raises(Unsupported, match="tokens in place of text") as told:
        asked(f'{{"input":{tokens}}}')
    assert told.value.param == "input"


def test_one_text_a_call_is_all_that_some_take() -> None:
    """Several are refused by name, not embedded in part."""
    assert one_text(Asked(("a",)), STRICT) == "a"
    with pytest.raises(Unsupported) as told:
        one_text(Asked(("a", "b")), STRICT)
    assert told.value.param == "input"


def test_H01_other_fields_are_knobs_unless_they_are_known() -> None:
    """Refused by name, or told."""
    told = asked('{"input":"a","user":"u","truncate":"END","none":null,"n":5}')
    with pytest.raises(Unsupported) as refused:
        leave_out_others(told, STRICT)
    assert refused.value.param == "user"
    losses = Losses(allowed=True)
    leave_out_others(told, losses, "truncate")
    assert losses.dropped == ["user", "none", "n"]
    assert (string_of(told, "truncate"), string_of(told, "none")) == ("END", None)
    assert string_of(told, "absent") is None
    with pytest.raises(CallerError) as wrong:
        string_of(told, "n")
    assert wrong.value.param == "n"


VECTORS = (msgspec.Raw(b"[0.10, -1e-7,3]"), msgspec.Raw(b"[1,2.5,-0.0]"))
ANSWER = Embedded(VECTORS, b'{"prompt_tokens":3,"total_tokens":3}')


def test_H12_numbers_keep_their_spelling() -> None:
    """Where floats are asked for."""
    assert write_answer(ANSWER, model="a/b", usage=b'{"cost":0.10}', as_base64=False) == (
        b'{"object":"list","data":['
        b'{"object":"embedding","index":0,"embedding":[0.10, -1e-7,3]},'
        b'{"object":"embedding","index":1,"embedding":[1,2.5,-0.0]}'
        b'],"model":"a/b","usage":{"cost":0.10}}'
    )


def test_H12_base64_is_float32_in_little_endian_order() -> None:
    """What OpenAI's own SDK asks for and unpacks."""
    told = json.loads(write_answer(ANSWER, model="m", usage=b"{}", as_base64=True))
    first, second = (base64.b64decode(row["embedding"]) for row in told["data"])
    assert struct.unpack("<3f", first) == struct.unpack("<3f", struct.pack("<3f", 0.1, -1e-7, 3))
    assert struct.unpack("<3f", second) == (1.0, 2.5, 0.0)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
@settings(max_examples=60, deadline=None)
def test_H12_every_vector_survives_base64(vector: list[float]) -> None:
    """To the bit."""
    made = embedded([msgspec.Raw(json.dumps(vector).encode())], None)
    assert isinstance(made, Embedded)
    told = json.loads(write_answer(made, model="m", usage=b"{}", as_base64=True))
    data = base64.b64decode(told["data"][0]["embedding"])
    assert list(struct.unpack(f"<{len(vector)}f", data)) == vector


def test_a_number_too_large_for_base64_is_written_all_the_same() -> None:
    """As infinity, which is what it is in 32 bits; nothing fails."""
    huge = Embedded((msgspec.Raw(b"[1e300,1]"),))
    told = json.loads(write_answer(huge, model="m", usage=b"{}", as_base64=True))
    data = base64.b64decode(told["data"][0]["embedding"])
    assert struct.unpack("<2f", data) == (float("inf"), 1.0)


@pytest.mark.parametrize(
    "vectors", [[], ["[]"], ["[1,null]"], ['["a"]'], ["5"], ["[1", "[2]"], ["[1e999]"], ["\xff"]]
)
def test_what_is_no_vector_is_no_answer(vectors: list[str]) -> None:
    """With the reason."""
    made = embedded([msgspec.Raw(one.encode("latin-1")) for one in vectors], 3)
    assert isinstance(made, NotAnAnswer)
    assert made.reason


def test_usage_is_in_OpenAIs_spelling() -> None:
    """None where nothing was told; a zero is a zero."""
    for tokens, usage in ((3, b'{"prompt_tokens":3,"total_tokens":3}'), (None, None)):
        made = embedded([msgspec.Raw(b"[1]")], tokens)
        assert isinstance(made, Embedded)
        assert made.usage == usage
    zero = embedded([msgspec.Raw(b"[1]")], 0)
    assert isinstance(zero, Embedded)
    assert read_object(zero.usage or b"") is not None
