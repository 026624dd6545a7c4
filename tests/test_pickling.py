"""Objects that belong to a process refuse to leave it, and say what to send instead."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import mi_async
from mi_async import InvalidArgumentError
from mi_async.bulk import plan_people
from tests.support.newsroom import Newsroom, newsroom

LIVE: dict[str, tuple[Callable[[Newsroom], Any], str]] = {
    "Session": (lambda news: news.session, "connect() where it runs"),
    "Workspace": (lambda news: news.workspace, "session.workspace(name) there"),
    "BulkRun": (lambda news: news.workspace.enroll_many([], journal="never.journal"), "mi_async.fleet.member"),
    "Job": (lambda news: news.session.job("index:newsroom:1:2"), "send str(job)"),
    "Connecting": (lambda _: mi_async.connect(), "connect() where it runs"),
}


@pytest.mark.parametrize("kind", LIVE)
@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
async def test_a_live_object_refuses_and_says_what_to_do(kind: str, way: Callable[[Any], Any]) -> None:
    make, advice = LIVE[kind]
    async with newsroom() as news:
        with pytest.raises(InvalidArgumentError, match=f"^{kind} cannot be pickled or copied") as caught:
            way(make(news))
    assert advice in str(caught.value)


async def test_what_holds_a_live_object_refuses_with_its_words() -> None:
    async with newsroom() as news:
        for held in (news.workspace.persons, {"rooms": [news.workspace]}, news.session.workspaces):
            with pytest.raises(InvalidArgumentError, match=r"connect\(\) where it runs"):
                pickle.dumps(held)


async def test_values_of_a_session_are_pickled() -> None:
    async with newsroom() as news:
        for value in (dict(news.session.quota), plan_people([])):
            assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  our own
