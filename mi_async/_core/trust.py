"""The certificates that are trusted: one SSL context for the API, for uploads of images and for Object Storage.

Blocking: a context reads some hundred certificates (about 25 ms); make it in a thread.
"""

import os
import re
import ssl
from functools import cache

from mi_async._core.files import is_transient
from mi_async._core.read_sizes import TLSObject
from mi_async.errors import ConfigError, ResourceError
from mi_async.text import escaped

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""File names that OpenSSL looks for in a directory of certificates; all else in it is never read."""


def trust(ca_file: str | None, name: str = "ca_file") -> ssl.SSLContext:
    """Make the context of a session, or of a storage that has certificates of its own.

    Args:
        ca_file: file of certificates (PEM), or a directory of them by hash, to trust instead of the usual ones; None
            for those of SSL_CERT_FILE, SSL_CERT_DIR or the system, read once in a process.
        name: of the setting, for messages.

    Raises:
        ConfigError: the file cannot be read or holds no certificate.
        ResourceError: this machine is out of file descriptors or memory, or the disk fails.
    """
    return _usual() if ca_file is None else _context(ca_file, name)


@cache
def _usual() -> ssl.SSLContext:
    return _context(None, "")


def _context(path: str | None, name: str) -> ssl.SSLContext:
    try:
        folder = path is not None and os.path.isdir(path)  # noqa: PTH112  takes what open() takes
        if folder and not any(map(_HASHED.fullmatch, os.listdir(path))):  # noqa: PTH208  likewise
            message = (
                f"ca_file is a directory without certificates by hash: {escaped(str(path))}; "
                "name a file (PEM), or run `openssl rehash` on the directory"
            )
            raise ConfigError(message)
        context = ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)
    except ssl.SSLError as error:
        message = f"{name} holds no certificates (PEM): {escaped(str(path))}"
        raise ConfigError(message) from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        if is_transient(error):
            message = f"{name} cannot be read now: {escaped(str(path))}: {said}"
            raise ResourceError(message, source=str(path)) from error
        message = f"{name} cannot be read: {escaped(str(path))}: {said}"
        raise ConfigError(message) from error
    context.sslobject_class = TLSObject
    context.set_alpn_protocols(("http/1.1",))
    return context
