"""Arguments of a wrong type: refused by name, before anything is read or sent."""

import inspect
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

import mi_async
from mi_async import emulator
from mi_async.argument_checks import TYPES
from mi_async.emulator import Latency, Server, Settings
from mi_async.errors import InvalidArgumentError
from tests.support.costs import costs
from tests.support.pictures import picture

WRONG: dict[str, object] = {
    "person_id": "Hong",
    "name": 5,
    "tags": [5],
    "source": 5,
    "sources": 5,
    "project_id": -1,
    "asset_id": "7",
    "score": "high",
    "fit": "yes",
    "primary": 1,
    "limit": [1],
    "timeout": "soon",
    "month": 5,
    "prefix": b"x",
    "folder": 5,
    "journal": 5,
    "mapping": 5,
    "operation": [5],
    "backup": True,
    "table": 5,
    "plan": "plan",
    "found": "print",
    "progress": 5,
    "token": 5,
}
"""A value of a wrong type for each argument of this name, whatever the workflow."""
REQUIRED: dict[str, object] = {
    "source": "hong.jpg",
    "sources": ["hong.jpg"],
    "name": "Hong",
    "query": None,
    "plan": None,
    "found": print,
    "url": "http://127.0.0.1/a.jpg",
    "key": "a.mp4",
    "bucket_name": "archive",
    "project": 1,
    "project_id": 1,
    "asset_id": 1,
    "person_id": 1,
}

LATER = {("ingest_asset", "source")}
"""Refused as well, but only by a session that has a storage."""


def workflows() -> dict[str, inspect.Signature]:
    found = inspect.getmembers(mi_async.Workspace, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in found if not name.startswith("_")}


CASES = [
    (name, argument)
    for name, told in workflows().items()
    for argument in told.parameters
    if argument in WRONG and (name, argument) not in LATER
]


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with emulator.serve(settings=Settings(latency=Latency.none())) as running:
        yield running


@pytest.fixture
async def session(server: Server) -> AsyncGenerator[mi_async.Session]:
    async with mi_async.connect(server.credentials, base_url=server.url) as opened:
        yield opened


async def begin(workflow: Any, arguments: dict[str, object]) -> None:
    begun = workflow(**arguments)
    if inspect.isawaitable(begun):
        await begun
    else:
        await anext(begun)


def test_every_workflow_has_a_case() -> None:
    assert {name for name, _ in CASES} | {"with_options", "start_search", "download_image"} == set(workflows())


async def test_a_wrong_type_is_refused_before_anything_is_sent(server: Server, session: mi_async.Session) -> None:
    newsroom, taken = session.workspace("newsroom"), []
    with costs(server, {}):
        for name, argument in CASES:
            told = [each for each in workflows()[name].parameters.values() if each.default is each.empty]
            required = {each.name: REQUIRED.get(each.name, "nowhere") for each in told[1:] if each.name != "options"}
            try:
                await begin(getattr(newsroom, name), {**required, argument: WRONG[argument]})
            except Exception as error:  # noqa: BLE001  any other is the fault that is looked for
                kind = mi_async.ConfigError if argument == "journal" else InvalidArgumentError
                taken += [] if isinstance(error, kind) else [(name, argument, repr(error))]
            else:
                taken.append((name, argument, "no error"))
    assert taken == []


@pytest.mark.parametrize(
    ("person_id", "told"),
    [("Hong", "an ID, a whole number from 0, got str"), (True, "got bool"), (-1, "got -1"), (None, "got NoneType")],
)
async def test_an_id_that_cannot_be_one_is_refused_before_the_upload(
    server: Server, session: mi_async.Session, person_id: object, told: str
) -> None:
    newsroom = session.workspace("newsroom")
    with costs(server, {}), pytest.raises(InvalidArgumentError, match=f"^person_id must be .*{told}$"):
        await newsroom.upload_thumbnail(cast("int", person_id), picture("jpg"))


async def test_a_tag_that_is_no_text_is_named(session: mi_async.Session) -> None:
    newsroom = session.workspace("newsroom")
    with pytest.raises(InvalidArgumentError, match=r"^tag is text, not int$"):
        await newsroom.enroll_person("Hong", ["hong.jpg"], tags=cast("list[str]", [5]))
    with pytest.raises(InvalidArgumentError, match=r"^tags is a list of names"):
        await newsroom.enroll_person("Hong", ["hong.jpg"], tags=cast("list[str]", 5))


async def test_a_default_may_be_given(session: mi_async.Session) -> None:
    with pytest.raises(mi_async.ImageRejectedError):
        await session.workspace("newsroom").enroll_person("Hong", [b"GIF89a"], description=None, progress=None)


@pytest.mark.parametrize("name", ["", " ", 5, None, ["newsroom"]])
async def test_a_workspace_has_a_name(session: mi_async.Session, name: object) -> None:
    with pytest.raises(InvalidArgumentError, match="a workspace needs a name"):
        session.workspace(cast("str", name))


@pytest.mark.parametrize("name", sorted(workflows()))
def test_a_mistake_in_the_name_of_an_argument_is_told_of_the_workspace(name: str) -> None:
    assert getattr(mi_async.Workspace, name).__qualname__ == f"Workspace.{name}"


async def test_an_unknown_argument_is_told_of_the_workspace(session: mi_async.Session) -> None:
    enroll: Any = session.workspace("newsroom").enroll_person
    with pytest.raises(TypeError, match=r"^Workspace\.enroll_person\(\) got an unexpected keyword argument 'tag'"):
        await enroll("Hong", ["hong.jpg"], tag="Anchor")


def test_every_row_is_an_annotation_of_a_workflow() -> None:
    told = {
        p.annotation.removesuffix(" | None")
        for each in workflows().values()
        for p in each.parameters.values()
        if p.name != "self"
    }
    assert set(TYPES) <= told


def test_a_subclass_of_a_user_is_left_alone() -> None:
    class Mine(mi_async.Workspace):
        def double(self, person_id: int) -> int:
            return 2 * person_id

    assert "Mine.double" in Mine.double.__qualname__
