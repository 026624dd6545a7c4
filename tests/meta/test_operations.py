"""What holds for every operation, against the table of the vendor's pages."""

import re
from collections.abc import Sequence
from typing import get_origin

import pytest

from mi_async import Session, api
from mi_async._core.annotations import bare
from mi_async._core.bounds import Count, Each, Forbidden, Length, Marked, Pattern, Range
from mi_async._core.declare import Group, operations_of
from mi_async._core.operation import Operation, Place, Quota, Repeat
from tests.support.contract import CONTRACT
from tests.support.documented import Documented
from tests.support.recorder import Recorder

PAGES = {page.id: page for page in CONTRACT}
OPERATIONS = {operation.id: operation for operation in api.operations()}

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def page_of(operation: Operation) -> Documented:
    return PAGES[operation.id]


def test_the_table_and_the_package_know_the_same_operations() -> None:
    assert sorted(OPERATIONS) == sorted(PAGES)
    assert len(OPERATIONS) == len(list(api.operations())), "an id is used twice"
    routes = [(operation.method, operation.path) for operation in api.operations()]
    assert len(set(routes)) == len(routes), "a route is declared twice"


@every_operation
def test_route_is_the_documented_one(operation: Operation) -> None:
    assert f"{operation.method} {operation.path}" == page_of(operation).route


@every_operation
def test_quota_is_the_documented_one_or_none(operation: Operation) -> None:
    documented = page_of(operation).quota
    assert operation.quota == (Quota(*documented) if documented else None)


def test_five_operations_are_limited() -> None:
    limited = {
        name: (operation.quota.calls, operation.quota.period)
        for name, operation in OPERATIONS.items()
        if operation.quota
    }
    assert limited == {
        "thumbnails.presign": (50, 1.0),
        "thumbnails.complete": (1000, 60.0),
        "query_assets.presign": (50, 1.0),
        "query_assets.complete": (1000, 60.0),
        "search.request": (1000, 60.0),
    }


def test_all_current_operations_and_those_of_the_generation_before() -> None:
    deprecated = [operation for operation in OPERATIONS.values() if operation.deprecated]
    assert (len(OPERATIONS) - len(deprecated), len(deprecated)) == (48, 10)


@every_operation
def test_successor_is_the_documented_one_and_current(operation: Operation) -> None:
    assert operation.deprecated == page_of(operation).successor
    if operation.deprecated is not None:
        assert OPERATIONS[operation.deprecated].deprecated is None


@every_operation
def test_bounds_fit_what_they_are_about(operation: Operation) -> None:
    kinds = {Length: str, Pattern: str, Forbidden: str, Range: int, Count: Sequence, Each: Sequence, Marked: Sequence}
    for parameter in operation.parameters:
        for bound in parameter.bounds:
            kind = bare(parameter.kind)
            assert issubclass(get_origin(kind) or kind, kinds[type(bound)])
    names = {parameter.name for parameter in operation.parameters}
    for rule in operation.rules:
        assert all(name in names or name in operation.path for name in re.findall(r"\w+_\w+", rule.text))


@every_operation
def test_repeat_class(operation: Operation) -> None:
    assert operation.repeat is Repeat[page_of(operation).repeat]
    if operation.method == "GET":
        assert operation.repeat is Repeat.SAFE


@every_operation
def test_summary_is_a_sentence_and_the_source_a_page(operation: Operation) -> None:
    assert operation.summary[0].isupper()
    assert operation.summary.endswith(".")
    assert operation.source == page_of(operation).slug


@every_operation
def test_parameters_are_named_and_placed_as_documented(operation: Operation) -> None:
    places = {place: {p.wire for p in operation.parameters if p.place is place} for place in Place}
    assert places[Place.BODY] >= set(page_of(operation).body or ())
    assert bool(places[Place.BODY]) == (page_of(operation).body is not None)
    assert not (places[Place.BODY] and places[Place.QUERY])
    in_path = {p.name for p in operation.parameters if p.place is Place.PATH} | set(operation.scope)
    assert all(f"{{{name}}}" in operation.path for name in in_path)
    assert operation.path.count("{") == len(in_path)


@every_operation
def test_identity_is_positional_and_options_are_not(operation: Operation) -> None:
    for parameter in operation.parameters:
        assert parameter.positional or parameter.place is not Place.PATH
        assert not parameter.positional or parameter.place is not Place.QUERY


def groups_in_reach() -> dict[str, type[Group]]:
    """Groups as users reach them, by attribute: those of a workspace, and the session's one."""
    bound = api.WorkspaceGroups(Recorder(), "newsroom")
    groups = {name: type(value) for name in dir(bound) if isinstance(value := getattr(bound, name), Group)}
    return groups | {
        name: getattr(api, Session.__annotations__[name].rpartition(".")[2]) for name in ("workspaces", "query_assets")
    }


@every_operation
def test_has_a_group_where_users_look(operation: Operation) -> None:
    group = groups_in_reach()[operation.group]
    assert group in api.GROUPS
    assert getattr(group, operation.name).operation is operation
    assert operation in operations_of(group)


def test_every_group_is_in_reach() -> None:
    assert set(groups_in_reach().values()) == set(api.GROUPS)
