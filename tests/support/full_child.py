"""A process that runs out of file descriptors while images are read: ``python full_child.py '{"url": ..., ...}'``.

Invariant: it has none left from the moment that the run begins, or the single call, until it is told that the machine
is out of a resource; then there are enough again. Prints what became of everything.
"""

import asyncio
import json
import logging
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mi_async
from mi_async.bulk.inputs.models import PersonInput
from mi_async.media.image_source import load_image
from mi_async.storage.local_file import LocalFile

ENOUGH = 128


class Descriptors(logging.Handler):
    """All that there are, until the log says that the machine is out of a resource."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.taken: list[int] = []
        self.said: list[str] = []

    def take(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        while True:
            try:
                self.taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                return

    def release(self) -> None:
        while self.taken:
            os.close(self.taken.pop())

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        if "out of a resource" in self.said[-1]:
            self.release()


async def single(path: str) -> list[str]:
    """What a single call says, and the reader of a media file."""
    descriptors, said = Descriptors(), []
    await asyncio.to_thread(int)  # the thread, whose start needs no descriptor but may need a module
    descriptors.take()
    try:
        await load_image(path)
    except mi_async.MIError as error:
        said.append(f"{type(error).__name__}: {error}")
    try:
        LocalFile.open(path)
    except mi_async.MIError as error:
        said.append(f"{type(error).__name__}: {error}")
    descriptors.release()
    return said


async def main(*, url: str, keys: tuple[str, str], journal: str, folder: str, speed: float) -> dict[str, Any]:
    paths = sorted(Path(folder).iterdir())
    alone = await single(str(paths[0]))
    descriptors = Descriptors()
    logging.getLogger("mi_async").addHandler(descriptors)

    def people() -> Iterator[PersonInput]:
        descriptors.take()
        yield from (PersonInput(path.stem, [path]) for path in paths)

    credentials, clock = mi_async.Credentials(*keys), mi_async.Clock(speed)
    async with mi_async.connect(credentials, base_url=url, clock=clock) as session:
        workspace = session.workspace("newsroom")
        await workspace.persons.list(page_num=1)
        report = await workspace.enroll_many(people(), journal=journal)
    return {
        "alone": alone,
        "counts": {status.value: count for status, count in report.counts.items()},
        "said": descriptors.said,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(main(**json.loads(sys.argv[1]))), sys.stdout)
