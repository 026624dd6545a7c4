"""An analysis registers the faces that it does not know as persons without a name."""

from io import BytesIO

from attrs import evolve
from PIL import Image

from mi_async import NameType
from mi_async.emulator.objects import by_name
from mi_async.emulator.plain_images import is_plain
from mi_async.emulator.unknown_faces import portraits
from mi_async.workflows.named_person import find_person
from tests.support.media import ANALYSIS, QUEUE, Media, media
from tests.support.newsroom import context_of, newsroom
from tests.support.pictures import picture
from tests.support.raw import PERSONS, QUICK, ROOM

TWO = "clip-1.mp4"
"""An object that shows two strangers, as its digest has it."""


async def _persons(m: Media) -> list[dict[str, object]]:
    content: list[dict[str, object]] = (await m.call("GET", f"{PERSONS}?pageNum=1")).result["content"]
    return content


async def test_strangers_come_with_the_end_of_the_analysis() -> None:
    async with media() as m:
        enrolled = await m.raw.person("Gildong", [await m.raw.upload()])
        asset = await m.imported(TWO)
        await m.call("POST", m.at(asset, "/index"), {})
        m.clock.now += QUEUE + ANALYSIS - 0.01
        assert [person["personId"] for person in await _persons(m)] == [enrolled]
        m.clock.now += 0.02
        named, *strangers = await _persons(m)
        assert (named["personId"], named["name"]) == (enrolled, "Gildong")
        assert [person.get("name") for person in strangers] == [None, None]
        first = (await m.scenes(asset))[0]["persons"]
        assert first == [{"personId": person["personId"]} for person in (named, *strangers)]
        for person in strangers:
            face = await m.raw.send("GET", person["thumbnails"][0]["url"])  # type: ignore[index]  # JSON
            image = Image.open(BytesIO(face.body))
            assert (image.format, image.size, face.headers["Content-Type"]) == ("PNG", (256, 256), "image/png")


async def test_who_was_registered_is_recognised_and_not_registered_again() -> None:
    async with media() as m:
        await m.indexed(TWO)
        before = [person["personId"] for person in await _persons(m)]
        await m.indexed(TWO)  # the same object as another asset
        again = await m.imported(TWO)
        await m.analysed(again)
        await m.analysed(again)
        assert [person["personId"] for person in await _persons(m)] == before
        assert len((await m.scenes(again))[0]["persons"]) == len(before)


async def test_a_stranger_who_is_named_merged_or_deleted() -> None:
    async with media() as m:
        await m.indexed(TWO)
        one, other = [person["personId"] for person in await _persons(m)]
        assert (await m.call("PATCH", f"{PERSONS}/{one}", {"name": "Gildong"})).status == 200
        assert (await m.call("POST", f"{PERSONS}/{one}/merge", {"personIds": [other]})).status == 200
        await m.indexed(TWO)
        assert [person["personId"] for person in await _persons(m)] == [one]
        await m.call("DELETE", f"{PERSONS}/{one}")
        await m.indexed(TWO)
        assert len(await _persons(m)) == 2


async def test_nobody_is_registered_who_was_not_looked_for() -> None:
    for options in ({"analysisPersonCount": 0}, {"analysisPersonCount": 1}):
        async with media() as m:
            await m.indexed(TWO, **options)
            assert len(await _persons(m)) == options["analysisPersonCount"]
    async with media(register_strangers=False) as m:
        await m.indexed(TWO)
        assert await _persons(m) == []


async def test_a_cancelled_or_failed_analysis_registers_nobody() -> None:
    async with media() as m:
        asset = await m.imported(TWO)
        await m.call("POST", m.at(asset, "/index"), {})
        assert (await m.call("POST", m.at(asset, "/index/cancel"))).status == 200
        m.clock.now += QUEUE + ANALYSIS
        assert await _persons(m) == []
        m.raw.server.state.settings = evolve(QUICK, failing_jobs=1.0)
        await m.analysed(asset)
        assert await _persons(m) == []
        assert (await m.call("GET", ROOM)).result["monthlyAnalysisCount"] == 1


async def test_a_look_up_by_name_leaves_them_out() -> None:
    async with newsroom() as news:
        for name in ("김", "홍길동"):
            await news.workspace.enroll_person(name, [picture("jpg")])
            await news.workspace.persons.create(thumbnails=[])
        context = context_of(news.workspace)
        for name, found in (("김", True), ("홍길동", True), ("홍길", False), ("박", False)):
            assert (await find_person(context, name) is not None) is found
        assert news.server.log.count("persons.list") == 0
        named = [person.name async for person in news.workspace.persons.search_all(name_type=NameType.NAMED)]
        assert sorted(map(str, named)) == ["김", "홍길동"]


async def test_the_face_of_a_stranger_is_no_plain_image() -> None:
    found = [await by_name("footage", f"{number}.mp4") for number in range(20)]
    shown = [face for each in found if each is not None for face in portraits(each, 2)]
    assert len(shown) > 5
    assert len(set(shown)) == len(shown)
    assert not [face for face in shown if is_plain(face) or len(face) > 20_000]
