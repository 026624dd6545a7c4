"""The emulator's projects and media assets: names, limits, imports by the clock, cascades."""

import pytest

from mi_async.emulator.objects import EmulatedObject
from tests.support.media import ANALYSIS, IMPORT, QUEUE, media
from tests.support.raw import ROOM, emulated

PROJECTS = f"{ROOM}/projects"


async def test_a_workspace_has_a_base_project_that_keeps_its_name() -> None:
    async with emulated() as raw:
        (base,) = (await raw.call("GET", PROJECTS)).result["projects"]
        assert base["isBaseProject"]
        path = f"{PROJECTS}/{base['projectId']}"
        assert (await raw.call("GET", path)).result == base
        assert (await raw.call("PATCH", path, {"name": "Other"})).refusal == (400, "10027")
        assert (await raw.call("DELETE", path)).refusal == (400, "10033")


async def test_projects_come_and_go() -> None:
    async with emulated() as raw:
        created = (await raw.call("POST", PROJECTS, {"name": "Elections"})).result
        assert (created["name"], created["isBaseProject"]) == ("Elections", False)
        path = f"{PROJECTS}/{created['projectId']}"
        assert (await raw.call("PATCH", path, {"name": "Elections"})).status == 200
        assert (await raw.call("PATCH", path, {"name": "Votes"})).result["name"] == "Votes"
        listed = (await raw.call("GET", PROJECTS)).result
        assert [project["name"] for project in listed["projects"]] == ["Base project", "Votes"]
        assert listed["totalCount"] == 2
        gone = await raw.call("DELETE", path)
        assert gone.json == {"code": "0", "message": "success"}
        assert (await raw.call("GET", path)).refusal == (404, "10025")


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("Base project", (409, "10026")),
        ("x" * 101, (409, "10049")),
        ("a;b", (400, "10001")),
        ("a|b", (400, "10001")),
        ("a`b", (400, "10001")),
        (" ", (400, "10001")),
        (7, (400, "10001")),
    ],
)
async def test_names_of_projects(name: object, refusal: tuple[int, str]) -> None:
    async with emulated() as raw:
        assert (await raw.call("POST", PROJECTS, {"name": name})).refusal == refusal
        created = (await raw.call("POST", PROJECTS, {"name": "x" * 100})).result["projectId"]
        assert (await raw.call("PATCH", f"{PROJECTS}/{created}", {"name": name})).refusal == refusal


async def test_a_thousand_projects_and_no_more() -> None:
    async with emulated() as raw:
        room = raw.server.state.workspaces["newsroom"]
        for number in range(998):
            raw.server.state.add_project(room, f"Project {number}")
        assert (await raw.call("POST", PROJECTS, {"name": "The last"})).status == 200
        assert (await raw.call("POST", PROJECTS, {"name": "One more"})).refusal == (409, "10045")


async def test_an_import_is_over_when_its_time_has_passed() -> None:
    async with media() as m:
        asset = await m.register("news/evening.mp4")
        path = m.at(asset, "/import-status")
        assert (await m.call("GET", path)).result == {"assetId": asset, "uploadStatus": "IN_PROGRESS"}
        assert "metaData" not in (await m.call("GET", m.at(asset))).result
        m.clock.now += IMPORT
        done = (await m.call("GET", path)).result
        assert done["uploadStatus"] == "COMPLETED"
        assert done["metaData"]["format"] == "mp4"
        assert done["metaData"]["durationMs"] >= 30_000
        shown = (await m.call("GET", m.at(asset))).result
        assert (shown["fileName"], shown["key"]) == ("evening.mp4", "news/evening.mp4")
        assert shown["metaData"] == done["metaData"]
        again = await m.imported("news/evening.mp4")
        assert again != asset
        assert (await m.call("GET", m.at(again))).result["metaData"] == done["metaData"]


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [
        ("missing.mp4", "FILE_NOT_EXIST", ""),
        ("lowres.mp4", "INVALID_METADATA", "resolution 320x240"),
        ("text.txt", "INVALID_METADATA", "format txt"),
        ("no-extension", "INVALID_METADATA", "format unknown"),
        ("picture.JPEG", "COMPLETED", ""),
        ("picture.heic", "COMPLETED", ""),
        ("film.mkv", "COMPLETED", ""),
    ],
)
async def test_what_becomes_of_an_import(key: str, status: str, words: str) -> None:
    async with media() as m:
        asset = await m.imported(key)
        told = (await m.call("GET", m.at(asset, "/import-status"))).result
        assert told["uploadStatus"] == status
        assert words in told.get("uploadResult", "")
        refused = await m.call("POST", m.at(asset, "/index"), {})
        assert (refused.status == 200) is (status == "COMPLETED")


async def test_objects_can_be_given() -> None:
    long = EmulatedObject("digest", "mp4", 10, 1280, 720, 7 * 3600 * 1000)
    heavy = EmulatedObject("digest", "jpg", 10 * 2**20 + 1, 1280, 720)

    async def look(bucket: str, key: str) -> EmulatedObject | None:
        return long if (bucket, key) == ("footage", "long.mp4") else None

    async with media(objects={"heavy.jpg": heavy}) as m:
        asset = await m.imported("heavy.jpg")
        assert "size" in (await m.call("GET", m.at(asset, "/import-status"))).result["uploadResult"]
        other = await m.imported("other.jpg")
        assert (await m.call("GET", m.at(other, "/import-status"))).result["uploadStatus"] == "FILE_NOT_EXIST"
    async with media(objects=look) as m:
        asset = await m.imported("long.mp4")
        assert "6 hours" in (await m.call("GET", m.at(asset, "/import-status"))).result["uploadResult"]


async def test_what_cannot_be_registered() -> None:
    async with emulated() as raw:
        await raw.call("POST", "/api/v1/workspaces", {"workspaceName": "linked", "bucketName": "footage"})
        room = "/api/v1/workspaces/linked/projects"
        base = (await raw.call("GET", room)).result["projects"][0]["projectId"]
        path = f"{room}/{base}/assets/import/object-storage"
        for body, refusal in (
            ({"key": "a.mp4", "bucketName": "other"}, (400, "10041")),
            ({"key": "a.mp4", "bucketName": ""}, (400, "10041")),
            ({"key": "folder/", "bucketName": "footage"}, (400, "10016")),
            ({"key": "", "bucketName": "footage"}, (400, "10016")),
            ({"key": "a.mp4"}, (400, "10001")),
        ):
            assert (await raw.call("POST", path, body)).refusal == refusal
        assert (await raw.call("POST", path, {"key": "a.mp4", "bucketName": "footage"})).status == 200
        nowhere = f"{room}/1/assets/import/object-storage"
        assert (await raw.call("POST", nowhere, {"key": "a.mp4", "bucketName": "footage"})).refusal == (404, "10025")


async def test_assets_are_listed_by_page_and_moved() -> None:
    async with media() as m:
        assets = [await m.register(f"{number}.mp4") for number in range(5)]
        page = (await m.call("GET", f"{m.at()}?pageNum=2&pageSize=2")).result
        assert [asset["assetId"] for asset in page["content"]] == assets[2:4]
        assert (page["totalCount"], page["totalPage"], page["pageNo"], page["pageSize"]) == (5, 3, 2, 2)
        assert (await m.call("GET", f"{m.at()}?pageNum=1&pageSize=1001")).refusal == (400, "10001")
        other = (await m.call("POST", PROJECTS, {"name": "Other"})).result["projectId"]
        moved = (await m.call("PATCH", f"{m.at(assets[0])}?new_project_id={other}")).result
        assert (moved["assetId"], moved["projectId"]) == (assets[0], other)
        assert (await m.call("GET", m.at(assets[0]))).refusal == (404, "10010")
        assert (await m.call("GET", m.at(assets[0], project=other))).result == moved
        assert (await m.call("PATCH", f"{m.at(assets[1])}?new_project_id=1")).refusal == (404, "10025")


async def test_an_asset_that_is_analysed_stays() -> None:
    async with media() as m:
        asset = await m.imported()
        await m.call("POST", m.at(asset, "/index"), {})
        assert (await m.call("DELETE", m.at(asset))).refusal == (422, "10017")
        m.clock.now += QUEUE + ANALYSIS
        await m.call("POST", m.at(asset, "/scene-summary"), {})
        assert (await m.call("DELETE", m.at(asset))).refusal == (422, "10017")
        m.clock.now += 10
        assert (await m.call("DELETE", m.at(asset))).status == 200
        assert (await m.call("GET", m.at(asset, "/index"))).refusal == (404, "10010")


async def test_a_project_takes_its_assets_along() -> None:
    async with media() as m:
        project = (await m.call("POST", PROJECTS, {"name": "Brief"})).result["projectId"]
        asset = await m.indexed(project=project)
        assert (await m.call("DELETE", f"{PROJECTS}/{project}")).status == 200
        assert (await m.call("GET", m.at(asset, "/index", project))).refusal == (404, "10025")
        assert not list(m.room.assets())


async def test_a_workspace_takes_everything_along() -> None:
    async with media() as m:
        asset = await m.indexed()
        search = (await m.call("POST", f"{ROOM}/assets/search", {"query": {"textQuery": "sea"}})).result["searchId"]
        assert (await m.call("DELETE", ROOM)).status == 200
        assert (await m.call("GET", m.at(asset))).refusal == (404, "10030")
        await m.call("POST", "/api/v1/workspaces", {"workspaceName": "newsroom"})
        (base,) = (await m.call("GET", PROJECTS)).result["projects"]
        assert base["projectId"] != m.project
        assert (await m.call("GET", m.at(asset, project=base["projectId"]))).refusal == (404, "10010")
        assert (await m.call("GET", f"{ROOM}/assets/search/{search}")).refusal == (404, "10001")
