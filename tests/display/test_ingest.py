"""An ingestion as a person sees it: a bar and a spinner on a terminal, lines elsewhere."""

import io

import pytest
from attrs import evolve
from rich.cells import cell_len
from rich.console import Console

from mi_async import Ingestion, Stage, StoredObject
from mi_async.display.display import displayed
from mi_async.display.ingest import IngestView, ingest_display
from mi_async.display.lines import LINE_EVERY, LineDisplay
from mi_async.display.terminal import ECHO, TerminalDisplay
from mi_async.display.view import BackEnd
from tests.support.lines import Lines, Time

AT = Ingestion("\x1b[31mclip 저녁.mp4", place=StoredObject("b", "k"), size=100_000_000)
STEPS = [
    AT,
    evolve(AT, stage=Stage.UPLOAD, found=20_000_000),
    evolve(AT, stage=Stage.UPLOAD, found=20_000_000, sent=30_000_000),
    evolve(AT, stage=Stage.UPLOAD, found=20_000_000, sent=80_000_000),
    evolve(AT, stage=Stage.IMPORT, asset_id=7, state="IN_PROGRESS"),
    evolve(AT, stage=Stage.ANALYSIS, asset_id=7, state="ANALYZING"),
    evolve(AT, stage=Stage.DONE, asset_id=7),
]


def shown(where: BackEnd) -> None:
    seconds = iter(range(10_000))
    view = IngestView(where, lambda: float(next(seconds)))
    with displayed(view, where):
        for step in STEPS:
            view.step(step)


async def test_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    shown(LineDisplay(out))
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("upload: 20.0 MB of 100.0 MB (20.0 MB from before)")
    assert lines[-3:] == ["import: IN_PROGRESS", "analysis: ANALYZING", "done"]


async def test_a_name_cannot_paint_the_terminal() -> None:
    out = io.StringIO()
    shown(TerminalDisplay(Console(file=out, force_terminal=True, width=90)))
    assert "\x1b[31mclip" not in out.getvalue()
    assert "저녁.mp4" in out.getvalue()


async def test_the_display_of_the_command_is_chosen_by_its_file() -> None:
    out = io.StringIO()
    with ingest_display(out) as view:
        view.step(evolve(AT, size=5, found=5))
        assert view.share == 1.0
        assert view.problems == ()
    assert out.getvalue() == "in the bucket already: 0.0 kB\n"


async def test_a_line_after_each_silence() -> None:
    time = Time()
    written = Lines(time)
    upload = evolve(AT, stage=Stage.UPLOAD)
    view = IngestView(written.display, time.now)
    with displayed(view, written.display, call_later=time.call_later):
        time.pass_by(LINE_EVERY)
        assert written() == []
        view.step(AT)
        time.pass_by(LINE_EVERY)
        assert written() == ["looking at the bucket and the project (30 s)"]
        view.step(upload)
        assert written() == ["upload: 0.0 kB of 100.0 MB"]
        time.pass_by(LINE_EVERY / 2)
        view.step(evolve(upload, sent=15_000_000))
        assert written() == []
        time.pass_by(LINE_EVERY / 2)
        assert written() == ["upload: 15.0 MB of 100.0 MB, 500.0 kB/s, 2 min 50 s left"]
        time.pass_by(LINE_EVERY)  # nothing has arrived
        assert written() == ["upload: 15.0 MB of 100.0 MB, 250.0 kB/s, 5 min 40 s left"]
        view.step(evolve(upload, sent=100_000_000))
        assert written() == ["upload: 100.0 MB of 100.0 MB, 1.7 MB/s"]
        view.step(evolve(upload, stage=Stage.ANALYSIS, state="ANALYZING"))
        assert written() == ["analysis: ANALYZING"]
        time.pass_by(LINE_EVERY)
        assert written() == ["analysis: ANALYZING (30 s)"]
    time.pass_by(LINE_EVERY)
    assert written() == []


@pytest.mark.parametrize("width", [20, 40, 80, 200])
async def test_the_display_fits(width: int) -> None:
    size, time, out = 10_000_000_000, Time(), io.StringIO()
    console = Console(file=out, width=width)
    display = TerminalDisplay(console)
    view = IngestView(display, time.now)
    upload = Ingestion("긴 이름 " * 30 + ".mp4", stage=Stage.UPLOAD, size=size, found=1_000_000_000)
    summary = evolve(upload, stage=Stage.SUMMARY, sent=size, asset_id=123456789, state="SUMMARIZE_CANCELED" * 3)
    with displayed(view, display, call_later=time.call_later):
        for now in (upload, evolve(upload, sent=7_990_000_000), evolve(upload, sent=size), summary):
            view.step(now)
            time.seconds += 10.0
            console.print(display)
    lines = out.getvalue().splitlines()[: 4 * 3]  # the last state is drawn once more
    assert len([line for line in lines if "긴 이름" in line]) == 4  # none is broken
    assert max(map(cell_len, map(str.rstrip, lines))) <= max(0, width - len(ECHO))
    if width >= 80:
        assert lines[4].rstrip().endswith(" 8,990.0 MB of 10,000.0 MB, 399.5 MB/s, 3 s left")
        assert lines[5].rstrip().endswith("upload (20 s), 1,000.0 MB from before")
