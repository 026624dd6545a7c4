"""A machine that is full: a failure is ours when no file can be opened any more."""

import errno
import subprocess
import sys

from mi_async._core.files import NO_DESCRIPTOR

PROGRAM = """
import asyncio, os, resource, sys
import mi_async
from mi_async import emulator
from mi_async.emulator import Fault, Latency, Settings

async def main():
    keys = mi_async.Credentials("access", "secret")
    retry = mi_async.RetryPolicy(max_attempts=2, base=0.001, cap=0.001)
    async with emulator.serve(settings=Settings(latency=Latency.none())) as server:
        async with mi_async.connect(server.credentials, base_url=server.url, retry=retry) as session:
            server.faults.next("workspaces.get", Fault.UNAVAILABLE, times=9)
            await session.workspaces.all().__anext__()  # a connection
            before = set(sys.modules)
            hold = []
            try:
                while True:
                    hold.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                pass
            try:
                await session.workspaces.get("newsroom")
            except mi_async.MIError as error:
                first = f"{type(error).__name__} {error.__class__.__module__}"
            try:
                await session._calls.put("http://127.0.0.1:9/a?X-Amz-Signature=s", b"x", "image/jpeg")
            except mi_async.MIError as error:
                second = f"{type(error).__name__}: {error}"
            for each in hold:
                os.close(each)
            print(first)
            print(second)
            print(sorted(set(sys.modules) - before))

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
asyncio.run(main())
"""


def test_out_of_file_descriptors_a_failure_is_ours_and_imports_nothing() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True)
    assert ran.stdout.splitlines() == [
        "ServerError mi_async.errors",
        (
            "ConnectError: http://127.0.0.1:9/a: this process has no file descriptor left; "
            "raise `ulimit -n` or open fewer files"
        ),
        "[]",
    ], ran.stderr


FIRST_WORKFLOW = """
import asyncio, os, resource
import mi_async

def tried(work):
    try:
        return str(work())
    except mi_async.ResourceError as error:
        return f"{type(error).__name__}: {error}"

async def main():
    async with mi_async.connect(mi_async.Credentials("access", "secret"), base_url="http://127.0.0.1:9") as session:
        newsroom, hold = session.workspace("newsroom"), []
        try:
            while True:
                hold.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        print(tried(lambda: newsroom.persons))
        print(tried(lambda: newsroom.job("index:newsroom:1:2")))
        for each in hold:
            os.close(each)
        print(tried(lambda: newsroom.persons))
        print(tried(lambda: newsroom.job("index:newsroom:1:2")))

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
asyncio.run(main())
"""


def test_out_of_file_descriptors_what_is_loaded_on_demand_fails_in_our_words_and_works_later() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_WORKFLOW], check=False, capture_output=True, text=True)
    assert ran.stdout.splitlines() == [
        f"ResourceError: mi_async.api.persons cannot be loaded now: {NO_DESCRIPTOR[errno.EMFILE]}",
        f"ResourceError: mi_async.bulk.images.image_converter cannot be loaded now: {NO_DESCRIPTOR[errno.EMFILE]}",
        "Persons(workspace_name='newsroom')",
        "index:newsroom:1:2",
    ], ran.stderr
