"""The emulator's persons as a whole: search, merge, who looks like whom, and what becomes of scenes."""

from typing import Any

import pytest

from mi_async.emulator import example_image
from mi_async.emulator.png_images import SIGNATURE, face_in
from tests.support.media import media
from tests.support.pictures import picture
from tests.support.raw import PERSONS, emulated

INVALID = (400, "10001")
FACES = ("hong", "han", "kim", "lee")


async def test_search_filters_and_pages() -> None:
    async with emulated() as raw:
        numbers = [await raw.person(name) for name in ("Anna", "Hannah", None, "Bob")]
        tag = await raw.tag("Anchor")
        await raw.call("POST", f"{PERSONS}/{numbers[3]}/person-tags", {"tagIds": [tag]})

        async def search(**body: Any) -> list[int]:
            page = (await raw.call("POST", f"{PERSONS}/search", {"pageNum": 1} | body)).result
            assert page["totalCount"] == len(page["content"])
            return [person["personId"] for person in page["content"]]

        assert await search() == numbers
        assert await search(name="nna") == numbers[:2]
        assert await search(personIds=[numbers[2], 1]) == [numbers[2]]
        assert await search(personIds=[]) == []
        assert await search(tagIds=[tag]) == [numbers[3]]
        assert await search(nameType="ANONYMOUS") == [numbers[2]]
        assert await search(nameType="NAMED", name="ob") == [numbers[3]]
        assert await search(sortColumn="PERSON_ID") == numbers[::-1]
        assert await search(sortColumn="CREATED_AT", sortType="ASC") == numbers
        assert await search(sortColumn="NAME", sortType="ASC") == [numbers[2], numbers[0], numbers[3], numbers[1]]
        page = (await raw.call("POST", f"{PERSONS}/search", {"pageNum": 2, "pageSize": 3})).result
        assert (page["totalPage"], page["pageNo"], len(page["content"])) == (2, 2, 1)


@pytest.mark.parametrize(
    "body",
    [
        {"pageNum": 0},
        {"pageNum": 1, "pageSize": 51},
        {"pageNum": 1, "name": "x"},
        {"pageNum": 1, "name": "a;b"},
        {"pageNum": 1, "nameType": "NICKNAMED"},
        {"pageNum": 1, "sortColumn": "AGE"},
        {"pageNum": 1, "sortType": "UP"},
    ],
)
async def test_invalid_searches(body: dict[str, object]) -> None:
    async with emulated() as raw:
        assert (await raw.call("POST", f"{PERSONS}/search", body)).refusal == INVALID


async def test_persons_in_most_assets_come_first() -> None:
    async with media(register_strangers=False) as m:
        rare, frequent = await m.faces(2)
        await m.indexed("a.png", analysisPersonCount=10)
        await m.call("DELETE", f"{PERSONS}/{rare}")
        rare = (await m.faces(1))[0]
        await m.indexed("b.png", analysisPersonCount=10)
        page = (await m.call("POST", f"{PERSONS}/search", {"pageNum": 1})).result
        assert [person["personId"] for person in page["content"]] == [frequent, rare]


async def test_a_merge_moves_everything() -> None:
    async with media() as m:
        left, right = await m.faces(2)
        nameless = await m.raw.person()
        tag = await m.raw.tag("Anchor")
        await m.call("POST", f"{PERSONS}/{right}/person-tags", {"tagIds": [tag]})
        asset = await m.indexed("a.png", analysisPersonCount=2)
        other = await m.indexed("a.mp4", analysisPersonCount=1)
        merged = (await m.call("POST", f"{PERSONS}/{nameless}/merge", {"personIds": [left, right, left]})).result
        assert (merged["personId"], merged["transferredThumbnailCount"]) == (nameless, 2)
        assert merged["transferredAssetCount"] == 3
        assert merged["mergedTime"]
        shown = (await m.call("GET", f"{PERSONS}/{nameless}")).result
        assert [thumbnail["isPrimaryThumbnail"] for thumbnail in shown["thumbnails"]] == [True, False]
        assert [tag["name"] for tag in shown["tags"]] == ["Anchor"]
        for source in (left, right):
            assert (await m.call("GET", f"{PERSONS}/{source}")).refusal == (404, "10001")
        for one in (asset, other):
            assert (await m.scenes(one))[0]["persons"] == [{"personId": nameless}]
        await m.raw.person("Person 0")


async def test_what_cannot_be_merged() -> None:
    async with emulated() as raw:
        one, other = await raw.person("One"), await raw.person("Other")
        path = f"{PERSONS}/{one}/merge"
        for unfit in ([], [one], [other, one], [other, 1], [other, *range(1, 11)]):
            assert (await raw.call("POST", path, {"personIds": unfit})).refusal == INVALID
        assert (await raw.call("POST", f"{PERSONS}/1/merge", {"personIds": [other]})).refusal == (404, "10001")
        assert (await raw.call("GET", f"{PERSONS}/{other}")).status == 200


async def test_who_looks_like_whom() -> None:
    async with emulated() as raw:
        one, twin = [await raw.person(name, [await raw.upload()]) for name in ("One", "Twin")]
        others = [await raw.person(f"Other {n}", [await raw.upload(picture("jpg", 256 + n, 256))]) for n in range(20)]
        path = f"{PERSONS}/{one}/similar"
        found = (await raw.call("GET", path)).result
        assert found["personId"] == one
        assert found["similarPersons"][0] == {"personId": twin, "score": 100, "emulated": True}
        assert len(found["similarPersons"]) == 3
        many = (await raw.call("GET", f"{path}?personCount=10")).result["similarPersons"]
        scores = [person["score"] for person in many]
        assert scores == sorted(scores, reverse=True)
        assert all(80 <= score <= 100 for score in scores)
        assert {person["personId"] for person in many[1:]} <= set(others)
        assert (await raw.call("GET", f"{path}?scoreThreshold=100")).result["similarPersons"] == many[:1]
        for query in ("personCount=0", "personCount=11", "scoreThreshold=79", "scoreThreshold=101"):
            assert (await raw.call("GET", f"{path}?{query}")).refusal == INVALID


async def test_without_a_face_nobody_looks_like_anybody() -> None:
    async with emulated() as raw:
        one, faceless = await raw.person("One", [await raw.upload()]), await raw.person("Faceless")
        assert (await raw.call("GET", f"{PERSONS}/{faceless}/similar")).refusal == (400, "10075")
        assert (await raw.call("GET", f"{PERSONS}/{one}/similar")).result["similarPersons"] == []


async def test_who_looks_like_a_picture() -> None:
    async with emulated() as raw:
        one = await raw.person("One", [await raw.upload()])
        path = f"{PERSONS}/recommend-by-thumbnail"
        found = (await raw.call("POST", path, {"thumbnailKey": await raw.upload()})).result
        assert found == {"recommendedPersons": [{"personId": one, "score": 100}], "emulated": True}
        assert (await raw.call("POST", path, {"thumbnailKey": "unknown"})).refusal == INVALID
        key = await raw.upload()
        assert (await raw.call("POST", path, {"thumbnailKey": key, "personCount": 11})).refusal == INVALID


async def test_removals_by_delete_with_a_body() -> None:
    async with emulated() as raw:
        one, tag = await raw.person("One", [await raw.upload(), await raw.upload()]), await raw.tag("Anchor")
        await raw.call("POST", f"{PERSONS}/{one}/person-tags", {"tagIds": [tag]})
        first, second = (await raw.call("GET", f"{PERSONS}/{one}")).result["thumbnails"]
        path = f"{PERSONS}/{one}/person-thumbnail"
        left = (await raw.call("DELETE", path, {"thumbnailIds": [first["id"]]})).result
        assert [thumbnail["id"] for thumbnail in left["thumbnailList"]] == [second["id"]]
        assert (await raw.call("DELETE", path, {"thumbnailIds": [second["id"]]})).refusal == (400, "10077")
        assert (await raw.call("DELETE", f"{PERSONS}/{one}/person-tags", {"tagIds": [tag]})).result["tagList"] == []
        assert (await raw.call("DELETE", f"{PERSONS}/{one}/person-tags")).refusal == INVALID


async def test_a_deleted_person_is_nobody_in_scenes() -> None:
    async with media() as m:
        people = await m.faces(2)
        asset = await m.indexed("a.png")
        for person in people:
            await m.call("DELETE", f"{PERSONS}/{person}")
        assert (await m.scenes(asset))[0]["persons"] == [{"personId": None}] * 2


async def test_images_of_one_face_look_alike_and_those_of_two_do_not() -> None:
    async with emulated() as raw:
        keys = {name: await raw.upload(example_image(number, face=name[0])) for number, name in enumerate(FACES)}
        persons = {name: await raw.person(name, [key]) for name, key in keys.items()}
        plain = await raw.person("plain", [await raw.upload(example_image(100))])
        body = {"thumbnailKey": await raw.upload(example_image(101, face="h")), "personCount": 10}
        found = (await raw.call("POST", f"{PERSONS}/recommend-by-thumbnail", body)).result["recommendedPersons"]
        assert {person["personId"] for person in found} == {persons["hong"], persons["han"]}
        assert all(90 <= person["score"] <= 99 for person in found)
        for name in FACES:
            alike = (await raw.call("GET", f"{PERSONS}/{persons[name]}/similar?personCount=10")).result[
                "similarPersons"
            ]
            assert {one["personId"] for one in alike} == {persons[each] for each in FACES if each[0] == name[0]} - {
                persons[name]
            }
        assert (await raw.call("GET", f"{PERSONS}/{plain}/similar?personCount=10")).result["similarPersons"] == []
        same = {"thumbnailKey": await raw.upload(example_image(0, face="h")), "personCount": 1}
        (best,) = (await raw.call("POST", f"{PERSONS}/recommend-by-thumbnail", same)).result["recommendedPersons"]
        assert best == {"personId": persons["hong"], "score": 100}


@pytest.mark.parametrize("face", ["hong", "홍길동", "a b\nc", ""])
def test_an_image_says_whose_face_it_shows(face: str) -> None:
    assert face_in(example_image(3, face=face)) == face
    assert face_in(example_image(3)) == ""


@pytest.mark.parametrize(
    ("chunk", "face"),
    [
        (b"tEXtFace\0Hong", "Hong"),  # as most tools write it
        (b"tEXtTitle\0Hong", ""),
        (b"iTXtFace\0\1\0\0\0compressed", ""),
        (b"iTXtFace", ""),
        (b"iTXtFace\0\0\0ko", "ko"),  # cut short
        (b"iTXtFace\0\0\0\0\0\xff", "\ufffd"),
        (b"IDATxx", ""),
        (b"", ""),
    ],
)
def test_chunks_of_others(chunk: bytes, face: str) -> None:
    size = (len(chunk) - 4).to_bytes(4, "big") if chunk else b""
    assert face_in(SIGNATURE + size + chunk) == face
    assert face_in(size + chunk) == ""
