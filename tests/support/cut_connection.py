"""A way to a PostgreSQL server that is cut at a message of choice, before or after the server has got it."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field

from tests.support.postgres import PostgresServer

SOCKET = ".s.PGSQL.5432"


@define(eq=False)
class CutConnection:
    """A socket in front of that of a server.

    Attributes:
        behind: socket of the server.
        folder: of the socket in front.
        messages: that clients have sent since it was reset.
        cut_at: number of the message at which the connection is cut, once; 0 for none.
        deliver: True if the server still gets it, and only its answer is lost.
    """

    behind: Path
    folder: Path
    messages: int = field(init=False, default=0)
    cut_at: int = field(init=False, default=0)
    deliver: bool = field(init=False, default=False)
    _listener: socket.socket = field(init=False)
    _threads: list[threading.Thread] = field(init=False, factory=list)

    def start(self) -> None:
        """Listen."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / SOCKET))
        self._listener.listen()
        self._begin(self._accept)

    def stop(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(60)

    def reset(self, cut_at: int, *, deliver: bool) -> None:
        """Count from here on."""
        self.messages, self.cut_at, self.deliver = 0, cut_at, deliver

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.behind))
                self._begin(self._forward, client, server)
                self._begin(self._back, client, server)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(2**20):
                self.messages += 1
                if self.messages == self.cut_at:
                    self.cut_at = 0
                    client.shutdown(socket.SHUT_RDWR)  # what comes back goes nowhere
                    if self.deliver:
                        server.sendall(data)
                        server.shutdown(socket.SHUT_WR)
                        while server.recv(2**20):  # all of it is done before the client hears of anything
                            pass
                    break
                server.sendall(data)
        _close(client, server)

    def _back(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(2**20):
                client.sendall(data)
        _close(client)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def cut_connection(server: PostgresServer) -> Iterator[CutConnection]:
    """A way to a server inside the block."""
    with tempfile.TemporaryDirectory(prefix="mi-pg-", dir="/tmp") as folder:
        way = CutConnection(server.folder / SOCKET, Path(folder))
        way.start()
        try:
            yield way
        finally:
            way.stop()
