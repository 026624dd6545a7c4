"""``usage``: what was used in a month, per workspace and project, as a table, JSON, CSV or a page with a chart.

Invariant: changes nothing at the service; what its answers do not tell is part of the result.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from mi_async.cli import event_loop
from mi_async.cli.connection import DEFAULT_ACCOUNT, Account
from mi_async.cli.output import show
from mi_async.cli.page_options import PageLanguage, ReplaceFile, check_page_file, made_at
from mi_async.cli.streams import drawable, notes, stderr, stdout
from mi_async.text import media_length, one_line
from mi_async.workflows.usage.models import UsageCounts

if TYPE_CHECKING:
    from mi_async.workflows.usage.models import UsageReport
    from mi_async.workflows.usage.prices import PriceList

Row: TypeAlias = dict[str, object]

ALL = "(all)"
"""In place of a project, for the sum of a workspace; of a workspace, for that of all."""


def usage(
    *,
    month: Annotated[str | None, Parameter(help="Year and month, such as 2026-11; by default the current one.")] = None,
    workspace: Annotated[
        list[str] | None,
        Parameter(
            alias="-w", negative=(), help="Name of a workspace; may be given several times. By default all of them."
        ),
    ] = None,
    timezone: Annotated[str, Parameter(help="In which the month begins and ends.")] = "Asia/Seoul",
    prices: Annotated[
        Path | None, Parameter(help="Price list of yours (TOML, JSON or CSV); adds what the month costs by it.")
    ] = None,
    summaries: Annotated[
        bool, Parameter(negative="--no-summaries", help="Ask for scene summaries; up to one more request an asset.")
    ] = True,
    concurrency: Annotated[int, Parameter(help="Requests in flight, 1 to 64.")] = 8,
    html: Annotated[Path | None, Parameter(help="Write a page with a chart, too: one file.")] = None,
    lang: PageLanguage = None,
    force: ReplaceFile = False,
    service: Account = DEFAULT_ACCOUNT,
) -> None:
    """Count what was used in a month, per workspace and project.

    Counted are analyses, media, scene summaries, assets and persons. Without --workspace all workspaces of the account
    are asked about, whatever MI_ASYNC_WORKSPACE says. Each asset takes one request, and one more for its scene
    summary; nothing is changed. What the service does not tell is said below the table, and is in the JSON as notes.
    """
    from mi_async.workflows.usage.prices import PriceList  # noqa: PLC0415  no other command needs it

    if html is not None:
        check_page_file(html, force=force)
    priced = None if prices is None else PriceList.read(prices)
    asked = {"month": month, "timezone": timezone, "summaries": summaries, "concurrency": concurrency}
    report = event_loop.run(_ask(workspace, asked, service))
    _print(report, priced, service)
    if html is not None:
        _write_page(report, html, lang=lang, force=force)


async def _ask(workspaces: list[str] | None, asked: dict[str, Any], service: Account) -> "UsageReport":
    from mi_async.display.usage import usage_display  # noqa: PLC0415  no other command needs it

    async with service.session() as session:
        with usage_display(drawable(notes()), plain=service.verbose > 0) as view:
            return await session.usage(workspaces, progress=view.step, **asked)


def _write_page(report: "UsageReport", html: Path, *, lang: PageLanguage, force: bool) -> None:
    from mi_async.pictures import usage_chart  # noqa: PLC0415  most uses need no picture

    usage_chart(report, subtitle=made_at(), lang=lang).save(html, force=force)
    stderr().write(f"wrote {one_line(str(html))}: assets {report.counts.assets:,}\n")


def _print(report: "UsageReport", prices: "PriceList | None", service: Account) -> None:
    form = service.output
    if form == "json":
        cost = {} if prices is None else {"cost": prices.cost(report.counts).as_dict()}
        show(report.to_dict() | {"total": report.counts.to_dict()} | cost, form)
        return
    if form != "table":
        show(list(_rows(report, prices)), form)
        return
    stdout().write(f"usage of {report.month} ({one_line(report.timezone)})\n")
    show(list(_month(report, prices)), form)
    show(list(_now(report)), form)
    if prices is not None:
        show(prices.cost(report.counts).rows(), form)
    for note in report.notes:
        stdout().write(f"note: {note}\n")


def _month(report: "UsageReport", prices: "PriceList | None") -> Iterator[Row]:
    """Yield what was used in the month, for people: each project, each workspace, and all where there are several."""
    for workspace in report.workspaces:
        for project in workspace.projects:
            yield _used(workspace.workspace, project.name, project.counts, prices)
        yield _used(workspace.workspace, ALL, workspace.counts, prices)
    if len(report.workspaces) > 1:
        yield _used(ALL, ALL, report.counts, prices)


def _used(workspace: str, project: str, counts: UsageCounts, prices: "PriceList | None") -> Row:
    return {
        "workspace": workspace,
        "project": project,
        "analyses": counts.analyses,
        "analysed": media_length(counts.analyzed_ms),
        "summaries": counts.summaries,
    } | _cost(counts, prices)


def _now(report: "UsageReport") -> Iterator[Row]:
    """Yield what is there now, for people: each workspace, and all where there are several."""
    found = [(each.workspace, each.counts) for each in report.workspaces]
    for workspace, counts in [*found, *([(ALL, report.counts)] if len(found) > 1 else [])]:
        yield {
            "workspace": workspace,
            "videos": counts.videos,
            "images": counts.images,
            "other": counts.other_assets or None,
            "media": media_length(counts.media_ms),
            "named": counts.named_persons,
            "unnamed": counts.unnamed_persons,
        }


def _rows(report: "UsageReport", prices: "PriceList | None") -> Iterator[Row]:
    """Yield rows for programs, without sums: no sum of a column counts anything twice."""
    period: Row = {"month": report.month, "timezone": report.timezone}
    for workspace in report.workspaces:
        for project in workspace.projects:
            yield period | _row(workspace.workspace, project.name, project.counts, prices)
        persons = UsageCounts(named_persons=workspace.named_persons, unnamed_persons=workspace.unnamed_persons)
        told: Row = {
            "named": persons.named_persons,
            "unnamed": persons.unnamed_persons,
            "counted_by_service": workspace.counted_by_service,
        }
        yield period | _row(workspace.workspace, None, persons, prices) | told


def _row(workspace: str, project: str | None, counts: UsageCounts, prices: "PriceList | None") -> Row:
    row: Row = {
        "workspace": workspace,
        "project": project,
        "videos": counts.videos,
        "images": counts.images,
        "other": counts.other_assets,
        "media": _seconds(counts.media_ms),
        "analyses": counts.analyses,
        "analysed": _seconds(counts.analyzed_ms),
        "summaries": counts.summaries,
        "named": None,
        "unnamed": None,
        "counted_by_service": None,
    }
    return row | _cost(counts, prices)


def _cost(counts: UsageCounts, prices: "PriceList | None") -> Row:
    return {} if prices is None else {"cost": f"{prices.cost(counts).total:f}"}


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000
