"""A machine that is out of file descriptors or memory while the library of the storage is loaded."""

import asyncio
import errno
import sys
from asyncio.subprocess import PIPE

import pytest

from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.errors import ResourceError
from mi_async.storage.errors import unmade
from tests.support.canned import canned
from tests.support.uploading import PLACE, opened

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
FULL = """
import asyncio, os, resource, sys
from mi_async import Clock, Credentials, RetryPolicy
from mi_async._core.inflight import InFlightCalls
from mi_async.errors import MIError
from mi_async.storage.connection import Connection
from mi_async.storage.models import Network, Storage, StoredObject
from mi_async.storage.object_store import ObjectStore

async def main(url):
    clock = Clock()
    connection = Connection(
        Storage(url), Credentials("A", "B").credentials, InFlightCalls(clock), lambda: None, clock, Network(5, 5)
    )
    store = ObjectStore(connection, RetryPolicy(max_attempts=1))
    await asyncio.to_thread(int)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    filled = []
    try:
        while True:
            filled.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        await store.head(StoredObject("footage", "a.mp4"))
    except MIError as error:
        told = f"{type(error).__name__}: {error}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(told)
    print((await store.head(StoredObject("footage", "a.mp4"))).size)
    await store.aclose()

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of file descriptors")
async def test_out_of_descriptors_while_the_library_is_loaded() -> None:
    async with canned(HEAD) as server:
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", FULL, server.url, stdout=PIPE)
        told = (await program.communicate())[0].decode()
    assert told.splitlines() == [
        "ResourceError: no client of Object Storage can be made now: Too many open files",
        "4",
    ]


def _in_c() -> ImportError:
    return ImportError("/x/_lib.so: cannot open shared object file: Too many open files")


def _below() -> ValueError:
    error = ValueError("no models")
    error.__context__ = OSError(errno.ENFILE, "Too many open files in system")
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [(_in_c(), "Too many open files"), (_below(), "Too many open files in system"), (MemoryError(), "Cannot allocate")],
)
def test_a_machine_that_is_full_is_not_a_wrong_setting(error: Exception, says: str) -> None:
    ours = unmade(error, "https://storage.example")
    assert isinstance(ours, ResourceError)
    assert ours.source == "https://storage.example"
    assert str(ours).startswith(f"no client of Object Storage can be made now: {says}")
    assert kind(ours) is FailureKind.TRANSIENT


class Full:
    """A finder of modules on a machine that is out of file descriptors."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        raise OSError(errno.EMFILE, f"Too many open files: {name}, {path}, {target}")


async def test_a_module_that_cannot_be_looked_for_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "aiobotocore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "mi_async.storage.client", raising=False)
    async with opened("http://127.0.0.1:1") as store:
        with monkeypatch.context() as full:
            full.setattr(sys, "meta_path", [Full()])
            with pytest.raises(ResourceError, match="Too many open files"):
                await store.head(PLACE)
