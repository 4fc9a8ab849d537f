"""Knobs as Anthropic gets them: in its words, refused, or told."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.wire.anthropic.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Sampling
from tollhouse.wire.neutral.losses import Losses
from wire.anthropic.anthropic_bodies_written import HELLO, MODEL, refused, write


def raw(value: str) -> msgspec.Raw:
    """A number as a client spelled it."""
    return msgspec.Raw(value.encode())


def test_knobs_that_anthropic_has() -> None:
    """Under its own names, numbers as they were spelled."""
    knobs = Sampling(temperature=raw("0.70"), top_k=5, service_tier="default", user="u")
    body = write_request(
        Conversation(Dialect.CHAT, (HELLO,), stop=("END",), sampling=knobs, stream=True),
        MODEL,
        Losses(allowed=False),
    )
    written = msgspec.json.encode(body)
    assert b'"temperature":0.70,' in written
    assert json.loads(written) == {
        "model": MODEL,
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        "stop_sequences": ["END"],
        "temperature": 0.7,
        "top_k": 5,
        "service_tier": "standard_only",
        "metadata": {"user_id": "u"},
        "stream": True,
    }


def test_knobs_that_stand_where_they_stand_anyhow() -> None:
    """They are no loss, whatever the client library writes out."""
    idle = Sampling(
        presence_penalty=raw("0"),
        frequency_penalty=raw("0.0"),
        logit_bias=raw("{}"),
        metadata=raw("{}"),
        logprobs=False,
        store=False,
        prompt_cache_key="k",
        service_tier="auto",
    )
    assert write(sampling=idle) == write() | {"service_tier": "auto"}


@pytest.mark.parametrize(
    ("name", "value", "param"),
    [
        ("temperature", raw("1.2"), "temperature"),
        ("temperature", raw("-1"), "temperature"),
        ("presence_penalty", raw("0.5"), "presence_penalty"),
        ("frequency_penalty", raw("0.5"), "frequency_penalty"),
        ("logit_bias", raw('{"1":2}'), "logit_bias"),
        ("metadata", raw('{"a":"b"}'), "metadata"),
        ("logprobs", True, "logprobs"),
        ("top_logprobs", 3, "top_logprobs"),
        ("store", True, "store"),
        ("seed", 0, "seed"),
        ("verbosity", "low", "verbosity"),
        ("service_tier", "flex", "service_tier"),
    ],
)
def test_knobs_that_anthropic_lacks(name: str, value: Any, param: str) -> None:
    """Each is refused by name, or dropped and told."""
    knobs = Sampling(**{name: value})
    assert refused(sampling=knobs).param == param
    assert write(sampling=knobs, dropped=(param,)) == write()


def test_one_of_two() -> None:
    """Newer models take only one of temperature and top_p; older ones both."""
    knobs = Sampling(temperature=raw("0.5"), top_p=raw("0.5"))
    assert write(sampling=knobs, dropped=("top_p",))["temperature"] == 0.5
    old = write(sampling=knobs, model="claude-3-5-haiku-20241022")
    assert (old["temperature"], old["top_p"]) == (0.5, 0.5)
    assert "top_p" not in write(sampling=Sampling(temperature=raw("0.5"), top_p=raw("1.0")))


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-sonnet-5", "claude-mythos-preview"])
def test_the_newest_models_take_no_sampling(model: str) -> None:
    """Anthropic refuses it there, but at its defaults, which need not be said."""
    knobs = Sampling(temperature=raw("0.5"), top_p=raw("0.9"), top_k=3)
    body = write(sampling=knobs, model=model, dropped=("temperature", "top_p", "top_k"))
    assert not {"temperature", "top_p", "top_k"} & body.keys()
    assert write(sampling=Sampling(temperature=raw("1")), model=model) == write(model=model)


def test_unknown_fields_are_knobs() -> None:
    """Dropped and told where that is allowed."""
    write(unknown={"a": msgspec.Raw(b"1"), "b.c": msgspec.Raw(b"1")}, dropped=("a", "b.c"))
