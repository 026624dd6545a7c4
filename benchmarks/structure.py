"""Figures of the package's structure: arrows, names, sizes, complexity, and the files that one call passes through.

Nothing here judges: two runs are compared by who reads them.
"""

import ast
import asyncio
import re
import shutil
import statistics
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from harness import options
from results import Table, finish

import mi_async
from mi_async import emulator
from mi_async.cli.emulator_storage import BUCKET, local_storage, looking_at

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mi_async"
VIDEO = ROOT / "tests" / "data" / "media" / "plain.mp4"
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.Assert, ast.comprehension)
RIDDLE = re.compile(r"(What|Whether|How|Where|Who|Which)\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, ast.Module]:
    """Return the syntax tree of each module by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def imports(trees: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """Yield the arrows between modules of the package; what only a type checker imports is none."""
    for name, tree in trees.items():
        for node in running(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    target = full if full in trees else node.module
                    if target in trees and target != name:
                        yield name, target


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below a node that run."""
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for each in child.orelse:
                yield from running(each)
        else:
            yield from running(child)


def circles(arrows: set[tuple[str, str]]) -> str:
    """Return the places that can be reached from themselves, those of one circle together."""
    after = defaultdict(set)
    for source, target in arrows:
        after[source].add(target)

    def reached(start: str) -> set[str]:
        seen, left = set[str](), [start]
        while left:
            seen |= (new := after[left.pop()] - seen)
            left += new
        return seen

    ways = {place: reached(place) for place in list(after)}
    found = {
        frozenset(other for other in way if place in ways.get(other, ())) for place, way in ways.items() if place in way
    }
    shown = ["+".join(sorted(name.removeprefix("mi_async.") for name in circle)) for circle in found]
    return f"{sum(map(len, found))} in circles{': ' if found else ''}{', '.join(sorted(shown))}"


def functions(trees: dict[str, ast.Module]) -> Iterator[tuple[str, Function]]:
    """Yield every function with the module that it stands in."""
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield name, node


def complexity(function: Function) -> int:
    """Return the cyclomatic complexity of a function, those inside it left out."""
    total, left = 1, list(ast.iter_child_nodes(function))
    while left:
        node = left.pop()
        if isinstance(node, Function | ast.Lambda):
            continue
        total += isinstance(node, BRANCHES)
        total += len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0
        total += len(node.cases) if isinstance(node, ast.Match) else 0
        left += ast.iter_child_nodes(node)
    return total


def places(name: str) -> str:
    """Return the folder of a module; a module of the root is a place of its own, since the root has every layer."""
    folder = name.rpartition(".")[0]
    return folder if "." in folder else name


def size_lines(trees: dict[str, ast.Module]) -> Iterator[str]:
    """Yield lengths of files and functions, names that stand twice, and how docstrings begin."""
    lines = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    longest = max(lines, key=lambda path: lines[path])
    yield f"lines: {sum(lines.values()):,} in {len(lines)} files"
    yield f"files: median {statistics.median(lines.values()):.0f}, longest {lines[longest]} ({longest.name})"
    spans = {(name, node.name): (node.end_lineno or 0) - node.lineno + 1 for name, node in functions(trees)}
    worst = max(spans, key=lambda key: spans[key])
    yield f"functions: {len(spans):,}, median {statistics.median(spans.values()):.0f}, longest {spans[worst]} {worst}"
    knots = sorted(((complexity(node), f"{name}.{node.name}") for name, node in functions(trees)), reverse=True)
    yield f"complexity: above 10: {sum(knot > 10 for knot, _ in knots)}; worst {knots[0]}"  # noqa: PLR2004  the design's
    defined = Counter(
        node.name
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
    )
    yield f"public names in more than one module: {sum(count > 1 for count in defined.values())}"
    classes = Counter(node.name for tree in trees.values() for node in tree.body if isinstance(node, ast.ClassDef))
    yield f"classes in more than one module: {[name for name, count in classes.items() if count > 1]}"
    told = [text for _, node in functions(trees) if (text := ast.get_docstring(node))]
    riddles = sum(bool(RIDDLE.match(text)) for text in told)
    yield f"docstrings of functions: {len(told):,}, of which {riddles} are riddles"


def arrow_lines(trees: dict[str, ast.Module]) -> Iterator[str]:
    """Yield arrows and circles: between modules of a folder, and between folders."""
    arrows = set(imports(trees))
    inside = defaultdict(set)
    for source, target in arrows:
        if places(source) == places(target):
            inside[places(source)].add((source, target))
    for folder, within in sorted(inside.items(), key=lambda item: -len(item[1]))[:8]:
        count = sum(places(name) == folder for name in trees)
        yield f"{folder}: {count} files, {len(within)} arrows, {circles(within)}"
    between = {(places(source), places(target)) for source, target in arrows if places(source) != places(target)}
    yield f"between folders: {len(between)} arrows, {circles(between)}"


def test_lines() -> Iterator[str]:
    """Yield how often tests look inside; an import of ``mi_async._core`` is none: it is private by its folder.

    Neither is a protocol, such as ``_repr_html_`` of notebooks, nor what the standard library has under such a name.
    """
    text = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    inside = [
        node
        for node in ast.walk(ast.parse("\n".join(line for line in text.splitlines() if "__future__" not in line)))
        if isinstance(node, ast.Attribute)
        and re.fullmatch(r"_[a-z]\w*[a-z]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls", "os", "sys"})
    ]
    yield f"private accesses in tests: {len(inside)}"
    yield f"monkeypatches in tests: {text.count('monkeypatch.setattr')}"


async def passed(work: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    """Return how many files and functions of the package a piece of work passes through."""
    seen = set[tuple[str, str]]()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        file, name = frame.f_code.co_filename, frame.f_code.co_qualname
        if event == "call" and str(PACKAGE) in file and "emulator" not in file and name != "<module>":
            seen.add((file, name))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        await work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return len({file for file, _ in seen}), len(seen)


@asynccontextmanager
async def workspace() -> AsyncGenerator[mi_async.Workspace]:
    """Yield an emulated workspace without processing times, beside a storage."""
    none = emulator.Latency.none()
    with local_storage() as storage:
        async with looking_at(storage, emulator.CREDENTIALS) as objects:
            settings = emulator.Settings(
                importing=none, queueing=none, analysing=none, summarizing=none, objects=objects
            )
            async with (
                emulator.serve(settings=settings) as server,
                mi_async.connect(server.credentials, base_url=server.url, storage=storage) as session,
            ):
                yield session.workspace("newsroom")


async def path_lines() -> AsyncIterator[str]:
    """Yield the files and functions that single calls and runs of one item pass through.

    Each work is done once before it is counted, on inputs of its own, so that the import of a module is no part of it.
    """
    images = sorted((PACKAGE / "cli" / "pictures").glob("*.*g"))
    async with workspace() as newsroom:
        person = await newsroom.enroll_person("Gildong Hong", images[:1])
        project = (await newsroom.projects.list()).projects[0].project_id
        with tempfile.TemporaryDirectory() as folder:

            def clip(name: str) -> Path:
                return Path(shutil.copy(VIDEO, Path(folder, f"{name}.mp4")))

            async def enroll_many(name: str) -> None:
                people = [mi_async.PersonInput(f"Maria {name}", images[1:2])]
                await newsroom.enroll_many(people, journal=Path(folder, f"enroll {name}.journal"))

            async def ingest_asset(name: str) -> None:
                await newsroom.ingest_asset(clip(f"single {name}"), project=project, bucket=BUCKET)

            async def ingest_many(name: str) -> None:
                item = mi_async.AssetInput(clip(f"one {name}"))
                journal = Path(folder, f"ingest {name}.journal")
                await newsroom.ingest_many([item], journal=journal, project=project, bucket=BUCKET)

            works: dict[str, Callable[[str], Awaitable[object]]] = {
                "persons.get": lambda _: newsroom.persons.get(person.id),
                "upload_thumbnail": lambda _: newsroom.upload_thumbnail(person.id, images[2]),
                "enroll_many of one": enroll_many,
                "ingest_asset": ingest_asset,
                "ingest_many of one": ingest_many,
            }
            for name, work in works.items():
                await work("before")
                files, called = await passed(partial(work, "counted"))
                yield f"{name}: {files} files, {called} functions"


async def paths() -> list[str]:
    return [line async for line in path_lines()]


def main() -> None:
    given = options(__doc__).parse_args()
    trees = modules()
    lines = [*size_lines(trees), *arrow_lines(trees), *test_lines(), *asyncio.run(paths())]
    rows = [line.split(": ", 1) for line in lines]
    finish(given.json, {}, Table("Structure of the package", ["", "figures"], rows))


if __name__ == "__main__":
    main()
