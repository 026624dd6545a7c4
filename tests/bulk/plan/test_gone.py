"""What a journal has and the input no longer has: a plan tells it, in flat memory."""

import asyncio
import hashlib
import tracemalloc
from pathlib import Path

import attrs
import pytest

from mi_async.bulk.inputs.models import AssetInput, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import INGEST, UPLOAD, AssetRecord, ImageRecord, PersonRecord, Record
from mi_async.bulk.journal.typed_rows import STATUSES
from mi_async.bulk.plan.enroll import plan_people, plan_thumbnails
from mi_async.bulk.plan.ingest import plan_assets
from mi_async.cli.app import run
from mi_async.storage.models import StoredObject
from tests.bulk.journal.test_reader import NEWSROOM
from tests.support.pictures import picture


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A journal to be, in a directory of our own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "j"


def remember(path: Path, operation: str, *records: Record) -> None:
    async def made() -> None:
        journal = await Journal.open(path, attrs.evolve(NEWSROOM, operation=operation))
        await journal.write(*records)
        await journal.aclose()

    asyncio.run(made())


def test_people_who_are_not_in_the_input_any_more(path: Path) -> None:
    statuses = [PersonRecord(f"{status} 홍", status, 7) for status in sorted(STATUSES)]
    never = PersonRecord("Bo [people.csv:9]", "rejected")
    remember(path, "enroll", *statuses, PersonRecord("Kim", "done", 1), PersonRecord("", "done", 2), never)
    plan = plan_people([PersonInput("Kim", ["no.jpg"]), PersonInput("", ["no.jpg"])], journal=path)
    names = sorted(f"{status} 홍" for status in STATUSES)
    assert (plan.gone.count, plan.gone.first) == (len(names), tuple(names))
    assert (plan.as_dict()["gone"], plan.as_dict()["first_gone"]) == (len(names), names)
    assert f"in the journal, not in this input  {len(names)}" in str(plan)
    assert str(plan).splitlines()[-len(names) :] == [f"gone: {name}" for name in names]
    assert plan_people([], journal=None).gone.count == 0


def test_images_that_are_not_in_the_input_any_more_and_those_that_were_renamed(path: Path) -> None:
    content = picture("jpg", seed=3)
    for name in ("kept.jpg", "new name.jpg"):
        Path(name).write_bytes(content if "new" in name else picture("jpg", seed=4))
    digest = hashlib.sha256(content).hexdigest()
    old = ImageRecord("7", digest, "old name.jpg", len(content), state="attached")
    more = [ImageRecord("7", name, name, state="attached") for name in ("kept.jpg", "gone.jpg", "<bytes>")]
    mended = ImageRecord("7", "unreadable:x.jpg", "x.jpg", state="mended")
    remember(path, UPLOAD, PersonRecord("7", "done", 7), old, *more, mended)
    inputs = [ThumbnailUpload(7, "kept.jpg"), ThumbnailUpload(7, "new name.jpg")]
    plan = plan_thumbnails(inputs, journal=path)
    assert (plan.gone.count, plan.gone.first) == (1, ("7: gone.jpg",))
    assert plan_thumbnails([ThumbnailUpload(8, "kept.jpg")], journal=path).gone.count == 3


def test_files_and_objects_that_are_not_in_the_input_any_more(path: Path) -> None:
    rows = [AssetRecord(101, "b", f"{name}.mp4", state="indexed", status="done") for name in ("a", "b", "c")]
    remember(path, INGEST, *rows, AssetRecord(101, "", "x [item 2]", status="rejected"))
    stored = AssetInput(StoredObject("b", "a.mp4"), size=1, mtime_ns=1)
    plan = plan_assets([stored, AssetInput("b.mp4", "b.mp4")], journal=path)
    assert (plan.gone.count, plan.gone.first) == (1, ("s3://b/c.mp4",))
    assert plan.as_dict()["first_gone"] == ["s3://b/c.mp4"]
    assert str(plan).splitlines()[-1] == "gone: s3://b/c.mp4"
    other = AssetInput(StoredObject("other", "a.mp4"), size=1, mtime_ns=1)
    assert plan_assets([other], journal=path).gone.count == 3


def test_many_are_counted_and_the_first_are_named_in_flat_memory(path: Path) -> None:
    remember(path, "enroll", *[PersonRecord(f"{number:06}", "done", number + 1) for number in range(20_000)])
    plan_people([], journal=path)
    tracemalloc.start()
    plan = plan_people([], journal=path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (plan.gone.count, len(plan.gone.first)) == (20_000, 20)
    assert str(plan).splitlines()[-1] == "gone: and 19,980 more"
    assert peak < 4_000_000


def test_the_command_line_tells_it_and_does_not_fail_of_it(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MI_ASYNC_WORKSPACE", "newsroom")
    remember(path, "enroll", PersonRecord("Kim", "done", 1))
    Path("faces").mkdir()
    assert run(["enroll-many", "faces", "--journal", str(path), "--dry-run", "-o", "table"]) == 0
    assert "gone: Kim\n" in capsys.readouterr().out
