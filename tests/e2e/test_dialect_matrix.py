"""Every client dialect at every kind of provider, feature by feature, against golden pairs."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from e2e.matrix import (
    CELLS,
    CLAUDES,
    KINDS,
    WRITES,
    Cell,
    Matrix,
    golden,
    keep,
    plain,
    read,
    running,
    slug,
    table,
)
from e2e.matrix_asks import FEATURES, PATHS, body_of
from tollhouse.core.dialect import Dialect

pytestmark = pytest.mark.asyncio(loop_scope="module")

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"
SAME = [cell for cell in CELLS if KINDS[cell.kind].dialects[cell.client] is cell.client]
CLOUDS = [
    Cell(client, kind, feature) for client in PATHS for kind in CLAUDES for feature in FEATURES
]
VERSIONS = {"vertex claude": "vertex-2023-10-16", "bedrock invoke": "bedrock-2023-05-31"}


@pytest_asyncio.fixture(name="matrix", scope="module", loop_scope="module")
async def _matrix(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Matrix]:
    async with running(tmp_path_factory.mktemp("matrix")) as matrix:
        yield matrix


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_a_cell_is_as_its_golden_has_it(matrix: Matrix, cell: Cell) -> None:
    """What reaches the provider and what the client gets are what was found right by reading."""
    told = await matrix.run(cell)
    if WRITES:
        keep(cell, told)
    assert told == golden(cell)


@pytest.mark.parametrize("cell", SAME, ids=str)
async def test_one_dialect_on_both_sides_passes_bytes_through(cell: Cell) -> None:
    """Nothing of the body changes but the model's name and the question for usage."""
    (edits,) = golden(cell)["sent"].items()
    assert edits[0] == "same bytes but for"
    assert edits[1]["model"] == KINDS[cell.kind].named


@pytest.mark.parametrize("cell", CLOUDS, ids=str)
async def test_claude_in_a_cloud_is_claude(matrix: Matrix, cell: Cell) -> None:
    """Bodies and answers are those of Anthropic's own API, less what the clouds say in the URL."""
    told = await matrix.run(cell)
    own = await matrix.run(cell._replace(kind="anthropic"))
    assert served(told) == served(own)
    if cell.client is Dialect.MESSAGES:
        expected = read(body_of(cell.client, cell.feature, ""))
    else:
        expected = own["sent"]
    expected = plain(expected) | {"anthropic_version": VERSIONS[cell.kind]}
    del expected["model"]
    if cell.kind == "bedrock invoke":
        expected.pop("stream", None)
    assert told["sent"] == expected


def served(told: dict[str, Any]) -> Any:
    """What the client got, whoever the model was."""
    text = json.dumps(told["answered"])
    for name in (*CLAUDES, "anthropic"):
        text = text.replace(f'"{slug(name)}"', '"served"')
    return json.loads(text)


async def test_readme_tells_the_matrix() -> None:
    """The table of README is made of the goldens, between its two marks."""
    told = README.read_text()
    assert BEGIN in told, f"README has no {BEGIN}"
    assert told.partition(BEGIN)[2].partition(END)[0].strip() == table()
