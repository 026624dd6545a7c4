"""docs/observability.md: its trace is that of a run, its tables name what is exported."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mi_async
from mi_async import PersonInput, Quota, RetryPolicy, SearchQuery
from mi_async.emulator import Fault
from tests.support.newsroom import newsroom
from tests.support.pictures import picture
from tests.support.telemetry import Telemetry

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
SOURCES = ROOT / "mi_async" / "integrations" / "opentelemetry"
NAME = re.compile(r"`((?:mi_async|http|server|url|error)\.[a-z_.]+)`")


def test_the_trace_is_that_of_a_run() -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "trace.py", "--check"], check=True, timeout=120)


async def test_what_is_exported_is_on_the_page(tmp_path: Path) -> None:
    told = Telemetry()
    retry = RetryPolicy(base=0.01, cap=0.02)
    async with newsroom(hooks=told.hooks, retry=retry, quotas={"persons.get": Quota(1, 6.0)}) as news:
        news.server.faults.next("persons.create", Fault.RATE_LIMITED)
        person = await news.workspace.enroll_person("Gildong", [picture()], tags=["Anchor"])
        await news.workspace.persons.get(person.id)
        with pytest.raises(mi_async.ConflictError):
            await news.workspace.person_tags.create("Anchor")
        await (await news.workspace.start_search(SearchQuery("goal")))
        async for _ in news.workspace.search_scenes("goal"):
            break
        people = [PersonInput("Gildong", [picture()]), PersonInput("Chunhyang", [picture(seed=1)])]
        async for _ in news.workspace.enroll_many(people, journal=tmp_path / "run.journal"):
            pass
    exported = {name for name, _ in told.all_points()}
    for attributes in [span.attributes for span in told.spans] + [point.attributes for _, point in told.all_points()]:
        exported |= set(attributes or {})
    for span in told.spans:
        for event in span.events:
            exported |= {event.name, *(event.attributes or {})}
    assert "mi_async.throttled" in exported
    missing = {name for name in exported if f"`{name}`" not in PAGE}
    assert {name for name in missing if not name.startswith("mi_async.bulk.")} == set()


def test_what_the_page_names_is_in_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    names = {name for name in NAME.findall(PAGE) if not name.startswith("mi_async.bulk.")}
    assert len(names) > 25
    assert {name for name in names if f'"{name}"' not in code and not name.startswith("mi_async.integrations")} == set()
