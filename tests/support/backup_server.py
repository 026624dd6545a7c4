"""An emulator with any number of people, as a process of its own: ``python backup_server.py 500 5000``.

Invariant: prints the variables that reach it, then serves until its stdin is closed; each number is a workspace,
``room-500``, with so many people of one image each.
"""

import asyncio
import json
import sys

from mi_async import emulator
from mi_async.emulator import Settings, example_image
from tests.support.backups import add_person

HEAD = example_image(0)[:33]
"""Start of a PNG: enough to be known as an image of its size, and little enough for a server with many."""


async def main(counts: list[int]) -> None:
    rooms = tuple(f"room-{count}" for count in counts)
    async with emulator.serve(settings=Settings(workspaces=rooms, enforce_quotas=False)) as server:
        for count, room in zip(counts, rooms, strict=True):
            for number in range(count):
                add_person(server, f"Person {number}", HEAD + f"{room} {number}".encode(), room=room)
        sys.stdout.write(json.dumps([server.url, server.credentials.access_key, server.credentials.secret_key]) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main([int(count) for count in sys.argv[1:]]))
