"""A plan says what the run then does: for generated histories counts, statuses, reasons and requests are the same."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mi_async import PersonInput, ThumbnailUpload
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.plan.enroll import Plan, plan_people, plan_thumbnails
from tests.support.bulk import face, name
from tests.support.newsroom import Newsroom, newsroom

SEEDS = range(10)
ASKED = ("thumbnails.presign", "persons.create", "persons.set_thumbnails", "persons.update")
"""Operations that a run without faults calls exactly as often as the plan says."""
Items = Sequence[PersonInput | ThumbnailUpload | BadInput]


def image(folder: Path, draw: random.Random) -> Path:
    """Return one of some files, which may be new or changed, and are no image now and then."""
    path = folder / f"{draw.randrange(12)}.jpg"
    if not path.exists() or draw.random() < 0.1:
        path.write_bytes(b"no image" if draw.random() < 0.1 else face(draw.randrange(1000)))
    return path


def people(folder: Path, draw: random.Random) -> list[PersonInput | BadInput]:
    items: list[PersonInput | BadInput] = []
    for _ in range(draw.randrange(1, 9)):
        if draw.random() < 0.1:
            items.append(BadInput("people.csv:7", "the column 'name' is empty"))
        else:
            images = [image(folder, draw) for _ in range(draw.randrange(1, 4))]
            tags = draw.sample(["Anchor", "Guest", "Korea"], draw.randrange(3))
            items.append(PersonInput(name(draw.randrange(6)), images, tags=tags))
    return items


def uploads(folder: Path, draw: random.Random, persons: Sequence[int]) -> list[ThumbnailUpload | BadInput]:
    """Images for persons, none twice for one person: what an input repeats, a plan counts as often (docs/bulk.md)."""
    wanted = {(draw.choice(persons), image(folder, draw)) for _ in range(draw.randrange(1, 9))}
    return [ThumbnailUpload(*one, primary=draw.random() < 0.3) for one in sorted(wanted)]


def planned(plan: Plan) -> dict[str, int]:
    """Counts of a plan under the names that a run has for them."""
    well = plan.items - plan.skipped - plan.rejected - plan.partial - plan.failed
    counts = {
        Status.DONE: well,
        Status.SKIPPED: plan.skipped,
        Status.REJECTED: plan.rejected,
        Status.PARTIAL: plan.partial,
        Status.FAILED: plan.failed,
    }
    return {status.value: count for status, count in counts.items() if count}


async def ran(news: Newsroom, run: Any) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    before = {operation: news.server.log.count(operation) for operation in ASKED}
    outcomes = [outcome async for outcome in run]
    counts = Counter(outcome.status.value for outcome in outcomes)
    reasons = Counter(problem.code for outcome in outcomes for problem in outcome.problems)
    asked = {operation: news.server.log.count(operation) - before[operation] for operation in ASKED}
    return dict(counts), dict(reasons), asked


def requests(plan: Plan) -> dict[str, int]:
    costs = {cost.operation: cost.calls for cost in plan.costs}
    return {operation: costs.get(operation, 0) for operation in ASKED}


@pytest.mark.parametrize("seed", SEEDS)
async def test_of_people(seed: int, tmp_path: Path) -> None:
    draw, journal = random.Random(seed), tmp_path / "j"  # noqa: S311  no cryptography
    async with newsroom() as news:
        for _ in range(4):
            items = people(tmp_path, draw)
            plan = plan_people(items, journal=journal if journal.exists() else None)
            counts, reasons, asked = await ran(news, news.workspace.enroll_many(items, journal=journal))
            assert (planned(plan), dict(plan.reasons), requests(plan)) == (counts, reasons, asked), items


@pytest.mark.parametrize("seed", SEEDS)
async def test_of_thumbnails(seed: int, tmp_path: Path) -> None:
    draw, journal = random.Random(seed), tmp_path / "j"  # noqa: S311  no cryptography
    async with newsroom() as news:
        persons = [(await news.workspace.enroll_person(name(number), [face(50 + number)])).id for number in range(3)]
        for _ in range(4):
            items = uploads(tmp_path, draw, persons)
            plan = plan_thumbnails(items, journal=journal if journal.exists() else None)
            counts, reasons, asked = await ran(news, news.workspace.upload_thumbnails(items, journal=journal))
            assert (planned(plan), dict(plan.reasons), requests(plan)) == (counts, reasons, asked), items
