"""Fixtures of tests of backups: a workspace with people, tags and media."""

from collections.abc import AsyncIterator

import pytest

from mi_async.emulator import Latency, Settings
from tests.support.newsroom import Newsroom, newsroom

AT_ONCE = Latency.constant(0.1)
SETTINGS = Settings(importing=AT_ONCE, queueing=AT_ONCE, analysing=AT_ONCE, summarizing=AT_ONCE)


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom(SETTINGS, speed=300.0) as news:
        yield news
