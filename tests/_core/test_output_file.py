"""The writer of result files: what it refuses, what it writes through, and that nothing is lost on the way."""

import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mi_async._core.output_file import output_file
from mi_async.errors import InvalidArgumentError
from tests.support.pictures import picture
from tests.support.rights import read_only

OURS = re.compile(rb'\{"key":')
ROW = b'{"key":"Hong"}\n'


def write(path: Path | str, content: bytes = ROW, *, force: bool = False, **used: object) -> None:
    target = output_file(path, ours=OURS, force=force, **used)  # type: ignore[arg-type]
    with target.writing() as file:
        file.write(content)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_like_any_other_and_a_replaced_one_keeps_its_rights(tmp_path: Path) -> None:
    path, other = tmp_path / "보고서.jsonl", tmp_path / "other"
    other.write_bytes(b"")
    write(path)
    assert (path.read_bytes(), mode(path)) == (ROW, mode(other))
    path.chmod(0o640)
    write(path, ROW * 2)
    assert (path.read_bytes(), mode(path)) == (ROW * 2, 0o640)
    write(other)  # empty: there was nothing to lose
    assert other.read_bytes() == ROW
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other", "보고서.jsonl"]


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes(ROW)
    target = output_file(path, ours=OURS)

    def fail() -> None:
        with target.writing() as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == ROW
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"SQLite format 3\0" + bytes(84), "a journal, or another SQLite database"),
        (picture("jpg"), "an image"),
        (picture("png"), "an image"),
        (picture("webp"), "an image"),
        (b"GIF89a", "an image"),
        (b"BM" + bytes([1, 2, 3, 4]) + bytes(4), "an image"),
        (bytes([0, 0, 0, 24]) + b"ftypheic", "a media file"),
        (b"\x1a\x45\xdf\xa3", "a media file"),
        (b"\x06\x0e\x2b\x34", "a media file"),
        ((b"\x47" + bytes(187)) * 2, "a media file"),
        (b"RIFF\0\0\0\0AVI LIST", "a media file"),
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "an archive or a spreadsheet"),
    ],
)
def test_what_is_precious_is_not_replaced_even_by_force(start: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "1.jpg"
    path.write_bytes(start)
    for force in (False, True):
        with pytest.raises(InvalidArgumentError, match=re.escape(f"{path} exists and is {what}; it is left as it is")):
            write(path, force=force)
    assert path.read_bytes() == start


def test_what_somebody_else_wrote_is_replaced_by_force_only(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"name,thumbnail\n")
    said = f"{path} exists and was not written by mi-async; name another file, or replace it with force=True"
    with pytest.raises(InvalidArgumentError, match=re.escape(said)):
        write(path)
    assert path.read_bytes() == b"name,thumbnail\n"
    write(path, force=True)
    assert path.read_bytes() == ROW


def _itself(path: Path, _: Path) -> Path:
    return path


def _link(path: Path, alias: Path) -> Path:
    alias.symlink_to(path)
    return alias


def _hard(path: Path, alias: Path) -> Path:
    alias.hardlink_to(path)
    return alias


def _around(path: Path, _: Path) -> Path:
    return path.parent / "x" / ".." / path.name


@pytest.mark.parametrize("name", [_itself, _link, _hard, _around])
def test_the_input_and_the_journal_are_refused_by_any_name(name: Callable[[Path, Path], Path], tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    table, journal = tmp_path / "people.jsonl", tmp_path / "faces.journal"
    for path in (table, journal, Path(f"{journal}-wal")):
        path.write_bytes(ROW)  # even what looks as if we had written it
    for number, (path, what) in enumerate(
        [(table, "the input"), (journal, "the journal"), (Path(f"{journal}-wal"), "a file of the journal")]
    ):
        alias = name(path, tmp_path / f"alias {number}")
        with pytest.raises(InvalidArgumentError, match=f"is {what}; it is left as it is, name another file"):
            write(alias, inputs=[table], journal=journal, force=True)
        assert path.read_bytes() == ROW


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
def test_a_name_that_the_journal_will_take_is_refused_before_it_is_there(end: str, tmp_path: Path) -> None:
    for name in (f"홍.journal{end}", f"홍.JOURNAL{end}"):  # one file on the disk of a Mac
        with pytest.raises(InvalidArgumentError, match="journal; it is left as it is"):
            write(tmp_path / name, journal=tmp_path / "홍.journal")
    write(tmp_path / "other", journal=tmp_path / "홍.journal")


def test_a_link_is_written_through(tmp_path: Path) -> None:
    there, new = tmp_path / "there", tmp_path / "new"
    there.write_bytes(ROW)
    for path in (there, new):
        alias = tmp_path / f"alias of {path.name}"
        alias.symlink_to(path)
        write(alias, ROW * 3)
        assert alias.is_symlink()
        assert path.read_bytes() == ROW * 3
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InvalidArgumentError, match=r"cannot write .*loop: Too many levels of symbolic links"):
        write(tmp_path / "loop")


def test_what_can_never_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=f"there is no directory {tmp_path}/no"):
        write(tmp_path / "no" / "report")
    for name in (str(tmp_path), f"{tmp_path}/new/"):
        with pytest.raises(InvalidArgumentError, match="Is a directory"):
            write(name)
    with pytest.raises(InvalidArgumentError, match="null"):
        write(f"{tmp_path}/a\0b")
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        listening.bind(f"{tmp_path}/s")
        with pytest.raises(InvalidArgumentError, match=r"cannot write .*/s: "):
            write(tmp_path / "s")
    with read_only() as place, pytest.raises(InvalidArgumentError, match=r"cannot write .*: Permission denied"):
        write(place / "report")


def test_a_path_that_is_not_text_is_told_with_its_bytes_escaped(tmp_path: Path) -> None:
    path = tmp_path / "\udcff"
    path.write_bytes(b"mine")
    with pytest.raises(InvalidArgumentError, match=re.escape(r"/\udcff exists and was not written")):
        write(path)
    path.unlink()
    write(path)
    assert path.read_bytes() == ROW


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    write("/dev/null")
    (tmp_path / "nowhere").symlink_to("/dev/null")
    write(tmp_path / "nowhere", inputs=["/dev/null"])
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_pipe_is_written_to_and_one_that_nobody_reads_is_refused_before_the_work(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InvalidArgumentError, match=r"cannot write .*/pipe: nobody reads this pipe; start its reader"):
        output_file(pipe, ours=OURS)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        target = output_file(pipe, ours=OURS)
        os.set_blocking(reader, True)  # it waits, as `cat pipe` would: the pipe has a writer from the check on
        with target.writing() as file:
            file.write(ROW)
        assert (os.read(reader, 100), os.read(reader, 100)) == (ROW, b"")
        with target.writing() as file:
            file.write(ROW * 2)
        assert (os.read(reader, 100), os.read(reader, 100)) == (ROW * 2, b"")
    finally:
        os.close(reader)
    pipe.unlink()
    pipe.write_bytes(b"mine")
    with pytest.raises(OSError, match="it has become a file meanwhile"), target.writing():
        pass
    assert pipe.read_bytes() == b"mine"


def test_a_pipe_that_is_not_written_to_after_all_is_let_go_of(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with closing(output_file(pipe, ours=OURS)):
            pass
        os.set_blocking(reader, True)
        assert os.read(reader, 100) == b""
    finally:
        os.close(reader)
    output_file(tmp_path / "new", ours=OURS).close()


def test_a_stream_that_is_only_read_is_refused_before_the_work(tmp_path: Path) -> None:
    read, write_end = os.pipe()
    (tmp_path / "table").write_bytes(ROW)
    with (tmp_path / "table").open("rb") as table:
        for number in (read, table.fileno()):
            with pytest.raises(InvalidArgumentError) as caught:
                output_file(f"/dev/fd/{number}", ours=OURS)
            assert str(caught.value) == f"cannot write /dev/fd/{number}: it is not open for writing"
    for number in (read, write_end):
        os.close(number)
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        write(f"/dev/fd/{one.fileno()}", inputs=[one.fileno()])  # a connection is read and written
        assert other.recv(100) == ROW


def test_the_input_is_refused_by_its_descriptor(tmp_path: Path) -> None:
    table = tmp_path / "people.jsonl"
    table.write_bytes(ROW)
    with table.open("rb") as file:
        number = file.fileno()
        with pytest.raises(InvalidArgumentError, match=r"people.jsonl is the input; it is left as it is"):
            write(table, inputs=[number], force=True)
        write(tmp_path / "report", inputs=[number])
    write(table, ROW * 2, inputs=[number])  # closed: it is no file any more
    assert (table.read_bytes(), (tmp_path / "report").read_bytes()) == (ROW * 2, ROW)


def _written(path: Path) -> None:
    path.write_bytes(b"mine")


def _grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"mine")


def _replaced(path: Path) -> None:
    old = path.stat()
    path.with_name("fresh").write_bytes(path.read_bytes())
    os.utime(path.with_name("fresh"), ns=(old.st_atime_ns, old.st_mtime_ns))
    path.with_name("fresh").replace(path)


def _same_size(path: Path) -> None:
    old = path.stat()
    path.write_bytes(b"x" * old.st_size)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns + 1))


def _link_to_nothing(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("nowhere")


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (None, _written),
        (None, _folder),
        (None, _link_to_nothing),
        (ROW, _grown),
        (ROW, _replaced),
        (ROW, _same_size),
        (ROW, _folder),
        (b"", _written),
    ],
)
def test_what_somebody_wrote_while_the_work_went_on_stays_and_the_result_is_put_beside_it(
    before: bytes | None, change: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "report.jsonl"
    if before is not None:
        path.write_bytes(before)
    target = output_file(path, ours=OURS)
    change(path)
    theirs = path.lstat(), path.read_bytes() if path.is_file() else b""
    for number in (1, 2):
        with target.writing() as file:
            file.write(ROW)
        assert (tmp_path / f"report.jsonl.{number}").read_bytes() == ROW
        assert caplog.messages[-1] == (
            f"{path} was changed by another program since it was checked; it is left as it is, "
            f"the result is in {path}.{number}"
        )
    assert (path.lstat(), path.read_bytes() if path.is_file() else b"") == theirs
    assert sorted(each.name for each in tmp_path.iterdir()) == ["report.jsonl", "report.jsonl.1", "report.jsonl.2"]


def test_it_may_change_while_it_is_written_too(tmp_path: Path) -> None:
    path = tmp_path / "report"
    with output_file(path, ours=OURS).writing() as file:
        file.write(ROW)
        path.write_bytes(b"mine")
    assert (path.read_bytes(), (tmp_path / "report.1").read_bytes()) == (b"mine", ROW)


@pytest.mark.parametrize("before", [None, ROW])
def test_our_own_result_is_replaced_as_often_as_wanted(before: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "report"
    if before is not None:
        path.write_bytes(before)
    target = output_file(path, ours=OURS)
    for number in (1, 2, 3):
        with target.writing() as file:
            file.write(ROW * number)
        assert path.read_bytes() == ROW * number
    path.unlink()  # what is gone cannot be lost
    with target.writing() as file:
        file.write(ROW)
    assert path.read_bytes() == ROW
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


WRITER = """
import os, re, sys
from mi_async._core.output_file import output_file
print("first", flush=True)
with output_file(sys.argv[1], ours=re.compile(b"x")).writing() as file:
    file.write(b"rows\\n")
print("last")
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "./out", "link"])
def test_the_file_of_stdout_is_written_along_and_not_replaced(name: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    command = ["/bin/sh", "-c", 'exec "$@" > out', "sh", sys.executable, "-c", WRITER, name]
    subprocess.run(command, check=True, timeout=60, cwd=tmp_path)
    assert (tmp_path / "out").read_text() == "first\nrows\nlast\n"
    ended = subprocess.run([*command[4:-1], "/dev/stdout"], check=True, timeout=60, capture_output=True)
    assert ended.stdout == b"first\nrows\nlast\n"


def test_a_stream_that_is_the_journal_or_is_closed_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(b"")
    with journal.open("ab") as file:
        name = f"/dev/fd/{file.fileno()}"
        with pytest.raises(InvalidArgumentError, match=f"{name} is the journal; it is left as it is"):
            write(name, journal=journal)
    with pytest.raises(InvalidArgumentError, match=f"cannot write {name}: "):
        write(name)


def test_a_file_that_is_write_protected_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report").write_bytes(ROW)
    with read_only(content=tmp_path / "report") as place:
        with pytest.raises(InvalidArgumentError, match=r"cannot write .*/report: the file is write-protected"):
            write(place / "report", force=True)
        assert (place / "report").read_bytes() == ROW


def test_an_open_file_is_written_where_it_stands(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as log:
        log.write(b"before\n")
        write(f"/dev/fd/{log.fileno()}")
        log.write(b"after\n")
    assert (tmp_path / "log").read_bytes() == b"before\n" + ROW + b"after\n"


def test_the_file_of_stderr_is_written_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = os.dup(2)
    try:
        with (tmp_path / "log").open("ab") as log:
            os.dup2(log.fileno(), 2)
        os.write(2, b"before\n")
        monkeypatch.chdir(tmp_path)
        write("log")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert (tmp_path / "log").read_bytes() == b"before\n" + ROW
