"""``journal report``: the page of a bulk run as one HTML file.

Invariant: the page is written as a whole or not at all; nothing else is printed on stdout.
"""

from typing import Annotated

from cyclopts import Parameter

from mi_async._core.extras import require
from mi_async.cli.page_options import PageFile, PageLanguage, ReplaceFile
from mi_async.cli.streams import stderr
from mi_async.text import one_line


def report(
    file: Annotated[str, Parameter(name="FILE", help="The journal of a bulk run, as --journal named it.")],
    /,
    *,
    html: PageFile,
    lang: PageLanguage = None,
    images: Annotated[
        bool, Parameter(help="Embed small previews of the images that failed, where their files are still there.")
    ] = True,
    force: ReplaceFile = False,
) -> None:
    """Write a page about the latest run: totals, rate against the quota, failures and what to do, how to resume.

    It works during a run, too. The page runs no script, loads nothing and holds no key and no presigned URL.
    """
    require("bulk")
    from mi_async.pictures.run_page import save_journal_page  # noqa: PLC0415  brings SQLAlchemy, an extra

    save_journal_page(file, html, lang=lang, images=images, force=force)
    stderr().write(f"wrote {one_line(str(html))}\n")
