"""Options of commands that write a page: its file, its language, and whether it may replace somebody's file."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

PageFile: TypeAlias = Annotated[Path, Parameter(help="The page: one file that needs nothing else.")]
PageLanguage: TypeAlias = Annotated[
    Literal["en", "ko"] | None,
    Parameter(env_var="MI_ASYNC_LANG", help="Language of the page, by default that of the environment."),
]
ReplaceFile: TypeAlias = Annotated[
    bool, Parameter(negative=(), show_default=False, help="Replace a file that mi-async did not write.")
]
