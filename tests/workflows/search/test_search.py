"""search_scenes: what is sent, what is refused before, the pages, and what is left after a break or a cancellation."""

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import pytest

import mi_async
from mi_async import (
    AssetType,
    Clock,
    ConfidenceLevel,
    ImageRejectedError,
    InvalidArgumentError,
    SceneRange,
    SearchFailedError,
    Workspace,
)
from mi_async.emulator import Latency, Settings
from mi_async.errors import JobTimeoutError
from mi_async.workflows.search.hits import SceneHit, read_hit
from tests.support.canned import success
from tests.support.footage import first_project, footage, keywords
from tests.support.interruption import CancelAt
from tests.support.newsroom import SPEED, Newsroom, newsroom, no_lease_held, nothing_held, served_elsewhere
from tests.support.pictures import picture
from tests.support.talking import talking

INSTANT = Latency.none()
SEARCHED = Settings(latency=INSTANT, importing=INSTANT, queueing=INSTANT, analysing=INSTANT, searching=INSTANT)


async def found(workspace: Workspace, *given: Any, **options: Any) -> list[SceneHit]:
    return [hit async for hit in workspace.search_scenes(*given, **options)]


def asked(news: Newsroom, operation: str) -> int:
    return len(news.server.log.arrivals[f"search.{operation}"])


async def test_scenes_by_words_the_best_first() -> None:
    async with newsroom(SEARCHED) as news:
        (asset,) = await footage(news.workspace, "뉴스/저녁.mp4")
        word = (await keywords(news.workspace, asset))[0]
        hits = await found(news.workspace, word)
        assert hits
        assert all(hit.asset_id == asset and hit.file_name == "저녁.mp4" for hit in hits)
        scores = [hit.score or 0.0 for hit in hits]
        assert scores == sorted(scores, reverse=True)
        first = next(hit for hit in hits if hit.scene_id == 1)
        assert (first.start_ms, first.project_id) == (0, await first_project(news.workspace))
        assert first.script
        assert word in [keyword["name"] for keyword in first.extra["keywords"]]
        assert repr(first).startswith(
            f"SceneHit(asset_id={asset}, file_name='저녁.mp4', scene_id=1, start_ms=0, end_ms="
        )
        assert len(repr(first)) < 150
        assert asked(news, "request") == 1


@pytest.mark.parametrize("level", ConfidenceLevel)
async def test_confidence(level: ConfidenceLevel) -> None:
    async with newsroom(SEARCHED) as news:
        (asset,) = await footage(news.workspace, "a.png")
        project = await first_project(news.workspace)
        index = await news.workspace.indexes.get(project, asset, confidence_level=ConfidenceLevel.LOW)
        for word in index.extra["scenes"][0]["keywords"]:
            least = {"LOW": 0.3, "MEDIUM": 0.55, "HIGH": 0.8}[level]
            hits = await found(news.workspace, word["name"], confidence_level=level)
            assert bool(hits) is (word["confidence"] >= least)


async def test_persons_and_speech() -> None:
    async with newsroom(SEARCHED) as news:
        people = [(await news.workspace.enroll_person(f"Person {n}", [picture(seed=n)])).id for n in range(3)]
        (asset,) = await footage(news.workspace, "a.mp4", analysis_person_count=2)
        word = (await keywords(news.workspace, asset))[0]
        (first,) = [hit for hit in await found(news.workspace, word) if hit.scene_id == 1]
        seen = [person["personId"] for person in first.extra["persons"]]
        (absent,) = set(people) - set(seen)
        said = str(first.script).split(".")[0]
        for terms, fits in (
            ({"persons": seen}, True),
            ({"persons": [*seen, absent]}, False),
            ({"persons_any": [absent, seen[0]]}, True),
            ({"persons_any": iter([absent])}, False),
            ({"persons_not": seen[:1]}, False),
            ({"persons": seen, "persons_not": (absent,)}, True),
            ({"dialogs": [said]}, True),
            ({"dialogs": [said, "never said"]}, False),
            ({"dialogs_any": ["never said", said]}, True),
            ({"dialogs_not": [said]}, False),
        ):
            hits = await found(news.workspace, word, **terms)
            assert any(hit.scene_id == 1 for hit in hits) is fits, terms


async def test_places_and_times() -> None:
    async with newsroom(SEARCHED) as news:
        video, image = await footage(news.workspace, "a.mp4", "a.png")
        look = picture()
        assert {video, image} >= {hit.asset_id for hit in await found(news.workspace, image=look)}
        word = (await keywords(news.workspace, image))[0]
        project = await first_project(news.workspace)
        soon = datetime.now() + timedelta(days=2)  # noqa: DTZ005  without a zone, as the service has it
        for where, fits in (
            ({"project_ids": [project]}, True),
            ({"asset_ids": [image]}, True),
            ({"asset_ids": [video]}, False),
            ({"asset_ids": []}, False),
            ({"asset_ids": [image], "asset_types": [AssetType.IMAGE]}, True),
            ({"asset_ids": [image], "asset_types": [AssetType.VIDEO]}, False),
            ({"project_ids": [project], "index_modified_to": soon}, True),
            ({"project_ids": [project], "index_modified_from": soon}, False),
        ):
            hits = await found(news.workspace, word, **where)
            assert any(hit.asset_id == image for hit in hits) is fits, where


async def test_by_a_picture_that_is_uploaded_first() -> None:
    async with newsroom(SEARCHED) as news:
        await footage(news.workspace, *[f"{number}.mp4" for number in range(2)])
        first, second = [await found(news.workspace, image=picture(seed=1)) for _ in range(2)]
        assert first
        assert first == second
        assert len(news.server.log.arrivals["query_assets.presign"]) == 2


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "^give exactly one of text, image; none was given$"),
    ({"text": "goal", "image": b"x"}, "^give exactly one of text, image; text and image were given$"),
    ({"text": "goal; drop"}, r"^text needs none of ; \| `; it has ;$"),
    ({"text": ""}, "^text needs at least 1 character, not blank; it is blank$"),
    ({"text": " "}, "^text needs at least 1 character, not blank; it is blank$"),
    (
        {"text": "goal", "persons": [1] * 60, "persons_not": [2] * 41},
        "^give at most 100 items in persons, persons_any, persons_not together; there are 101$",
    ),
    ({"text": "goal", "dialogs": ["x"] * 101}, "items in dialogs, dialogs_any, dialogs_not together"),
    ({"text": "goal", "dialogs_any": ["a|b"]}, r"^dialogs_any needs none of .* in each item; it has \| in item 0$"),
    ({"text": "goal", "dialogs": "goal"}, "dialogs must be a list of texts, got 'goal'"),
    ({"text": "goal", "persons": 1001}, "persons must be a list of IDs, got int"),
    ({"text": "goal", "project_ids": [1], "asset_ids": [2]}, "give exactly one of project_ids, asset_ids"),
    (
        {"text": "goal", "asset_types": [AssetType.VIDEO]},
        "^with asset_types, give exactly one of project_ids, asset_ids; none",
    ),
    (
        {"text": "goal", "confidence_level": "high"},
        "^confidence_level needs one of LOW, MEDIUM, HIGH; it is 'high'$",
    ),
    (
        {"text": "goal", "project_ids": [1], "asset_types": ["VIDEO", "FILM"]},
        "^asset_types needs one of IMAGE, VIDEO in each item; it is 'FILM' in item 1$",
    ),
    ({"text": "goal", "confidence_level": 5}, "^confidence_level must be one of LOW, MEDIUM, HIGH or None, got int$"),
    ({"text": "\ud800"}, "query"),
    ({"text": "goal", "timeout": -1.0}, "timeout must be >= 0, got -1.0"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
async def test_what_the_service_would_refuse_is_refused_at_once(given: dict[str, Any], said: str) -> None:
    async with newsroom(SEARCHED) as news:
        with pytest.raises(InvalidArgumentError, match=said):
            news.workspace.search_scenes(**given)
        assert not any(news.server.log.arrivals.values())


async def test_a_picture_that_breaks_a_rule_is_refused_before_any_request() -> None:
    async with newsroom(SEARCHED) as news:
        with pytest.raises(ImageRejectedError):
            await found(news.workspace, image=picture(width=200))
        with pytest.raises(InvalidArgumentError, match="limit"):
            await found(news.workspace, "goal", limit=-1)
        assert await found(news.workspace, "goal", limit=0) == []
        assert not any(news.server.log.arrivals.values())


async def test_without_validation_the_service_decides() -> None:
    async with newsroom(SEARCHED, validate=False) as news:
        with pytest.raises(mi_async.InvalidRequestError):
            await found(news.workspace, "goal; drop")
        with pytest.raises(mi_async.InvalidRequestError):
            await found(news.workspace, "goal", confidence_level=ConfidenceLevel("VERY_HIGH"))
        assert asked(news, "request") == 2


async def test_pages_come_as_they_are_consumed() -> None:
    async with newsroom(SEARCHED) as news:
        keys = [f"{number}.mp4" for number in range(20)]
        await footage(news.workspace, *keys, scene_range=SceneRange.EXTRA_SHORT)
        everything = await found(news.workspace, image=picture())
        assert len(everything) > 300
        assert len({(hit.asset_id, hit.scene_id) for hit in everything}) == len(everything)
        before = asked(news, "get")
        async with aclosing(news.workspace.search_scenes(image=picture())) as scenes:
            async for hit in scenes:
                assert hit == everything[0]
                break
        # The first page came with the end of the search; at most the next one was on its way.
        assert asked(news, "get") <= before + 2
        assert await found(news.workspace, image=picture(), limit=150) == everything[:150]
        assert no_lease_held(news.session)


async def test_nothing_found_and_an_unused_iterator() -> None:
    async with newsroom(SEARCHED) as news:
        assert await found(news.workspace, "nosuchword") == []
        news.workspace.search_scenes("goal")
        assert asked(news, "request") == 1


async def test_a_search_that_fails_or_takes_too_long() -> None:
    async with newsroom(Settings(failing_jobs=1.0)) as news:
        with pytest.raises(SearchFailedError):
            await found(news.workspace, "goal")
    async with newsroom(Settings(searching=Latency.constant(3600))) as news:
        with pytest.raises(JobTimeoutError, match="goes on"):
            await found(news.workspace, "goal", timeout=2.0)


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_at_every_await_it_leaves_nothing_behind(late: bool) -> None:
    with served_elsewhere(SEARCHED) as server:
        clock = Clock(speed=SPEED)
        suspension, ended = 0, False
        while not ended:
            suspension += 1
            async with mi_async.connect(server.credentials, base_url=server.url, clock=clock) as session:
                work = CancelAt(found(session.workspace("newsroom"), image=picture()), suspension, late)
                try:
                    ended = await asyncio.ensure_future(awaited(work)) == []
                except asyncio.CancelledError:
                    assert work.seen >= suspension
                assert no_lease_held(session)
                assert nothing_held(session)
            assert asyncio.all_tasks() == {asyncio.current_task()}
        assert suspension > 8


async def awaited(work: CancelAt) -> list[SceneHit]:
    hits: list[SceneHit] = await work
    return hits


def test_a_result_of_another_form_is_a_hit_all_the_same() -> None:
    hit = read_hit({"assetId": "17", "score": 0.5, "startMs": {"ms": 1}, "sceneId": 3, "when": None})
    assert (hit.asset_id, hit.score, hit.start_ms, hit.scene_id) == (None, 0.5, None, 3)
    assert hit.extra == {"assetId": "17", "startMs": {"ms": 1}, "when": None}
    assert read_hit({}) == SceneHit()


@pytest.mark.parametrize("state", ["FAILED", "RUNNING", "THAWING"])
async def test_a_search_whose_later_page_says_otherwise_is_incomplete(state: str) -> None:
    results = ", ".join(f'{{"sceneId": {number}}}' for number in range(100))
    pages = [
        f'{{"searchId": "abc", "status": "COMPLETED", "totalCount": 150, "totalPage": 2, "results": [{results}]}}',
        f'{{"searchId": "abc", "status": "{state}", "totalCount": 0, "totalPage": 0, "results": []}}',
    ]
    hits: list[SceneHit] = []
    async with talking(success('{"searchId": "abc"}'), *map(success, pages)) as (session, _server):

        async def walk() -> None:
            async with aclosing(session.workspace("newsroom").search_scenes("goal")) as scenes:
                async for hit in scenes:
                    hits.append(hit)  # noqa: PERF401  what came before the failure counts

        said = f"search:newsroom:abc: page 2 says {state}; what came before it is not all there is"
        with pytest.raises(SearchFailedError, match=said) as failed:
            await walk()
    assert len(hits) == 100
    assert (failed.value.job, failed.value.state) == ("search:newsroom:abc", state)
