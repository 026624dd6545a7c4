"""Options of commands that write a page: its file, its language, and whether it may replace somebody's file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from mi_async._core.output_file import output_file

PageFile: TypeAlias = Annotated[Path, Parameter(help="The page: one file that needs nothing else.")]
PageLanguage: TypeAlias = Annotated[
    Literal["en", "ko"] | None,
    Parameter(env_var="MI_ASYNC_LANG", help="Language of the page, by default that of the environment."),
]
ReplaceFile: TypeAlias = Annotated[
    bool, Parameter(negative=(), show_default=False, help="Replace a file that mi-async did not write.")
]


def check_page_file(path: Path, *, force: bool) -> None:
    """Refuse a page that cannot be written, before any request.

    Raises:
        InvalidArgumentError: as for ``Picture.save``.
    """
    from mi_async.pictures.web_page import OURS  # noqa: PLC0415  most uses of these commands need no pictures

    output_file(path, ours=OURS, force=force).close()


def made_at() -> str:
    """Return the local time that a page shows as that of its making, with its offset from UTC."""
    made = datetime.now().astimezone()
    return f"{made:%Y-%m-%d %H:%M} UTC{made.isoformat()[-6:]}"
