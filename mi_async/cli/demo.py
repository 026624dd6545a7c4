"""``demo``: the main job from end to end, against the emulator, with nothing to set up.

Invariant: nothing leaves this machine, and nothing is faked: it is the package's session against a real server.
"""

import os
import shlex
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from attrs import define, field
from rich.console import Console
from rich.text import Text

from mi_async._core.concurrency import each
from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async.api.persons import Person
from mi_async.cli import event_loop
from mi_async.cli.demo_people import PEOPLE, DemoPerson, image_to_try
from mi_async.cli.emulator import DEFAULTS
from mi_async.cli.output import draw
from mi_async.cli.streams import Stream, console, drawable, stdout
from mi_async.cli.verbosity import log_to_stderr
from mi_async.display.uploads import UploadView, upload_display
from mi_async.emulator import Latency, Settings, serve
from mi_async.errors import NotFoundError
from mi_async.session import Session
from mi_async.session_opening import connect
from mi_async.table import TERMINAL, table_of
from mi_async.text import duration
from mi_async.workspace import Workspace

WORKSPACE = "newsroom"
LATENCY = Latency.lognormal(median=0.9, p95=2.5)
"""Quicker than the emulator's own, which is as slow as the service."""
PAGE = f"http://127.0.0.1:{DEFAULTS.port}/"
"""The page of an emulator that is started without options."""


def demo(*, seed: int = 1) -> None:
    """Enroll a handful of bundled faces on a built-in emulator, and show each step.

    Args:
        seed: Seed of everything random in the emulator.
    """
    # The display draws in a thread of its own, where an exception would help nobody: the stream is asked for failures.
    out = stdout(strict=False)
    log_to_stderr(0)
    event_loop.run(run_demo(out, Settings(seed=seed, latency=LATENCY, workspaces=())))
    out.check()


async def run_demo(out: Stream, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
    """Enroll the people of the demo.

    Args:
        out: for everything that is shown; a failure to write ends the demo.
        settings: of the emulator.
        now: seconds of a steady clock.
    """
    shown = console(out, highlight=False)
    requests = RequestTimes()
    async with serve(settings=settings) as server:
        _print(shown, "[bold]Media Intelligence, emulated[/] at {} (seed {})", server.url, settings.seed)
        async with connect(server.credentials, base_url=server.url, hooks=Hooks(after=[requests])) as session:
            requests.session = session
            workspace = await _workspace(session, shown)
            started = now()
            expected = [(person.name, image) for person in PEOPLE for image in person.images]
            shown.print()
            with upload_display(drawable(out), expected=expected) as display:

                async def enroll(person: DemoPerson) -> None:
                    await _enroll(workspace, person, display)
                    out.check()

                await each(enroll, PEOPLE, len(PEOPLE))
            took = duration(now() - started)
            _print(shown, "\n[bold green]{} persons with {} images[/] in {}", len(PEOPLE), len(expected), took)
            persons = [await workspace.persons.get(person.id) async for person in workspace.persons.all()]
    shown.print("\n[bold]Requests and quotas[/]")
    draw(shown, table_of(requests.rows(), TERMINAL))
    shown.print("\n[bold]Persons[/]")
    draw(shown, table_of(map(_row, persons), TERMINAL))
    _print_next(shown)


async def _workspace(session: Session, shown: Console) -> Workspace:
    """Return the workspace, created if it does not exist."""
    try:
        await session.workspaces.get(WORKSPACE)
    except NotFoundError:
        await session.workspaces.create(WORKSPACE)
        _print(shown, "workspace {} created", WORKSPACE)
    return session.workspace(WORKSPACE)


async def _enroll(workspace: Workspace, person: DemoPerson, display: UploadView) -> None:
    await workspace.enroll_person(
        person.name, person.sources(), description=person.description, tags=person.tags, progress=display.step
    )


@define(eq=False)
class RequestTimes:
    """Hook that times each attempt and watches the quotas.

    Attributes:
        session: whose quotas are watched.
    """

    session: Session | None = None
    _seconds: dict[str, list[float]] = field(init=False, factory=lambda: defaultdict(list))
    _peaks: dict[str, int] = field(init=False, factory=lambda: defaultdict(int))

    async def __call__(self, attempt: Attempt, outcome: Outcome) -> None:
        """Count one attempt."""
        self._seconds[attempt.operation].append(outcome.seconds)
        state = self.session.quota.get(attempt.operation) if self.session is not None else None
        if state is not None:
            self._peaks[attempt.operation] = max(self._peaks[attempt.operation], state.used)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each operation that was called."""
        quotas = self.session.quota if self.session is not None else {}
        for operation, seconds in self._seconds.items():
            state = quotas.get(operation)
            peak = self._peaks[operation]
            yield {
                "operation": operation,
                "requests": len(seconds),
                "median": duration(median(seconds)),
                "max": duration(max(seconds)),
                "quota used": None if state is None else f"{peak} of {state.calls:,} / {state.period:g} s",
                "429s": None if state is None else state.refused,
            }


def _row(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "tags": person.tags,
        "images": len(person.thumbnails),
        "primary": next((t.id for t in person.thumbnails if t.is_primary_thumbnail), None),
    }


def _print(shown: Console, text: str, *values: object) -> None:
    shown.print(text.format(*values), soft_wrap=True)


def _print_next(shown: Console) -> None:
    """Print the commands to try next."""
    program = program_name(sys.argv[0], sys.executable, sys.path[1:])
    blocks = (
        ("What to type next: the emulator in one terminal,", (f"{program} emulator",)),
        ("its page in a browser, where you see what happens and switch faults on,", (PAGE,)),
        (
            "in another the export lines that it prints, and",
            (
                f"{program} enroll 홍길동 {_quoted(image_to_try())} --tag Anchor",
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
        shown.print(f"\n[bold]{title}[/]")
        for command in commands:
            shown.print(Text(f"  {command}", style="cyan"), soft_wrap=True)


def program_name(started: str, python: str, import_path: Sequence[str]) -> str:
    """Return the shell words that start this program from any directory.

    Args:
        started: the program as it was started, ``sys.argv[0]``.
        python: the interpreter, ``sys.executable``.
        import_path: places of modules, the current directory excepted.
    """
    if shutil.which("mi-async") is not None:
        return "mi-async"
    if Path(started).name == "__main__.py":
        folder = Path(__file__).parents[2]
        installed = any(Path(entry).absolute() == folder for entry in import_path)
        variable = "" if installed else f"PYTHONPATH={shlex.quote(str(folder))} "
        return f"{variable}{_quoted(python)} -m mi_async"
    if not os.access(started, os.X_OK):  # a zipapp that a Python was given
        return f"{_quoted(python)} {_quoted(started)}"
    return _quoted(started)


def _quoted(path: str) -> str:
    """Return a path for the shell that means the same in every directory."""
    return shlex.quote(str(Path(path).absolute()))
