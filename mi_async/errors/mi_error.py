"""The base of every error that the package raises on its own account."""

from collections.abc import Mapping
from typing import Any

from mi_async.text import escaped

LONGEST = 4000
"""Characters of the longest message; a list of ours may be long, text from outside is cut before."""


class MIError(Exception):
    """Base of every error that the package raises on its own account.

    Attributes:
        ambiguous: True when the service may have acted although we saw a failure.
        created: what a workflow had already created at the service when it failed, by kind:
            ``{"person_id": 1001, "tag_ids": {"Anchor": 7}, "thumbnail_keys": [...]}``; empty otherwise.
    """

    ambiguous: bool = False
    created: Mapping[str, Any]

    def __init__(self, message: str) -> None:
        super().__init__(escaped(message, LONGEST))
        self.created = {}

    def _render_traceback_(self) -> list[str]:
        """Show a notebook the error, the lines of its user and the causes, instead of a page of frames of ours."""
        from mi_async._core.short_traceback import short_traceback  # noqa: PLC0415  only IPython asks

        return short_traceback(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, so that a subclass may have any signature."""
        return _restore, (type(self), self.args), self.__dict__


def _restore(cls: type[MIError], args: tuple[Any, ...]) -> MIError:
    error = cls.__new__(cls)
    error.args = args
    return error
