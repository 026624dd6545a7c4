"""``persons sheet`` against a real emulator."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from tests.support.terminal import PNG, environment, served


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(Settings(latency=Latency.none())) as running:
        yield running


@pytest.fixture(autouse=True)
def reachable(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)


def test_a_contact_sheet_is_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "faces.html"
    assert run(["enroll", "홍길동", PNG]) == 0
    person = json.loads(capsys.readouterr().out)["personId"]
    arguments = ["persons", "sheet", "--html", str(page), "--lang", "ko", "--named"]
    assert run([*arguments, "--person", str(person)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"wrote {page}: persons 1\n")
    written = page.read_text(encoding="utf-8")
    assert "홍길동" in written
    assert "data:image/jpeg;base64," in written
    assert "Signature" not in written
    assert run([*arguments, "--name", "nobody"]) == 0  # a page of ours is replaced
    assert "표시할 인물이 없습니다." in page.read_text(encoding="utf-8")


def test_a_file_of_somebody_else_is_refused_before_any_request(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "mine.html"
    page.write_text("<html>", encoding="utf-8")
    before = server.log.count("persons.search")
    assert run(["persons", "sheet", "--html", str(page)]) == 2
    assert run(["persons", "sheet", "--html", str(tmp_path / "none" / "faces.html")]) != 0
    assert server.log.count("persons.search") == before
    assert page.read_text(encoding="utf-8") == "<html>"
    assert run(["persons", "sheet", "--html", str(page), "--force"]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_a_tag_has_a_name_or_an_id_and_persons_that_are_not_there_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "faces.html"
    assert run(["enroll", "Ama", PNG, "--tag", "Anchor"]) == 0
    person = json.loads(capsys.readouterr().out)["personId"]
    assert run(["persons", "sheet", "--html", str(page), "--tag", "Anchor"]) == 0
    assert capsys.readouterr().err == f"wrote {page}: persons 1\n"
    assert "newsroom" in page.read_text(encoding="utf-8")
    assert run(["persons", "sheet", "--html", str(page), "--person", str(person), "--person", "7"]) == 0
    assert capsys.readouterr().err == f"wrote {page}: persons 1; not found: 7\n"
    assert run(["persons", "sheet", "--html", str(page), "--tag", "Nobody"]) == 2
    assert "--tag 'Nobody': there is no such tag; see mi-async person-tags list" in capsys.readouterr().err
