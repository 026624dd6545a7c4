"""The page of a bulk run, from its journal alone: totals, rate, failures, what to do, how to resume.

Invariant: one self-contained HTML document of bounded size; whatever a journal holds is text in it, never markup.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from attrs import frozen

from mi_async._core.output_file import output_file
from mi_async.bulk.journal.place import Journalled, journal_file, parsed
from mi_async.errors import BulkError
from mi_async.language import PageWords, language_of
from mi_async.notebook import escaped_line
from mi_async.pictures.journal_figures import JournalFigures, journal_figures
from mi_async.pictures.journal_sections import failures, images, rate, resume, runs, totals
from mi_async.pictures.journal_words import JOURNAL_WORDS
from mi_async.pictures.web_page import OURS, web_page
from mi_async.text import encodable


def journal_page(
    journal: Journalled, *, lang: str | None = None, images: bool = True, zone: tzinfo | None = None
) -> str:
    """Return the page of a bulk run as HTML.

    Args:
        journal: path of the file, or its URL.
        lang: ``en`` or ``ko``; by default that of the environment (LC_ALL, LC_MESSAGES, LANG).
        images: embed previews of the images that failed, where their files are still there: at most 24.
        zone: of the times; by default this machine's.

    Raises:
        JournalError: the journal cannot be read.
        InvalidArgumentError: there is no such language.
        ConfigError: the extra ``bulk`` is not installed.
    """
    words = PageWords(language_of(lang), JOURNAL_WORDS)
    figures = journal_figures(journal, images=images)
    title = words("title", workspace=figures.workspace)
    return web_page(title, "\n".join(_Page(figures, words, zone).parts()), words.language)


def save_journal_page(
    journal: Journalled,
    path: str | os.PathLike[str],
    *,
    lang: str | None = None,
    images: bool = True,
    force: bool = False,
) -> None:
    """Write the page of a bulk run to a file, which is replaced as a whole, or stays as it was.

    Args:
        journal: path of the file, or its URL.
        path: of the page.
        lang: as for :func:`journal_page`.
        images: as for :func:`journal_page`.
        force: replace a file that we did not write. The journal, images, media files, databases and archives are
            never replaced.

    Raises:
        InvalidArgumentError: the file exists and must not be replaced, or there is no such language.
        BulkError: the file cannot be written.
        JournalError: the journal cannot be read.
        ConfigError: the extra ``bulk`` is not installed.
    """
    language_of(lang)
    place = parsed(journal)
    target = output_file(path, ours=OURS, journal=journal_file(place), force=force)
    try:
        page = journal_page(place, lang=lang, images=images).encode()
        with target.writing() as file:
            file.write(page)
    except OSError as error:
        message = f"cannot write the page to {encodable(target.path)}: {error.strerror or error}"
        raise BulkError(message) from error
    finally:
        target.close()


@frozen
class _Page:
    """The parts of a page, from the top."""

    figures: JournalFigures
    words: PageWords
    zone: tzinfo | None

    def parts(self) -> Iterator[str]:
        """Yield the sections."""
        figures, words = self.figures, self.words
        now = datetime.now(UTC).astimezone(self.zone)
        yield f"<h1>{escaped_line(words('title', workspace=figures.workspace))}</h1>"
        about = words(
            "about",
            operation=words.known(figures.operation),
            journal=figures.report.journal,
            now=f"{now:%Y-%m-%d %H:%M}",
        )
        yield f'<p class="soft">{escaped_line(about)}</p>'
        yield self._verdict()
        yield from totals(figures, words)
        yield from rate(figures, words, self.zone)
        yield from failures(figures, words)
        yield from images(figures, words)
        yield from resume(figures, words)
        yield from runs(figures, words, self.zone)
        yield f'<p class="soft">{words("zone", offset=f"{now:%z}"[:3] + ":" + f"{now:%z}"[3:5])}</p>'

    def _verdict(self) -> str:
        report, words = self.figures.report, self.words
        if not report.ended + report.open and not report.ending:
            return f'<p class="verdict open">{words("empty")}</p>'
        said, earlier = list(self._left()), sum(self.figures.codes.values())
        if not said and earlier:
            said.append(words("earlier_failures", count=f"{earlier:,}"))
        if not said:
            well = "all_well" if report.named is None else "plan_done"
            return f'<p class="verdict">{words(well, count=f"{report.ended:,}")}</p>'
        kind = "troubled" if report.troubled or earlier else "open"
        return f'<p class="verdict {kind}">{" ".join(said)}</p>'

    def _left(self) -> Iterator[str]:
        """Yield what the run has left: its end, items that did not go well, and items that have not ended."""
        report, words = self.figures.report, self.words
        if report.ending:
            yield words("not_ended", ending=escaped_line(words.known(report.ending)))
        if report.troubled:
            yield words("not_well", troubled=f"{report.troubled:,}", count=f"{report.ended:,}")
        if report.open:
            yield words("open_items", count=f"{report.open:,}")
