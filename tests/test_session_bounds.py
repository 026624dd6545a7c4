"""Bounds and raw answers over a real session: refused before any request, or left to the service."""

import json

import pytest

import mi_async
from mi_async import InvalidArgumentError, InvalidRequestError
from tests.support.newsroom import newsroom
from tests.support.pictures import picture


async def test_out_of_bounds_is_refused_before_any_request() -> None:
    async with newsroom() as news:
        with pytest.raises(InvalidArgumentError, match="page_size needs 1 to 1000; it is 1001"):
            await news.session.workspaces.list(page_size=1001)
        with pytest.raises(InvalidArgumentError, match="name needs 1 to 50 characters, not blank; it has 51"):
            await news.workspace.enroll_person("x" * 51, [picture()])
        assert not news.server.log.arrivals


async def test_it_is_left_to_the_service_on_demand() -> None:
    async with newsroom(validate=False) as news:
        with pytest.raises(InvalidRequestError):
            await news.session.workspaces.list(page_size=1001)
        with pytest.raises(InvalidRequestError):
            await news.workspace.enroll_person("x" * 51, [picture()])


async def test_a_raw_answer() -> None:
    async with newsroom() as news:
        answer = await mi_async.raw(news.workspace.persons.list)(page_num=1)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "application/json")
        assert json.loads(answer.body)["message"] == "success"
        assert answer.parsed.total_count == 0
