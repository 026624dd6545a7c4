"""What NAS boxes, systems and photo managers leave in folders: no person, no asset, and counted."""

import unicodedata
from contextlib import aclosing
from pathlib import Path

import pytest

from mi_async import BulkReport
from mi_async.bulk.inputs import leftovers
from mi_async.bulk.inputs.input_facts import InputFacts, PassedOver, facts_of
from mi_async.bulk.inputs.leftovers import is_below_left_behind, is_left_behind
from mi_async.bulk.inputs.media_files import read_assets, stored_assets
from mi_async.bulk.inputs.models import AssetInput, BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.readers import count, read_people, read_thumbnails
from mi_async.bulk.plan.enroll import plan_people
from tests.support.storage import BUCKET, Bucket
from tests.support.uploading import opened

FOLDERS = (
    "@eaDir",
    "@tmp",
    "#recycle",
    "#snapshot",
    ".@__thumb",
    "@Recycle",
    "@Recently-Snapshot",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "FOUND.000",
    ".Trashes",
    ".Trash-1000",
    ".Spotlight-V100",
    ".fseventsd",
    ".AppleDouble",
    ".TemporaryItems",
    "Network Trash Folder",
    "__MACOSX",
    "lost+found",
    ".thumbnails",
    ".dtrash",
    ".picasaoriginals",
    ".stfolder",
    ".sync",
    "Previews.lrdata",
    "Photos Library.photoslibrary",
)
FILES = (
    ".DS_Store",
    "._hong.jpg",
    "Thumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "Icon\r",
    ".picasa.ini",
    "Picasa.ini",
    "~$people.docx",
    "~WRL0001.tmp",
    ".~lock.people.ods#",
    "hong.jpg.part",
    "hong.jpg.crdownload",
    "hong.tmp",
    "hong.xmp",
    "IMG_1.AAE",
    "catalog.lrcat",
)


def left(folder: Path, inside: str) -> int:
    """Put all of that into a folder; returns how many names these are."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / inside).touch()
    for name in FILES:
        (folder / name).touch()
    return len(FOLDERS) + len(FILES)


def test_nobody_is_made_of_it(tmp_path: Path) -> None:
    (tmp_path / "1001").mkdir()
    (tmp_path / "1001" / "1.jpg").touch()
    number = left(tmp_path, "deleted.jpg") + left(tmp_path / "1001", "deleted.jpg")
    (tmp_path / "tab.journal").touch()
    people = read_people(tmp_path)
    assert list(people) == [
        PersonInput("1001", (str(tmp_path / "1001/1.jpg"),), origin=str(tmp_path / "1001")),
    ]
    assert people.facts == InputFacts(passed_over={"hidden or system": number})
    pictures = read_thumbnails(tmp_path)
    assert [item.key for item in pictures if isinstance(item, ThumbnailUpload)] == ["1001"]
    assert pictures.facts == people.facts
    assert count(tmp_path, read_people) == 1
    plan = plan_people(read_people(tmp_path))
    assert (plan.items, plan.as_dict()["passed_over"]) == (1, {"hidden or system": number})
    assert f"passed over  {number} hidden or system" in " ".join(str(plan).split()).replace("over ", "over  ", 1)


def test_no_asset_is_made_of_it_and_other_formats_are_counted(tmp_path: Path) -> None:
    number = left(tmp_path, "a.mp4") + left(tmp_path / "뉴스", "a.mp4")
    for name in ("a.mp4", "뉴스/b.MOV", "뉴스/c.mxf", "d.MXF", "e.ts", "f.avi", "g.srt", "README", "뉴스/h.tar.gz"):
        (tmp_path / name).touch()
    for end in ("", "-wal", "-shm", "-journal", ".lock"):  # in silence, as where people are read
        (tmp_path / f"뉴스/Footage.JOURNAL{end}").touch()
    assets = read_assets(tmp_path)
    assert [item.key for item in assets if isinstance(item, AssetInput)] == ["a.mp4", "뉴스/b.MOV"]
    assert assets.facts.passed_over == {
        "hidden or system": number,
        ".mxf": 2,
        ".ts": 1,
        ".avi": 1,
        ".srt": 1,
        "without suffix": 1,
        ".gz": 1,
    }
    shown = dict(assets.facts.rows())["passed over"]
    assert shown == f"{number} hidden or system, 2 .mxf, 1 .avi, 1 .gz, 1 .srt, 1 .ts, 1 without suffix"


async def test_the_same_in_a_bucket(s3: Bucket) -> None:
    for key in ("in/a.mp4", "in/@eaDir/a.mp4/SYNOPHOTO.jpg", "in/x/._b.mov", "in/c.mxf", "in/Thumbs.db", "in/dir/"):
        s3.put(key, b"x")
    s3.put("#recycle/d.mp4", b"x")
    async with opened(s3.url) as store:
        found = stored_assets(store, f"s3://{BUCKET}/in/")
        assert [item.place(BUCKET).key async for item in found] == ["in/a.mp4"]
        assert found.facts.passed_over == {"hidden or system": 3, ".mxf": 1}
        asked = stored_assets(store, f"s3://{BUCKET}/#recycle/")
        assert [item.place(BUCKET).key async for item in asked] == ["#recycle/d.mp4"], "it was asked for"
        async with aclosing(stored_assets(store, f"s3://{BUCKET}/in/")) as listed:
            assert (await anext(listed)).place(BUCKET).key == "in/a.mp4"
            with pytest.raises(KeyError):
                await listed.athrow(KeyError("x"))


@pytest.mark.parametrize(
    ("name", "is_folder", "left_behind"),
    [
        ("@EADIR", True, True),
        ("@eaDir", False, False),
        ("thumbs.db", True, False),
        ("Hong.tmp", True, False),
        ("x.lrdata", False, False),
        ("~snapshot", True, True),
        ("Recycle Kim", True, False),
        ("@anchor", True, False),
        ("#1 Hong", True, False),
        ("$ilver.jpg", False, False),
        ("", False, False),
    ],
)
def test_what_is_left_behind(name: str, is_folder: bool, left_behind: bool) -> None:
    assert is_left_behind(name, is_folder=is_folder) is left_behind


def test_the_list_in_the_documents_is_this_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "bulk-inputs.md").read_text("utf-8").casefold()
    names = (*leftovers.FOLDERS, *(leftovers.FILES - {"icon\r"}))
    suffixes = (*leftovers.FOLDER_SUFFIXES, *leftovers.FILE_SUFFIXES)
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [suffix for suffix in suffixes if f"`*{suffix}`" not in page] == []


def test_keys_of_objects() -> None:
    assert is_below_left_behind("a/@eaDir/b/c.mp4")
    assert is_below_left_behind("a/.hidden.mp4")
    assert not is_below_left_behind("a/b.mp4")
    assert not is_below_left_behind("")


def test_kinds_are_counted_up_to_a_bound() -> None:
    passed_over = PassedOver(most=2)
    for name in ("a.x", "b.Y", "c.z", "d.w", "e.x", "\udcff.\udcff", "plain"):
        passed_over.add_file(name)
    assert passed_over.counts == {".x": 2, ".y": 1, "others": 4}


def test_a_suffix_that_is_not_text_is_counted_as_messages_show_it() -> None:
    passed_over = PassedOver()
    passed_over.add_file("a.\udcff")
    assert passed_over.counts == {".\\udcff": 1}


def test_an_input_of_the_user_has_no_facts() -> None:
    assert facts_of([]) == InputFacts()
    assert InputFacts().as_dict() == {"encoding": None, "passed_over": {}}
    report = BulkReport(journal="j", run=1, facts=InputFacts("cp949", {".mxf": 1200}))
    assert "encoding     cp949\npassed over  1,200 .mxf\n" in str(report)
    assert report.as_dict()["encoding"] == "cp949"


def test_folders_whose_names_look_the_same_are_one_person(tmp_path: Path) -> None:
    for name in ("홍길동", unicodedata.normalize("NFD", "홍길동 "), "홍길동\u200b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").touch()
    (tmp_path / "\u3000홍길동.png").touch()
    (item,) = read_people(tmp_path)
    assert not isinstance(item, BadInput)
    assert (item.name, len(item.thumbnails)) == ("홍길동", 4)
