"""Processes that share a quota, against a server that counts arrivals: never above, whatever becomes of them."""

import time
from typing import Any

import pytest
from quota_store import ROWS, Child, Row, Store, flushed, half_killed, run, stopped

from tests.support.programs import program

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _redis() -> None:
    program("redis-server", package="redis-server")


def never_above(row: Row) -> dict[str, Any]:
    found = run(row)
    assert found["refused"] == 0
    assert found["most"] <= row.quota[0]
    return found


def test_half_of_the_processes_are_killed() -> None:
    found = never_above(Row("killed", [10] * 4, 0.1, 8, mishap=half_killed))
    assert found["most"] > 40  # the quota was pressed against
    assert found["fairness"] > 0.9


def test_the_store_is_stopped_emptied_and_killed() -> None:
    def all_of_it(store: Store, clients: list[Child]) -> None:
        stopped(store, clients, 1.0)
        flushed(store, clients, 2)
        store.kill()
        time.sleep(0.5)
        store.start()

    assert never_above(Row("store", [10] * 3, 0.1, 9, mishap=all_of_it))["served"] > 50


@pytest.mark.soak
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS if row.shared])
def test_rows_of_the_benchmark(row: Row) -> None:
    found = never_above(row)
    if row.mishap is None:
        assert found["share"] >= 0.95 * found["bound"]
