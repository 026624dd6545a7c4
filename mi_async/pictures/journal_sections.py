"""Sections of the page of a bulk run, each as markup.

Invariant: pure; text from a journal passes through ``escaped_line``.
"""

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo

from mi_async.api.quotas import QUOTAS
from mi_async.bulk.engine.outcome import BulkOutcome, Problem
from mi_async.bulk.report import wording
from mi_async.bulk.report.advice import advice
from mi_async.bulk.report.report import BulkReport
from mi_async.language import PageWords
from mi_async.notebook import escaped_line
from mi_async.pictures.journal_figures import FailedImage, JournalFigures
from mi_async.pictures.journal_words import advice_in, reason_in
from mi_async.pictures.rate_chart import RateChart
from mi_async.pictures.web_page import stacked_table
from mi_async.text import one_line, size

MOST_CODES, MOST_RUNS, MOST_RETRIES = 30, 20, 5
_CHECKS = QUOTAS["thumbnails.complete"]
QUOTA = _CHECKS.calls * 60 / _CHECKS.period
"""Completion checks a minute, which the rate of images cannot pass."""
REASON_HEADS = ("code", "count", "share", "advice")
COMMANDS: Mapping[str, str] = {
    "enroll": "enroll-many",
    "upload-thumbnails": "upload-many",
    "ingest": "ingest-many",
    "curate": "curate name",
}
"""Command of each operation of a journal; ``curate name`` resumes a table of ``curate merge``, too."""


def totals(figures: JournalFigures, words: PageWords) -> Iterator[str]:
    """Yield the totals of the latest run, and a bar of its items by status."""
    report = figures.report
    yield f"<h2>{words('totals')}</h2>"
    shown = [("items", f"{report.ended + report.open:,}", ""), ("took", words.duration(report.seconds), "")]
    if report.named is not None:
        shown += [("named", f"{report.named:,}", ""), ("merged", f"{report.merged or 0:,}", "")]
    elif report.sent is not None:
        shown.append(("sent", size(report.sent), ""))
    else:
        shown.append(("images", f"{report.pictures:,}", ""))
        if wording.has_pace(report.pictures, report.seconds):
            share = words("of_quota", share=words.percent(report.goodput / QUOTA), quota=f"{QUOTA:,.0f}")
            shown.append(("pace", f"{report.goodput:,.0f}", share))
    if report.abandoned:
        shown.append(("abandoned", f"{report.abandoned:,}", ""))
    cards = [
        f"<div><dt>{words(name)}</dt><dd>{value}{f'<small>{more}</small>' if more else ''}</dd></div>"
        for name, value, more in shown
    ]
    yield f"<dl>{''.join(cards)}</dl>"
    yield from _shares(report, words)


def _shares(report: BulkReport, words: PageWords) -> Iterator[str]:
    counts = {status.value: number for status, number in report.counts.items() if number}
    counts |= {"open": report.open} if report.open else {}
    whole = sum(counts.values())
    if not whole:
        return
    at, drawn, legend = 0.0, list[str](), list[str]()
    for name, number in counts.items():
        kind = "open-items" if name == "open" else name
        width = number / whole * 600
        said = f"{words(name)}: {number:,} ({words.percent(number / whole)})"
        drawn.append(
            f'<rect class="{kind}" x="{at:.2f}" y="0" width="{max(width - 1.5, 0.5):.2f}" height="14">'
            f"<title>{said}</title></rect>"
        )
        legend.append(
            '<li><svg aria-hidden="true" viewBox="0 0 10 10">'
            f'<rect class="{kind}" width="10" height="10" rx="2"/></svg>{said}</li>'
        )
        at += width
    yield (
        '<svg class="share" role="img" aria-labelledby="share-title share-desc" viewBox="0 0 600 14" '
        f'preserveAspectRatio="none"><title id="share-title">{words("shares")}</title>'
        f'<desc id="share-desc">{", ".join(f"{words(name)} {number:,}" for name, number in counts.items())}</desc>'
        f"{''.join(drawn)}</svg>"
    )
    yield f'<ul class="legend">{"".join(legend)}</ul>'


def rate(figures: JournalFigures, words: PageWords, zone: tzinfo | None) -> Iterator[str]:
    """Yield a chart of each stretch of the run; nothing for a curation, which uploads nothing."""
    if figures.report.named is not None:
        return
    yield f"<h2>{words('rate_heading')}</h2>"
    if not figures.stretches:
        yield f'<p class="soft">{words("no_times" if figures.has_assets else "none_stored")}</p>'
        return
    for number, stretch in enumerate(figures.stretches, 1):
        yield RateChart(stretch, QUOTA, words, zone, f"rate-{number}").markup()
    if figures.earlier:
        yield f'<p class="soft">{words("earlier", count=f"{figures.earlier:,}")}</p>'
    if any(stretch.is_drawn for stretch in figures.stretches):
        yield f'<p class="soft">{words("quota_note")}</p>'


def failures(figures: JournalFigures, words: PageWords) -> Iterator[str]:
    """Yield the failures by reason, and the first of them."""
    yield f"<h2>{words('reasons')}</h2>"
    if not figures.codes:
        yield f"<p>{words('no_failures')}</p>"
        return
    most, whole = max(figures.codes.values()), sum(figures.codes.values())
    rows = [
        [
            f"<code>{escaped_line(code)}</code>",
            f"{number:,}",
            _meter(number / most, words.percent(number / whole)),
            escaped_line(advice_in(words, code)),
        ]
        for code, number in list(figures.codes.items())[:MOST_CODES]
    ]
    yield stacked_table(rows, [words(name) for name in REASON_HEADS], words("reasons"))
    if (left := len(figures.codes) - MOST_CODES) > 0:
        yield f'<p class="soft">{words("more_codes", count=f"{left:,}")}</p>'
    if figures.problems:
        yield from _first(figures, words)


def _meter(share: float, said: str) -> str:
    return (
        f'<svg class="meter" role="img" viewBox="0 0 100 8" preserveAspectRatio="none"><title>{said}</title>'
        f'<rect class="bar" width="{max(share * 100, 1):.1f}" height="8"/></svg>'
    )


def _first(figures: JournalFigures, words: PageWords) -> Iterator[str]:
    report = figures.report
    yield f"<h2>{words('first')}</h2>"
    if report.troubled > len(report.problems):
        yield f"<p>{words('first_of', shown=len(report.problems), count=f'{report.troubled:,}')}</p>"
    heads = [words(name) for name in ("item", "status", "code", "problem", "of")]
    yield stacked_table([_failure(outcome, words) for outcome in report.problems], heads, words("first"))
    yield f"<p>{words('all_of_them')}</p>{_command('journal failed', _quoted(report.journal), '-o table')}"


def _failure(outcome: BulkOutcome, words: PageWords) -> list[str]:
    first = (outcome.problems or (Problem("", "", ""),))[0]
    row = wording.row(outcome)
    # the file has a column of its own
    message = escaped_line(reason_in(words, first.message.removeprefix(f"{first.source}: ")))
    if row["more"]:
        message += f" ({words('more', count=row['more'])})"
    code = f"<code>{escaped_line(first.code)}</code>"
    source = "" if first.source == outcome.key else first.source
    return [escaped_line(row["item"]), words(outcome.status.value), code, message, _path(source)]


def _path(name: str) -> str:
    """Return a path that a line may end in after each folder."""
    return escaped_line(name).replace("/", "/<wbr>")


def images(figures: JournalFigures, words: PageWords) -> Iterator[str]:
    """Yield the contact sheet of images that failed, nothing if there is none."""
    found = figures.images
    if not found.shown:
        return
    yield f"<h2>{words('sheet')}</h2>"
    notes = [words("sheet_more" if found.more else "sheet_note", shown=len(found.shown))]
    notes += [words("missing", count=f"{found.missing:,}")] if found.missing else []
    yield f'<p class="soft">{" ".join(notes)}</p>'
    yield f'<ul class="sheet">{"".join([_image(image, words) for image in found.shown])}</ul>'


def _image(image: FailedImage, words: PageWords) -> str:
    name = escaped_line(image.source.replace("\\", "/").rpartition("/")[2])
    if image.preview.data:
        drawn = f'<img src="{image.preview.data}" alt="{name}">'
    else:
        drawn = f'<span class="none">{words(image.preview.reason)}</span>'
    return (
        f"<li>{drawn}<strong>{escaped_line(image.item)}</strong>{name}<br><code>{escaped_line(image.code)}</code></li>"
    )


def resume(figures: JournalFigures, words: PageWords) -> Iterator[str]:
    """Yield what is left to do, with the commands."""
    yield f"<h2>{words('resume')}</h2>"
    report = figures.report
    if report.ok and not figures.codes:
        yield f"<p>{words('nothing_left')}</p>"
        return
    helped = [code for code in figures.failed_codes if advice(code).retry][:MOST_RETRIES]
    if helped:
        yield f"<p>{words('retry_first')}</p>"
        yield "".join(_command("journal retry", _quoted(report.journal), f"--code {_quoted(code)}") for code in helped)
    yield f"<p>{words('run_again')}</p>"
    verb = COMMANDS.get(figures.operation, figures.operation)
    # without it the run would be of the base project, where the journal has finished nothing
    project = [f"--project {figures.projects[0]}"] if len(figures.projects) == 1 else []
    place = [f"--workspace {_quoted(figures.workspace)}", *project]
    yield _command(f"{verb} {words('input')}", *place, "--journal", _quoted(report.journal))


def runs(figures: JournalFigures, words: PageWords, zone: tzinfo | None) -> Iterator[str]:
    """Yield the runs, the latest first."""
    if not figures.runs:
        return
    yield f"<h2>{words('runs')}</h2>"
    rows = [
        [
            str(run.number),
            _time(run.started, zone),
            _time(run.ended, zone),
            words.duration(_seconds(run.started, run.ended)) if run.ended else "",
            escaped_line(words.known(figures.endings[run.number])),
            escaped_line(run.software),
        ]
        for run in figures.runs[: -MOST_RUNS - 1 : -1]
    ]
    heads = [words(name) for name in ("run", "started", "ended", "took", "ending", "software")]
    yield stacked_table(rows, heads, words("runs"))
    if len(figures.runs) > MOST_RUNS:
        yield f'<p class="soft">{words("more_runs", count=f"{len(figures.runs) - MOST_RUNS:,}")}</p>'


def _command(*parts: str) -> str:
    """Return a command for a shell; its parts are markup already."""
    return f"<pre><code>mi-async {' '.join(parts)}</code></pre>"


def _quoted(text: str) -> str:
    return escaped_line(shlex.quote(one_line(text)))


def _time(moment: str | None, zone: tzinfo | None) -> str:
    if not moment:
        return ""
    try:
        return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return escaped_line(moment)


def _seconds(start: str, end: str) -> float:
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
