"""Runs in which the service refuses some items: the others go on, refusals are named, and re-runs get further."""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.engine.shared_refusals import SEVERAL
from mi_async.bulk.images import loading
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.run import BulkRun
from mi_async.emulator import Faults, Latency, Settings
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.emulator.rules import Dialect, Refused, Rejection
from mi_async.errors import BulkError
from mi_async.media import image_source
from tests.support.bulk import contents, face, faces, files, main_picture, name, nothing_left, outcomes, people, rows
from tests.support.canned import canned, http
from tests.support.newsroom import Newsroom, newsroom
from tests.support.talking import KEYS

pytestmark = pytest.mark.usefixtures("leaves_nothing")

AT_ONCE = Settings(latency=Latency.none())
NO_FACE = Rejection(400, "10069", "Please upload a large, clear image of your face, looking straight ahead.")
NO_CROP = Rejection(400, "10073", "Image crop error.")
FULL = Rejection(409, "10068", "You can register up to 500 items.")
FACELESS = 39
"""Seed of the image that has no face."""


def refuse(
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    rejection: Rejection,
    concerns: Callable[[EmulatedPersons, tuple[Any, ...], dict[str, Any]], bool],
) -> None:
    """Let the emulator refuse those calls of a person operation that a function picks."""
    body = getattr(EmulatedPersons, operation)

    async def refusing(self: EmulatedPersons, *given: Any, **options: Any) -> Any:
        if concerns(self, given, options):
            raise Refused(rejection)
        return await body(self, *given, **options)

    monkeypatch.setattr(EmulatedPersons, operation, refusing)


def refuse_names(monkeypatch: pytest.MonkeyPatch, rejection: Rejection, *names: str) -> None:
    """Refuse to create these persons."""
    refuse(monkeypatch, "create", rejection, lambda _self, given, more: {*given, more.get("name")} & {*names} != set())


def refuse_images(monkeypatch: pytest.MonkeyPatch, rejection: Rejection, *images: bytes) -> None:
    """Refuse whatever brings one of these images."""

    def brings(self: EmulatedPersons, _given: tuple[Any, ...], more: dict[str, Any]) -> bool:
        keys = [each.thumbnail_key for each in more["thumbnails"]]
        return any(self._state.uploads[key].content in images for key in keys)

    for operation in ("create", "set_thumbnails"):
        refuse(monkeypatch, operation, rejection, brings)


def refuse_more(monkeypatch: pytest.MonkeyPatch, most: int = 1) -> None:
    """Let every person be full that has so many thumbnails."""
    refuse(
        monkeypatch,
        "set_thumbnails",
        FULL,
        lambda self, _given, more: len(self._find(more["person_id"]).thumbnails) >= most,
    )


def problems(outcome: BulkOutcome) -> list[tuple[str, str]]:
    return [(problem.source, problem.code) for problem in outcome.problems]


@pytest.mark.parametrize("bad", [0, 1, 2])
@pytest.mark.parametrize("rejection", [NO_FACE, NO_CROP], ids=["no face", "no crop"])
async def test_of_several_images_the_refused_one_is_named_and_the_person_has_the_others(
    bad: int, rejection: Rejection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = faces(3)
    paths = files(tmp_path / "Hong", images)
    refuse_images(monkeypatch, rejection, images[bad])
    async with newsroom(AT_ONCE) as news:
        items = [PersonInput("Hong", paths), PersonInput("Kim", [face(9)])]
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert found["Kim"].status is Status.DONE
        assert (found["Hong"].status, found["Hong"].attached) == (Status.PARTIAL, 2)
        assert problems(found["Hong"]) == [(str(paths[bad]), rejection.code)]
        good = [image for image in images if image != images[bad]]
        assert contents(news, "Hong") == good
        assert main_picture(news, "Hong") == good[0]
        assert news.none_doubled()
        row, pictures = rows(tmp_path / "j")["Hong"]
        assert (row.status, row.code) == ("partial", rejection.code)
        assert {each.source: each.state for each in pictures} == {
            str(path): "failed" if number == bad else "attached" for number, path in enumerate(paths)
        }
        before = news.server.log.count("persons.create")
        again = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert (again["Hong"].status, again["Kim"].status) == (Status.PARTIAL, Status.SKIPPED)
        assert news.server.log.count("persons.create") == before
        await nothing_left(news)


async def test_an_image_that_is_put_right_is_taken_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = files(tmp_path / "Hong", [face(FACELESS)])
    refuse_images(monkeypatch, NO_FACE, face(FACELESS))
    async with newsroom(AT_ONCE) as news:
        run = news.workspace.enroll_many([PersonInput("Hong", [path])], journal=tmp_path / "j")
        found = await outcomes(run)
        assert (found["Hong"].status, problems(found["Hong"])) == (Status.FAILED, [(str(path), "10069")])
        assert len(found["Hong"].created) == 1  # the key of the image is named
        path.write_bytes(face(2))
        again = await outcomes(news.workspace.enroll_many([PersonInput("Hong", [path])], journal=tmp_path / "j"))
        assert again["Hong"].status is not Status.FAILED
        assert contents(news, "Hong") == [face(2)]


async def test_a_person_none_of_whose_images_has_a_face_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path / "Hong", faces(3))
    refuse_images(monkeypatch, NO_FACE, *faces(3))
    async with newsroom(AT_ONCE) as news:
        found = await outcomes(news.workspace.enroll_many([PersonInput("Hong", paths)], journal=tmp_path / "j"))
        assert found["Hong"].status is Status.FAILED
        assert problems(found["Hong"]) == [(str(path), "10069") for path in paths]
        assert not list(news.server.state.persons())


async def test_an_image_for_a_person_who_exists_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(tmp_path / "more", [face(FACELESS)])
    refuse_images(monkeypatch, NO_FACE, face(FACELESS))
    async with newsroom(AT_ONCE) as news:
        number = (await news.workspace.enroll_person("Hong", [face(0)])).id
        items = [ThumbnailUpload(number, path), ThumbnailUpload(number, face(1))]
        run = news.workspace.upload_thumbnails(items, journal=tmp_path / "j")
        ended = [(outcome.status, problems(outcome)) async for outcome in run]
        assert sorted(ended, key=str) == [(Status.DONE, []), (Status.FAILED, [(str(path), "10069")])]
        assert contents(news, "Hong") == [face(0), face(1)]


async def test_a_person_that_is_full_stops_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_more(monkeypatch)
    async with newsroom(AT_ONCE) as news:
        number = (await news.workspace.enroll_person("Hong", [face(0)])).id
        run = news.workspace.upload_thumbnails(
            [ThumbnailUpload(number, each) for each in faces(8, 1)], journal=tmp_path / "j"
        )
        ended = [(outcome.status, outcome.problems[0]) async for outcome in run]
        assert {status for status, _ in ended} == {Status.FAILED}
        assert {problem.message.partition(" [request ")[0] for _, problem in ended} == {
            f"the person cannot have more thumbnails: persons.set_thumbnails: {FULL.text} (HTTP 409, code 10068)"
        }
        assert (run.report.ending, run.report.counts) == ("", {Status.FAILED: 8})


async def mixed_run(count: int, news: Newsroom, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enroll many, of whom one is full and one has an image without a face; all others must be done."""
    refuse_images(monkeypatch, NO_FACE, face(FACELESS))
    refuse_more(monkeypatch, 100)
    many = [face(number) for number in range(1, 3)]
    items = [
        *(PersonInput(name(number), [face(number % 37)]) for number in range(count - 2)),
        PersonInput("one without a face", [face(1), face(FACELESS)]),
        PersonInput("full", [*many, *(picture_of(number) for number in range(99))]),
    ]
    ended: dict[str, BulkOutcome] = {}
    for _ in range(4):  # with faults some are parked, and the next run takes them up
        ended |= await outcomes(news.workspace.enroll_many(items, journal=folder / "j"))
        if not any(outcome.status is Status.PARKED for outcome in ended.values()):
            break
    good = {Status.DONE, Status.SKIPPED}
    assert {key for key, outcome in ended.items() if outcome.status not in good} == {"one without a face", "full"}
    assert problems(ended["one without a face"]) == [("<bytes>", "10069")]
    assert ended["full"].status is Status.PARTIAL
    assert {problem.code for problem in ended["full"].problems} == {"10068"}
    persons = [person.name for person in news.server.state.persons()]
    assert len(persons) == len(set(persons)) == count
    assert news.none_doubled()
    await nothing_left(news)


def picture_of(number: int) -> bytes:
    return face(1000 + number)


async def test_one_full_person_and_one_image_without_a_face_among_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(latency=Latency.constant(0.2), random_faults=Faults.uniform(0.1))
    async with newsroom(settings, speed=100.0) as news:
        await mixed_run(60, news, tmp_path, monkeypatch)


@pytest.mark.soak
async def test_five_hundred_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(latency=Latency.constant(0.2), random_faults=Faults.uniform(0.1))
    async with newsroom(settings, speed=100.0) as news:
        await mixed_run(500, news, tmp_path, monkeypatch)


GATEWAY = Dialect.GATEWAY
STOPPING = [
    FULL,
    Rejection(409, "10045", "Can create up to 1,000 items per workspace."),
    Rejection(404, "10025", "The project does not exist."),
    Rejection(404, "300", "Not Found Exception", GATEWAY),
    Rejection(401, "10003", "Failed to check permissions."),
    Rejection(401, "210", "Permission Denied", GATEWAY),
    Rejection(401, "200", "Authentication Failed", GATEWAY),
]


async def run_to_its_end(run: BulkRun) -> str:
    """Go through a run; returns why it was stopped, '' if it was not."""
    try:
        await run
    except BulkError as error:
        return str(error)
    return ""


async def refused_first(news: Newsroom, count: int) -> AsyncIterator[PersonInput]:
    """Give the persons who are refused, and the others when all of those were: nobody succeeds in between."""
    before = news.server.log.count("persons.create")
    for number, item in enumerate(people(40)):
        while number == count and news.server.log.count("persons.create") < before + count:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.001)
        yield item


@pytest.mark.parametrize(
    "rejection",
    [STOPPING[0], *[pytest.param(each, marks=pytest.mark.soak) for each in STOPPING[1:-1]], STOPPING[-1]],
    ids=lambda each: each.code,
)
async def test_after_each_stop_the_next_run_does_something_new(
    rejection: Rejection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [name(number) for number in range(2 * SEVERAL + 1)]
    refuse_names(monkeypatch, rejection, *bad)
    async with newsroom(AT_ONCE) as news:
        first = await run_to_its_end(
            news.workspace.enroll_many(refused_first(news, len(bad)), journal=tmp_path / "j", grace=0.0)
        )
        ending, done = first, len(list(news.server.state.persons()))
        while ending:
            ending = await run_to_its_end(
                news.workspace.enroll_many(refused_first(news, len(bad)), journal=tmp_path / "j", grace=0.0)
            )
            before, done = done, len(list(news.server.state.persons()))
            assert done > before
        assert first.startswith("several different items in a row were refused for the same reason: ")
        assert f"code {rejection.code}" in first
        assert done == 40 - len(bad)
        assert {key for key, (row, _) in rows(tmp_path / "j").items() if row.status == "parked"} == set(bad)
        monkeypatch.undo()
        assert (await news.workspace.enroll_many(people(40), journal=tmp_path / "j")).ok
        assert news.none_doubled()


async def test_two_refusals_alike_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_names(monkeypatch, FULL, name(0), name(1))
    async with newsroom(AT_ONCE) as news:
        report = await news.workspace.enroll_many(people(20), journal=tmp_path / "j")
        assert (report.ending, report.counts) == ("", {Status.DONE: 18, Status.PARKED: 2})


async def test_what_an_earlier_run_has_rejected_or_parked_is_no_new_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_names(monkeypatch, FULL, name(0), name(1))
    twice = [PersonInput(name(5), [face(3)]), PersonInput("bad;name" * 20, [face(3)])]
    (empty,) = files(tmp_path / "empty", [b""])
    items: list[Any] = [*(BadInput(f"a.csv:{row}", "no name") for row in range(4)), *people(20), *twice]
    items.append(PersonInput("unreadable", [empty]))
    async with newsroom(AT_ONCE) as news:
        endings = [
            await run_to_its_end(
                news.workspace.enroll_many(items, journal=tmp_path / "j", max_failures=1, total=len(items))
            )
            for _ in range(6)
        ]
        assert endings[0] == "more than 1 items did not go well in this run"
        assert endings[-1] == ""
        assert len(list(news.server.state.persons())) == 18


async def test_out_of_file_descriptors_the_run_waits_and_fails_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    paths = files(tmp_path / "faces", faces(30))
    left = [40]

    def failing(path: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(errno.EMFILE, "Too many open files", str(path))
        return image_source.read_file(path)

    monkeypatch.setattr(loading, "read_file", failing)
    caplog.set_level(logging.WARNING)
    async with newsroom(AT_ONCE, speed=1000.0) as news:
        items = [PersonInput(path.stem, [path]) for path in paths]
        report = await news.workspace.enroll_many(items, journal=tmp_path / "j")
        assert report.counts == {Status.DONE: 30}
        await nothing_left(news)
    assert "this machine is out of a resource; trying again in 1 s: " in caplog.text
    assert caplog.text.count("out of a resource") == 1


async def test_out_of_file_descriptors_for_good_the_run_stops_with_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Any) -> Any:
        raise OSError(errno.ENFILE, "Too many open files in system", str(path))

    paths = files(tmp_path / "faces", faces(3))
    monkeypatch.setattr(loading, "read_file", failing)
    async with newsroom(AT_ONCE, speed=1000.0) as news:
        items = [PersonInput(path.stem, [path]) for path in paths]
        run = news.workspace.enroll_many(items, journal=tmp_path / "j", patience=30.0)
        with pytest.raises(BulkError, match=r"this machine was out of a resource for \d+ s; the last failure: "):
            await run
        assert {row.status for row, _ in rows(tmp_path / "j").values()} == {"open"}
        monkeypatch.undo()
        assert (await news.workspace.enroll_many(items, journal=tmp_path / "j")).ok


async def test_an_address_that_is_no_service_stops_the_run_and_the_next_one(tmp_path: Path) -> None:
    page = http("<html>not found</html>", status="404 Not Found", kind="text/html")
    async with canned(page) as server, mi_async.connect(KEYS, base_url=server.url) as session:
        for _ in range(2):
            run = session.workspace("newsroom").enroll_many(people(60), journal=tmp_path / "j")
            ending = await run_to_its_end(run)
            assert ending.startswith("several different items in a row were refused for the same reason: ")
            assert run.report is not None
            assert SEVERAL <= run.report.counts[Status.PARKED] < 30
        parked = [row for row, _ in rows(tmp_path / "j").values() if row.status == "parked"]
        assert {row.code for row in parked} == {"NotFoundError"}
