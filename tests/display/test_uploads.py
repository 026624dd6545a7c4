"""Uploads as a person sees them: the image that a step belongs to, and what is shown of it."""

import io
import re
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from attrs import evolve
from rich.console import Console

from mi_async.api.persons import PersonThumbnail
from mi_async.display.display import displayed
from mi_async.display.lines import LineDisplay
from mi_async.display.terminal import TerminalDisplay
from mi_async.display.uploads import UploadView, upload_display
from mi_async.media.image import ImageHeader
from mi_async.media.image_check import Image
from mi_async.workflows.upload import State, Upload

IMAGE = Image("a.jpg", "a.jpg", b"x" * 10_800, ImageHeader("jpg", 320, 384), "")
NEW = Upload(IMAGE)


def _at(state: State, key: str | None) -> Upload:
    return evolve(NEW, state=state, key=key, image=IMAGE if state is State.PRESIGNED else IMAGE.let_go())


def _lines(
    *steps: Upload, expected: Sequence[tuple[str, str]] = (), now: Callable[[], float] = lambda: 0.0
) -> list[str]:
    out = io.StringIO()
    display = LineDisplay(out)
    view = UploadView(display, expected, now)
    with displayed(view, display):
        for step in steps:
            view.step(step)
        assert view.problems == ()
    return out.getvalue().splitlines()


def _drawn(*steps: Upload, width: int, expected: Sequence[tuple[str, str]] = ()) -> str:
    out = io.StringIO()
    display = TerminalDisplay(Console(file=out, force_terminal=True, width=width, color_system=None))
    view = UploadView(display, expected, lambda: 0.0)
    with displayed(view, display):
        for step in steps:
            view.step(step)
    return out.getvalue()


async def test_without_a_terminal_each_step_is_a_line() -> None:
    clock = count()
    steps = [_at(state, "k") for state in (State.PRESIGNED, State.STORED, State.CONFIRMED, State.ATTACHED)]
    assert _lines(*steps, expected=[("홍길동", "a.jpg")], now=lambda: float(next(clock))) == [
        "홍길동: a.jpg: presign (1.0 s)",
        "홍길동: a.jpg: put (2.0 s)",
        "홍길동: a.jpg: check (3.0 s)",
        "홍길동: a.jpg: attach (4.0 s)",
    ]


async def test_two_images_of_one_name_are_told_apart_by_key() -> None:
    lines = _lines(
        _at(State.PRESIGNED, "k"),
        _at(State.PRESIGNED, "l"),
        _at(State.STORED, "k"),
        _at(State.STORED, "l"),
        evolve(_at(State.ATTACHED, "k"), person_id=1),
    )
    steps = [line.partition(" (")[0] for line in lines]
    assert steps == ["a.jpg: presign", "a.jpg: presign", "a.jpg: put", "a.jpg: put", "a.jpg: attach"]


async def test_a_failed_put_starts_again_in_the_same_row() -> None:
    again = evolve(NEW, tries=1)
    text = _drawn(_at(State.PRESIGNED, "k"), again, _at(State.PRESIGNED, "l"), _at(State.STORED, "l"), width=120)
    [last] = [line for line in text.splitlines() if "✔ put" in line]  # one row, drawn for the last time
    assert "· attach" in last
    assert "retrying with a fresh URL" in _lines(_at(State.PRESIGNED, "k"), again)[-1]


async def test_an_image_that_is_there_takes_no_row_of_another_and_has_only_its_last_step() -> None:
    reused = evolve(_at(State.ATTACHED, None), existing=PersonThumbnail(1, "https://storage.example/a.jpg"))
    text = _drawn(_at(State.PRESIGNED, "k"), reused, width=120)
    [last] = [line for line in text.splitlines() if "✔ attach" in line]
    assert all(f"· {step}" in last for step in ("presign", "put", "check"))
    assert _lines(_at(State.PRESIGNED, "k"), reused)[-1].startswith("a.jpg: the person has it already (")


@pytest.mark.parametrize(("width", "roomy"), [(120, True), (80, False)])
async def test_format_and_size_are_shown_where_there_is_room(width: int, *, roomy: bool) -> None:
    steps = [_at(state, "k") for state in (State.PRESIGNED, State.CONFIRMED, State.ATTACHED)]
    text = _drawn(*steps, width=width, expected=[("Ama", "a.jpg"), ("Ama", "b.jpg")])
    assert ("jpg  320 x 384" in text) is roomy
    assert "✔ attach" in text
    assert "· attach" in text  # of the other image
    assert text.count("Ama") * 2 == text.count(".jpg")  # a name once, for both of its images


async def test_plain_lines_even_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    with upload_display(out, plain=True) as view:
        view.step(_at(State.PRESIGNED, "k"))
        assert view.share == 0
    assert re.fullmatch(r"a\.jpg: presign \([0-9.]+ ms\)\n", out.getvalue())
