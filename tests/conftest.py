"""Fixtures that any test may ask for."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import pytest
from aioresponses import aioresponses

from tests.support.oddities import Oddities


@pytest.fixture
async def leaves_nothing() -> AsyncIterator[None]:
    """Assert that the test leaves no task and no open connection in its event loop."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0.001)  # what is closing may close
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, left
    kinds = {kind for kind in _below(asyncio.BaseTransport) if kind.__module__.startswith("asyncio")}
    gc.collect()
    still_open = [one for one in gc.get_objects() if type(one) in kinds and not one.is_closing()]
    assert not still_open, still_open


def _below(kind: type[object]) -> Iterator[type[object]]:
    for each in type.__subclasses__(kind):
        yield each
        yield from _below(each)


@pytest.fixture
def oddities() -> Iterator[Oddities]:
    """Canned answers to aiohttp's client, without a network."""
    with aioresponses() as mocked:
        yield Oddities(mocked)
