"""Displays of a bulk run: lines, the panel of a terminal, the cell of a notebook, and none of them in the run's way."""

import asyncio
import io
import os
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from IPython.core.interactiveshell import InteractiveShell
from rich.console import Console
from rich.text import Text

from mi_async import Clock
from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.progress import BulkProgress, OldestUpload
from mi_async.bulk.engine.stats import LAST, RunStats
from mi_async.display.bulk import FIRST_LINE, BulkView, show
from mi_async.display.lines import LineDisplay
from mi_async.display.notebook import NotebookDisplay
from mi_async.display.terminal import TerminalDisplay
from tests.support import virtual
from tests.support.lines import Time

MIDDLE = BulkProgress(
    counts={Status.DONE: 11_950, Status.SKIPPED: 40, Status.FAILED: 10},
    open=87,
    total=20_000,
    pictures=11_950,
    confirmed=11_950,
    rate=965.4,
    ceiling=1000,
    checks=12_200,
    pool=88,
    pending=80,
    elapsed=745.0,
)
HOSTILE = BulkOutcome(
    "홍길동 / 뉴스\x1b[2J<b>",
    Status.FAILED,
    problems=(
        Problem("faces/1.jpg", "50005", "broken\n<script>alert(1)</script>"),
        Problem("faces/2.jpg", "50005", ""),
    ),
)


class Terminal(io.StringIO):
    """Text that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


@define(eq=False)
class Run:
    """A run that has come as far as one says."""

    progress: BulkProgress = MIDDLE
    latest: list[BulkOutcome] = field(factory=list)


def seen(progress: BulkProgress, *latest: BulkOutcome, last: bool = False, verbose: bool = False) -> BulkView:
    """A run that was looked at."""
    view = BulkView(Run(progress, list(latest)), verbose)
    view.look(last=last)
    return view


def line(progress: BulkProgress, *, last: bool = False, verbose: bool = False) -> str:
    return seen(progress, last=last, verbose=verbose).line()


def test_a_line_tells_the_figures_that_there_are() -> None:
    assert line(MIDDLE) == (
        "12,000 of 20,000 (60.0%); 11,950 done, 40 skipped, 10 failed; 965 a minute, 96.5 % of the quota's 1,000; "
        "80 uploads in flight; 8 min 18 s to go"
    )
    assert "; 80 uploads in flight; limit 88, 98.0 % of completion checks useful; " in line(MIDDLE, verbose=True)
    assert "; 1 upload in flight; " in line(evolve(MIDDLE, pending=1))
    assert line(BulkProgress()) == "0"
    assert line(BulkProgress(total=0)) == "0 of 0"


def test_a_part_of_a_shared_run_is_no_share_of_the_whole() -> None:
    said = line(evolve(MIDDLE, shared=True, waiting=3))
    assert said.startswith("12,000 here, of 20,000 in all; 11,950 done")
    assert "waiting for 3 parts of the input that others hold" in said
    assert "to go" not in said


def test_a_line_tells_what_is_in_the_way() -> None:
    said = line(evolve(MIDDLE, outage=95.0, paused=3.2))
    assert "the service has not answered for 1 min 35 s; refused with 429, paused for 3 s" in said


def test_while_nothing_ends_there_is_no_estimate_but_the_oldest_upload_with_its_age_and_limit() -> None:
    oldest = OldestUpload("3.jpg", "홍길동", 540.0, 600.0)
    left = evolve(MIDDLE, counts={Status.DONE: 19_992}, open=8, elapsed=1_800.0, oldest=oldest)
    assert "; 1 s to go" in line(evolve(left, quiet=10.0))
    said = line(evolve(left, quiet=530.0))
    assert "to go" not in said
    assert said.endswith(
        "; nothing has ended for 8 min 50 s"
        "; the oldest upload, 3.jpg of 홍길동, has waited 9 min 00 s of at most 10 min 00 s"
    )
    assert "nothing has ended for 20 s" in line(BulkProgress(open=3, quiet=20.0))
    assert "nothing has ended" not in line(evolve(left, open=0, quiet=530.0), last=True)


def test_media_files_take_hours_and_only_unusual_silence_is_told() -> None:
    media = BulkProgress(total=10, open=9, sent=1_000_000, elapsed=3_600.0, quiet=3_600.0)
    assert "nothing has ended" not in line(media)
    one = evolve(media, counts={Status.DONE: 1}, elapsed=7_200.0)
    assert line(evolve(one, quiet=7_000.0)).endswith("18 h 00 min to go")
    assert line(evolve(one, quiet=30_000.0)).endswith("nothing has ended for 8 h 20 min")


def test_a_machine_without_descriptors_is_told() -> None:
    said = line(evolve(MIDDLE, machine=12.0))
    assert "; this machine is out of file descriptors or memory, for 12 s; " in said


def test_the_last_rate_is_that_of_the_whole_run_as_in_the_report() -> None:
    short = evolve(MIDDLE, pictures=30, elapsed=3.0, rate=180.0)
    assert "; 180 a minute" in line(short)
    assert "a minute" not in line(short, last=True), "of less than ten seconds it is a spike"
    assert "; 600 a minute" in line(evolve(short, pictures=100, elapsed=10.0), last=True)


def test_without_a_terminal_a_line_comes_after_a_second_then_every_thirty_and_at_the_end() -> None:
    out, time = io.StringIO(), Time()
    lines = LineDisplay(out, first=FIRST_LINE, now=time.now)
    lines.open(seen(MIDDLE))
    told: list[int] = []
    for second in range(1, 100):
        time.seconds = float(second)
        before = out.getvalue()
        lines.draw()
        lines.drain()
        told += [second] if out.getvalue() != before else []
    assert told == [1, 31, 61, 91]
    lines.close()
    assert out.getvalue().splitlines() == [line(MIDDLE)] * 5


def test_a_run_is_looked_at_twice_a_second() -> None:
    looked: list[float] = []

    class Looked(Run):
        def __getattribute__(self, name: str) -> Any:
            if name == "progress":
                looked.append(asyncio.get_running_loop().time())
            return super().__getattribute__(name)

    async def watched() -> None:
        with show(Looked(), file=io.StringIO()):
            await asyncio.sleep(10)

    virtual.run(watched())
    assert 20 <= len(looked) <= 22


def test_a_block_that_fails_leaves_neither_a_timer_nor_a_thread() -> None:
    async def failing() -> None:
        with show(Run(), file=io.StringIO()):
            raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        virtual.run(failing())
    assert threading.active_count() == before


def test_a_reader_that_is_stuck_does_not_hold_the_run_up() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w", encoding="utf-8") as writer:
        written = 0
        try:
            while True:
                written += os.write(writing, bytes(4096))
        except BlockingIOError:
            os.set_blocking(writing, True)
        clock = Time()
        lines = LineDisplay(writer, every=1.0, now=clock.now)
        lines.open(seen(MIDDLE))
        for second in range(1, 100):
            clock.seconds = float(second)
            lines.draw()
        assert len(reader.read(written)) == written
        lines.close()
        said = os.read(reading, 65536).decode().splitlines()
        assert 2 <= len(said) <= 3  # one at which the thread was stuck, at most one that waited, and the last
        assert set(said) == {line(MIDDLE)}


@pytest.mark.parametrize("readable", [True, False])
def test_a_file_that_cannot_be_written_is_no_reason_to_end(readable: bool) -> None:
    with Path(os.devnull).open(encoding="utf-8") as file:
        threads, lines = threading.active_count(), LineDisplay(file if readable else None, first=0.0)
        lines.open(seen(MIDDLE))
        lines.draw()
        lines.close()
    assert threading.active_count() == threads


def _screen(columns: int, view: BulkView, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What stands on a terminal of this width in the end."""
    for name, value in {"COLUMNS": str(columns), "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    display = TerminalDisplay(Console(file=terminal, highlight=False))
    display.open(view)
    display.draw()
    display.close()
    text = terminal.getvalue()
    assert text.endswith("\x1b[?25h")  # the cursor is back
    last = text[text.rindex("\x1b[2K") :]
    return _without_codes(last).splitlines()


def _without_codes(text: str) -> str:
    return Text.from_ansi(text.replace("\x1b[2K", "").replace("\x1b[?25h", "")).plain


def test_a_terminal_of_eighty_columns_has_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _screen(80, seen(evolve(MIDDLE, paused=3.0, outage=40.0), HOSTILE), monkeypatch)
    text = "\n".join(shown)
    for said in (
        "12,000 of 20,000  60.0 %  8 min 18 s to go",
        "965 a minute, 96.5 % of the quota's 1,000",
        "80 in flight",
        "12 min 25 s",
        "11,950 done, 40 skipped, 10 failed, 87 in progress",
        "the service has not answered for 40 s",
        "refused with 429, paused for 3 s",
        "홍길동 / 뉴스\ufffd[2J<b>: failed: 50005 broken <script>",
    ):
        assert said in text
    assert "━" in text


def test_media_files_show_bytes_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    media = BulkProgress(open=40, total=100, sent=1_200_000, bandwidth=31e6, pending=40, elapsed=65.0)
    assert "1.2 MB sent, 31.0 MB/s  40 wait for the service" in "\n".join(_screen(80, seen(media), monkeypatch))


def test_counts_of_every_kind_take_a_second_line_rather_than_being_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = dict.fromkeys(Status, 1_000)
    shown = _screen(80, seen(evolve(MIDDLE, counts=counts)), monkeypatch)
    text = " ".join(" ".join(shown).split())
    assert (
        "1,000 done, 1,000 skipped, 1,000 partial, 1,000 rejected, 1,000 failed, 1,000 parked, 87 in progress" in text
    )
    assert "uploads 80 in flight" in text
    assert "…" not in text


@pytest.mark.parametrize("columns", [1, 20, 40, 60, 200])
def test_any_width_of_terminal_and_any_name_will_do(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _screen(columns, seen(evolve(MIDDLE, total=None, ceiling=None), *(HOSTILE,) * LAST), monkeypatch)
    assert all(len(row) <= columns for row in shown)


def test_a_terminal_without_rich_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mi_async.display.terminal")
    monkeypatch.setitem(sys.modules, "rich.console", None)
    terminal = Terminal()

    async def watched() -> None:
        with show(Run(), file=terminal):
            await asyncio.sleep(0)

    asyncio.run(watched())
    assert terminal.getvalue() == line(MIDDLE, last=True) + "\n"


def test_lines_on_a_terminal_when_asked_for() -> None:
    terminal = Terminal()

    async def watched() -> None:
        with show(Run(), file=terminal, plain=True):
            await asyncio.sleep(0)

    asyncio.run(watched())
    assert terminal.getvalue() == line(MIDDLE, last=True) + "\n"


def test_what_a_program_prints_does_not_leave_its_file_for_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()

    async def watched() -> None:
        with show(Run(), file=terminal):
            sys.stdout.write("a row of a file\n")
            await asyncio.sleep(0)

    asyncio.run(watched())
    assert capsys.readouterr().out == "a row of a file\n"
    assert "a row" not in terminal.getvalue()


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """An IPython with a kernel, and what it was told to display."""
    published: list[dict[str, Any]] = []

    def publish(data: dict[str, str], metadata: object = None, **options: Any) -> None:
        published.append({"data": data, "metadata": metadata, **options})

    shell = types.SimpleNamespace(kernel=object(), display_pub=types.SimpleNamespace(publish=publish))
    monkeypatch.setattr(InteractiveShell, "initialized", classmethod(lambda _: True))
    monkeypatch.setattr(InteractiveShell, "instance", classmethod(lambda _: shell))
    return published


async def test_a_notebook_has_one_line_that_is_updated_in_place(notebook: list[dict[str, Any]]) -> None:
    run = Run(latest=[HOSTILE])
    with show(run, every=0.001):
        await asyncio.sleep(0.02)
        run.progress = evolve(MIDDLE, counts={Status.DONE: 20_000})
    first, *others = notebook
    assert others
    assert not first.get("update")
    assert all(shown["update"] for shown in others)
    assert len({shown["transient"]["display_id"] for shown in notebook}) == 1
    data = notebook[-1]["data"]
    assert data["text/plain"] == line(run.progress, last=True)
    assert "100.0%" in data["text/html"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in data["text/html"]
    assert "<script>" not in data["text/html"]
    assert "\x1b" not in data["text/html"]


async def test_a_notebook_without_a_total_has_no_bar(notebook: list[dict[str, Any]]) -> None:
    display = NotebookDisplay()
    display.open(seen(evolve(MIDDLE, total=None)))
    assert "<progress" not in notebook[0]["data"]["text/html"]


def test_a_tally_is_small_whatever_it_counts() -> None:
    async def counted() -> None:
        stats = RunStats(Clock())
        for number in range(100_000):
            stats.outcome(BulkOutcome(str(number), Status.FAILED if number % 2 else Status.DONE))
        assert stats.counts == {Status.DONE: 50_000, Status.FAILED: 50_000}
        assert stats.failures == 50_000
        assert [outcome.key for outcome in stats.problems] == [str(number) for number in range(1, 41, 2)]
        assert [outcome.key for outcome in stats.latest] == ["99991", "99993", "99995", "99997", "99999"]

    virtual.run(counted())


def test_the_rate_is_that_of_the_last_minute() -> None:
    async def counted() -> None:
        clock = Clock(speed=2.0)
        stats = RunStats(clock)
        assert stats.rate() == 0.0
        stats.check(done=True)
        assert stats.rate() == 6.0  # a beginning is no pace: what was done already comes at once
        for _ in range(30 * 10):
            await clock.sleep(0.1)
            stats.check(done=True)
            stats.check(done=False)
        assert stats.rate() == pytest.approx(602, abs=1)
        assert (stats.pictures, stats.checks) == (301, 601)
        assert stats.elapsed == pytest.approx(30, abs=0.1)
        await clock.sleep(40)
        assert stats.rate() == pytest.approx(200, abs=12)
        await clock.sleep(30)
        assert stats.rate() == 0.0

    virtual.run(counted())
