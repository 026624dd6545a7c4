"""Walking a listing that changes meanwhile, with the next page on its way."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core.paging import WalkBounds, every
from mi_async.errors import InvalidArgumentError, MIError, ResponseError
from mi_async.models import Page


@define
class Listing:
    """A listing that something happens to before each page is read.

    Attributes:
        items: what is listed.
        size: items in a page.
        changes: what happens before the second and each further page.
    """

    items: list[int]
    size: int = 2
    changes: list[Callable[[list[int]], object]] = field(factory=list)
    asked: list[int] = field(factory=list)

    async def fetch(self, number: int) -> Page[int]:
        if self.asked and self.changes:
            self.changes.pop(0)(self.items)
        self.asked.append(number)
        start = (number - 1) * self.size
        pages = -(-len(self.items) // self.size)
        return Page(tuple(self.items[start : start + self.size]), len(self.items), pages, number, self.size)

    def walk(self, limit: int | None = None) -> AsyncGenerator[int]:
        return every(self.fetch, key=lambda item: item, limit=limit)


def settle() -> Any:
    """Let the tasks that are ready run."""
    return asyncio.sleep(0.001)


async def gathered(listing: Listing) -> list[int]:
    return [item async for item in listing.walk()]


# ---- the next page


async def test_the_next_page_is_asked_for_while_one_is_handed_out() -> None:
    listing = Listing(list(range(6)))
    async with aclosing(listing.walk()) as items:
        assert await anext(items) == 0
        await settle()
        assert listing.asked == [1, 2]
        assert [await anext(items) for _ in range(2)] == [1, 2]
        await settle()
        assert listing.asked == [1, 2, 3]


async def test_a_walk_that_stops_at_once_asks_for_no_more() -> None:
    listing = Listing(list(range(6)))
    async with aclosing(listing.walk()) as items:
        assert await anext(items) == 0
    await settle()
    assert listing.asked == [1]
    assert len(asyncio.all_tasks()) == 1


async def test_no_page_is_asked_for_beyond_the_limit() -> None:
    listing = Listing(list(range(6)))
    async with aclosing(listing.walk(limit=2)) as items:
        assert [item async for item in items] == [0, 1]
    assert listing.asked == [1]
    assert [item async for item in Listing([1, 2]).walk(limit=0)] == []


async def test_a_negative_limit_is_refused() -> None:
    listing = Listing([1])
    with pytest.raises(InvalidArgumentError, match="limit must be an integer >= 0, got -1"):
        await anext(listing.walk(limit=-1))
    assert not listing.asked


async def stuck(number: int, seen: list[str]) -> Page[int]:
    """Page 1 of two; the second never comes."""
    if number == 1:
        return Page((1,), 2, 2)
    seen.append("asked")
    try:
        await asyncio.sleep(3600)
    finally:
        seen.append("ended")
    raise AssertionError


@pytest.mark.parametrize("way", ["closed", "broken out of", "cancelled"])
async def test_no_request_outlives_the_walk(way: str) -> None:
    seen: list[str] = []
    items = every(lambda number: stuck(number, seen))
    assert await anext(items) == 1
    await settle()
    if way == "closed":
        await items.aclose()
        assert seen == ["asked", "ended"]
    elif way == "cancelled":
        waiting = asyncio.ensure_future(anext(items))
        await settle()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert seen == ["asked", "ended"]
    else:
        del items  # what a break leaves behind
        await settle()
    assert seen == ["asked", "ended"]
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("awaited", [True, False])
async def test_a_page_that_fails_fails_the_walk_when_its_turn_comes(
    caplog: pytest.LogCaptureFixture, *, awaited: bool
) -> None:
    async def fetch(number: int) -> Page[int]:
        if number == 1:
            return Page((1, 2), 4, 2)
        message = "gone"
        raise MIError(message)

    items = every(fetch)
    assert await anext(items) == 1
    await settle()
    if awaited:
        assert await anext(items) == 2
        with pytest.raises(MIError, match="gone"):
            await anext(items)
    await items.aclose()
    del items
    await settle()
    assert not caplog.records  # asyncio would log an exception that nobody fetched


# ---- changes between pages


async def test_an_item_that_moved_to_the_next_page_comes_once() -> None:
    listing = Listing([1, 2, 3, 4], changes=[lambda items: items.insert(0, 0)])
    assert await gathered(listing) == [1, 2, 3, 4]


async def test_items_that_slid_back_are_not_left_out() -> None:
    listing = Listing([1, 2, 3, 4, 5], changes=[lambda items: items.remove(1)])
    assert await gathered(listing) == [1, 2, 3, 4, 5]
    assert listing.asked == [1, 2, 1, 2]


async def test_items_that_slid_back_several_pages() -> None:
    def forget(items: list[int]) -> None:
        del items[:4]

    listing = Listing(list(range(8)), changes=[lambda _: None, forget])
    assert await gathered(listing) == list(range(8))


async def test_the_walk_goes_back_as_many_pages_as_are_gone() -> None:
    """Five items, so three pages of two, are gone before the fifth page is read: the third comes before the second."""

    def cut(items: list[int]) -> None:
        del items[:5]

    def keep(items: list[int]) -> None:
        pass

    listing = Listing(list(range(14)), changes=[keep, keep, keep, cut, *[keep] * 9])
    found = await gathered(listing)
    assert listing.asked[:7] == [1, 2, 3, 4, 5, 2, 3]
    assert set(found) >= set(range(5, 14))


async def test_a_listing_that_is_emptied_ends() -> None:
    listing = Listing(list(range(6)), changes=[list.clear])
    assert await gathered(listing) == [0, 1]


async def test_a_total_that_goes_up_and_down_does_not_hold_us() -> None:
    totals = [10, 9] * 50

    async def fetch(number: int) -> Page[int]:
        return Page((2 * number, 2 * number + 1), totals.pop(0), 5, number, 2)

    assert [item async for item in every(fetch, key=lambda item: item)] == list(range(2, 12))
    assert len(totals) > 85


@pytest.mark.parametrize("keyed", [True, False])
async def test_a_listing_that_does_not_say_how_many_pages_there_are(*, keyed: bool) -> None:
    pages = [(1, 2), (3,), (3,), (4,)]

    async def fetch(number: int) -> Page[int]:
        return Page(pages[number - 1])

    found = [item async for item in every(fetch, key=(lambda item: item) if keyed else None)]
    assert found == ([1, 2, 3] if keyed else [1, 2])


async def test_only_so_many_items_are_remembered() -> None:
    async def fetch(number: int) -> Page[int]:
        return Page(((1, 2), (2, 3), (4, 5), (1, 5))[number - 1], 8, 4, number, 2)

    few = WalkBounds(remembered=3)
    assert [item async for item in every(fetch, key=lambda item: item, bounds=few)] == [1, 2, 3, 4, 5, 1]


# ---- a listing that lies


def lying(*pages: tuple[int, ...], total: int = 10, pages_said: int = 5) -> tuple[Any, list[int]]:
    """A listing of these pages, the last one again and again."""
    asked: list[int] = []

    async def fetch(number: int) -> Page[int]:
        asked.append(number)
        return Page(pages[min(number, len(pages)) - 1], total, pages_said, number, 2)

    return fetch, asked


LIES = {
    "repeats": ((0, 1),),
    "has a hole": ((0, 1), (), (4, 5), (6, 7), (8, 9)),
    "ends early": ((0, 1), ()),
    "is empty": ((),),
    "repeats in the middle": ((0, 1), (2, 3), (2, 3), (6, 7), (8, 9)),
    "short in the middle": ((0, 1), (2,), (4, 5), (6, 7), (8, 9)),
}


@pytest.mark.parametrize("pages", LIES.values(), ids=LIES)
async def test_a_listing_that_contradicts_itself_is_an_error(pages: tuple[tuple[int, ...], ...]) -> None:
    fetch, asked = lying(*pages)
    found: list[int] = []

    async def walk() -> None:
        async for item in every(fetch, key=lambda item: item):
            found.append(item)  # noqa: PERF401  what came before the error counts

    with pytest.raises(ResponseError, match=r"it counts 10 items, and [0-9] came"):
        await walk()
    honest = pages[: pages.index(()) if () in pages else None]
    assert found == sorted({item for page in honest for item in page})
    assert len(asked) <= 10  # twice


@pytest.mark.parametrize("name", ["repeats", "has a hole", "ends early", "is empty", "repeats in the middle"])
async def test_a_listing_without_keys_that_contradicts_itself_is_an_error(name: str) -> None:
    fetch, asked = lying(*LIES[name])
    with pytest.raises(ResponseError, match=r"contradicts itself: page [123] of 5 (is empty|repeats the one before)"):
        _ = [item async for item in every(fetch)]
    assert len(asked) <= 4


async def test_what_is_missing_for_a_moment_is_found_by_reading_once_more() -> None:
    pages = [(0, 1), (), (0, 1), (2, 3)]

    async def fetch(_number: int) -> Page[int]:
        return Page(pages.pop(0), 4, 2, 1, 2)

    assert [item async for item in every(fetch, key=lambda item: item)] == [0, 1, 2, 3]
    pages = [(0, 1), (), (2, 3), (4, 5)]

    async def three(_number: int) -> Page[int]:
        return Page(pages.pop(0), 6, 3, 1, 2)

    assert [item async for item in every(three)] == [0, 1, 2, 3, 4, 5]


async def test_a_limit_ends_before_a_listing_can_be_told_to_lie() -> None:
    fetch, asked = lying((0, 1))
    assert [item async for item in every(fetch, key=lambda item: item, limit=2)] == [0, 1]
    assert asked == [1]


@pytest.mark.parametrize("said", ["grows", "counts few", "says nothing"])
@pytest.mark.parametrize("keyed", [True, False])
async def test_a_listing_without_an_end_is_ended(said: str, *, keyed: bool) -> None:
    asked: list[int] = []

    async def fetch(number: int) -> Page[int]:
        asked.append(number)
        total, pages = {"grows": (2 * number + 2, number + 1), "counts few": (2, 10**9), "says nothing": (0, 0)}[said]
        return Page((2 * number, 2 * number + 1), total, pages, number, 2)

    bounds = WalkBounds(unannounced=300)
    walk = every(fetch, key=(lambda item: item) if keyed else None, limit=3000, bounds=bounds)
    if keyed or said == "grows":
        with pytest.raises(ResponseError, match=r"the listing has no end: [0-9]+ pages were read"):
            _ = [item async for item in walk]
        assert len(asked) <= 310
    else:  # it announces so many, or none
        assert len([item async for item in walk]) == (3000 if said == "counts few" else 2)


async def test_a_listing_that_grows_from_little_to_much_is_walked_to_its_end() -> None:
    listing = Listing([1, 2, 3])

    async def fetch(number: int) -> Page[int]:
        page = await listing.fetch(number)
        if len(listing.items) < 100:
            listing.items.extend(range(number * 10, number * 10 + 10))
        return page

    assert len([item async for item in every(fetch, key=lambda item: item)]) >= 100


numbers = st.integers(0, 30)


def new_item(at: int, item: int) -> Callable[[list[int]], object]:
    """An item appears; IDs are never given twice, and a listing that has one twice is none that merely changes."""

    def appear(items: list[int]) -> None:
        if item not in items:
            items.insert(at, item)

    return appear


inserts = st.builds(new_item, numbers, st.integers(1000, 1_000_000))
deletes = st.builds(lambda start, count: lambda items: items.__delitem__(slice(start, start + count)), numbers, numbers)


def bursts(change: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What happens between two pages: several changes."""
    return st.lists(change, max_size=4).map(lambda several: lambda items: [each(items) for each in several])


@given(st.integers(0, 40), st.integers(1, 7), st.lists(bursts(inserts | deletes), max_size=12))
async def test_nothing_twice_and_an_end_whatever_happens(total: int, size: int, changes: list[Any]) -> None:
    listing = Listing(list(range(total)), size, changes)
    found = await gathered(listing)
    assert len(found) == len(set(found))
    assert len(listing.asked) < 500


@pytest.mark.parametrize("change", [inserts, deletes], ids=["appear", "vanish"])
@given(st.data())
async def test_what_stays_is_found_when_others_only_appear_or_only_vanish(change: Any, data: st.DataObject) -> None:
    total = data.draw(st.integers(0, 40))
    listing = Listing(
        list(range(total)), data.draw(st.integers(1, 7)), data.draw(st.lists(bursts(change), max_size=12))
    )
    found = await gathered(listing)
    assert set(listing.items) & set(range(total)) <= set(found)
    assert len(found) == len(set(found))
