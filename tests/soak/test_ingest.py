"""Two gigabytes on their way in, by `nox -s soak`: killed, taken up, and in little memory. The client is a process."""

import json
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from mi_async.emulator import Latency, Settings
from mi_async.storage.part_layout import MIB, PartLayout
from tests.support.films import box, moov
from tests.support.storage import BUCKET, bucket
from tests.support.terminal import environment, process, served

pytestmark = pytest.mark.soak

SIZE = 2 * 2**30
MOST = 200 * MIB
"""Bytes of memory that a client may have at its peak."""
QUICK = Settings(importing=Latency.none(), queueing=Latency.none(), analysing=Latency.none())


def long_film(path: Path) -> None:
    """A film with holes in it: honest headers, and parts that all differ."""
    start, end = box(b"ftyp", b"isom", bytes(4), b"isom"), moov(3600.0, 1280, 720)
    with path.open("wb") as file:
        file.write(start + struct.pack(">I", SIZE - len(start) - len(end)) + b"mdat")
        for offset in range(MIB, SIZE - MIB, MIB):
            file.seek(offset)
            file.write(os.urandom(64))
        file.seek(SIZE - len(end))
        file.write(end)


def peak(pid: int) -> int:
    """Bytes of memory that a process has had at most."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's peak memory")
def test_two_gigabytes_killed_and_taken_up(tmp_path: Path) -> None:
    clip = tmp_path / "긴 영상.mp4"
    long_film(clip)
    cut = PartLayout(SIZE)
    with bucket() as s3, served(evolve(QUICK, objects=s3.look)) as server:
        env = {**environment(server), "MI_ASYNC_STORAGE_URL": s3.url}
        arguments = ["ingest", str(clip), "--bucket", BUCKET]
        with process(*arguments, env=env) as started:
            while len(s3.parts) < cut.count // 2:
                assert started.poll() is None
                time.sleep(0.01)
            highest = peak(started.pid)
            started.kill()
            started.wait()
        time.sleep(1.0)  # what was on its way arrives, or does not
        finished, sent = set(s3.arrived()), len(s3.parts)
        s3.parts.clear()
        began = time.monotonic()
        with process(*arguments, env=env) as started:
            highest = max(highest, _followed(started.pid, lambda: started.poll() is None))
            out, err = started.communicate()
        took = time.monotonic() - began
        assert started.returncode == 0, err
        answer = json.loads(out)
    print(  # noqa: T201  what a soak is for
        f"2 GiB in {cut.count} parts: {sent} requests for parts before SIGKILL, {len(finished)} arrived, "
        f"{len(s3.parts)} after it in {took:.0f} s, none twice; peak memory {highest / MIB:.0f} MiB"
    )
    assert len(finished) >= cut.count // 2 - cut.at_once
    assert not finished & set(s3.parts)
    assert sorted([*finished, *s3.parts]) == list(cut)
    assert answer["sent"] == sum(cut.length(number) for number in s3.parts)
    assert answer["index"]["scenes"]
    assert highest < MOST


def _followed(pid: int, goes_on: Callable[[], bool]) -> int:
    highest = 0
    while goes_on():
        try:
            highest = max(highest, peak(pid))
        except (OSError, StopIteration):
            break
        time.sleep(0.02)
    return highest
