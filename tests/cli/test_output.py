"""Results: JSON whatever the locale, and tables that show what there is."""

import csv
import io
import json
import os
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import pytest

from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import Person, PersonThumbnail, TagList
from mi_async.api.projects import ProjectList
from mi_async.api.thumbnails import UploadCheck, UploadStatus
from mi_async.cli.output import Form, draw, show, show_each
from mi_async.cli.streams import OutputError, ReaderGoneError, Stream, color_choice, console
from mi_async.errors import InvalidArgumentError
from mi_async.models import Page
from mi_async.table import TERMINAL, table_of
from mi_async.text import display_width

HONG = Person(
    1001,
    "홍길동\x1b[31m",
    tags=(PersonTag(7, "Anchor"), PersonTag(8, "뉴스")),
    thumbnails=(PersonThumbnail(1, "https://x/y?secret", is_primary_thumbnail=True),),
    extra={"age": 41},
)


def _cells(text: str) -> list[list[str]]:
    rows = [line.strip("│").split("│") for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row] for row in rows]


def test_a_page_is_a_table_of_its_items(capsys: pytest.CaptureFixture[str]) -> None:
    show(Page((HONG, Person(1002)), total_count=2), "table")
    assert _cells(capsys.readouterr().out) == [
        ["id", "name", "tags", "thumbnails", "age"],
        ["1001", "홍길동\ufffd[31m", "Anchor, 뉴스", "1 (primary)", "41"],
        ["1002", "", "", "", ""],
    ]


def test_a_model_about_a_list_is_a_table_of_its_items(capsys: pytest.CaptureFixture[str]) -> None:
    show(TagList((PersonTag(7, "Anchor"),), person_id=1001), "table")
    assert _cells(capsys.readouterr().out) == [["id", "name"], ["7", "Anchor"]]
    show(ProjectList((), 0), "table")
    assert capsys.readouterr().out == "no items\n"


def test_one_model_is_a_table_of_its_members(capsys: pytest.CaptureFixture[str]) -> None:
    show(UploadCheck(UploadStatus.COMPLETED, extra={"crop": {"x": 1}, "ok": True}), "table")
    assert _cells(capsys.readouterr().out) == [["upload status", "COMPLETED"], ["crop", "x: 1"], ["ok", "yes"]]


def test_who_and_when_make_columns_only_where_there_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  without a zone, as the service writes it
    show(Page((PersonTag(7, "Anchor", "a***", when, "b***", when),)), "table")
    assert _cells(capsys.readouterr().out) == [["id", "name"], ["7", "Anchor"]]
    show(Page((PersonTag(7, "Anchor", updated_time=when),)), "table")
    assert _cells(capsys.readouterr().out)[0] == ["id", "name", "updated time"]


def test_nothing_and_an_empty_listing(capsys: pytest.CaptureFixture[str]) -> None:
    show(None, "table")
    assert capsys.readouterr().out == ""
    show(Page(()), "table")
    assert capsys.readouterr().out == "no items\n"
    show("plain", "table")
    assert _cells(capsys.readouterr().out) == [["value", "plain"]]


def test_a_long_value_is_not_cut_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show([PersonTag(1, "x" * 300)], "table")
    assert "x" * 300 in capsys.readouterr().out


async def test_a_listing_is_one_array(capsys: pytest.CaptureFixture[str]) -> None:
    async def items(count: int) -> AsyncIterator[PersonTag]:
        for number in range(count):
            yield PersonTag(number, "뉴스")

    for count in (0, 1, 3):
        await show_each(items(count), "json")
        assert [tag["id"] for tag in json.loads(capsys.readouterr().out)] == list(range(count))
    await show_each(items(2), "table")
    assert len(_cells(capsys.readouterr().out)) == 3


def test_csv_is_for_spreadsheets_and_jsonl_for_programs(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    people = Page((HONG, Person(1002, '=cmd|"x"', description="a,\nb"), Person(1003, "-1")), total_count=3)
    show(people, "csv", columns=("ID", "name", "description", "tags", "age"))
    text = capfdbinary.readouterr().out
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.count(b"\r\n") == 4
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["personId", "name", "description", "tags", "age"]
    assert rows[1][:3] == ["1001", "홍길동\ufffd[31m", ""]
    assert [tag["name"] for tag in json.loads(rows[1][3])] == ["Anchor", "뉴스"]
    assert rows[1][4] == "41"
    assert rows[2] == ["1002", '\'=cmd|"x"', "a,\nb", "[]", ""]
    assert rows[3][1] == "-1"  # a number is none
    show(people, "jsonl")
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["personId"] for line in lines] == [1001, 1002, 1003]


def test_a_column_that_the_service_adds_is_no_formula_either(capsys: pytest.CaptureFixture[str]) -> None:
    show([Person(1001, "Hong", extra={"=1+1": "x"})], "csv")
    assert capsys.readouterr().out.splitlines()[0].endswith(",'=1+1")


async def test_a_column_that_later_items_lack_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    people = [Person(1001, "Hong", extra={"age": 41}), Person(1002, "Bo")]
    show(people, "jsonl", columns=("id", "age"))

    async def arriving() -> AsyncIterator[Person]:
        for person in people:
            yield person

    await show_each(arriving(), "jsonl", columns=("id", "age"))
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"personId": 1001, "age": 41}, {"personId": 1002, "age": None}] * 2


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_nothing_is_no_line(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    show(None, form)
    show(Page(()), form)
    show(TagList((), person_id=1), form)
    assert capsys.readouterr().out == ""


def test_columns_of_csv_do_not_depend_on_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    show([PersonTag(7, "Anchor")], "csv")
    header = capsys.readouterr().out.splitlines()[0].lstrip("\ufeff").split(",")
    assert header == ["id", "name", "createdUserName", "createdTime", "updatedUserName", "updatedTime"]


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_an_unknown_column_lists_those_that_there_are(form: Form) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        show([PersonTag(7, "Anchor")], form, columns=("nmae",))
    assert 'there is no "nmae", did you mean "name"?; columns are id, name' in str(raised.value)


def test_columns_of_a_table_are_those_asked_for_in_that_order(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  without a zone, as the service writes it
    show(Page((PersonTag(7, "Anchor", "a***", when, "b***", when),)), "table", columns=("updatedTime", "id"))
    assert _cells(capsys.readouterr().out) == [["updated time", "id"], ["2026-01-02 03:04:05", "7"]]


def _drawn(encoding: str) -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    out = Stream(file, strict=True)
    people = Page((Person(1, "홍길동", description="漢"), Person(2, "Zoé"), Person(3, "Ama")), total_count=3)
    draw(console(out, width=80), table_of(people, TERMINAL), out.visible)
    file.seek(0)
    return file.read().splitlines()


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("ascii", ["hong-gil-dong", "Zo\\xe9", "Ama"]),
        ("latin-1", ["hong-gil-dong", "Zoé", "Ama"]),
        ("cp949", ["홍길동", "Zo\\xe9", "Ama"]),
        ("utf-8", ["홍길동", "Zoé", "Ama"]),
    ],
)
def test_a_table_is_readable_and_straight_in_any_encoding(encoding: str, names: list[str]) -> None:
    lines = _drawn(encoding)
    assert len({display_width(line) for line in lines}) == 1
    rows = [[cell.strip() for cell in line.strip("│|").replace("│", "|").split("|")] for line in lines]
    assert [row[1] for row in rows if row[0].isdigit()] == names
    assert not any("?" in line for line in lines)


@pytest.mark.parametrize(
    ("environ", "choice"),
    [
        ({}, (None, None)),
        ({"CLICOLOR": "0"}, (None, True)),
        ({"CLICOLOR": "1"}, (None, None)),
        ({"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, (True, None)),
        ({"CLICOLOR_FORCE": "0", "CLICOLOR": "0"}, (None, True)),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, (None, None)),
    ],
)
def test_colours_follow_the_environment(environ: dict[str, str], choice: tuple[bool | None, bool | None]) -> None:
    assert color_choice(environ) == choice


def _write_bytes(stream: Stream, text: str) -> None:
    stream.write_bytes(text.encode())


@pytest.mark.parametrize("write", [Stream.write, _write_bytes])
def test_a_reader_that_goes_away_from_a_file_without_a_buffer(write: Callable[[Stream, str], object]) -> None:
    reading, writing = os.pipe()

    def read_a_little() -> None:
        os.read(reading, 10)
        os.close(reading)

    with io.TextIOWrapper(io.FileIO(writing, "w"), "utf-8", write_through=True) as file:
        reader = threading.Thread(target=read_a_little)
        reader.start()
        with pytest.raises(ReaderGoneError):  # the system has taken the part for which the pipe had room
            write(Stream(file, strict=True), "가" * 300_000)
        reader.join(60)


def test_a_pipe_that_is_full_and_does_not_block_is_an_error() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with (
        io.FileIO(reading),
        io.TextIOWrapper(io.FileIO(writing, "w"), "utf-8") as file,
        pytest.raises(OutputError, match="cannot write the result"),
    ):
        Stream(file, strict=True).write_bytes(b"x" * 300_000)
