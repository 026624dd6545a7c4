"""Costs of bulk runs over people and thumbnails: without a fault, with one in each place, killed and resumed.

Invariant: the emulator's log is the judge; a kill leaves the journal as it was on the disk at that moment.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import evolve, frozen

from mi_async import Attempt, Hooks, Quota, RetryPolicy
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import PersonInput, ThumbnailUpload
from mi_async.bulk.run import BulkRun
from mi_async.emulator import Fault, Latency, Rejection, Settings
from tests.support.bulk import face, outcomes
from tests.support.cases import sampled
from tests.support.costs import added, costs
from tests.support.newsroom import Newsroom, newsroom
from tests.support.virtual import on_virtual_time

Cost: TypeAlias = Mapping[str, int]

AT_ONCE = Settings(latency=Latency.none())
RETRY = RetryPolicy(random=lambda: 1.0)
REFUSED = (Fault.RATE_LIMITED,)
FAILED = (Fault.ERROR_BEFORE,)
LOST = (Fault.DROP_AFTER,)
ANY = (*REFUSED, *FAILED, *LOST)
NO_FACE = Rejection(400, "10069", "No face.")


@frozen
class Bulk:
    """A bulk run of one item, what must be there before, and what it costs."""

    start: Callable[[Newsroom, Path, Any], BulkRun]
    cost: Cost
    prepare: Callable[[Newsroom], Awaitable[Any]]


async def nothing(_: Newsroom) -> None:
    pass


async def person(news: Newsroom) -> int:
    return (await news.workspace.enroll_person("Gildong Hong", [face(0)])).id


def enroll(news: Newsroom, journal: Path, _: object) -> BulkRun:
    return news.workspace.enroll_many([PersonInput("Hong", [face(1)], tags=["Anchor"])], journal=journal)


def enroll_two_images(news: Newsroom, journal: Path, _: object) -> BulkRun:
    return news.workspace.enroll_many([PersonInput("Hong", [face(1), face(2)], tags=["Anchor"])], journal=journal)


def upload(news: Newsroom, journal: Path, person_id: int) -> BulkRun:
    return news.workspace.upload_thumbnails([ThumbnailUpload(person_id, face(1))], journal=journal)


STORE = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}
CREATE = {"persons.create": 1, "person_tags.list": 1, "person_tags.create": 1, "persons.add_tags": 1}
RUNS = {
    "enroll": Bulk(enroll, {**STORE, **CREATE}, nothing),
    "enroll_two_images": Bulk(enroll_two_images, {**added(STORE, STORE), **CREATE}, nothing),
    "upload": Bulk(upload, {**STORE, "persons.set_thumbnails": 1}, person),
}
FAULTS: list[tuple[str, tuple[Fault, ...], Cost]] = [
    ("thumbnails.presign", ANY, {"thumbnails.presign": 1}),
    ("storage.put", (*REFUSED, *FAILED), STORE),
    ("storage.put", LOST, {}),
    ("thumbnails.complete", ANY, {"thumbnails.complete": 1}),
    ("persons.create", (*REFUSED, *FAILED), {"persons.create": 1}),
    ("persons.create", LOST, {"persons.create": 1, "persons.search": 1, "persons.get": 1}),
    ("person_tags.list", ANY, {"person_tags.list": 1}),
    ("person_tags.create", (*REFUSED, *FAILED), {"person_tags.create": 1}),
    ("person_tags.create", LOST, {"person_tags.create": 1, "person_tags.list": 1}),
    ("persons.add_tags", ANY, {"persons.add_tags": 1}),
    ("persons.set_thumbnails", REFUSED, {"persons.set_thumbnails": 1}),
    ("persons.set_thumbnails", FAILED, {"persons.set_thumbnails": 1, "persons.get": 1}),
    ("persons.set_thumbnails", LOST, {"persons.get": 1}),
]
ADD_TAGS = {"persons.add_tags": 1}
FIND_TAG = {"person_tags.list": 1, "persons.add_tags": 1}
MAKE_TAG = {"person_tags.list": 1, "person_tags.create": 1, "persons.add_tags": 1}
KILLED: list[tuple[str, str, str, Cost]] = [
    ("enroll", "before", "thumbnails.presign", {**STORE, **CREATE}),
    ("enroll", "after", "thumbnails.presign", {**STORE, **CREATE}),
    ("enroll", "before", "thumbnails.complete", {"thumbnails.complete": 1, **CREATE}),
    ("enroll", "after", "thumbnails.complete", {"thumbnails.complete": 1, **CREATE}),
    ("enroll", "before", "persons.create", {"persons.search": 2, **CREATE}),
    ("enroll", "after", "persons.create", {"persons.search": 1, "persons.get": 1, **MAKE_TAG}),
    ("enroll", "before", "person_tags.list", MAKE_TAG),
    ("enroll", "after", "person_tags.create", FIND_TAG),
    ("enroll", "before", "persons.add_tags", FIND_TAG),
    ("enroll", "after", "persons.add_tags", FIND_TAG),
    ("upload", "before", "thumbnails.presign", {**STORE, "persons.set_thumbnails": 1}),
    ("upload", "after", "thumbnails.presign", {**STORE, "persons.set_thumbnails": 1}),
    ("upload", "before", "thumbnails.complete", {"thumbnails.complete": 1, "persons.set_thumbnails": 1}),
    ("upload", "after", "thumbnails.complete", {"thumbnails.complete": 1, "persons.set_thumbnails": 1}),
    ("upload", "before", "persons.set_thumbnails", {"persons.get": 1, "persons.set_thumbnails": 1}),
    ("upload", "after", "persons.set_thumbnails", {"persons.get": 1}),
]
"""Before a request is sent, or after its answer and before the journal knows of it."""


async def ends(run: BulkRun) -> Status:
    (outcome,) = (await outcomes(run)).values()
    return outcome.status


@pytest.mark.parametrize("name", RUNS)
@on_virtual_time
async def test_without_a_fault_and_then_again(name: str, tmp_path: Path) -> None:
    bulk = RUNS[name]
    async with newsroom(AT_ONCE, retry=RETRY) as news:
        given = await bulk.prepare(news)
        with costs(news.server, bulk.cost):
            assert await ends(bulk.start(news, tmp_path / "j", given)) is Status.DONE
        with costs(news.server, {}):
            assert await ends(bulk.start(news, tmp_path / "j", given)) is Status.SKIPPED


@pytest.mark.parametrize(
    ("name", "place", "fault", "more"),
    sampled(
        [
            pytest.param(name, place, fault, more, id=f"{name}-{place}-{fault.name}")
            for name in ("enroll", "upload")
            for place, faults, more in FAULTS
            for fault in faults
            if place in RUNS[name].cost
        ],
        5,
    ),
)
@on_virtual_time
async def test_with_one_fault(name: str, place: str, fault: Fault, more: Cost, tmp_path: Path) -> None:
    bulk = RUNS[name]
    async with newsroom(AT_ONCE, retry=RETRY) as news:
        given = await bulk.prepare(news)
        news.server.faults.next(place, fault)
        with costs(news.server, added(bulk.cost, more)):
            assert await ends(bulk.start(news, tmp_path / "j", given)) is Status.DONE


@pytest.mark.parametrize(
    ("name", "place", "cost"),
    [
        ("enroll", "thumbnails.complete", STORE),
        ("enroll", "persons.create", {**STORE, "persons.create": 1}),
        ("upload", "thumbnails.complete", STORE),
        ("upload", "persons.set_thumbnails", {**STORE, "persons.set_thumbnails": 1}),
    ],
)
@on_virtual_time
async def test_a_refusal_is_not_repeated_and_stays(name: str, place: str, cost: Cost, tmp_path: Path) -> None:
    bulk = RUNS[name]
    async with newsroom(AT_ONCE, retry=RETRY) as news:
        given = await bulk.prepare(news)
        news.server.faults.next(place, NO_FACE)
        with costs(news.server, cost):
            assert await ends(bulk.start(news, tmp_path / "j", given)) is Status.FAILED
        with costs(news.server, {}):
            assert await ends(bulk.start(news, tmp_path / "j", given)) is Status.FAILED


@pytest.mark.parametrize("place", ["thumbnails.presign", "thumbnails.complete"])
@on_virtual_time
async def test_a_429_with_retry_after_costs_one_request(place: str, tmp_path: Path) -> None:
    """The server allows one request in 40 seconds and asks for 50; the client is not told of either."""
    settings = evolve(AT_ONCE, quotas={place: Quota(1, 40.0)}, retry_after=50.0)
    async with newsroom(settings, retry=RETRY) as news:
        given = await person(news)
        arrived = news.server.log.arrivals[place]
        with costs(news.server, added(RUNS["upload"].cost, {place: 1})):
            assert await ends(upload(news, tmp_path / "j", given)) is Status.DONE
        assert arrived[-1] - arrived[-2] >= 50.0


@on_virtual_time
async def test_an_upload_that_is_never_taken_over_is_parked(tmp_path: Path) -> None:
    async with newsroom(evolve(AT_ONCE, latency=Latency.never()), speed=2_000.0, retry=RETRY) as news:
        with costs(news.server, {"thumbnails.presign": 1, "storage.put": 1}, ignored={"thumbnails.complete"}):
            assert await ends(enroll(news, tmp_path / "j", None)) is Status.PARKED
        checks = news.server.log.arrivals["thumbnails.complete"]
        assert checks[-1] - checks[0] >= 550.0
        assert len(checks) < 100


@pytest.mark.parametrize(("name", "when", "place", "cost"), KILLED)
@on_virtual_time
async def test_killed_and_resumed(name: str, when: str, place: str, cost: Cost, tmp_path: Path) -> None:
    bulk = RUNS[name]
    (before := tmp_path / "before").mkdir()
    doomed: list[asyncio.Task[Any]] = []

    async def kill(attempt: Attempt, *_outcome: object) -> None:
        if attempt.operation == place and doomed:
            shutil.copytree(before, tmp_path / "after")  # what a process that is killed now leaves behind
            doomed.pop().cancel()
            await asyncio.Event().wait()

    hooks = Hooks(before=[kill]) if when == "before" else Hooks(after=[kill])
    async with newsroom(AT_ONCE, retry=RETRY, hooks=hooks) as news:
        given = await bulk.prepare(news)
        doomed.append(task := asyncio.create_task(outcomes(bulk.start(news, before / "j", given))))
        with pytest.raises(asyncio.CancelledError):
            await task
        with costs(news.server, cost):
            assert await ends(bulk.start(news, tmp_path / "after" / "j", given)) in {Status.DONE, Status.SKIPPED}
        assert news.none_doubled()


@pytest.mark.parametrize(
    ("name", "place", "look", "more"),
    [
        ("enroll", "persons.create", "persons.search", {"persons.search": 2, "persons.get": 1}),
        ("upload", "persons.set_thumbnails", "persons.get", {"persons.get": 2}),
    ],
)
@on_virtual_time
async def test_a_stage_that_is_tried_again_looks_before_it_repeats(
    name: str, place: str, look: str, more: Cost, tmp_path: Path
) -> None:
    """The answer is lost, and so is the look after it: the next try of the stage finds what the first has done."""
    bulk = RUNS[name]
    async with newsroom(AT_ONCE, retry=RetryPolicy(max_attempts=1)) as news:
        given = await bulk.prepare(news)
        news.server.faults.next(place, Fault.DROP_AFTER)
        news.server.faults.next(look, Fault.ERROR_BEFORE)
        with costs(news.server, added(bulk.cost, more)):
            assert await ends(bulk.start(news, tmp_path / "j", given)) is Status.DONE
        assert news.none_doubled()
