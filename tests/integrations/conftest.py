"""Fixtures of tests that need a Redis server."""

from collections.abc import Iterator

import pytest

from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests of a module; each takes an account of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server
