"""The emulator's analyses: states by the clock, one index that is replaced on success only, synthetic scenes."""

from itertools import pairwise
from typing import Any

import pytest

from tests.support.media import ANALYSIS, IMPORT, QUEUE, media
from tests.support.raw import ROOM, TAGS

INVALID = (400, "10001")


async def test_an_analysis_goes_through_its_states() -> None:
    async with media() as m:
        asset = await m.imported()
        path = m.at(asset, "/index/status")
        assert (await m.call("GET", path)).result == {"status": "BEFORE_ANALYZE"}
        assert (await m.call("GET", m.at(asset, "/index"))).refusal == (400, "50003")
        requested = (await m.call("POST", m.at(asset, "/index"), {"sceneRange": "SHORT"})).result
        assert (await m.call("GET", path)).result == {"status": "WAIT_ANALYZE"}
        m.clock.now += QUEUE
        assert (await m.call("GET", path)).result == {"status": "ANALYZING"}
        m.clock.now += ANALYSIS
        assert (await m.call("GET", path)).result == {"status": "ANALYZE_COMPLETED", "indexId": requested["id"]}
        index = (await m.call("GET", m.at(asset, "/index"))).result
        assert (index["indexId"], index["type"]) == (requested["id"], "VIDEO")
        assert index["analysisSetting"] == {"analysisEngine": "Sinossi v1.0", "sceneRange": "SHORT"}
        assert index["createdTime"] == requested["createdTime"] <= index["updatedTime"]
        assert (await m.call("GET", ROOM)).result["monthlyAnalysisCount"] == 1


async def test_what_is_not_imported_cannot_be_analysed() -> None:
    async with media() as m:
        asset, missing = await m.register(), await m.register("missing.mp4")
        assert (await m.call("POST", m.at(asset, "/index"), {})).refusal == (400, "10014")
        m.clock.now += IMPORT
        assert (await m.call("POST", m.at(missing, "/index"), {})).refusal == (404, "10010")
        assert (await m.call("POST", m.at(asset, "/index"), {})).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"sceneRange": "HUGE"},
        {"sourceLanguage": "XX"},
        {"analysisPersonCount": 11},
        {"analysisPersonCount": -1},
        {"minSceneDurationSec": 3},
        {"maxSceneDurationSec": 3},
        {"minSceneDurationSec": 9, "maxSceneDurationSec": 3},
        {"minSceneDurationSec": 0, "maxSceneDurationSec": 3},
        {"minSceneDurationSec": 1, "maxSceneDurationSec": 3, "sceneRange": "LONG"},
        {"tagIdList": [1]},
    ],
)
async def test_invalid_options(body: dict[str, object]) -> None:
    async with media() as m:
        asset = await m.imported()
        assert (await m.call("POST", m.at(asset, "/index"), body)).refusal == INVALID
        assert await m.status(asset) == "BEFORE_ANALYZE"


async def test_nothing_else_while_one_runs() -> None:
    async with media() as m:
        asset = await m.imported()
        await m.call("POST", m.at(asset, "/index"), {})
        for now in (0.0, QUEUE):
            m.clock.now += now
            assert (await m.call("POST", m.at(asset, "/index"), {})).refusal == (409, "10001")
            assert (await m.call("POST", m.at(asset, "/analyze"), {"analysisPersonCount": 0})).refusal == (422, "10017")
            assert (await m.call("DELETE", m.at(asset, "/index"))).refusal == (409, "10001")


async def test_cancelling() -> None:
    async with media() as m:
        asset = await m.imported()
        cancel = m.at(asset, "/index/cancel")
        refused = await m.call("POST", cancel)
        assert refused.refusal == (409, "10001")
        assert refused.json["message"] == "Cannot cancel analysis in the current state"
        for wait in (0.0, QUEUE):
            await m.call("POST", m.at(asset, "/index"), {})
            m.clock.now += wait
            assert (await m.call("POST", cancel)).json == {"code": "0", "message": "success"}
            assert await m.status(asset) == "ANALYZE_CANCEL"
            assert (await m.call("POST", cancel)).refusal == (409, "10001")
        assert m.room.analyses == 0
        await m.analysed(asset)
        assert (await m.call("POST", cancel)).refusal == (409, "10001")


async def test_the_index_is_replaced_on_success_only() -> None:
    async with media() as m:
        asset = await m.indexed()
        path = m.at(asset, "/index")
        first = (await m.call("GET", path)).result
        await m.call("POST", path, {"sceneRange": "EXTRA_SHORT"})
        assert (await m.call("GET", path)).result == first
        await m.call("POST", m.at(asset, "/index/cancel"))
        m.clock.now += QUEUE + ANALYSIS
        assert (await m.call("GET", path)).result == first
        assert await m.status(asset) == "ANALYZE_CANCEL"
        await m.analysed(asset, sceneRange="EXTRA_SHORT")
        second = (await m.call("GET", path)).result
        assert second["indexId"] > first["indexId"]
        assert len(second["scenes"]) > len(first["scenes"])


async def test_an_index_in_force_survives_one_that_nobody_looked_at() -> None:
    async with media() as m:
        asset = await m.indexed()
        await m.call("POST", m.at(asset, "/index"), {})
        await m.call("POST", m.at(asset, "/index/cancel"))
        assert (await m.call("GET", m.at(asset, "/index"))).status == 200


async def test_failures() -> None:
    async with media() as m:
        asset = await m.indexed("unreadable.mp4")
        told = (await m.call("GET", m.at(asset, "/index/status"))).result
        assert (told["status"], told["analyzeStatusMessage"]) == ("ANALYZE_FAIL", "The asset cannot be read.")
        assert (await m.call("GET", m.at(asset, "/index"))).refusal == (400, "50003")
    async with media(failing_jobs=1.0) as m:
        assert await m.status(await m.indexed()) == "ANALYZE_FAIL"


async def test_deleting() -> None:
    async with media() as m:
        asset = await m.indexed()
        path = m.at(asset, "/index")
        assert (await m.call("DELETE", path)).json == {"code": "0", "message": "success"}
        assert await m.status(asset) == "BEFORE_ANALYZE"
        assert (await m.call("GET", path)).refusal == (400, "50003")
        assert (await m.call("DELETE", path)).refusal == (404, "40002")


async def test_scenes_follow_from_the_content() -> None:
    async with media() as m:
        await m.faces(4)
        options: dict[str, Any] = {"analysisPersonCount": 3, "detectAudioEffects": True, "sourceLanguage": "KO"}
        one, same, other = [await m.indexed(key, **options) for key in ("a.mp4", "a.mp4", "b.mp4")]
        scenes = await m.scenes(one)
        assert scenes == await m.scenes(same) != await m.scenes(other)
        length = (await m.call("GET", m.at(one))).result["metaData"]["durationMs"]
        assert (scenes[0]["startMs"], scenes[-1]["endMs"]) == (0, length)
        assert all(before["endMs"] == after["startMs"] for before, after in pairwise(scenes))
        assert len(scenes[0]["persons"]) == 3
        assert scenes[0]["script"].startswith("[ko] ")
        assert scenes[0]["audioEffects"]
        assert len(await m.scenes(one, "HIGH")) == len(scenes)
        shown = [sum(len(scene["keywords"]) for scene in await m.scenes(one, level)) for level in ("LOW", "HIGH")]
        assert shown[0] > shown[1]
        bad = await m.call("GET", m.at(one, "/index?confidence_level=SOME"))
        assert bad.refusal == INVALID


async def test_a_picture_is_one_scene() -> None:
    async with media() as m:
        (scene,) = await m.scenes(await m.indexed("a.png"))
        assert (scene["startMs"], scene["endMs"], scene["script"], scene["persons"]) == (None, None, "", [])


async def test_who_is_looked_for() -> None:
    async with media(register_strangers=False) as m:
        first, second, _ = await m.faces(3)
        nobody = await m.raw.person("No Face")
        tag, empty = await m.raw.tag("Anchor"), await m.raw.tag("Guest")
        for person in (first, nobody):
            await m.call("POST", f"{ROOM}/persons/{person}/person-tags", {"tagIds": [tag]})
        seen = {}
        asked: list[dict[str, Any]] = [{"tagIdList": [tag]}, {"tagIdList": [empty]}, {"analysisPersonCount": 0}, {}]
        for number, options in enumerate(asked):
            scene = (await m.scenes(await m.indexed(f"{number}.png", **options)))[0]
            seen[number] = {person["personId"] for person in scene["persons"]}
        assert (seen[0], seen[1], seen[2]) == ({first}, set(), set())
        assert {first, second} < seen[3]
        assert nobody not in seen[3]
        assert (await m.call("DELETE", f"{TAGS}/{tag}")).status == 200


async def test_scenes_of_given_lengths() -> None:
    async with media() as m:
        asset = await m.indexed(minSceneDurationSec=10, maxSceneDurationSec=10)
        lengths = {scene["endMs"] - scene["startMs"] for scene in (await m.scenes(asset))[:-1]}
        assert lengths == {10_000}


async def test_the_generation_before() -> None:
    async with media() as m:
        asset = await m.imported()
        analyze, indexes = m.at(asset, "/analyze"), m.at(asset, "/indexes")
        assert (await m.call("DELETE", analyze)).refusal == (404, "10038")
        assert (await m.call("GET", indexes)).result == {"totalCount": 0, "indexes": []}
        assert (await m.call("POST", analyze, {})).refusal == INVALID
        assert (await m.call("POST", analyze, {"analysisPersonCount": 0, "tagIdList": []})).refusal == INVALID
        requested = (await m.call("POST", analyze, {"analysisPersonCount": 0, "sceneRange": "LONG"})).result["id"]
        assert await m.status(asset, "/analyze-status") == "WAIT_ANALYZE"
        assert (await m.call("DELETE", analyze)).status == 200
        assert await m.status(asset, "/analyze-status") == "ANALYZE_CANCEL"
        requested = (await m.call("POST", analyze, {"analysisPersonCount": 0, "sceneRange": "LONG"})).result["id"]
        m.clock.now += QUEUE + ANALYSIS
        (listed,) = (await m.call("GET", indexes)).result["indexes"]
        assert (listed["indexId"], listed["analysisSetting"]["sceneRange"]) == (requested, "LONG")
        assert (await m.call("GET", f"{indexes}/{requested + 1}")).refusal == (404, "40002")
        shown = await m.call("GET", f"{indexes}/{requested}?confidence_level=LOW")
        assert shown.result == (await m.call("GET", m.at(asset, "/index?confidence_level=LOW"))).result
        assert (await m.call("DELETE", f"{indexes}/{requested + 1}")).refusal == (404, "40002")
        assert (await m.call("DELETE", f"{indexes}/{requested}")).status == 200
        assert (await m.call("GET", f"{indexes}/{requested}")).refusal == (404, "40002")
