"""Answers that are not quite what is documented: more is kept, less is an error that says where."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mi_async import api
from mi_async._core import convert
from mi_async._core.operation import Operation
from mi_async.errors import ResponseError
from mi_async.models import Model, OpenEnum
from tests.support.contract import CONTRACT
from tests.support.documented import Documented

OPERATIONS = {operation.id: operation for operation in api.operations()}
Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in a document, with the way to it."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*path, name))


def changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """The document with the value at a path changed."""
    if not path:
        return change(value)
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], change)
    return copy


def written(path: Path) -> str:
    return "$.result" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def cases(wanted: type | tuple[type, ...]) -> list[Any]:
    """Each place in each documented answer with a model that holds a value of a kind."""
    found = []
    for page in CONTRACT:
        if isinstance(page.result, dict) and page.result:
            found += [
                pytest.param(page, path, id=f"{page.id} {written(path)}")
                for path, value in places(page.result)
                # results of a search and the texts of a summary are free-form
                if isinstance(value, wanted) and path[:1] not in {("results",), ("sceneSummaries",)}
            ]
    return found


def parsed(page: Documented, document: Any) -> Any:
    return operation_of(page).parse(document)


def operation_of(page: Documented) -> Operation:
    return OPERATIONS[page.id]


@pytest.mark.parametrize(("page", "path"), cases(dict))
def test_members_that_are_not_documented_are_kept(page: Documented, path: Path) -> None:
    news = {"brandNew": {"deep": [1, None]}}
    answer = parsed(page, changed(page.result, path, lambda value: value | news))
    again = operation_of(page).parse(convert.loads(convert.dumps(answer)))
    assert again == answer
    (extra,) = [model.extra for model in models(answer) if model.extra]
    assert extra == news


def models(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
        for name in value.__attrs_attrs__:
            yield from models(getattr(value, name.name))
    if isinstance(value, tuple):
        for item in value:
            yield from models(item)


@pytest.mark.parametrize(("page", "path"), cases((str, int)))
def test_a_wrong_primitive_is_an_error_with_its_path(page: Documented, path: Path) -> None:
    with pytest.raises(ResponseError, match=f"{page.id}: the answer does not fit: ") as caught:
        parsed(page, changed(page.result, path, lambda value: [value]))
    assert caught.value.path == written(path)


@pytest.mark.parametrize(("page", "path"), cases((str, int)))
def test_another_primitive_is_no_better(page: Documented, path: Path) -> None:
    with pytest.raises(ResponseError) as caught:
        parsed(page, changed(page.result, path, lambda value: 7 if isinstance(value, str) else str(value)))
    assert caught.value.path == written(path)


@pytest.mark.parametrize(("page", "path"), cases((dict, list, str, int)))
def test_null_is_taken_where_it_may_be_and_else_an_error_with_its_path(page: Documented, path: Path) -> None:
    if not path:
        return  # whether there is a result at all is for each operation to say
    problem = None
    try:
        parsed(page, changed(page.result, path, lambda _: None))
    except ResponseError as error:
        problem = error
    assert problem is None or (problem.path == written(path) and "got null" in problem.reason)


@pytest.mark.parametrize(
    ("name", "document", "path"),
    [
        ("persons.get", {"personId": 1, "tags": None}, "$.result.tags"),
        ("persons.get", {"personId": None}, "$.result.personId"),
        ("projects.get", {"projectId": 1, "name": None, "isBaseProject": False}, "$.result.name"),
        ("assets.get", {"assetId": 1, "fileName": "a", "projectId": None}, "$.result.projectId"),
        ("assets.list", {"content": [None]}, "$.result.content[0]"),
        ("indexes.status", {"status": None}, "$.result.status"),
        ("search.get", {"searchId": "s", "status": "COMPLETED", "results": [None]}, "$.result.results[0]"),
        ("persons.recommend_by_thumbnail", None, "$.result"),
        ("persons.get", None, "$.result"),
    ],
)
def test_null_where_it_is_not_expected(name: str, document: Any, path: str) -> None:
    with pytest.raises(ResponseError, match="got null") as caught:
        OPERATIONS[name].parse(document)
    assert caught.value.path == path


def enums() -> list[Any]:
    """Each place in a documented answer that holds a value of an open enum."""
    found = []
    for page in CONTRACT:
        for path, value in places(page.result or {}):
            if isinstance(value, str) and any(type(each) is not str and each == value for each in strings(page, path)):
                found.append(pytest.param(page, path, id=f"{page.id} {written(path)}"))
    return found


def strings(page: Documented, path: Path) -> Iterator[OpenEnum]:
    answer = parsed(page, page.result)
    for model in models(answer):
        for field in model.__attrs_attrs__:
            value = getattr(model, field.name)
            if isinstance(value, OpenEnum) and convert.camel(field.name) == path[-1]:
                yield value


@pytest.mark.parametrize(("page", "path"), enums())
def test_a_value_that_an_enum_does_not_have_is_kept(page: Documented, path: Path) -> None:
    answer = parsed(page, changed(page.result, path, lambda _: "BRAND_NEW"))
    (value,) = [
        value
        for model in models(answer)
        for field in model.__attrs_attrs__
        if isinstance(value := getattr(model, field.name), OpenEnum) and not value.is_known
    ]
    assert value == "BRAND_NEW"
    assert b'"BRAND_NEW"' in convert.dumps(answer)


def test_there_are_places_for_every_kind_of_change() -> None:
    assert len(enums()) > 8
    assert len(cases(dict)) > 40
