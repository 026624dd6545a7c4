"""Plans of bulk runs: what would be done, at what cost, without a request and hardly a byte of a picture."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from PIL import Image

from mi_async._core.operation import Quota
from mi_async.argument_types import IfPersonKnown
from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.enroll.decisions import PersonHistory
from mi_async.bulk.images.image_converter import MOST_BYTES
from mi_async.bulk.images.inspect import FIRST, inspect_image
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.readers import read_people
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Identity, ImageRecord, PersonRecord
from mi_async.bulk.plan.dedup import ASKED, OFTEN, FirstSeen
from mi_async.bulk.plan.dry_run import PlanCounts
from mi_async.bulk.plan.enroll import Plan, plan_people, plan_thumbnails
from mi_async.bulk.plan.enroll_candidate import examine
from mi_async.bulk.plan.enroll_planner import CHUNK, EnrollPlanner
from mi_async.errors import ImageRejectedError, InvalidArgumentError, JournalError
from mi_async.media.image import MAX_BYTES, TAIL, read_picture
from tests.support.bulk import face, outcomes, statuses
from tests.support.newsroom import newsroom
from tests.support.pictures import padded, picture

SERVICE = ("https://mi.example", "key", "newsroom")


@pytest.fixture
def jpg(tmp_path: Path) -> str:
    path = tmp_path / "홍길동.jpg"
    path.write_bytes(picture("jpg"))
    return str(path)


def codes(plan: Plan) -> list[tuple[str, Status, list[str]]]:
    return [(one.key, one.status, [problem.code for problem in one.problems]) for one in plan.problems]


def requests(plan: Plan) -> dict[str, int]:
    return {cost.operation: cost.calls for cost in plan.costs}


def test_people_who_are_new(jpg: str) -> None:
    people = [
        PersonInput(f"P{n}", (jpg,) if n % 2 else (jpg, picture("png")), tags=("Anchor", f"T{n % 3}"))
        for n in range(1000)
    ]
    plan = plan_people(people)
    assert (plan.items, plan.create, plan.attach, plan.pictures) == (1000, 1000, 0, 1500)
    assert plan.bytes == 1000 * os.path.getsize(jpg) + 500 * len(picture("png"))  # noqa: PTH202  shorter
    assert requests(plan) == {
        "thumbnails.presign": 1500,
        "storage.put": 1500,
        "thumbnails.complete": 1500,
        "persons.create": 1000,
        "person_tags.list": 4,
        "person_tags.create": 4,
        "persons.add_tags": 1000,
    }
    assert plan.seconds == 90.0
    assert plan.ok
    assert "time at full quota" in str(plan)
    assert "1 min 30 s = 1,500 thumbnails.complete / 1,000 a minute" in str(plan)
    assert "1,500 in 30 s at 50 a second" in str(plan)


WORDS: tuple[IfPersonKnown, ...] = ("ignore", "ask")


def test_who_is_compared_costs_more_requests(jpg: str) -> None:
    people = [PersonInput(f"P{n}", (jpg,)) for n in range(3)]
    plain, compared = (requests(plan_people(people, known=word)) for word in WORDS)
    assert compared == {**plain, "persons.search": 6, "persons.recommend_by_thumbnail": 3}


def test_other_quotas(jpg: str) -> None:
    people = [PersonInput(f"P{n}", (jpg,)) for n in range(600)]
    assert plan_people(people, quotas={"thumbnails.complete": Quota(6000, 60.0)}).seconds == 12.0
    assert plan_people(people, quotas={"thumbnails.complete": None}).seconds == 12.0
    lifted: dict[str, Quota | None] = {"thumbnails.complete": None, "thumbnails.presign": None}
    plan = plan_people(people, quotas=lifted)
    assert plan.seconds == 0.0
    assert "time" not in str(plan)


def test_a_person_with_more_pictures_than_a_create_takes() -> None:
    plan = plan_people([PersonInput("Hong", [picture("png")] * 250), PersonInput("Kim", [picture("png")] * 100)])
    assert (requests(plan)["persons.create"], requests(plan)["persons.set_thumbnails"]) == (2, 2)
    assert plan.pictures == 350


def test_what_would_be_refused(jpg: str, tmp_path: Path) -> None:
    gif, small, big = tmp_path / "a.gif", tmp_path / "b.png", tmp_path / "c.png"
    gif.write_bytes(picture("gif"))
    small.write_bytes(picture("png", 255, 300))
    big.write_bytes(padded(MAX_BYTES + 1))
    missing = tmp_path / "no.jpg"
    people: list[PersonInput | BadInput] = [
        PersonInput("Hong", (jpg, gif), origin="people.csv:2"),
        BadInput("people.csv:3", "name is empty"),
        PersonInput("x" * 51, (jpg,), origin="people.csv:4"),
        PersonInput("Hong", (jpg,), origin="people.csv:5"),
        PersonInput("Kim", (gif, small, big, missing), origin="people.csv:6"),
        PersonInput("Lee", (jpg, jpg), origin="people.csv:7"),
    ]
    told = tmp_path / "problems.jsonl"
    plan = plan_people(people, problems=told)
    assert codes(plan) == [
        ("Hong", Status.PARTIAL, ["format"]),
        ("[people.csv:3]", Status.REJECTED, ["INPUT"]),
        ("x" * 51, Status.REJECTED, ["INPUT"]),
        ("Hong", Status.REJECTED, ["DUPLICATE"]),
        ("Kim", Status.REJECTED, ["format", "resolution", "size", "unreadable"]),
    ]
    assert plan.problems[3].problems[0].message == "duplicate name, first seen at people.csv:2; this row was skipped"
    assert (plan.items, plan.create, plan.partial, plan.rejected, plan.pictures) == (6, 2, 1, 4, 2)
    assert plan.reasons == {"format": 2, "INPUT": 2, "DUPLICATE": 1, "resolution": 1, "size": 1, "unreadable": 1}
    assert [json.loads(line) for line in told.read_text().splitlines()] == [one.as_row() for one in plan.problems]
    assert "rejected: people.csv:5: duplicate name, first seen at people.csv:2; this row was skipped" in str(plan)
    assert not plan.ok
    assert plan.as_dict()["reasons"] == plan.reasons
    json.dumps(plan.as_dict())


@pytest.mark.parametrize("given", [{"name": "Jos\udce9"}, {"description": "\udce9"}, {"tags": ["Anchor", "\udce9"]}])
def test_a_text_that_is_not_unicode_is_refused_and_can_be_told(given: dict[str, Any], jpg: str, tmp_path: Path) -> None:
    told = tmp_path / "problems.jsonl"
    plan = plan_people([PersonInput(**{"name": "Hong", "thumbnails": [jpg], **given})], problems=told)
    assert (plan.rejected, plan.create, plan.reasons) == (1, 0, {"INPUT": 1})
    assert "is not Unicode text" in told.read_text(encoding="utf-8")
    str(plan).encode()


def test_the_first_problems_are_held_and_all_are_written(tmp_path: Path) -> None:
    told = tmp_path / "problems.jsonl"
    plan = plan_people((BadInput(f"people.csv:{n}", "name is empty") for n in range(1000)), problems=told)
    assert (len(plan.problems), plan.rejected, len(told.read_text().splitlines())) == (20, 1000, 1000)
    assert str(plan).endswith("and 980 more")
    with pytest.raises(InvalidArgumentError, match="there is no directory"):
        plan_people([], problems=tmp_path / "no" / "problems.jsonl")


def test_pictures_that_can_be_made_to_fit(tmp_path: Path) -> None:
    big, huge = tmp_path / "big.png", tmp_path / "huge.png"
    big.write_bytes(padded(MAX_BYTES + 1))
    huge.write_bytes(picture("png"))
    os.truncate(huge, MOST_BYTES + 1)
    people = [PersonInput("Hong", (big,)), PersonInput("Kim", (huge,)), PersonInput("Lee", (padded(MAX_BYTES + 1),))]
    plan = plan_people(people, fit=True)
    assert (plan.create, plan.to_fit, plan.rejected) == (2, 2, 1)
    assert "more than the 100 MB" in plan.problems[0].problems[0].message
    assert plan_people(people).rejected == 3


def test_pictures_for_people_who_are_there(jpg: str) -> None:
    stream = BytesIO(picture("png"))
    items: list[ThumbnailUpload | BadInput] = [
        ThumbnailUpload(7, jpg),
        ThumbnailUpload(7, jpg),
        ThumbnailUpload(8, stream),
    ]
    items += [ThumbnailUpload(9, b"nothing"), BadInput("more.csv:5", "thumbnail is empty")]
    plan = plan_thumbnails(items)
    assert (plan.items, plan.create, plan.attach, plan.pictures, plan.rejected) == (5, 0, 3, 3, 2)
    assert requests(plan)["persons.set_thumbnails"] == 3
    assert stream.tell() == 0, "it can be read only once"
    with pytest.raises(InvalidArgumentError, match="this run takes ThumbnailUpload, not PersonInput"):
        plan_thumbnails([PersonInput("Hong", (jpg,))])  # type: ignore[list-item]


async def write(path: Path, operation: str, *records: Any) -> None:
    journal = await Journal.open(path, Identity(*SERVICE, operation))
    await journal.write(*records)
    await journal.aclose()


def attached(person: str, source: str, sha256: str = "a", state: str = "attached") -> ImageRecord:
    found = os.stat(source)  # noqa: PTH116  shorter
    code = "format" if state == "failed" else ""
    return ImageRecord(person, sha256, source, found.st_size, found.st_mtime_ns, state, code=code)


async def test_what_a_journal_knows(jpg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(picture("png"))
    path = tmp_path / "people.journal"
    await write(
        path,
        "enroll",
        PersonRecord("done", "done", 1, ("Anchor",)),
        attached("done", jpg),
        PersonRecord("more", "done", 2),
        attached("more", jpg),
        PersonRecord("changed", "done", 3),
        ImageRecord("changed", "a", jpg, 5, 5, "attached"),
        PersonRecord("failed", "failed", None, code="50005", message="in use"),
        PersonRecord("open"),
        ImageRecord("open", "a", jpg, state="stored"),
        PersonRecord("partial", "partial", 4),
        attached("partial", jpg),
        attached("partial", str(other), "b", "failed"),
        PersonRecord("tagless", "done", 5),
        attached("tagless", jpg),
    )
    opened: list[str] = []
    real = os.open

    def watched(path: str, *rest: int) -> int:
        opened.append(path)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", watched)
    people = [
        PersonInput("done", (jpg,), tags=("Anchor",)),
        PersonInput("more", (jpg, other)),
        PersonInput("changed", (jpg,)),
        PersonInput("failed", (jpg,)),
        PersonInput("open", (jpg,)),
        PersonInput("partial", (jpg, other)),
        PersonInput("tagless", (jpg,), tags=("Anchor",)),
        PersonInput("new", (jpg,)),
    ]
    plan = plan_people(people, journal=path)
    assert (plan.skipped, plan.attach, plan.failed, plan.create, plan.pictures) == (1, 3, 1, 2, 4)
    assert codes(plan) == [("failed", Status.FAILED, ["50005"]), ("partial", Status.PARTIAL, ["format"])]
    assert requests(plan)["persons.add_tags"] == 1
    assert sorted(one for one in opened if one in {jpg, str(other)}) == sorted([str(other), jpg, jpg, jpg]), (
        "finished ones are not opened"
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_plan_knows_contents_as_a_run_does(tmp_path: Path) -> None:
    """Two names of one picture, a file that was moved, copied or touched, and one that was replaced and put back."""
    journal, old, new = tmp_path / "people.journal", face(1), face(4)
    paths = {name: tmp_path / f"{name}.jpg" for name in ("one", "other", "moved", "touched", "replaced", "bytes")}
    people = [
        PersonInput("Two names", (paths["one"], paths["other"])),
        PersonInput("Moved", (paths["moved"],)),
        PersonInput("Touched", (paths["touched"],)),
        PersonInput("Replaced", (paths["replaced"],)),
        PersonInput("Bytes", (old,)),
    ]
    for path in paths.values():
        path.write_bytes(old)
    async with newsroom() as news:
        await news.workspace.enroll_many(people, journal=journal)
        paths["replaced"].write_bytes(new)
        assert plan_people(people, journal=journal).pictures == 1
        await news.workspace.enroll_many(people, journal=journal)
        paths["replaced"].write_bytes(old)
        os.utime(paths["touched"], ns=(1, 1))
        people[1] = PersonInput("Moved", (paths["moved"].rename(tmp_path / "elsewhere.jpg"),))
        plan = plan_people(people, journal=journal)
        assert (plan.skipped, plan.attach, plan.pictures) == (5, 0, 0)
        found = await outcomes(news.workspace.enroll_many(people, journal=journal))
        assert statuses(found) == {Status.SKIPPED}


async def test_the_file_of_two_rows_is_known_by_both(tmp_path: Path) -> None:
    path = tmp_path / "hong.jpg"
    path.write_bytes(face(1))
    now, before = attached("Hong", str(path), digest(path)), ImageRecord("Hong", "0", str(path), 5, 5, "attached")
    for name, rows in (("0", (now, before)), ("f", (now, evolve(before, sha256="f" * 64)))):
        await write(tmp_path / name, "enroll", PersonRecord("Hong", "done", 1), *rows)
        assert plan_people([PersonInput("Hong", (path,))], journal=tmp_path / name).skipped == 1


async def test_only_what_may_be_known_is_read(tmp_path: Path) -> None:
    journal, old, copy, longer, changed = (tmp_path / name for name in ("j", "1.png", "2.png", "3.png", "4.png"))
    old.write_bytes(padded(9_000))
    copy.write_bytes(padded(9_000))
    longer.write_bytes(padded(9_001))
    changed.write_bytes(padded(9_000)[:-1] + b"x")
    again = tmp_path / "5.png"
    again.write_bytes(changed.read_bytes())
    await write(journal, "enroll", PersonRecord("Hong", "done", 1), attached("Hong", str(old), digest(old)))
    history = PersonHistory(PersonRecord("Hong", "done", 1), (attached("Hong", str(old), digest(old)),))
    read = [source for source in (old, copy, longer, changed, again) if examine(source, history, fit=False).sha256]
    assert read == [copy, changed, again]
    people = [PersonInput("Hong", (old, copy, longer, changed, again)), PersonInput("Kim", (old, copy))]
    plan = plan_people(people, journal=journal)
    assert (plan.attach, plan.create, plan.pictures) == (1, 1, 2 + 2), "what was read is one picture under two names"


async def test_a_person_whom_a_picture_has_failed(jpg: str, tmp_path: Path) -> None:
    journal, mended = tmp_path / "people.journal", tmp_path / "mended.jpg"
    mended.write_bytes(picture("png"))
    refused = evolve(attached("", jpg, digest(Path(jpg)), "failed"), code="40010")
    await write(
        journal,
        "enroll",
        *(PersonRecord(name, "failed", code="40010") for name in ("same", "moved", "mended", "more", "gone")),
        *(evolve(refused, person=name) for name in ("same", "mended", "more", "gone", "own")),
        evolve(refused, person="moved", source="elsewhere.jpg"),
        PersonRecord("own", "failed", code="50005"),
    )
    people = [
        PersonInput("same", (jpg,)),
        PersonInput("moved", (jpg,)),
        PersonInput("mended", (mended,)),
        PersonInput("more", (jpg, mended)),
        PersonInput("gone", (tmp_path / "no.jpg",)),
        PersonInput("own", (mended,)),
    ]
    plan = plan_people(people, journal=journal)
    assert codes(plan) == [
        ("same", Status.FAILED, ["40010"]),
        ("moved", Status.FAILED, ["40010"]),
        ("more", Status.PARTIAL, ["40010"]),
        ("gone", Status.REJECTED, ["unreadable"]),
        ("own", Status.FAILED, ["50005"]),
    ]
    assert (plan.create, plan.pictures, plan.failed) == (2, 2, 3)


async def test_a_picture_that_the_service_has_refused_before(jpg: str, tmp_path: Path) -> None:
    journal, other = tmp_path / "more.journal", tmp_path / "other.jpg"
    other.write_bytes(Path(jpg).read_bytes())
    refused = evolve(attached("7", jpg, digest(other), "failed"), code="40010")
    await write(journal, "upload-thumbnails", refused)
    plan = plan_thumbnails([ThumbnailUpload(7, jpg), ThumbnailUpload(7, other)], journal=journal)
    assert codes(plan) == [("7", Status.FAILED, ["40010"])] * 2


async def test_a_journal_of_pictures(jpg: str, tmp_path: Path) -> None:
    path = tmp_path / "more.journal"
    await write(path, "upload-thumbnails", attached("7", jpg))
    plan = plan_thumbnails([ThumbnailUpload(7, jpg), ThumbnailUpload(8, jpg)], journal=path)
    assert (plan.skipped, plan.attach) == (1, 1)
    with pytest.raises(JournalError, match="it belongs to upload-thumbnails, and this is about enroll"):
        plan_people([], journal=path)


def test_before_the_first_run_there_is_no_journal(jpg: str, tmp_path: Path) -> None:
    people = [PersonInput("Hong", (jpg,))]
    assert plan_people(people, journal=tmp_path / "no.journal") == plan_people(people)
    assert not (tmp_path / "no.journal").exists()


def test_nothing_at_all() -> None:
    plan = plan_people([])
    assert (plan, plan.ok) == (Plan(), True)
    assert str(plan).split() == ["items", "0"]


def test_an_input_that_breaks_off(jpg: str) -> None:
    def items() -> Iterator[PersonInput]:
        for number in range(5000):
            yield PersonInput(f"P{number}", (jpg,))
        message = "the tape tore"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="the tape tore"):
        plan_people(items())


def test_chunks_are_counted_in_order(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,thumbnail\n" + "".join(f"P{n % 400},{n}.jpg\n" for n in range(2 * CHUNK + 288)))
    plan = plan_people(read_people(path))
    assert [one.origin.rpartition(":")[2] for one in plan.problems] == [str(line) for line in range(2, 22)]
    assert plan.reasons == {"unreadable": 400, "DUPLICATE": 400}


def test_names_and_where_they_were_first() -> None:
    firsts, many = FirstSeen(), 2 * ASKED + 1
    assert firsts.before([(str(n), f"a{n}") for n in range(many)]) == [None] * many
    assert firsts.before([("x", "b0"), ("3", "b1"), ("x", "b2"), (str(many - 1), "b3")]) == [None, "a3", "b0", "a1000"]
    assert firsts.before([(str(n), "c") for n in range(many)]) == [f"a{n}" for n in range(many)]
    for start in (0, 5, OFTEN, 3):
        firsts.tags(map(str, range(start, OFTEN + start)))
    assert firsts.different_tags == 2 * OFTEN
    firsts.close()


@pytest.mark.parametrize(
    ("kind", "save"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": True})],
)
@pytest.mark.parametrize("metadata", [0, 9_000, 60_000])
def test_a_header_is_enough(kind: str, save: dict[str, Any], metadata: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x9286] = "x" * metadata
    stream = BytesIO()
    Image.effect_noise((700, 500), 90).convert("RGB").save(
        stream, kind, exif=exif, icc_profile=bytes(metadata * 3), **save
    )
    path = tmp_path / "hong"
    path.write_bytes(stream.getvalue())
    assert inspect_image(path, fit=False).problem is None
    assert inspect_image(path, fit=False).size == len(stream.getvalue())
    assert inspect_image(stream.getvalue(), fit=False) == inspect_image(path, fit=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "hong.jpg"
    os.mkfifo(path)
    for other, said in ((path, "not a regular file"), (tmp_path, "Is a directory")):
        problem = inspect_image(other, fit=False).problem
        assert isinstance(problem, ImageRejectedError)
        assert (problem.reason, str(problem)) == ("unreadable", f"{other}: cannot be read: {said}")


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_no_start_of_a_picture_is_taken_for_another(kind: str) -> None:
    content = picture(kind, 300, 280)
    whole = read_picture(content)
    for end in range(min(len(content), 700)):
        assert read_picture(content[:end]) in {None, whole}


def test_only_the_header_and_the_end_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hong.png"
    path.write_bytes(padded(4_000_000))
    taken: list[int] = []
    real = os.read

    def watched(file: int, size: int) -> bytes:
        taken.append(size)
        return real(file, size)

    monkeypatch.setattr(os, "read", watched)
    assert inspect_image(path, fit=False).size == 4_000_000
    assert taken == [FIRST, TAIL]


@pytest.mark.parametrize("wait", [-1.0, float("inf")], ids=["in threads", "here"])
def test_a_slow_disk_changes_no_figure_and_no_order(wait: float, jpg: str, tmp_path: Path) -> None:
    people = [PersonInput(f"P{n}", (jpg if n % 7 else str(tmp_path / f"{n}.jpg"),)) for n in range(3 * CHUNK)]
    told: list[BulkOutcome] = []
    counts = PlanCounts(told.append)
    with closing(FirstSeen()) as firsts:
        EnrollPlanner(PersonInput, lambda _: {}, fit=False, counts=counts, firsts=firsts, wait=wait).count(people)
    assert [one.key for one in told] == [f"P{n}" for n in range(0, 3 * CHUNK, 7)]
    assert counts.counts["create"] == 3 * CHUNK - len(told)
    assert counts.reasons == {"unreadable": len(told)}
