"""A Redis server of one's own: on a free port, in a folder of its own, with nothing on the disk."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from attrs import define, field

from tests.support.bound_process import bound
from tests.support.programs import program

READY = 20.0
"""Seconds in which a server must answer."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@define
class RedisServer:
    """A server that can be killed, stopped and started again, always empty.

    Attributes:
        folder: to run in.
        options: of redis-server, by name.
        port: where it listens; 0 when ``options`` say otherwise.
    """

    folder: Path
    options: dict[str, str] = field(factory=dict)
    port: int = field(factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = field(init=False, default=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no", **self.options}
        command: list[str | Path] = [program("redis-server", package="redis-server")]
        for name, value in options.items():
            command += [f"--{name}", value]
        self._process = subprocess.Popen(
            bound(command), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _wait(self) -> None:
        assert self._process is not None
        port = int(self.options.get("tls-port", self.port))
        until = time.monotonic() + READY
        while True:
            assert self._process.poll() is None, "redis-server ended"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert time.monotonic() < until, "redis-server does not listen"
                time.sleep(0.02)
            else:
                return

    def keys(self, pattern: str) -> list[str]:
        with redis.Redis(port=self.port, decode_responses=True) as client:
            return list(client.scan_iter(pattern))

    def flush(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Make it stand still, with its connections open."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def redis_server(folder: Path, **options: str) -> Iterator[RedisServer]:
    """Run a server for a block."""
    server = RedisServer(folder, options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
