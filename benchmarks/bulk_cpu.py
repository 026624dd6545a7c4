"""Client CPU of a thumbnail that is enrolled in bulk, against the raw aiohttp calls that it takes.

Ours is ``enroll_many`` with default settings, one picture a person: files read and checked, four requests signed, paced
and parsed, every step in the journal on disk. Raw is the same four requests (three JSON posts and a PUT of the same
size from memory) by 32 tasks on one aiohttp session, with stdlib json. Both talk to a server of fixed answers, and runs
of both take turns within one process, with the CPU of all its threads counted, on the default heap and on a steady one.
"""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, cast
from urllib.request import urlopen

import aiohttp
from bulk_client import Job, work
from harness import CLIENT_CORE, SERVER_CORE, STEADY_HEAP, Series, options, pin, process, ratio, scaled, take_turns
from results import Table, finish
from servers import content_length

import mi_async

PICTURE = Path(mi_async.__file__).parent / "cli" / "pictures" / "hong-gildong-1.jpg"
SIZES = {
    "20 kB": (20_000, scaled(600, 8)),
    "200 kB": (200_000, scaled(300, 8)),
    "2 MB": (2_000_000, scaled(60, 4)),
}
"""Bytes of a picture and number of thumbnails in a run."""
TURNS = scaled(7, 2)
HEAPS = {"": {}, ", steady heap": STEADY_HEAP}
"""Environments of a process, by what goes behind the name of a size."""
SPEED = 60.0
"""Makes the quotas a thousand checks a second, which is more than the client can do."""
TASKS = 32
ROOM = "/api/v1/workspaces/newsroom"
UPLOADS = f"{ROOM}/person-thumbnail/uploads"
CALLS = ("presign", "put", "complete", "create")


class Service(asyncio.Protocol):
    """Answers what an enrollment asks, and counts it; looks at the first line of a request and at its length."""

    counts: ClassVar[Counter[str]] = Counter()
    issued: ClassVar[int] = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast("asyncio.Transport", transport)
        self._head, self._left, self._line = b"", 0, b""

    def data_received(self, data: bytes) -> None:
        """Answer at the end of a request."""
        if self._left:
            self._left -= len(data)
        else:
            head, end, rest = (self._head + data).partition(b"\r\n\r\n")
            self._head = b"" if end else head
            if not end:
                return
            self._line = head.partition(b"\r\n")[0]
            self._left = content_length(head) - len(rest)
        if not self._left:
            body = self._answer(self._line)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )

    def _answer(self, line: bytes) -> bytes:
        service, (method, target, *_) = type(self), line.split(b" ")
        what = {b"PUT": "put"}.get(method) or KINDS.get(target.rpartition(b"/")[2], "other")
        service.counts[what] += 1
        service.issued += 1
        match what:
            case "presign":
                host, port = self._transport.get_extra_info("sockname")[:2]
                key = f"newsroom/{service.issued:015}/picture.jpg"
                result: object = {"thumbnailKey": key, "url": f"http://{host}:{port}/{key}?X-Amz-Signature={'0' * 64}"}
            case "complete":
                result = {"uploadStatus": "COMPLETED"}
            case "create":
                result = {"personId": service.issued}
            case "counts":
                result = dict(service.counts)
                service.counts.clear()
            case _:
                return b""
        return json.dumps({"code": "0", "message": "success", "result": result}).encode()


KINDS = {b"presigned-url": "presign", b"complete": "complete", b"persons": "create", b"counts": "counts"}


async def serve() -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(Service, "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


@contextmanager
def served() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, __file__, "--client", "serve"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def counts(url: str) -> dict[str, int]:
    with urlopen(f"{url}/counts") as answer:  # noqa: S310  http on the loopback address
        found: dict[str, int] = json.load(answer)["result"]
    return {name: number for name, number in found.items() if name != "counts"}


async def ours(url: str, picture: Path, items: int) -> float:
    """Real seconds of CPU for all of them."""
    job = Job(url, "KEY", "SECRET", str(picture.with_suffix(".journal")), [str(picture)], items, speed=SPEED)
    figures = await work(job)
    assert figures["counts"] == {"done": items}, figures["counts"]
    return float(figures["cpu"])


async def raw(url: str, picture: Path, items: int) -> float:
    """Real seconds of CPU for all of them."""
    content, numbers = await asyncio.to_thread(picture.read_bytes), iter(range(items))
    image = {"Content-Type": "image/jpeg"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(target: str, body: object) -> dict[str, str]:
            async with session.post(url + target, json=body) as response:
                result: dict[str, str] = (await response.json())["result"]
                return result

        async def worker() -> None:
            for number in numbers:
                issued = await post(f"{UPLOADS}/presigned-url", {"thumbnailFileName": "picture.jpg"})
                async with session.put(issued["url"], data=content, headers=image) as response:
                    await response.read()
                key = {"thumbnailKey": issued["thumbnailKey"]}
                await post(f"{UPLOADS}/complete", key)
                thumbnails = [key | {"isPrimaryThumbnail": True}]
                await post(f"{ROOM}/persons", {"name": f"Person {number}", "thumbnails": thumbnails})

        before = time.process_time()
        await asyncio.gather(*(worker() for _ in range(TASKS)))
        return time.process_time() - before


async def client(url: str) -> dict[str, Series]:
    """Return CPU milliseconds of a thumbnail, by size and variant."""
    found: dict[str, Series] = {}
    with TemporaryDirectory() as folder:
        for name, (size, items) in SIZES.items():
            picture = Path(folder) / f"{size}.jpg"
            picture.write_bytes(PICTURE.read_bytes().ljust(size, b"\0"))

            async def run(work: Callable[[str, Path, int], Awaitable[float]], picture: Path, items: int) -> float:
                for journal in picture.parent.glob("*.journal*"):
                    journal.unlink()
                counts(url)
                cpu = await work(url, picture, items)
                asked = counts(url)
                assert asked == dict.fromkeys(CALLS, items), asked
                return cpu / items * 1e3

            sides = {"raw": raw, "again": raw, "ours": ours}
            blocks = {side: partial(run, work, picture, items) for side, work in sides.items()}
            for side in sides.values():
                await run(side, picture, 4)  # imports what the first run needs
            found[name] = await take_turns(blocks, TURNS)
    return found


def main() -> None:
    given = options(__doc__, repetitions=2).parse_args()
    if given.client == "serve":
        pin(SERVER_CORE)
        asyncio.run(serve())
        return
    if given.client:
        pin(CLIENT_CORE)
        json.dump(asyncio.run(client(given.url)), sys.stdout)
        return
    with served() as url:
        command = [__file__, "--url", url, "--client", "measure"]
        runs: dict[str, list[dict[str, Series]]] = {
            heap: [json.loads(process(command, **environment)) for _ in range(given.reps)]
            for heap, environment in HEAPS.items()
        }
    rows, figures = [], dict[str, float]()
    for heap, size in itertools.product(HEAPS, SIZES):
        series = {name: [ms for run in runs[heap] for ms in run[size][name]] for name in runs[heap][0][size]}
        compared = ratio(series, "ours", "raw")
        ms = [f"{statistics.median(series[name]):.2f}" for name in ("raw", "ours")]
        rows.append([size + heap, *ms, str(compared), str(ratio(series, "again", "raw"))])
        figures |= {size + heap: compared.median, f"{size}{heap} ms": statistics.median(series["ours"])}
    head = ["picture", "raw ms", "ms", "x raw (quartiles)", "A/A"]
    finish(given.json, figures, Table("Client CPU of an enrolled thumbnail", head, rows), packages=("sqlalchemy",))


if __name__ == "__main__":
    main()
