"""Rows of tables about persons: pure."""

import pytest

from mi_async import DuplicateGroup, DuplicateMember, DuplicatePair, Person, SuggestedPerson, UnnamedPerson
from mi_async.workflows.curation.rows import duplicate_record, duplicate_rows, unnamed_record, unnamed_row


def test_a_row_about_a_person_without_a_name() -> None:
    suggestions = (
        SuggestedPerson(1001, "홍길동", 97),
        SuggestedPerson(1003, "Hong"),
        SuggestedPerson(1002, None, 90.5),
    )
    person = UnnamedPerson(Person(7), 3, suggestions, {"assetCount": 12, "sceneCount": 40})
    assert unnamed_row(person) == {
        "person_id": 7,
        "position": 3,
        "seen": "assetCount 12, sceneCount 40",
        "thumbnails": 0,
        "suggestions": "1001 홍길동 (97); 1003 Hong; 1002 (90.5)",
    }
    record = unnamed_record(person)
    assert record["suggestions"][2] == {"person_id": 1002, "name": None, "score": 90.5}
    assert record["seen"] == {"assetCount": 12, "sceneCount": 40}


@pytest.mark.parametrize("name", ["홍길동", None])
def test_rows_about_a_group_say_whom_each_looks_like_and_who_to_keep(name: str | None) -> None:
    members = tuple(DuplicateMember(Person(number, name if number == 5 else None), number) for number in (5, 3, 4))
    pairs = (DuplicatePair(3, 5, (3, 5), 91), DuplicatePair(4, 5, (5,), 93.5), DuplicatePair(3, 4, (3, 4)))
    group = DuplicateGroup(2, members, pairs, (DuplicatePair(4, 9, (4, 9), 82),))
    first, second, third = duplicate_rows(group)
    assert first == {
        "group": 2,
        "person_id": 5,
        "current_name": name or "",
        "position": 5,
        "score": 91,
        "evidence": "like 3 (91); like 4 (found from 5 only) (93.5)",
        "suggestions": "",
    }
    assert second["suggestions"] == (f"5 {name}" if name else "5")
    assert third["evidence"] == (
        "like 5 (found from 5 only) (93.5); like 3; also like 9, who is not like all of this group"
    )
    record = duplicate_record(group)
    assert (record["keep"], record["score"], len(record["pairs"]), len(record["near"])) == (5, 91, 3, 1)
