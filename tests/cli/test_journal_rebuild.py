"""``mi-async journal rebuild`` against a server."""

import json
from pathlib import Path

import pytest

from mi_async.cli import journal_rebuild
from mi_async.cli.app import run
from mi_async.emulator import Server
from tests.support.pictures import picture

pytestmark = pytest.mark.slow

JOURNAL = ["--journal", "new.journal"]


@pytest.fixture
def hong(reachable: Path, request: pytest.FixtureRequest) -> str:
    """Begin the names of three people of a table; the server is that of other tests, too."""
    begin = f"Hong {request.node.name[-30:]}"
    for number in range(3):
        seed = 10 * sum(map(ord, begin)) + number  # images that no other test has
        (reachable / f"{number}.jpg").write_bytes(picture("jpg", seed=seed))
    rows = "".join(f"{begin} {number},{number}.jpg\n" for number in range(3))
    (reachable / "people.csv").write_text(f"name,thumbnail\n{rows}", encoding="utf-8")
    return begin


def id_of(server: Server, name: str) -> int:
    return next(person.id for person in server.state.persons() if person.name == name)


def test_a_lost_journal_is_rebuilt_and_the_run_goes_on(
    hong: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["enroll", f"{hong} 0", "0.jpg"]) == 0
    capsys.readouterr()
    assert run(["journal", "rebuild", "people.csv", *JOURNAL]) == 0
    found = capsys.readouterr()
    told = json.loads(found.out)
    assert (told["items"], told["counts"], told["attached"]) == (3, {"complete": 1, "absent": 2}, 1)
    assert "to go on: mi-async enroll-many people.csv --journal new.journal" in found.err
    assert run(["enroll-many", "people.csv", *JOURNAL]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["done"], counts["skipped"]) == (2, 1)
    assert [str(person.name).startswith(hong) for person in server.state.persons()].count(True) == 3
    assert run(["journal", "rebuild", "people.csv", *JOURNAL]) == 2
    assert "it is there already; name a new file" in capsys.readouterr().err


def test_single_images_are_looked_for_at_their_persons(
    hong: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["enroll", f"{hong} 0", "0.jpg"]) == 0
    person_id = id_of(server, f"{hong} 0")
    rows = "".join(f"{person_id},{number}.jpg\n" for number in range(2))
    Path("more.csv").write_text(f"person_id,thumbnail\n{rows}", encoding="utf-8")
    capsys.readouterr()
    assert run(["journal", "rebuild", "more.csv", "--of", "upload-many", *JOURNAL]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"complete": 1, "incomplete": 1}


def test_who_is_left_alone_is_told_of(
    hong: str, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_rebuild, "EVERY", 0.0)
    assert run(["enroll", f"{hong} 0", "0.jpg"]) == 0
    person_id = id_of(server, f"{hong} 0")
    assert run(["persons", "update", str(person_id), "--name", f"{hong} x"]) == 0
    capsys.readouterr()
    assert run(["journal", "rebuild", "people.csv", *JOURNAL, "-o", "table"]) == 0
    found = capsys.readouterr()
    assert "renamed, left alone    1" in found.out
    assert f"people.csv:2: RENAMED: person {person_id} has its images and is called '{hong} x' now" in found.out
    assert "3 items so far: 3 absent" in found.err
    assert "1 of 3 items left alone" in found.err
    assert run(["journal", "failed", "new.journal"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["code"], "a retry creates another one" in row["advice"]) == ("RENAMED", True)


def test_media_files_need_no_rebuilt_journal(reachable: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "rebuild", str(reachable), "--of", "ingest-many", *JOURNAL]) == 2
    assert f"it looks at objects, assets and indexes first: mi-async ingest-many {reachable} --journal new.journal" in (
        capsys.readouterr().err
    )


@pytest.mark.usefixtures("hong")
def test_a_journal_as_the_input_is_for_repair(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["enroll-many", "people.csv", "--journal", "old.journal"]) == 0
    capsys.readouterr()
    assert run(["journal", "rebuild", "old.journal", "new.journal"]) == 2
    said = capsys.readouterr().err
    assert "old.journal is a journal, and no input" in said
    assert "mi-async journal repair old.journal NEW" in said
