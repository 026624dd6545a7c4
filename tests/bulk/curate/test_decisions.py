"""Decisions about tables that say who persons are."""

import unicodedata
from collections.abc import Mapping

import pytest

from mi_async._core.names import clean_name
from mi_async.bulk.curate.decisions import Archive, CurationDecisions, decide
from mi_async.bulk.inputs.person_change import PersonChange, PersonMerge
from mi_async.workflows.curation.table import CurationRow

NAMES: Mapping[int, str | None] = {1: "Hong", 2: "Kim", **dict.fromkeys(range(3, 12))}


def archive(names: Mapping[int, str | None] = NAMES) -> Archive:
    """Persons with these names."""
    holders: dict[str, tuple[int, ...]] = {}
    for person, name in names.items():
        if name is not None:
            holders[clean_name(name)] = (*holders.get(clean_name(name), ()), person)
    return Archive(names, holders)


def table(text: str) -> list[CurationRow]:
    """Rows such as ``3=Lee 4->1 5``."""
    rows: list[CurationRow] = []
    for line, word in enumerate(text.split(), 2):
        origin = f"faces.csv:{line}"
        if "->" in word:
            person, other = word.split("->")
            rows.append(CurationRow(int(person), same_as=int(other), origin=origin))
        else:
            person, _, name = word.partition("=")
            rows.append(CurationRow(int(person), name=name or None, origin=origin))
    return rows


def said(decided: CurationDecisions) -> str:
    """Changes in short: ``3=Lee<4,5 1<6``."""
    changes: list[str] = []
    for change in decided.changes:
        named = "" if change.name is None else f"={change.name}"
        merged = ",".join(str(one.person_id) for one in change.merged)
        changes.append(f"{change.person_id}{named}" + (f"<{merged}" if merged else ""))
    return " ".join(changes)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", ""),
        ("3 4 5", ""),
        ("3=Lee", "3=Lee"),
        ("3=Hong", "1<3"),
        ("5=Lee 3=Lee 4=Lee", "3=Lee<4,5"),
        ("3->1", "1<3"),
        ("3->4", "4<3"),
        ("3->4 4->5 5->1", "1<3,4,5"),
        ("3->4 4=Lee", "4=Lee<3"),
        ("3=Hong 1->2", "2<1,3"),
        ("1->3 3=Lee", "3=Lee<1"),
        ("1=Hong", ""),
        ("3=Lee 3=Lee", "3=Lee"),
        ("3=Lee 4->3 5->4", "3=Lee<4,5"),
    ],
)
def test_the_table_is_done_and_no_more(rows: str, expected: str) -> None:
    decided = decide(table(rows), archive())
    assert (said(decided), decided.conflicts) == (expected, ())


@pytest.mark.parametrize(
    ("rows", "expected", "conflicts"),
    [
        ("3->3", "", ["3: person 3 cannot be the same as itself"]),
        (
            "3->4 4->5 5->3 6->3 7=Lee",
            "7=Lee",
            [
                "3: same_as goes round in a circle: 3, 4, 5, 3",
                "4: same_as goes round in a circle: 3, 4, 5, 3",
                "5: same_as goes round in a circle: 3, 4, 5, 3",
                "6: same_as goes round in a circle: 3, 4, 5, 3",
            ],
        ),
        (
            "3=Lee 3=Park 4=Lee",
            "4=Lee",
            ["3: person 3 has another answer at faces.csv:3", "3: person 3 has another answer at faces.csv:2"],
        ),
        (
            "3->1 3=Lee 3->2",
            "",
            [
                "3: person 3 has another answer at faces.csv:3",
                "3: person 3 has another answer at faces.csv:2",
                "3: person 3 has another answer at faces.csv:2",
            ],
        ),
        ("99=Lee", "", ["99: there is no person 99; it was deleted, or merged into another one"]),
        ("3->99", "", ["3: same_as: there is no person 99"]),
        ("1=Lee", "", ["1: the person is called 'Hong' already; a person with a name is merged only by same_as"]),
        ("1=Kim", "", ["1: the person is called 'Hong' already; a person with a name is merged only by same_as"]),
        (
            "3->4 4->99 5->3 6->2",
            "2<6",
            [
                "3: it depends on person 4, whose row is left out (faces.csv:3)",
                "4: same_as: there is no person 99",
                "5: it depends on person 4, whose row is left out (faces.csv:3)",
            ],
        ),
        (
            "3=Hong 1->3",
            "",
            ["3: same_as goes round in a circle: 1, 3, 1", "1: same_as goes round in a circle: 1, 3, 1"],
        ),
    ],
)
def test_what_cannot_be_is_left_out_with_all_that_depends_on_it(rows: str, expected: str, conflicts: list[str]) -> None:
    decided = decide(table(rows), archive())
    assert said(decided) == expected
    assert [f"{one.person_id}: {one.message}" for one in decided.conflicts] == conflicts
    assert all(one.origin.startswith("faces.csv:") for one in decided.conflicts)


def test_a_row_with_both_answers_is_left_out() -> None:
    decided = decide([CurationRow(3, "Lee", 1, "faces.csv:2")], archive())
    assert [one.message for one in decided.conflicts] == ["name and same_as are both filled in; fill in one of them"]


@pytest.mark.parametrize("name", ["", "x" * 51, "a\x07b", "\ud800"])
def test_names_out_of_bounds_are_conflicts(name: str) -> None:
    decided = decide([CurationRow(3, name)], archive())
    assert (decided.changes, len(decided.conflicts)) == ((), 1)


def test_names_that_look_the_same_are_one_name() -> None:
    name = "홍길동"
    parts = unicodedata.normalize("NFD", name)
    assert said(decide([CurationRow(3, name), CurationRow(4, parts)], archive())) == f"3={name}<4"
    assert said(decide([CurationRow(3, name)], archive({1: parts, 3: None}))) == "1<3"
    assert decide([CurationRow(1, name)], archive({1: parts})).already == 1


def test_a_name_that_several_have_is_a_conflict_unless_it_is_ones_own() -> None:
    twice = archive({1: "홍", 2: unicodedata.normalize("NFD", "홍"), 3: None})
    decided = decide([CurationRow(3, "홍"), CurationRow(1, "홍")], twice)
    assert [one.message for one in decided.conflicts] == [
        "'홍' is the name of persons 1, 2; fill in same_as with one of these IDs"
    ]
    assert decided.already == 1


def test_changes_tell_what_the_persons_are_called_and_where_the_table_says_it() -> None:
    decided = decide(table("1->3 3=Lee 4"), archive())
    assert decided.changes == (PersonChange(3, None, "Lee", (PersonMerge(1, "Hong", "faces.csv:2"),), "faces.csv:3"),)
    assert decided.empty == 1
    assert decided.changes[0].final_name == "Lee"


def test_a_long_chain_ends() -> None:
    rows = [CurationRow(person, same_as=person + 1) for person in range(1, 20_000)]
    decided = decide(rows, archive(dict.fromkeys(range(1, 20_001))))
    assert [len(change.merged) for change in decided.changes] == [19_999]
