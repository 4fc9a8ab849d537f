"""Probabilities of tokens between the spellings of chat and of responses."""

import json

import msgspec
import pytest

from tollhouse.wire.responses.logprobs import NONE, from_chat, to_chat
from wire.growth import grows_in_step

TOKEN = b'{"token":"a","logprob":%b,"bytes":[97],"top_logprobs":[{"token":"b","logprob":%b}]}'
ODD = {
    b"-0.10": -0.1,
    b"-1E-2": -0.01,
    b'"\xff"': "\ufffd",
    b'["\xc3",\r\n1]': ["\ufffd", 1],
    '"é"'.encode(): "é",
}
"""As hosts write it, and what is to be read of it."""


@pytest.mark.parametrize("written", ODD)
def test_a_probability_of_any_bytes(written: bytes) -> None:
    """It is never decoded, and yet it stands in UTF-8 and on one line in what a client gets."""
    listed = b"[" + TOKEN % (written, written) + b"]"
    in_chat = to_chat([msgspec.Raw(listed)])
    assert in_chat is not None
    in_responses = from_chat([msgspec.Raw(b'{"content":' + listed + b',"refusal":null}')])
    for told in (bytes(in_chat), in_responses):
        assert b"\n" not in told
        assert b"\r" not in told
    assert json.loads(bytes(in_chat))["content"] == json.loads(in_responses)
    (token,) = json.loads(in_responses)
    assert token["logprob"] == ODD[written]
    assert token["top_logprobs"] == [{"token": "b", "logprob": ODD[written], "bytes": [98]}]


def test_no_probabilities() -> None:
    """None, null and an empty list are all the same."""
    lists = [None, msgspec.Raw(b"null"), msgspec.Raw(b"[]"), msgspec.Raw(b'"x"')]
    assert to_chat(lists) is None
    assert from_chat([*lists, msgspec.Raw(b"{}")]) == NONE


def test_four_times_as_many_tokens() -> None:
    """They take four times as long, the slices of one large body as well."""

    def listed(number: int) -> bytes:
        return b"[" + b",".join([TOKEN % (b'"\xff"', b"-1")] * number) + b"]"

    def turn(told: bytes) -> None:
        in_chat = to_chat([msgspec.Raw(told)])
        assert from_chat([in_chat]) != NONE

    assert grows_in_step(turn, listed, 4000)
