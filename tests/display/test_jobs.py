"""Jobs as a person sees them: those that are not over on a terminal, a line for each change elsewhere."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rich.console import Console

from mi_async import Job
from mi_async.display.display import displayed
from mi_async.display.jobs import JobView, job_display
from mi_async.display.lines import LINE_EVERY
from mi_async.display.terminal import TerminalDisplay
from mi_async.emulator import Latency, Settings
from tests.support.lines import Lines, Time
from tests.support.newsroom import Newsroom, newsroom

SETTINGS = Settings(importing=Latency.none())


@pytest.fixture
async def room() -> AsyncIterator[Newsroom]:
    async with newsroom(SETTINGS) as opened:
        yield opened


async def imported(room: Newsroom) -> Job[Any]:
    """A job that is over as soon as somebody asks."""
    project = (await room.workspace.projects.list()).projects[0].project_id
    return await room.workspace.import_asset(project, key="a.mp4", bucket_name="footage")


async def test_a_terminal_shows_what_is_left(room: Newsroom) -> None:
    first = await imported(room)
    others: list[Job[Any]] = [room.session.job(f"index:newsroom:101:{number}") for number in range(5000, 5031)]
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    display = TerminalDisplay(console, transient=True)
    view = JobView(display, [first, *others], lambda: 0.0)
    with displayed(view, display):
        console.print(display)
        await first.wait(progress=view.step)
        console.print(display)
    assert str(first) in stream.getvalue()
    assert "0 of 32 jobs over" in stream.getvalue()
    assert "1 of 32 jobs over" in stream.getvalue()
    assert "5020" not in stream.getvalue()
    assert view.share == 1 / 32
    assert view.problems == ()


async def test_a_line_after_each_silence(room: Newsroom) -> None:
    time = Time()
    written, first = Lines(time), await imported(room)
    view = JobView(written.display, [first, room.session.job("index:newsroom:101:5000")], time.now)
    with displayed(view, written.display, call_later=time.call_later):
        time.pass_by(LINE_EVERY)
        assert written() == ["0 of 2 jobs over, 30 s"]
        await first.wait(progress=view.step)
        assert written()[-1] == f"{first}: COMPLETED (30 s)"
        time.pass_by(LINE_EVERY / 2)
        assert written() == []
        time.pass_by(LINE_EVERY / 2)
        assert written() == ["1 of 2 jobs over, 1 min 00 s"]
    time.pass_by(LINE_EVERY)
    assert written() == []


async def test_the_first_line_says_how_many_there_are(room: Newsroom) -> None:
    out = io.StringIO()
    with job_display(out, [await imported(room)]):
        pass
    assert out.getvalue() == "waiting for 1 job\n"
