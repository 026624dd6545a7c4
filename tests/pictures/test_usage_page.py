"""The page of a month's usage."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mi_async import InvalidArgumentError, ProjectUsage, UsageCounts, UsageDay, UsageReport, WorkspaceUsage
from mi_async.language import PageWords
from mi_async.pictures import usage_chart
from mi_async.pictures.usage_page import COLOURS, OTHERS, PLOT, TOP, drawn_projects, series_of
from mi_async.pictures.usage_words import USAGE_WORDS
from tests.pictures.test_run_page import HOSTILE, Parsed

WORDS = PageWords("en", USAGE_WORDS)


def project(number: int, name: str, *days: UsageDay) -> ProjectUsage:
    analyses, length = sum(day.analyses for day in days), sum(day.analyzed_ms for day in days)
    counts = UsageCounts(videos=analyses, video_analyses=analyses, analyzed_ms=length, media_ms=length)
    return ProjectUsage(number, name, counts, days)


def report(*projects: ProjectUsage, **members: Any) -> UsageReport:
    workspace = WorkspaceUsage("newsroom", projects, 12, 34, **members)
    return UsageReport(month="2026-11", timezone="Asia/Seoul", workspaces=(workspace,))


TWO = (
    project(1, "evening", UsageDay("2026-11-01", 3, 60_000), UsageDay("2026-11-30", 1, 3_600_000)),
    project(2, "저녁", UsageDay("2026-11-01", 1)),
)


def test_a_day_is_a_bar_of_its_projects() -> None:
    page = Parsed(usage_chart(report(*TWO), lang="en").markup)
    bars = [values for tag, values in page.seen if tag == "rect" and values["x"] != "0"]
    heights = [(values["fill"], values["y"], values["height"]) for values in bars[:3]]
    assert heights == [
        (COLOURS[0], f"{TOP + PLOT * 0.25:.1f}", f"{PLOT * 0.75 - 1:.1f}"),
        (COLOURS[1], f"{TOP:.1f}", f"{PLOT * 0.25 - 1:.1f}"),
        (COLOURS[0], f"{TOP + PLOT * 0.75:.1f}", f"{PLOT * 0.25 - 1:.1f}"),
    ]
    assert [values["x"] for values in bars[:3]] == ["0.27%", "0.27%", "96.93%"]
    assert "1: evening 3" in page.text
    assert "30: evening 1:00:00" in page.text
    assert "Analyses: 5, with 1:01:00 of video; scene summaries: 0. The time zone is Asia/Seoul." in page.text
    assert "newsroom: persons: 12 with a name, 34 without one" in page.text


def test_a_project_has_one_colour_in_both_charts() -> None:
    page = Parsed(usage_chart(report(*TWO), lang="en").markup)
    legend = [values["fill"] for tag, values in page.seen if tag == "rect" and values["x"] == "0"]
    assert legend == [COLOURS[0], COLOURS[1], COLOURS[0]]  # the images of the second one have no length


def test_the_figures_are_a_table_too() -> None:
    markup = usage_chart(report(*TWO), lang="en").markup
    assert '<tr><th scope="row">2026-11-01</th><td data-head="evening">3</td><td data-head="저녁">1</td></tr>' in markup
    assert '<tr><th scope="row">2026-11-30</th><td data-head="evening">1</td><td></td></tr>' in markup


@pytest.mark.parametrize(("number", "drawn"), [(1, 1), (6, 6), (7, 7), (8, 7), (100, 7)])
def test_many_projects_are_drawn_as_six_and_the_others(number: int, drawn: int) -> None:
    projects = [project(n, f"p{n}", UsageDay("2026-11-02", n + 1, 1_000)) for n in range(number)]
    found = drawn_projects(report(*projects), WORDS)
    assert len(found) == drawn
    assert found[0].name == f"p{number - 1}"
    assert found[-1].name == (f"others ({number - 6})" if number > 7 else "p0")
    assert (found[-1].colour == OTHERS) == (number > 6)
    everything = series_of(found, lambda day: day.analyses)
    assert sum(each.values[2] for each in everything) == sum(range(1, number + 1))


def test_workspaces_are_told_apart_where_there_are_several() -> None:
    both = [WorkspaceUsage(name, (project(1, "Base project", UsageDay("2026-11-02", 1)),)) for name in ("a", "b")]
    page = usage_chart(UsageReport(month="2026-11", timezone="UTC", workspaces=tuple(both)), lang="en")
    assert page.markup.count("a / Base project") > 2
    assert page.markup.count("b / Base project") > 2


def test_a_month_without_anything_says_so() -> None:
    for empty in (report(), report(project(1, "evening")), UsageReport(month="2026-02", timezone="UTC")):
        markup = usage_chart(empty, lang="en").markup
        assert "No analysis of this month is visible." in markup
        assert "<svg" not in markup


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_has_the_notes_in_its_language(lang: str) -> None:
    usage = UsageReport(
        month="2026-11",
        timezone="Asia/Seoul",
        workspaces=(WorkspaceUsage("newsroom", (project(1, "a", UsageDay("2026-11-02", 1)),), counted_by_service=3),),
        left_out=("sports",),
        summaries=False,
    )
    page = usage_chart(usage, lang=lang)
    items = re.findall("<li>(.*?)</li>", page.markup.rpartition("<h2>")[2])
    assert len(items) == 6
    assert all(bool(re.search("[가-힣]", item)) == (lang == "ko") for item in items)
    assert "newsroom" in items[0]
    assert "sports" in items[1]


def test_names_are_text_whatever_they_hold(tmp_path: Path) -> None:
    workspace = WorkspaceUsage(HOSTILE, (project(1, HOSTILE, UsageDay("2026-11-02", 1, 1)),), counted_by_service=9)
    usage = UsageReport(month="2026-11", timezone=HOSTILE, workspaces=(workspace, workspace), left_out=(HOSTILE,))
    page = usage_chart(usage, title=HOSTILE, subtitle=HOSTILE, lang="ko")
    tags = {tag for tag, _ in Parsed(page.markup).seen}
    assert not tags & {"script", "img", "b", "a", "iframe"}
    page.save(tmp_path / "usage.html")
    assert "<script" not in (tmp_path / "usage.html").read_text(encoding="utf-8")
    assert "data:image/svg+xml" in page._repr_html_()


def test_every_day_of_a_month_has_its_place() -> None:
    days = [UsageDay(date(2026, 12, day).isoformat(), 1) for day in range(1, 32)]
    usage = UsageReport(month="2026-12", timezone="UTC", workspaces=(WorkspaceUsage("a", (project(1, "b", *days),)),))
    page = Parsed(usage_chart(usage, lang="en").markup)
    places = [float(str(values["x"]).rstrip("%")) for tag, values in page.seen if tag == "rect" and values["x"] != "0"]
    assert len(places) == 31
    assert places == sorted(places)
    assert max(places) < 100


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"give a UsageReport, as session.usage\(\) returns it, not list"):
        usage_chart([])  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="lang must be en or ko"):
        usage_chart(report(), lang="fr")
