"""``emulator.running()``: an emulator in a thread, for code that has no event loop or blocks the one it has."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from attrs import evolve
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from yarl import URL

import mi_async
from mi_async import emulator
from mi_async.emulator import EmulatedObject, Fault, RunningEmulator, Server
from mi_async.emulator.objects import by_name
from mi_async.emulator.running import EmulatorThread
from tests.support.raw import QUICK


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mi-async emulator"]


def listens(url: str) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex((URL(url).host or "", URL(url).port or 0)) == 0


def service(server: RunningEmulator) -> FastAPI:
    """Return a web service, which has a session with the emulator."""

    @asynccontextmanager
    async def connected(app: FastAPI) -> AsyncIterator[None]:
        async with mi_async.connect(server.credentials, base_url=server.url) as session:
            app.state.newsroom = session.workspace("newsroom")
            yield

    app = FastAPI(lifespan=connected)

    @app.post("/people/{name}")
    async def create(name: str, request: Request) -> dict[str, int]:
        return {"id": (await request.app.state.newsroom.persons.create(name, thumbnails=[])).id}

    return app


async def test_a_client_that_blocks_the_event_loop() -> None:
    with emulator.running(settings=QUICK) as server, TestClient(service(server)) as client:
        assert client.post("/people/Gildong").json() == {"id": 1001}
        assert [person.name for person in server.state.persons()] == ["Gildong"]
        assert server.log.answers["persons.create", 200] == 1


def created(server: RunningEmulator, name: str) -> None:
    async def create() -> None:
        async with mi_async.connect(server.credentials, base_url=server.url) as session:
            await session.workspace("newsroom").persons.create(name, thumbnails=[])

    asyncio.run(create())


def test_it_is_used_from_many_threads() -> None:
    with emulator.running(settings=QUICK) as server, ThreadPoolExecutor(8) as pool:
        server.faults.next("persons.create", Fault.ERROR_BEFORE, times=3)
        made = [pool.submit(created, server, f"Person {number}") for number in range(6)]
        seen = [pool.submit(lambda: len(list(server.state.persons()))) for _ in range(40)]
        for each in made:
            each.result(60)
        assert all(0 <= each.result(60) <= 6 for each in seen)
        assert {person.name for person in server.state.persons()} == {f"Person {number}" for number in range(6)}
        assert (server.faults.injected[Fault.ERROR_BEFORE], server.log.count("persons.create")) == (3, 9)
        sent = {request.body["name"] for request in server.log.requests("persons.create")}
        assert sent == {f"Person {number}" for number in range(6)}


class BrokenError(Exception):
    """What fails in a block."""


def interrupted() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs us in the background ignores it
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def broken() -> None:
    raise BrokenError


@pytest.mark.parametrize(("fail", "kind"), [(broken, BrokenError), (interrupted, KeyboardInterrupt)])
def test_it_ends_with_its_block(fail: Callable[[], None], kind: type[BaseException]) -> None:
    served = list[RunningEmulator]()

    def block() -> None:
        with emulator.running(settings=QUICK) as server:
            served.append(server)
            assert listens(server.url)
            fail()

    with pytest.raises(kind):
        block()
    (server,) = served
    assert not listens(server.url)
    assert not threads()
    with pytest.raises(mi_async.errors.SessionError, match="the emulator has ended"):
        server.reset()


def test_it_is_ended_twice_and_from_another_thread() -> None:
    with emulator.running(settings=QUICK) as server:
        ending = [threading.Thread(target=server.stop) for _ in range(4)]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(60)
        assert not threads()
        server.stop()


def test_two_of_them_are_two() -> None:
    with emulator.running(settings=QUICK) as one, emulator.running(settings=QUICK) as other:
        created(one, "Gildong")
        assert (len(list(one.state.persons())), len(list(other.state.persons()))) == (1, 0)
        one.reset()
        assert list(one.state.persons()) == []
    assert not threads()


def test_a_failure_at_the_end_is_told_to_who_ends_it() -> None:
    @asynccontextmanager
    async def full() -> AsyncIterator[Server]:
        async with emulator.serve(settings=QUICK) as server:
            yield server
        message = "what exists now could not be saved"
        raise mi_async.ConfigError(message)

    thread = EmulatorThread(full())
    thread.start()
    with pytest.raises(mi_async.ConfigError, match="could not be saved"):
        thread.stop()
    assert not threads()
    thread.stop()


def test_an_address_that_is_taken() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        with pytest.raises(OSError, match="address already in use"), emulator.running(port=taken.getsockname()[1]):
            pass
        assert not threads()


def test_it_does_not_travel() -> None:
    with emulator.running() as server, pytest.raises(mi_async.InvalidArgumentError, match="cannot be pickled"):
        server.__reduce__()


FORK = """
import os, sys
import mi_async
from mi_async import emulator

with emulator.running() as server:
    child = os.fork()
    if not child:
        try:
            server.reset()
        except mi_async.SessionError as error:
            assert "use RemoteEmulator(url)" in str(error)
        emulator.RemoteEmulator(server.url).faults.next("persons.get", 99999)
        server.stop()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    server.reset()
print("whole")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_reaches_it_by_its_url(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("whole\n", 0), done.stderr


def test_a_function_of_its_settings_asks_it() -> None:
    seen = list[int]()

    async def look(bucket: str, key: str) -> EmulatedObject | None:
        seen.append(server.log.count("assets.register"))
        return await by_name(bucket, key)

    async def register() -> None:
        async with mi_async.connect(server.credentials, base_url=server.url) as session:
            room = session.workspace("newsroom")
            number = (await room.projects.list()).projects[0].project_id
            await room.import_asset(number, key="a.mp4", bucket_name="footage")

    with emulator.running(settings=evolve(QUICK, objects=look)) as server:
        asyncio.run(register())
    assert seen == [1]
