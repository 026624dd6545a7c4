"""Live objects: bound to a process and its event loop, so that they refuse to be pickled or copied.

Invariant: the refusal says what to send instead; the interpreter would name some lock inside.
"""

from typing import Any, NoReturn

from mi_async.errors import InvalidArgumentError


def refuse_pickling(instead: str) -> Any:
    """Return a ``__reduce__`` that refuses; pickle, copy, multiprocessing, Dask and Ray all ask it.

    Args:
        instead: what the caller can do.
    """

    def __reduce__(self: object) -> NoReturn:  # noqa: N807  it becomes that method
        kind = type(self).__name__
        message = f"{kind} cannot be pickled or copied, it belongs to its process and event loop: {instead}"
        raise InvalidArgumentError(message)

    return __reduce__
