"""Files that cannot be read now: out of descriptors or memory, a disk that fails. Nothing is held against the files."""

import errno
import json
import os
import sys
from pathlib import Path
from subprocess import run

import pytest

from mi_async._core.files import EXHAUSTED, TRANSIENT
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.images.inspect import inspect_image
from mi_async.bulk.inputs.models import AssetInput, PersonInput
from mi_async.bulk.plan.enroll import plan_people
from mi_async.bulk.plan.ingest import plan_assets
from mi_async.errors import ImageRejectedError, MediaRejectedError, ResourceError
from mi_async.media.image_source import load_image
from mi_async.storage.local_file import LocalFile
from tests.support.bulk import faces, files
from tests.support.films import film
from tests.support.newsroom import context_of, newsroom, served_elsewhere


def test_out_of_descriptors(tmp_path: Path) -> None:
    paths = files(tmp_path / "people", faces(20))
    with served_elsewhere(speed=60.0) as server:
        keys = (server.credentials.access_key, server.credentials.secret_key)
        told = {"url": server.url, "keys": keys, "journal": str(tmp_path / "j"), "folder": str(tmp_path / "people")}
        root = Path(__file__).parents[3]
        ended = run(
            [sys.executable, "-m", "tests.support.full_child", json.dumps({**told, "speed": 60.0})],
            check=False,
            capture_output=True,
            text=True,
            cwd=root,
            timeout=100,
        )
    assert ended.stderr == ""
    said = json.loads(ended.stdout)
    assert said["alone"] == [f"ResourceError: {min(paths)}: cannot be read now: Too many open files"] * 2
    assert said["counts"] == {"done": 20}
    assert said["said"][0].startswith("this machine is out of a resource; trying again in 1 s: ")
    assert len(list(server.state.persons())) == 20


def fail(monkeypatch: pytest.MonkeyPatch, number: int, *, times: int = 1_000_000) -> None:
    """Let opening images fail with this error so many times."""
    left, real = [None] * times, os.open

    def opened(path: object, flags: int, *more: int) -> int:
        if str(path).endswith(".jpg") and left:
            left.pop()
            raise OSError(number, os.strerror(number))
        return real(path, flags, *more)  # type: ignore[arg-type]  # any path

    monkeypatch.setattr("mi_async._core.files.os.open", opened)


@pytest.mark.parametrize("number", sorted(TRANSIENT))
async def test_what_may_go_better_another_time(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(tmp_path, faces(1))
    fail(monkeypatch, number)
    said = f"{path}: cannot be read now: {os.strerror(number)}"
    with pytest.raises(ResourceError) as caught:
        await load_image(path)
    assert (str(caught.value), caught.value.source) == (said, str(path))
    with pytest.raises(ResourceError) as caught:
        LocalFile.open(path)
    assert str(caught.value) == said
    if number in EXHAUSTED:
        with pytest.raises(ResourceError):
            inspect_image(path, fit=False)
        with pytest.raises(ResourceError):
            plan_people([PersonInput("hong", [path])])
    else:  # of one file or disk: a plan goes on
        assert str(inspect_image(path, fit=False).problem) == said
        assert plan_people([PersonInput("hong", [path])]).parked == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.EISDIR])
async def test_what_is_the_files_own_fault(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(tmp_path, faces(1))
    fail(monkeypatch, number)
    with pytest.raises(ImageRejectedError, match="cannot be read: "):
        await load_image(path)
    with pytest.raises(MediaRejectedError, match="cannot be read: "):
        LocalFile.open(path)


def test_a_media_file_whose_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(100))

    def fails(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with LocalFile.open(path) as file:
        monkeypatch.setattr("mi_async.storage.local_file.os.pread", fails)
        with pytest.raises(ResourceError, match=r"clip\.mp4: cannot be read now: Input/output error"):
            file.read(0, 10)
        monkeypatch.setattr("mi_async.storage.local_file.os.stat", fails)
        with pytest.raises(ResourceError, match=r"clip\.mp4: cannot be read now: Input/output error"):
            file.check_unchanged()


@pytest.mark.parametrize(("times", "ended"), [(2, "done"), (100, "parked")])
async def test_a_file_is_tried_again_and_then_left_to_the_next_run(
    times: int, ended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = files(tmp_path, faces(1))
    fail(monkeypatch, errno.ESTALE, times=times)
    async with newsroom() as news:
        report = await news.workspace.enroll_many([PersonInput("hong", [path])], journal=tmp_path / "j")
        assert dict(report.counts) == {Status(ended): 1}
        if ended == "parked":
            assert not any(news.server.log.arrivals[f"thumbnails.{step}"] for step in ("presign", "complete"))
            monkeypatch.undo()
            report = await news.workspace.enroll_many([PersonInput("hong", [path])], journal=tmp_path / "j")
            assert dict(report.counts) == {Status.DONE: 1}


def break_disk(monkeypatch: pytest.MonkeyPatch, bad: Path, error: int = errno.EIO) -> None:
    """Let the system fail to open one file."""
    real = os.open

    def opened(path: object, flags: int, *more: int) -> int:
        if str(path) == str(bad):
            raise OSError(error, os.strerror(error))
        return real(path, flags, *more)  # type: ignore[arg-type]  # any path

    monkeypatch.setattr("mi_async._core.files.os.open", opened)


def test_a_plan_counts_a_media_file_with_a_bad_sector_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = files(tmp_path, [film(), film()])
    items = [AssetInput(path, path.name + ".mp4") for path in (bad, good)]
    break_disk(monkeypatch, bad)
    plan = plan_assets(items)
    assert (plan.new, plan.parked, plan.rejected, plan.failed, plan.ok) == (1, 1, 0, 0, False)
    assert dict(plan.reasons) == {"ResourceError": 1}
    assert [(each.key, each.status) for each in plan.problems] == [(bad.name + ".mp4", Status.PARKED)]
    assert plan.problems[0].problems[0].message == f"{bad}: cannot be read now: Input/output error"


def test_a_plan_on_a_machine_out_of_file_descriptors_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(tmp_path, faces(1))
    break_disk(monkeypatch, path, errno.EMFILE)
    for plan in (
        lambda: plan_people([PersonInput("Hong", [path])]),
        lambda: plan_assets([AssetInput(path, "a.mp4")]),
    ):
        with pytest.raises(ResourceError, match="cannot be read now: Too many open files"):
            plan()


async def test_a_file_with_a_bad_sector_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EIO again and again is one file's disk; only EMFILE and its kind are the whole machine's."""
    bad, *good = files(tmp_path, faces(6))
    break_disk(monkeypatch, bad)
    async with newsroom() as news:
        items = [PersonInput(path.stem, [path]) for path in (bad, *good)]
        plan = plan_people(items)
        assert (plan.create, plan.parked, plan.rejected, plan.ok) == (5, 1, 0, False)
        assert dict(plan.reasons) == {"ResourceError": 1}
        assert plan.as_dict()["parked"] == 1
        assert "with pictures that cannot be read now  1" in str(plan)
        assert [(each.key, each.status) for each in plan.problems] == [(bad.stem, Status.PARKED)]
        before = context_of(news).clock.monotonic()
        found = [outcome async for outcome in news.workspace.enroll_many(items, journal=tmp_path / "j")]
        assert context_of(news).clock.monotonic() - before < 3600  # a minute; the disk is waited for six of them
    assert {o.key: o.status.value for o in found} == {bad.stem: "parked"} | {path.stem: "done" for path in good}
