"""The row of translation: who takes part, how each is asked, and what the upstreams say."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from bench import canned, gateway, translation
from bench.closed_loop import Throughput
from bench.gateway import Tollhouse
from bench.peers import Envoy, Litellm, Nginx, Portkey
from bench.process import Chat, Cores
from bench.rounds import Bench, Scale
from bench.scripted_upstream import Connection, Streams
from bench.subjects import Running, Subject, translators
from tollhouse.wire.anthropic.answer import read_answer
from tollhouse.wire.anthropic.events import EventReader
from tollhouse.wire.neutral.answer import Answer, Stop
from tollhouse.wire.neutral.events import Ended, TextDelta

UPSTREAM = Chat(9)


class Socket(asyncio.Transport):
    """Keeps what an upstream writes to its client."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written += bytes(data)

    def is_closing(self) -> bool:
        """It stays open."""
        return False


def test_only_gateways_that_translate_take_part(tmp_path: Path) -> None:
    """A proxy without logic is left out; the others are the same but for what they do."""
    peers: list[Subject] = [Nginx(), Envoy(tmp_path), Portkey(tmp_path), Litellm(tmp_path)]
    found = translators(peers)
    assert [one.name for one in found] == ["portkey", "litellm"]
    assert found[1] == Litellm(tmp_path, translates=True)


def test_litellm_is_given_a_model_of_anthropic_s(tmp_path: Path) -> None:
    """At the upstream's own address, to which it adds the path."""
    Litellm(tmp_path).translating().launch(tmp_path, UPSTREAM)
    told = yaml.safe_load((tmp_path / "litellm.yaml").read_text())
    parameters = told["model_list"][0]["litellm_params"]
    assert parameters["model"] == f"anthropic/{canned.CLAUDE}"
    assert parameters["api_base"] == "http://127.0.0.1:9"


def test_portkey_is_told_by_its_headers(tmp_path: Path) -> None:
    """And is asked for the model by the name that the upstream is sent."""
    chat = Portkey(tmp_path).translating().launch(tmp_path, UPSTREAM).chat
    assert chat.headers["x-portkey-provider"] == "anthropic"
    assert chat.model == canned.CLAUDE


def test_the_gateway_is_given_a_provider_that_speaks_anthropic_s_dialect(tmp_path: Path) -> None:
    """Under the same model id, so that it is asked the very same."""
    plain = Tollhouse(tmp_path, "key").launch(tmp_path, UPSTREAM)
    protocol = _protocol(tmp_path)
    launch = Tollhouse(tmp_path, "key", translates=True).launch(tmp_path, UPSTREAM)
    assert (protocol, _protocol(tmp_path)) == ("openai", "anthropic")
    assert launch.chat.body() == plain.chat.body()


def _protocol(home: Path) -> Any:
    return yaml.safe_load((home / "tollhouse.yaml").read_text())["providers"]["up"]["protocol"]


def test_the_canned_answer_is_one() -> None:
    """Whole, as the dialect's own reader sees it."""
    answer = read_answer(canned.message())
    assert isinstance(answer, Answer)
    assert (answer.stop, answer.usage is not None) == (Stop.END, True)


def test_each_canned_event_is_one_delta() -> None:
    """So that events are counted alike in front of a gateway and behind it."""
    reader = EventReader()
    begun = reader.feed(canned.message_begin("so"))
    assert [one.text for one in begun if isinstance(one, TextDelta)] == ["so"]
    assert reader.feed(canned.message_event(" many")) == [TextDelta(" many")]
    assert isinstance(reader.feed(canned.message_end())[-1], Ended)
    assert not reader.malformed


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        ("/v1/messages", b'"stop_reason"'),
        ("/v1/chat/completions", b'"choices"'),
        ("/anything", b'"choices"'),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_the_scripted_upstream_answers_in_the_dialect_of_the_path(
    path: str, mark: bytes, *, stream: bool
) -> None:
    """Whole and streamed."""
    connection, socket = Connection(Streams()), Socket()
    connection.connection_made(socket)
    body = b'{"stream":true}' if stream else b"{}"
    head = f"POST {path} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.data_received(head.encode() + body)
    assert socket.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert mark in socket.written
    assert (b"text/event-stream" in socket.written) is stream


def test_the_row_judges_requests_and_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both goals are told, each of its own figure; a peer stands beside the gateway."""

    @contextmanager
    def up(*_: object) -> Iterator[tuple[Running, Chat]]:
        yield Running(1, UPSTREAM, 0.1), UPSTREAM

    class Reader:
        """Opens nothing."""

        def __init__(self, *_: object) -> None: ...

        def open(self, count: int) -> None:
            """Nothing."""

        def close(self) -> None:
            """Nothing."""

    def prepare(home: Path, **_: object) -> Tollhouse:
        return Tollhouse(home, "key", translates=True)

    monkeypatch.setattr(Bench, "fast", up)
    monkeypatch.setattr(Bench, "scripted", up)
    monkeypatch.setattr(gateway, "prepare", prepare)
    monkeypatch.setattr(translation, "begin", lambda *_: None)
    monkeypatch.setattr(translation, "StreamReader", Reader)
    monkeypatch.setattr(translation, "loaded", lambda *_: Throughput(4_000.0, 1.0, 250e-6))
    monkeypatch.setattr(translation, "event_cpu", lambda *_: 61e-6)
    peers: list[Subject] = [Nginx(), Litellm(tmp_path)]
    bench = Bench(
        Scale(rounds=1, more_rounds=1),
        Cores(),
        tmp_path,
        Tollhouse(tmp_path, "key"),
        peers,
        cast("Any", lambda _: None),
        tmp_path,
    )
    figures = {one.key: one for one in translation.translation(bench)}
    rate, event = figures["translated-throughput"], figures["translated-stream-cpu"]
    assert (rate.must, rate.reached) == ("at least 3 000", True)
    assert (event.must, event.reached) == ("at most 60 µs", False)
    assert list(rate.series) == list(event.series) == ["tollhouse", "litellm"]
    assert figures["translated-request-cpu"].median("tollhouse") == 250
