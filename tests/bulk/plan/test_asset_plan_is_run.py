"""A plan of media files says what the run then does: for generated histories counts, statuses, reasons and requests."""

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from mi_async import AssetInput, BulkRun, Status, Storage, StoredObject
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.journal.retry import retry_failed
from mi_async.bulk.plan.ingest import AssetPlan, plan_assets
from mi_async.emulator import Latency, Settings
from tests.support.cases import sampled
from tests.support.films import film
from tests.support.newsroom import Newsroom, newsroom
from tests.support.storage import BUCKET, Bucket

SEEDS = range(5)
ROUNDS = 4
QUICK = Settings(
    latency=Latency.constant(0.1),
    importing=Latency.constant(0.5),
    queueing=Latency.constant(0.1),
    analysing=Latency.constant(0.5),
    summarizing=Latency.constant(0.5),
)
CALLS = ("assets.register", "indexes.request", "scene_summaries.request")
"""Operations that a run calls as often as the plan says, and less where only the service knows of a file."""
Row = tuple[str, Status, str, tuple[tuple[str, str, str], ...]]


@define(eq=False)
class History:
    """Files and objects that change from run to run."""

    folder: Path
    s3: Bucket
    draw: random.Random
    known: set[str] = field(init=False, factory=set)
    touched: bool = field(init=False, default=False)

    def file(self) -> Path:
        """Return one of some files, which may be new, touched, changed, gone, or no media file."""
        path = self.folder / f"{self.draw.randrange(8)}.mp4"
        chance = self.draw.random()
        if not path.exists() or chance < 0.15:
            # Another file has another object: the bucket keeps what it has, and the run alone would see that.
            self.s3.ask("DELETE", f"/{BUCKET}/{path.name}")
            path.write_bytes(b"no film" if self.draw.random() < 0.15 else film(size=50_000 + self.draw.randrange(1000)))
        elif chance < 0.25:
            os.utime(path, ns=(1, self.draw.randrange(1, 10**9)))
            self.touched = True
        elif chance < 0.3:
            path.unlink()
        return path

    def object(self) -> AssetInput:
        """Return one of some objects, with or without what a listing tells of it."""
        place = StoredObject(BUCKET, f"in/{self.draw.randrange(4)}.mp4")
        if place.key not in self.known:
            self.s3.put(place.key, film(size=40_000))
            self.known.add(place.key)
        listed = self.draw.random() < 0.5
        return AssetInput(place, size=40_000, mtime_ns=10**9) if listed else AssetInput(place)

    def items(self) -> list[AssetInput | BadInput]:
        """Return the input of a run."""
        self.touched = False
        found: list[AssetInput | BadInput] = []
        for number in range(self.draw.randrange(1, 9)):
            origin = f"list.csv:{number + 2}" if self.draw.random() < 0.5 else ""
            match self.draw.randrange(10):
                case 0:
                    found.append(BadInput("list.csv:7", "the column 'path' is empty"))
                case 1:
                    found.append(AssetInput(self.file(), "folder/", origin=origin))
                case 2 | 3:
                    found.append(evolve(self.object(), origin=origin))
                case _:
                    found.append(AssetInput(self.file(), origin=origin))
        return found


def planned(plan: AssetPlan) -> dict[str, int]:
    """Return the counts of a plan under the names that a run has for them."""
    counts = {
        "done": plan.new + plan.resumed,
        "skipped": plan.skipped,
        "rejected": plan.rejected,
        "failed": plan.failed,
        "parked": plan.parked,
    }
    return {name: count for name, count in counts.items() if count}


def rows(outcomes: Any) -> list[Row]:
    """Return what is said of items that did not go well."""
    return sorted(
        (one.key, one.status, one.origin, tuple((each.source, each.code, each.message) for each in one.problems))
        for one in outcomes
        if one.problems
    )


async def ran(news: Newsroom, run: BulkRun) -> tuple[dict[str, int], list[Row], dict[str, int]]:
    before = {call: news.server.log.count(call) for call in CALLS}
    outcomes = [outcome async for outcome in run]
    counts = Counter("failed" if one.status is Status.PARTIAL else one.status.value for one in outcomes)
    return dict(counts), rows(outcomes), {call: news.server.log.count(call) - before[call] for call in CALLS}


@pytest.mark.parametrize("seed", sampled(SEEDS, 4))
async def test_of_media_files(s3: Bucket, tmp_path: Path, seed: int) -> None:
    draw, journal = random.Random(seed), tmp_path / "j"  # noqa: S311  no cryptography
    (tmp_path / "media").mkdir()
    history = History(tmp_path / "media", s3, draw)
    settings = evolve(QUICK, objects=s3.look)
    async with newsroom(settings, speed=300.0, storage=Storage(s3.url)) as news:
        for _ in range(ROUNDS):
            items = history.items()
            goal: dict[str, Any] = draw.choice([{"analyze": False}, {}, {"summarize": True}])
            plan = plan_assets(items, journal=journal if journal.exists() else None, **goal)
            run = news.workspace.ingest_many(items, journal=journal, bucket=BUCKET, **goal)
            counts, problems, calls = await ran(news, run)
            assert (planned(plan), rows(plan.problems)) == (counts, problems), items
            assert dict(plan.reasons) == Counter(code for *_, told in problems for _, code, _ in told)
            asked = {cost.operation: cost.calls for cost in plan.costs if cost.operation in CALLS}
            assert Counter(calls) <= Counter(asked), items
            assert history.touched or calls == {call: asked.get(call, 0) for call in CALLS}, items
            await fail_some(news, history, journal, goal)


async def fail_some(news: Newsroom, history: History, journal: Path, goal: dict[str, Any]) -> None:
    """Let the service refuse or park files in a run that no plan has to foresee; the next plan knows of it."""
    names = {f"{history.draw.randrange(8)}.mp4", f"{history.draw.randrange(8)}.mp4"}
    chance = history.draw.random()
    history.s3.poor |= names if chance < 0.4 else set()
    history.s3.forbidden |= names if 0.4 <= chance < 0.6 else set()
    items = [AssetInput(history.folder / name) for name in sorted(names) if (history.folder / name).exists()]
    await news.workspace.ingest_many(items, journal=journal, bucket=BUCKET, **goal)
    history.s3.poor.clear()
    history.s3.forbidden.clear()
    if chance > 0.9:
        retry_failed(journal)
