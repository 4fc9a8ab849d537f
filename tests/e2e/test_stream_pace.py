"""When bytes arrive: each event at once, comments while a provider thinks, and limits that hold."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import pytest
import pytest_asyncio

from e2e.stage import Stage, chunk, error_of, exact, per_million, staged, text_of
from e2e.wire import Wire, dial
from fakes.answers import Shape, Stream, json_answer
from fakes.gateway import chat
from fakes.http_server import End, Pause
from fakes.openai_answers import USAGE, Chat, ToolCall
from fakes.slowness import in_time, slowness

pytestmark = pytest.mark.asyncio(loop_scope="module")

GAP = 0.1
"""Seconds between the events of a paced stream."""


@pytest_asyncio.fixture(name="hasty", scope="module", loop_scope="module")
async def _hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage that commits and comments after a tenth of a second."""
    async with staged(
        tmp_path_factory.mktemp("hasty"),
        server={"keepalive_seconds": 0.1},
        failover={"retries": 0, "commit_after": 0.1},
    ) as stage:
        yield stage


async def arrivals(wire: Wire) -> list[tuple[float, bytes]]:
    """The events of a stream, each with the loop time at which it was read."""
    loop = asyncio.get_running_loop()
    seen = []
    while frame := await wire.frame():
        seen.append((loop.time(), frame))
    return seen


def is_paced(seen: list[tuple[float, bytes]]) -> bool:
    """Whether events came one by one; a hiccup of a busy machine shifts one of them."""
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(seen)]
    whole = seen[-1][0] - seen[0][0]
    return 0.5 * GAP < median(gaps) < 1.8 * GAP and whole > 0.7 * GAP * len(gaps)


async def test_B08_a_stream_is_neither_compressed_nor_buffered(stage: Stage) -> None:
    """The head tells intermediaries to keep their hands off, and has no length."""
    model_id = await stage.model()
    async with dial(stage.gw.url) as wire:
        body = chat(model_id, stream=True)
        await wire.post(
            "/v1/chat/completions", stage.gw.key, body, accept_encoding="gzip, br, deflate"
        )
        status, headers = await wire.head()
        assert status == 200
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-cache"
        assert headers["x-accel-buffering"] == "no"
        assert headers["transfer-encoding"] == "chunked"
        assert not headers.keys() & {"content-length", "content-encoding"}
        assert await wire.frame() != b""


async def test_B08_events_arrive_when_they_are_sent(stage: Stage) -> None:
    """The pace is the upstream's, from the first event to the last."""
    paced = Chat("a b c d ", words=4, role_chunk=False, shape=Shape(delay=GAP))
    model_id = await stage.model(paced)
    async with dial(stage.gw.url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))
        await wire.head()
        assert is_paced((await arrivals(wire))[:4])


async def test_B08_the_first_byte_comes_with_the_upstream_s(stage: Stage) -> None:
    """What the gateway adds to the wait for the first event is not noticed."""
    model_id = await stage.model(Chat(role_chunk=False, shape=Shape(first=GAP)))
    late = []
    for _ in range(3):
        async with dial(stage.gw.url) as wire:
            await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))
            await wire.head()
            ((at, _), *_) = await arrivals(wire)
        late.append(at - stage.calls(model_id)[-1].at - GAP)
    in_time(min(late), 0.05)


async def test_B13_tool_arguments_arrive_when_they_are_sent(stage: Stage) -> None:
    """Pieces of arguments are no less urgent than pieces of text."""
    tool = ToolCall("search", '{"query":"toll house"}', parts=4)
    paced = Chat(None, tools=[tool], role_chunk=False, shape=Shape(delay=GAP))
    model_id = await stage.model(paced)
    async with dial(stage.gw.url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))
        await wire.head()
        seen = await arrivals(wire)
    assert all(b"arguments" in frame for _, frame in seen[:5])
    assert is_paced(seen[:5])


async def test_B07_a_silent_stream_is_kept_alive_by_comments(hasty: Stage) -> None:
    """While the provider thinks the client gets comments, and then the answer untouched."""
    slow = Chat("Hello there", words=2, role_chunk=False, shape=Shape(first=0.5))
    model_id = await hasty.model(slow)
    async with dial(hasty.gw.url) as wire:
        await wire.post("/v1/chat/completions", hasty.gw.key, chat(model_id, stream=True))
        await wire.head()
        seen = [frame for _, frame in await arrivals(wire)]
    comments = [frame for frame in seen if frame == b": keep-alive\n\n"]
    assert 2 <= len(comments) <= 6
    assert seen[: len(comments)] == comments
    assert text_of(b"".join(seen)) == "Hello there"
    assert exact_cost(seen) == per_million((12, "3"), (5, "15"))


def exact_cost(seen: list[bytes]) -> Any:
    """The cost that the last event but the terminator tells."""
    assert seen[-1] == b"data: [DONE]\n\n"
    return exact(seen[-2].partition(b'"cost":')[2].partition(b",")[0].decode())


async def test_B07_a_stream_that_flows_has_no_comments(hasty: Stage) -> None:
    """Comments fill silence; they do not come between events that are on time."""
    flowing = Chat("a b c d e f ", words=6, shape=Shape(delay=0.03))
    answer = await hasty.stream(await hasty.model(flowing))
    assert b": keep-alive" not in answer.content


async def test_B07_silence_in_the_middle_is_kept_alive_too(hasty: Stage) -> None:
    """A long thought after the first words does not look like a dead connection."""
    hello, stop = chunk({"content": "Hello"}), chunk({}, "stop", usage=USAGE)
    model_id = await hasty.model(Stream([hello, Pause(0.45), stop], Shape(done=1)))
    answer = await hasty.stream(model_id)
    assert answer.content.count(b": keep-alive\n\n") in {2, 3, 4}
    assert text_of(answer) == "Hello"


async def test_B07_trouble_after_the_first_comment_is_told_in_the_stream(hasty: Stage) -> None:
    """Once a comment has gone out the status is sent, so a failure is an event."""
    good = await hasty.model(name="good")
    bad = await hasty.model(Stream([Pause(0.3), End.CLOSE]), failover=good)
    answer = await hasty.stream(bad)
    assert answer.status_code == 200
    assert b'"code":"upstream_disconnected"' in answer.content
    assert b"[DONE]" not in answer.content
    assert hasty.calls(good) == []


async def test_B18_a_slow_whole_answer_is_waited_for(hasty: Stage) -> None:
    """Without a stream nothing is sent before the answer, however long it takes within limits."""
    slow = json_answer({"choices": [], "usage": USAGE})
    model_id = await hasty.model(_after(0.5, slow))
    async with dial(hasty.gw.url) as wire:
        await wire.post("/v1/chat/completions", hasty.gw.key, chat(model_id))
        status, headers, body = await wire.answer()
    assert status == 200
    assert body.startswith(b"{")
    assert headers["content-length"] == str(len(body))


async def test_B18_a_whole_answer_that_is_too_slow_is_a_504_on_record(stage: Stage) -> None:
    """The limit answers with a request id, and the work is accounted for."""
    slow = _after(0.6, json_answer({"choices": [], "usage": USAGE}))
    model_id = await stage.model(slow, provider_config={"timeouts": {"total": 0.2}})
    answer = await stage.chat(model_id)
    assert answer.status_code == 504
    assert error_of(answer)["code"] == "upstream_timeout"
    record = await stage.record(answer)
    assert (record.status, record.http_status) == ("upstream_error", 504)


def _after(seconds: float, answer: Any) -> Any:
    return lambda call: (Pause(seconds), *answer(call))


@pytest.mark.parametrize("stream", [False, True])
async def test_E06_the_overhead_is_what_the_gateway_took(stage: Stage, *, stream: bool) -> None:
    """Waiting for the provider is not overhead, in the header and in the record."""
    slow = Chat(role_chunk=False, shape=Shape(first=0.15)) if stream else _after(0.15, Chat())
    model_id = await stage.model(slow)
    answers = [await stage.chat(model_id, stream=stream) for _ in range(3)]
    told = [float(answer.headers["x-tollhouse-overhead-ms"]) for answer in answers]
    in_time(min(told) / 1e3, 0.02)
    in_time(min([(await stage.record(answer)).overhead_us for answer in answers]) / 1e6, 0.02)


async def test_E03_large_pictures_do_not_keep_the_rest_waiting(stage: Stage) -> None:
    """A dozen bodies of 5 MB at once arrive whole, at little cost each, while the probe answers."""
    model_id = await stage.model()
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 477_000
    parts = [{"type": "image_url", "image_url": {"url": picture}}]
    body = json.dumps(chat(model_id, messages=[{"role": "user", "content": parts}])).encode()
    loop = asyncio.get_running_loop()
    probes: list[float] = []

    async def send() -> None:
        answer = await stage.gw.client.post(
            "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200

    async def probe() -> None:
        while stage.up.count < before_all + 12:
            before = loop.time()
            assert (await stage.gw.client.get("/livez")).status_code == 200
            probes.append(loop.time() - before)
            await asyncio.sleep(0.01)

    before_all, cpu = stage.up.count, process_time()
    await asyncio.gather(probe(), *(send() for _ in range(12)))
    # The test's client and the provider are in this process too, each reading and writing it all.
    in_time((process_time() - cpu) / 12, 0.15 * slowness())
    in_time(max(probes), 1)
    assert all(picture.encode() in call.body for call in stage.up.calls[before_all:])
    stage.up.calls.clear()


# --- Behind nginx ---

NGINX = """
daemon off;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {origin}; }}
  }}
}}
"""


@asynccontextmanager
async def nginx_before(origin: str, folder: Path) -> AsyncIterator[str]:
    """A reverse proxy, nginx, with its usual settings in front of an origin."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, origin=origin))
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("nginx is not installed")
    process = await asyncio.create_subprocess_exec(found, "-p", str(folder), "-c", str(config))
    try:
        async with asyncio.timeout(10):
            while not await _listens(port):
                await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_B08_events_arrive_when_they_are_sent_behind_nginx(
    stage: Stage, tmp_path: Path
) -> None:
    """A reverse proxy that buffers by default does not buffer our streams."""
    paced = Chat("a b c d ", words=4, role_chunk=False, shape=Shape(delay=GAP))
    model_id = await stage.model(paced)
    async with nginx_before(stage.gw.url, tmp_path) as url, dial(url) as wire:
        await wire.post("/v1/chat/completions", stage.gw.key, chat(model_id, stream=True))
        status, headers = await wire.head()
        assert status == 200, headers
        assert is_paced((await arrivals(wire))[:4])
