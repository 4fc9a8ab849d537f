"""``tollhouse demo``: what it prints works as it is pasted, and it ends cleanly."""

import contextlib
import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from cli.shell import Running, Shell
from tollhouse.cli.demo.command import DEFAULT_PORT, listen_for_demo

UP = r"(?s)Base URL +(http://\S+)/v1\n.*--config \S+\n"


def lines_of(demo: Running, program: str) -> list[str]:
    """The printed lines that run a program."""
    return [line for line in demo.printed.splitlines() if line.startswith(f"{program} ")]


def paste(line: str) -> str:
    """What a line prints when it is pasted into a shell."""
    ran = subprocess.run(  # noqa: S603 - the point of the test
        ["bash", "-c", line],  # noqa: S607 - any bash
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return ran.stdout


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


@pytest.mark.slow
def test_printed_lines_work_as_pasted(tmp_path: Path) -> None:
    """A chat with its cost, a stream, a failover; then switching the model off as admin."""
    port = free_port()
    with Running(["demo", "--port", str(port)], tmp_path, ready=UP) as demo:
        assert demo.url == f"http://127.0.0.1:{port}"
        chat, stream, failover, patch = lines_of(demo, "curl")

        answer = json.loads(paste(chat))
        assert answer["model"] == "demo/small"
        assert answer["usage"]["cost"] == 0.0000066

        events = [line for line in paste(stream).splitlines() if line.startswith("data: ")]
        assert len(events) > 5
        assert events[-1] == "data: [DONE]"
        assert json.loads(events[-2].removeprefix("data: "))["usage"]["cost"] == 0.0000066

        head = paste(failover).partition("\r\n\r\n")[0].lower()
        assert head.startswith("http/1.1 200")
        assert "x-tollhouse-requested-model: demo/shaky" in head
        assert "x-tollhouse-model: demo/small" in head
        assert "x-tollhouse-failover: status_503" in head

        assert json.loads(paste(patch))["enabled"] is False
        assert "403" in paste(failover).partition("\r\n")[0]
        assert demo.stop(signal.SIGINT) == 0


@pytest.mark.slow
def test_demo_in_the_background_without_a_terminal_ends_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    """SIGINT ends it even where the shell had it ignored, and its folder is gone afterwards."""
    environ = {"TMPDIR": str(tmp_path)}
    with Running(
        ["demo", "--port", str(free_port())],
        tmp_path,
        ready=UP,
        ignores_interrupts=True,
        environ=environ,
    ) as demo:
        assert list(tmp_path.glob("tollhouse-demo-*"))
        assert demo.stop(signal.SIGINT) == 0

    assert not list(tmp_path.glob("tollhouse-demo-*"))


@pytest.mark.slow
def test_kept_demo_starts_again_with_its_store(shell: Shell) -> None:
    """Its folder serves every other command, and a second start finds what the first one had."""
    arguments = ["demo", "--port", str(free_port()), "--keep", "kept"]
    with Running(arguments, shell.site, ready=UP) as demo:
        first = re.findall(r"iak_\S+", demo.printed)[0]
        assert demo.stop(signal.SIGTERM) == 0
    settings = str(shell.site / "kept" / "tollhouse.yaml")
    assert shell("models", "set", "demo/embed", "tags=[]", "--config", settings).code == 0
    assert (shell.site / "kept" / "tollhouse.yaml").stat().st_mode & 0o077 == 0

    with Running(arguments, shell.site, ready=UP) as demo:
        second = re.findall(r"iak_\S+", demo.printed)[0]
        assert first != second
        for key in (first, second):
            assert demo.get("/v1/models", key).status_code == 200
        body = {"model": "embed", "input": ["a", "b"], "dimensions": 16}
        embedded = paste(
            f"curl -sS {demo.url}/v1/embeddings -H 'Authorization: Bearer {second}'"
            f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
        )
        assert [len(one["embedding"]) for one in json.loads(embedded)["data"]] == [16, 16]
        assert demo.stop(signal.SIGTERM) == 0
    assert [row["plan"] for row in shell("orgs", "list", "--json", "--config", settings).json] == [
        "pro",
        "free",
    ]


def test_port_that_was_asked_for_and_is_taken_is_told(shell: Shell) -> None:
    """With ``--port`` there is no other port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = shell("demo", "--port", str(port))

    assert ran.code == 3
    assert len(ran.sentences) == 1
    assert f"127.0.0.1:{port} is in use" in ran.err


def test_default_port_that_is_taken_gives_way_to_the_next_free_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without ``--port`` the demo is on another port, and says which."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # taken by somebody else will do as well
            stack.enter_context(socket.create_server(("127.0.0.1", DEFAULT_PORT)))
        with listen_for_demo(None) as found:
            port = found.getsockname()[1]

    assert port > DEFAULT_PORT
    assert capsys.readouterr().err == (
        f"tollhouse: port {DEFAULT_PORT} is in use, so this demo is on port {port}\n"
    )


@pytest.mark.parametrize("content", ["tollhouse.yaml", "diary.txt"])
def test_folder_of_somebody_else_is_left_alone(shell: Shell, content: str) -> None:
    """A configuration that is not a demo's is never written over."""
    folder = shell.site / "mine"
    folder.mkdir()
    (folder / content).write_text("mine")

    ran = shell("demo", "--keep", "mine")

    assert ran.code == 2
    assert len(ran.sentences) == 1
    assert (folder / content).read_text() == "mine"
