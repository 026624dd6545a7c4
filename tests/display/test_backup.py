"""A backup as a person sees it: a bar on a terminal, lines elsewhere."""

import io

from attrs import evolve
from rich.console import Console

from mi_async import BackupProgress, WatchPass
from mi_async.display.backup import BackupView, backup_display
from mi_async.display.display import displayed
from mi_async.display.lines import LineDisplay
from mi_async.display.terminal import TerminalDisplay
from mi_async.display.view import BackEnd

AT = BackupProgress(persons=50, expected=5_000, downloaded=98, bytes=3_400_000, known=2)
STEPS = [AT, evolve(AT, stage="assets", persons=5_000, assets=3, problems=1), evolve(AT, stage="lists", persons=5_000)]


def shown(where: BackEnd) -> None:
    seconds = iter(range(10_000))
    view = BackupView(where, lambda: float(next(seconds)))
    with displayed(view, where):
        for step in STEPS:
            view.step(step)
            list(view.layout(80))
        assert view.problems == ()


async def test_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    shown(LineDisplay(out))
    assert out.getvalue().splitlines() == [
        "assets and indexes: 5,000 persons, 98 images downloaded (3.4 MB), 2 unchanged, 3 assets, 1 problem",
        "writing the lists: 5,000 persons, 98 images downloaded (3.4 MB), 2 unchanged",
    ]


def test_one_is_no_plural() -> None:
    view = BackupView(LineDisplay(io.StringIO()))
    view.step(BackupProgress("assets", persons=1, downloaded=1, bytes=2_000, assets=1, problems=1))
    assert view.line() == "assets and indexes: 1 person, 1 image downloaded (2.0 kB), 1 asset, 1 problem"
    assert str(WatchPass(1, files=1)) == "pass 1: 1 file, 0 still changing"


async def test_the_bar_has_room_on_a_narrow_terminal() -> None:
    out = io.StringIO()
    where = TerminalDisplay(Console(file=out, force_terminal=True, width=60))
    view = BackupView(where)
    with displayed(view, where):
        view.step(AT)
    assert "50 of 5,000 persons" in out.getvalue()
    with backup_display(io.StringIO(), plain=True) as display:
        display.step(AT)
    assert view.share == 0.01
