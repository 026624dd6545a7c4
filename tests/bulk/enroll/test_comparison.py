"""enroll_many(known=...): who is there under another name is found before a person is created, as by enroll_person."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async import BulkRun, ConfigError, InvalidArgumentError, KnownPerson, MIError, PersonInput, Status
from mi_async.argument_types import IfPersonKnown
from mi_async.bulk import read_people
from mi_async.bulk.engine.work_item import code_of
from mi_async.bulk.journal.salvage import UNCLEAR
from mi_async.emulator import Fault, Latency, Rejection, Settings, example_image
from mi_async.emulator.workspace import EmulatedPerson
from tests.support.bulk import abandoned, outcomes, rows
from tests.support.costs import costs
from tests.support.newsroom import Newsroom, newsroom
from tests.support.other_software import person_of_other_software
from tests.support.terminal import environment

AT_ONCE = Settings(latency=Latency.none())
NAME, OLD = "홍길동", "Gildong Hong"
CASES = ("nobody", "named", "unnamed", "two", "namesake", "same image", "other software")
UPLOAD = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}
LOOK = {"persons.search": 1}


def face(number: int, whose: str = "hong") -> bytes:
    return example_image(number, face=whose)


WANTED = PersonInput(NAME, (face(1), face(2)), tags=("Anchor",), description="host")


async def create(news: Newsroom, name: str | None, *images: bytes) -> int:
    """Create a person as other software does: the names of the thumbnails tell nothing."""
    return await person_of_other_software(news.workspace, name, *images)


async def prepare(news: Newsroom, case: str) -> None:
    enroll = news.workspace.enroll_person
    await enroll("Kim", [face(20, "kim")])
    if case in ("named", "two"):
        await enroll(OLD, [face(0)])
    if case in ("unnamed", "two"):
        await create(news, None, face(5))
    if case == "namesake":
        await enroll(NAME, [face(20, "lee")])
    if case == "same image":
        await enroll(OLD, [face(2), face(1)])
    if case == "other software":
        await create(news, OLD, face(0))


def run_of(news: Newsroom, journal: Path, *people: PersonInput, known: IfPersonKnown = "ask") -> BulkRun:
    return news.workspace.enroll_many(people or [WANTED], journal=journal, known=known)


def shown(news: Newsroom) -> list[Any]:
    """Return all persons as the service has them, but for IDs."""
    room, uploads = news.server.state.workspaces["newsroom"], news.server.state.uploads

    def told(person: EmulatedPerson) -> Any:
        images = Counter(uploads[key].md5 for key in person.thumbnails.values())
        primary = None if person.primary is None else uploads[person.thumbnails[person.primary]].md5
        tags = [room.tags[tag].name for tag in person.tag_ids]
        return person.name, person.description, tags, images, primary

    return sorted(map(told, room.persons.values()), key=str)


@pytest.mark.parametrize("known", ["ask", "attach"])
@pytest.mark.parametrize("case", CASES)
async def test_one_is_many(case: str, known: IfPersonKnown, tmp_path: Path) -> None:
    ended: dict[str, str] = {}
    left: dict[str, Any] = {}
    async with newsroom(AT_ONCE) as news:
        await prepare(news, case)
        try:
            tags, description = WANTED.tags, WANTED.description
            await news.workspace.enroll_person(NAME, WANTED.thumbnails, tags=tags, description=description, known=known)
            ended["one"] = ""
        except MIError as error:
            ended["one"] = code_of(error)
        left["one"] = shown(news)
    async with newsroom(AT_ONCE) as news:
        await prepare(news, case)
        outcome = (await outcomes(run_of(news, tmp_path / "journal", known=known)))[NAME]
        ended["many"] = outcome.problems[0].code if outcome.problems else ""
        left["many"] = shown(news)
    if (case, known) == ("other software", "attach"):  # the single call says it in a warning, a run as a problem
        assert (ended.pop("many"), outcome.status) == (UNCLEAR, Status.PARTIAL)
    else:
        assert ended["many"] == ended["one"]
        assert (outcome.status is Status.DONE) == (not ended["one"])
    assert left["many"] == left["one"]
    expected = {"nobody": ("", ""), "two": ("KNOWN", "KNOWN"), "namesake": ("50005", "50005")}
    assert ended["one"] == expected.get(case, ("KNOWN", ""))[known == "attach"]


async def test_who_is_known_is_asked_about_and_the_others_are_created(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    async with newsroom(AT_ONCE) as news:
        await prepare(news, "named")
        others = [PersonInput(f"Nr. {number}", [face(30 + number, f"nr {number}")]) for number in range(3)]
        found = await outcomes(run_of(news, journal, WANTED, *others))
        known = found.pop(NAME)
        assert {outcome.status for outcome in found.values()} == {Status.DONE}
        assert (known.status, known.person_id, known.attached) == (Status.FAILED, None, 0)
        assert len(known.created) == 2
        (problem,) = known.problems
        assert problem.code == "KNOWN"
        assert problem.message.startswith(f"'{NAME}' was not created: person 1")
        assert "'Gildong Hong' (score 9" in problem.message
        assert rows(journal)[NAME][0].code == "KNOWN"
        # asked again, the images are not sent again; nor is anybody else
        again = {"persons.search": 3, "persons.recommend_by_thumbnail": 1}
        with costs(news.server, again):
            found = await outcomes(run_of(news, journal, WANTED, *others))
        assert found.pop(NAME).problems[0].code == "KNOWN"
        assert {outcome.status for outcome in found.values()} == {Status.SKIPPED}
        attach = {**again, "persons.get": 2, "persons.update": 1, "persons.set_thumbnails": 1, "persons.add_tags": 1}
        with costs(news.server, {**attach, "person_tags.list": 1, "person_tags.create": 1}):
            found = await outcomes(run_of(news, journal, WANTED, *others, known="attach"))
        assert (found[NAME].status, found[NAME].attached) == (Status.DONE, 2)
        person = await news.workspace.persons.get(found[NAME].person_id or 0)
        assert (person.name, len(person.thumbnails), person.thumbnails[0].is_primary_thumbnail) == (OLD, 3, True)
        for known_as in ("attach", "ask", "ignore"):
            with costs(news.server, {}):
                found = await outcomes(run_of(news, journal, WANTED, *others, known=known_as))
            assert {outcome.status for outcome in found.values()} == {Status.SKIPPED}


async def test_who_was_known_is_created_all_the_same(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    async with newsroom(AT_ONCE) as news:
        await prepare(news, "two")
        asked = await outcomes(run_of(news, journal, known="attach"))
        assert "2 persons look like it" in asked[NAME].problems[0].message
        put = news.server.log.count("storage.put")
        done = await outcomes(run_of(news, journal, known="ignore"))
        assert (done[NAME].status, done[NAME].attached) == (Status.DONE, 2)
        assert news.server.log.count("storage.put") == put
        assert {person.name for person in news.server.state.persons()} == {NAME, OLD, None, "Kim"}


async def test_a_run_that_compares_nobody_asks_nothing_more(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        await prepare(news, "named")
        cost = {**dict.fromkeys(UPLOAD, 2), "persons.create": 1, "persons.add_tags": 1}
        with costs(news.server, {**cost, "person_tags.list": 1, "person_tags.create": 1}):
            await run_of(news, tmp_path / "journal", known="ignore")


async def test_an_image_that_the_person_has_is_listed_as_abandoned(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        await prepare(news, "same image")
        found = await outcomes(run_of(news, tmp_path / "journal", known="attach"))
        assert (found[NAME].status, found[NAME].attached) == (Status.DONE, 0)
    assert {row.reason for row in abandoned(tmp_path / "journal")} == {"the person has the image already"}


async def test_an_image_without_a_face_is_not_compared(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        await prepare(news, "named")
        bad = PersonInput(NAME, [b"no image"])
        with costs(news.server, LOOK):
            found = await outcomes(run_of(news, tmp_path / "journal", bad))
        assert (found[NAME].status, found[NAME].problems[0].code) == (Status.REJECTED, "format")


async def test_a_comparison_that_fails_is_taken_up(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE, retry=mi_async.RetryPolicy(max_attempts=1)) as news:
        await prepare(news, "named")
        news.server.faults.next("persons.recommend_by_thumbnail", Fault.ERROR_BEFORE, times=3)
        found = await outcomes(run_of(news, tmp_path / "journal"))
        assert found[NAME].status is Status.PARKED
        news.server.faults.next("persons.update", Rejection(50005))
        found = await outcomes(run_of(news, tmp_path / "journal", known="attach"))
        assert found[NAME].status is Status.PARTIAL
        found = await outcomes(run_of(news, tmp_path / "journal", known="attach"))
        assert found[NAME].status is Status.DONE
        assert (await news.workspace.persons.get(found[NAME].person_id or 0)).description == "host"


async def test_a_name_that_could_not_be_given_is_given_by_the_next_run(tmp_path: Path) -> None:
    untagged = PersonInput(NAME, (face(1), face(2)))
    async with newsroom(AT_ONCE, retry=mi_async.RetryPolicy(max_attempts=1)) as news:
        await prepare(news, "unnamed")
        news.server.faults.next("persons.update", Fault.ERROR_BEFORE, times=3)
        found = await outcomes(run_of(news, tmp_path / "journal", untagged, known="attach"))
        assert (found[NAME].status, found[NAME].attached) == (Status.PARKED, 2)
        found = await outcomes(run_of(news, tmp_path / "journal", untagged, known="attach"))
        assert found[NAME].status is Status.DONE
        person = await news.workspace.persons.get(found[NAME].person_id or 0)
        assert (person.name, len(person.thumbnails)) == (NAME, 3)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    async def main() -> None:
        async with newsroom(AT_ONCE) as news:
            for options in ({"known": "maybe"}, {"known": "ask", "score": 79}):
                wrong: Any = options
                with pytest.raises(InvalidArgumentError):
                    news.workspace.enroll_many([WANTED], journal=tmp_path / "journal", **wrong)

    asyncio.run(main())


async def test_a_comparison_creates_nobody_and_the_next_run_uploads_nothing_twice(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    async with newsroom(AT_ONCE) as news:
        await prepare(news, "two")
        await news.workspace.enroll_person("Taken", [face(60, "taken")])
        before, images = shown(news), (face(1), face(2))
        people = [
            PersonInput(NAME, images, origin="people.csv:2"),
            PersonInput("Somebody", [face(40, "somebody"), face(41, "somebody")]),
            PersonInput("Taken", [face(1)]),
            PersonInput("No image", [b"no image", face(3)]),
        ]
        for _ in range(2):  # whatever was compared is compared again
            found: list[KnownPerson] = []
            ended = await outcomes(news.workspace.compare_many(people, journal=journal, found=found.append))
            (known,) = found
            assert (known.name, known.origin, len(known.matches)) == (NAME, "people.csv:2", 2)
            assert {name: outcome.status.value for name, outcome in ended.items()} == {
                NAME: "skipped", "Somebody": "skipped", "Taken": "failed", "No image": "rejected",
            }  # fmt: skip
            assert ended[NAME].notes[0].startswith("compared only: 2 persons look like it: ")
            assert ended["Somebody"].notes == ("compared only: nobody looks like it",)
            assert shown(news) == before
            assert news.server.log.count("storage.put") == 6
        ended = await outcomes(run_of(news, journal, *people[:2], known="ignore"))
        assert {outcome.status for outcome in ended.values()} == {Status.DONE}
        assert news.server.log.count("storage.put") == 8
        assert news.none_doubled()
        with costs(news.server, {}):
            ended = await outcomes(news.workspace.compare_many(people[:2], journal=journal, found=print))
        assert {outcome.status for outcome in ended.values()} == {Status.SKIPPED}
    assert not abandoned(journal)


async def test_a_comparison_is_of_one_process(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        with pytest.raises(ConfigError, match="works alone"):
            news.workspace.compare_many([WANTED], journal="postgresql://user@host/database", found=print)
        with pytest.raises(InvalidArgumentError, match="80 to 100"):
            news.workspace.compare_many([WANTED], journal=tmp_path / "journal", found=print, score=101)


@pytest.mark.parametrize("known", ["ignore", "ask"])
@pytest.mark.parametrize("place", ["persons.set_thumbnails", "persons.update"])
async def test_a_run_of_another_word_names_whom_a_stopped_one_has_found(
    place: str, known: IfPersonKnown, tmp_path: Path
) -> None:
    stopped: list[asyncio.Task[Any]] = []

    async def stop(attempt: mi_async.Attempt) -> None:
        if attempt.operation == place:
            while stopped:
                stopped.pop().cancel()

    async with newsroom(AT_ONCE, hooks=mi_async.Hooks(before=[stop])) as news:
        await prepare(news, "unnamed")
        run = news.workspace.enroll_many([WANTED], journal=tmp_path / "journal", known="attach", grace=0.0)
        stopped.append(task := asyncio.ensure_future(outcomes(run)))
        with pytest.raises(asyncio.CancelledError):
            await task
        found = await outcomes(run_of(news, tmp_path / "journal", known=known))
        assert found[NAME].status is Status.DONE
        person = await news.workspace.persons.get(found[NAME].person_id or 0)
        assert (person.name, len(person.thumbnails)) == (NAME, 3)
        assert (rows(tmp_path / "journal")[NAME][0].message, news.none_doubled()) == ("", True)
        with costs(news.server, {}):
            await outcomes(run_of(news, tmp_path / "journal", known=known))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "place"),
    [
        ("nobody", "persons.recommend_by_thumbnail"),
        ("unnamed", "persons.recommend_by_thumbnail"),
        ("unnamed", "persons.update"),
        ("unnamed", "persons.set_thumbnails"),
    ],
)
async def test_killed_after_the_effect_and_before_the_answer(case: str, place: str, tmp_path: Path) -> None:
    journal, folder = tmp_path / "journal", tmp_path / "people"
    (folder / NAME).mkdir(parents=True)
    for number in (1, 2):
        (folder / NAME / f"{number}.png").write_bytes(face(number))
    async with newsroom(AT_ONCE, speed=1.0) as news:
        await prepare(news, case)
        news.server.faults.next(place, Fault.SLOW_BODY)
        arguments = ["enroll-many", str(folder), "--journal", str(journal), "--known", "attach"]
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mi_async", *arguments,
            env={**os.environ, **environment(news.server)},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(60):
            seen = news.server.log.count(place)
            while news.server.log.count(place) == seen:  # noqa: ASYNC110  a server has no event for that
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
        victim.kill()
        await victim.wait()
        people = read_people(folder)
        run = news.workspace.enroll_many(people, journal=journal, known="attach")
        async with asyncio.timeout(60):
            outcome = (await outcomes(run))[NAME]
        assert outcome.status is Status.DONE
        assert news.server.log.count("storage.put") - len(news.thumbnails()) == 0
        person = await news.workspace.persons.get(outcome.person_id or 0)
        images = 2 if case == "nobody" else 3
        assert (person.name, len(person.thumbnails)) == (NAME, images)
        assert news.none_doubled()
