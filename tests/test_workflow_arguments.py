"""Arguments of a wrong type: refused by name, before anything is read or sent."""

import inspect
import re
from collections.abc import AsyncGenerator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

import mi_async
from mi_async import SearchQuery, Storage, SyncPlan, emulator
from mi_async.argument_checks import NAMES, TYPES, UNREAD
from mi_async.emulator import Latency, Server, Settings
from mi_async.errors import InvalidArgumentError
from tests.support.costs import costs
from tests.support.pictures import picture


async def asynchronous(*_: object) -> None:
    """Do nothing, and have to be awaited for it."""


FUNCTIONS = [5, asynchronous]
FLAGS = ["yes", 1, None]
IDS = [-1, "7", True, None, 2**64, 10**5000]
COUNTS = ["five", 1.5, True]
SECONDS = ["soon", True, [1], Decimal(5)]
PATHS = [5, b"x", ""]
LISTS = [5, "7", ["7"], [True], [-1], [7, 2**64], [10**5000]]
INPUTS = [5, None, "people.csv", b"x", {"name": "Hong"}, Path("people.csv")]
WRONG: dict[str, list[Any]] = {
    "analysis": [5, {"speed": 1}],
    "analyze": FLAGS,
    "asset_id": IDS,
    "asset_ids": [5, "7", ["x"], [2**64]],
    "asset_types": [5, [5]],
    "assets": INPUTS,
    "assume_counts": FLAGS,
    "backup": PATHS,
    "bucket": [5],
    "bucket_name": [5],
    "claim_life": [*SECONDS, None, 0, float("nan")],
    "concurrency": [*COUNTS, 0],
    "confidence_level": [5],
    "delete": FLAGS,
    "delete_all": FLAGS,
    "delete_objects": FLAGS,
    "description": [5],
    "dialogs": [5, "goal", [5]],
    "dialogs_any": [5, "goal", [5]],
    "dialogs_not": [5, "goal", [5]],
    "encoding": [5],
    "fit": FLAGS,
    "folder": PATHS,
    "force": FLAGS,
    "found": FUNCTIONS,
    "give_up": FLAGS,
    "grace": [*SECONDS, None, -1],
    "if_exists": [5, "skip"],
    "image": [5],
    "images": FLAGS,
    "index_modified_from": [5],
    "index_modified_to": [5],
    "indexes": FLAGS,
    "interval": [*SECONDS, None, -1, 0, float("nan")],
    "items": INPUTS,
    "journal": PATHS,
    "key": [5],
    "known": [5, "yes"],
    "limit": [*COUNTS, -1],
    "locale": [5],
    "mapping": PATHS,
    "max_delete": [*COUNTS, -1],
    "max_failures": [*COUNTS, -1],
    "month": [5, "x"],
    "mutual": FLAGS,
    "name": [5],
    "one_by_one": FLAGS,
    "operation": [5, "merge"],
    "passes": [*COUNTS, -1],
    "patience": [*SECONDS, None, -1, float("nan")],
    "people": INPUTS,
    "person_id": IDS,
    "persons": LISTS,
    "persons_any": LISTS,
    "persons_not": LISTS,
    "plan": ["plan", 5],
    "prefix": [b"x", "archive"],
    "primary": FLAGS,
    "progress": FUNCTIONS,
    "project": [b"x", True, -1, "", [1], 2**64],
    "project_id": IDS,
    "project_ids": [5, "7", ["x"], [2**64]],
    "query": [5, None, {"text_query": "goal"}],
    "query_filter": [5],
    "query_option": [5],
    "replace": FLAGS,
    "report": PATHS,
    "resume": [5, ["x"], {"person": 1}],
    "scene_ids": LISTS,
    "score": ["high", 79, 101, True, None],
    "settle": [*SECONDS, None, -1],
    "shards": [*COUNTS, None, 0],
    "source": [5, None],
    "sources": [5, "hong.jpg", b"x", [], None],
    "state_folder": PATHS,
    "suggestions": FLAGS,
    "summaries": FLAGS,
    "summarize": FLAGS,
    "table": [5, b"x", ""],
    "tags": [5, "Anchor", [5]],
    "text": [5],
    "timeout": [*SECONDS, -1],
    "timezone": [5, "Atlantis"],
    "token": [5, "x:newsroom:1"],
    "total": [*COUNTS, -1],
    "unnamed": FLAGS,
    "verify": FLAGS,
    "watch": FUNCTIONS,
    "workspaces": [5],
}
"""Values that are refused for each argument of this name, whatever the workflow."""
NEVER = {"url", "confirm", "options"}
"""Arguments whose checks need more than the value: a URL of an image, the code of a plan, other keywords."""
ELSEWHERE = {
    "Mapping[str, Any]": "Resumed.of",
    "Unpack[mi_async.AnalysisOptions]": "Python, by the names of indexes.request",
    "Unpack[mi_async.CallOptions]": "CallSettings",
    "mi_async.AnalysisOptions": "IngestOptions",
    "mi_async.Source": "load_image",
    "str | os.PathLike[str] | mi_async.StoredObject | mi_async.ReadableSource": "ingest_asset",
}
"""Annotations that the table leaves to other checks, and these checks."""
REQUIRED: dict[str, object] = {
    "source": __file__,
    "sources": [b"GIF89a"],
    "name": "Hong",
    "query": SearchQuery(text_query="goal"),
    "plan": None,
    "found": print,
    "key": "a.mp4",
    "bucket_name": "archive",
    "project": 1,
    "project_id": 1,
    "asset_id": 1,
    "person_id": 1,
    "people": [],
    "items": [],
    "assets": [],
    "token": "import:newsroom:1:1",
}
TOGETHER: dict[str, dict[str, object]] = {
    "max_delete": {"delete": True},
    "locale": {"summarize": True},
    "limit": {"text": "goal"},
    "timeout": {"text": "goal"},
    "asset_types": {"text": "goal"},
}
"""Arguments that go together with another one."""
NAMELESS = {"source": "image|source", "sources": "image|sources", "timezone": "time ?zone", "token": "job|token"}
"""Patterns of refusals that say an argument in other words."""
ALLOWED = [("aclose", -1)]
"""Methods that take a value for which others have no use: no grace, as 0."""


@cache
def methods(of: type) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(of, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in found if not name.startswith("_")}


def workflows() -> dict[str, inspect.Signature]:
    return methods(mi_async.Workspace)


def arguments(told: inspect.Signature) -> list[inspect.Parameter]:
    return [each for each in told.parameters.values() if each.name != "self"]


ANNOTATED = [
    (of, name, argument)
    for of in (mi_async.Workspace, mi_async.Session)
    for name, told in methods(of).items()
    for argument in arguments(told)
    if name != "workspace"  # a rule of its own, below
]


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with emulator.serve(settings=Settings(latency=Latency.none())) as running:
        yield running


@pytest.fixture
async def session(server: Server) -> AsyncGenerator[mi_async.Session]:
    async with mi_async.connect(
        server.credentials, base_url=server.url, storage=Storage("http://127.0.0.1:9")
    ) as opened:
        yield opened


async def begin(workflow: Any, arguments: dict[str, object]) -> None:
    begun = workflow(**arguments)
    if inspect.isawaitable(begun):
        await begun
    else:
        await anext(begun)


def test_every_annotation_has_one_check() -> None:
    known = {*NAMES, *NEVER}
    told = {argument.annotation.removesuffix(" | None") for _, _, argument in ANNOTATED if argument.name not in known}
    assert told - {*TYPES, *ELSEWHERE} == set()
    assert set(TYPES) & set(ELSEWHERE) == set()


def test_every_row_is_an_annotation_of_a_workflow() -> None:
    told = {argument.annotation.removesuffix(" | None") for _, _, argument in ANNOTATED}
    assert {*TYPES, *ELSEWHERE} <= told
    assert {*NAMES, *UNREAD, *WRONG, *NEVER} <= {argument.name for _, _, argument in ANNOTATED} | {"return"}


def required(of: type, name: str, folder: Path, url: str) -> dict[str, object]:
    """Return sound values of the arguments that a method needs."""
    needed = [each.name for each in arguments(methods(of)[name]) if each.default is each.empty]
    given = {each: REQUIRED.get(each, folder / "new") for each in needed if each != "options"}
    if name == "sync":
        given["plan"] = SyncPlan(
            endpoint=url,
            workspace="newsroom",
            project_id=1,
            source=str(folder),
            journal=folder / "sync.journal",
        )
    return given


async def refusal(method: Any, given: dict[str, object]) -> str:
    """Return the words in which a call was refused; in brackets what it did instead."""
    try:
        await begin(method, given)
    except (InvalidArgumentError, mi_async.ConfigError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  any other is the fault that is looked for
        return f"[{error!r}]"
    return "[nothing]"


async def test_a_wrong_value_is_refused_by_name_before_anything_is_sent(
    server: Server, session: mi_async.Session, tmp_path: Path
) -> None:
    newsroom, taken = session.workspace("newsroom"), []
    with costs(server, {}):
        for of, name, argument in ANNOTATED:
            sound = required(of, name, tmp_path, server.url) | TOGETHER.get(argument.name, {})
            sound = {each: value for each, value in sound.items() if each in methods(of)[name].parameters}
            for value in WRONG.get(argument.name, ()):
                if (value is None and argument.annotation.endswith("| None")) or (name, value) in ALLOWED:
                    continue
                holder = newsroom if of is mi_async.Workspace else session
                told = await refusal(getattr(holder, name), {**sound, argument.name: value})
                if told.startswith("[") or not re.search(NAMELESS.get(argument.name, argument.name), told):
                    taken.append((name, argument.name, value, told))
    assert taken == []


@pytest.mark.parametrize(
    ("person_id", "told"),
    [
        ("Hong", "an ID, a whole number from 0, got 'Hong'"),
        (True, "got bool"),
        (-1, "got -1"),
        (None, "got NoneType"),
        (10**30, "got an integer beyond 64 bits"),
    ],
)
async def test_an_id_that_cannot_be_one_is_refused_before_the_upload(
    server: Server, session: mi_async.Session, person_id: object, told: str
) -> None:
    newsroom = session.workspace("newsroom")
    with costs(server, {}), pytest.raises(InvalidArgumentError, match=f"^person_id must be .*{told}$"):
        await newsroom.upload_thumbnail(cast("int", person_id), picture("jpg"))


async def test_a_tag_that_is_no_text_is_named(session: mi_async.Session) -> None:
    newsroom = session.workspace("newsroom")
    with pytest.raises(InvalidArgumentError, match=r"^tags must be a list of texts, got \[5\]$"):
        await newsroom.enroll_person("Hong", ["hong.jpg"], tags=cast("list[str]", [5]))
    with pytest.raises(InvalidArgumentError, match=r"^tags must be a list of texts, got int$"):
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


def test_a_subclass_of_a_user_is_left_alone() -> None:
    class Mine(mi_async.Workspace):
        def double(self, person_id: int) -> int:
            return 2 * person_id

    assert "Mine.double" in Mine.double.__qualname__
