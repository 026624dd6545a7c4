"""Every documented bound: at it a call passes, one beyond it is refused before any request, by name."""

from collections.abc import Mapping
from typing import Any

import pytest

from mi_async import api
from mi_async._core import convert
from mi_async._core.operation import Operation, Place
from mi_async.api.persons import ThumbnailInput
from mi_async.api.search import DialogQuery, PersonQuery, SearchFilter, SearchQuery
from mi_async.errors import InvalidArgumentError
from tests.support.samples import defaults_of

OPERATIONS = {operation.id: operation for operation in api.operations()}

MAIN, OTHER = ThumbnailInput("k", is_primary_thumbnail=True), ThumbnailInput("k")
PICTURES = {"thumbnails": (OTHER,)}
PERSONS = {"person_ids": (2,)}
TEXT = SearchQuery(text_query="goal")
ASSET = {"project_id": 1, "asset_id": 2}


def numbers(count: int) -> tuple[int, ...]:
    return tuple(range(100, 100 + count))


def texts(count: int) -> tuple[str, ...]:
    return ("goal",) * count


def query(**members: Any) -> SearchQuery:
    return SearchQuery(text_query="goal", **members)


def dialog_rule(member: str) -> "Ruling":
    """The characters that no text of a dialog query may have."""
    fitting, breaking = [
        {"query": query(dialog_query=convert.structure({member.strip("_"): spoken}, DialogQuery))}
        for spoken in (["a, b"], ["a", "b|c"])
    ]
    said = f"query.dialog_query.{member} needs none of ; | ` in each item; it has | in item 1"
    return "search.request", [fitting], [breaking], said


# operation, other arguments, the argument, values at the bound, values one beyond, what is said of it
Row = tuple[str, Mapping[str, Any], str, list[Any], list[Any], str]
TABLE: list[Row] = [
    (
        "workspaces.create",
        {},
        "workspace_name",
        ["a-1", "a" * 63],
        ["a1", "a" * 64, "Abc", "a_b"],
        "3 to 63 characters",
    ),
    ("workspaces.list", {}, "page_num", [1], [0], "at least 1"),
    ("workspaces.list", {}, "page_size", [1, 1000], [0, 1001], "1 to 1000"),
    ("projects.create", {}, "name", ["x", "x" * 100], ["", "x" * 101, " "], "1 to 100 characters, not blank"),
    ("projects.create", {}, "name", ["x, y"], ["x;y", "x|y", "x`y"], "none of ; | `"),
    ("projects.update", {}, "name", ["x", "x" * 100], ["", "x" * 101, " "], "1 to 100 characters, not blank"),
    ("projects.update", {}, "name", ["x, y"], ["x;y", "x|y", "x`y"], "none of ; | `"),
    ("assets.register", {"bucket_name": "b"}, "key", ["x"], ["", " "], "at least 1 character, not blank"),
    ("assets.register", {"key": "k"}, "bucket_name", ["x"], ["", " "], "at least 1 character, not blank"),
    ("thumbnails.presign", {}, "thumbnail_file_name", ["x"], ["", "\t"], "at least 1 character, not blank"),
    ("query_assets.presign", {}, "asset_file_name", ["x"], ["", "\t"], "at least 1 character, not blank"),
    ("assets.list", {}, "page_num", [1], [0], "at least 1"),
    ("assets.list", {}, "page_size", [1, 1000], [0, 1001], "1 to 1000"),
    ("indexes.request", ASSET, "analysis_person_count", [0, 10], [-1, 11], "0 to 10"),
    ("indexes.analyze", ASSET, "analysis_person_count", [0, 10], [-1, 11], "0 to 10"),
    (
        "indexes.analyze",
        {"analysis_person_count": 0},
        "tag_ids",
        [numbers(1), numbers(30)],
        [(), numbers(31)],
        "1 to 30",
    ),
    ("person_tags.create", {}, "name", ["x", "x" * 30], ["", "x" * 31], "1 to 30 characters"),
    ("person_tags.list", {}, "name", ["x", "x" * 30], ["", "x" * 31], "1 to 30 characters"),
    ("person_tags.list", {}, "page_num", [1], [0], "at least 1"),
    ("person_tags.list", {}, "page_size", [1, 50], [0, 51], "1 to 50"),
    ("persons.create", PICTURES, "name", ["x", "x" * 50], ["", "x" * 51, " "], "1 to 50 characters, not blank"),
    ("persons.create", PICTURES, "description", ["x", "x" * 700], ["", "x" * 701], "1 to 700 characters"),
    ("persons.create", {}, "thumbnails", [(), (OTHER,) * 100], [(OTHER,) * 101], "at most 100 items"),
    ("persons.create", {}, "thumbnails", [(MAIN, OTHER)], [(MAIN, MAIN)], "at most 1 item with is_primary_thumbnail"),
    ("persons.list", {}, "name", ["xx", "x" * 50], ["x", "x" * 51], "2 to 50 characters"),
    ("persons.list", {}, "name", ["x, y"], ["x;y", "x|y", "x`y"], "none of ; | `"),
    ("persons.list", {}, "tag_ids", [numbers(30)], [numbers(31)], "at most 30 items"),
    ("persons.list", {}, "page_num", [1], [0], "at least 1"),
    ("persons.list", {}, "page_size", [1, 1000], [0, 1001], "1 to 1000"),
    ("persons.update", {}, "name", ["x", "x" * 50], ["", "x" * 51, " "], "1 to 50 characters, not blank"),
    ("persons.update", {}, "description", ["x", "x" * 700], ["", "x" * 701], "1 to 700 characters"),
    ("persons.set_thumbnails", {}, "thumbnails", [(MAIN, OTHER)], [(MAIN, MAIN)], "at most 1 item with is_primary"),
    ("persons.search", {}, "page_num", [1], [0], "at least 1"),
    ("persons.search", {}, "page_size", [1, 50], [0, 51], "1 to 50"),
    ("persons.search", {}, "name", ["xx", "x" * 50], ["x", "x" * 51], "2 to 50 characters"),
    ("persons.search", {}, "name", ["x, y"], ["x;y", "x|y", "x`y"], "none of ; | `"),
    ("persons.merge", {}, "person_ids", [numbers(1), numbers(10)], [(), numbers(11)], "1 to 10 items"),
    ("persons.similar", {}, "person_count", [1, 10], [0, 11], "1 to 10"),
    ("persons.similar", {}, "score_threshold", [80, 100], [79, 101], "80 to 100"),
    ("persons.recommend_by_thumbnail", {}, "person_count", [1, 10], [0, 11], "1 to 10"),
    ("persons.recommend_by_thumbnail", {}, "score_threshold", [80, 100], [79, 101], "80 to 100"),
    ("search.get", {}, "page_num", [1], [0], "at least 1"),
    ("search.get", {}, "page_size", [1, 100], [0, 101], "1 to 100"),
]

# operation, arguments that keep the rule, arguments that break it, what is said
Ruling = tuple[str, list[Mapping[str, Any]], list[Mapping[str, Any]], str]
RULES: list[Ruling] = [
    (
        "indexes.request",
        [{}, {"min_scene_duration_sec": 5, "max_scene_duration_sec": 9}],
        [{"min_scene_duration_sec": 5}, {"max_scene_duration_sec": 9}],
        "give all of min_scene_duration_sec, max_scene_duration_sec, or none",
    ),
    (
        "indexes.request",
        [{"scene_range": "LONG"}],
        [{"scene_range": "LONG", "min_scene_duration_sec": 5, "max_scene_duration_sec": 9}],
        "give only one of scene_range, min_scene_duration_sec",
    ),
    (
        "scene_summaries.request",
        [{"scene_ids": (1,)}, {"locale": "ko"}, {}],
        [{"scene_ids": (1,), "locale": "ko"}],
        "give only one of scene_ids, locale",
    ),
    ("persons.merge", [PERSONS], [{"person_ids": (2, 1)}], "leave person_id out of person_ids"),
    (
        "search.request",
        [{"query": TEXT}, {"query": SearchQuery(image_query="k")}],
        [{"query": SearchQuery()}, {"query": SearchQuery(text_query="goal", image_query="k")}],
        "in query, give exactly one of text_query, image_query",
    ),
    (
        "search.request",
        [{"query": TEXT, "query_filter": SearchFilter(project_ids=(1,))}, {"query": TEXT}],
        [
            {"query": TEXT, "query_filter": SearchFilter(project_ids=(1,), asset_ids=(2,))},
            {"query": TEXT, "query_filter": SearchFilter()},
        ],
        "in query_filter, give exactly one of project_ids, asset_ids",
    ),
    (
        "search.request",
        [{"query": query(person_query=PersonQuery(must=numbers(50), any=numbers(49), not_=numbers(1)))}],
        [{"query": query(person_query=PersonQuery(must=numbers(50), any=numbers(49), not_=numbers(2)))}],
        "in query.person_query, give at most 100 items in must, any, not_ together; there are 101",
    ),
    (
        "search.request",
        [{"query": query(dialog_query=DialogQuery(must=texts(100)))}],
        [{"query": query(dialog_query=DialogQuery(must=texts(100), not_=texts(1)))}],
        "in query.dialog_query, give at most 100 items in must, any, not_ together; there are 101",
    ),
    (
        "search.request",
        [{"query": TEXT}],
        [{"query": SearchQuery(text_query="a;b")}],
        "query.text_query needs none of ; | `; it has ;",
    ),
    *map(dialog_rule, ("must", "any", "not_")),
]


def complete(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with a 1 for each part of the path that is not among them."""
    path = {p.name: 1 for p in operation.parameters if p.place is Place.PATH}
    return {**dict.fromkeys(operation.scope, "newsroom"), **path, **defaults_of(operation), **arguments}


def refusal(operation: Operation, arguments: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        operation.build(complete(operation, arguments))
    assert operation.build(complete(operation, arguments), validate=False).method == operation.method
    return str(caught.value)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[2]}")
def test_a_bound(row: Row) -> None:
    name, others, argument, fitting, beyond, text = row
    operation = OPERATIONS[name]
    for value in fitting:
        assert operation.build(complete(operation, {**others, argument: value}))
    for value in beyond:
        assert refusal(operation, {**others, argument: value}).startswith(f"{argument} needs {text}")


@pytest.mark.parametrize(("name", "fitting", "breaking", "text"), RULES)
def test_a_rule(name: str, fitting: list[Mapping[str, Any]], breaking: list[Mapping[str, Any]], text: str) -> None:
    operation = OPERATIONS[name]
    for arguments in fitting:
        assert operation.build(complete(operation, arguments))
    for arguments in breaking:
        assert refusal(operation, arguments).startswith(text)


def test_the_table_has_every_bound_and_rule() -> None:
    bounds = {
        (operation.id, p.name, b.text)
        for operation in OPERATIONS.values()
        for p in operation.parameters
        for b in p.bounds
    }
    told = {(name, argument, text) for name, _, argument, _, _, text in TABLE}
    assert {key[:2] for key in bounds} == {key[:2] for key in told}
    assert len(bounds) == len(told)
    ruled = {operation.id for operation in OPERATIONS.values() if operation.rules} | {"search.request"}
    assert ruled == {name for name, _, _, _ in RULES}


@pytest.mark.parametrize("name", ["thumbnails.complete", "query_assets.complete", "persons.get"])
def test_calls_without_bounds_are_not_checked_at_all(name: str) -> None:
    assert OPERATIONS[name]._checks == ()


def test_what_is_not_a_model_is_left_to_others() -> None:
    search = OPERATIONS["search.request"]
    assert search.build(complete(search, {"query": {"textQuery": "a;b"}})).body == b'{"query":{"textQuery":"a;b"}}'
