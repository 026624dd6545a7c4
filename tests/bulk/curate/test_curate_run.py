"""Runs of curations against the emulator: the end state is what the table says, whatever happens on the way."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mi_async import BulkError, CurationPlan, CurationRow, InvalidArgumentError, JournalError, MIError, Status
from mi_async.api.person_models import MergedPersons, Person
from mi_async.api.persons import Persons
from mi_async.backup import open_backup
from mi_async.bulk.journal.records import OPEN
from mi_async.bulk.journal.retry import Reopened, retry_failed
from mi_async.emulator import Fault, example_image
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.persons import EmulatedPersons
from tests.support.backups import add_person
from tests.support.costs import costs
from tests.support.newsroom import Newsroom, newsroom


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom() as news:
        yield news


def add(news: Newsroom, *names: str | None, images: bool = False) -> list[int]:
    """Add persons of these names; returns their IDs."""
    seeds = range(len(names))
    given = [[example_image(seed)] if images else [] for seed in seeds]
    return [add_person(news.server, name, *each).id for name, each in zip(names, given, strict=True)]


def archive(news: Newsroom) -> dict[int, str | None]:
    """Names of all persons that the service has."""
    return {person.id: person.name for person in news.server.state.workspaces["newsroom"].persons.values()}


def merges(news: Newsroom) -> list[list[int]]:
    """Persons of each merge that was sent, in order."""
    bodies: list[Any] = [request.body for request in news.server.log.requests("persons.merge")]
    return [body["personIds"] for body in bodies]


def rows(*answers: tuple[int, str | int]) -> list[CurationRow]:
    """Rows with a name, or with the ID of the person it is."""
    return [
        CurationRow(person, same_as=answer, origin=f"faces.csv:{line}")
        if isinstance(answer, int)
        else CurationRow(person, answer, origin=f"faces.csv:{line}")
        for line, (person, answer) in enumerate(answers, 2)
    ]


async def run(news: Newsroom, plan: CurationPlan | None, journal: Path, **options: Any) -> dict[str, Any]:
    """Carry out a plan; returns the rows of the report by key or origin."""
    report = await news.workspace.curate(plan, confirm=None if plan is None else plan.code, journal=journal, **options)
    return {row["key"]: row for row in report.rows()}


async def test_persons_are_named_and_merged_as_the_table_says(news: Newsroom, tmp_path: Path) -> None:
    hong, *faces = add(news, "Hong", *[None] * 6, images=True)
    a, b, c, d, untouched, e = faces
    plan = await news.workspace.plan_curation(rows((a, "Lee"), (b, "Lee"), (c, "Hong"), (d, c), (e, hong)))
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    assert archive(news) == {hong: "Hong", a: "Lee", untouched: None}
    assert sorted(merges(news)) == [[b], [c, d, e]]
    thumbnails = {
        person.id: len(person.thumbnails) for person in news.server.state.workspaces["newsroom"].persons.values()
    }
    assert thumbnails == {hong: 4, a: 2, untouched: 1}


async def test_a_table_on_disk_is_done_and_an_untouched_one_does_nothing(news: Newsroom, tmp_path: Path) -> None:
    one, two = add(news, None, None)
    table = tmp_path / "faces.csv"
    table.write_text(f"person_id,seen,name,same_as\n{one},3,홍길동,\n{two},1,,{one}\n", "utf-8-sig")
    plan = await news.workspace.plan_curation(table)
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    assert archive(news) == {one: "홍길동"}
    table.write_text(f"person_id,seen,name,same_as\n{one},3,,\n", "utf-8-sig")
    empty = await news.workspace.plan_curation(table)
    assert (empty.code, empty.changes, empty.empty) == ("", (), 1)


async def test_more_than_ten_go_in_several_merges_after_the_name(news: Newsroom, tmp_path: Path) -> None:
    first, *others = add(news, *[None] * 26)
    plan = await news.workspace.plan_curation(rows((first, "Lee"), *[(other, first) for other in others]))
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    assert [len(each) for each in merges(news)] == [10, 10, 5]
    assert archive(news) == {first: "Lee"}
    log = news.server.log
    assert max(log.arrivals["persons.update"]) < min(log.arrivals["persons.merge"])


async def test_all_who_are_merged_are_in_the_backup_before_the_first_merge(news: Newsroom, tmp_path: Path) -> None:
    kim, face, other = add(news, "Kim", None, None, images=True)
    plan = await news.workspace.plan_curation(rows((face, "Kim"), (other, "Lee")))
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "faces.journal")
    backup = open_backup(tmp_path / "faces.journal.backup")
    assert {person.id: len(person.thumbnails) for person in backup.persons()} == {kim: 1, face: 1}
    log = news.server.log
    assert max(log.arrivals["storage.get"]) < min(log.arrivals["persons.merge"])


async def test_nobody_is_merged_without_a_whole_backup(news: Newsroom, tmp_path: Path) -> None:
    kim, face = add(news, "Kim", None, images=True)
    plan = await news.workspace.plan_curation(rows((face, "Kim")))
    image = next(iter(news.server.state.uploads.values()))
    content, image.content = image.content, b"no image"
    with pytest.raises(BulkError, match="nobody was merged"):
        await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    assert archive(news) == {kim: "Kim", face: None}
    image.content = content
    await news.workspace.curate(None, journal=tmp_path / "j")
    assert archive(news) == {kim: "Kim"}


async def test_a_damaged_image_in_the_folder_of_the_backup_is_downloaded_again(news: Newsroom, tmp_path: Path) -> None:
    _, face = add(news, "Kim", None, images=True)
    await news.workspace.back_up(tmp_path / "b")
    image = next(iter(news.server.state.uploads.values()))
    stored = next(path for path in (tmp_path / "b" / "images").rglob("*.*") if path.read_bytes() == image.content)
    stored.write_bytes(b"x" * stored.stat().st_size)
    plan = await news.workspace.plan_curation(rows((face, "Kim")))
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j", backup=tmp_path / "b")
    assert stored.read_bytes() == image.content


async def test_running_again_sends_nothing(news: Newsroom, tmp_path: Path) -> None:
    one, two = add(news, None, None)
    plan = await news.workspace.plan_curation(rows((one, "Lee"), (two, "Lee")))
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    with costs(news.server, {}):
        again = await news.workspace.curate(plan, journal=tmp_path / "j")
        assert (await news.workspace.curate(None, journal=tmp_path / "j")).counts == again.counts
    assert again.counts == {Status.SKIPPED: 1}


async def test_a_table_that_grows_goes_on_with_its_journal(news: Newsroom, tmp_path: Path) -> None:
    one, two, three, four = add(news, None, None, None, None)
    answers: list[tuple[int, str | int]] = [(one, "Lee"), (two, "Lee")]
    plan = await news.workspace.plan_curation(rows(*answers), journal=tmp_path / "j")
    await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    answers += [(three, two), (four, "Park")]
    grown = await news.workspace.plan_curation(rows(*answers), journal=tmp_path / "j")
    assert (grown.already, grown.conflicts, grown.merged) == (2, (), 1)
    await news.workspace.curate(grown, confirm=grown.code, journal=tmp_path / "j")
    assert archive(news) == {one: "Lee", four: "Park"}


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("persons.merge", Fault.DROP_AFTER),
        ("persons.merge", Fault.ERROR_AFTER),
        ("persons.merge", Fault.PROXY_HTML),
        ("persons.merge", Fault.DROP_BEFORE),
        ("persons.merge", Fault.RATE_LIMITED),
        ("persons.update", Fault.DROP_AFTER),
        ("persons.get", Fault.ERROR_BEFORE),
    ],
)
async def test_a_lost_answer_merges_nobody_twice(news: Newsroom, tmp_path: Path, operation: str, fault: Fault) -> None:
    one, two, three = add(news, None, None, None)
    plan = await news.workspace.plan_curation(rows((one, "Lee"), (two, "Lee"), (three, one)))
    news.server.faults.next(operation, fault, times=2)
    report = await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    assert (report.counts, archive(news)) == ({Status.DONE: 1}, {one: "Lee"})
    refused = {status for name, status in news.server.log.answers if name == "persons.merge" and status in {400, 404}}
    assert not refused, "a merge of somebody who was merged already"


async def test_what_differs_from_the_plan_is_left_as_it_is_and_reported(news: Newsroom, tmp_path: Path) -> None:
    kim, a, b, c, d, e, f = add(news, "Kim", *[None] * 6)
    plan = await news.workspace.plan_curation(rows((a, kim), (b, kim), (c, kim), (d, "Lee"), (e, "Park"), (f, e)))
    persons = news.workspace.persons
    await persons.delete(a)
    await persons.update(b, name="Other")
    await persons.update(d, name="Choi")
    await persons.delete(e)
    found = await run(news, plan, tmp_path / "j")
    assert archive(news) == {kim: "Kim", b: "Other", d: "Choi", f: None}
    assert {key: (row["status"], [problem["code"] for problem in row["problems"]]) for key, row in found.items()} == {
        str(kim): ("partial", ["GONE"]),
        str(d): ("failed", ["NAME_CHANGED"]),
        str(e): ("failed", ["GONE"]),
    }


async def test_a_target_that_was_renamed_keeps_its_own(news: Newsroom, tmp_path: Path) -> None:
    kim, face = add(news, "Kim", None)
    plan = await news.workspace.plan_curation(rows((face, "Kim")))
    await news.workspace.persons.update(kim, name="Park")
    await run(news, plan, tmp_path / "j")
    assert archive(news) == {kim: "Park", face: None}


async def test_a_name_that_somebody_else_took_meanwhile_is_reported(news: Newsroom, tmp_path: Path) -> None:
    one, two, other = add(news, None, None, None)
    plan = await news.workspace.plan_curation(rows((one, "Lee"), (two, "Lee")))
    await news.workspace.persons.update(other, name="Lee")
    found = await run(news, plan, tmp_path / "j")
    assert archive(news) == {one: None, two: None, other: "Lee"}
    assert found[str(one)]["status"] == "failed"


class Vanishing(EmulatedPersons):
    """Persons of whom one is deleted by somebody else at the moment of the first merge."""

    gone = 0

    async def merge(self, person_id: int, *, person_ids: Sequence[int]) -> MergedPersons:
        """Delete the last of them, the first time, and go on."""
        if not Vanishing.gone:
            Vanishing.gone = person_ids[-1]
            await self.delete(Vanishing.gone)
        return await super().merge(person_id, person_ids=person_ids)


async def test_a_person_that_goes_between_the_look_and_the_merge_keeps_no_other_back(tmp_path: Path) -> None:
    Vanishing.gone = 0
    async with newsroom(bodies={**BODIES, Persons: Vanishing}) as news:
        one, two, three = add(news, "Lee", None, None)
        plan = await news.workspace.plan_curation(rows((two, one), (three, one)))
        found = await run(news, plan, tmp_path / "j")
        assert archive(news) == {one: "Lee"}
        assert [problem["code"] for problem in found[str(one)]["problems"]] == ["GONE"]
        assert merges(news) == [[two, three], [two]]
        with closing(sqlite3.connect(tmp_path / "j")) as journal:
            states = dict(journal.execute("SELECT person_id, state FROM actions"))
        assert states == {one: "planned", two: "done", three: "refused"}


async def test_conflicts_are_in_the_report_with_their_places(news: Newsroom, tmp_path: Path) -> None:
    one, two = add(news, None, None)
    plan = await news.workspace.plan_curation(rows((one, "Lee"), (two, 999_999)))
    report = await news.workspace.curate(plan, journal=tmp_path / "j")
    assert report.counts == {Status.DONE: 1, Status.REJECTED: 1}
    assert [(one.origin, one.problems[0].message) for one in report.problems] == [
        ("faces.csv:3", "same_as: there is no person 999999")
    ]


async def test_planning_costs_one_request(news: Newsroom) -> None:
    people = add(news, *[None] * 30)
    with costs(news.server, {"persons.list": 1}):
        await news.workspace.plan_curation(rows(*[(person, "Lee") for person in people]))
    with costs(news.server, {}):
        await news.workspace.plan_curation([CurationRow(people[0])])


async def test_the_table_of_a_plan_says_all_that_would_be_done(news: Newsroom) -> None:
    kim, a, b, c = add(news, "Kim", None, None, None)
    plan = await news.workspace.plan_curation(rows((a, "홍길동"), (kim, a), (b, a), (c, 999_999)))
    assert str(plan) == "\n".join(
        [
            "person  now  then      merged into it",
            f"{a}    -    '홍길동'  {kim} 'Kim', {b}",
            "left out: faces.csv:5: same_as: there is no person 999999",
            "workspace newsroom: 1 person named, 2 merged for good, the name 'Kim' is lost, 1 left out",
        ]
    )
    assert plan.warning == "2 persons would be merged for good, and 1 name lost"
    assert json.loads(json.dumps(plan.as_dict()))["changes"][0]["merged"][0]["name"] == "Kim"


async def test_what_failed_is_tried_again_after_journal_retry(news: Newsroom, tmp_path: Path) -> None:
    kim, face, other = add(news, "Kim", None, None)
    plan = await news.workspace.plan_curation(rows((face, "Kim"), (other, "Kim")))
    await news.workspace.persons.update(face, name="Other")
    found = await run(news, plan, tmp_path / "j")
    assert found[str(kim)]["status"] == "partial"
    news.server.state.workspaces["newsroom"].persons[face].name = None
    again = await run(news, None, tmp_path / "j")
    assert again[str(kim)]["status"] == "partial"
    assert retry_failed(tmp_path / "j", code="NAME_CHANGED") == Reopened(1, 0)
    await run(news, None, tmp_path / "j")
    assert archive(news) == {kim: "Kim"}


@pytest.mark.parametrize("who", ["source", "target"])
async def test_what_was_refused_before_a_run_was_stopped_is_reported_by_the_next(
    news: Newsroom, tmp_path: Path, who: str
) -> None:
    kim, face, other = add(news, "Kim", None, None)
    plan = await news.workspace.plan_curation(rows((face, "Kim"), (other, "Kim")))
    await news.workspace.persons.update(face if who == "source" else kim, name="Other")
    first = await run(news, plan, tmp_path / "j")
    with closing(sqlite3.connect(tmp_path / "j")) as journal, journal:
        # what a kill leaves between the look at a person and the end of the item
        journal.execute("UPDATE persons SET status = ?, code = '', message = ''", (OPEN,))
    again = await run(news, None, tmp_path / "j")
    assert again[str(kim)]["status"] == first[str(kim)]["status"] != "done"
    assert again[str(kim)]["problems"] == first[str(kim)]["problems"]


async def test_a_merge_that_is_refused_leaves_all_as_they_were(news: Newsroom, tmp_path: Path) -> None:
    kim, face = add(news, "Kim", None)
    plan = await news.workspace.plan_curation(rows((face, "Kim")))
    news.server.faults.next("persons.merge", "10001")
    found = await run(news, plan, tmp_path / "j")
    assert found[str(kim)]["problems"][0]["code"] == "10001"
    with closing(sqlite3.connect(tmp_path / "j")) as journal:
        assert dict(journal.execute("SELECT person_id, state FROM actions")) == {kim: "planned", face: "planned"}
    assert archive(news) == {kim: "Kim", face: None}


class Intruding(EmulatedPersons):
    """Persons who get another name right after ours, by somebody else."""

    async def update(self, person_id: int, *, name: str | None = None, **more: Any) -> Person:
        """Give the name, and then another one."""
        await super().update(person_id, name=name, **more)
        return await super().update(person_id, name=f"{name} again")


async def test_nobody_is_merged_into_a_person_that_was_renamed_after_the_look(tmp_path: Path) -> None:
    async with newsroom(bodies={**BODIES, Persons: Intruding}) as news:
        one, two = add(news, None, None)
        plan = await news.workspace.plan_curation(rows((one, "Lee"), (two, "Lee")))
        found = await run(news, plan, tmp_path / "j")
        assert archive(news) == {one: "Lee again", two: None}
        assert [problem["code"] for problem in found[str(one)]["problems"]] == ["NAME_CHANGED"]


@pytest.mark.parametrize("times", [1, 20])
async def test_a_workspace_that_is_gone_is_no_person_that_is_gone(news: Newsroom, tmp_path: Path, times: int) -> None:
    kim, face = add(news, "Kim", None)
    plan = await news.workspace.plan_curation(rows((face, "Kim")))
    news.server.faults.next("persons.get", "10030", times=times)
    with pytest.raises(MIError, match=r"workspace does not exist|is not complete, and nobody was merged"):
        await news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    assert archive(news) == {kim: "Kim", face: None}


async def test_what_is_no_row_of_a_table_is_refused(news: Newsroom) -> None:
    rubbish: Any = [(1, "Lee")]
    with pytest.raises(InvalidArgumentError, match="a curation takes CurationRow, not tuple"):
        await news.workspace.plan_curation(rubbish)


async def test_the_journal_of_something_else_is_refused(news: Newsroom, tmp_path: Path) -> None:
    await news.workspace.enroll_many([], journal=tmp_path / "people")
    with pytest.raises(JournalError, match="it belongs to enroll in workspace 'newsroom'"):
        await news.workspace.plan_curation([CurationRow(1, "Lee")], journal=tmp_path / "people")
    with pytest.raises(JournalError, match="it belongs to enroll"):
        await news.workspace.curate(None, journal=tmp_path / "people")
