"""Public types of the declared operations: checked by mypy and pyright, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true
# pyright: reportPrivateUsage=true

from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import datetime
from typing import Any, assert_type

import mi_async
from mi_async import Page, ThumbnailInput


async def workspaces(session: mi_async.Session) -> None:
    group = session.workspaces
    assert_type(await group.create("newsroom", bucket_name="media"), mi_async.WorkspaceInfo)
    assert_type(await group.get("newsroom"), mi_async.WorkspaceInfo)
    assert_type(await group.list(page_num=2, page_size=10), Page[mi_async.WorkspaceInfo])
    assert_type(group.all(page_size=10), AsyncGenerator[mi_async.WorkspaceInfo])
    assert_type(await group.delete("newsroom"), mi_async.WorkspaceInfo | None)
    await group.create("newsroom", "media")  # type: ignore[call-arg]


async def persons(newsroom: mi_async.Workspace) -> None:
    group = newsroom.persons
    assert_type(await group.create("Gildong Hong", thumbnails=[ThumbnailInput("k", True)]), mi_async.CreatedPerson)  # noqa: FBT003  as the API has it
    assert_type(await group.create(thumbnails=(), description="Anonymous."), mi_async.CreatedPerson)
    person = await group.get(1001)
    assert_type(person, mi_async.Person)
    assert_type((person.id, person.name), tuple[int, str | None])
    assert_type(person.tags, tuple[mi_async.PersonTag, ...])
    assert_type(person.thumbnails, tuple[mi_async.PersonThumbnail, ...])
    assert_type(await group.list(name="Hong", tag_ids=[1, 2]), Page[mi_async.Person])
    async for each in group.all(name="Hong"):
        assert_type(each, mi_async.Person)
    assert_type(await group.update(1001, name="Jae-suk Yoo", primary_thumbnail_id=3002), mi_async.Person)
    assert_type(await group.delete(1001), mi_async.Person | None)
    assert_type(await group.set_thumbnails(1001, thumbnails=[ThumbnailInput("k")]), mi_async.ThumbnailList)
    assert_type(await group.remove_thumbnails(1001, thumbnail_ids=[1234]), mi_async.ThumbnailList)
    assert_type(await group.add_tags(1001, tag_ids=[100]), mi_async.TagList)
    assert_type((await group.remove_tags(1001, tag_ids=(100,))).tag_list, tuple[mi_async.PersonTag, ...])


async def more_of_persons(newsroom: mi_async.Workspace) -> None:
    group = newsroom.persons
    named = await group.search(name_type=mi_async.NameType.NAMED, sort_column=mi_async.SortColumn.NAME)
    assert_type(named, Page[mi_async.Person])
    assert_type(group.search_all(tag_ids=[1], limit=10), AsyncGenerator[mi_async.Person])
    assert_type(await group.merge(1001, person_ids=[1002]), mi_async.MergedPersons)
    similar = await group.similar(1001, person_count=3)
    assert_type(similar.similar_persons, tuple[mi_async.SimilarPerson, ...])
    assert_type(await group.recommend_by_thumbnail("k", score_threshold=90), Mapping[str, Any])
    assert_type(await group.remove_tags_with_delete(1001, tag_ids=[1]), mi_async.TagList)
    assert_type(await group.remove_thumbnails_with_delete(1001, thumbnail_ids=[1]), mi_async.ThumbnailList)


async def raw_answers(newsroom: mi_async.Workspace) -> None:
    answer = await mi_async.raw(newsroom.persons.get)(1001)
    assert_type(answer, mi_async.Raw[mi_async.Person])
    assert_type((answer.status, answer.body, answer.parsed), tuple[int, bytes, mi_async.Person])
    await mi_async.raw(newsroom.persons.get)("1001")  # type: ignore[arg-type]
    await mi_async.raw(newsroom.persons.get)()  # type: ignore[call-arg]
    mi_async.raw(newsroom.persons.all)  # type: ignore[arg-type]


async def mistakes(newsroom: mi_async.Workspace) -> None:
    await newsroom.persons.get("1001")  # type: ignore[arg-type]
    await newsroom.persons.get()  # type: ignore[call-arg]
    await newsroom.persons.get(1001, name="x")  # type: ignore[call-arg]
    await newsroom.persons.add_tags(1001, [100])  # type: ignore[call-arg]
    await newsroom.persons.create("Gildong Hong")  # type: ignore[call-arg]
    await newsroom.persons.set_thumbnails(1001, thumbnails=["key"])  # type: ignore[list-item]


async def person_tags(newsroom: mi_async.Workspace) -> None:
    group = newsroom.person_tags
    tag = await group.create("Anchor")
    assert_type(tag, mi_async.PersonTag)
    assert_type(tag.created_time, datetime | None)
    assert_type(await group.list(tag_id=7), Page[mi_async.PersonTag])
    assert_type(group.all(limit=5), AsyncGenerator[mi_async.PersonTag])
    await group.delete(tag.id)


async def thumbnails(newsroom: mi_async.Workspace) -> None:
    issued = await newsroom.thumbnails.presign("hong.jpg")
    assert_type(issued, mi_async.PresignedUrl)
    check = await newsroom.thumbnails.complete(issued.thumbnail_key)
    assert_type(check.upload_status, mi_async.UploadStatus)
    assert_type(check.upload_message, mi_async.UploadMessage | None)
    assert_type(mi_async.UploadStatus("NEW"), mi_async.UploadStatus)


def pages(page: Page[mi_async.Person]) -> None:
    assert_type(page.content, tuple[mi_async.Person, ...])
    assert_type(iter(page), Iterator[mi_async.Person])
    assert_type((len(page), page.total_count), tuple[int, int])


def table() -> None:
    for operation in mi_async.api.operations():
        assert_type(operation, mi_async.Operation)
        assert_type((operation.id, operation.method, operation.path), tuple[str, str, str])
        assert_type(operation.repeat, mi_async.Repeat)
        assert_type(operation.quota, mi_async.Quota | None)
        assert_type(operation.result, Any)
