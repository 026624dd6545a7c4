"""The emulator's asset searches: what may be asked, asynchronous and paged results, coherent with what is indexed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mi_async.api.indexes import SceneRange
from mi_async.api.search import SearchQuery
from mi_async.emulator import Latency, Settings
from mi_async.emulator.synthetic import WORDS
from tests.support.media import SEARCH, Media, media
from tests.support.newsroom import newsroom
from tests.support.raw import ROOM

SEARCHES = f"{ROOM}/assets/search"
INVALID = (400, "10001")
NONE = Latency.none()
AT_ONCE = Settings(importing=NONE, queueing=NONE, analysing=NONE, searching=NONE)


async def found(m: Media, query: dict[str, Any], page: str = "", **body: Any) -> list[dict[str, Any]]:
    number = (await m.call("POST", SEARCHES, {"query": query, **body})).result["searchId"]
    m.clock.now += SEARCH
    results: list[dict[str, Any]] = (await m.call("GET", f"{SEARCHES}/{number}{page}")).result["results"]
    return results


async def words(m: Media, asset: int) -> list[str]:
    """The keywords of an asset's first scene, the surest first."""
    keywords = (await m.scenes(asset))[0]["keywords"]
    return [keyword["name"] for keyword in sorted(keywords, key=lambda keyword: -keyword["confidence"])]


async def test_a_search_takes_its_time() -> None:
    async with media() as m:
        asset = await m.indexed()
        word = (await words(m, asset))[0]
        number = (await m.call("POST", SEARCHES, {"query": {"textQuery": word}})).result["searchId"]
        assert number.isalnum()
        assert (await m.call("GET", f"{SEARCHES}/{number}")).result == {"searchId": number, "status": "RUNNING"}
        m.clock.now += SEARCH
        done = (await m.call("GET", f"{SEARCHES}/{number}")).result
        assert (done["status"], done["pageNo"], done["pageSize"]) == ("COMPLETED", 1, 50)
        assert done["totalCount"] == len({result["assetId"] for result in done["results"]}) > 0
        scores = [result["score"] for result in done["results"]]
        assert scores == sorted(scores, reverse=True)
        assert done["results"][0]["assetId"] == asset
        assert (await m.call("GET", f"{SEARCHES}/nothing")).refusal == (404, "10001")


async def test_results_come_by_page() -> None:
    async with media() as m:
        word = (await words(m, await m.indexed("a.png")))[0]
        for _ in range(4):
            await m.indexed("a.png")
        number = (await m.call("POST", SEARCHES, {"query": {"textQuery": word}})).result["searchId"]
        m.clock.now += SEARCH
        page = (await m.call("GET", f"{SEARCHES}/{number}?pageSize=2&pageNum=3")).result
        assert (page["totalCount"], page["totalPage"], page["pageNo"], len(page["results"])) == (5, 3, 3, 1)
        for query in ("pageSize=101", "pageSize=0", "pageNum=0"):
            assert (await m.call("GET", f"{SEARCHES}/{number}?{query}")).refusal == INVALID


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, INVALID),
        ({"query": {}}, (400, "50011")),
        ({"query": {"textQuery": "a", "imageQuery": "b"}}, (400, "50011")),
        ({"query": {"imageQuery": "unknown"}}, INVALID),
        ({"query": {"textQuery": " "}}, INVALID),
        ({"query": {"textQuery": "a;b"}}, INVALID),
        ({"query": {"textQuery": "a", "dialogQuery": {"any": ["a|b"]}}}, INVALID),
        ({"query": {"textQuery": "a", "personQuery": {"must": [1] * 60, "not": [1] * 41}}}, (400, "50012")),
        ({"query": {"textQuery": "a", "dialogQuery": {"must": ["x"] * 101}}}, (400, "50013")),
        ({"query": {"textQuery": "a"}, "filter": {"projectIds": [1], "assetIds": [1]}}, (400, "50010")),
        ({"query": {"textQuery": "a"}, "filter": {}}, (400, "50010")),
        ({"query": {"textQuery": "a"}, "filter": {"projectIds": [1]}}, (404, "10025")),
        ({"query": {"textQuery": "a"}, "filter": {"assetIds": [1]}}, (404, "10010")),
        ({"query": {"textQuery": "a"}, "filter": {"assetIds": [], "assetTypes": ["SOUND"]}}, INVALID),
        ({"query": {"textQuery": "a"}, "filter": {"assetIds": [], "indexModifiedFrom": "yesterday"}}, INVALID),
        ({"query": {"textQuery": "a"}, "queryOption": {"confidenceLevel": "SOME"}}, INVALID),
    ],
)
async def test_what_cannot_be_searched(body: dict[str, Any], refusal: tuple[int, str]) -> None:
    async with media() as m:
        assert (await m.call("POST", SEARCHES, body)).refusal == refusal
        assert not m.room.searches


async def test_words_and_their_confidence() -> None:
    async with media() as m:
        asset = await m.indexed("a.png")
        sure, *_, unsure = await words(m, asset)
        keywords = {word["name"]: word["confidence"] for word in (await m.scenes(asset))[0]["keywords"]}
        assert keywords[unsure] < 0.8
        (result,) = await found(m, {"textQuery": f"{sure.upper()}s"})
        assert result["score"] == keywords[sure]
        low, high = ({"confidenceLevel": level} for level in ("LOW", "HIGH"))
        assert len(await found(m, {"textQuery": unsure}, queryOption=low)) == 1
        assert await found(m, {"textQuery": unsure}, queryOption=high) == []
        assert await found(m, {"textQuery": "nosuchword"}) == []


async def test_places_and_times() -> None:
    async with media() as m:
        video, image = await m.indexed("a.mp4"), await m.indexed("a.png")
        everything = {"imageQuery": await query_image(m)}
        kinds = {"VIDEO": video, "IMAGE": image}

        async def assets(**where: Any) -> set[int]:
            return {result["assetId"] for result in await found(m, everything, "?pageSize=100", filter=where)}

        both = {video, image} & {result["assetId"] for result in await found(m, everything, "?pageSize=100")}
        assert both
        assert await assets(projectIds=[m.project]) == both
        assert await assets(assetIds=[]) == set()
        for kind, asset in kinds.items():
            assert await assets(assetIds=[video, image], assetTypes=[kind]) == both & {asset}
            assert await assets(assetIds=[asset]) == both & {asset}
        later = datetime.now(UTC) + timedelta(hours=1)
        assert await assets(projectIds=[m.project], indexModifiedTo=later.isoformat()) == both
        assert await assets(projectIds=[m.project], indexModifiedFrom=later.isoformat()) == set()
        assert await assets(projectIds=[m.project], indexModifiedFrom="2020-01-01T00:00:00") == both


async def query_image(m: Media) -> str:
    body = {"assetType": "IMAGE", "assetFileName": "face.jpg"}
    issued = (await m.call("POST", "/api/v1/query-assets/uploads/presigned-url", body)).result
    assert (await m.raw.put(issued["presignedUploadUrl"])).status == 200
    key: str = issued["assetFileKey"]
    return key


async def test_a_picture_always_finds_the_same() -> None:
    async with media() as m:
        for number in range(3):
            await m.indexed(f"{number}.mp4")
        first, second = [await found(m, {"imageQuery": await query_image(m)}) for _ in range(2)]
        assert first == second
        assert first


async def test_persons() -> None:
    async with media() as m:
        one, other, absent = await m.faces(3)
        asset = await m.indexed("a.png", analysisPersonCount=2)
        seen = [person["personId"] for person in (await m.scenes(asset))[0]["persons"]]
        assert len(seen) == 2
        (missing,) = {one, other, absent} - set(seen)
        text = {"textQuery": (await words(m, asset))[0]}
        for query, fits in (
            ({"must": seen}, True),
            ({"must": [*seen, missing]}, False),
            ({"any": [missing, seen[0]]}, True),
            ({"any": [missing]}, False),
            ({"not": [missing]}, True),
            ({"not": [seen[1]]}, False),
        ):
            assert bool(await found(m, text | {"personQuery": query})) is fits


async def test_what_is_said() -> None:
    async with media() as m:
        video, image = await m.indexed("a.mp4"), await m.indexed("a.png")
        script = (await m.scenes(video))[0]["script"]
        for asset, query, fits in (
            (video, {"must": [script]}, True),
            (video, {"not": [script[:10]]}, False),
            (video, {"any": ["never said", script.upper()]}, True),
            (video, {"must": ["never said"]}, False),
            (image, {"not": ["never said"]}, False),
        ):
            text = {"textQuery": (await words(m, asset))[0], "dialogQuery": query}
            results = await found(m, text, filter={"assetIds": [asset]})
            assert any(result["sceneId"] == 1 for result in results) is fits


async def test_what_is_gone_is_not_shown() -> None:
    async with media() as m:
        person = (await m.faces(1))[0]
        first, second = await m.indexed("a.png"), await m.indexed("a.png")
        word = (await words(m, first))[0]
        number = (await m.call("POST", SEARCHES, {"query": {"textQuery": word}})).result["searchId"]
        m.clock.now += SEARCH

        async def results() -> list[dict[str, Any]]:
            shown: list[dict[str, Any]] = (await m.call("GET", f"{SEARCHES}/{number}")).result["results"]
            return shown

        assert [result["persons"] for result in await results()] == [[{"personId": person}]] * 2
        await m.call("DELETE", f"{ROOM}/persons/{person}")
        assert [result["persons"] for result in await results()] == [[{"personId": None}]] * 2
        await m.call("DELETE", m.at(first))
        assert [result["assetId"] for result in await results()] == [second]
        await m.analysed(second)
        assert await results() == []


async def test_a_failure() -> None:
    async with media(failing_jobs=1.0) as m:
        number = (await m.call("POST", SEARCHES, {"query": {"textQuery": "sea"}})).result["searchId"]
        m.clock.now += SEARCH
        assert (await m.call("GET", f"{SEARCHES}/{number}")).result == {"searchId": number, "status": "FAILED"}


async def test_the_total_counts_assets_and_the_pages_scenes() -> None:
    async with newsroom(settings=AT_ONCE) as news:
        workspace = news.workspace
        project = (await workspace.projects.list()).projects[0].project_id
        asset = (await workspace.assets.register(project, key="news.mp4", bucket_name="footage")).asset_id
        await workspace.indexes.request(project, asset, scene_range=SceneRange.EXTRA_SHORT)
        scenes = (await workspace.indexes.get(project, asset)).extra["scenes"]
        assert len(scenes) > 1
        search = await workspace.search.request(SearchQuery(text_query=" ".join(WORDS)))
        page = await workspace.search.get(search.search_id, page_size=1)
        assert (page.total_count, page.total_page) == (1, len(scenes))
        found = [result["sceneId"] async for result in workspace.search.all(search.search_id, page_size=1)]
        assert sorted(found) == [scene["sceneId"] for scene in scenes]
