"""Official clients in JavaScript, unmodified: OpenAI's own, and Vercel's ai with its providers.

Their packages are installed once a run, by the lock file beside the scripts, into a temporary
folder. Where Node or the registry is missing the tests are skipped, or fail if services are
required.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from e2e.stage import exact, per_million
from e2e.tool_turns import CALLS, RESULTS, results_sent
from e2e.vendors import HELLO, SIGNATURES, Said, Vendors

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPTS = Path(__file__).parent / "js"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
INSTALL_SECONDS = 120
RUN_SECONDS = 60
LOOKING = Said("Let me look.", CALLS, "I should look.")
TURNS = (Said(), Said(), LOOKING, Said("Rain, and sun."))
"""What every script meets: a chat, a stream, and a loop of two calls at once."""


async def run(folder: Path, seconds: float, *command: str, **env: str) -> tuple[int, str, str]:
    """A command's status and what it wrote; one that takes too long is ended."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1, "", f"{command[0]} took longer than {seconds} s"
    return process.returncode or 0, out.decode(), err.decode()


def missing(reason: str) -> None:
    """Skip, or fail where services are required."""
    if os.environ.get("TOLLHOUSE_TEST_SERVICES") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(name="folder", scope="module", loop_scope="module")
async def _folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The scripts beside their packages; taken away again, for packages are large."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        missing("Node is not installed")
    folder = tmp_path_factory.mktemp("js")
    for file in SCRIPTS.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    for _ in range(2):
        status, out, err = await run(folder, INSTALL_SECONDS, str(npm), *INSTALL)
        if status == 0:
            break
    else:
        missing(f"npm could not install the packages: {(err or out)[-500:]}")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def met(folder: Path, vendors: Vendors, script: str, model: str, **env: str) -> Any:
    """What a script tells of the gateway."""
    where = {"GATEWAY": vendors.gw.url, "KEY": vendors.gw.key, "MODEL": model}
    status, out, err = await run(folder, RUN_SECONDS, "node", script, **where, **env)
    assert status == 0, err or out
    return json.loads(out)


@pytest.mark.parametrize("place", ["anthropic", "gemini"])
async def test_openai_s_client(folder: Path, vendors: Vendors, place: str) -> None:
    """A chat, a stream, ``runTools`` and a response; cost and errors as in Python."""
    model_id = await vendors.model(place, *TURNS, Said())
    told = await met(folder, vendors, "openai.mjs", model_id)
    cost = per_million((12, "3"), (12 if place == "gemini" else 5, "15"))
    assert told["chat"] == told["response"] == HELLO
    assert told["served"] == model_id
    assert exact(told["cost"]) == exact(told["streamedCost"]) == cost
    assert len(told["pieces"]) > 1
    assert "".join(told["pieces"]) == HELLO
    assert told["calls"] == ["Oslo", "Bern"]
    assert told["final"] == "Rain, and sun."
    assert results_sent(place, vendors.asked[3].json) == RESULTS
    assert told["error"] == ["NotFoundError", 404, "model_not_found"]


@pytest.mark.parametrize(
    ("provider", "place"),
    [
        ("compatible", "converse"),
        ("openai", "vertex"),
        ("anthropic", "responses"),
    ],
)
async def test_vercel_s_ai(folder: Path, vendors: Vendors, provider: str, place: str) -> None:
    """Each provider package talks to a model of another vendor: a chat, a stream, two calls."""
    model_id = await vendors.model(place, *TURNS)
    told = await met(folder, vendors, "vercel.mjs", model_id, PROVIDER=provider)
    tokens = [12, 12 if place in {"gemini", "vertex"} else 5]
    assert "trouble" not in told, told
    assert (told["chat"], told["reason"]) == (HELLO, "stop")
    assert told["tokens"] == told["streamedTokens"] == tokens
    assert len(told["pieces"]) > 1
    assert "".join(told["pieces"]) == HELLO
    assert told["calls"] == ["Oslo", "Bern"]
    assert told["thought"] == "I should look."
    assert told["final"] == "Rain, and sun."
    assert len(vendors.asked) == len(TURNS)
    assert "Be kind." in vendors.asked[0].body.decode()
    given = results_sent(place, vendors.sent)
    assert [(call, text.strip('"')) for call, text in given] == RESULTS
    body = vendors.asked[-1].body.decode()
    assert "tollhouse" not in body
    assert (SIGNATURES[place] in body) is (provider != "compatible")
    name, status, message = told["error"]
    assert (name, status) == ("AI_APICallError", 404)
    assert "none-such" in message
