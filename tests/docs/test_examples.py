"""Every Python example of the README and of docs/ runs as it stands; what is generated is current."""

import ast
import inspect
import itertools
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mi_async import emulator
from tests.support.pictures import picture
from tests.support.redis_server import redis_server

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NUMBERS = itertools.count()
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    if page.name != "testing.md"  # whose modules pytest runs
    for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1)
]


async def run(source: str) -> dict[str, Any]:
    """Run an example as a notebook would: with await at the top level."""
    names: dict[str, Any] = {"__name__": "__main__"}
    code = compile(source, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = eval(code, names)  # noqa: S307  our own documentation
    if inspect.isawaitable(waiting):
        await waiting
    return names


def journalled(source: str, request: pytest.FixtureRequest) -> str:
    """Put journals of a real server in the place of those that an example names."""
    if "postgresql://db/" not in source:
        return source
    server = request.getfixturevalue("postgres_server")
    unique = f"docs-{os.getpid()}-{next(NUMBERS)}"
    return re.sub(r"postgresql://db/media#(\w+)", lambda found: server.url(f"{unique}-{found[1]}"), source)


@pytest.mark.parametrize("source", EXAMPLES)
async def test_example_runs(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    source = journalled(source, request)
    with ExitStack() as stack:
        if "connect(quota_store=" in source:
            store = stack.enter_context(redis_server(tmp_path))
            source = source.replace("redis://cache:6379/0", store.url)
        await run_example(source, tmp_path, monkeypatch)


async def run_example(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run an example against an emulator, in a folder with two images."""
    (tmp_path / "hong.jpg").write_bytes(picture("jpg", seed=1))
    (tmp_path / "hong-2.png").write_bytes(picture("png", seed=2))
    monkeypatch.chdir(tmp_path)
    with emulator.running() as server:  # in a thread: some examples block their event loop
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        source = source.replace("connect(quota_store=", f"connect(base_url={server.url!r}, quota_store=")
        await run(source.replace("connect()", f"connect(base_url={server.url!r})"))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 5


@pytest.mark.parametrize("script", ["operations.py", "module_map.py", "public_names.py"])
def test_what_is_generated_is_current(script: str) -> None:
    subprocess.run([sys.executable, ROOT / "docs" / script, "--check"], check=True)


LINKED = sorted({*PAGES, *ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md"})


def anchors(page: Path) -> set[str]:
    """What a link into a page may name: its headings, as they are made into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in LINKED])
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8"))
    missing = [
        f"{target}#{anchor}"
        for target, anchor in links
        if not (there := page.parent / target if target else page).exists() or (anchor and anchor not in anchors(there))
    ]
    assert not missing
