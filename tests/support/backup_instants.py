"""A backup that is killed at each of its changes to the disk: ``python -m tests.support.backup_instants '{...}'``.

Invariant: the process ends just before the change, without any code of it that would clean up. Prints a row for each
instant: the change, the persons that the backup then shows, and those that it shows once it was run again.
"""

import asyncio
import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path
from typing import Any

import mi_async
from mi_async.backup import check_backup, open_backup
from mi_async.errors import InvalidArgumentError

CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.chmod", "sqlite3.connect"})
WRITING = os.O_WRONLY | os.O_RDWR
KILLED = 9


async def back_up(url: str, keys: tuple[str, str], folder: Path) -> None:
    async with mi_async.connect(mi_async.Credentials(*keys), base_url=url) as session:
        await session.workspace("newsroom").back_up(folder)


def in_child(url: str, keys: tuple[str, str], folder: Path, instant: int | None) -> tuple[bool, str]:
    """Back up in a process of its own; return True if it came to its end, and before what it was killed."""
    said = folder.with_suffix(".txt")
    if not (child := os.fork()):
        changes = 0

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal changes
            is_change = event in CHANGES or (event == "open" and bool((arguments[2] or 0) & WRITING))
            if is_change and any(str(folder) in os.fsdecode(each) for each in arguments[:2] if _is_path(each)):
                changes += 1
                if changes == instant:
                    os.write(descriptor, f"{event} {Path(os.fsdecode(arguments[0])).name[:20]}".encode())
                    os._exit(KILLED)

        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        sys.addaudithook(watch)
        asyncio.run(back_up(url, keys, folder))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, KILLED}, code
    return code == 0, said.read_text()


def _is_path(value: object) -> bool:
    return isinstance(value, str | bytes | os.PathLike)


def shown(folder: Path) -> list[int] | str:
    """IDs of the persons that a backup shows, or what is wrong with it."""
    try:
        checked = check_backup(folder)
    except InvalidArgumentError as error:
        return str(error)
    return [person.id for person in open_backup(folder).persons()] if checked.ok else str(checked)


def main(*, url: str, keys: tuple[str, str], base: str, folder: str, every: int) -> list[dict[str, Any]]:
    rows = []
    for instant in count(1, every):
        place = Path(folder) / str(instant)
        shutil.copytree(base, place)
        ended, change = in_child(url, keys, place, instant)
        before = shown(place)
        assert in_child(url, keys, place, None)[0]
        rows.append({"change": change, "before": before, "after": shown(place)})
        shutil.rmtree(place)
        if ended:
            return rows
    return rows


if __name__ == "__main__":
    json.dump(main(**json.loads(sys.argv[1])), sys.stdout)
