"""Costs of the workflows, without a fault and with one in each place: requests from the emulator's log, exact seconds.

Invariant: client and server share one virtual clock, so the seconds are the waits and nothing else.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeAlias

import pytest
from attrs import evolve, frozen

from mi_async import (
    InvalidArgumentError,
    InvalidRequestError,
    MIError,
    Polling,
    Quota,
    RetryPolicy,
    State,
    Upload,
    UploadFailedError,
    Workspace,
)
from mi_async.emulator import Fault, Latency, Rejection, Settings
from mi_async.media.image import ImageHeader
from mi_async.media.image_check import Image
from tests.support import virtual
from tests.support.cases import sampled
from tests.support.costs import added, costs
from tests.support.footage import first_project, footage
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import picture

Cost: TypeAlias = Mapping[str, int]
Act: TypeAlias = Callable[[Workspace, Any], Awaitable[Any]]

SETTINGS = Settings(
    latency=Latency.constant(0.2),
    importing=Latency.constant(0.5),
    queueing=Latency.constant(0.5),
    analysing=Latency.constant(0.5),
    summarizing=Latency.constant(0.5),
    searching=Latency.constant(0.2),
)
BACK_OFF = 0.25
"""Seconds before the first repeat, without chance."""
LOOK = 0.3
"""Seconds before a look at whether a PUT or an attach whose answer was lost had its effect: the first of polling."""
THREE_LOOKS = LOOK + 2 * BACK_OFF + 4 * BACK_OFF
"""Seconds before three looks in a row: the back-off of the policy, which at first is too short for a look."""
TENTH = 6.0
"""Seconds for which a 429 without Retry-After pauses an operation with a quota per minute."""
REFUSED = (Fault.RATE_LIMITED,)
FAILED = (Fault.ERROR_BEFORE,)
"""Faults without effect."""
LOST = (Fault.DROP_AFTER,)
"""Faults after the effect: the answer is lost."""
ANY = (*REFUSED, *FAILED, *LOST)


@frozen
class Workflow:
    """A workflow, what must be there before, and what it costs."""

    act: Act
    cost: Cost
    seconds: float
    prepare: Callable[[Workspace], Awaitable[Any]] = first_project


async def person(workspace: Workspace) -> int:
    return (await workspace.enroll_person("Gildong Hong", [picture()])).id


async def imported(workspace: Workspace) -> tuple[int, int]:
    project = await first_project(workspace)
    return project, (await (await workspace.import_asset(project, key="a.mp4", bucket_name="b"))).asset_id


async def indexed(workspace: Workspace) -> tuple[int, int]:
    return await first_project(workspace), (await footage(workspace, "a.mp4"))[0]


async def upload(workspace: Workspace, person_id: int, **options: Any) -> Upload:
    return await workspace.upload_thumbnail(person_id, picture(seed=1), **options)


async def enroll(workspace: Workspace, _: object) -> None:
    await workspace.enroll_person("Gildong Hong", [picture(), picture(seed=1)], tags=["Anchor"])


async def search(workspace: Workspace, _: object) -> None:
    [hit async for hit in workspace.search_scenes("goal")]


async def search_image(workspace: Workspace, _: object) -> None:
    [hit async for hit in workspace.search_scenes(image=picture())]


async def import_asset(workspace: Workspace, project: int) -> None:
    await (await workspace.import_asset(project, key="b.mp4", bucket_name="b"))


async def analyze(workspace: Workspace, asset: tuple[int, int]) -> None:
    await (await workspace.analyze(*asset))


async def summarize(workspace: Workspace, asset: tuple[int, int]) -> None:
    await (await workspace.summarize(*asset))


UPLOAD = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1, "persons.set_thumbnails": 1}
ENROLL = {
    "persons.search": 1,
    "person_tags.list": 1,
    "person_tags.create": 1,
    "thumbnails.presign": 2,
    "storage.put": 2,
    "thumbnails.complete": 2,
    "persons.create": 1,
    "persons.add_tags": 1,
    "persons.get": 1,
}
SEARCH = {"search.request": 1, "search.get": 1}
SEARCH_IMAGE = {"query_assets.presign": 1, "storage.put": 1, "query_assets.complete": 1, **SEARCH}
WORKFLOWS = {
    "upload": Workflow(upload, UPLOAD, LOOK, person),
    "enroll": Workflow(enroll, ENROLL, LOOK),
    "search": Workflow(search, SEARCH, 0.3),
    "search_image": Workflow(search_image, SEARCH_IMAGE, LOOK + 0.3),
    "import": Workflow(import_asset, {"assets.register": 1, "assets.import_status": 1, "assets.get": 1}, 1.0),
    "analyze": Workflow(analyze, {"indexes.request": 1, "indexes.status": 1, "indexes.get": 1}, 2.0, imported),
    "summarize": Workflow(
        summarize, {"scene_summaries.request": 1, "scene_summaries.status": 1, "scene_summaries.get": 1}, 2.0, indexed
    ),
}

PUT_AGAIN = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}
"""A failed PUT costs a look, a fresh URL and a second PUT."""
FAULTS: list[tuple[str, str, tuple[Fault, ...], Cost, float]] = [
    ("upload", "thumbnails.presign", ANY, {"thumbnails.presign": 1}, BACK_OFF),
    ("upload", "storage.put", (*REFUSED, *FAILED), PUT_AGAIN, LOOK),
    ("upload", "storage.put", LOST, {}, 0.0),
    ("upload", "thumbnails.complete", REFUSED, {"thumbnails.complete": 1}, TENTH),
    ("upload", "thumbnails.complete", (*FAILED, *LOST), {"thumbnails.complete": 1}, BACK_OFF),
    ("upload", "persons.set_thumbnails", REFUSED, {"persons.set_thumbnails": 1}, BACK_OFF),
    ("upload", "persons.set_thumbnails", FAILED, {"persons.get": 1, "persons.set_thumbnails": 1}, LOOK),
    ("upload", "persons.set_thumbnails", LOST, {"persons.get": 1}, LOOK),
    ("enroll", "person_tags.list", ANY, {"person_tags.list": 1}, BACK_OFF),
    ("enroll", "person_tags.create", (*REFUSED, *FAILED), {"person_tags.create": 1}, BACK_OFF),
    ("enroll", "person_tags.create", LOST, {"person_tags.create": 1, "person_tags.list": 1}, BACK_OFF),
    ("enroll", "thumbnails.presign", ANY, {"thumbnails.presign": 1}, BACK_OFF),
    ("enroll", "storage.put", (*REFUSED, *FAILED), PUT_AGAIN, LOOK),
    ("enroll", "storage.put", LOST, {}, 0.0),
    ("enroll", "thumbnails.complete", REFUSED, {"thumbnails.complete": 1}, TENTH),
    ("enroll", "thumbnails.complete", (*FAILED, *LOST), {"thumbnails.complete": 1}, BACK_OFF),
    ("enroll", "persons.create", (*REFUSED, *FAILED), {"persons.create": 1}, BACK_OFF),
    ("enroll", "persons.create", LOST, {"persons.create": 1, "persons.search": 1, "persons.get": 1}, BACK_OFF),
    ("enroll", "persons.add_tags", ANY, {"persons.add_tags": 1}, BACK_OFF),
    ("enroll", "persons.get", ANY, {"persons.get": 1}, BACK_OFF),
    ("search", "search.request", REFUSED, {"search.request": 1}, TENTH),
    ("search", "search.request", (*FAILED, *LOST), {"search.request": 1}, BACK_OFF),
    ("search", "search.get", ANY, {"search.get": 1}, BACK_OFF),
    ("search_image", "query_assets.presign", ANY, {"query_assets.presign": 1}, BACK_OFF),
    (
        "search_image",
        "storage.put",
        (*REFUSED, *FAILED),
        {"query_assets.presign": 1, "storage.put": 1, "query_assets.complete": 1},
        LOOK,
    ),
    ("search_image", "storage.put", LOST, {}, 0.0),
    ("search_image", "query_assets.complete", REFUSED, {"query_assets.complete": 1}, TENTH),
    ("search_image", "query_assets.complete", (*FAILED, *LOST), {"query_assets.complete": 1}, BACK_OFF),
    ("import", "assets.register", REFUSED, {"assets.register": 1}, BACK_OFF),
    ("import", "assets.import_status", ANY, {"assets.import_status": 1}, BACK_OFF),
    ("import", "assets.get", ANY, {"assets.get": 1}, BACK_OFF),
    ("analyze", "indexes.request", (*REFUSED, *FAILED), {"indexes.request": 1}, BACK_OFF),
    ("analyze", "indexes.request", LOST, {"indexes.request": 1, "indexes.status": 1}, BACK_OFF),
    ("analyze", "indexes.status", ANY, {"indexes.status": 1}, BACK_OFF),
    ("analyze", "indexes.get", ANY, {"indexes.get": 1}, BACK_OFF),
    ("summarize", "scene_summaries.request", (*REFUSED, *FAILED), {"scene_summaries.request": 1}, BACK_OFF),
    (
        "summarize",
        "scene_summaries.request",
        LOST,
        {"scene_summaries.request": 1, "scene_summaries.status": 1},
        BACK_OFF,
    ),
    ("summarize", "scene_summaries.status", ANY, {"scene_summaries.status": 1}, BACK_OFF),
    ("summarize", "scene_summaries.get", ANY, {"scene_summaries.get": 1}, BACK_OFF),
]


def cases() -> Iterator[Any]:
    for workflow, place, faults, more, seconds in FAULTS:
        for fault in faults:
            yield pytest.param(workflow, place, fault, more, seconds, id=f"{workflow}-{place}-{fault.name}")


def run(
    main: Callable[[Newsroom], Awaitable[None]],
    *,
    settings: Settings = SETTINGS,
    attempts: int = 5,
    **options: Any,
) -> None:
    """Run against an emulator on virtual time, without chance in the back-off."""

    async def connected() -> None:
        retry = RetryPolicy(max_attempts=attempts, random=lambda: 1.0)
        async with newsroom(settings, speed=1.0, retry=retry, **options) as news:
            await main(news)

    virtual.run(connected())


@pytest.mark.parametrize("name", WORKFLOWS)
def test_without_a_fault(name: str) -> None:
    workflow = WORKFLOWS[name]

    async def main(news: Newsroom) -> None:
        given = await workflow.prepare(news.workspace)
        with costs(news.server, workflow.cost, seconds=workflow.seconds):
            await workflow.act(news.workspace, given)

    run(main)


@pytest.mark.parametrize(("name", "place", "fault", "more", "seconds"), sampled(cases(), 5))
def test_with_one_fault(name: str, place: str, fault: Fault, more: Cost, seconds: float) -> None:
    workflow = WORKFLOWS[name]

    async def main(news: Newsroom) -> None:
        given = await workflow.prepare(news.workspace)
        news.server.faults.next(place, fault)
        with costs(news.server, added(workflow.cost, more), seconds=workflow.seconds + seconds):
            await workflow.act(news.workspace, given)

    run(main)


@pytest.mark.parametrize("fault", [*FAILED, *LOST])
def test_a_registration_that_may_have_had_its_effect_is_not_repeated(fault: Fault) -> None:
    async def main(news: Newsroom) -> None:
        project = await first_project(news.workspace)
        news.server.faults.next("assets.register", fault)
        with costs(news.server, {"assets.register": 1}, seconds=0.0), pytest.raises(MIError) as caught:
            await import_asset(news.workspace, project)
        assert caught.value.ambiguous

    run(main)


@pytest.mark.parametrize(
    ("place", "cost", "seconds"),
    [
        ("thumbnails.presign", {"thumbnails.presign": 1}, 0.0),
        ("thumbnails.complete", {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}, LOOK),
        ("persons.set_thumbnails", UPLOAD, LOOK),
    ],
)
def test_a_refusal_of_an_upload_is_not_repeated(place: str, cost: Cost, seconds: float) -> None:
    async def main(news: Newsroom) -> None:
        number = await person(news.workspace)
        news.server.faults.next(place, Rejection(400, "10069", "No face."))
        with costs(news.server, cost, seconds=seconds), pytest.raises(InvalidRequestError):
            await upload(news.workspace, number)

    run(main)


@pytest.mark.parametrize(
    ("place", "without", "seconds"),
    [
        ("person_tags.list", set(ENROLL) - {"persons.search", "person_tags.list"}, 0.0),
        ("persons.create", {"persons.add_tags", "persons.get"}, LOOK),
        ("persons.add_tags", {"persons.get"}, LOOK),
    ],
)
def test_a_refusal_of_an_enrollment_is_not_repeated(place: str, without: set[str], seconds: float) -> None:
    without = {*without, "persons.add_tags", "persons.get"} - {place}
    cost = {key: count for key, count in ENROLL.items() if key not in without}

    async def main(news: Newsroom) -> None:
        news.server.faults.next(place, Rejection(400, "10069", "No face."))
        with costs(news.server, cost, seconds=seconds), pytest.raises(InvalidRequestError):
            await enroll(news.workspace, None)

    run(main)


@pytest.mark.parametrize("place", ["search.request", "search.get"])
def test_a_refusal_of_a_search_is_not_repeated(place: str) -> None:
    cost = SEARCH if place == "search.get" else {"search.request": 1}

    async def main(news: Newsroom) -> None:
        news.server.faults.next(place, Rejection(400, "50013", "Script query limit reached."))
        with (
            costs(news.server, cost, seconds=0.3 if place == "search.get" else 0.0),
            pytest.raises(InvalidRequestError),
        ):
            await search(news.workspace, None)

    run(main)


@pytest.mark.parametrize(
    ("place", "asked"), [("thumbnails.presign", 7.0), ("thumbnails.complete", 7.0), ("persons.set_thumbnails", 7.0)]
)
def test_a_429_waits_as_long_as_it_asks(place: str, asked: float) -> None:
    """The server allows one request in five seconds and asks for seven; the client is not told of either."""
    settings = evolve(SETTINGS, quotas={place: Quota(1, 5.0)}, retry_after=asked)

    async def main(news: Newsroom) -> None:
        number = await person(news.workspace)
        if place == "persons.set_thumbnails":
            await upload(news.workspace, number)
        with costs(news.server, added(UPLOAD, {place: 1}), seconds=LOOK + asked):
            await upload(news.workspace, number)

    run(main, settings=settings)


@pytest.mark.parametrize(("place", "fault"), [("persons.set_thumbnails", Fault.ERROR_BEFORE), ("storage.put", None)])
def test_tries_of_an_upload_that_never_works(place: str, fault: Fault | None) -> None:
    """Three tries, each followed by the back-off and a look, the last one too: it may have arrived all the same."""

    async def main(news: Newsroom) -> None:
        number = await person(news.workspace)
        news.server.faults.next(place, fault or Fault.DROP_BEFORE, times=3)
        attach = {**UPLOAD, "persons.set_thumbnails": 3, "persons.get": 3}
        put = {"thumbnails.presign": 3, "storage.put": 3, "thumbnails.complete": 3}
        seconds = THREE_LOOKS if place == "storage.put" else LOOK + THREE_LOOKS
        with (
            costs(news.server, put if place == "storage.put" else attach, seconds=seconds),
            pytest.raises(MIError),
        ):
            await upload(news.workspace, number)

    run(main, attempts=3)


def test_a_url_that_expired_costs_a_look_a_fresh_url_and_a_second_put() -> None:
    """The storage answers 403; nothing is stored, and the content is sent once more."""
    late = [1000.0]

    def wait(now: Upload) -> None:
        if now.state is State.PRESIGNED and late:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, virtual.VirtualLoop)
            loop.block(late.pop())

    async def main(news: Newsroom) -> None:
        number = await person(news.workspace)
        with costs(news.server, added(UPLOAD, PUT_AGAIN), seconds=1000.0 + 2 * LOOK):
            await upload(news.workspace, number, progress=wait)
        assert news.server.log.answers["storage.put", 403] == 1

    run(main)


def test_urls_that_are_good_for_nothing_end_after_the_tries() -> None:
    settings = evolve(SETTINGS, url_lifetime=0.0)

    async def main(news: Newsroom) -> None:
        cost = {"thumbnails.presign": 3, "storage.put": 3, "thumbnails.complete": 3}
        with costs(news.server, cost, seconds=THREE_LOOKS), pytest.raises(UploadFailedError, match="403"):
            await upload(news.workspace, 1)

    run(main, settings=settings, attempts=3)


def test_an_image_that_the_service_refuses_after_the_upload() -> None:
    content = picture("jpg", 200, 300)  # its header says otherwise, as had the service moved its limits
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    image: Any = Image("x.jpg", "x.jpg", content, ImageHeader("jpg", 300, 300), digest)

    async def main(news: Newsroom) -> None:
        number = await person(news.workspace)
        cost = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 1}
        with costs(news.server, cost, seconds=LOOK), pytest.raises(UploadFailedError, match="RESOLUTION"):
            await news.workspace.upload_thumbnail(number, image)

    run(main)


def test_an_upload_that_is_never_taken_over_costs_few_checks() -> None:
    settings = evolve(SETTINGS, latency=Latency.never())

    async def main(news: Newsroom) -> None:
        cost = {"thumbnails.presign": 1, "storage.put": 1, "thumbnails.complete": 4}
        with costs(news.server, cost, seconds=4.0), pytest.raises(UploadFailedError, match="within 4 s"):
            await upload(news.workspace, 1)

    run(main, settings=settings, polling=Polling(first=1.0, factor=2.0, longest=1.5, timeout=4.0))


def test_a_search_that_is_stopped_after_its_first_page_asks_no_more() -> None:
    async def main(news: Newsroom) -> None:
        with costs(news.server, SEARCH, seconds=0.3):
            found = news.workspace.search_scenes("goal")
            await anext(aiter(found), None)

    run(main)


def test_a_job_that_another_process_resumes_is_not_begun_again() -> None:
    async def main(news: Newsroom) -> None:
        asset = await imported(news.workspace)
        token = str(await news.workspace.analyze(*asset))
        with costs(news.server, {"indexes.status": 1, "indexes.get": 1}):
            await asyncio.sleep(1.0)  # it ended meanwhile: the first look is at once
            await news.workspace.job(token)

    run(main)


@pytest.mark.parametrize("calls", [2, 5])
def test_a_successful_call_holds_its_slot_for_one_period_only(calls: int) -> None:
    """One URL a second: the n-th upload begins n - 1 seconds later, not more."""
    quotas = {"thumbnails.presign": Quota(1, 1.0)}

    async def main(news: Newsroom) -> None:
        number = await person(news.workspace)
        await asyncio.sleep(1.0)
        cost = dict.fromkeys(UPLOAD, calls)
        with costs(news.server, cost, seconds=calls - 1.0 + LOOK):
            await asyncio.gather(*[upload(news.workspace, number) for _ in range(calls)])
        assert not news.server.log.throttled

    run(main, settings=evolve(SETTINGS, quotas=quotas), quotas=quotas)


async def later(_: Upload) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    "wrong",
    [
        {"progress": later},
        {"sources": picture()},
        {"sources": []},
        {"tags": "Anchor"},
        {"tags": ["\0"]},
        {"tags": ["x" * 1_000]},
        {"name": ""},
        {"name": "x" * 10_000},
        {"description": "x" * 100_000},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_enrollment_of_wrong_arguments_costs_nothing(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "Gildong Hong", "sources": [picture()], "tags": ["Anchor"], **wrong}

    async def main(news: Newsroom) -> None:
        with costs(news.server, {}, seconds=0.0), pytest.raises(InvalidArgumentError):
            await news.workspace.enroll_person(given.pop("name"), given.pop("sources"), **given)

    run(main)
