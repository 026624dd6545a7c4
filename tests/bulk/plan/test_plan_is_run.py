"""A plan says what the run then does, for generated histories: the end of each item, its problems, and the requests.

A plan cannot know what the service refuses, nor that two new files have one content (docs/bulk.md): an item that the
service refuses for the first time is compared the next time, and repeated content makes the plan an upper bound.
"""

import hashlib
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field, frozen

from mi_async import PersonInput, ThumbnailUpload
from mi_async.bulk.engine.outcome import WELL, Status
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.plan.enroll import Plan, plan_people, plan_thumbnails
from mi_async.bulk.run import BulkRun
from mi_async.emulator import Fault, Latency, Settings
from mi_async.media.image_source import Source, name_of
from tests.support.bulk import face, name
from tests.support.cases import sampled
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import plain_picture

SEEDS = [*range(4), *[pytest.param(seed, marks=pytest.mark.soak) for seed in range(4, 200)]]
ROUNDS = 5
AT_ONCE = Settings(latency=Latency.none())
ASKED = ("thumbnails.presign", "persons.create", "persons.set_thumbnails", "persons.update")
"""Operations that a run without faults calls exactly as often as the plan says."""
BOUNDED = ("thumbnails.presign", "persons.create")
"""Those that it never calls more often than that."""
Item = PersonInput | ThumbnailUpload | BadInput
End = tuple[str, list[tuple[str, str, str]]]
"""How an item ends, ``done`` for all that goes well, and its problems: source, code and message."""


@frozen
class Round:
    """Facts about one plan, or one run: ends by origin, and further counts."""

    ends: dict[str, End]
    skipped: int
    requests: dict[str, int]

    def unnamed(self) -> "Round":
        """Return it without the sources of problems: of two files of one content a run names the one it read first."""
        ends = {
            origin: (status, [("", *problem[1:]) for problem in told]) for origin, (status, told) in self.ends.items()
        }
        return evolve(self, ends=ends)

    def surprises(self, planned: "Round") -> set[str]:
        """Return the items that the service has refused, and not in an earlier run."""
        return {
            origin
            for origin, end in self.ends.items()
            if any(code.isdigit() for _, code, _ in end[1]) and planned.ends.get(origin) != end
        }


@define
class Input:
    """Makes inputs from one folder, whose files change from round to round."""

    folder: Path
    draw: random.Random
    names: list[str] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self.names = [f"{number}.jpg" for number in range(12)]

    def change_files(self) -> None:
        """Change, touch, copy and rename a few files."""
        for number, old in enumerate(self.names):
            path, luck = self.folder / old, self.draw.random()
            if not path.exists() or luck < 0.06:
                path.write_bytes(self.content())
            elif luck < 0.10:
                os.utime(path, ns=(1, self.draw.randrange(10**9)))
            elif luck < 0.14:
                path.write_bytes((self.folder / self.draw.choice(self.names)).read_bytes())
            elif luck < 0.18:
                self.names[number] = f"{number}-{self.draw.randrange(10**6)}.jpg"
                path.rename(self.folder / self.names[number])

    def content(self) -> bytes:
        """Return an image, which the service or we may refuse."""
        luck = self.draw.random()
        if luck < 0.08:
            return b"no image"
        return (
            plain_picture(size=(300, 300 + self.draw.randrange(9))) if luck < 0.2 else face(self.draw.randrange(1000))
        )

    def source(self) -> Source:
        """Return a file, one that is not there, or the bytes of one."""
        path, luck = self.folder / self.draw.choice(self.names), self.draw.random()
        return self.folder / "missing.jpg" if luck < 0.04 else path.read_bytes() if luck < 0.1 else path

    def people(self, _: Sequence[int]) -> list[Item]:
        """Return rows of people: new, known, duplicate, with a name that is taken, and bad ones."""
        return [self.person(f"row {number}") for number in range(self.draw.randrange(2, 10))]

    def person(self, origin: str) -> Item:
        """Return a row."""
        luck, tags = self.draw.random(), self.draw.sample(["Anchor", "Guest", "Korea"], self.draw.randrange(3))
        if luck < 0.06:
            return BadInput(origin, "the column 'name' is empty")
        images = [] if luck < 0.1 else [self.source() for _ in range(self.draw.randrange(1, 4))]
        named = "x" * 51 if luck > 0.94 else name(self.draw.randrange(8))
        return PersonInput(named, images, tags=tags, origin=origin)

    def uploads(self, persons: Sequence[int]) -> list[Item]:
        """Return rows of thumbnails: the primary one now and then, repeated ones, and bad ones."""
        return [self.upload(f"row {number}", persons) for number in range(self.draw.randrange(2, 10))]

    def upload(self, origin: str, persons: Sequence[int]) -> Item:
        """Return a row."""
        luck = self.draw.random()
        if luck < 0.06:
            return BadInput(origin, "the column 'thumbnail' is empty")
        number = -1 if luck < 0.1 else self.draw.choice(persons)
        return ThumbnailUpload(number, self.source(), primary=self.draw.random() < 0.4, origin=origin)


def repeats(items: Sequence[Item]) -> bool:
    """Return True if a person is given the same content twice."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        for source in [] if isinstance(item, BadInput) else item.thumbnails:
            content = source if isinstance(source, bytes) else Path(str(source)).read_bytes() if exists(source) else b""
            one = str(getattr(item, "key", "")), hashlib.sha256(content or name_of(source).encode()).hexdigest()
            if one in seen:
                return True
            seen.add(one)
    return False


def exists(source: Source) -> bool:
    return isinstance(source, Path) and source.exists()


def planned(make: Callable[..., Plan], items: Sequence[Item], folder: Path, *, validate: bool) -> Round:
    journal, rows = folder / "j", folder / "problems.jsonl"
    known = journal if journal.exists() else None
    plan = make(items, journal=known, problems=rows, force=True, validate=validate)
    ends: dict[str, End] = {item.origin: ("done", []) for item in items}
    for row in map(json.loads, rows.read_text().splitlines()):
        problems = sorted((each["source"], each["code"], each["message"]) for each in row["problems"])
        ends[row["origin"]] = row["status"], problems
    costs = {cost.operation: cost.calls for cost in plan.costs}
    counts = {status: getattr(plan, status) for status in ("rejected", "partial", "failed", "parked")}
    assert counts == {status: sum(end[0] == status for end in ends.values()) for status in counts}
    assert sum(plan.reasons.values()) == sum(len(problems) for _, problems in ends.values())
    return Round(ends, plan.skipped, {operation: costs.get(operation, 0) for operation in ASKED})


async def ran(news: Newsroom, run: BulkRun) -> Round:
    before = {operation: news.server.log.count(operation) for operation in ASKED}
    ends, skipped = {}, 0
    async for outcome in run:
        skipped += outcome.status is Status.SKIPPED
        problems = sorted((each.source, each.code, each.message) for each in outcome.problems)
        ends[outcome.origin] = "done" if outcome.status in WELL else outcome.status.value, problems
    return Round(ends, skipped, {each: news.server.log.count(each) - before[each] for each in ASKED})


def compare(plan: Round, run: Round, *, exact: bool, repeated: bool) -> set[str]:
    """Assert that a plan and a run say the same; return the items that nothing could be known of."""
    plan, run = (plan.unnamed(), run.unnamed()) if repeated else (plan, run)
    surprises = run.surprises(plan)
    foreseen = {origin for origin in run.ends if origin not in surprises}
    assert {each: plan.ends[each] for each in foreseen} == {each: run.ends[each] for each in foreseen}
    if exact and not repeated and not surprises:
        assert (plan.skipped, plan.requests) == (run.skipped, run.requests)
    elif not surprises:
        assert all(plan.requests[each] >= run.requests[each] for each in BOUNDED), (plan.requests, run.requests)
        assert plan.skipped <= run.skipped
    return surprises


async def disturbed(news: Newsroom, run: BulkRun, draw: random.Random) -> None:
    """Go through a run that is stopped early or whose requests fail: items are left open or parked."""
    if draw.random() < 0.5:
        place = draw.choice(["persons.create", "persons.set_thumbnails", "thumbnails.complete"])
        news.server.faults.next(place, Fault.UNAVAILABLE, times=1000)
        await run
        news.server.faults.clear()
        return
    async with run:
        async for _ in run:
            break


@pytest.mark.parametrize("seed", sampled(SEEDS, 4))
@pytest.mark.parametrize("kind", ["people", "uploads"])
async def test_whatever_came_before(kind: str, seed: int, tmp_path: Path) -> None:
    draw, journal = random.Random(seed), tmp_path / "j"  # noqa: S311  no cryptography
    validate = draw.random() < 0.8
    made = Input(tmp_path, draw)
    plan: Any = plan_people if kind == "people" else plan_thumbnails
    async with newsroom(AT_ONCE, speed=300, validate=validate) as news:
        persons = [(await news.workspace.enroll_person(name(7 - n), [face(2000 + n)])).id for n in range(3)]
        start: Any = news.workspace.enroll_many if kind == "people" else news.workspace.upload_thumbnails
        exact = True
        for _ in range(ROUNDS):
            made.change_files()
            items = getattr(made, kind)(persons)
            if draw.random() < 0.3:
                exact = False  # what was begun is carried on, and a plan counts it as new
                await disturbed(news, start(items, journal=journal, grace=0.0), draw)
            expected = planned(plan, items, tmp_path, validate=validate)
            found = await ran(news, start(items, journal=journal))
            compare(expected, found, exact=exact, repeated=repeats(items))
            expected = planned(plan, items, tmp_path, validate=validate)
            found = await ran(news, start(items, journal=journal))
            new = compare(expected, found, exact=exact, repeated=repeats(items))
            assert not new, [(each, expected.ends[each], found.ends[each]) for each in new]


async def test_an_item_is_called_the_same_without_an_origin(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    items = [PersonInput(name(0), [face(0)]), PersonInput(name(0), [face(1)]), PersonInput(name(1), [])]
    plan = plan_people(items)
    async with newsroom(AT_ONCE) as news:
        problems = [outcome.problems async for outcome in news.workspace.enroll_many(items, journal=journal)]
    assert [outcome.problems for outcome in plan.problems] == [each for each in problems if each]
    assert [problem.source for (problem,) in [outcome.problems for outcome in plan.problems]] == ["item 2", "item 3"]
