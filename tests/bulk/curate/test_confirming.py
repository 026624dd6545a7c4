"""Each way round the confirmation of a curation: none of them merges anybody."""

import pickle
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from mi_async import (
    ConfigError,
    CurationPlan,
    CurationRow,
    InvalidArgumentError,
    JournalError,
    PersonChange,
    PersonMerge,
    PlanNotConfirmedError,
)
from mi_async.emulator import Latency, Settings
from tests.support.backups import add_person
from tests.support.newsroom import Newsroom, newsroom

SETTINGS = Settings(latency=Latency.constant(0.0), workspaces=("newsroom", "sports"))


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    """A workspace with a person who has a name, and two without."""
    async with newsroom(SETTINGS) as news:
        for name in ("Kim", None, None):
            add_person(news.server, name)
        yield news


def ids(news: Newsroom) -> list[int]:
    return sorted(news.server.state.workspaces["newsroom"].persons)


async def planned(news: Newsroom) -> CurationPlan:
    kim, face, _ = ids(news)
    return await news.workspace.plan_curation([CurationRow(face, "Kim"), CurationRow(kim, "Kim")])


async def refused(news: Newsroom, plan: CurationPlan, confirm: str | None, journal: Path) -> str:
    """Try to carry out a plan, which is refused; returns the message."""
    before = ids(news)
    with pytest.raises(PlanNotConfirmedError) as caught:
        await news.workspace.curate(plan, confirm=confirm, journal=journal)
    assert (ids(news), news.server.log.count("persons.merge")) == (before, 0)
    assert not journal.exists()
    return str(caught.value)


async def test_no_code(news: Newsroom, tmp_path: Path) -> None:
    plan = await planned(news)
    said = await refused(news, plan, None, tmp_path / "j")
    confirm = f"look at the plan, then confirm it with confirm='{plan.code}'"
    assert said == f"1 person would be merged for good; {confirm}"


@pytest.mark.parametrize("code", ["", "yes", "0000-0000"])
async def test_a_wrong_code(news: Newsroom, tmp_path: Path, code: str) -> None:
    assert "is not the code of this plan" in await refused(news, await planned(news), code, tmp_path / "j")


async def test_the_code_of_an_older_plan(news: Newsroom, tmp_path: Path) -> None:
    plan = await planned(news)
    await news.workspace.persons.update(ids(news)[0], name="Park")
    kim, face, _ = ids(news)
    newer = await news.workspace.plan_curation([CurationRow(face, same_as=kim)])
    await refused(news, newer, plan.code, tmp_path / "j")


async def test_a_table_that_was_edited_after_the_plan(news: Newsroom, tmp_path: Path) -> None:
    kim, face, other = ids(news)
    table = tmp_path / "faces.csv"
    table.write_text(f"person_id,name,same_as\n{face},Kim,\n{other},,\n")
    plan = await news.workspace.plan_curation(table)
    table.write_text(f"person_id,name,same_as\n{face},Kim,\n{other},Kim,\n")
    edited = await news.workspace.plan_curation(table)
    await refused(news, edited, plan.code, tmp_path / "j")
    assert kim in ids(news)


async def test_a_plan_that_was_changed_by_hand(news: Newsroom, tmp_path: Path) -> None:
    plan = await planned(news)
    kim, face, other = ids(news)
    more = PersonChange(kim, "Kim", merged=(PersonMerge(face), PersonMerge(other)))
    await refused(news, evolve(plan, changes=(more,)), plan.code, tmp_path / "j")
    again: CurationPlan = pickle.loads(pickle.dumps(plan))  # noqa: S301  ours
    assert (again, again.code) == (plan, plan.code)
    object.__setattr__(again, "changes", (more,))
    await refused(news, again, plan.code, tmp_path / "j")


async def test_a_plan_that_is_sound_for_no_table(news: Newsroom, tmp_path: Path) -> None:
    plan = await planned(news)
    kim, face, other = ids(news)
    unsound = [
        (PersonChange(kim, merged=(PersonMerge(kim),)),),
        (PersonChange(kim, merged=(PersonMerge(face), PersonMerge(face))),),
        (PersonChange(kim, merged=(PersonMerge(face),)), PersonChange(face, merged=(PersonMerge(other),))),
        (PersonChange(kim, merged=(PersonMerge(-1),)),),
    ]
    for changes in unsound:
        made = evolve(plan, changes=changes)
        with pytest.raises(InvalidArgumentError, match="the plan cannot be carried out"):
            news.workspace.curate(made, confirm=made.code, journal=tmp_path / "j")


async def test_a_plan_of_another_workspace(news: Newsroom, tmp_path: Path) -> None:
    plan = await planned(news)
    sports = news.session.workspace("sports")
    with pytest.raises(InvalidArgumentError, match="the plan is for workspace 'newsroom'"):
        sports.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    moved = evolve(plan, workspace="sports")
    with pytest.raises(PlanNotConfirmedError):
        await sports.curate(moved, confirm=plan.code, journal=tmp_path / "j")


async def test_a_journal_of_another_plan_that_is_not_finished(news: Newsroom, tmp_path: Path) -> None:
    kim, face, other = ids(news)
    plan = await planned(news)
    run = news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    run.stop()
    await run
    second = await news.workspace.plan_curation([CurationRow(other, "Kim")])
    with pytest.raises(JournalError, match=r"another plan \(....-....\) that is not finished"):
        await news.workspace.curate(second, confirm=second.code, journal=tmp_path / "j")
    assert ids(news) == [kim, face, other]
    await news.workspace.curate(None, journal=tmp_path / "j")
    assert ids(news) == [kim, other]


async def test_a_journal_whose_plan_was_edited(news: Newsroom, tmp_path: Path) -> None:
    kim, face, other = ids(news)
    plan = await planned(news)
    run = news.workspace.curate(plan, confirm=plan.code, journal=tmp_path / "j")
    run.stop()
    await run
    with sqlite3.connect(tmp_path / "j") as journal:
        journal.execute("UPDATE actions SET person_id = ? WHERE person_id = ?", (other, face))
    journal.close()
    with pytest.raises(JournalError, match="not those of the plan that was confirmed"):
        await news.workspace.curate(None, journal=tmp_path / "j")
    assert ids(news) == [kim, face, other]


async def test_a_run_without_any_plan(news: Newsroom, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="it holds no plan that could be resumed"):
        await news.workspace.curate(None, journal=tmp_path / "j")
    assert not (tmp_path / "j").exists()


async def test_a_journal_in_a_database(news: Newsroom) -> None:
    with pytest.raises(ConfigError, match="a curation is the work of one process"):
        news.workspace.curate(await planned(news), journal="postgresql://localhost/news")


async def test_names_alone_need_no_code(news: Newsroom, tmp_path: Path) -> None:
    plan = await news.workspace.plan_curation([CurationRow(ids(news)[1], "Lee")])
    assert plan.code == ""
    await news.workspace.curate(plan, journal=tmp_path / "j")
    assert not (tmp_path / "j.backup").exists()
