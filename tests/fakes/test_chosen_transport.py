"""The switch that lets the tests of the gateway run over httpx does what it says."""

from pathlib import Path

import pytest

from fakes.chosen_transport import VARIABLE, chosen_transport
from fakes.gateway import RunningGateway, chat, model
from fakes.upstream import FakeUpstream
from tollhouse.upstream.authorized import AuthorizedTransport
from tollhouse.upstream.choose import ChosenTransport


@pytest.mark.parametrize(
    ("said", "named", "over_httpx"),
    [("httpx", None, True), ("fast", None, False), ("httpx", "auto", False), ("", "httpx", True)],
)
async def test_requests_go_by_the_transport_of_the_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    named: str | None,
    *,
    over_httpx: bool,
) -> None:
    """A provider that names no transport is called by the run's, one that names it by its own."""
    monkeypatch.setenv(VARIABLE, said)
    async with FakeUpstream() as up:
        provider = {"base_url": up.url, **({"transport": named} if named else {})}
        async with RunningGateway(tmp_path, providers={"up": provider}, models=[model("a")]) as gw:
            answer = await gw.client.post("/v1/chat/completions", json=chat("a"))
            assert answer.status_code == 200
            assert isinstance(gw.app.transport, AuthorizedTransport)
            transport = gw.app.transport._inner
            assert isinstance(transport, ChosenTransport)
            assert (transport._httpx is not None) is over_httpx
            assert bool(transport._fast._pools) is not over_httpx


def test_other_choices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that asks for a transport that there is not does not pass on another one."""
    monkeypatch.setenv(VARIABLE, "httpcore")
    with pytest.raises(ValueError, match=VARIABLE):
        chosen_transport()
