"""Instructions of one call with everything on, against a GET by raw aiohttp, counted by valgrind.

    python instructions.py            counts and ratios
    python instructions.py --check    fails if a ratio is 3 % above that in instructions.json
    python instructions.py --record   writes the ratios there, for this version of Python

A count does not depend on how busy the machine is. GET reads a person with tags and thumbnails, POST asks for a
presigned URL, each by 32 callers with IDs that vary. One process under callgrind makes all of the calls; it calls
``getppid`` between two blocks, at which callgrind writes what it has counted since the last time.

Growth is the same by 256 callers, who share 100 connections on both sides: how much more of raw aiohttp's own request a
call takes there. Left out with ``--check``.
"""

import argparse
import asyncio
import gc
import json
import math
import os
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from calls import CONNECTIONS
from harness import options, scaled
from results import Table, finish
from servers import ANSWER, Server, fixed

import mi_async

CALLERS, MANY = 32, scaled(256, 64)
"""Calls in flight: of what is recorded, and of the growth."""
EACH, WARM = scaled(20), scaled(10)
"""Calls that each caller makes: counted ones, and those before."""
RECORDED = Path(__file__).with_suffix(".json")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The version under which ratios are recorded: another interpreter takes other instructions, on both sides."""
TOLERANCE = 1.03
URL = "https://storage.example.com/newsroom/person-thumbnail/{}.jpg?X-Amz-Expires=900&X-Amz-Signature=" + "0" * 64
PERSON = {
    "personId": 1001,
    "name": "Gildong Hong",
    "description": "Anchor of the evening news",
    "tags": [{"id": n, "name": f"tag {n}"} for n in range(4)],
    "thumbnails": [{"id": n, "url": URL.format(n), "isPrimaryThumbnail": n == 0} for n in range(3)],
}
PERSON_ANSWER = json.dumps({"code": "0", "message": "SUCCESS", "result": PERSON}, separators=(",", ":")).encode()
Call = Callable[[int], Awaitable[object]]


class PatientSelector(selectors.DefaultSelector):
    """A selector that waits until the server has answered all callers, so that each run has the same turns."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, then look."""
        time.sleep(0.01)
        return super().select(timeout)


async def serve() -> None:
    """Answer every request: on one port with a person, on the other with a presigned URL."""
    loop = asyncio.get_running_loop()
    listening = [
        await loop.create_server(lambda body=body: Server({b"": fixed(body)}), "127.0.0.1", 0, backlog=1024)  # type: ignore[misc]
        for body in (PERSON_ANSWER, ANSWER)
    ]
    print(*(each.sockets[0].getsockname()[1] for each in listening), flush=True)
    await listening[0].serve_forever()


async def measured(persons: str, presigns: str, callers: int) -> None:
    """Make the calls of each block, and mark where one ends."""
    keys = mi_async.Credentials("ACCESSKEY0123456789A", "0123456789abcdef0123456789abcdef01234567")
    quotas = {"thumbnails.presign": mi_async.Quota(1_000_000, 1.0)}
    path = "/api/v1/workspaces/newsroom"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as raw,
        mi_async.connect(keys, base_url=persons, quotas=quotas) as getting,
        mi_async.connect(keys, base_url=presigns, quotas=quotas) as posting,
    ):
        newsroom, thumbnails = getting.workspace("newsroom").persons, posting.workspace("newsroom").thumbnails

        async def raw_get(number: int) -> object:
            async with raw.get(f"{persons}{path}/persons/{number}") as answer:
                return await answer.json()

        async def raw_post(number: int) -> object:
            sent = {"thumbnailFileName": f"movie-{number}.jpg"}
            async with raw.post(f"{presigns}{path}/person-thumbnail/uploads/presigned-url", json=sent) as answer:
                return await answer.json()

        async def our_post(number: int) -> object:
            return await thumbnails.presign(f"movie-{number}.jpg")

        calls = (raw_get, newsroom.get, raw_post, our_post)
        for call in calls:
            await batch(call, callers, WARM)
        start_counting()
        for call in calls:
            await batch(call, callers, 1)  # opens again what the server or the pool has closed meanwhile
            gc.collect()
            gc.freeze()  # else one collection of the whole heap falls into some block
            os.getppid()
            await batch(call, callers, EACH)
            os.getppid()


def start_counting() -> None:
    """Count from here: imports are most of all instructions, and run 30 times slower when they are counted."""
    control = shutil.which("callgrind_control") or "callgrind_control"
    subprocess.run([control, "-i", "on", str(os.getpid())], check=True, capture_output=True)


async def batch(call: Call, callers: int, each: int) -> None:
    numbers = iter(range(1000, 1000 + callers * each))

    async def caller() -> None:
        for number in numbers:
            await call(number)

    await asyncio.gather(*(caller() for _ in range(callers)))


def counted(directory: Path, ports: list[str], callers: int) -> dict[str, float]:
    """Run the calls under callgrind; returns instructions of one call by block."""
    directory.mkdir(parents=True)
    command = [
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        "--dump-before=getppid",
        f"--callgrind-out-file={directory}/out",
    ]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    run = [sys.executable, __file__, "--measured", *urls, str(callers)]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run([*command, *run], env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    parts = sorted(directory.glob("out.*"), key=lambda path: int(path.suffix[1:]))
    totals = [int(re.search(r"^totals: (\d+)", part.read_text(), re.MULTILINE)[1]) for part in parts]  # type: ignore[index]
    names = ("GET raw", "GET ours", "POST raw", "POST ours")
    return {name: total / (callers * EACH) for name, total in zip(names, totals[1::2], strict=False)}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a ratio is above the recorded one")
    parser.add_argument("--record", action="store_true", help="record the ratios of this run")
    parser.add_argument("--keep", type=Path, help="directory for what callgrind writes")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measured", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    if given.measured:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(PatientSelector())) as runner:
            persons, presigns, callers = given.measured
            runner.run(measured(persons, presigns, int(callers)))
        return
    if shutil.which("valgrind") is None:
        missing = ["valgrind is not installed (Debian: apt-get install valgrind)"]
        finish(given.json, {}, Table("Nothing was counted", [""], [missing]))
        return
    every = json.loads(RECORDED.read_text())
    recorded = every.get(PYTHON, {})
    with (
        subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as directory,
    ):
        try:
            kept, ports = given.keep or Path(directory), server.stdout.readline().split()  # type: ignore[union-attr]
            figures = counted(kept / "few", ports, CALLERS)
            grown = {} if given.check else counted(kept / "many", ports, MANY)
        finally:
            server.terminate()
    rows = [
        [
            kind,
            f"{figures[f'{kind} raw']:,.0f}",
            f"{figures[f'{kind} ours']:,.0f}",
            f"{ratio:.3f}",
            f"{recorded.get(kind, '-')}",
        ]
        for kind, ratio in ratios(figures).items()
    ]
    head = ["", "raw aiohttp", "mi_async", "of raw GET", "recorded"]
    tables, told = [Table("Instructions of a call", head, rows)], ratios(figures)
    if grown:
        own = {kind: [of[f"{kind} ours"] / of[f"{kind} raw"] for of in (figures, grown)] for kind in told}
        rows = [[kind, *(f"{ratio:.3f}" for ratio in (*few, few[1] / few[0]))] for kind, few in own.items()]
        tables.append(Table("Growth", ["", f"x raw's own, {CALLERS} callers", f"{MANY} callers", "growth"], rows))
        told |= {f"{kind}.growth": few[1] / few[0] for kind, few in own.items()}
    finish(given.json, told, *tables)
    if given.record:
        every[PYTHON] = {kind: round(ratio, 3) for kind, ratio in ratios(figures).items()}
        RECORDED.write_text(json.dumps(every) + "\n")
    above = [kind for kind, ratio in ratios(figures).items() if ratio > TOLERANCE * recorded.get(kind, math.inf)]
    if given.check and above:
        message = f"{' and '.join(above)}: over 3 % more instructions than recorded in {RECORDED.name}"
        raise SystemExit(message)


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """Return our calls against raw aiohttp's GET: its POST varies by 4 %, with the turns of its writer task."""
    return {kind: figures[f"{kind} ours"] / figures["GET raw"] for kind in ("GET", "POST")}


if __name__ == "__main__":
    main()
