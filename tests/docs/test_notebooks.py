"""The notebooks in examples/ run from the first cell to the last in a real kernel, and are kept without outputs.

A notebook that is saved holds its images, and no presigned URL.
"""

import base64
import signal
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import v4
from PIL import Image

from tests.test_notebook import read

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))

SLOW = {"archive"}
"""Notebooks that run with the first Python only."""

each = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.stem in SLOW else ()) for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)


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
    client = NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    await client.async_execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    shown = [html for output in outputs if (html := output.get("data", {}).get("text/html")) is not None]
    assert shown
    assert all(read(html).said for html in shown)
    assert any(read(html).cells for html in shown)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    saved = nbformat.writes(book)  # type: ignore[no-untyped-call]
    assert not [word for word in ("X-Amz-", "Signature=", "?…") if word in saved]
    assert ("data:image/jpeg;base64," in saved) == (path.stem != "backend")


SESSION = """\
from contextlib import AsyncExitStack
import mi_async
from mi_async import emulator
from mi_async.pictures import contact_sheet
stack = AsyncExitStack()
server = await stack.enter_async_context(emulator.serve())
session = await mi_async.connect(server.credentials, base_url=server.url)
newsroom = session.workspace("newsroom")
person = await newsroom.enroll_person("홍길동", [emulator.example_image()])
newsroom
---
session
---
person
---
page = await newsroom.persons.list()
page
---
[*page]
---
await contact_sheet(newsroom, page)
---
await newsroom.thumbnails.presign("a.jpg")
---
await newsroom.download_image(person.thumbnails[0].url + "0")
---
await newsroom.persons.get(404404)
---
%xmode Verbose
await newsroom.download_image(person.thumbnails[0].url.replace("http", "ftp"))
---
await session.aclose()
await stack.aclose()
session"""
"""Cells of an afternoon, in which some go wrong."""


def _format(image: str) -> str | None:
    """Return the format of an image in a ``data:`` URL."""
    return Image.open(BytesIO(base64.b64decode(image.partition(",")[2]))).format


@pytest.mark.slow
@pytest.mark.usefixtures("sigint_restored")
async def test_a_saved_notebook_holds_its_images_and_no_key_to_any(tmp_path: Path) -> None:
    cells = [v4.new_code_cell(cell) for cell in SESSION.split("---\n")]  # type: ignore[no-untyped-call]
    book = v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    place = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(book, allow_errors=True, timeout=300, kernel_name="python3", resources=place)
    await client.async_execute()
    nbformat.write(book, tmp_path / "afternoon.ipynb")  # type: ignore[no-untyped-call]

    # The emulator has ended with the kernel: whatever is shown from here on comes from the file.
    saved = (tmp_path / "afternoon.ipynb").read_text(encoding="utf-8")
    assert not [word for word in ("X-Amz-", "Signature", "Credential=", "storage/thumbnails/newsroom") if word in saved]
    outputs = [output for cell in load(tmp_path / "afternoon.ipynb").cells for output in cell.outputs]
    html = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    images = [image["src"] for page in html for image in read(page).images]
    assert [_format(image) for image in images] == ["JPEG"]
    errors = [output.traceback for output in outputs if output.output_type == "error"]
    assert [len(lines) for lines in errors[:2]] == [3, 3]
    assert errors[0][0] == "mi_async.errors.ResponseError: no image: the storage answered HTTP 403"
    assert errors[1][1] == "  cell, line 1: await newsroom.persons.get(404404)"
    assert len(errors[2]) > 3


@each
def test_it_is_kept_without_outputs(path: Path) -> None:
    book = load(path)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert book.cells[0].source.startswith("# ")


def test_there_is_one_for_each_user() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["archive", "backend", "bulk", "search"]
