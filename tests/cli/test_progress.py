"""Progress: which picture a step belongs to, and what is to be seen of it."""

import io
from itertools import count

from attrs import evolve
from rich.console import Console

from mi_async.cli.progress import board
from mi_async.media.image import ImageHeader
from mi_async.media.image_check import Image
from mi_async.workflows.upload import State, Upload

IMAGE = Image("a.jpg", "a.jpg", b"x" * 10_800, ImageHeader("jpg", 320, 384), "")
NEW = Upload(IMAGE)


def _at(state: State, key: str | None) -> Upload:
    return evolve(NEW, state=state, key=key, image=IMAGE if state is State.PRESIGNED else IMAGE.let_go())


def test_without_a_terminal_each_step_is_a_line() -> None:
    out, clock = io.StringIO(), count()
    with board(Console(file=out), expected=[("홍길동", "a.jpg")], now=lambda: float(next(clock))) as shown:
        for state in (State.PRESIGNED, State.STORED, State.CONFIRMED, State.ATTACHED):
            shown.step(_at(state, "k"))
    assert out.getvalue().splitlines() == [
        "홍길동: a.jpg: presign (1.0 s)",
        "홍길동: a.jpg: put (2.0 s)",
        "홍길동: a.jpg: check (3.0 s)",
        "홍길동: a.jpg: attach (4.0 s)",
    ]


def test_two_pictures_of_one_name_are_told_apart_by_key() -> None:
    out = io.StringIO()
    with board(Console(file=out), now=lambda: 0.0) as shown:
        shown.step(_at(State.PRESIGNED, "k"))
        shown.step(_at(State.PRESIGNED, "l"))
        shown.step(_at(State.STORED, "k"))
        shown.step(_at(State.STORED, "l"))
        shown.step(evolve(_at(State.ATTACHED, "k"), person_id=1))
    lines = [line.partition(" (")[0] for line in out.getvalue().splitlines()]
    assert lines == ["a.jpg: presign", "a.jpg: presign", "a.jpg: put", "a.jpg: put", "a.jpg: attach"]


def test_a_failed_put_starts_again_in_the_same_row() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with board(console, now=lambda: 0.0) as shown:
        shown.step(_at(State.PRESIGNED, "k"))
        shown.step(evolve(NEW, tries=1))
        shown.step(_at(State.PRESIGNED, "l"))
        shown.step(_at(State.STORED, "l"))
    [last] = [line for line in out.getvalue().splitlines() if "✔ put" in line]  # one row, drawn for the last time
    assert "· attach" in last
    lines = io.StringIO()
    with board(Console(file=lines), now=lambda: 0.0) as shown:
        shown.step(_at(State.PRESIGNED, "k"))
        shown.step(evolve(NEW, tries=1))
    assert "once more with a fresh URL" in lines.getvalue()


def test_the_board_shows_format_and_size_where_there_is_room() -> None:
    for width, there in ((120, True), (80, False)):
        out = io.StringIO()
        console = Console(file=out, force_terminal=True, width=width, color_system=None)
        with board(console, expected=[("Ama", "a.jpg"), ("Ama", "b.jpg")], now=lambda: 0.0) as shown:
            shown.step(_at(State.PRESIGNED, "k"))
            shown.step(_at(State.CONFIRMED, "k"))
            shown.step(_at(State.ATTACHED, "k"))
        text = out.getvalue()
        assert ("jpg  320 x 384" in text) is there
        assert "✔ attach" in text
        assert "· attach" in text  # of the other picture
        assert text.count("Ama") * 2 == text.count(".jpg")  # a name once, for both of its pictures


def test_plain_lines_even_on_a_terminal() -> None:
    out = io.StringIO()
    with board(Console(file=out, force_terminal=True, color_system=None), plain=True, now=lambda: 0.0) as shown:
        shown.step(_at(State.PRESIGNED, "k"))
    assert out.getvalue() == "a.jpg: presign (0.0 ms)\n"
