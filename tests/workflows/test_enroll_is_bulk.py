"""``enroll_person`` and ``enroll_many`` of one do the same for generated inputs: requests, end state, errors.

Three differences are by design (docs/bulk.md). The single call looks the name up before it uploads anything, and a run
only once a name was refused: to look up each of a million would cost more than the uploads that it saves. A run gives a
person the images that are good, where the single call refuses them all. A run looks tags up when the person is there,
and the single call before any upload; the single call then reads the person that it returns.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from mi_async import PersonInput
from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.engine.work_item import LOCAL, code_of
from mi_async.emulator import Fault, Latency, Rejection, Settings
from mi_async.errors import ConflictError, MIError
from mi_async.workflows.named_person import NAME_TAKEN
from tests.support.bulk import face, name
from tests.support.cases import sampled
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import plain_picture

AT_ONCE = Settings(latency=Latency.none())
SEEDS = [*range(30), *[pytest.param(seed, marks=pytest.mark.soak) for seed in range(30, 300)]]
OWN = ("persons.get", "persons.search")
"""Operations that read a person: to return it, or to see if a name is taken."""
PLACES = ("thumbnails.presign", "storage.put", "thumbnails.complete", "persons.create", "persons.add_tags")
REFUSED = Rejection(10001)
FAULTS: tuple[Fault | Rejection, ...] = (Fault.UNAVAILABLE, Fault.ERROR_BEFORE, Fault.DROP_AFTER, REFUSED)


@define
class Case:
    """One person to enroll, and what goes wrong."""

    person: PersonInput
    place: str = ""
    fault: Fault | Rejection = REFUSED

    @property
    def is_mixed(self) -> bool:
        """Return True if good and bad images are together."""
        return len({content in GOOD for content in self.person.thumbnails}) > 1


GOOD = [face(seed) for seed in range(6)]
BAD = [b"no image", plain_picture()]


def case(seed: int) -> Case:
    """Return a generated case."""
    draw = random.Random(seed)  # noqa: S311  no cryptography
    images = draw.sample(GOOD, draw.randrange(0, 4)) + (draw.sample(BAD, 1) if draw.random() < 0.25 else [])
    draw.shuffle(images)
    tags = draw.sample(["Anchor", "Guest", "x" * 31 if draw.random() < 0.2 else "Korea"], draw.randrange(3))
    description = draw.choice([None, "a person", "x" * 701 if draw.random() < 0.2 else "another"])
    named = draw.choice([name(1), name(1), name(2), "taken", "x" * 51 if draw.random() < 0.3 else " Hong "])
    made = Case(PersonInput(named, images, description, tags))
    if draw.random() < 0.5:
        made.place, made.fault = draw.choice(PLACES), draw.choice(FAULTS)
    return made


def state(news: Newsroom) -> Any:
    """Return persons with all that they have, tags, and the images that nobody has."""
    service = news.server.state
    uploads = {key: each.content for key, each in service.uploads.items() if each.stored is not None}
    persons = [
        (
            person.name,
            person.description,
            sorted(tag.name for tag in service.workspaces["newsroom"].tags.values() if tag.id in person.tag_ids),
            [uploads.get(key) for key in person.thumbnails.values()],
            list(person.thumbnails).index(person.primary or 0),
        )
        for person in service.persons()
    ]
    attached = {key for _, key in news.thumbnails()}
    return persons, sorted(str(hash(content)) for key, content in uploads.items() if key not in attached)


def asked(news: Newsroom, before: Counter[str]) -> Counter[str]:
    """Return the requests since a moment, without those that only read a person."""
    now = Counter({place: len(times) for place, times in news.server.log.arrivals.items()}) - before
    return Counter({place: count for place, count in now.items() if place not in OWN})


def order(news: Newsroom, before: Counter[str]) -> list[str]:
    """Return the kinds of requests in the order of their first arrival, tags apart."""
    firsts = {
        place: times[before[place]] for place, times in news.server.log.arrivals.items() if len(times) > before[place]
    }
    return [each for each in sorted(firsts, key=lambda each: firsts[each]) if each not in OWN and "tag" not in each]


async def begun(news: Newsroom, made: Case) -> Counter[str]:
    await news.workspace.enroll_person("taken", [face(20)])
    if made.place:
        news.server.faults.next(made.place, made.fault)
    return Counter({place: len(times) for place, times in news.server.log.arrivals.items()})


async def single(made: Case) -> tuple[MIError | None, Any, Counter[str], list[str]]:
    async with newsroom(AT_ONCE, speed=300) as news:
        before, failure, person = await begun(news, made), None, made.person
        try:
            given = {"description": person.description, "tags": person.tags}
            await news.workspace.enroll_person(person.name, person.thumbnails, **given)  # type: ignore[arg-type]
        except MIError as error:
            failure = error
        return failure, state(news), asked(news, before), order(news, before)


async def bulk(made: Case, journal: Path) -> tuple[BulkOutcome, Any, Counter[str], list[str]]:
    async with newsroom(AT_ONCE, speed=300) as news:
        before = await begun(news, made)
        (outcome,) = [each async for each in news.workspace.enroll_many([made.person], journal=journal)]
        return outcome, state(news), asked(news, before), order(news, before)


@pytest.mark.parametrize("seed", sampled(SEEDS, 5))
async def test_one_is_many_of_one(seed: int, tmp_path: Path) -> None:
    made = case(seed)
    failure, state_of_one, asked_by_one, order_of_one = await single(made)
    outcome, state_of_many, asked_by_many, order_of_many = await bulk(made, tmp_path / "j")
    codes = [problem.code for problem in outcome.problems]
    if isinstance(failure, ConflictError):
        assert failure.code == NAME_TAKEN
        assert (outcome.status, codes[0] in {NAME_TAKEN, REFUSED.code}) == (Status.FAILED, True)
        assert state_of_one[0] == state_of_many[0]
        assert (state_of_one[1], asked_by_one) == ([], Counter())
        return
    if failure is None:
        assert (outcome.status, codes) == (Status.DONE, [])
        assert (state_of_one, asked_by_one, order_of_one) == (state_of_many, asked_by_many, order_of_many)
        return
    if made.is_mixed:
        assert {code_of(failure), "INPUT"} & set(codes), (failure, outcome)
        return
    assert codes[0] in {code_of(failure), "INPUT"}, (failure, outcome)
    ends = {Status.REJECTED} if isinstance(failure, LOCAL) else {Status.FAILED, Status.PARTIAL}
    assert outcome.status in ends
    assert state_of_one == state_of_many
