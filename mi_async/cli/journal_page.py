"""``journal report``: the page of a bulk run as one HTML file.

Invariant: the page is written as a whole or not at all; nothing else is printed on stdout.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mi_async._core.extras import require
from mi_async.cli.streams import stderr
from mi_async.text import one_line


def report(
    file: Annotated[str, Parameter(name="FILE", help="The journal of a bulk run, as --journal named it.")],
    /,
    *,
    html: Annotated[Path, Parameter(help="The page: one file that needs nothing else.")],
    lang: Annotated[
        Literal["en", "ko"] | None,
        Parameter(env_var="MI_ASYNC_LANG", help="Language of the page, by default that of LANG."),
    ] = None,
    images: Annotated[
        bool, Parameter(help="Embed small previews of the images that failed, where their files are still there.")
    ] = True,
    force: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Replace a file that mi-async did not write.")
    ] = False,
) -> None:
    """Write a page about the latest run: totals, rate against the quota, failures and what to do, how to resume.

    It works during a run, too. The page runs no script, loads nothing and holds no key and no presigned URL.
    """
    require("bulk")
    from mi_async.pictures.run_page import save_journal_page  # noqa: PLC0415  brings SQLAlchemy, an extra

    save_journal_page(file, html, lang=lang, images=images, force=force)
    stderr().write(f"wrote {one_line(str(html))}\n")
