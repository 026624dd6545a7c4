"""Hooks: once an attempt, on virtual time over a scripted network."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import partial
from typing import Any

import pytest
from attrs import define, field

from mi_async._core.call import Calls
from mi_async._core.clock import Clock
from mi_async._core.envelope import REQUEST_ID
from mi_async._core.hook_chain import HookChain
from mi_async._core.hooks import Attempt, CallEnd, Hooks, Outcome, ServiceCall, Workflow, WorkflowEnd, hooks_of
from mi_async._core.http_messages import Request, Response
from mi_async._core.signing import SIGNATURE
from mi_async.api.thumbnails import Thumbnails
from mi_async.credentials import Credentials
from mi_async.errors import (
    APIError,
    ConfigError,
    ConnectError,
    CredentialsError,
    DeadlineExceededError,
    InvalidArgumentError,
    MIError,
    NotFoundError,
    ServerError,
    SessionError,
)
from tests.support.scripted import FOREVER, Step, Things, answer, policy, refusal, stage
from tests.support.virtual import run

# ---- hooks


@define
class Watching:
    """Hooks that write down what they see."""

    seen: list[tuple[object, ...]] = field(factory=list)

    async def before(self, attempt: Attempt) -> None:
        self.seen.append(("before", attempt.operation, attempt.number))
        attempt.headers["traceparent"] = f"00-{attempt.number}"

    async def after(self, attempt: Attempt, outcome: Outcome) -> None:
        status = outcome.response and outcome.response.status
        self.seen.append(("after", attempt.number, status, type(outcome.error), round(outcome.seconds, 3)))

    @property
    def hooks(self) -> Hooks:
        return Hooks(before=[self.before], after=[self.after])


def test_hooks_run_once_an_attempt_and_see_failures() -> None:
    async def main() -> None:
        watching = Watching()
        steps: list[Step] = [0.25, refusal(500), ConnectError("nobody"), 0.5, answer()]
        async with stage(steps, hooks=watching.hooks) as play:
            await play.things.tag("x")
            assert watching.seen == [
                ("before", "things.tag", 1),
                ("after", 1, 500, ServerError, 0.25),
                ("before", "things.tag", 2),
                ("after", 2, None, ConnectError, 0.0),
                ("before", "things.tag", 3),
                ("after", 3, 200, type(None), 0.5),
            ]
            assert [one.headers["traceparent"] for one in play.script.sent] == ["00-1", "00-2", "00-3"]

    run(main())


def test_hooks_see_the_deadline_pass() -> None:
    async def main() -> None:
        watching = Watching()
        async with stage([FOREVER], hooks=watching.hooks, total=3) as play:
            with pytest.raises(DeadlineExceededError):
                await play.things.tag("x")
        assert watching.seen[-1] == ("after", 1, None, DeadlineExceededError, 3.0)

    run(main())


def test_hooks_see_a_cancellation_as_no_failure_of_ours() -> None:
    async def main() -> None:
        watching = Watching()
        async with stage([FOREVER], hooks=watching.hooks) as play:
            call = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert watching.seen[-1] == ("after", 1, None, type(None), 1.0)

    run(main())


def test_a_hook_sees_how_long_each_attempt_waited_for_its_quota() -> None:
    async def main() -> None:
        waited = list[float]()

        async def look(attempt: Attempt, _outcome: Outcome) -> None:
            waited.append(attempt.waited)

        async with stage([refusal(503), answer("x"), answer("x")], hooks=Hooks(after=[look])) as play:
            play.calls.limiters["things.check"].pause(2.0)
            await play.things.check("x")
            await play.things.check("x")
        assert waited == pytest.approx([2.0, 0.0, 0.0], abs=0.01)

    run(main())


def test_no_hooks_are_no_hooks_and_take_the_path_of_none() -> None:
    async def main() -> None:
        async with stage(hooks=[Hooks(), Hooks()]) as play:
            assert type(play.calls) is Calls
            assert play.calls.chain is None

    assert not Hooks()
    assert Watching().hooks
    run(main())


def test_hooks_of_a_session_that_a_view_is_given_too_are_told_once() -> None:
    async def main() -> None:
        recording = Recording()
        hooks = recording.hooks
        async with stage(hooks=hooks) as play:
            await Things(play.calls.with_options({"hooks": [hooks, Hooks(), hooks]})).tag("x")
        assert recording.names == ["started", "before", "after", "ended"]

    run(main())


# ---- hooks that fail

EVENTS = ("before", "after", "call_started", "call_ended")


def failing(event: str, error: Callable[[], BaseException], *, strict: bool = False) -> Hooks:
    """Hooks of which one raises."""

    def broken(*_told: object) -> None:
        raise error()

    given: dict[str, Any] = {event: [broken]}
    return Hooks(**given, strict=strict)


@pytest.mark.parametrize("event", EVENTS)
def test_a_hook_that_fails_breaks_nothing_and_is_logged_once(event: str, caplog: pytest.LogCaptureFixture) -> None:
    errors = [LookupError, LookupError, KeyError, LookupError]

    async def main() -> None:
        watching = Watching()
        steps = [answer(), answer(), answer(), answer("last")]
        async with stage(steps, hooks=[failing(event, lambda: errors.pop(0)("no such thing")), watching.hooks]) as play:
            results = [await play.things.check("x") for _ in range(4)]
        assert results == ["done", "done", "done", "last"]
        assert len(watching.seen) == 8

    run(main())
    assert not errors
    logged = [record for record in caplog.records if record.name == "mi_async._core.hooks"]
    assert [(record.levelname, record.exc_info and record.exc_info[0]) for record in logged] == [
        ("ERROR", LookupError),
        ("ERROR", KeyError),
    ]
    assert f"failing.<locals>.broken ({event}) failed; the work goes on" in logged[0].getMessage()


@pytest.mark.parametrize("event", EVENTS)
def test_a_strict_hook_that_raises_ends_the_call(event: str) -> None:
    watching = Watching()

    async def main() -> None:
        async with stage(hooks=[watching.hooks, failing(event, lambda: LookupError(event), strict=True)]) as play:
            with pytest.raises(LookupError, match=event):
                await play.things.check("x")
            assert len(play.script.sent) == (event in {"after", "call_ended"})

    run(main())


def test_an_async_hook_that_fails_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_attempt: Attempt) -> None:
        raise LookupError

    async def main() -> None:
        async with stage(hooks=Hooks(before=[broken])) as play:
            assert await play.things.tag("x") == "done"

    run(main())
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_hook_that_fails_when_it_is_cancelled_does_not_swallow_the_cancellation() -> None:
    async def swallow(_attempt: Attempt) -> None:
        try:
            await asyncio.sleep(FOREVER)
        except asyncio.CancelledError:
            raise ZeroDivisionError from None

    async def main() -> None:
        async with stage(hooks=Hooks(before=[swallow])) as play:
            call = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    run(main())


def test_a_hook_that_swallows_a_cancellation_swallows_nothing() -> None:
    async def swallow(_attempt: Attempt) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(FOREVER)

    async def main() -> None:
        async with stage(hooks=Hooks(before=[swallow]), total=3) as play:
            with pytest.raises(DeadlineExceededError):
                await play.things.tag("x")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await play.things.tag("x")
            assert play.script.sent == []

    run(main())


def test_a_hook_that_cancels_the_call_ends_it_before_it_is_sent() -> None:
    async def leave(_attempt: Attempt) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    async def main() -> None:
        async with stage(hooks=Hooks(before=[leave])) as play:
            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(play.things.tag("x"))
            assert play.script.sent == []

    run(main())


BAD_HEADERS: dict[str, Any] = {
    "X-A": "one\r\nX-B: two",
    "X-C": 5,
    "X D": "x",
    "Content-Length": "3",
    SIGNATURE: "forged",
    SIGNATURE.upper(): "forged",
    "X-Tenant": None,
}


def test_a_header_that_cannot_be_sent_is_a_hook_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def add(attempt: Attempt) -> None:
        attempt.headers.update(BAD_HEADERS | {"X-Good": "yes"})

    async def main() -> None:
        async with stage(hooks=Hooks(before=[add])) as play:
            tenant = Things(play.calls.with_options({"headers": {"X-Tenant": "a"}}))
            assert [await tenant.tag("x") for _ in range(2)] == ["done", "done"]
            for sent in play.script.sent:
                assert sent.headers.keys() & BAD_HEADERS.keys() == {"X-Tenant", SIGNATURE}
                assert sent.headers[SIGNATURE] != "forged"
                assert (sent.headers["X-Good"], sent.headers["X-Tenant"]) == ("yes", "a")
        async with stage(hooks=Hooks(before=[add], strict=True)) as play:
            with pytest.raises(ConfigError, match="Content-Length is set by the session and cannot be replaced"):
                await play.things.tag("x")
            assert play.script.sent == []

    run(main())
    assert [record.name for record in caplog.records] == ["mi_async._core.hook_chain"] * len(BAD_HEADERS)
    assert "forged" not in caplog.text


def test_no_repr_of_what_hooks_are_told_has_a_header() -> None:
    attempt = Attempt("persons.get", Request("GET", "/x"), 1, {"Authorization": "Bearer s3cr3t"})
    assert "s3cr3t" not in repr(attempt)


def test_a_hook_that_would_have_to_be_awaited_is_refused_where_nothing_awaits() -> None:
    class Later:
        async def __call__(self, *_told: object) -> None:
            raise NotImplementedError

    async def later(*_told: object) -> None:
        raise NotImplementedError

    for event in ("call_started", "call_ended", "workflow_started", "workflow_ended"):
        for hook in (later, Later(), partial(later, 1)):
            given: dict[str, Any] = {event: [hook]}
            with pytest.raises(ConfigError, match=rf"Hooks\({event}=\[...\]\) are called and not awaited"):
                Hooks(**given)
    with pytest.raises(
        ConfigError, match=r"hooks must be mi_async\.Hooks\(before, after, ...\) or a list of them, not int"
    ):
        hooks_of([Hooks(), 1])


# ---- whole calls


@define
class Recording:
    """Hooks that keep what they are told."""

    told: list[tuple[str, Any, Any]] = field(factory=list)

    @property
    def hooks(self) -> Hooks:
        return Hooks(
            before=[lambda attempt: self.told.append(("before", attempt, None))],
            after=[lambda attempt, outcome: self.told.append(("after", attempt, outcome))],
            call_started=[lambda call: self.told.append(("started", call, None))],
            call_ended=[lambda call, end: self.told.append(("ended", call, end))],
        )

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.told]

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for name, _, outcome in self.told if name == "after"]

    @property
    def ends(self) -> list[CallEnd]:
        return [end for name, _, end in self.told if name == "ended"]


def test_a_call_has_one_start_and_one_end_around_its_attempts() -> None:
    async def main() -> None:
        recording = Recording()
        steps: list[Step] = [0.25, refusal(500), refusal(503, Retry_After="3"), 0.5, answer("x")]
        async with stage(steps, hooks=recording.hooks) as play:
            play.calls.limiters["things.check"].pause(2.0)
            await play.things.check("name")
        assert recording.names == ["started", *["before", "after"] * 3, "ended"]
        call = recording.told[0][1]
        assert (call.operation, call.service, call.method, call.server, call.template, call.max_attempts) == (
            *("things.check", "api", "POST"),
            *("https://api.example", "/api/v1/things/checks", 5),
        )
        attempts = [told for name, told, _ in recording.told if name == "before"]
        assert [(attempt.number, attempt.call) for attempt in attempts] == [(1, call), (2, call), (3, call)]
        first, second, third = recording.outcomes
        assert first.again_in is not None
        assert 0 <= first.again_in <= 0.25
        assert (second.again_in, third.again_in) == (3.0, None)
        assert (third.sent, third.received) == (len(b'{"name":"name"}'), len(answer("x").body))
        (end,) = recording.ends
        assert (end.error, end.attempts, end.outcome) == (None, 3, third)
        assert end.waited == pytest.approx(2.0, abs=0.01)
        assert end.seconds == pytest.approx(2.0 + 0.75 + 3.0 + first.again_in, abs=0.01)

    run(main())


def test_the_pause_of_a_quota_is_the_wait_for_the_next_attempt() -> None:
    async def main() -> None:
        recording = Recording()
        async with stage([refusal(429, Retry_After="7"), answer()], hooks=recording.hooks) as play:
            await play.things.check("x")
        assert [outcome.again_in for outcome in recording.outcomes] == [pytest.approx(7.0, abs=0.01), None]

    run(main())


@pytest.mark.parametrize(
    ("steps", "retry", "error", "attempts"),
    [
        ([refusal(404)], {}, NotFoundError, 1),
        ([refusal(500)] * 3, {"max_attempts": 3}, ServerError, 3),
        ([FOREVER], {}, DeadlineExceededError, 1),
    ],
)
def test_the_end_of_a_call_has_the_error_that_its_caller_gets(
    steps: list[Step], retry: dict[str, Any], error: type[MIError], attempts: int
) -> None:
    async def main() -> None:
        recording = Recording()
        async with stage(steps, hooks=recording.hooks, retry=policy(**retry), total=60) as play:
            with pytest.raises(error) as caught:
                await play.things.tag("x")
        (end,) = recording.ends
        assert end.error is caught.value
        assert (end.attempts, recording.outcomes[-1].again_in) == (attempts, None)

    run(main())


def test_a_call_that_never_gets_its_quota_has_an_end_without_attempts() -> None:
    async def main() -> None:
        recording = Recording()
        async with stage(hooks=recording.hooks, total=3) as play:
            play.calls.limiters["things.check"].pause(60.0)
            with pytest.raises(DeadlineExceededError):
                await play.things.check("x")
        (end,) = recording.ends
        assert (recording.names, end.attempts, end.outcome) == (["started", "ended"], 0, None)
        assert isinstance(end.error, DeadlineExceededError)

    run(main())


def test_a_call_that_is_cancelled_in_line_has_waited_so_long() -> None:
    async def main() -> None:
        recording = Recording()
        async with stage(hooks=recording.hooks) as play:
            play.calls.limiters["things.check"].pause(60.0)
            call = asyncio.create_task(play.things.check("x"))
            await asyncio.sleep(2)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        (end,) = recording.ends
        assert isinstance(end.error, asyncio.CancelledError)
        assert end.attempts == 0
        assert end.waited == pytest.approx(2.0, abs=0.01)

    run(main())


def test_what_is_refused_before_a_call_is_no_call() -> None:
    async def main() -> None:
        recording = Recording()
        async with stage(hooks=recording.hooks) as play:
            with pytest.raises(InvalidArgumentError):
                await Thumbnails(play.calls, workspace_name="newsroom").presign(" ")
            await play.calls.aclose(0)
            with pytest.raises(SessionError):
                await play.things.tag("x")
        assert recording.names == []

    run(main())


def test_keys_that_cannot_be_fetched_are_no_attempt() -> None:
    class Gone:
        async def credentials(self) -> Credentials:
            message = "no keys"
            raise CredentialsError(message)

    async def main() -> None:
        recording = Recording()
        async with stage(hooks=recording.hooks, provider=Gone()) as play:
            with pytest.raises(CredentialsError):
                await play.things.tag("x")
        assert recording.names == ["started", "ended"]

    run(main())


SPAN: ContextVar[str] = ContextVar("SPAN", default="none")


def test_context_variables_of_hooks_nest_and_are_the_callers() -> None:
    seen = list[str]()

    def spans(name: str) -> Hooks:
        tokens = list[Token[str]]()

        def started(_call: ServiceCall) -> None:
            tokens.append(SPAN.set(f"{SPAN.get()}/{name}"))

        def ended(_call: ServiceCall, _end: CallEnd) -> None:
            seen.append(f"{name} ends in {SPAN.get()}")
            SPAN.reset(tokens.pop())

        def look(_attempt: Attempt, _outcome: Outcome) -> None:
            seen.append(f"{name} in {SPAN.get()}")

        return Hooks(call_started=[started], call_ended=[ended], after=[look])

    async def main() -> None:
        async with stage(hooks=[spans("a"), spans("b")]) as play:
            SPAN.set("caller")
            await play.things.tag("x")
            seen.append(SPAN.get())

    run(main())
    assert seen == [
        *("b in caller/a/b", "a in caller/a/b"),
        *("b ends in caller/a/b", "a ends in caller/a"),
        "caller",
    ]


def test_a_put_is_a_call_of_its_own_without_query_and_body() -> None:
    async def main() -> None:
        recording = Recording()
        url = "https://user:p4ss@storage.example/bucket/a%2Fb.jpg?X-Amz-Signature=s1gn4tur3"
        steps: list[Step] = [Response(403, {"x-amz-request-id": "r-1"}, b"<StringToSign>s1gn4tur3"), ConnectError("no")]
        async with stage(steps, hooks=recording.hooks) as play:
            await play.calls.put(url, b"image", "image/jpeg")
            with pytest.raises(ConnectError):
                await play.calls.put("no url", b"image", "image/jpeg", operation="query_assets.put")
        assert recording.names == ["started", "before", "after", "ended"] * 2
        (_, call, _), (_, attempt, _), (_, _, outcome), *_ = recording.told
        assert (call.operation, call.service, call.method) == ("thumbnails.put", "upload", "PUT")
        assert (call.server, call.template, call.max_attempts) == ("https://storage.example", None, 1)
        assert attempt.request == Request("PUT", "https://storage.example/bucket/a%2Fb.jpg")
        assert (outcome.response, outcome.error) == (Response(403, {"x-amz-request-id": "r-1"}, b""), None)
        assert (outcome.sent, outcome.received, outcome.request_id) == (5, 23, "r-1")
        assert recording.told[5][1].operation == "query_assets.put"
        assert recording.told[5][1].request.target == ""
        assert "s1gn4tur3" not in repr(recording.told)
        assert "p4ss" not in repr(recording.told)

    run(main())


def test_an_attempt_is_made_without_a_call_in_tests_of_users() -> None:
    attempt = Attempt("persons.get", Request("GET", "/x"), 1)
    assert (attempt.call.operation, attempt.call.method, attempt.call.workflow) == ("persons.get", "GET", None)
    assert attempt.call != Attempt("persons.get", Request("GET", "/x"), 1).call


def test_a_call_that_is_refused_ends_with_the_id_that_the_service_gave_it() -> None:
    async def main() -> None:
        recording = Recording()
        refused = refusal(409, "50005", **{REQUEST_ID: "r-1"})
        async with stage([refused], hooks=recording.hooks) as play:
            with pytest.raises(APIError):
                await play.things.tag("x")
        assert [outcome.request_id for outcome in recording.outcomes] == ["r-1"]

    run(main())


# ---- workflows


@pytest.mark.parametrize("error", [None, ServerError(500, "", "Busy."), asyncio.CancelledError()])
async def test_a_workflow_has_one_start_and_one_end_and_knows_what_it_is_part_of(error: BaseException | None) -> None:
    told: list[tuple[str, Workflow, WorkflowEnd | None]] = []
    hooks = Hooks(
        workflow_started=[lambda workflow: told.append(("started", workflow, None))],
        workflow_ended=[lambda workflow, end: told.append(("ended", workflow, end))],
    )
    watch = HookChain([hooks], Clock()).workflows("newsroom")
    with suppress(ServerError, asyncio.CancelledError), watch("enroll_person", name="Hong") as result:
        with watch("upload_thumbnail"):
            pass
        result["person_id"] = 1001
        if error is not None:
            raise error
    assert [(event, workflow.kind) for event, workflow, _ in told] == [
        ("started", "enroll_person"),
        ("started", "upload_thumbnail"),
        ("ended", "upload_thumbnail"),
        ("ended", "enroll_person"),
    ]
    (_, outer, _), (_, inner, _), _, (_, _, end) = told
    assert (outer.workspace, outer.subject, outer.parent, inner.parent) == ("newsroom", {"name": "Hong"}, None, outer)
    assert end is not None
    assert (end.error, end.result) == (error, {"person_id": 1001})
