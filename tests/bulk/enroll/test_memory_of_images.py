"""The bytes of an image are in memory from its reading to the end of its PUT, and no longer."""

import asyncio
import gc
from pathlib import Path

import pytest

from mi_async import Attempt, Hooks
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import PersonInput
from mi_async.emulator import Fault, Latency, Settings
from mi_async.media.image_check import Image, RawImage
from tests.support.bulk import faces, files, outcomes, statuses
from tests.support.newsroom import newsroom
from tests.support.virtual import on_virtual_time

AT_ONCE = Settings(latency=Latency.none())


def alive() -> int:
    """Return the bytes of all images that are alive, garbage included."""
    return sum(len(one.content) for one in gc.get_objects() if type(one) in {Image, RawImage})


def held() -> int:
    """Return the bytes of all images that are in use."""
    gc.collect()
    return alive()


@on_virtual_time
async def test_a_stored_image_is_freed_before_its_completion_is_checked(tmp_path: Path) -> None:
    at_presign: list[int] = []
    at_check: list[int] = []

    async def look(attempt: Attempt) -> None:
        if attempt.operation == "thumbnails.presign":
            at_presign.append(held())
        if attempt.operation == "thumbnails.complete":
            at_check.append(held())

    paths = files(tmp_path / "faces", faces(2))
    async with newsroom(AT_ONCE, hooks=Hooks(before=[look])) as news:
        for path in paths:  # one after the other: nothing else is in memory
            run = news.workspace.enroll_many([PersonInput(path.stem, [path])], journal=tmp_path / "j")
            assert statuses(await outcomes(run)) == {Status.DONE}
    assert at_check == [0, 0]
    assert all(at_presign)


@on_virtual_time
async def test_an_image_that_an_earlier_run_has_stored_is_freed_while_it_waits(tmp_path: Path) -> None:
    """It is read again to be recognised; then it waits for its next checks without its bytes."""
    checks: list[int] = []
    enough = asyncio.Event()

    async def look(attempt: Attempt) -> None:
        if attempt.operation == "thumbnails.complete" and not enough.is_set():
            checks.append(held())
            if len(checks) == 3:
                enough.set()

    (path,) = files(tmp_path / "faces", faces(1))
    async with newsroom(Settings(latency=Latency.never()), hooks=Hooks(before=[look])) as news:
        for _ in range(2):  # the first is stopped once the image is stored
            checks.clear()
            enough.clear()
            run = news.workspace.enroll_many([PersonInput("Hong", [path])], journal=tmp_path / "j")
            task = asyncio.ensure_future(outcomes(run))
            async with asyncio.timeout(30):
                await enough.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert news.server.log.count("storage.put") == 1
    assert checks[0] > 0
    assert checks[1:] == [0, 0]


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.DROP_BEFORE, Fault.DROP_AFTER])
@on_virtual_time
async def test_a_failed_put_leaves_no_bytes_to_the_collector(fault: Fault, tmp_path: Path) -> None:
    """In an outage, 24 uploads of 5 MB that fail again and again would fill the memory before it collects."""
    (path,) = files(tmp_path / "faces", faces(1))
    async with newsroom(AT_ONCE) as news:
        news.server.faults.next("storage.put", fault)
        held()
        gc.disable()
        try:
            run = news.workspace.enroll_many([PersonInput("Hong", [path])], journal=tmp_path / "j")
            assert statuses(await outcomes(run)) == {Status.DONE}
            assert alive() == 0
        finally:
            gc.enable()
