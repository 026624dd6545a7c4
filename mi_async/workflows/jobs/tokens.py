"""Jobs as strings: kind, workspace and numbers, such as ``index:newsroom:101:1002``.

Invariant: pure; ASCII that needs no quoting in a shell or a URL, and no secret. Whatever is not one is refused.
"""

import re
from typing import Any, Self
from urllib.parse import quote, unquote

from attrs import frozen

from mi_async.errors import InvalidArgumentError
from mi_async.workflows.jobs.kinds import KINDS, Ids, JobKind

NUMBER = re.compile("[0-9]{1,18}")
SHOWN = 60
"""Characters of a wrong token that a message shows."""


@frozen
class Token:
    """Content of a token.

    Attributes:
        kind: of the job.
        workspace: name of the workspace.
        ids: what names the job there.
    """

    kind: JobKind[Any]
    workspace: str
    ids: Ids

    def __str__(self) -> str:
        """Write the token."""
        return ":".join([self.kind.name, *(quote(str(part), safe="") for part in (self.workspace, *self.ids))])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token.

        Raises:
            InvalidArgumentError: it is none.
        """
        name, *parts = text.split(":") if isinstance(text, str) else ("",)
        kind = KINDS.get(name)
        if kind is None:
            raise _wrong(text, f"its kind is none of {', '.join(KINDS)}")
        if len(parts) != 1 + len(kind.ids) or not all(parts):
            raise _wrong(text, f"{kind.name} wants {1 + len(kind.ids)} parts after it")
        try:
            workspace, *ids = [unquote(part, errors="strict") for part in parts]
        except UnicodeDecodeError:
            raise _wrong(text, "it is not UTF-8, percent-encoded") from None
        return cls(kind, workspace, tuple(_id(text, part, type_) for part, type_ in zip(ids, kind.ids, strict=True)))


def _id(text: str, part: str, type_: type[int | str]) -> int | str:
    if type_ is int and not NUMBER.fullmatch(part):
        raise _wrong(text, "its numbers are of 1 to 18 digits")
    return type_(part)


def _wrong(text: object, why: str) -> InvalidArgumentError:
    # What was pasted by mistake may be a URL with a signature in its query.
    shown = repr(text.partition("?")[0][:SHOWN]) if isinstance(text, str) else type(text).__name__
    return InvalidArgumentError(f"no job is named {shown}: {why}; one is written index:newsroom:101:1002")
