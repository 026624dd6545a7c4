"""``mi-async journal`` on real files."""

import asyncio
import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import ImageRecord, PersonRecord
from mi_async.bulk.journal.sharing import Sharing
from mi_async.cli.app import run
from tests.bulk.journal.test_reader import NEWSROOM, under_way
from tests.support.terminal import process


@pytest.fixture
def path(place: str) -> str:
    """A journal of a run that has ended, in a file and in PostgreSQL."""

    async def make() -> None:
        async with under_way(place):
            pass

    asyncio.run(make())
    return place


def test_show_tells_where_everything_is(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "show", path]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["journal"] == path
    assert (shown["operation"], shown["workspace"], shown["access_key"]) == ("enroll", "newsroom", "...WXYZ")
    assert shown["persons"] == {"done": 1, "failed": 1, "parked": 1, "partial": 1, "rejected": 1}
    assert shown["pictures"]["attached"] == 2
    assert shown["runs"][0]["ending"] == "finished"
    assert shown["abandoned"] == [{"thumbnail_key": "k0", "person": "Yi", "source": "3.jpg", "reason": "expired"}]
    assert run(["journal", "show", path, "-o", "table"]) == 0
    table = capsys.readouterr().out
    assert "1 done, 1 failed, 1 parked, 1 partial, 1 rejected" in table
    assert "expired" in table
    assert "finished" in table
    assert NEWSROOM.access_key not in table + str(shown)


def test_pictures_for_persons_who_are_there_come_first(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = place

    async def make() -> None:
        journal = await Journal.open(path, attrs.evolve(NEWSROOM, operation="upload-thumbnails"))
        await journal.write(
            PersonRecord("1001", "done", 1001), *[ImageRecord("1001", sha, sha, state="attached") for sha in "ab"]
        )
        await journal.aclose()

    asyncio.run(make())
    assert run(["journal", "show", path, "-o", "table"]) == 0
    table = capsys.readouterr().out
    assert re.search(r"pictures\W+2 attached", table)
    assert re.search(r"persons, by their last picture\W+1 done", table)
    assert table.index("2 attached") < table.index("1 done")
    assert run(["journal", "show", path]) == 0
    assert json.loads(capsys.readouterr().out)["persons"] == {"done": 1}


def test_a_run_that_went_through_the_whole_input_is_told_from_one_without_an_end(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place

    async def begin() -> str:
        journal = await Journal.open(path, NEWSROOM)
        assert run(["journal", "show", str(path), "-o", "table"]) == 0
        await journal.aclose()
        return capsys.readouterr().out

    assert "still running" in asyncio.run(begin())
    assert run(["journal", "show", str(path), "-o", "table"]) == 0
    assert "finished" in capsys.readouterr().out


def test_failed_lists_code_message_and_source(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "failed", path]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in rows] == ["10049", "DUPLICATE", "OVER_SIZE_LIMIT", "unreadable", "TIMED_OUT"]
    assert rows[2] == {
        "person": "Yi",
        "what": "picture",
        "status": "failed",
        "code": "OVER_SIZE_LIMIT",
        "message": "big",
        "source": "3.jpg",
        "advice": "the file is too big: make it smaller; the next run takes the new file",
    }
    assert run(["journal", "failed", path, "--code", "10049", "-o", "table"]) == 0
    table, advice = capsys.readouterr()
    assert "people.csv:2" in table
    assert "DUPLICATE" not in table
    assert advice == "10049: the name is too long: shorten it in the input\n"


def test_export_has_a_line_for_each_person(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "export", path]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["person"] for row in rows][-1] == "홍길동 / 뉴스"
    assert rows[-1]["tags"] == ["Anchor"]
    assert [(picture["source"], picture["stored_at"]) for picture in rows[3]["pictures"]] == [
        ("5.jpg", "1970-01-01T00:00:01+00:00")
    ]


def test_export_as_csv_has_a_line_for_each_picture(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "export", path, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out.removeprefix("\ufeff"))))
    assert [(row["person"], row["source"], row["code"], row["picture_code"]) for row in rows] == [
        ("Ama", "", "10049", ""),
        ("Bo [people.csv:9]", "", "DUPLICATE", ""),
        ("Yi", "2.jpg", "", ""),
        ("Yi", "3.jpg", "", "OVER_SIZE_LIMIT"),
        ("Yi", "4.jpg", "", "unreadable"),
        ("Zoe", "5.jpg", "TIMED_OUT", ""),
        ("nobody", "6.jpg", "", ""),
        ("홍길동 / 뉴스", "1.jpg", "", ""),
    ]
    assert rows[-1]["tags"] == '["Anchor"]'
    assert rows[-1]["primary"] == "false"


def test_retry_tells_how_many(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "retry", path, "--code", "10049"]) == 0
    assert json.loads(capsys.readouterr().out) == {"persons": 1, "pictures": 0}
    assert run(["journal", "retry", path]) == 0
    assert json.loads(capsys.readouterr().out) == {"persons": 1, "pictures": 2}
    assert run(["journal", "retry", path]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out) == {"persons": 0, "pictures": 0}
    assert written.err == "nothing has failed\n"


def test_a_code_that_nothing_has_is_told_with_those_that_there_are(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["journal", "retry", path, "--code", "nope\x1b"]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out) == {"persons": 0, "pictures": 0}
    codes = "10049 (1), OVER_SIZE_LIMIT (1), unreadable (1)"
    assert written.err == f"nothing has failed with code nope\ufffd; codes: {codes}\n"
    assert run(["journal", "failed", path, "--code", "nope"]) == 0
    written = capsys.readouterr()
    assert written.out == "[]\n"
    assert written.err.startswith("nothing has failed with code nope; codes: 10049 (1), DUPLICATE (1), ")


def test_a_cell_of_the_csv_is_no_formula_for_a_spreadsheet(tmp_path: Path, capsysbinary: Any) -> None:
    path = tmp_path / "j"
    texts = [
        '=HYPERLINK("http://x")',
        "+1+1",
        "-1",
        "-1.5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\uff1d1",
        "홍=1",
        "+82 2 123",
        "-",
    ]

    async def make() -> None:
        journal = await Journal.open(path, NEWSROOM)
        await journal.write(*[PersonRecord(f"p{n:02}", "failed", -7, code=text) for n, text in enumerate(texts)])
        await journal.aclose()

    asyncio.run(make())
    assert run(["journal", "export", str(path), "--format", "csv"]) == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(b"\xef\xbb\xbfperson,status,")  # Excel reads it as UTF-8
    rows = list(csv.DictReader(io.StringIO(out.decode("utf-8-sig"), newline="")))
    safe = {"-1", "-1.5", "홍=1"}
    assert [row["code"] for row in rows] == [text if text in safe else f"'{text}" for text in texts]
    assert {row["person_id"] for row in rows} == {"-7"}


@pytest.mark.parametrize("command", ["show", "failed", "export", "retry"])
def test_a_file_that_is_no_journal_is_a_mistake(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["journal", command, str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"error: journal {tmp_path / 'none'}: there is none\n"
    (tmp_path / "people.csv").write_text("name,picture\n" * 20)
    assert run(["journal", command, str(tmp_path / "people.csv")]) == 2
    assert "is something else; it is left as it is" in capsys.readouterr().err


async def test_commands_while_a_run_is_under_way(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with under_way(place):
        assert await asyncio.to_thread(run, ["journal", "show", place]) == 0
        assert json.loads(capsys.readouterr().out)["runs"][0]["ended"] is None
        assert await asyncio.to_thread(run, ["journal", "retry", place]) == 2
        assert "a run is under way on it" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "failed", "export", "retry"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", command, "--help"]) == 0
    assert "The journal of a bulk run" in capsys.readouterr().out


def test_a_reader_of_an_export_that_goes_away_is_no_error(path: str) -> None:
    with process("journal", "export", path) as exporting:
        assert exporting.stdout is not None
        assert exporting.stderr is not None
        exporting.stdout.close()
        assert exporting.wait(60) == 141
        assert exporting.stderr.read() == ""


async def test_show_lists_the_processes_that_share_the_run(schema_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    journal = await Journal.open(schema_url, NEWSROOM, sharing=Sharing(shards=4))
    assert await journal.take_shard() == 0
    assert await asyncio.to_thread(run, ["journal", "show", schema_url]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["shards"] == {"done": 0, "taken": 1, "free": 3}
    [member] = shown["members"]
    assert (member["run"], member["pid"], member["shards"], member["finished"]) == (1, os.getpid(), 1, 0)
    assert await asyncio.to_thread(run, ["journal", "show", schema_url, "-o", "table"]) == 0
    assert "0 done, 1 taken, 3 free" in capsys.readouterr().out
    await journal.aclose()


def test_repair_is_for_files(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    is_file = "://" not in path
    assert run(["journal", "repair", path, str(tmp_path / "new")]) == (0 if is_file else 2)
    assert is_file or "only a file is repaired; a database is restored from its backup" in capsys.readouterr().err
