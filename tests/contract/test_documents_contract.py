"""Documents that others publish: fetched whole or not at all, over every transport."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.answers import (
    Answer,
    Chunking,
    Framing,
    drops,
    error,
    gzipped,
    head_then,
    json_answer,
    redirect,
    silent,
    steps,
)
from fakes.certificates import authority
from fakes.http_server import Behaviour, End
from fakes.slowness import within
from fakes.upstream import FakeUpstream, refused_url
from tollhouse.core.faults import Fault, FaultKind
from tollhouse.core.model import Timeouts
from tollhouse.ports import Documents, Transport
from tollhouse.upstream import documents as module
from tollhouse.upstream.documents import MAX_BYTES, FetchedDocuments

BODY = b'{"keys": []}'


@pytest.fixture(name="documents")
def _documents(transport: Transport) -> Documents:
    """What is under test."""
    return FetchedDocuments(transport)


@pytest.mark.parametrize(
    "sound",
    [
        Answer(BODY),
        Answer(BODY, framing=Framing.CHUNKED, chunking=Chunking.BYTE),
        Answer(BODY, framing=Framing.UNTIL_CLOSE),
        gzipped(Answer(BODY)),
        Answer(BODY, headers=(("content-type", "text/plain"),)),
    ],
    ids=["length", "chunks", "until it closes", "gzip", "another type"],
)
async def test_document_is_fetched_whole(
    documents: Documents, up: FakeUpstream, sound: Behaviour
) -> None:
    """Whatever its framing; it is asked for without a credential of anybody's."""
    up.script(sound)
    assert await documents.fetch(f"{up.url}/keys?p=1") == BODY
    (call,) = up.calls
    assert (call.method, call.path, call.body) == ("GET", "/v1/keys?p=1", b"")
    assert call.header("accept") == "application/json"
    assert call.header("authorization") is None
    assert call.header("cookie") is None


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (error(503), FaultKind.STATUS),
        (error(404), FaultKind.STATUS),
        (json_answer({}, 201), FaultKind.STATUS),
        (redirect("http://127.0.0.1:1/elsewhere"), FaultKind.STATUS),
        (drops(), FaultKind.DISCONNECTED),
        (drops(End.RESET), FaultKind.DISCONNECTED),
        (Answer(BODY, stop_at=5, end=End.CLOSE), FaultKind.DISCONNECTED),
        (steps(b"hello\r\n\r\n", End.CLOSE), FaultKind.INVALID_RESPONSE),
        (Answer(b"x" * (MAX_BYTES + 1)), FaultKind.INVALID_RESPONSE),
        (gzipped(Answer(b"x" * (MAX_BYTES * 100))), FaultKind.INVALID_RESPONSE),
        (Answer(BODY, headers=(("content-encoding", "br"),)), FaultKind.INVALID_RESPONSE),
    ],
    ids=[
        *("503", "404", "201", "redirect", "closed", "reset", "cut short", "not HTTP"),
        *("too large", "too large once decompressed", "unknown coding"),
    ],
)
async def test_anything_else_is_a_fault(
    documents: Documents, up: FakeUpstream, trouble: Behaviour, kind: FaultKind
) -> None:
    """Which says what happened, and nothing of the answer; the next fetch is a fresh one."""
    up.script(trouble, Answer(BODY))
    fault = await documents.fetch(f"{up.url}/keys")
    assert isinstance(fault, Fault)
    assert fault.kind is kind
    assert "127.0.0.1" not in fault.detail
    assert await documents.fetch(f"{up.url}/keys") == BODY
    assert [call.path for call in up.calls] == ["/v1/keys"] * 2


async def test_largest_document_is_taken(documents: Documents, up: FakeUpstream) -> None:
    """The bound itself is allowed."""
    up.script(Answer(b"x" * MAX_BYTES))
    assert await documents.fetch(f"{up.url}/keys") == b"x" * MAX_BYTES


async def test_nobody_there_is_a_fault(documents: Documents) -> None:
    """A port on which nobody listens, and what is no URL."""
    for url in (f"{refused_url()}/keys", "https://", "not a url"):
        fault = await documents.fetch(url)
        assert isinstance(fault, Fault)
        assert fault.kind is FaultKind.CONNECT


@pytest.mark.parametrize(
    "slow",
    [silent(), head_then(End.HANG), head_then(b'5\r\n{"key', End.HANG)],
    ids=["no answer", "no body", "half a body"],
)
async def test_slow_document_is_not_waited_for(
    documents: Documents, up: FakeUpstream, slow: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within its time limits, of which the tests have short ones, a fetch is over."""
    assert module.TIMEOUTS.total <= 5
    monkeypatch.setattr(module, "TIMEOUTS", Timeouts(0.3, 0.2, 0.2, 0.3))
    up.script(slow)
    async with within(2):
        fault = await documents.fetch(f"{up.url}/keys")
    assert isinstance(fault, Fault)
    assert fault.kind in {
        FaultKind.FIRST_BYTE_TIMEOUT,
        FaultKind.IDLE_TIMEOUT,
        FaultKind.TOTAL_TIMEOUT,
    }


async def test_certificate_is_verified(
    make_transport: Callable[..., Transport], tmp_path: Path
) -> None:
    """By the authorities of ``ca_file`` where they are given, and never by nobody."""
    ours = authority()
    transport = make_transport()
    documents = FetchedDocuments(transport)
    async with FakeUpstream(tls=ours.serving("127.0.0.1", tmp_path)) as up:
        up.script(Answer(BODY))
        url = f"{up.url}/keys"
        assert await documents.fetch(url, ca_file=ours.file(tmp_path)) == BODY
        for ca_file in (None, authority().file(tmp_path)):
            fault = await documents.fetch(url, ca_file=ca_file)
            assert isinstance(fault, Fault)
            assert fault.detail == "the provider's certificate was refused"
        assert up.count == 1
    await transport.aclose()
