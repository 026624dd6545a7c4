"""Turns: the effects on one person happen in the order of the input, and a picture is claimed once."""

import gc
import weakref

from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload
from mi_async.bulk.inputs.models import ThumbnailUpload
from mi_async.bulk.journal.records import ImageRecord, PersonRecord


def work(person: int) -> EnrollWork:
    made = EnrollWork(ThumbnailUpload(person, b""), PersonRecord(str(person)))
    made.images = [ImageUpload(made, b"", record=ImageRecord(str(person), "hash", "face.jpg"))]
    return made


def test_the_next_of_a_person_goes_when_the_one_before_leaves() -> None:
    order, first, second, third, other = PersonOrder(), work(1), work(1), work(1), work(2)
    for one in (first, second, third, other):
        order.join(one)
    assert list(order.works()) == [first, second, third, other]
    assert not order.may_go(second)
    assert order.may_go(first)
    assert order.may_go(other)
    assert order.leave(first) is second
    assert order.may_go(second)
    assert order.leave(second) is None  # the third has not asked yet
    assert order.may_go(third)
    assert order.leave(third) is None
    assert order.leave(other) is None
    assert list(order.works()) == []


def test_who_leaves_out_of_turn_gives_it_to_nobody() -> None:
    order, first, second, third = PersonOrder(), work(1), work(1), work(1)
    for one in (first, second, third):
        order.join(one)
    assert not order.may_go(second)
    assert not order.may_go(third)
    assert order.leave(second) is None
    assert order.leave(first) is third
    assert order.leave(third) is None


def test_a_picture_is_claimed_once_as_long_as_its_work_is_under_way() -> None:
    order, first, second, other = PersonOrder(), work(1), work(1), work(2)
    for one in (first, second, other):
        order.join(one)
    assert order.claim(first.images[0], "hash") is first.images[0]
    assert order.claim(second.images[0], "hash") is first.images[0]
    assert order.claim(other.images[0], "hash") is other.images[0]
    order.leave(second)  # has claimed nothing, so it lets nothing go
    third = work(1)
    order.join(third)
    assert order.claim(third.images[0], "hash") is first.images[0]
    order.leave(first)
    assert order.claim(third.images[0], "hash") is third.images[0]


def test_who_waits_for_a_later_one_goes_right_behind_it() -> None:
    order, first, second, third = PersonOrder(), work(1), work(1), work(1)
    for one in (first, second, third):
        order.join(one)
    assert not order.may_go(second)
    assert order.may_go(first)
    assert order.go_behind(first, second) is second
    assert order.has(first)
    assert order.may_go(second)
    assert order.leave(second) is first
    assert order.leave(first) is None
    assert not order.has(first)
    assert order.may_go(third)


def test_nothing_is_kept_of_those_who_have_left() -> None:
    order = PersonOrder()
    for person in range(100):
        one = work(person)
        order.join(one)
        assert order.claim(one.images[0], "hash") is one.images[0]
        order.leave(one)
    held = [each for each in gc.get_referents(order) if isinstance(each, dict | set)]
    assert held
    assert not any(held)


def test_an_item_that_has_left_does_not_wait_for_the_garbage_collector() -> None:
    order, one = PersonOrder(), work(1)
    order.join(one)
    assert order.claim(one.images[0], "hash") is one.images[0]
    gone = weakref.ref(one)
    gc.disable()
    try:
        order.leave(one)
        del one
        assert gone() is None
    finally:
        gc.enable()
