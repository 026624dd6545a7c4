"""Turns: the effects on one person happen in the order of the input, and a picture is claimed once."""

from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload
from mi_async.bulk.inputs.models import ThumbnailUpload
from mi_async.bulk.journal.records import PersonRecord, PictureRecord


def work(person: int) -> EnrollWork:
    made = EnrollWork(ThumbnailUpload(person, b""), PersonRecord(str(person)))
    made.pictures = [ImageUpload(made, b"", record=PictureRecord(str(person), "hash", "face.jpg"))]
    return made


def test_the_next_of_a_person_goes_when_the_one_before_leaves() -> None:
    turns, first, second, third, other = PersonOrder(), work(1), work(1), work(1), work(2)
    for one in (first, second, third, other):
        turns.join(one)
    assert list(turns.works()) == [first, second, third, other]
    assert not turns.may_go(second)
    assert turns.may_go(first)
    assert turns.may_go(other)
    assert turns.leave(first) is second
    assert turns.may_go(second)
    assert turns.leave(second) is None  # the third has not asked yet
    assert turns.may_go(third)
    assert turns.leave(third) is None
    assert turns.leave(other) is None
    assert list(turns.works()) == []


def test_who_leaves_out_of_turn_gives_it_to_nobody() -> None:
    turns, first, second, third = PersonOrder(), work(1), work(1), work(1)
    for one in (first, second, third):
        turns.join(one)
    assert not turns.may_go(second)
    assert not turns.may_go(third)
    assert turns.leave(second) is None
    assert turns.leave(first) is third
    assert turns.leave(third) is None


def test_a_picture_is_claimed_once_as_long_as_its_work_is_under_way() -> None:
    turns, first, second, other = PersonOrder(), work(1), work(1), work(2)
    for one in (first, second, other):
        turns.join(one)
    assert turns.claim(first.pictures[0], "hash") is first.pictures[0]
    assert turns.claim(second.pictures[0], "hash") is first.pictures[0]
    assert turns.claim(other.pictures[0], "hash") is other.pictures[0]
    turns.leave(second)  # has claimed nothing, so it lets nothing go
    third = work(1)
    turns.join(third)
    assert turns.claim(third.pictures[0], "hash") is first.pictures[0]
    turns.leave(first)
    assert turns.claim(third.pictures[0], "hash") is third.pictures[0]


def test_who_waits_for_a_later_one_goes_right_behind_it() -> None:
    turns, first, second, third = PersonOrder(), work(1), work(1), work(1)
    for one in (first, second, third):
        turns.join(one)
    assert not turns.may_go(second)
    assert turns.may_go(first)
    assert turns.go_behind(first, second) is second
    assert turns.has(first)
    assert turns.may_go(second)
    assert turns.leave(second) is first
    assert turns.leave(first) is None
    assert not turns.has(first)
    assert turns.may_go(third)


def test_nothing_is_kept_of_those_who_have_left() -> None:
    turns = PersonOrder()
    for person in range(100):
        one = work(person)
        turns.join(one)
        turns.claim(one.pictures[0], "hash")
        turns.leave(one)
    assert not turns._lines
    assert not turns._claims
    assert not turns._waiting
