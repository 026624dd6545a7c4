"""The emulator's scene summaries: a full run first, then partial ones; gone with the index."""

from tests.support.media import QUEUE, SUMMARY, Media, media

INVALID = (400, "10001")


async def summarised(m: Media, asset: int, **body: object) -> int:
    number: int = (await m.call("POST", m.at(asset, "/scene-summary"), body)).result["sceneSummaryId"]
    m.clock.now += QUEUE + SUMMARY
    return number


async def test_a_summary_goes_through_its_states() -> None:
    async with media() as m:
        asset = await m.imported()
        status, path = "/scene-summary/status", m.at(asset, "/scene-summary")
        assert await m.status(asset, status) == "BEFORE_SUMMARIZE"
        assert (await m.call("POST", path, {})).refusal == (400, "50003")
        assert (await m.call("GET", path)).refusal == (404, "10001")
        await m.analysed(asset)
        assert await m.status(asset, status) == "BEFORE_SUMMARIZE"
        assert (await m.call("GET", path)).refusal == (404, "10001")
        assert (await m.call("POST", path, {"locale": "ko"})).status == 200
        assert await m.status(asset, status) == "WAIT_SUMMARIZE"
        assert (await m.call("POST", path, {})).refusal == (409, "10001")
        m.clock.now += QUEUE
        assert await m.status(asset, status) == "SUMMARIZING"
        assert (await m.call("GET", path)).refusal == (404, "10001")
        m.clock.now += SUMMARY
        assert await m.status(asset, status) == "SUMMARIZE_COMPLETED"
        shown = (await m.call("GET", path)).result
        info = shown["sceneSummaryInfo"]
        assert shown["indexId"] == (await m.call("GET", m.at(asset, "/index"))).result["indexId"]
        assert sorted(info) == ["analyzedSceneIds", "lastAnalyzedAt"]
        assert info["analyzedSceneIds"] is None
        assert "T" in info["lastAnalyzedAt"]
        texts = shown["sceneSummaries"]
        assert len(texts) == len(await m.scenes(asset))
        assert all(text["summary"].startswith("[ko] A scene about ") for text in texts)
        assert all(text["emulated"] is True for text in texts)


async def test_a_part_after_the_whole() -> None:
    async with media() as m:
        asset = await m.indexed(sceneRange="EXTRA_SHORT")
        path = m.at(asset, "/scene-summary")
        assert (await m.call("POST", path, {"sceneIds": [1]})).refusal == INVALID
        await summarised(m, asset, locale="en")
        whole = (await m.call("GET", path)).result
        unfit: list[dict[str, object]] = [{"sceneIds": [99999]}, {"sceneIds": []}, {"sceneIds": [1], "locale": "ko"}]
        for body in unfit:
            assert (await m.call("POST", path, body)).refusal == INVALID
        assert (await m.call("POST", path, {"sceneIds": [2]})).status == 200
        assert (await m.call("GET", path)).refusal == (409, "10001")
        m.clock.now += QUEUE + SUMMARY
        again = (await m.call("GET", path)).result
        assert again["sceneSummaries"] == whole["sceneSummaries"]
        assert again["sceneSummaries"][0]["locale"] == "en"
        assert again["sceneSummaryInfo"]["analyzedSceneIds"] == ["2"]


async def test_cancelling() -> None:
    async with media() as m:
        asset = await m.indexed()
        cancel = m.at(asset, "/scene-summary/cancel")
        assert (await m.call("POST", cancel)).refusal == (409, "10001")
        for wait in (0.0, QUEUE):
            await m.call("POST", m.at(asset, "/scene-summary"), {})
            m.clock.now += wait
            assert (await m.call("POST", cancel)).json == {"code": "0", "message": "success"}
            assert await m.status(asset, "/scene-summary/status") == "SUMMARIZE_CANCELED"
        assert (await m.call("GET", m.at(asset, "/scene-summary"))).refusal == (404, "10001")
        await summarised(m, asset)
        assert (await m.call("POST", cancel)).refusal == (409, "10001")


async def test_a_failure() -> None:
    async with media() as m:
        asset = await m.indexed()
        await m.call("POST", m.at(asset, "/scene-summary"), {})
        run = next(iter(m.room.assets()))[1].index(m.clock.now)
        assert run is not None
        assert run.run is not None
        run.run.job.fails = True
        m.clock.now += QUEUE + SUMMARY
        assert await m.status(asset, "/scene-summary/status") == "SUMMARIZE_FAIL"


async def test_a_summary_goes_with_its_index() -> None:
    async with media() as m:
        asset = await m.indexed()
        await summarised(m, asset)
        await m.analysed(asset)
        assert await m.status(asset, "/scene-summary/status") == "BEFORE_SUMMARIZE"
        await summarised(m, asset)
        await m.call("DELETE", m.at(asset, "/index"))
        assert (await m.call("GET", m.at(asset, "/scene-summary"))).refusal == (404, "10001")


async def test_the_generation_before() -> None:
    async with media() as m:
        asset = await m.indexed()
        index = (await m.call("GET", m.at(asset, "/index"))).result["indexId"]
        path = m.at(asset, f"/indexes/{index}/scene-summaries")
        assert (await m.call("GET", path)).refusal == (404, "10001")
        run = (await m.call("POST", path, {})).result["sceneSummaryId"]
        assert (await m.call("GET", f"{path}/{run}/status")).result == {"status": "WAIT_SUMMARIZE"}
        assert (await m.call("GET", f"{path}/{run + 1}/status")).refusal == (404, "10001")
        assert (await m.call("DELETE", f"{path}/{run}")).status == 200
        assert (await m.call("DELETE", f"{path}/{run}")).refusal == (409, "10001")
        run = await summarised(m, asset)
        assert (await m.call("GET", f"{path}/{run}/status")).result == {"status": "SUMMARIZE_COMPLETED"}
        assert (await m.call("GET", path)).result == (await m.call("GET", m.at(asset, "/scene-summary"))).result
        other = m.at(asset, f"/indexes/{index + 1}/scene-summaries")
        assert (await m.call("POST", other, {})).refusal == (404, "40002")
