"""Settings of calls: what is inherited, what is added, what is refused; and calls that are told something else."""

import asyncio
import gc
import weakref
from typing import Unpack, cast

import pytest

from mi_async._core.call import Calls
from mi_async._core.call_settings import CallOptions, CallSettings
from mi_async._core.header_rules import OURS
from mi_async._core.hooks import Attempt, Hooks
from mi_async._core.retry import RetryPolicy
from mi_async._core.signing import SIGNATURE
from mi_async._core.transport import Timeout
from mi_async.errors import ConfigError, DeadlineExceededError, QuotaWaitError, ServerError, SessionError
from tests.support.scripted import FOREVER, Things, now, policy, refusal, stage
from tests.support.virtual import run

PLAIN = CallSettings(Timeout(), RetryPolicy())


async def nothing(_attempt: Attempt) -> None: ...


def told(calls: Calls, **options: Unpack[CallOptions]) -> Things:
    """The operations of a view."""
    return Things(calls.with_options(options))


# ---- the value


def test_what_is_left_out_stays_as_it_is() -> None:
    assert PLAIN.changed({}) == PLAIN
    patient = PLAIN.changed({"timeout": None, "max_wait": 2.0})
    assert patient.timeout == Timeout(total=None)
    again = patient.changed({"timeout": 5, "retry": RetryPolicy(max_attempts=1)})
    assert (again.timeout, again.max_wait, again.retry.max_attempts) == (Timeout(total=5), 2.0, 1)
    assert PLAIN.timeout == Timeout()


def test_an_infinite_time_limit_is_none() -> None:
    assert PLAIN.changed({"timeout": float("inf")}).timeout == Timeout(total=None)
    assert Timeout(connect=float("inf"), read=float("inf")) == Timeout(connect=None, read=None)


def test_headers_and_hooks_are_added_and_a_header_is_replaced_in_any_case() -> None:
    one = PLAIN.changed({"headers": {"X-Tenant": "a", "X-Trace": "1"}, "hooks": Hooks(before=[nothing])})
    two = one.changed({"headers": {"x-tenant": "b"}, "hooks": Hooks(before=[nothing], after=[])})
    assert two.headers == {"X-Trace": "1", "x-tenant": "b"}
    assert [hooks.before for hooks in two.hooks] == [[nothing], [nothing]]
    assert (one.headers["X-Tenant"], PLAIN.headers) == ("a", {})
    assert "tenant" not in repr(two)


@pytest.mark.parametrize("name", [*sorted(OURS), "Content-Type", SIGNATURE.upper()])
def test_a_header_of_the_session_is_not_replaced(name: str) -> None:
    with pytest.raises(ConfigError, match=f"headers: {name} is set by the session and cannot be replaced"):
        PLAIN.changed({"headers": {name: "x"}})


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("headers", {"X-A": "one\r\nX-B: two"}, "the value of X-A must be one line of printable ASCII"),
        ("headers", {"X-A": "one\n"}, "the value of X-A must be one line of printable ASCII"),
        ("headers", {"X-A": "홍"}, "the value of X-A must be one line of printable ASCII"),
        ("headers", {"X-A": 1}, "the value of X-A must be one line of printable ASCII"),
        ("headers", {"X A": "x"}, "'X A' is not the name of a header"),
        ("headers", {"X-A\r\nX-B": "x"}, r"X-B' is not the name of a header"),
        ("headers", {"": "x"}, "'' is not the name of a header"),
        ("headers", {1: "x"}, "1 is not the name of a header"),
        ("headers", ["X-A"], "headers must be a mapping from name to value, not list"),
        ("timeout", 0, "timeout must be the seconds of a whole call, > 0, not 0"),
        ("timeout", "5", "not '5'; None for no limit"),
        ("timeout", float("nan"), "not nan"),
        ("timeout", Timeout(), r"connect and read belong to connect\(timeout=...\)"),
        ("max_wait", -1, "max_wait is a number of seconds from 0"),
        ("retry", None, r"retry must be mi_async.RetryPolicy\(max_attempts, ...\), not NoneType"),
        ("hooks", [nothing], "hooks must be mi_async.Hooks"),
    ],
)
def test_an_option_that_cannot_work_is_refused(option: str, value: object, words: str) -> None:
    options = cast("CallOptions", {option: value})
    with pytest.raises(ConfigError, match=words):
        PLAIN.changed(options)


def test_an_option_that_does_not_exist_is_a_type_error_that_names_those_that_do() -> None:
    mistyped = cast("CallOptions", {"time_out": 5})
    with pytest.raises(TypeError, match="called time_out; there are timeout, max_wait, retry, headers, hooks"):
        PLAIN.changed(mistyped)


# ---- calls


def test_calls_of_different_time_limits_end_each_at_its_own() -> None:
    async def ends(things: Things) -> float:
        with pytest.raises(DeadlineExceededError):
            await things.tag("x")
        return now()

    async def main() -> None:
        async with stage([FOREVER] * 5, total=7) as play:
            quick, slow = told(play.calls, timeout=3), told(play.calls, timeout=20)
            all_ends = await asyncio.gather(*map(ends, (slow, play.things, quick, slow, quick)))
            assert all_ends == pytest.approx([20, 7, 3, 20, 3], abs=0.01)
            assert await quick.tag("x") == "done"

    run(main())


def test_closing_ends_the_calls_of_every_view_after_one_grace() -> None:
    async def main() -> None:
        async with stage([FOREVER] * 3, total=None) as play:
            views = [play.calls, play.calls.with_options({"timeout": 500}), play.calls.with_options({"timeout": 900})]
            going = [asyncio.create_task(Things(calls).tag("x")) for calls in views]
            await asyncio.sleep(1)
            await views[0].aclose(3.0)
            ended = await asyncio.gather(*going, return_exceptions=True)
            assert [type(end) for end in ended] == [SessionError] * 3
            assert now() == pytest.approx(4, abs=0.01)
            with pytest.raises(SessionError, match="the session is closed"):
                await Things(views[1]).tag("x")

    run(main())


def test_a_view_of_one_call_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with stage() as play:
            view = play.calls.with_options({"timeout": 900})
            await Things(view).tag("x")
            gone = weakref.ref(view.in_flight)
            assert view.in_flight.timer is None
            gc.disable()
            try:
                del view
                assert gone() is None  # without a collection: a web service makes a view for each request
            finally:
                gc.enable()
            assert not play.calls.in_flight.all_apart

    run(main())


def test_a_view_has_its_own_patience_and_the_quota_of_all() -> None:
    async def main() -> None:
        async with stage() as play:
            play.calls.limiters["things.check"].pause(5.0)
            with pytest.raises(QuotaWaitError):
                await told(play.calls, max_wait=1.0).check("x")
            assert await told(play.calls, max_wait=None).check("x") == "done"
            assert now() >= 5.0
            assert play.calls.limiters["things.check"].state().used == 1

    run(main())


def test_a_view_has_its_own_retries_and_the_budget_of_all() -> None:
    async def main() -> None:
        async with stage([refusal(503), refusal(503)]) as play:
            before = play.calls.retries.budget.tokens
            once = play.calls.with_options({"retry": policy(max_attempts=1)})
            with pytest.raises(ServerError):
                await Things(once).tag("x")
            assert len(play.script.sent) == 1
            assert await play.things.tag("x") == "done"
            assert once.retries.budget is play.calls.retries.budget
            assert once.retries.budget.tokens == before

    run(main())


def test_headers_of_a_view_are_sent_with_each_attempt_and_seen_by_hooks() -> None:
    seen: list[dict[str, str]] = []

    async def look(attempt: Attempt) -> None:
        seen.append(dict(attempt.headers))
        attempt.headers["X-Number"] = str(attempt.number)

    async def main() -> None:
        async with stage([refusal(503)]) as play:
            tenant = play.calls.with_options({"headers": {"X-Tenant": "a"}})
            await Things(tenant).tag("x")
            await Things(tenant.with_options({"hooks": Hooks(before=[look])})).tag("x")
            await play.things.tag("x")
            assert [(one.headers.get("X-Tenant"), one.headers.get("X-Number")) for one in play.script.sent] == [
                ("a", None),
                ("a", None),
                ("a", "1"),
                (None, None),
            ]
            assert seen == [{"X-Tenant": "a"}]

    run(main())
