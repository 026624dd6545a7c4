"""The notebooks in examples/ run from the first cell to the last in a real kernel, and are kept without outputs."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.test_notebook import read

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def load(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture
def sigint_restored() -> Iterator[None]:
    """Restore SIGINT: nbclient leaves Python's own handler, even in a process whose parent has SIGINT ignored."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@each
@pytest.mark.usefixtures("sigint_restored")
async def test_it_runs(path: Path, tmp_path: Path) -> None:
    book = load(path)
    client = NotebookClient(book, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    await client.async_execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    shown = [html for output in outputs if (html := output.get("data", {}).get("text/html")) is not None]
    assert shown
    assert all(read(html).said for html in shown)
    assert any(read(html).cells for html in shown)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    saved = nbformat.writes(book)  # type: ignore[no-untyped-call]
    assert not [word for word in ("X-Amz-", "Signature=", "?…") if word in saved]
    assert ("data:image/jpeg;base64," in saved) == (path.stem == "search")


@each
def test_it_is_kept_without_outputs(path: Path) -> None:
    book = load(path)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert book.cells[0].source.startswith("# ")


def test_there_is_one_for_each_user() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["backend", "bulk", "search"]
