"""Answers that are not quite what is documented: more is kept, less is an error that says where."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from mi_async import api
from mi_async._core import convert
from mi_async._core.operation import Operation, RawArguments
from mi_async._core.wire_names import camel, wire_names
from mi_async.errors import ResponseError
from mi_async.models import Model, OpenEnum
from tests.support.cases import sampled
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
    return sampled(found, 4)


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


def left_out(page: Documented, path: Path, change: Callable[[Any], Any]) -> bool:
    """Whether a changed member is None with what came in ``extra``; if not, it is an error with its path."""
    came = document = changed(page.result, path, change)
    failure = answer = None
    try:
        answer = parsed(page, document)
    except ResponseError as error:
        failure = error
    if failure is not None:
        assert str(failure).startswith(f"{page.id}: the answer does not fit: ")
        assert failure.path == written(path)
        return False
    for step in path:
        came = came[step]
    (model,) = [model for model in models(answer) if model.extra]
    assert model.extra == {path[-1]: came}
    (field,) = [each for each in attrs.fields(type(model)) if path[-1] in wire_names(each)]
    assert getattr(model, field.name) is field.default is None
    return True


@pytest.mark.parametrize(("page", "path"), cases((str, int)))
def test_a_wrong_primitive_is_left_out_where_it_may_be_and_else_an_error_with_its_path(
    page: Documented, path: Path
) -> None:
    left_out(page, path, lambda value: [value])


@pytest.mark.parametrize(("page", "path"), cases((str, int)))
def test_another_primitive_is_no_better_but_an_id_is_one_in_either_form(page: Documented, path: Path) -> None:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if re.search("(^i|I)ds?$", name):
        answer = parsed(page, changed(page.result, path, lambda value: value if isinstance(value, str) else str(value)))
        assert answer == parsed(page, page.result)
        return
    left_out(page, path, lambda value: 7 if isinstance(value, str) else str(value))


def test_what_is_required_is_never_left_out_and_much_of_the_rest_is() -> None:
    ends = [left_out(case.values[0], case.values[1], lambda value: [value]) for case in cases((str, int))]
    assert ends.count(True) > 50
    assert ends.count(False) > 100


PERSON = {
    "personId": "1001",
    "name": 7,
    "tags": None,
    "thumbnails": [{"id": "5", "url": "u", "isPrimaryThumbnail": True}, {"id": 6, "url": "u", "isPrimaryThumbnail": 1}],
}


def test_one_odd_member_does_not_make_a_page_unreadable() -> None:
    odd = PERSON | {"thumbnails": PERSON["thumbnails"][:1]}  # type: ignore[index]  # a list
    page = OPERATIONS["persons.list"].parse({"content": [{"personId": 1, "name": "Hong"}, odd], "totalCount": 2})
    assert [(person.id, person.name, person.tags, dict(person.extra)) for person in page] == [
        (1, "Hong", (), {}),
        (1001, None, (), {"name": 7}),
    ]
    assert page[1].thumbnails[0].id == 5
    assert OPERATIONS["persons.list"].parse({"content": [odd], "totalCount": None}).total_count == 0
    assert OPERATIONS["search.get"].parse({"searchId": 7, "status": "RUNNING"}).search_id == "7"
    tag = OPERATIONS["person_tags.create"].parse({"id": "7", "name": "a", "createdTime": "yesterday", "brandNew": 1})
    assert (tag.id, tag.created_time, tag.extra) == (7, None, {"createdTime": "yesterday", "brandNew": 1})


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (PERSON, "$.result.thumbnails[1].isPrimaryThumbnail"),
        ({"personId": "1001x"}, "$.result.personId"),
        ({"personId": "9" * 19}, "$.result.personId"),
        ({"personId": 1.0}, "$.result.personId"),
        ({"personId": True}, "$.result.personId"),
        ({"personId": 1, "tags": {}}, "$.result.tags"),
        ({"personId": 1, "tags": [7]}, "$.result.tags[0]"),
    ],
)
def test_what_cannot_be_mended_is_an_error_with_its_path(document: Any, path: str) -> None:
    with pytest.raises(ResponseError) as caught:
        OPERATIONS["persons.get"].parse(document)
    assert caught.value.path == path


def test_what_a_client_sends_is_read_to_the_letter() -> None:
    update = OPERATIONS["persons.add_tags"]
    raw = RawArguments({"workspace_name": "w", "person_id": "1"}, {}, b'{"tagIds": ["7"]}')
    with pytest.raises(ResponseError, match="expected an integer, got a string"):
        update.arguments(raw)


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
            if isinstance(value, OpenEnum) and camel(field.name) == path[-1]:
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
