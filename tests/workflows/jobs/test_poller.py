"""The poller on virtual time: a bounded rate, one question for all who wait, nothing left when nobody does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from itertools import pairwise
from random import Random

import pytest
from attrs import define, field

from mi_async import Clock, NotFoundError, ServerError, SessionError
from mi_async._core.polling import Polling
from mi_async.errors import DeadlineExceededError, MIError, QuotaStoreError, QuotaWaitError, ResponseError
from mi_async.workflows.jobs.poll_queue import REST
from mi_async.workflows.jobs.polled_job import JobAnswer, PollPace, Question
from mi_async.workflows.jobs.poller import Poller
from tests.support.interruption import CancelAt
from tests.support.virtual import run

PACE = PollPace("test", 5.0)
POLLING = Polling(first=2.0, factor=1.5, longest=60.0)
DOWN = ServerError(503, "500", "Endpoint Error")
GONE = NotFoundError(404, "10010", "The asset file does not exist.")


WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


@define(eq=False)
class Thing:
    """Something that ends at a time; it remembers when it was asked about."""

    key: str = "index:newsroom:101:1001"
    ends: float = 100.0
    takes: float = 0.01
    fails: list[Exception] = field(factory=list)
    askers: list[str] = field(factory=list)
    asked: list[float] = field(factory=list)
    under_way: int = 0
    most: int = 0

    async def ask(self) -> JobAnswer:
        now = asyncio.get_running_loop().time()
        self.asked.append(now)
        self.askers.append(WHO.get())
        WHO.set("a question before")  # which the next one does not see
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.under_way -= 1
        if self.fails:
            raise self.fails.pop(0)
        if now < self.ends:
            return JobAnswer("running")
        self.asked.append(asyncio.get_running_loop().time())  # for the result
        return JobAnswer("over", ended=True, result=self.key, calls=2)

    def question(self, *, first: float = POLLING.first, pace: PollPace = PACE) -> Question:
        now = asyncio.get_running_loop().time()
        return Question(self.key, pace, POLLING, self.ask, since=now, due=now + first)


@asynccontextmanager
async def polling() -> AsyncIterator[Poller]:
    """A poller that has nothing left to do at the end."""
    poller = Poller(Clock())
    yield poller
    await asyncio.sleep(0.001)  # what was cancelled may end
    assert poller.is_idle
    await poller.aclose()


async def wait(poller: Poller, thing: Thing, tell: Callable[[object], None] = lambda _: None) -> JobAnswer:
    with poller.watching(thing.question(), tell) as answer:
        return await answer


def test_one_thing_is_asked_about_geometrically_in_its_age() -> None:
    async def main() -> None:
        thing = Thing(ends=1000.0)
        async with polling() as poller:
            assert (await wait(poller, thing)).result == thing.key
        assert thing.asked[0] == pytest.approx(POLLING.first, abs=0.01)
        for before, moment in pairwise(thing.asked[:-1]):
            answered = before + thing.takes
            assert moment == pytest.approx(answered + POLLING.delay(answered), abs=0.01)
        assert len(thing.asked) < 30

    run(main())


def test_each_thing_is_asked_about_in_the_context_of_who_waits_for_it() -> None:
    things = [Thing(f"job {number}", ends=60.0) for number in range(20)]

    async def waiting(poller: Poller, thing: Thing) -> None:
        WHO.set(thing.key)
        await wait(poller, thing)

    async def main() -> None:
        async with polling() as poller:
            await asyncio.gather(*(asyncio.create_task(waiting(poller, thing)) for thing in things))

    run(main())
    assert all(set(thing.askers) == {thing.key} for thing in things)


def test_of_several_who_wait_it_is_asked_for_the_one_who_has_waited_longest() -> None:
    first, second = Thing(ends=100.0), Thing(ends=100.0)  # the same job, as two handles of it

    async def waiting(poller: Poller, thing: Thing, who: str) -> None:
        WHO.set(who)
        await wait(poller, thing)

    async def main() -> None:
        async with polling() as poller:
            gone = asyncio.create_task(waiting(poller, first, "first"))
            await asyncio.sleep(1)
            stays = asyncio.create_task(waiting(poller, second, "second"))
            await asyncio.sleep(30)
            gone.cancel()
            await stays

    run(main())
    assert set(first.askers) == {"first"}
    assert set(second.askers) == {"second"}
    assert max(first.asked) < 31 < min(second.asked)


def test_what_is_due_is_asked_at_once() -> None:
    async def main() -> None:
        thing = Thing(ends=0.0)
        async with polling() as poller:
            with poller.watching(thing.question(first=0.0), lambda _: None) as answer:
                await answer
        assert thing.asked[0] == pytest.approx(0.0, abs=0.001)

    run(main())


@pytest.mark.parametrize("count", [3, 100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.no_cover
def test_however_many_wait_the_rate_is_bounded_and_everybody_has_a_turn(count: int) -> None:
    async def main() -> None:
        dice = Random(count)  # noqa: S311  not cryptography
        things = [Thing(f"job {n}", ends=dice.uniform(60, 3600), takes=dice.uniform(0, 0.2)) for n in range(count)]
        loop = asyncio.get_running_loop()
        late: list[float] = []

        async def waiting(thing: Thing, poller: Poller) -> None:
            await wait(poller, thing)
            late.append(loop.time() - thing.ends)

        async with polling() as poller:
            await asyncio.gather(*(waiting(thing, poller) for thing in things))
        asked = sorted(moment for thing in things for moment in thing.asked)
        for window in (1.0, 10.0, 60.0):
            assert most_within(asked, window) <= PACE.rate * (window + REST) + 1
        # Nobody is asked about later than after one round of all.
        assert max(late) < POLLING.longest + count / PACE.rate + 1
        assert all(thing.most == 1 for thing in things)

    run(main())


def most_within(moments: list[float], window: float) -> int:
    """The most moments that any half-open window of this length holds."""
    most = first = 0
    for number, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        most = max(most, number - first + 1)
    return most


def test_young_things_are_asked_about_more_often_than_old_ones() -> None:
    async def main() -> None:
        old, young = Thing("old", ends=1200.0), Thing("young", ends=1030.0)
        async with polling() as poller:
            first = asyncio.ensure_future(wait(poller, old))
            await asyncio.sleep(1000.0)
            await wait(poller, young)
            assert len([moment for moment in old.asked if moment > 1000.0]) < len(young.asked)
            await first

    run(main())


def test_who_waits_for_the_same_shares_the_question_and_the_answer() -> None:
    async def main() -> None:
        thing, told = Thing(), Counter[str]()

        def tell(number: int) -> Callable[[object], None]:
            return lambda seen: told.update([f"{number} {seen}"])

        async with polling() as poller:
            answers = await asyncio.gather(*(wait(poller, thing, tell(n)) for n in range(20)))
        assert thing.most == 1
        assert len({id(answer) for answer in answers}) == 1
        assert told == {f"{n} running": len(thing.asked) - 2 for n in range(20)} | {f"{n} over": 1 for n in range(20)}

    run(main())


def test_who_comes_later_is_told_what_was_seen_last() -> None:
    async def main() -> None:
        thing, told = Thing(ends=50.0), list[object]()
        async with polling() as poller:
            first = asyncio.ensure_future(wait(poller, thing))
            await asyncio.sleep(10.0)
            with poller.watching(thing.question(), told.append):
                assert told == ["running"]
            await first

    run(main())


@pytest.mark.parametrize("error", [GONE, ResponseError("no number", path="$.result"), ZeroDivisionError("a bug")])
def test_an_error_that_asking_again_does_not_mend_ends_this_wait_alone(error: Exception) -> None:
    async def main() -> None:
        broken, fine = Thing("broken", fails=[error]), Thing("fine")
        async with polling() as poller:
            ended = await asyncio.gather(
                *(wait(poller, thing) for thing in (broken, broken, fine)), return_exceptions=True
            )
        assert ended[:2] == [error, error]
        assert isinstance(ended[2], JobAnswer)

    run(main())


@pytest.mark.parametrize(
    "error",
    [DOWN, DeadlineExceededError("late"), QuotaWaitError("full", operation="x", wait=1.0), QuotaStoreError("away")],
)
def test_a_failure_that_passes_is_survived(error: MIError) -> None:
    async def main() -> None:
        thing = Thing(fails=[error] * 3)
        async with polling() as poller:
            assert (await wait(poller, thing)).ended

    run(main())


def test_while_everything_fails_the_questions_become_few() -> None:
    async def main() -> None:
        things = [Thing(f"job {n}", fails=[DOWN] * 10_000) for n in range(100)]
        loop = asyncio.get_running_loop()
        async with polling() as poller:
            waits = [asyncio.ensure_future(wait(poller, thing)) for thing in things]
            await asyncio.sleep(1000.0)
            asked = sum(len(thing.asked) for thing in things)
            assert 20 < asked < 70
            for thing in things:
                thing.fails.clear()
            up = loop.time()
            await asyncio.gather(*waits)
            assert loop.time() - up < 2 * 100 / PACE.rate + 30

    run(main())


def test_a_question_that_hangs_holds_up_nothing_else() -> None:
    async def main() -> None:
        hanging, fine = Thing("hanging", takes=1e6), Thing("fine")
        async with polling() as poller:
            stuck = asyncio.ensure_future(wait(poller, hanging))
            await wait(poller, fine)
            stuck.cancel()

    run(main())


def test_when_all_hang_no_more_than_a_few_are_under_way() -> None:
    async def main() -> None:
        things = [Thing(f"job {n}", takes=1e6) for n in range(100)]
        async with polling() as poller:
            waits = [asyncio.ensure_future(wait(poller, thing)) for thing in things]
            await asyncio.sleep(1000.0)
            assert sum(thing.under_way for thing in things) == 10
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    run(main())


def test_whatever_tell_raises_ends_the_wait_of_that_one_alone() -> None:
    async def main() -> None:
        def broken(_seen: object) -> None:
            message = "a progress function of the caller"
            raise ValueError(message)

        thing = Thing()
        async with polling() as poller:
            fine = asyncio.ensure_future(wait(poller, thing))
            with pytest.raises(ValueError, match="of the caller"):
                await wait(poller, thing, broken)
            with pytest.raises(ValueError, match="of the caller"):
                await wait(poller, thing, broken)  # told at once what was seen last
            assert (await fine).ended

    run(main())


@pytest.mark.parametrize("late", [False, True])
def test_a_wait_cancelled_anywhere_leaves_nothing(late: bool) -> None:
    async def main() -> None:
        for suspension in range(1, 3):
            thing = Thing(ends=5.0)

            async def waiting(thing: Thing, poller: Poller) -> None:
                await asyncio.sleep(0.1)
                await wait(poller, thing)

            async with polling() as poller:
                interrupted = CancelAt(waiting(thing, poller), suspension, late)
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.ensure_future(awaited(interrupted))

    run(main())


async def awaited(interrupted: CancelAt) -> None:
    await interrupted


def test_when_the_last_one_goes_the_question_under_way_goes_too() -> None:
    async def main() -> None:
        thing = Thing(takes=10.0)
        async with polling() as poller:
            first, second = (asyncio.ensure_future(wait(poller, thing)) for _ in range(2))
            await asyncio.sleep(3.0)
            first.cancel()
            await asyncio.sleep(0.1)
            assert thing.under_way == 1
            second.cancel()
            await asyncio.sleep(0.1)
            assert thing.under_way == 0

    run(main())


def test_a_question_that_is_dropped_before_it_begins_frees_its_place() -> None:
    async def main() -> None:
        slow = PollPace("slow", 0.25)  # one at once
        first, second = Thing("first"), Thing("second", ends=0.0)
        async with polling() as poller:
            queue = poller._queue(slow)
            with poller.watching(first.question(first=0.0, pace=slow), lambda _: None):
                assert queue._timer is not None
                queue._timer.cancel()
                queue._ask_first()
            with poller.watching(second.question(first=0.0, pace=slow), lambda _: None) as answer:
                assert (await answer).ended
        assert not first.asked

    run(main())


def test_hurry_asks_before_the_time() -> None:
    async def main() -> None:
        thing = Thing(ends=100.0)
        loop = asyncio.get_running_loop()
        async with polling() as poller:
            task = asyncio.ensure_future(wait(poller, thing))
            await asyncio.sleep(101.0)
            poller.hurry(PACE, thing.key)
            poller.hurry(PACE, "somebody else")
            await task
            assert loop.time() == pytest.approx(101.01, abs=0.01)
            assert thing.most == 1

    run(main())


def test_hurry_while_a_question_is_under_way_asks_again_at_once() -> None:
    async def main() -> None:
        thing = Thing(ends=1001.0, takes=2.0)
        loop = asyncio.get_running_loop()
        async with polling() as poller:
            with poller.watching(thing.question(first=1000.0), lambda _: None) as answer:
                await asyncio.sleep(1001.0)
                assert thing.under_way == 1
                poller.hurry(PACE, thing.key)
                await answer
            assert loop.time() == pytest.approx(1004.0, abs=0.01)
            assert thing.most == 1

    run(main())


def test_hurry_is_over_with_the_question_that_it_brought() -> None:
    async def main() -> None:
        thing = Thing(ends=5000.0, takes=2.0)
        async with polling() as poller:
            with poller.watching(thing.question(first=1000.0), lambda _: None):
                await asyncio.sleep(1001.0)
                poller.hurry(PACE, thing.key)
                await asyncio.sleep(50.0)
        assert len(thing.asked) == 2

    run(main())


def test_who_waits_is_told_why_there_is_no_answer() -> None:
    async def main() -> None:
        thing, told, late = Thing(ends=100.0, fails=[DOWN]), list[object](), list[object]()
        async with polling() as poller:
            with poller.watching(thing.question(), lambda _: None, told.append) as answer:
                await asyncio.sleep(3.0)
                with poller.watching(thing.question(), lambda _: None, late.append):
                    assert told == late == [DOWN]
                await asyncio.sleep(20.0)
                with poller.watching(thing.question(), lambda _: None, late.append):
                    assert late == [DOWN]  # it has passed
                await answer
        assert told == [DOWN]

    run(main())


@pytest.mark.no_cover
def test_lanes_do_not_wait_for_each_other() -> None:
    async def main() -> None:
        quick = PollPace("quick", 20.0)
        many = [Thing(f"job {n}", ends=1e9) for n in range(300)]
        search = Thing("search", ends=600.0)
        async with polling() as poller:
            with ExitStack() as stack:
                for thing in many:
                    stack.enter_context(poller.watching(thing.question(), lambda _: None))
                await asyncio.sleep(600.0)
                with poller.watching(search.question(pace=quick), lambda _: None) as answer:
                    await answer
                assert asyncio.get_running_loop().time() < 600.0 + POLLING.first + 0.1

    run(main())


def test_closing_ends_every_wait_and_leaves_nothing() -> None:
    async def main() -> None:
        things = [Thing(f"job {n}", takes=1e6) for n in range(30)]
        poller = Poller(Clock())
        waits = [asyncio.ensure_future(wait(poller, thing)) for thing in things]
        await asyncio.sleep(60.0)
        await poller.aclose()
        await poller.aclose()
        assert not any(thing.under_way for thing in things)
        for task, thing in zip(waits, things, strict=True):
            with pytest.raises(SessionError, match=f"while {thing.key} was waited for; it goes on"):
                await task
        with pytest.raises(SessionError, match="is closed"):
            await wait(poller, things[0])

    run(main())


def test_a_poller_belongs_to_its_event_loop() -> None:
    async def made() -> Poller:
        return Poller(Clock())

    async def used(poller: Poller) -> None:
        with pytest.raises(SessionError, match="another event loop"):
            await wait(poller, Thing())

    run(used(run(made())))


@pytest.mark.parametrize("seed", range(20))
def test_any_coming_and_going_keeps_the_pace_and_leaves_nothing(seed: int) -> None:
    async def main() -> None:
        dice = Random(seed)  # noqa: S311  not cryptography
        things = [Thing(f"job {n}", ends=dice.uniform(0, 300), takes=dice.uniform(0, 5)) for n in range(40)]

        async def one(poller: Poller) -> None:
            await asyncio.sleep(dice.uniform(0, 200))
            thing = dice.choice(things)
            thing.fails += [dice.choice([DOWN, GONE])] * dice.randrange(2)
            try:
                async with asyncio.timeout(dice.choice([0.0, 1.0, 50.0, None])):
                    await wait(poller, thing)
            except (TimeoutError, MIError):
                pass

        async with polling() as poller:
            await asyncio.gather(*(one(poller) for _ in range(150)))
        asked = sorted(moment for thing in things for moment in thing.asked)
        assert most_within(asked, 10.0) <= PACE.rate * (10.0 + REST) + 1

    run(main())


def test_what_nobody_awaits_any_more_is_not_asked_about_while_others_wait() -> None:
    async def main() -> None:
        left, other = Thing("left", ends=10.0), Thing("other", ends=10.0)
        async with polling() as poller:
            with poller.watching(other.question(first=5.0), lambda _: None) as answer:
                with poller.watching(left.question(first=1.0), lambda _: None):
                    pass
                await answer
        assert left.asked == []
        assert other.asked

    run(main())


def test_who_comes_with_the_answer_to_others_asks_anew() -> None:
    """The answer has ended every wait: a job of the same name that begins now is asked about as a new one."""

    async def main() -> None:
        thing, loop = Thing(ends=0.0), asyncio.get_running_loop()
        with ExitStack() as stack:
            again: list[asyncio.Future[JobAnswer]] = []

            def begin(_: object) -> None:
                again.append(stack.enter_context(poller.watching(thing.question(first=0.0), lambda _: None)))

            poller = Poller(Clock())
            with poller.watching(thing.question(first=500.0), lambda _: None) as answer:
                answer.add_done_callback(begin)
                await answer
            began = loop.time()
            await again[0]
            assert loop.time() - began < REST
        await poller.aclose()

    run(main())
