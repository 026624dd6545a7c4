"""Empty names of files and folders, as a shell gives them for a variable that is not set, through the commands."""

from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import RunningEmulator
from tests.support.pictures import picture

IMAGE = "홍길동.jpg"


@pytest.mark.parametrize(
    "line",
    [
        (["enroll-many", ""], "INPUT"),
        (["upload-many", ""], "INPUT"),
        (["ingest-many", ""], "INPUT"),
        (["ingest-many", "", "--sync"], "INPUT"),
        (["ingest-many", "", "--watch", "--passes", "1"], "INPUT"),
        (["enroll-many", IMAGE, "--journal", ""], "--journal"),
        (["enroll-many", ".", "--report="], "--report"),
        (["enroll", "Zed", ""], "SOURCE"),
        (["enroll", "Zed", IMAGE, ""], "SOURCE"),
        (["upload-thumbnail", "1", ""], "SOURCE"),
        (["ingest", ""], "SOURCE"),
        (["backup", ""], "FOLDER"),
        (["backup", "check", ""], "FOLDER"),
        (["restore", ""], "DIR"),
        (["curate", "merge", ""], "TABLE"),
        (["journal", "show", ""], "FILE"),
        (["search", "--image", ""], "--image"),
        (["skill", ""], "FOLDER"),
        (["emulator", "--state", ""], "--state"),
    ],
)
def test_an_empty_name_of_a_file_is_refused(
    mi_emulator: RunningEmulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    line: tuple[list[str], str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(IMAGE).write_bytes(picture("jpg"))
    given, name = line
    assert run(given) == 2
    said = "the name is empty; a variable that is not set gives such a one"
    assert capsys.readouterr().err == f"error: {name}: {said}\n"
    assert not mi_emulator.log.answers
    assert [path.name for path in tmp_path.iterdir()] == [IMAGE]
