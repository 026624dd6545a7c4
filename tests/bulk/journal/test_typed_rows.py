"""Rows of a journal whose JSON lists are damaged, member by member."""

import pytest

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.typed_rows import DamagedError, read_person

PERSON = ("Hong", Status.DONE.value, 1001, '["Anchor"]', "", "", "people.csv:2", 1)


def test_a_list_is_read() -> None:
    assert read_person(PERSON).tags == ("Anchor",)
    assert read_person((*PERSON[:3], "[]", *PERSON[4:])).tags == ()


@pytest.mark.parametrize("tags", ['["Anchor"', "Anchor", '{"0": "Anchor"}', '["Anchor", 1]', "null"])
def test_a_list_that_is_none_is_damage(tags: str) -> None:
    with pytest.raises(DamagedError, match="a value in table persons is none that is written there, in the row of 'H"):
        read_person((*PERSON[:3], tags, *PERSON[4:]))
