"""Page of a month's usage: analyses of each day stacked by project, totals, and what they do not tell.

Invariant: pure; as many series as can be told apart, however many projects there are. Positions are percentages.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from mi_async.errors import InvalidArgumentError
from mi_async.language import PageWords, language_of
from mi_async.notebook import escaped_line
from mi_async.pictures.drawing import drawing
from mi_async.pictures.picture import Picture, heading
from mi_async.pictures.usage_words import USAGE_WORDS
from mi_async.pictures.web_page import stacked_table
from mi_async.text import media_length
from mi_async.workflows.usage.models import ProjectUsage, UsageCounts, UsageDay, UsageReport, WorkspaceUsage
from mi_async.workflows.usage.notes import notes_of

COLOURS = ("#3b82d6", "#c2571a", "#2f8f57", "#a35cc4", "#94801c", "#d0437a")
"""Each at least 3:1 against white and against black: WCAG 2.2, 1.4.11."""
OTHERS = "#7d8590"
TOP, PLOT, AXIS, LINE = 20, 130, 24, 20
"""Pixels: room for the scale, height of the bars, of the days below, and of a line of the legend."""
GAP = 1
"""Pixels between two parts of a bar, so that colour alone does not part them."""
TICKS = (1, 5, 10, 15, 20, 25)
LONGEST = 60
"""Characters of a name that the legend has room for."""


@frozen
class UsageSeries:
    """One value of a drawn project.

    Attributes:
        name: of the project.
        colour: of the project.
        values: by day of the month.
    """

    name: str
    colour: str
    values: Mapping[int, int]


@frozen
class DrawnProject:
    """A project, or all that are not drawn by themselves.

    Attributes:
        name: markup.
        colour: of its bars, in every chart.
        days: with anything.
    """

    name: str
    colour: str
    days: tuple[UsageDay, ...]


Shown = Callable[[int], str]


def usage_chart(
    report: UsageReport, *, title: str | None = None, subtitle: str | None = None, lang: str | None = None
) -> Picture:
    """Return a picture of a month's usage: analyses and lengths of each day by project, totals, and notes.

    The six projects with most of it are drawn by themselves, all others as one.

    Args:
        report: as ``session.usage()`` returns it.
        title: by default "Usage of 2026-11".
        subtitle: such as when it was made.
        lang: as for :func:`timeline`.

    Raises:
        InvalidArgumentError: it is no report, or there is no such language.
    """
    given: Any = report
    if not isinstance(given, UsageReport):
        message = f"give a UsageReport, as session.usage() returns it, not {type(given).__name__}"
        raise InvalidArgumentError(message)
    words = PageWords(language_of(lang), USAGE_WORDS)
    named, counts = title or words("title", month=report.month), report.counts
    said = words(
        "said",
        analyses=f"{counts.analyses:,}",
        length=media_length(counts.analyzed_ms),
        summaries=f"{counts.summaries:,}",
        zone=escaped_line(report.timezone),
    )
    projects = drawn_projects(report, words)
    charts = [
        _chart(report, words("analyses"), series_of(projects, lambda day: day.analyses), "{:,}".format, words),
        _chart(report, words("analyzed"), series_of(projects, lambda day: day.analyzed_ms), media_length, words),
    ]
    drawn = "".join(charts) or f"<p>{words('nothing')}</p>"
    notes = notes_of(report.workspaces, report.left_out, summaries=report.summaries, language=words.language)
    items = "".join(f"<li>{escaped_line(note)}</li>" for note in notes)
    ending = f"<h2>{words('notes')}</h2><ul>{items}</ul>"
    markup = f"{heading(named, subtitle)}<p>{said}</p>{drawn}{_totals(report, words)}{ending}"
    return Picture(named, markup, words.language)


def _chart(report: UsageReport, title: str, series: Sequence[UsageSeries], shown: Shown, words: PageWords) -> str:
    """Return one chart with its figures; '' where there is nothing to draw."""
    if not series:
        return ""
    year, month = map(int, report.month.split("-"))
    days = monthrange(year, month)[1]
    most = max(sum(each.values.get(day, 0) for each in series) for day in range(1, days + 1))
    told = ", ".join(f"{each.name} {shown(sum(each.values.values()))}" for each in series)
    bars = "".join(_bar(day, days, series, most, shown) for day in range(1, days + 1))
    content = f"{_scale(most, shown)}{bars}{_days(days)}{_legend(series, shown)}"
    height = TOP + PLOT + AXIS + LINE * len(series)
    used = [day for day in range(1, days + 1) if any(each.values.get(day) for each in series)]
    rows = [[f"{report.month}-{day:02}", *_amounts(day, series, shown)] for day in used]
    table = stacked_table(rows, [words("day"), *[each.name for each in series]], title)
    return (
        f"<h2>{title}</h2>{drawing(content, height=height, title=title, told=told)}"
        f"<details><summary>{words('as_table')}</summary>{table}</details>"
    )


def drawn_projects(report: UsageReport, words: PageWords) -> list[DrawnProject]:
    """Return the projects with anything, those with most analyses first, and the last of many as one."""
    found = [
        DrawnProject(_name(workspace, project, report), "", project.days)
        for workspace in report.workspaces
        for project in workspace.projects
        if project.days
    ]
    found.sort(key=lambda each: -sum(day.analyses for day in each.days))
    room = len(COLOURS) if len(found) > len(COLOURS) + 1 else len(found)
    drawn = [evolve(each, colour=(*COLOURS, OTHERS)[n]) for n, each in enumerate(found[:room])]
    if rest := found[room:]:
        days = tuple(day for each in rest for day in each.days)
        drawn.append(DrawnProject(words("others", count=f"{len(rest):,}"), OTHERS, days))
    return drawn


def series_of(projects: Iterable[DrawnProject], value: Callable[[UsageDay], int]) -> list[UsageSeries]:
    """Return the projects that have any of a value, with its sum on each day."""
    series = list[UsageSeries]()
    for each in projects:
        values = Counter[int]()
        for day in each.days:
            values[int(day.date[-2:])] += value(day)
        if values.total():
            series.append(UsageSeries(each.name, each.colour, values))
    return series


def _name(workspace: WorkspaceUsage, project: ProjectUsage, report: UsageReport) -> str:
    """Return the name of a project as markup, after that of its workspace where there are several."""
    name = f"{workspace.workspace} / {project.name}" if len(report.workspaces) > 1 else project.name
    return escaped_line(name if len(name) <= LONGEST else f"{name[:LONGEST]}…")


def _bar(day: int, days: int, series: Sequence[UsageSeries], most: int, shown: Shown) -> str:
    step, bottom, parts = 100 / days, float(TOP + PLOT), list[str]()
    for each in series:
        if amount := each.values.get(day, 0):
            height = max(amount / most * PLOT, GAP * 2)
            bottom -= height
            parts.append(
                f'<rect x="{(day - 1 + 0.08) * step:.2f}%" y="{bottom:.1f}" width="{step * 0.84:.2f}%" '
                f'height="{height - GAP:.1f}" fill="{each.colour}">'
                f"<title>{day}: {each.name} {shown(amount)}</title></rect>"
            )
    return "".join(parts)


def _amounts(day: int, series: Sequence[UsageSeries], shown: Shown) -> list[str]:
    return [shown(amount) if (amount := each.values.get(day, 0)) else "" for each in series]


def _scale(most: int, shown: Shown) -> str:
    line = '<line x1="0" x2="100%" y1="{0}" y2="{0}" stroke="currentColor" stroke-opacity="{1}"/>'
    return (
        f'<text x="0" y="14" font-size="12" fill="currentColor">{shown(most)}</text>'
        f"{line.format(TOP, 0.3)}{line.format(TOP + PLOT // 2, 0.15)}{line.format(TOP + PLOT, 1)}"
    )


def _days(days: int) -> str:
    return "".join(
        f'<text x="{(day - 0.5) / days * 100:.2f}%" y="{TOP + PLOT + 15}" text-anchor="middle" font-size="12" '
        f'fill="currentColor">{day}</text>'
        for day in (*TICKS, days)
    )


def _legend(series: Sequence[UsageSeries], shown: Shown) -> str:
    start = TOP + PLOT + AXIS
    return "".join(
        f'<rect x="0" y="{start + LINE * n + 3}" width="12" height="12" fill="{each.colour}"/>'
        f'<text x="20" y="{start + LINE * n + 13}" font-size="12" fill="currentColor">'
        f"{each.name}: {shown(sum(each.values.values()))}</text>"
        for n, each in enumerate(series)
    )


def _totals(report: UsageReport, words: PageWords) -> str:
    rows, persons = list[list[str]](), list[str]()
    for workspace in report.workspaces:
        rows += [[_name(workspace, each, report), *_figures(each.counts)] for each in workspace.projects]
        rows.append([f"{escaped_line(workspace.workspace)}: {words('all')}", *_figures(workspace.counts)])
        named, unnamed = f"{workspace.named_persons:,}", f"{workspace.unnamed_persons:,}"
        said = words("persons", workspace=escaped_line(workspace.workspace), named=named, unnamed=unnamed)
        persons.append(f"<li>{said}</li>")
    heads = [words(name) for name in ("project", "videos", "images", "media", "analysis", "analysed", "summary")]
    table = stacked_table(rows, heads, words("totals"))
    return f"<h2>{words('totals')}</h2>{table}<ul>{''.join(persons)}</ul>"


def _figures(counts: UsageCounts) -> list[str]:
    return [
        f"{counts.videos:,}",
        f"{counts.images:,}",
        f'<span class="unbroken">{media_length(counts.media_ms)}</span>',
        f"{counts.analyses:,}",
        f'<span class="unbroken">{media_length(counts.analyzed_ms)}</span>',
        f"{counts.summaries:,}",
    ]
