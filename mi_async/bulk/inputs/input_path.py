"""Path of an input, as a caller names it: one that is empty is refused."""

import os

from mi_async._core.paths import EMPTY_NAME, existing_path
from mi_async.errors import InvalidArgumentError


def named_path(path: str | os.PathLike[str]) -> str:
    """Return :func:`existing_path` of an input that a caller names.

    Raises:
        InvalidArgumentError: the name is empty.
    """
    if not os.fspath(path):
        raise InvalidArgumentError(EMPTY_NAME)
    return existing_path(path)
