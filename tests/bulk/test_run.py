"""enroll_many and upload_thumbnails: what goes in, what comes out, and what the service has in the end."""

import asyncio
import os
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from mi_async import BulkError, BulkReport, BulkRun, ConfigError, InvalidArgumentError, JournalError, Storage
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import AssetInput, BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.readers import read_people
from mi_async.bulk.plan.enroll import plan_people
from mi_async.bulk.plan.ingest import plan_assets
from mi_async.emulator import Fault, Latency, Settings
from mi_async.media.image_check import ImageRules, checked_image
from mi_async.workflow_parts import HELD
from tests.support.bulk import (
    contents,
    face,
    faces,
    files,
    main_picture,
    name,
    nothing_left,
    outcomes,
    people,
    person,
    requests,
    rows,
    run_of,
    statuses,
)
from tests.support.newsroom import context_of, newsroom
from tests.support.pictures import picture


async def test_a_run_is_awaited_by_one_at_a_time(tmp_path: Path) -> None:
    async def awaited(run: BulkRun) -> BulkReport:
        return await run

    async with newsroom() as news:
        run = news.workspace.enroll_many(people(5), journal=tmp_path / "j")
        report, refused = await asyncio.gather(awaited(run), awaited(run), return_exceptions=True)
        assert isinstance(refused, BulkError)
        assert "iterated only once" in str(refused)
        assert isinstance(report, BulkReport)
        assert report.ok
        assert await run is report


@pytest.mark.parametrize("items", [[], iter(())])
async def test_nothing_to_do(items: Any, tmp_path: Path) -> None:
    async with newsroom() as news:
        report = await news.workspace.enroll_many(items, journal=tmp_path / "j")
        assert (report.ok, report.ended, report.run) == (True, 0, 1)
        assert requests(news) == 0
        await nothing_left(news)


async def test_one_person(tmp_path: Path) -> None:
    async with newsroom() as news:
        item = PersonInput("홍길동/1", faces(3), "앵커", ["Anchor"], origin="people.csv:2")
        run = news.workspace.enroll_many([item], journal=tmp_path / "j")
        assert (run.progress.total, run.progress.elapsed) == (1, 0.0)
        found = [outcome async for outcome in run]
        done = ("홍길동/1", Status.DONE, 3, "people.csv:2")
        assert [(o.key, o.status, o.attached, o.origin) for o in found] == [done]
        there = person(news, "홍길동/1")
        assert found[0].person_id == there.id
        assert there.description == "앵커"
        assert contents(news, "홍길동/1") == faces(3)
        assert main_picture(news, "홍길동/1") == face(0)
        assert len(there.tag_ids) == 1
        assert (run.report.ok, run.report.pictures, run.report.ending) == (True, 3, "")
        assert run.progress.ended == 1
        await nothing_left(news)


def listed(items: Iterator[PersonInput]) -> Any:
    return list(items)


def generated(items: Iterator[PersonInput]) -> Any:
    return items


async def awaited(items: Iterator[PersonInput]) -> AsyncIterator[PersonInput]:
    for item in items:
        await asyncio.sleep(0)
        yield item


@pytest.mark.parametrize("form", [listed, generated, awaited])
async def test_any_iterable_will_do(form: Callable[[Any], Any], tmp_path: Path) -> None:
    async with newsroom() as news:
        found = await outcomes(news.workspace.enroll_many(form(people(20)), journal=tmp_path / "j"))
        assert set(found) == {name(number) for number in range(20)}
        assert statuses(found) == {Status.DONE}
        assert len(news.thumbnails()) == 20


async def test_three_hundred_with_names_of_all_kinds(tmp_path: Path) -> None:
    names = [unicodedata.normalize("NFD", f"강감찬/é {number}") for number in range(300)]
    items = [PersonInput(each, [face(number % 40)], tags=["Anchor"]) for number, each in enumerate(names)]
    async with newsroom(speed=200) as news:
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        wanted = {unicodedata.normalize("NFC", each) for each in names}
        assert set(found) == {each.name for each in news.server.state.persons()} == wanted
        assert statuses(found) == {Status.DONE}
        assert news.none_doubled()
        assert news.server.log.count("person_tags.create") == 1
        assert news.server.log.count("person_tags.list") == 1
        assert sum(news.server.log.throttled.values()) == 0


async def test_more_pictures_than_a_create_takes(tmp_path: Path) -> None:
    pictures = [picture("png", 256, 256, seed=seed, compress_level=1) for seed in range(110)]
    async with newsroom(speed=200) as news:
        report = await news.workspace.enroll_many([PersonInput("홍길동", pictures)], journal=tmp_path / "j")
        assert report.ok
        assert contents(news, "홍길동") == pictures
        assert main_picture(news, "홍길동") == pictures[0]
        assert news.server.log.count("persons.create") == news.server.log.count("persons.set_thumbnails") == 1


async def test_when_the_first_picture_is_refused_the_next_is_the_main_one(tmp_path: Path) -> None:
    async with newsroom() as news:
        item = PersonInput("홍길동", [b"no picture", face(1), face(2)])
        outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))["홍길동"]
        assert outcome.status is Status.PARTIAL
        assert [(p.source, p.code) for p in outcome.problems] == [("<bytes>", "format")]
        assert main_picture(news, "홍길동") == face(1)


async def test_the_same_picture_twice_is_uploaded_once_and_noted(tmp_path: Path) -> None:
    first, other, second = files(tmp_path / "faces", [face(1), face(2), face(1)])
    async with newsroom() as news:
        item = PersonInput("홍길동", [first, other, second])
        outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))["홍길동"]
        assert (outcome.status, outcome.attached) == (Status.DONE, 2)
        assert len(outcome.notes) == 1
        assert "the same image as" in outcome.notes[0]
        assert main_picture(news, "홍길동") == face(1)


async def test_whichever_of_two_equal_pictures_is_read_first_the_main_one_stays_it(tmp_path: Path) -> None:
    class Slow:
        content = face(1)

        async def read(self, size: int) -> bytes:
            await asyncio.sleep(0.005)
            piece, self.content = self.content[:size], self.content[size:]
            return piece

    async with newsroom() as news:
        item = PersonInput("홍길동", [Slow(), face(2), face(1)])
        outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))["홍길동"]
        assert (outcome.status, outcome.attached) == (Status.DONE, 2)
        assert main_picture(news, "홍길동") == face(1)


async def test_the_same_picture_may_belong_to_several_persons(tmp_path: Path) -> None:
    async with newsroom() as news:
        items = [PersonInput(name(number), [face(1)]) for number in range(3)]
        assert (await news.workspace.enroll_many(items, journal=tmp_path / "j")).ok
        assert news.none_doubled()
        assert len(news.thumbnails()) == 3


async def test_a_name_that_comes_twice_is_refused_the_second_time(tmp_path: Path) -> None:
    items = [
        *people(40),
        PersonInput(unicodedata.normalize("NFD", name(3)), [face(50)], origin="b.csv:9"),
        PersonInput("신사임당", [face(1)], origin="a.csv:2"),
        PersonInput("신사임당", [face(2)], origin="a.csv:3"),
    ]
    async with newsroom() as news:
        for first in (Status.DONE, Status.SKIPPED):
            found = [o async for o in news.workspace.enroll_many(items, journal=tmp_path / "j")]
            refused = {o.origin: o for o in found if o.status is Status.REJECTED}
            assert set(refused) == {"b.csv:9", "a.csv:3"}
            assert [p.code for o in refused.values() for p in o.problems] == ["DUPLICATE", "DUPLICATE"]
            assert "at a.csv:2;" in refused["a.csv:3"].problems[0].message
            assert "at item 4;" in refused["b.csv:9"].problems[0].message
            assert {o.status for o in found} == {first, Status.REJECTED}
        assert len(news.thumbnails()) == 41
        assert news.server.log.count("thumbnails.presign") == 41


NOTHING: Any = None
SEVEN: Any = 7
BAD: list[tuple[Any, str, str]] = [
    (BadInput("people.csv:17", "no name"), "people.csv:17", "no name"),
    (PersonInput("Hong", [], origin="a:1"), "a:1", "a person needs at least one image"),
    (PersonInput("x" * 51, [b""], origin="a:2"), "a:2", "name needs 1 to 50 characters"),
    (PersonInput(NOTHING, [b""], origin="a:3"), "a:3", "name is text, not NoneType"),
    (PersonInput("Hong", [b""], tags=[SEVEN], origin="a:4"), "a:4", "tag is text, not int"),
]


async def test_bad_rows_are_told_and_do_not_stop_the_others(tmp_path: Path) -> None:
    async with newsroom() as news:
        items = [*[bad for bad, _, _ in BAD], PersonInput("홍길동", [face(1)])]
        found = [o async for o in news.workspace.enroll_many(items, journal=tmp_path / "j")]
        by_origin = {o.origin: o for o in found}
        for _, origin, said in BAD:
            outcome = by_origin[origin]
            assert outcome.status is Status.REJECTED
            assert outcome.problems[0].code == "INPUT"
            assert outcome.problems[0].message.startswith(said)
        assert by_origin[""].status is Status.DONE
        assert len(rows(tmp_path / "j")) == len(items)
        assert news.server.log.count("thumbnails.presign") == 1


async def test_without_validation_bounds_are_left_to_the_service_and_the_rest_is_not(tmp_path: Path) -> None:
    async with newsroom(validate=False) as news:
        items = [*[bad for bad, _, _ in BAD], PersonInput("홍길동", [face(1)])]
        items[2] = PersonInput("x" * 51, [face(1)], origin="a:2")
        async with asyncio.timeout(60):
            found = [o async for o in news.workspace.enroll_many(items, journal=tmp_path / "j")]
        assert {o.origin: o.status for o in found} == {
            **dict.fromkeys(("people.csv:17", "a:1", "a:3", "a:4"), Status.REJECTED),
            "a:2": Status.FAILED,
            "": Status.DONE,
        }


@pytest.mark.parametrize("item", [ThumbnailUpload(1, b""), "홍길동", None])
async def test_an_item_of_another_kind_stops_the_run(item: Any, tmp_path: Path) -> None:
    async with newsroom() as news:
        with pytest.raises(BulkError, match="this run takes PersonInput, not") as caught:
            await news.workspace.enroll_many([item], journal=tmp_path / "j")
        assert isinstance(caught.value.__cause__, InvalidArgumentError)
        await nothing_left(news)


async def test_an_item_of_another_kind_is_told_by_its_number_and_what_makes_one(tmp_path: Path) -> None:
    bad: Any = {"name": "Hong"}
    said = r"item 41: this run takes {0}, not dict; make one with {0}\(...\), or all with {1}"
    async with newsroom(storage=Storage("http://127.0.0.1:9")) as news:
        people = [*(PersonInput(f"Hong {number}", [b"GIF89a"]) for number in range(40)), bad]
        told = said.format("PersonInput", r"read_people\(path\)$")
        with pytest.raises(BulkError, match=told):
            await news.workspace.enroll_many(people, journal=tmp_path / "people")
        with pytest.raises(InvalidArgumentError, match=told):
            plan_people(people)
        media = [*(AssetInput(f"{number}.txt") for number in range(40)), bad]
        told = said.format("AssetInput", r"read_assets\(folder\)$")
        with pytest.raises(BulkError, match=told):
            await news.workspace.ingest_many(media, journal=tmp_path / "media", bucket="archive")
        with pytest.raises(InvalidArgumentError, match=told):
            plan_assets(media)


async def test_thumbnails_go_to_persons_who_are_there(tmp_path: Path) -> None:
    async with newsroom() as news:
        ids = [(await news.workspace.enroll_person(name(number), [face(number)])).id for number in range(3)]
        items = [ThumbnailUpload(number, face(seed)) for seed in range(10, 14) for number in ids]
        items.append(ThumbnailUpload(999, face(9), origin="a.csv:3"))
        found = [o async for o in news.workspace.upload_thumbnails(items, journal=tmp_path / "j")]
        assert [o.status for o in found].count(Status.DONE) == 12
        (failed,) = [o for o in found if o.status is not Status.DONE]
        assert (failed.key, failed.status, failed.problems[0].code) == ("999", Status.FAILED, "10001")
        assert news.none_doubled()
        for number in range(3):
            assert contents(news, name(number)) == [face(number), *faces(4, 10)]
            assert main_picture(news, name(number)) == face(number)
        await nothing_left(news)


async def test_pictures_of_a_person_are_attached_in_order_whatever_the_service_takes_for_each(tmp_path: Path) -> None:
    settings = Settings(latency=Latency.lognormal(median=0.5, p95=10.0))
    async with newsroom(settings, speed=200) as news:
        number = (await news.workspace.enroll_person("홍길동", [face(0)])).id
        items = [ThumbnailUpload(number, face(seed), primary=seed == 17) for seed in range(1, 31)]
        found = [o async for o in news.workspace.upload_thumbnails(items, journal=tmp_path / "j")]
        assert {o.status for o in found} == {Status.DONE}
        assert contents(news, "홍길동") == faces(31)
        assert main_picture(news, "홍길동") == face(17)


async def test_the_same_picture_for_the_same_person_is_attached_once(tmp_path: Path) -> None:
    async with newsroom() as news:
        number = (await news.workspace.enroll_person("홍길동", [face(0)])).id
        items = [ThumbnailUpload(number, face(1 + n % 2), origin=str(n)) for n in range(40)]
        found = [o async for o in news.workspace.upload_thumbnails(items, journal=tmp_path / "j")]
        assert sorted(o.status.value for o in found) == ["done"] * 2 + ["skipped"] * 38
        first, *rest = contents(news, "홍길동")
        assert first == face(0)
        assert Counter(rest) == Counter(faces(2, 1))  # of equal ones any may count


async def test_an_item_whose_pictures_cannot_be_used_costs_no_request(tmp_path: Path) -> None:
    async with newsroom() as news:
        item = PersonInput("홍길동", [tmp_path / "none.jpg", b"", picture("jpg", 100, 100), SEVEN])
        outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))["홍길동"]
        assert outcome.status is Status.REJECTED
        codes = {problem.code for problem in outcome.problems}
        assert codes == {"InvalidArgumentError", "format", "resolution", "unreadable"}
        assert requests(news) == 0


async def test_a_name_that_somebody_else_has_fails_and_its_pictures_are_named(tmp_path: Path) -> None:
    async with newsroom() as news:
        await news.workspace.enroll_person("홍길동", [face(0)])
        run = news.workspace.enroll_many([PersonInput("홍길동", faces(2, 1))], journal=tmp_path / "j")
        outcome = (await outcomes(run))["홍길동"]
        assert (outcome.status, outcome.problems[0].code, len(outcome.created)) == (Status.FAILED, "50005", 2)
        assert contents(news, "홍길동") == [face(0)]


async def test_a_picture_that_the_service_refuses_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = picture("png", 300, 200)
    monkeypatch.setattr(
        "mi_async.bulk.images.loading.checked_image", partial(checked_image, rules=ImageRules(least=100))
    )
    async with newsroom() as news:
        item = PersonInput("홍길동", [face(1), small])
        outcome = (await outcomes(news.workspace.enroll_many([item], journal=tmp_path / "j")))["홍길동"]
        assert outcome.status is Status.PARTIAL
        assert [p.code for p in outcome.problems] == ["RESOLUTION_NOT_SUPPORT"]
        assert contents(news, "홍길동") == [face(1)]


async def test_a_slow_reader_misses_nothing(tmp_path: Path) -> None:
    async with newsroom(speed=400) as news:
        found = []
        async for outcome in news.workspace.enroll_many(people(150), journal=tmp_path / "j"):
            found.append(outcome.key)
            if len(found) % 10 == 0:
                await asyncio.sleep(0.01)
        assert len(found) == len(set(found)) == 150


async def test_works_under_way_and_pictures_in_memory_are_bounded(tmp_path: Path) -> None:
    taken, ahead, held = 0, 0, HELD
    async with newsroom(speed=200) as news:

        def counted() -> Iterator[PersonInput]:
            nonlocal taken
            for item in people(200):
                taken += 1
                yield item

        async with run_of(news, counted(), tmp_path / "j", room=30) as run:
            async for _ in run:
                ahead = max(ahead, taken - run.progress.ended)
                held = min(held, context_of(news).held._value)
                assert run.progress.open <= 30
        assert ahead <= 30 + 32  # the works, and the chunk that is being admitted
        assert held >= 0
        assert len(news.thumbnails()) == 200


async def test_whoever_does_not_take_outcomes_makes_the_run_wait(tmp_path: Path) -> None:
    async with newsroom(speed=400) as news:
        run = news.workspace.enroll_many(people(300), journal=tmp_path / "j", grace=0.0)
        async with run:
            async for _ in run:
                await asyncio.sleep(0.4)  # real time: all others could be done
                break
            assert run.progress.ended < 300
        await nothing_left(news)


async def test_progress_tells_what_is_under_way(tmp_path: Path) -> None:
    async with newsroom() as news:
        run = news.workspace.enroll_many(people(30), journal=tmp_path / "j", total=30)
        async for _ in run:
            progress = run.progress
            assert progress.total == 30
            assert progress.ceiling == pytest.approx(1000.0)
            assert progress.open + progress.ended <= 30
        assert run.progress.pictures == 30
        assert run.progress.open == 0


async def test_problems_are_at_hand(tmp_path: Path) -> None:
    async with newsroom() as news:
        items = [BadInput(f"a.csv:{number}", "no name") for number in range(30)]
        run = news.workspace.enroll_many(items, journal=tmp_path / "j")
        assert list(run.latest) == []
        report = await run
        assert len(run.latest) == 5
        assert report.troubled == 30
        assert len(report.problems) == 20
        assert not report.ok


async def test_a_run_is_used_once_and_its_report_comes_last(tmp_path: Path) -> None:
    async with newsroom() as news:
        run = news.workspace.enroll_many(people(1), journal=tmp_path / "j")
        with pytest.raises(BulkError, match="the run has not ended"):
            _ = run.report
        report = await run
        assert run.report is report
        assert await run is report
        with pytest.raises(BulkError, match="iterated only once"):
            aiter(run)
        assert repr(run) == f"BulkRun(PersonInput, journal={str(tmp_path / 'j')!r}, 1 ended)"


@pytest.mark.parametrize("items", ["people.csv", Path("people.csv"), 5, None])
async def test_what_is_no_input_is_refused_with_a_hint(items: Any, tmp_path: Path) -> None:
    async with newsroom() as news:
        with pytest.raises(InvalidArgumentError, match=r"iterable of PersonInput.*read_people\(path\)"):
            news.workspace.enroll_many(items, journal=tmp_path / "j")
        with pytest.raises(InvalidArgumentError, match=r"read_thumbnails"):
            news.workspace.upload_thumbnails(items, journal=tmp_path / "j")


async def test_a_run_that_is_not_used_does_nothing(tmp_path: Path) -> None:
    async with newsroom() as news, news.workspace.enroll_many(people(1), journal=tmp_path / "j") as run:
        run.stop()
    assert os.listdir(tmp_path) == []  # noqa: PTH208  not blocking


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"journal": 7}, "journal must be the path of a file, or a URL of PostgreSQL, got int"),
        ({"grace": -1.0}, "grace must be >= 0, got -1.0"),
        ({"patience": float("nan")}, "patience must be >= 0, got nan"),
        ({"total": -1}, "total must be >= 0, got -1"),
        ({"max_failures": -1}, "max_failures must be >= 0, got -1"),
    ],
)
async def test_options_that_cannot_work_are_refused_at_once(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    async with newsroom() as news:
        for method in (news.workspace.enroll_many, news.workspace.upload_thumbnails):
            with pytest.raises(ConfigError, match=said):
                method([], **{"journal": tmp_path / "j", **options})


async def test_a_workspace_that_was_misspelt_leaves_a_journal_that_can_be_used(tmp_path: Path) -> None:
    async with newsroom() as news:
        with pytest.raises(BulkError):
            await news.session.workspace("newsrom").enroll_many(people(1), journal=tmp_path / "j")
        assert (await news.workspace.enroll_many(people(1), journal=tmp_path / "j")).ok


async def test_another_target_is_refused(tmp_path: Path) -> None:
    async with newsroom(Settings(workspaces=("newsroom", "sports"))) as news:
        await news.workspace.enroll_many(people(1), journal=tmp_path / "j")
        for run in (
            news.session.workspace("sports").enroll_many([], journal=tmp_path / "j"),
            news.workspace.upload_thumbnails([], journal=tmp_path / "j"),
        ):
            with pytest.raises(JournalError, match="it belongs to enroll in workspace 'newsroom'"):
                await run
        await nothing_left(news)


async def test_pictures_are_made_to_fit_on_request(tmp_path: Path) -> None:
    big = picture("png", 1500, 1500, compress_level=0)
    assert len(big) > 5 * 2**20
    async with newsroom() as news:
        plain = run_of(news, [PersonInput("홍길동", [big])], tmp_path / "a")
        assert (await outcomes(plain))["홍길동"].problems[0].code == "size"
        run = news.workspace.enroll_many([PersonInput("홍길동", [big])], journal=tmp_path / "b", fit=True)
        outcome = (await outcomes(run))["홍길동"]
        assert (outcome.status, outcome.attached) == (Status.DONE, 1)
        assert len(outcome.notes) == 1


async def test_a_fault_on_the_way_costs_nothing_but_a_repeat(tmp_path: Path) -> None:
    async with newsroom() as news:
        for place in ("thumbnails.presign", "storage.put", "thumbnails.complete", "persons.create", "persons.add_tags"):
            for fault in (Fault.ERROR_AFTER, Fault.DROP_BEFORE):
                news.server.faults.next(place, fault)
        report = await news.workspace.enroll_many(people(5, 2, tags=["A"]), journal=tmp_path / "j")
        assert report.ok
        assert news.none_doubled()
        assert len(news.thumbnails()) == 10


@pytest.mark.parametrize("kind", [PersonInput, ThumbnailUpload])
async def test_pictures_that_are_no_files_are_not_kept_while_their_works_wait(kind: Any, tmp_path: Path) -> None:
    class Held(bytearray):
        """One that tells when nobody has it any more."""

    made: list[ref[Held]] = []

    def held(seed: int) -> Held:
        source = Held(face(seed))
        made.append(ref(source))
        return source

    def items() -> Iterator[Any]:
        for seed in range(40):
            yield PersonInput(name(seed), [held(seed)]) if kind is PersonInput else ThumbnailUpload(7, held(seed))

    async with newsroom(Settings(latency=Latency.never())) as news:
        run = run_of(news, items(), tmp_path / "j", kind, grace=0.0)
        running = asyncio.ensure_future(run)
        while run.progress.pending < 40:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.001)
        assert sum(each() is not None for each in made) == 0
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await nothing_left(news)


@pytest.mark.parametrize(("processing", "most"), [(1.0, 5), (10.0, 12)])
async def test_one_person_costs_the_completion_checks_of_the_single_call(
    processing: float, most: int, tmp_path: Path
) -> None:
    async with newsroom(Settings(latency=Latency.constant(processing))) as news:
        report = await news.workspace.enroll_many(people(1), journal=tmp_path / "j")
        assert report.ok
        assert news.server.log.count("thumbnails.complete") == report.checks
        assert (report.checks or 0) <= most


async def test_what_is_read_from_a_table_or_a_folder_has_a_total_where_that_is_cheap(tmp_path: Path) -> None:
    table, folder = tmp_path / "people.csv", tmp_path / "people"
    table.write_text("name,thumbnails\n" + "".join([f"Kim {n},none.jpg\n" for n in range(5)]), encoding="utf-8")
    (folder / "Lee").mkdir(parents=True)
    begun = read_people(table)
    next(begun)  # what is left is not counted
    inputs = [(read_people(table), 5), (read_people(table).mapped(same), 5), (read_people(folder), 1), (begun, None)]
    gone = read_people(table)
    async with newsroom() as news:
        for number, (items, total) in enumerate(inputs):
            run = news.workspace.enroll_many(items, journal=tmp_path / f"{number}.journal")
            async for _ in run:
                assert run.progress.total == total
        table.unlink()
        with pytest.raises(BulkError, match="cannot be read"):  # by the run, and not by the count
            await news.workspace.enroll_many(gone, journal=tmp_path / "gone.journal")


def same(items: Iterable[Any]) -> Generator[Any]:
    yield from items


async def test_bad_items_that_the_total_does_not_count_never_make_it_too_small(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        items: list[Any] = [*people(2), BadInput("faces/Hong/a.txt", "no image"), *people(1)]
        run = news.workspace.enroll_many(items, journal=tmp_path / "j", total=2)
        report = await run
        assert (report.total, report.ended) == (4, 4)


async def test_the_oldest_upload_is_told_with_its_age_and_limit(tmp_path: Path) -> None:
    (path,) = files(tmp_path / "Hong", [face(0)])
    async with newsroom(Settings(latency=Latency.never()), speed=100.0) as news:
        run = run_of(news, [PersonInput("Hong", [path])], tmp_path / "j", timeout=100.0)
        task = asyncio.ensure_future(outcomes(run))
        while run.progress.oldest is None or run.progress.oldest.age < 20.0:  # noqa: ASYNC110  a display looks so, too
            await asyncio.sleep(0.001)
        oldest = run.progress.oldest
        assert (oldest.image, oldest.key, oldest.limit) == (str(path), "Hong", 100.0)
        assert (run.progress.is_quiet, run.progress.eta) == (True, None)
        assert (await task)["Hong"].status is Status.PARKED
        assert run.progress.oldest is None
