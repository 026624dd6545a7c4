"""A create whose effect is not known: the person is looked for before another one, and found."""

from pathlib import Path

import pytest

from mi_async import PersonInput, RetryPolicy, Status
from mi_async.emulator import Fault
from tests.support.newsroom import newsroom
from tests.support.pictures import picture

ATTEMPTS = 2


@pytest.mark.parametrize("lost", [Fault.DROP_AFTER, Fault.ERROR_AFTER])
async def test_a_person_who_was_created_unseen_is_looked_for_before_another_create(lost: Fault, tmp_path: Path) -> None:
    """The answer to the create is lost, and so is the look after it: the stage is tried again."""
    async with newsroom(retry=RetryPolicy(max_attempts=ATTEMPTS)) as news:
        news.server.faults.next("persons.create", lost)
        news.server.faults.next("persons.search", Fault.ERROR_BEFORE, times=ATTEMPTS)
        people = [PersonInput("Gildong Hong", [picture()])]
        run = news.workspace.enroll_many(people, journal=tmp_path / "journal")
        (outcome,) = [outcome async for outcome in run]
        assert outcome.status is Status.DONE
        assert news.server.log.count("persons.create") == 2, "the lost one, and its conflict"
        assert news.server.log.answers["persons.search", 200] == 1
        assert len(news.thumbnails()) == 1
