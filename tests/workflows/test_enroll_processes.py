"""Two processes that enroll the same names at the same time: each person once, each image once."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from typing import Any

import pytest

from mi_async.emulator import Latency, Settings, serve
from tests.support.pictures import picture

SCRIPT = """
import asyncio, json, sys
import mi_async

async def main():
    url, access, secret, if_exists, *images = sys.argv[1:]
    async with mi_async.connect(mi_async.Credentials(access, secret), base_url=url) as session:
        room, ended = session.workspace("newsroom"), {}

        async def enroll(name):
            try:
                person = await room.enroll_person(name, images, tags=["Anchor"], if_exists=if_exists)
                ended[name] = [person.id, len(person.thumbnails), len(person.tags)]
            except mi_async.ConflictError as error:
                ended[name] = type(error).__name__

        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(0, 12, 4):
            await asyncio.gather(*[enroll(f"Person {number + more}") for more in range(4)])
        print(json.dumps(ended))

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("if_exists", ["error", "reuse", "complete"])
async def test_two_processes_make_each_person_once(if_exists: str, tmp_path: Any) -> None:
    images = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for number, path in enumerate(images):
        path.write_bytes(picture("jpg", 300, 300, seed=number))
    async with serve(settings=Settings(latency=Latency.constant(0.05))) as server:
        keys = server.credentials
        arguments = ["-c", SCRIPT, server.url, keys.access_key, keys.secret_key, if_exists, *map(str, images)]
        both = [
            await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE) for _ in range(2)
        ]
        try:
            async with asyncio.timeout(120):
                for process in both:
                    assert process.stdout is not None
                    assert await process.stdout.readline() == b"ready\n"
                said = await asyncio.gather(*[process.communicate(b"\n") for process in both])
        finally:
            for process in both:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        ended = [json.loads(out) for out, _ in said]
        persons = list(server.state.persons())
        assert Counter(person.name for person in persons) == {f"Person {number}": 1 for number in range(12)}
        assert {(len(person.thumbnails), len(person.tag_ids)) for person in persons} == {(2, 1)}
        ids = {person.name: person.id for person in persons}
        got = [(name, one[0]) for process in ended for name, one in process.items() if isinstance(one, list)]
        assert {ids[name] == number for name, number in got} == {True}
        assert len(got) == (12 if if_exists == "error" else 24)
