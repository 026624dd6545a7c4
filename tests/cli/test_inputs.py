"""Inputs as the disks and spreadsheets of users have them, through the commands: plan and run say the same."""

import json
import os
import socket
import unicodedata
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import RunningEmulator
from mi_async.errors import ImageRejectedError, MediaRejectedError
from mi_async.media.image_source import load_image
from mi_async.storage.local_file import LocalFile
from mi_async.workflows.query_image import QUERY_IMAGE
from tests.support.pictures import picture

PICTURE = picture("jpg")
NAME = "사진/홍길동.jpg"


@pytest.fixture
def server(mi_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunningEmulator:
    """An emulator that the environment leads to, and a directory of our own to work in."""
    monkeypatch.chdir(tmp_path)
    return mi_emulator


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def laid(name: str, content: bytes = PICTURE) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def as_json(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return dict(json.loads(capsys.readouterr().out))


def test_a_table_of_excel_names_files_of_a_mac(server: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> None:
    laid(nfd(NAME))
    laid(nfd("사진/김.jpg"), PICTURE + b"2")
    laid("people.csv", f"이름,사진\r\n홍길동,{NAME}\r\n김민지,사진\\김.jpg\r\n".encode("cp949"))
    assert run(["enroll-many", "people.csv", "--dry-run"]) == 0
    plan = as_json(capsys)
    assert (plan["create"], plan["pictures"], plan["encoding"]) == (2, 2, "cp949")
    assert run(["enroll-many", "people.csv"]) == 0
    report = as_json(capsys)
    assert (report["counts"], report["encoding"]) == (dict.fromkeys(report["counts"], 0) | {"done": 2}, "cp949")  # type: ignore[call-overload]
    assert sorted(person.name or "" for person in server.state.persons()) == ["김민지", "홍길동"]
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "people.csv", *more]) == 0
        again = as_json(capsys)
        assert again.get("skipped", again.get("counts")) in (2, dict(report["counts"]) | {"done": 0, "skipped": 2})  # type: ignore[call-overload]


def test_the_journal_is_the_same_however_its_name_is_spelled(
    server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    laid("사진/홍길동/1.jpg")
    for source, status in ((nfd("사진"), "done"), ("사진", "skipped")):
        if not Path(source).exists():
            Path("사진").rename(source)
        assert run(["enroll-many", source]) == 0
        assert json.loads(capsys.readouterr().out)["counts"][status] == 1
        Path(source).rename("사진")
    assert len(list(server.state.persons())) == 1
    assert len(list(Path().glob("*.journal"))) == 1


def test_images_are_found_by_the_single_commands(server: RunningEmulator) -> None:
    laid(nfd(NAME))
    laid(nfd("김.jpg"), PICTURE + b"2")
    assert run(["enroll", "\u3000홍길동\u200b", NAME]) == 0
    [person] = server.state.persons()
    assert person.name == "홍길동"
    assert run(["upload-thumbnail", str(person.id), "김.jpg"]) == 0
    assert len(list(server.state.thumbnails())) == 2


@pytest.mark.usefixtures("server")
def test_a_name_in_another_case_is_suggested_and_not_taken(capsys: pytest.CaptureFixture[str]) -> None:
    laid("hong.jpg")
    laid("people.csv", b"name,thumbnail\nHong,Hong.JPG\nKim,C:\\Users\\kim.jpg\n")
    said = "cannot be read: No such file or directory"
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "people.csv", *more]) == 1
        problems = [one["problems"][0]["message"] for one in json.loads(capsys.readouterr().out)["problems"]]
        assert sorted(problems) == [  # in the order in which they end
            f"./C:\\Users\\kim.jpg: {said}; this is a path of another computer, write it relative to the table",
            f"./Hong.JPG: {said}; did you mean 'hong.jpg'?",
        ]


def test_a_table_in_another_encoding(server: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> None:
    laid("kim.jpg")
    laid("people.csv", "name,thumbnail\r\n田中太郎,kim.jpg\r\n".encode("shift_jis"))
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "people.csv", *more]) == 2
        assert "as CP949 unlikely to be Korean: '밹뭷뫞쁚,kim.jpg'" in capsys.readouterr().err
        assert not server.log.answers
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "people.csv", "--encoding", "shift_jis", *more]) == 0
        assert as_json(capsys)["encoding"] == "shift_jis"
    assert [person.name for person in server.state.persons()] == ["田中太郎"]


def test_what_a_nas_has_left_is_nobody(server: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("faces/홍길동/1.jpg", "faces/#recycle/2.jpg", "faces/홍길동/@eaDir/3.jpg"):
        laid(name, PICTURE + name.encode())
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "faces", *more]) == 0
        assert as_json(capsys)["passed_over"] == {"hidden or system": 2}
    assert [person.name for person in server.state.persons()] == ["홍길동"]
    assert run(["enroll-many", "faces", "--output", "table"]) == 0
    assert "\npassed over  2 hidden or system\n" in capsys.readouterr().out


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("more", [["--dry-run"], []])
def test_an_input_without_an_item_is_a_warning(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    laid("footage/a.mxf")
    laid("footage/b.avi")
    Path("faces").mkdir()
    laid("people.csv", b"name,thumbnail\n")
    for source in ("faces", "people.csv"):
        assert run(["enroll-many", source, *more]) == 0
        written = capsys.readouterr()
        warning = f"warning: {source} has no item; see what was passed over, or give another input"
        assert warning in written.err.splitlines()


@pytest.mark.usefixtures("server")
def test_media_of_other_formats_are_counted_in_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.mxf", "b.MXF", "c.ts", "d.avi", "Thumbs.db"):
        laid(f"footage/{name}")
    assert run(["ingest-many", "footage", "--bucket", "b", "--dry-run"]) == 0
    written = capsys.readouterr()
    passed_over = {".avi": 1, ".mxf": 2, ".ts": 1, "hidden or system": 1}
    assert json.loads(written.out)["passed_over"] == passed_over
    assert "warning: footage has no item; see what was passed over" in written.err
    assert run(["ingest-many", "footage", "--bucket", "b", "--dry-run", "--output", "table"]) == 0
    assert "passed over  2 .mxf, 1 .avi, 1 .ts, 1 hidden or system" in capsys.readouterr().out


def special(kind: str, path: Path) -> None:
    """Put what is no regular file at a path."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(
    kind: str, server: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    special(kind, Path("a.jpg"))
    Path("faces").mkdir()
    special(kind, Path("faces/Hong.jpg"))
    special(kind, Path("people.csv"))
    for command in (["enroll", "Hong", "a.jpg"], ["upload-thumbnail", "1001", "a.jpg"]):
        assert run(command) == 2
        assert "a.jpg: cannot be read: not a regular file" in capsys.readouterr().err
    for more in (["--dry-run"], []):
        assert run(["enroll-many", "people.csv", *more]) == 2
        assert "people.csv: cannot be read: not a regular file" in capsys.readouterr().err
        assert run(["enroll-many", "faces", *more]) == 1
        assert "cannot be read: not a regular file" in capsys.readouterr().out
    assert not list(server.state.persons())


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
async def test_query_images_and_media_files_neither(kind: str, tmp_path: Path) -> None:
    special(kind, tmp_path / "a.mp4")
    with pytest.raises(ImageRejectedError, match="not a regular file"):
        await load_image(tmp_path / "a.mp4", QUERY_IMAGE)
    with pytest.raises(MediaRejectedError, match="not a regular file"):
        LocalFile.open(tmp_path / "a.mp4")
