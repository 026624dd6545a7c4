"""``demo``: the main job from end to end, against the emulator, with nothing to set up.

Law: nothing leaves this machine, and nothing is faked: it is the session of the package against a real server.
"""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mi_async._core.concurrency import each
from mi_async._core.hooks import Hooks
from mi_async.api.persons import Person
from mi_async.cli import event_loop
from mi_async.cli.meter import Meter, operations_table
from mi_async.cli.people import PEOPLE, Somebody, example_picture
from mi_async.cli.progress import Board, board
from mi_async.cli.streams import console, stdout
from mi_async.emulator import Latency, Settings, serve
from mi_async.errors import NotFoundError
from mi_async.session import Session, connect
from mi_async.text import duration, plain
from mi_async.workspace import Workspace

WORKSPACE = "newsroom"
LATENCY = Latency.lognormal(median=0.9, p95=2.5)
"""Quicker than the emulator's own, which is as slow as the service."""


def demo(*, seed: int = 1) -> None:
    """Enroll a handful of bundled faces on a built-in emulator, and show what happens.

    Args:
        seed: Of everything random in the emulator.
    """
    # The board draws in a thread of its own, where an exception would help nobody: what went wrong is asked for.
    out = stdout(strict=False)
    event_loop.run(_demo(console(out, highlight=False), seed, time.monotonic, out.check))


async def _demo(console: Console, seed: int, now: Callable[[], float], check: Callable[[], None]) -> None:
    meter = Meter()
    async with serve(settings=Settings(seed=seed, latency=LATENCY, workspaces=())) as server:
        _say(console, "[bold]Media Intelligence, emulated[/] at {} (seed {})", server.url, seed)
        async with connect(server.credentials, base_url=server.url, hooks=Hooks(after=[meter])) as session:
            meter.session = session
            workspace = await _workspace(session, console)
            started = now()
            expected = [(person.name, picture) for person in PEOPLE for picture in person.pictures]
            console.print()
            with board(console, expected=expected) as progress:

                async def enroll(person: Somebody) -> None:
                    await _enroll(workspace, person, progress)
                    check()

                await each(enroll, PEOPLE, len(PEOPLE))
            took = duration(now() - started)
            console.print()
            _say(console, "[bold green]{} persons with {} pictures[/] in {}", len(PEOPLE), len(expected), took)
            persons = [await workspace.persons.get(person.id) async for person in workspace.persons.all()]
    console.print("\n[bold]Requests and quotas[/]")
    console.print(operations_table(meter))
    console.print("\n[bold]Persons[/]")
    console.print(_persons_table(persons))
    _next(console)
    check()


async def _workspace(session: Session, console: Console) -> Workspace:
    """The workspace, created if needed."""
    try:
        await session.workspaces.get(WORKSPACE)
    except NotFoundError:
        await session.workspaces.create(WORKSPACE)
        _say(console, "workspace {} created", WORKSPACE)
    return session.workspace(WORKSPACE)


async def _enroll(workspace: Workspace, person: Somebody, progress: Board) -> None:
    await workspace.enroll_person(
        person.name, person.sources(), description=person.description, tags=person.tags, progress=progress.step
    )


def _persons_table(persons: list[Person]) -> Table:
    table = Table("id", "name", "tags", "pictures", "main picture", box=box.ROUNDED, header_style="bold")
    table.columns[3].justify = "right"
    for person in persons:
        main = next((str(t.id) for t in person.thumbnails if t.is_primary_thumbnail), "")
        tags = ", ".join(tag.name for tag in person.tags)
        cells = (str(person.id), person.name or "", tags, str(len(person.thumbnails)), main)
        table.add_row(*[Text(plain(cell)) for cell in cells])
    return table


def _say(console: Console, text: str, *values: object) -> None:
    console.print(text.format(*values), soft_wrap=True)


def _next(console: Console) -> None:
    """What to type next."""
    program, picture = _program(), _quoted(example_picture())
    blocks = (
        ("What to type next: the emulator in one terminal,", (f"{program} emulator",)),
        (
            "in another the export lines that it prints, and",
            (
                f"{program} enroll 홍길동 {picture} --tag Anchor",
                f"{program} persons list --output table",
            ),
        ),
        (
            "with the service itself, the same after",
            (
                "export NCLOUD_ACCESS_KEY_ID=... NCLOUD_SECRET_ACCESS_KEY=... MI_ASYNC_WORKSPACE=...",
                "unset MI_ASYNC_BASE_URL",
            ),
        ),
    )
    for title, commands in blocks:
        console.print(f"\n[bold]{title}[/]")
        for command in commands:
            console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)


def _program() -> str:
    """Return how this program is started, from any directory."""
    started = sys.argv[0]
    if shutil.which("mi-async") is not None:
        return "mi-async"
    if Path(started).name == "__main__.py":
        return f"{_where_to_import()}{_quoted(sys.executable)} -m mi_async"
    if not os.access(started, os.X_OK):  # a zipapp that a Python was given
        return f"{_quoted(sys.executable)} {_quoted(started)}"
    return _quoted(started)


def _where_to_import() -> str:
    """Return a PYTHONPATH for a package that is found only because it is in the current directory."""
    folder = Path(__file__).parents[2]
    installed = any(Path(entry).absolute() == folder for entry in sys.path[1:])
    return "" if installed else f"PYTHONPATH={shlex.quote(str(folder))} "


def _quoted(path: str) -> str:
    """Return a path for the shell that means the same in every directory."""
    return shlex.quote(str(Path(path).absolute()))
