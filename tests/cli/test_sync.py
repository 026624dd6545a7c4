"""``ingest-many --sync``: what it lists, what it does with the code of its plan, and what it refuses."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from mi_async.cli.app import run
from mi_async.emulator import Server
from tests.support.films import film
from tests.support.storage import BUCKET, Bucket
from tests.support.synced import ALL, QUICK, make_folder
from tests.support.terminal import environment, served

pytestmark = pytest.mark.slow
MOST = 60.0
"""Seconds that a machine with other work may take to get as far as a test waits for."""


@pytest.fixture
def server(s3: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """An emulator that looks into the bucket; commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MI_ASYNC_STORAGE_URL", s3.url)
    with served(evolve(QUICK, objects=s3.look)) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def folder(server: Server) -> Path:
    del server
    return make_folder(Path("footage"))


def sync(*more: str) -> int:
    return run(["ingest-many", "footage", "--sync", "--settle", "0", "--bucket", BUCKET, "--no-analyze", *more])


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Standard output and error since the last look."""
    written = capsys.readouterr()
    return written.out, written.err


def test_from_the_first_sync_to_a_confirmed_deletion(
    server: Server, s3: Bucket, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sync("--dry-run") == 0
    written = capsys.readouterr()
    assert (json.loads(written.out)["new"], json.loads(written.out)["code"]) == (4, None)
    assert "nothing in this plan is irreversible" in written.err
    assert "comparing footage with the base project of workspace newsroom\n" in written.err
    target = f"project {json.loads(written.out)['project_name']!r} (ID {json.loads(written.out)['project_id']})"
    assert not server.log.count("assets.register")
    assert sync() == 0
    written = capsys.readouterr()
    assert (json.loads(written.out)["counts"]["done"], json.loads(written.out)["removals"]) == (4, [])
    assert f"{target} of workspace newsroom\nnew            4\n" in written.err
    assert f"syncing with {target}: footage in workspace newsroom" in written.err
    (folder / "a.mp4").unlink()
    (folder / "b.mp4").write_bytes(film(size=7_777))
    assert sync("-o", "table") == 0
    written = capsys.readouterr()
    assert "gone, listed only (--delete deletes them):\n  a.mp4 (asset " in written.err
    assert "changed, listed only (--replace replaces them):\n  b.mp4 (asset " in written.err
    removing = ("--delete", "--delete-objects", "--replace")
    assert sync(*removing, "--dry-run", "-o", "table") == 0
    written = capsys.readouterr()
    assert "to delete, with their objects:\n  a.mp4" in written.out
    code = written.out.partition("--confirm ")[2].split()[0]
    for wrong in ((), ("--confirm", ""), ("--confirm", "0000-0000")):
        assert sync(*removing, *wrong) == 2
        said = f"1 asset and its object would be deleted, and 1 asset would be replaced for good in {target}"
        assert said in capsys.readouterr().err
    (folder / "뉴스/c.mp4").unlink()
    assert sync(*removing, "--confirm", code) == 2
    assert "the plan has changed since it was shown" in capsys.readouterr().err
    (folder / "뉴스/c.mp4").write_bytes(film(size=5_002))
    assert not server.log.count("assets.delete")
    assert sync(*removing, "--confirm", code, "--output", "table") == 0
    written = capsys.readouterr()
    assert [line.partition(" (")[0] for line in written.err.splitlines() if line.endswith(": deleted")] == [
        "a.mp4",
        "b.mp4",
    ]
    assert server.log.count("assets.delete") == 2
    assert sync(*removing, "--confirm", code) == 0  # the same command again, as after a kill: its code is spent
    assert server.log.count("assets.delete") == 2
    assert (s3.get("a.mp4"), s3.get("b.mp4")) == (None, film(size=7_777))


def test_what_is_refused(server: Server, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest-many", "footage", "--delete", "--confirm", "7f3a-91c2"]) == 2
    assert "--delete, --confirm: only with --sync" in capsys.readouterr().err
    assert sync("--delete-objects") == 2
    capsys.readouterr()
    for more in ((), ("--dry-run",)):
        assert sync("--confirm", "7f3a-91c2", *more) == 2
        assert capsys.readouterr().err == "error: --confirm: only with --delete or --replace, which it confirms\n"
    assert sync("--delete", "--confirm", "abc") == 2
    assert "'abc' is the code of no plan" in capsys.readouterr().err
    assert not server.log.count("assets.register")
    assert sync("--on", "local:2") == 2
    assert "a sync is made by one" in capsys.readouterr().err
    assert sync() == 0
    for name in ALL[:2]:
        (folder / name).unlink()
    capsys.readouterr()
    for more in ((), ("--dry-run",)):
        assert sync("--delete", "--max-delete", "1", *more) == 2
        assert "2 of 4 assets would be deleted, and 1 may be" in capsys.readouterr().err
    assert not server.log.count("assets.delete")


def test_a_removal_that_is_not_done_is_no_success(
    server: Server, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sync() == 0
    (folder / "a.mp4").unlink()
    capsys.readouterr()
    assert sync("--delete", "--dry-run") == 0
    code = json.loads(capsys.readouterr().out)["code"]
    server.faults.next("assets.delete", 10017)
    assert sync("--delete", "--confirm", code) == 1
    written = capsys.readouterr()
    (removal,) = json.loads(written.out)["removals"]
    assert (removal["key"], removal["state"], removal["status"]) == ("a.mp4", "gone", "kept")
    assert "10017" in removal["reason"]
    assert "10017" in written.err
    assert "1 of 1 confirmed removals were not done" in written.err


def test_killed_while_it_deletes(server: Server, s3: Bucket, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        (folder / f"{number}.mp4").write_bytes(film(size=3_000 + number))
    assert sync() == 0
    gone = [f"{number}.mp4" for number in range(10)]
    for name in gone:
        (folder / name).unlink()
    capsys.readouterr()
    assert sync("--delete", "--delete-objects", "--dry-run") == 0
    code = json.loads(capsys.readouterr().out)["code"]
    words = ["footage", "--sync", "--settle", "0", "--bucket", BUCKET, "--no-analyze"]
    command = [sys.executable, "-m", "mi_async", "ingest-many", *words]
    asked = ["--delete", "--delete-objects"]
    for more in (["--confirm", code], []):
        with subprocess.Popen(
            [*command, *asked, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            before = server.log.count("assets.delete")
            end = time.monotonic() + MOST
            while server.log.count("assets.delete") < before + 3 and process.poll() is None:
                assert time.monotonic() < end
                time.sleep(0.001)
            process.kill()
    deleted = server.log.count("assets.delete")
    assert sync("--dry-run") == 0  # as from cron: what was confirmed is named, and waits
    plan = json.loads(told(capsys)[0])
    assert (plan["waiting"], plan["resumed"], plan["resumption"]) == (plan["unfinished"], [], None)
    assert sync() == 0
    assert " UTC, and waiting (--delete --delete-objects finishes it" in told(capsys)[1]
    assert server.log.count("assets.delete") == deleted
    assert sync(*asked, "--dry-run") == 0
    out, err = told(capsys)
    confirmed = r".* for good: confirmed 20\d\d-\d\d-\d\d \d\d:\d\d UTC, not finished; --give-up stops it"
    assert re.fullmatch(confirmed, json.loads(out)["resumption"])
    assert ("nothing in this plan is irreversible" in err, "it was confirmed before, and no code" in err) == (
        False,
        True,
    )
    assert sync(*asked) == 0
    for name in gone:
        assert s3.get(name) is None
    assert server.log.count("assets.delete") <= 10 + 2  # an asset is looked at before its deletion is sent again
    capsys.readouterr()
    assert sync("--delete", "--dry-run") == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["same"], plan["gone"], plan["unfinished"]) == (6, 0, [])


def test_a_dry_run_tells_of_files_that_would_be_rejected(
    server: Server, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.mp4").write_bytes(b"no video at all")
    assert sync("--dry-run") == 1
    written = capsys.readouterr()
    plan = json.loads(written.out)
    assert (plan["new"], plan["rejected"], plan["ingest"]["rejected"], plan["ingest"]["new"]) == (4, 1, 1, 4)
    assert "1 of 5 items would not go well" in written.err
    assert not server.log.count("assets.register")
    assert sync("-o", "table") == 1
    written = capsys.readouterr()
    assert f"  rejected: {folder.resolve() / 'broken.mp4'}: no mp4, " in written.err
    assert server.log.count("assets.register") == 4
