"""Fixtures of tests of backups: a workspace with people, tags and media."""

from collections.abc import AsyncIterator

import pytest

from tests.support.newsroom import Newsroom, newsroom


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom() as news:
        yield news
