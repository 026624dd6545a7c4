"""The API as declared, against the examples of the vendor's pages, and its listings page by page."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from attrs import define, field

from mi_async import api
from mi_async._core import convert
from mi_async._core.envelope import open_envelope
from mi_async._core.operation import Operation
from mi_async._core.paging import every
from mi_async._core.wire import Request, Response
from mi_async.api.person_tags import PersonTags
from mi_async.api.persons import Persons, ThumbnailInput
from mi_async.api.thumbnails import UploadMessage, UploadStatus
from mi_async.api.workspaces import Workspaces
from mi_async.models import Page
from tests.support.contract import CONTRACT, PERSON, THUMBNAIL, Documented
from tests.support.recorder import Recorder, receive

each_page = pytest.mark.parametrize("page", CONTRACT, ids=lambda page: page.id)


async def call(page: Documented, recorder: Recorder) -> Any:
    """Make the documented call as a user does."""
    group, _, verb = page.id.partition(".")
    arguments = dict(page.call)
    if "thumbnails" in arguments:
        arguments["thumbnails"] = [ThumbnailInput(key, primary) for key, primary in arguments["thumbnails"]]
    bound = (
        Workspaces(recorder) if group == "workspaces" else getattr(api.WorkspaceGroups(recorder, "my-workspace"), group)
    )
    return await getattr(bound, verb)(**arguments)


@each_page
async def test_the_documented_request(page: Documented) -> None:
    recorder = Recorder()
    await call(page, recorder)
    request = recorder.request
    assert (request.method, request.target) == (page.route.partition(" ")[0], page.target)
    assert (json.loads(request.body) if request.body is not None else None) == page.body


@each_page
async def test_a_server_reads_the_documented_request(page: Documented) -> None:
    recorder = Recorder()
    await call(page, recorder)
    operation, arguments = recorder.made[0]
    body = None if page.body is None else json.dumps(page.body, ensure_ascii=False).encode()
    received = receive(operation, Request(operation.method, page.target, body))
    again = operation.build(arguments | received)
    assert (again.target, json.loads(again.body or b"null")) == (page.target, page.body)


@each_page
async def test_the_documented_answer(page: Documented) -> None:
    envelope = {"code": "0", "message": "success"} | ({} if page.result is None else {"result": page.result})
    result = open_envelope(Response(200, {}, json.dumps(envelope).encode()), page.id)
    recorder = Recorder(result)
    answer = await call(page, recorder)
    if page.result is None:
        operation, _ = recorder.made[0]
        assert answer is None
        assert operation.parse(result) is None
        return
    assert not answer.extra
    written = json.loads(convert.dumps(answer))
    for name, value in page.result.items():
        spelling = {"id": "personId"} if page.id == "persons.create" else {}
        assert value is None or written[spelling.get(name, name)] == value


async def test_a_person_as_before_and_after_2026_09_17() -> None:
    for identity in ({"id": 1001}, {"personId": 1001}, {"id": 1001, "personId": 1001}):
        members = {name: value for name, value in PERSON.items() if name != "personId"} | identity
        person = await Persons(Recorder(members), workspace_name="w").get(1001)
        assert (person.id, person.name, person.extra) == (1001, "Jae-suk Yoo", {})
        assert (person.thumbnails[0].id, person.tags[0].name) == (4321, "Anchor")


async def test_an_anonymous_person_and_members_to_come() -> None:
    person = await Persons(Recorder({"id": 1, "name": None, "assetCount": 3}), workspace_name="w").get(1)
    assert (person.name, person.tags, person.thumbnails, person.extra) == (None, (), (), {"assetCount": 3})


async def test_a_refused_upload_is_an_answer() -> None:
    check = await api.WorkspaceGroups(
        Recorder({"uploadStatus": "FAILED", "uploadMessage": "TOO_DARK"}), "w"
    ).thumbnails.complete("k")
    assert check.upload_status is UploadStatus.FAILED
    assert check.upload_message == "TOO_DARK"
    assert isinstance(check.upload_message, UploadMessage)


async def test_urls_that_are_secrets_are_in_no_repr() -> None:
    answer = await Persons(Recorder({"thumbnailList": [THUMBNAIL]}), workspace_name="w").remove_thumbnails(
        1, thumbnail_ids=[1]
    )
    issued = {"thumbnailKey": "k", "url": "https://storage.example/k?signature=secret", "expirationSeconds": 900}
    presigned = await api.WorkspaceGroups(Recorder(issued), "w").thumbnails.presign("a.jpg")
    assert "https" not in repr([answer, presigned])


@define
class Shelf:
    """A caller with a listing of ``total`` items in pages of ``size``."""

    total: int
    size: int
    asked: list[str] = field(factory=list)

    async def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        target = operation.build(arguments).target
        self.asked.append(target.partition("?")[2])
        number = int(parse_qs(self.asked[-1])["pageNum"][0])
        start = (number - 1) * self.size
        identity = "workspaceName" if operation.group == "workspaces" else "id"
        items = [
            {identity: self.item(operation, n), "name": str(n)}
            for n in range(start, min(start + self.size, self.total))
        ]
        pages = -(-self.total // self.size)
        return operation.parse({"content": items, "totalCount": self.total, "totalPage": pages, "pageNo": number})

    @staticmethod
    def item(operation: Operation, number: int) -> object:
        return str(number) if operation.group == "workspaces" else number


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
async def test_all_walks_every_page_once(total: int, calls: int) -> None:
    shelf = Shelf(total, 3)
    tags = [tag.id async for tag in PersonTags(shelf, workspace_name="w").all(page_size=3, name="x")]
    assert tags == list(range(total))
    assert shelf.asked == [f"pageNum={number}&pageSize=3&name=x" for number in range(1, calls + 1)]


async def test_all_of_the_other_groups() -> None:
    shelf = Shelf(2, 1)
    persons = Persons(shelf, workspace_name="w").all(name="홍", tag_ids=[1, 2])
    assert [person.id async for person in persons] == [0, 1]
    assert [found.workspace_name async for found in Workspaces(shelf).all()] == ["0", "1"]
    assert shelf.asked == [
        "pageNum=1&name=%ED%99%8D&tagIdList=1,2",
        "pageNum=2&name=%ED%99%8D&tagIdList=1,2",
        "pageNum=1",
        "pageNum=2",
    ]


async def test_the_next_page_is_asked_for_only_when_it_is_needed() -> None:
    shelf = Shelf(9, 3)
    items = PersonTags(shelf, workspace_name="w").all()
    assert [(await anext(items)).id for _ in range(3)] == [0, 1, 2]
    assert len(shelf.asked) == 1


async def test_an_empty_page_ends_a_listing_whatever_it_promises() -> None:
    async def fetch(number: int) -> Page[str]:
        return Page(("a",) if number == 1 else (), total_count=100, total_page=100)

    found: AsyncIterator[str] = every(fetch)
    assert [item async for item in found] == ["a"]


async def test_a_page_is_its_items() -> None:
    page = await PersonTags(Shelf(3, 3), workspace_name="w").list()
    assert (len(page), [tag.name for tag in page], page.total_count) == (3, ["0", "1", "2"], 3)
