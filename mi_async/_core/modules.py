"""Modules of the package that are imported when they are first needed.

Invariant: out of file descriptors a module cannot be read; then the error is ours, and the next use imports it.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from mi_async._core.files import NO_DESCRIPTOR, is_exhausted
from mi_async.errors import ResourceError


def are_loaded(names: Sequence[str]) -> bool:
    """Return True if modules that are imported in this order need no import any more."""
    return names[-1] in sys.modules


def load_modules(names: Sequence[str]) -> None:
    """Import modules.

    Raises:
        ResourceError: this machine is out of file descriptors or memory.
    """
    for name in names:
        try:
            import_module(name)
        except OSError as error:
            if not is_exhausted(error):
                raise
            message = f"{name} cannot be loaded now: {NO_DESCRIPTOR.get(error.errno or 0, error.strerror)}"
            raise ResourceError(message, source=name) from error
