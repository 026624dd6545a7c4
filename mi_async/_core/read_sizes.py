"""Sizes of reads from a connection, smaller than those that asyncio asks for.

asyncio asks for 256 KiB at each read, of a socket and of TLS alike, and gives back what an answer of 2 kB leaves over.
glibc maps so large a buffer apart, and the system calls that map, shrink and unmap it cost a tenth of a call
(``benchmarks/call.py``: default against steady heap).
"""

import socket
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST = 64 * 2**10
"""Bytes of one read: below the 128 KiB from which on glibc maps memory. What is longer is read in several turns."""
RECORD = 16 * 2**10
"""Bytes of the largest TLS record (RFC 8446, section 5.1); one read gives no more than one record."""

_receive, _decrypt = socket.socket.recv, ssl.SSLObject.read


class Socket(socket.socket):
    """A socket that reads ``MOST`` bytes at once."""

    __slots__ = ()

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what has arrived."""
        return _receive(self, size if size < MOST else MOST, flags)  # noqa: FURB136  as below


class TLSObject(ssl.SSLObject):
    """The TLS of a connection, which reads a record at once."""

    def read(self, len: int = 1024, buffer: "WriteableBuffer | None" = None) -> bytes:  # noqa: A002  its name there
        """Return what has arrived, decrypted."""
        return _decrypt(self, len if len < RECORD else RECORD, buffer)  # noqa: FURB136  min() costs twice as much


def open_socket(address: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
    """Return a new socket for an address, as aiohttp's ``socket_factory`` does."""
    family, kind, protocol, _, _ = address
    return Socket(family, kind, protocol)
