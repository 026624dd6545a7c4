"""The listings of the API, walked page by page."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from attrs import define, field

from mi_async import api
from mi_async._core.operation import Operation
from mi_async.api.person_tags import PersonTags
from mi_async.api.workspaces import Workspaces
from mi_async.errors import InvalidArgumentError, SearchFailedError
from tests.support.recorder import Recorder


@define
class Shelf:
    """A caller with a listing of ``total`` items in pages of ``size``."""

    total: int
    size: int
    asked: list[Mapping[str, Any]] = field(factory=list)

    async def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        request = operation.build(arguments)
        query = {name: value[0] for name, value in parse_qs(request.target.partition("?")[2]).items()}
        self.asked.append(query | json.loads(request.body or b"{}"))
        number = int(self.asked[-1]["pageNum"])
        start = (number - 1) * self.size
        items = [self.item(operation, n) for n in range(start, min(start + self.size, self.total))]
        pages = -(-self.total // self.size)
        page = {"totalCount": self.total, "totalPage": pages, "pageNo": number}
        found = {"searchId": "s", "status": "COMPLETED", "results": items}
        return operation.parse(page | (found if operation.group == "search" else {"content": items}))

    @staticmethod
    def item(operation: Operation, number: int) -> dict[str, Any]:
        names = {"fileName": "a.mp4", "projectId": 1, "name": str(number), "workspaceName": str(number)}
        return {"id": number, "assetId": number, "n": number} | names | {"group": operation.group}


def of(asset_index: Shelf) -> api.WorkspaceGroups:
    return api.WorkspaceGroups(asset_index, "w")


Walk = Callable[..., AsyncGenerator[Any]]
WALKS: dict[str, tuple[Callable[[Shelf], Walk], dict[str, Any]]] = {
    "workspaces": (lambda asset_index: Workspaces(asset_index).all, {}),
    "assets": (lambda asset_index: lambda **options: of(asset_index).assets.all(7, **options), {}),
    "persons": (lambda asset_index: of(asset_index).persons.all, {"name": "Hong", "tag_ids": [1, 2]}),
    "persons by search": (
        lambda asset_index: of(asset_index).persons.search_all,
        {"name": "Hong", "person_ids": [1], "tag_ids": [2], "name_type": "NAMED", "sort_column": "NAME"},
    ),
    "person tags": (lambda asset_index: of(asset_index).person_tags.all, {"name": "x"}),
    "search results": (lambda asset_index: lambda **options: of(asset_index).search.all("s", **options), {}),
}
each_walk = pytest.mark.parametrize(("walk", "options"), WALKS.values(), ids=WALKS)


@each_walk
@pytest.mark.parametrize(("total", "calls"), [(0, 1), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
async def test_all_walks_every_page_once(
    walk: Callable[[Shelf], Walk], options: dict[str, Any], total: int, calls: int
) -> None:
    asset_index = Shelf(total, 3)
    found = [item async for item in walk(asset_index)(page_size=3, **options)]
    assert [item["n"] if isinstance(item, dict) else item.extra["n"] for item in found] == list(range(total))
    assert [int(asked["pageNum"]) for asked in asset_index.asked] == list(range(1, calls + 1))
    assert all(int(asked["pageSize"]) == 3 for asked in asset_index.asked)
    assert all(asked.get("name") == options.get("name") for asked in asset_index.asked)


@each_walk
@pytest.mark.parametrize(("limit", "calls"), [(0, 0), (1, 1), (3, 1), (4, 2), (99, 3)])
async def test_all_stops_at_the_limit(
    walk: Callable[[Shelf], Walk], options: dict[str, Any], limit: int, calls: int
) -> None:
    asset_index = Shelf(7, 3)
    assert len([item async for item in walk(asset_index)(limit=limit, **options)]) == min(limit, 7)
    assert len(asset_index.asked) == calls


async def test_every_option_of_a_search_is_sent_with_each_page() -> None:
    asset_index = Shelf(2, 1)
    options = {"sort_type": "ASC", **WALKS["persons by search"][1]}
    assert len([person async for person in of(asset_index).persons.search_all(**options)]) == 2
    sent = {
        "name": "Hong",
        "personIds": [1],
        "tagIds": [2],
        "nameType": "NAMED",
        "sortColumn": "NAME",
        "sortType": "ASC",
    }
    assert asset_index.asked == [{"pageNum": 1, **sent}, {"pageNum": 2, **sent}]


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", "LATER"])
async def test_a_search_without_results_says_so(status: str) -> None:
    search = api.WorkspaceGroups(Recorder({"searchId": "s", "status": status, "results": None}), "w").search
    with pytest.raises(SearchFailedError, match=rf"search s is {status}: there are results once it is COMPLETED"):
        await anext(search.all("s"))


async def test_a_completed_search_may_have_found_nothing() -> None:
    search = api.WorkspaceGroups(Recorder({"searchId": "s", "status": "COMPLETED"}), "w").search
    assert [item async for item in search.all("s")] == []


async def test_a_page_size_out_of_bounds_is_refused_at_the_first_page() -> None:
    with pytest.raises(InvalidArgumentError, match="page_size needs 1 to 50; it is 51"):
        await anext(of(Shelf(3, 3)).person_tags.all(page_size=51))


async def test_a_page_is_its_items() -> None:
    page = await PersonTags(Shelf(3, 3), workspace_name="w").list()
    assert (len(page), [tag.name for tag in page], page.total_count) == (3, ["0", "1", "2"], 3)
