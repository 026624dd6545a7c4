"""The emulator's persons, tags and workspaces: names, limits, uniqueness, main pictures, cascades."""

import pytest
from attrs import evolve

from tests.support.raw import PERSONS, QUICK, ROOM, TAGS, HandClock, Raw, emulated

INVALID = (400, "10001")


def given(*keys: str, primary: int | None = None) -> dict[str, object]:
    return {"thumbnails": [{"thumbnailKey": k, "isPrimaryThumbnail": n == primary} for n, k in enumerate(keys)]}


async def test_a_person_is_created_and_shown() -> None:
    async with emulated() as raw:
        keys = [await raw.upload(), await raw.upload()]
        body = {"name": "홍길동", "description": "d" * 700} | given(*keys, primary=1)
        number = (await raw.call("POST", PERSONS, body)).result["personId"]
        shown = (await raw.call("GET", f"{PERSONS}/{number}")).result
        assert (shown["personId"], shown["name"], shown["description"]) == (number, "홍길동", "d" * 700)
        assert [one["isPrimaryThumbnail"] for one in shown["thumbnails"]] == [False, True]
        for key, one in zip(keys, shown["thumbnails"], strict=True):
            assert key in one["url"]
            picture = await raw.send("GET", one["url"])
            assert (picture.status, picture.headers["Content-Type"]) == (200, "image/jpeg")
        assert list(raw.server.state.thumbnails()) == [(number, key) for key in keys]


async def test_anonymous_persons_have_no_name_to_clash() -> None:
    async with emulated() as raw:
        first, second = await raw.person(), await raw.person(None)
        shown = (await raw.call("GET", f"{PERSONS}/{first}")).result
        assert "name" not in shown
        assert first != second
        named = await raw.call("PATCH", f"{PERSONS}/{first}", {"name": "Now Named"})
        assert named.result["name"] == "Now Named"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"thumbnails": "x"},
        {"thumbnails": [{}]},
        {"name": "", "thumbnails": []},
        {"name": "  ", "thumbnails": []},
        {"name": "x" * 51, "thumbnails": []},
        {"name": 5, "thumbnails": []},
        {"name": "x", "description": "", "thumbnails": []},
        {"name": "x", "description": "d" * 701, "thumbnails": []},
        {"name": "x", "thumbnails": [{"thumbnailKey": "unknown"}]},
        {"name": "x", "thumbnails": [{"thumbnailKey": "unknown"}] * 101},
        ["no object"],
        b"no JSON",
    ],
)
async def test_invalid_persons(body: object) -> None:
    async with emulated() as raw:
        answer = await raw.call("POST", PERSONS, body)
        assert answer.refusal == INVALID
        assert answer.headers["x-emulator-reason"]
        assert answer.json == {
            "code": "10001",
            "message": f"Invalid Request. ({answer.headers['x-emulator-reason']})",
        }
        assert not list(raw.server.state.persons())


async def test_a_hundred_thumbnails_and_no_more() -> None:
    async with emulated() as raw:
        key = await raw.upload()
        assert (await raw.call("POST", PERSONS, given(*[key] * 101))).refusal == INVALID
        number = (await raw.call("POST", PERSONS, given(*[key] * 100))).result["personId"]
        assert len(raw.server.state.workspaces["newsroom"].persons[number].thumbnails) == 100


async def test_names_are_unique_until_changed_or_deleted() -> None:
    async with emulated() as raw:
        first, other = await raw.person("Gildong"), await raw.person("Other")
        taken = await raw.call("POST", PERSONS, {"name": "Gildong", "thumbnails": []})
        assert taken.refusal == (409, "50005")
        assert taken.json["message"] == "The name is already in use. Please enter a different name."
        assert (await raw.call("PATCH", f"{PERSONS}/{other}", {"name": "Gildong"})).refusal == (409, "50005")
        assert (await raw.call("PATCH", f"{PERSONS}/{first}", {"name": "Gildong"})).status == 200
        changed = (await raw.call("PATCH", f"{PERSONS}/{first}", {"name": "Renamed", "description": "New"})).result
        assert (changed["name"], changed["description"]) == ("Renamed", "New")
        again = await raw.person("Gildong")
        deleted = (await raw.call("DELETE", f"{PERSONS}/{again}")).result
        assert deleted["name"] == "Gildong"
        await raw.person("Gildong")


@pytest.mark.parametrize(
    "body",
    [{"name": " "}, {"name": "x" * 51}, {"description": ""}, {"description": "d" * 701}, {"primaryThumbnailId": "1"}],
)
async def test_invalid_changes_change_nothing(body: dict[str, object]) -> None:
    async with emulated() as raw:
        number = await raw.person("Gildong")
        assert (await raw.call("PATCH", f"{PERSONS}/{number}", {"description": "new"} | body)).refusal == INVALID
        assert "description" not in (await raw.call("GET", f"{PERSONS}/{number}")).result


async def _primary(raw: Raw, number: int) -> str | None:
    person = raw.server.state.workspaces["newsroom"].persons[number]
    return None if person.primary is None else person.thumbnails[person.primary]


async def test_the_main_picture() -> None:
    async with emulated() as raw:
        a, b, c = [await raw.upload() for _ in range(3)]
        two = await raw.call("POST", PERSONS, {"thumbnails": [{"thumbnailKey": a, "isPrimaryThumbnail": True}] * 2})
        assert two.refusal == (409, "10076")
        number = await raw.person("Gildong", [a, b])
        assert await _primary(raw, number) == a
        path = f"{PERSONS}/{number}/person-thumbnail"
        added = (await raw.call("POST", path, given(c, primary=0))).result
        assert added["personId"] == number
        assert [one["isPrimaryThumbnail"] for one in added["thumbnailList"]] == [False, False, True]
        second = added["thumbnailList"][1]["id"]
        changed = await raw.call("PATCH", f"{PERSONS}/{number}", {"primaryThumbnailId": second})
        assert [one["isPrimaryThumbnail"] for one in changed.result["thumbnails"]] == [False, True, False]
        assert (await raw.call("PATCH", f"{PERSONS}/{number}", {"primaryThumbnailId": 1})).refusal == (400, "10075")
        left = (await raw.call("POST", f"{path}/remove", {"thumbnailIds": [second]})).result["thumbnailList"]
        assert [one["isPrimaryThumbnail"] for one in left] == [True, False]
        assert await _primary(raw, number) == a


async def test_removing_thumbnails_but_not_all() -> None:
    async with emulated() as raw:
        number = await raw.person("Gildong", [await raw.upload(), await raw.upload()])
        path = f"{PERSONS}/{number}/person-thumbnail/remove"
        first, second = raw.server.state.workspaces["newsroom"].persons[number].thumbnails
        assert (await raw.call("POST", path, {"thumbnailIds": [first, second]})).refusal == (400, "10077")
        for _ in range(2):
            left = (await raw.call("POST", path, {"thumbnailIds": [second, 7]})).result
            assert [one["id"] for one in left["thumbnailList"]] == [first]
        bare = await raw.person("Bare")
        assert (
            await raw.call("POST", f"{PERSONS}/{bare}/person-thumbnail/remove", {"thumbnailIds": [1]})
        ).status == 200


async def test_the_same_key_twice_is_two_thumbnails() -> None:
    async with emulated() as raw:
        key = await raw.upload()
        number = await raw.person("Gildong", [key])
        await raw.call("POST", f"{PERSONS}/{number}/person-thumbnail", given(key))
        assert list(raw.server.state.thumbnails()) == [(number, key)] * 2


async def test_thumbnail_keys_must_be_complete_of_this_workspace_and_of_today() -> None:
    clock = HandClock()
    async with emulated(evolve(QUICK, workspaces=("newsroom", "other-room")), clock=clock) as raw:
        key, _ = await raw.presign()
        assert (await raw.call("POST", PERSONS, given(key))).refusal == INVALID
        key = await raw.upload()
        elsewhere = "/api/v1/workspaces/other-room/persons"
        assert (await raw.call("POST", elsewhere, given(key))).refusal == INVALID
        bad = await raw.upload(b"no picture")
        assert (await raw.call("POST", PERSONS, given(bad))).refusal == INVALID
        clock.now += 86_399
        number = await raw.person("In time", [key])
        clock.now += 1
        late = await raw.call("POST", f"{PERSONS}/{number}/person-thumbnail", given(key))
        assert late.refusal == INVALID


async def test_tags_add_up() -> None:
    async with emulated() as raw:
        number, anchor, guest = await raw.person("Gildong"), await raw.tag("Anchor"), await raw.tag("Guest")
        path = f"{PERSONS}/{number}/person-tags"
        for ids, names in (
            ([anchor], ["Anchor"]),
            ([guest, anchor], ["Anchor", "Guest"]),
            ([anchor], ["Anchor", "Guest"]),
        ):
            result = (await raw.call("POST", path, {"tagIds": ids})).result
            assert (result["personId"], [tag["name"] for tag in result["tagList"]]) == (number, names)
        assert (await raw.call("POST", path, {"tagIds": [1]})).refusal == INVALID
        for _ in range(2):
            result = (await raw.call("POST", f"{path}/remove", {"tagIds": [anchor, 1]})).result
            assert [tag["id"] for tag in result["tagList"]] == [guest]
        assert (await raw.call("DELETE", f"{TAGS}/{guest}")).json == {"code": "0", "message": "success"}
        assert (await raw.call("GET", f"{PERSONS}/{number}")).result["tags"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/person-thumbnail", {"thumbnails": []}),
        ("POST", "/person-thumbnail/remove", {"thumbnailIds": []}),
        ("POST", "/person-tags", {"tagIds": []}),
        ("POST", "/person-tags/remove", {"tagIds": []}),
    ],
)
async def test_persons_that_do_not_exist(method: str, path: str, body: object) -> None:
    async with emulated() as raw:
        assert (await raw.call(method, f"{PERSONS}/7{path}", body)).refusal == (404, "10001")
        assert (await raw.call(method, f"{PERSONS}/seven{path}", body)).refusal == INVALID


async def test_pages_of_persons() -> None:
    async with emulated() as raw:
        numbers = [await raw.person(f"Person {n}") for n in range(5)]
        page = (await raw.call("GET", f"{PERSONS}?pageNum=2&pageSize=2")).result
        assert [person["personId"] for person in page["content"]] == numbers[2:4]
        assert {k: v for k, v in page.items() if k != "content"} == {
            "totalCount": 5, "totalPage": 3, "pageNo": 2, "pageSize": 2,
        }  # fmt: skip
        assert (await raw.call("GET", f"{PERSONS}?pageNum=9&pageSize=2")).result["content"] == []
        assert (await raw.call("GET", f"{PERSONS}?pageNum=1")).result["pageSize"] == 1000


@pytest.mark.parametrize(
    "query",
    [
        "pageNum=0", "pageNum=-1", "pageNum=x", "pageSize=0", "pageSize=1001", "name=x", f"name={'x' * 51}",
        "name=a%3Bb", "name=a%7Cb", "name=a%60b", "tagIdList=1,x", f"tagIdList={','.join(map(str, range(31)))}",
    ],
)  # fmt: skip
async def test_invalid_listings_of_persons(query: str) -> None:
    async with emulated() as raw:
        assert (await raw.call("GET", f"{PERSONS}?{query}")).refusal == INVALID


async def test_filters_of_persons() -> None:
    async with emulated() as raw:
        anchor, guest, other = [await raw.tag(name) for name in ("Anchor", "Guest", "Other")]
        kim, lee, nobody = await raw.person("Kim Anna"), await raw.person("Lee Anna"), await raw.person()
        await raw.call("POST", f"{PERSONS}/{kim}/person-tags", {"tagIds": [anchor]})
        await raw.call("POST", f"{PERSONS}/{lee}/person-tags", {"tagIds": [guest]})

        async def found(query: str) -> list[int]:
            result = (await raw.call("GET", f"{PERSONS}?pageNum=1&{query}")).result
            return [person["personId"] for person in result["content"]]

        assert await found("name=Anna") == [kim, lee]
        assert await found("name=Kim") == [kim]
        assert await found(f"tagIdList={anchor},{guest}") == [kim, lee]
        assert await found(f"tagIdList={guest}&name=Kim") == []
        assert await found(f"tagIdList={other}") == []
        assert await found("") == [kim, lee, nobody]


async def test_tags() -> None:
    async with emulated() as raw:
        created = (await raw.call("POST", TAGS, {"name": "Anchor"})).result
        assert (created["name"], created["createdUserName"]) == ("Anchor", "*dong Hong")
        assert "T" in created["createdTime"]
        assert (await raw.call("POST", TAGS, {"name": "Anchor"})).refusal == (409, "10062")
        for name in ("", "x" * 31):
            assert (await raw.call("POST", TAGS, {"name": name})).refusal == INVALID
        longest = await raw.tag("x" * 30)
        listed = (await raw.call("GET", f"{TAGS}?pageNum=1")).result
        assert (listed["pageSize"], listed["totalCount"]) == (10, 2)
        assert listed["content"][0]["updatedUserName"] == "*dong Hong"
        by_name = (await raw.call("GET", f"{TAGS}?pageNum=1&name=chor")).result["content"]
        assert [tag["name"] for tag in by_name] == ["Anchor"]
        by_id = (await raw.call("GET", f"{TAGS}?pageNum=1&id={longest}")).result["content"]
        assert [tag["id"] for tag in by_id] == [longest]
        assert (await raw.call("GET", f"{TAGS}?pageNum=1&pageSize=51")).refusal == INVALID
        assert (await raw.call("GET", f"{TAGS}?pageNum=1&name={'x' * 31}")).refusal == INVALID
        assert (await raw.call("DELETE", f"{TAGS}/7")).refusal == (404, "10001")


async def test_workspaces() -> None:
    async with emulated() as raw:
        base = "/api/v1/workspaces"
        created = (await raw.call("POST", base, {"workspaceName": "my-room", "bucketName": "my-bucket"})).result
        assert (created["workspaceName"], created["createdUserName"]) == ("my-room", "*dong Hong")
        assert "bucketName" not in created
        shown = (await raw.call("GET", f"{base}/my-room")).result
        assert (shown["bucketName"], shown["monthlyAnalysisCount"]) == ("my-bucket", 0)
        assert shown["workspaceUrl"] == f"{raw.server.url}{base}/my-room"
        listed = (await raw.call("GET", f"{base}?pageNum=1")).result
        assert [room["workspaceName"] for room in listed["content"]] == ["newsroom", "my-room"]
        assert (await raw.call("GET", f"{base}?pageNum=1&pageSize=1001")).refusal == INVALID
        assert (await raw.call("POST", base, {"workspaceName": "my-room"})).refusal == (409, "20012")
        for name in ("ab", "x" * 64, "Room", "room_1", "방송국", "room\n"):
            assert (await raw.call("POST", base, {"workspaceName": name})).refusal == INVALID


async def test_a_deleted_workspace_takes_all_with_it() -> None:
    async with emulated(evolve(QUICK, workspaces=("newsroom", "other-room"))) as raw:
        key = await raw.upload()
        number = await raw.person("Gildong", [key])
        url = (await raw.call("GET", f"{PERSONS}/{number}")).result["thumbnails"][0]["url"]
        assert (await raw.call("DELETE", ROOM)).result["workspaceName"] == "newsroom"
        assert (await raw.send("GET", url)).status == 404
        assert (list(raw.server.state.persons()), raw.server.state.uploads) == ([], {})
        for path in (ROOM, PERSONS, f"{PERSONS}/{number}", TAGS):
            answer = await raw.call("GET", path)
            assert answer.refusal == (404, "10030")
            assert answer.json["message"] == "The workspace does not exist."
        await raw.call("POST", "/api/v1/workspaces", {"workspaceName": "newsroom"})
        assert (await raw.call("GET", f"{PERSONS}?pageNum=1")).result["content"] == []
