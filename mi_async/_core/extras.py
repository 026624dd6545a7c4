"""What a journal stands on besides the package: SQLAlchemy and filelock, the extra ``bulk``.

Invariant: imports neither; whoever does, does it here and learns what to install.
"""

from collections.abc import Generator
from contextlib import contextmanager

from mi_async.errors import ConfigError

LIBRARIES = frozenset({"sqlalchemy", "filelock"})


@contextmanager
def bulk_extra() -> Generator[None]:
    """Import inside this what imports the libraries.

    Raises:
        ConfigError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        message = "a journal needs sqlalchemy and filelock: pip install 'mi-async[bulk]'"
        raise ConfigError(message) from error
